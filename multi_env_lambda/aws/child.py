"""The environment variables with which a program started by a person acts as a role."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from multi_env_lambda.host.proxies import never_for_local_hosts

if TYPE_CHECKING:
    from botocore.credentials import ReadOnlyCredentials

__all__ = ["variables_of_child"]

_KEPT = frozenset({"AWS_CA_BUNDLE", "AWS_PAGER", "AWS_DEFAULT_OUTPUT", "AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE"})
"""What says neither who acts nor where."""


def variables_of_child(
    own: Mapping[str, str], credentials: ReadOnlyCredentials, *, region: str, endpoint_url: str = ""
) -> dict[str, str]:
    """The variables of this process, with those about AWS replaced: no profile or other key is left to be found first.

    Args:
        endpoint_url: of all services; empty: those of AWS.

    Source: https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-envvars.html
    """
    others = {name: value for name, value in own.items() if not name.startswith("AWS_") or name in _KEPT}
    keys = {"AWS_ACCESS_KEY_ID": credentials.access_key, "AWS_SECRET_ACCESS_KEY": credentials.secret_key}
    token = {"AWS_SESSION_TOKEN": credentials.token} if credentials.token else {}
    places = {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}
    endpoint = {"AWS_ENDPOINT_URL": endpoint_url, **never_for_local_hosts(own)} if endpoint_url else {}
    return {**others, **keys, **token, **places, **endpoint}
