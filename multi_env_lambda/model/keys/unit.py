"""The keys of the ``pyproject.toml`` of a unit, without its functions and jobs."""

from __future__ import annotations

import attrs

from multi_env_lambda.model.key import ByName, Choice, Flag, Inner, Key, Keys, Text, Texts
from multi_env_lambda.model.keys.api import HTTP_API
from multi_env_lambda.model.keys.data_bucket import DATA_BUCKET
from multi_env_lambda.model.keys.data_table import DATA_TABLE
from multi_env_lambda.model.keys.function import FUNCTION
from multi_env_lambda.model.keys.job import JOB
from multi_env_lambda.model.keys.messages import QUEUE, TOPIC
from multi_env_lambda.model.keys.own_values import PARAMETER, SECRET
from multi_env_lambda.model.keys.rest_api import REST_API
from multi_env_lambda.model.keys.security_group import SECURITY_GROUP
from multi_env_lambda.model.keys.state_machine import STATE_MACHINE
from multi_env_lambda.model.name import KEY
from multi_env_lambda.model.patterns import PATTERN
from multi_env_lambda.model.runtime import RUNTIMES

__all__ = ["ARCHITECTURES", "BY_ENVIRONMENT", "DIFFERENCE", "MOST_TAGS", "UNIT"]

ARCHITECTURES = ("arm64", "x86_64")
MOST_TAGS = 40
"""AWS accepts 50 per resource, and this library sets some."""

_FUNCTIONS = Key(
    "functions",
    ByName(Inner(FUNCTION), KEY, off=True),
    "The Lambda functions by key.",
    '[tool.multi_env_lambda.functions.create]\nhandler = "orders.create.handler"',
    default="none",
)
_HTTP_API = Key(
    "http_api",
    Inner(HTTP_API),
    "What holds for all routes of the unit's functions.",
    '[tool.multi_env_lambda.http_api]\nauthorizer = "iam"',
    default="the defaults of its keys",
)
_REST_API = Key(
    "rest_api",
    Inner(REST_API),
    "What holds for all routes of the unit's REST API.",
    '[tool.multi_env_lambda.rest_api]\nauthorizer = "iam"',
    default="the defaults of its keys",
)
_JOBS = Key(
    "jobs",
    ByName(Inner(JOB), KEY, off=True),
    "The Glue jobs by key.",
    '[tool.multi_env_lambda.jobs.nightly]\nentry = "orders.nightly:main"',
    default="none",
)
_TABLES = Key(
    "tables",
    ByName(Inner(DATA_TABLE), KEY, off=True),
    "The DynamoDB tables by key.",
    '[tool.multi_env_lambda.tables.orders]\npartition_key = "customer"',
    default="none",
)
_QUEUES = Key(
    "queues",
    ByName(Inner(QUEUE), KEY, off=True),
    "The queues by key.",
    "[tool.multi_env_lambda.queues.incoming]\nmax_receive_count = 10",
    default="none",
)
_TOPICS = Key(
    "topics",
    ByName(Inner(TOPIC), KEY, off=True),
    "The topics by key.",
    "[tool.multi_env_lambda.topics.news]\nfifo = true",
    default="none",
)
_BUCKETS = Key(
    "buckets",
    ByName(Inner(DATA_BUCKET), KEY, off=True),
    "The buckets by key.",
    "[tool.multi_env_lambda.buckets.reports]\nold_versions_days = 90",
    default="none",
)
_PARAMETERS = Key(
    "parameters",
    ByName(Inner(PARAMETER), KEY, off=True),
    "The parameters by key.",
    '[tool.multi_env_lambda.parameters.limit]\nvalue = "100"',
    default="none",
)
_SECRETS = Key(
    "secrets",
    ByName(Inner(SECRET), KEY, off=True),
    "The secrets by key.",
    '[tool.multi_env_lambda.secrets.bank]\ndescription = "of the payments"',
    default="none",
)
_STATE_MACHINES = Key(
    "state_machines",
    ByName(Inner(STATE_MACHINE), KEY, off=True),
    "The state machines by key.",
    '[tool.multi_env_lambda.state_machines.checkout]\ndefinition = "checkout.asl.json"',
    default="none",
)
_SECURITY_GROUPS = Key(
    "security_groups",
    ByName(Inner(SECURITY_GROUP), KEY, off=True),
    "The security groups by key.",
    '[tool.multi_env_lambda.security_groups.outbound]\nvpc_id = "vpc-0a1b2c3d"',
    default="none",
)
_TAGS = Key(
    "tags",
    ByName(Text(), most=MOST_TAGS),
    "Tags for all resources of the stack.",
    'tags = { team = "sales", "cost-center" = "4711" }',
    default="none",
)
BY_ENVIRONMENT = (
    *("functions", "http_api", "rest_api", "jobs", "tables", "queues", "topics", "buckets", "parameters", "secrets"),
    *("state_machines", "security_groups", "tags"),
)
"""What can differ between environments."""


def _here(key: Key, meaning: str, example: str) -> Key:
    return attrs.evolve(key, meaning=meaning, example=example)


DIFFERENCE = Keys(
    title="What differs in one environment",
    header="[tool.multi_env_lambda.environments.prod]",
    about="Only what differs: these tables are merged into those of the unit, key by key.\n"
    "Lists, a variable that refers to something, the value of a parameter, and the ``payload`` and ``expect`` of\n"
    "``smoke`` are replaced as a whole; ``false`` switches a function, a job or an optional table off.\n"
    ":doc:`../02-How-To/differ-between-environments` has examples.",
    keys=(
        _here(
            _FUNCTIONS,
            "Other settings of functions, or functions that exist only here.",
            "[tool.multi_env_lambda.environments.prod.functions.main]\nmemory_size = 1024",
        ),
        _here(
            _HTTP_API,
            "Other settings of the HTTP API.",
            "[tool.multi_env_lambda.environments.prod.http_api]\nthrottling = { rate = 100 }",
        ),
        _here(
            _REST_API,
            "Other settings of the REST API.",
            "[tool.multi_env_lambda.environments.prod.rest_api]\nthrottling = { rate = 100 }",
        ),
        _here(
            _JOBS,
            "Other settings of jobs, or jobs that exist only here.",
            "[tool.multi_env_lambda.environments.prod.jobs.nightly]\ntimeout = 240",
        ),
        _here(
            _TABLES,
            "Other settings of tables, or tables that exist only here.",
            "[tool.multi_env_lambda.environments.prod.tables.orders]\ndeletion_protection = true",
        ),
        _here(
            _QUEUES,
            "Other settings of queues, or queues that exist only here.",
            "[tool.multi_env_lambda.environments.prod.queues.incoming]\nretention_days = 14",
        ),
        _here(
            _TOPICS,
            "Other settings of topics, or topics that exist only here.",
            "[tool.multi_env_lambda.environments.prod.topics.news]\nfifo = true",
        ),
        _here(
            _BUCKETS,
            "Other settings of buckets, or buckets that exist only here.",
            "[tool.multi_env_lambda.environments.prod.buckets.reports]\nold_versions_days = 365",
        ),
        _here(
            _PARAMETERS,
            "Other values of parameters, or parameters that exist only here.",
            '[tool.multi_env_lambda.environments.prod.parameters.limit]\nvalue = "5000"',
        ),
        _here(
            _SECRETS,
            "Secrets that exist only here.",
            '[tool.multi_env_lambda.environments.prod.secrets.bank]\ndescription = "of the payments"',
        ),
        _here(
            _STATE_MACHINES,
            "Other settings of state machines, or state machines that exist only here.",
            '[tool.multi_env_lambda.environments.prod.state_machines.checkout]\nlog_level = "ALL"',
        ),
        _here(
            _SECURITY_GROUPS,
            "Other settings of security groups, such as the VPC of this environment.",
            '[tool.multi_env_lambda.environments.prod.security_groups.outbound]\nvpc_id = "vpc-4e5f6a7b"',
        ),
        _here(_TAGS, "Other tags, or more of them.", 'tags = { "cost-center" = "4712" }'),
    ),
)

UNIT = Keys(
    title="A unit",
    header="[tool.multi_env_lambda]",
    about="In ``projects/NAME/pyproject.toml``. The unit's name, version, dependencies and "
    "``requires-python`` come from\n"
    "``[project]``, its build backend from ``[build-system]``; any PEP 517 backend works.\n"
    "Both tables are optional: :doc:`../02-How-To/a-folder-of-functions`.",
    keys=(
        Key(
            "runtime",
            Choice(RUNTIMES, "python3.13"),
            "The runtime of its functions.",
            'runtime = "python3.12"',
        ),
        Key(
            "architecture",
            Choice(ARCHITECTURES, "x86_64"),
            "The processor of its functions. ``new`` writes ``arm64``, which costs less.",
            'architecture = "arm64"',
        ),
        Key(
            "needs",
            Texts(),
            "Units that are deployed before this one. If one of them fails, this one is skipped.",
            'needs = ["customers"]',
        ),
        Key(
            "shared",
            Texts(),
            "More folders that the unit is built from, relative to the top of the repository: "
            ":doc:`../02-How-To/shared-code`.",
            'shared = ["libs/common"]',
        ),
        Key(
            "layer_for_others",
            Flag(False),
            "Whether the stack publishes the unit's layer even if it has no functions, and other units may get it:\n"
            ":doc:`../02-How-To/one-layer-for-several-units`.",
            "layer_for_others = true",
        ),
        Key(
            "layer_of",
            Text(),
            "The unit whose layer its functions get, instead of a separate one. It must be in ``needs``.",
            'needs = ["common"]\nlayer_of = "common"',
            default="its own, from its own lock",
        ),
        Key(
            "exclude",
            Texts(PATTERN),
            "Files that are not packed: patterns as in a ``.gitignore``, from the unit's folder. "
            "Not for files that a build backend packs.",
            'exclude = ["*.ipynb", "data/raw/"]',
        ),
        Key(
            "include",
            Texts(PATTERN),
            "Files that are packed although ``exclude`` or a rule leaves them out: "
            ":doc:`../02-How-To/a-folder-of-functions`.",
            'include = ["tests/data/", "README.md"]',
        ),
        Key(
            "build",
            Flag(True),
            "``false``: no build backend is asked, whatever the folder has; it is packed as a folder without one: "
            ":doc:`../02-How-To/a-folder-of-functions`.",
            "build = false",
        ),
        Key(
            "versioning",
            Choice(("post", "strict"), "post"),
            "New content under a version that is published already: ``post`` calls it ``.post1``, ``.post2``, …;\n"
            "``strict`` refuses it.",
            'versioning = "strict"',
        ),
        Key(
            "not_secret",
            ByName(Text()),
            "Files and variables that look like secrets but are not, each with the reason.",
            'not_secret = { "main.PUBLIC_KEY" = "it is public" }',
            default="none",
        ),
        _FUNCTIONS,
        _HTTP_API,
        _REST_API,
        _JOBS,
        _TABLES,
        _QUEUES,
        _TOPICS,
        _BUCKETS,
        _PARAMETERS,
        _SECRETS,
        _STATE_MACHINES,
        _SECURITY_GROUPS,
        _TAGS,
        Key(
            "environments",
            ByName(Inner(DIFFERENCE)),
            "What differs in an environment, by its name.",
            "[tool.multi_env_lambda.environments.prod.functions.main]\nmemory_size = 1024",
            default="none",
        ),
    ),
)
