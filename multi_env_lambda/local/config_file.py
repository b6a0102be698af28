"""An AWS config file as the way into the local cloud: what uses boto3 or the AWS CLI needs no special case for it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from multi_env_lambda.aws.access import Access
from multi_env_lambda.host.files import write_atomically
from multi_env_lambda.host.proxies import never_for_local_hosts
from multi_env_lambda.local.cloud import PROFILE, LocalCloud, places, profile_of

if TYPE_CHECKING:
    from multi_env_lambda.model.workspace import WorkspaceConfig

__all__ = ["access_of", "environment_variables", "write_config"]

EXPIRATION = "MULTI_ENV_LAMBDA_LOCAL_EXPIRATION"
"""When the developer's credentials expire in the local cloud, as ISO 8601; nothing really expires then."""


def write_config(cloud: LocalCloud, config: WorkspaceConfig) -> None:
    """Write both files if their content has changed.

    The base profile is for this library, which assumes the roles itself; the profiles named like the environments are
    for people: ``AWS_CONFIG_FILE=… AWS_SHARED_CREDENTIALS_FILE=… AWS_PROFILE=prod aws s3 ls``.
    """
    users = {cloud.user: (cloud.access_key_id, cloud.secret_access_key), **cloud.keys}
    base = {"region": cloud.region, "endpoint_url": cloud.endpoint}
    sections = [_section(f"profile {profile_of(user)}", **base) for user in sorted(users)]
    for place in places(config):
        sections.append(
            _section(
                f"profile {place.name}",
                region=place.region,
                endpoint_url=cloud.endpoint,
                role_arn=place.role_arn,
                source_profile=PROFILE,
            )
        )
    keys = [
        _section(profile_of(user), aws_access_key_id=key, aws_secret_access_key=secret)
        for user, (key, secret) in sorted(users.items())
    ]
    _write_private(cloud.config_file, "\n".join(sections))
    _write_private(cloud.credentials_file, "\n".join(keys))


def access_of(cloud: LocalCloud) -> Access:
    """What ``Sessions`` reach the local cloud with, as its user; ``MULTI_ENV_LAMBDA_LOCAL_EXPIRATION`` is read now."""
    return Access(
        profile=cloud.profile,
        config_file=cloud.config_file,
        credentials_file=cloud.credentials_file,
        endpoint_url=cloud.endpoint,
        ends=os.environ.get(EXPIRATION, ""),
    )


def environment_variables(cloud: LocalCloud, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """For a separate process: how boto3 reaches the local cloud, from ``environment`` (default: this one's).

    Every other AWS_* variable is left out, so that no real credentials, endpoint or region can get in. The expiry of a
    session is rehearsed by ``MULTI_ENV_LAMBDA_LOCAL_EXPIRATION``, as ``AWS_CREDENTIAL_EXPIRATION`` tells it on AWS.
    """
    given = os.environ if environment is None else environment
    kept = {name: value for name, value in given.items() if not name.startswith("AWS_")}
    return {
        **kept,
        "AWS_CONFIG_FILE": os.fspath(cloud.config_file),
        "AWS_SHARED_CREDENTIALS_FILE": os.fspath(cloud.credentials_file),
        "AWS_PROFILE": cloud.profile,
        "AWS_EC2_METADATA_DISABLED": "true",
        **({"AWS_CREDENTIAL_EXPIRATION": given[EXPIRATION]} if given.get(EXPIRATION) else {}),
        **never_for_local_hosts(given),
    }


def _section(name: str, **values: str) -> str:
    return "".join([f"[{name}]\n", *(f"{key} = {value}\n" for key, value in values.items())])


def _write_private(path: Path, text: str) -> None:
    """``write_atomically`` makes the file with mode 0600 from its first moment."""
    body = text.encode("utf-8")
    if not path.exists() or path.read_bytes() != body:
        write_atomically(path, body)
