"""The environment variables with which a program started by a person acts as a role."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from multi_env_lambda.aws.access import Profile, new_session
from multi_env_lambda.host.proxies import never_for_local_hosts

if TYPE_CHECKING:
    from botocore.credentials import ReadOnlyCredentials

__all__ = ["endpoint_of_profile", "variables_of_child"]

_ENDPOINTS = ("AWS_ENDPOINT_URL", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
_KEPT = frozenset({"AWS_CA_BUNDLE", "AWS_PAGER", "AWS_DEFAULT_OUTPUT", "AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE"})
"""What says neither who acts nor where."""


def variables_of_child(
    own: Mapping[str, str], credentials: ReadOnlyCredentials, *, region: str, endpoint_url: str = ""
) -> dict[str, str]:
    """The variables of this process, with those about AWS replaced: no profile or other key is left to be found first.

    Args:
        endpoint_url: of all services, in place of what the variables say; empty: what they say, or else those of AWS.

    Source: https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-envvars.html
    """
    kept = () if endpoint_url else _ENDPOINTS
    others = {
        name: value
        for name, value in own.items()
        if not name.startswith("AWS_") or name in _KEPT or name.startswith(kept)
    }
    keys = {"AWS_ACCESS_KEY_ID": credentials.access_key, "AWS_SECRET_ACCESS_KEY": credentials.secret_key}
    token = {"AWS_SESSION_TOKEN": credentials.token} if credentials.token else {}
    places = {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}
    endpoint = {"AWS_ENDPOINT_URL": endpoint_url, **never_for_local_hosts(own)} if endpoint_url else {}
    return {**others, **keys, **token, **places, **endpoint}


def endpoint_of_profile(profile: str) -> str:
    """The address that a profile of the caller's files gives for all services; empty: none, or a variable says so.

    A program that gets the keys, but not the profile, would otherwise take them to AWS.
    Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
    """
    if any(name.startswith(_ENDPOINTS) for name in os.environ):
        return ""
    session = new_session(Profile(name=profile) if profile else None)
    return str(session.get_scoped_config().get("endpoint_url", ""))
