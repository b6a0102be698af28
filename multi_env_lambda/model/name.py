"""What AWS accepts as a name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.rule import Rule

if TYPE_CHECKING:
    from multi_env_lambda.model.reading import Table

__all__ = [
    "ACCOUNT_ID",
    "ARN",
    "BUCKET",
    "ENVIRONMENT_NAME",
    "EXTERNAL_ID",
    "FUNCTION_NAME",
    "IMAGE",
    "KEY",
    "LIMITS",
    "PROJECT_NAME",
    "QUEUE_NAME",
    "REGION",
    "ROLE_ARN",
    "ROLE_NAME",
    "SOURCE_IDENTITY",
    "TABLE_NAME",
    "TOPIC_NAME",
    "WORKSPACE_ID",
    "check_bucket",
    "check_length",
    "normalised",
]

IMAGE = Rule(
    pattern=r"[a-z0-9][a-z0-9._/:-]*@sha256:[0-9a-f]{64}",
    maximum=300,
    allowed="an image by its digest",
    hint="`docker buildx imagetools inspect IMAGE` prints the digest: "
    '`image = "public.ecr.aws/sam/build-python3.13@sha256:…"`',
)
"""What a job of another host runs in."""

PROJECT_NAME = Rule(
    pattern=r"[a-z](-?[a-z0-9])*",
    maximum=40,
    allowed="up to 40 lowercase letters, digits and single hyphens, starting with a letter",
    hint="the name is part of stack and function names, so AWS must accept it: for example `orders` or `data-import`",
)
ENVIRONMENT_NAME = Rule(
    pattern=r"[a-z](-?[a-z0-9])*",
    maximum=20,
    allowed="up to 20 lowercase letters, digits and single hyphens, starting with a letter",
    hint="the name is part of stack and function names: for example `sandbox` or `prod-eu`",
)
KEY = Rule(
    pattern=r"[a-z]([-_]?[a-z0-9])*",
    maximum=40,
    allowed="up to 40 lowercase letters, digits and single `-` or `_`, starting with a letter",
    hint="the key is part of the name in AWS: for example `create` or `send-mail`",
)
FUNCTION_NAME = Rule(
    pattern=r"[A-Za-z0-9_-]+",
    maximum=64,
    allowed="up to 64 letters, digits, `-` and `_`",
    hint='it may contain `${project}` and `${environment}`: for example "${project}-${environment}-create"',
)
TABLE_NAME = Rule(
    pattern=r"[A-Za-z0-9_.-]{3,255}",
    maximum=255,
    allowed="3 to 255 letters, digits and `_.-`",
    hint="state it for its environment: `[tool.multi_env_lambda.environments.prod.tables.orders]`",
)
QUEUE_NAME = Rule(
    pattern=r"[A-Za-z0-9_-]{1,75}(\.fifo)?",
    maximum=80,
    allowed="up to 75 letters, digits, `-` and `_`",
    hint="state it for its environment: `[tool.multi_env_lambda.environments.prod.queues.incoming]`",
)
TOPIC_NAME = Rule(
    pattern=r"[A-Za-z0-9_-]{1,251}(\.fifo)?",
    maximum=256,
    allowed="up to 251 letters, digits, `-` and `_`",
    hint="state it for its environment: `[tool.multi_env_lambda.environments.prod.topics.news]`",
)
ACCOUNT_ID = Rule(
    pattern=r"[0-9]{12}",
    allowed="12 digits in quotes",
    hint="see the account's page in the console; leading zeros are part of it",
)
# Role ARNs and console links are only made for the commercial partition.
REGION = Rule(
    pattern=r"(af|ap|ca|eu|il|me|mx|sa|us)-(?!gov|iso)([a-z]+-)+[0-9]",
    allowed='the name of a region such as "us-east-1"',
    hint="regions of the China, GovCloud and isolated partitions are not supported",
)
ROLE_NAME = Rule(
    pattern=r"[A-Za-z0-9_+=,.@-]+",
    maximum=64,
    allowed="up to 64 letters, digits and `_+=,.@-`",
    hint="write the role's name, not its ARN; the account is known from `account_id`",
)
ROLE_ARN = Rule(
    pattern=r"arn:aws:iam::[0-9]{12}:role/([\x21-\x7e]+/)?[A-Za-z0-9_+=,.@-]{1,64}",
    maximum=600,
    allowed="the ARN of a role",
    hint='it may contain `${account_id}`: for example "arn:aws:iam::${account_id}:role/orders"',
)
EXTERNAL_ID = Rule(
    pattern=r"[\w+=,.@:/-]{2,}",
    maximum=1224,
    allowed="2 to 1224 letters, digits and `_+=,.@:/-`",
    hint="it is what the trust policy of the role compares with sts:ExternalId",
)
SOURCE_IDENTITY = Rule(
    pattern=r"[\w+=,.@-]{2,}",
    maximum=64,
    allowed='true, false, "caller", or 2 to 64 letters, digits and `_+=,.@-`',
    hint="`true` sends the caller's name, which trust policies can compare with sts:SourceIdentity",
)
WORKSPACE_ID = Rule(
    pattern=r"[a-z0-9](-?[a-z0-9])*",
    maximum=40,
    allowed="up to 40 lowercase letters, digits and single hyphens",
    hint="`multi-env-lambda init` makes one; it is never changed again, because every stack carries it in a tag",
)
BUCKET = Rule(
    pattern=r"(?!xn--|sthree-|amzn-s3-demo-)(?!.*(-s3alias|--ol-s3|--x-s3|--table-s3|\.mrap)$)(?!.*\.\.)"
    r"(?![0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
    maximum=63,
    allowed="3 to 63 lowercase letters, digits, hyphens and dots, as S3 accepts them",
    hint="start and end with a letter or digit; no two dots in a row, no IP address, no prefix or suffix of S3's own",
)
ARN = Rule(
    pattern=r"arn:aws:[a-z0-9-]+:[a-z0-9-]*:([0-9]{12}|aws)?:.+",
    allowed="an ARN such as arn:aws:sqs:us-east-1:222222222222:incoming",
    hint="it may contain `${region}` and `${account_id}`",
)

LIMITS = {
    "stack": 128,
    "function": 64,
    "job": 255,
    "queue": 80,
    "topic": 256,
    "bucket": 63,
    "API": 128,
    "API key": 1024,
    "table": 255,
    "parameter": 1011,
    "state_machine": 80,
    "security_group": 255,
}
"""The most characters that AWS accepts; a function's name also fits its role (64)."""


def normalised(name: str) -> str:
    """The project name as package indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def check_bucket(table: Table, key: str) -> str:
    """The name of a bucket; one with a dot is refused, because the TLS certificates of S3 do not cover it."""
    name = table.named(key, BUCKET)
    if "." in name:
        table.wrong(key, allowed="a name without a dot", hint="the certificate of S3 does not cover names with dots")
    return name


def check_length(kind: str, name: str, *, where: str) -> None:
    """Refuse a name that is too long for AWS."""
    if len(name) > LIMITS[kind]:
        what = f"the {kind} would be called `{name}`: {len(name)} characters; expected at most {LIMITS[kind]}"
        raise ConfigurationError(where, what, hint="shorten the name of the unit, the key or the environment")
