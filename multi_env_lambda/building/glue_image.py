"""What Glue has besides the standard library: the modules that a job finds without bringing them.

Sources:
    Python shell, with its analytics library set: https://docs.aws.amazon.com/glue/latest/dg/add-job-python.html
    Spark: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-python-libraries.html#glue-modules-provided

Most of it is not on this machine, so what imports it is not decided here. The lists have what these packages need, too.
"""

from __future__ import annotations

from multi_env_lambda.model.runtime import GLUE_PYTHON

__all__ = ["modules_of_glue"]

_OF_BOTH = (
    "aiobotocore aiohttp aioitertools aiosignal async_timeout attr attrs awscli awsglue boto3 botocore certifi "
    "charset_normalizer colorama dateutil docutils frozenlist fsspec idna jmespath joblib multidict numpy packaging "
    "pandas pip pkg_resources pyarrow pyasn1 pymysql pytz requests rsa s3fs s3transfer scipy setuptools six sklearn "
    "threadpoolctl typing_extensions urllib3 wheel wrapt yaml yarl"
)
_OF_PYTHON_SHELL = (
    "asn1crypto avro awswrangler backoff bs4 decorator elastic_transport elasticsearch et_xmlfile greenlet "
    "gremlin_python isodate jsonpath_ng lxml nest_asyncio openpyxl opensearchpy pg8000 ply progressbar psycopg2 "
    "pyathena pyodbc pyorc redshift_connector requests_aws4auth scramp soupsieve sqlalchemy tenacity"
)
_OF_SPARK = (
    "PIL appdirs avro awsgluedq awsglueml chardet click contourpy cycler distlib filelock fontTools kaleido "
    "kiwisolver matplotlib mpl_toolkits mpmath nltk patsy platformdirs plotly pmdarima py4j pyhocon pylab pyparsing "
    "pyspark regex statsmodels sympy tbats tqdm tzdata virtualenv zipp"
)


def modules_of_glue(python: str) -> frozenset[str]:
    """By Python version: 3.9 is for Python shell jobs, all others are for Spark."""
    return frozenset(f"{_OF_BOTH} {_OF_PYTHON_SHELL if python == GLUE_PYTHON else _OF_SPARK}".split())
