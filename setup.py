"""Static metadata. The version is read as text: nothing of the package is imported to install it."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
VERSION = re.search(r'__version__ = "([^"]+)"', (HERE / "multi_env_lambda" / "_version.py").read_text(encoding="utf-8"))

setup(
    name="multi_env_lambda",
    version=VERSION.group(1),
    description="Deploy many Lambda functions and Glue jobs from one Git repository, "
    "through a chain of AWS accounts from sandbox to prod",
    long_description=(HERE / "README.rst").read_text(encoding="utf-8"),
    long_description_content_type="text/x-rst",
    python_requires=">=3.11",
    # Said like this, `pip install -e` writes a folder into a .pth file, which type checkers follow. The hook that it
    # writes otherwise is a program: https://setuptools.pypa.io/en/latest/userguide/development_mode.html
    package_dir={"": "."},
    packages=find_packages(include=["multi_env_lambda", "multi_env_lambda.*"]),
    package_data={
        "multi_env_lambda": [
            "py.typed",
            "host/runtime.txt",
            "local/emulator.txt",
            "local/emulator/aws_managed_policies.txt",
            "plan/handlers.json",
            "schema/*.json",
            "show/assets/*",
        ]
    },
    entry_points={"console_scripts": ["multi-env-lambda = multi_env_lambda.cli.main:main"]},
    # Why each one is here: docs/source/05-Contributing/dependencies.rst
    install_requires=[
        "attrs>=24,<27",
        "boto3>=1.41,<2",
        "click>=8.1,<9",
        "cottonformation>=1.1.2,<2",
        "packaging>=26.3,<27",
        "pathlib-mate>=1.3.2,<2",
        "pyelftools>=0.31,<1",
        "PyYAML>=6.0.3,<7",
        "rich>=14,<16",
        "uv>=0.13,<1",
    ],
    extras_require={
        "test": [
            "cfn-lint>=1.58,<2",
            "hypothesis>=6.100,<7",
            "inline-snapshot>=0.20,<1",
            "ipykernel>=6.29,<8",
            "moto>=5.2,<6",
            "nbclient>=0.10,<1",
            "nbformat>=5.10,<6",
            "pytest>=8.3,<10",
            "pytest-xdist>=3.6,<4",
            # what look at the workflow that `ci write github` writes
            "check-jsonschema>=0.39,<1",
            "zizmor>=1.32,<2",
            # what the sample units need, so that their tests run here
            "numpy>=2.2,<2.3",
            "pandas>=2.2,<3",
            "pydantic>=2.11,<3",
        ],
        "dev": [
            "coverage>=7.10,<8",
            "furo>=2025.9,<2028",
            "mypy>=1.17,<3",
            "ruff>=0.12,<1",
            # builds this library, in a version that requirements-dev.txt names
            "setuptools>=77,<90",
            "sphinx>=8,<9",
            "sphinx-copybutton>=0.5.2,<1",
        ],
    },
    classifiers=[
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Programming Language :: Python :: 3.14",
        "Typing :: Typed",
    ],
)
