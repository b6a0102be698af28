"""What a service gives its jobs and builds: credentials for their role, and a log stream."""

from __future__ import annotations

import time
from collections.abc import Callable

from .names import load, original

__all__ = ["log_writer", "role_credentials"]

_SECONDS = 12 * 3600


def role_credentials(role: str, session_name: str) -> dict[str, str]:
    """A session of ``role`` (ARN, or a name in the current account), as environment variables."""
    sts, iam = load("ministack.services.sts"), load("ministack.services.iam")
    if not role.startswith("arn:"):
        role = f"arn:aws:iam::{load('ministack.core.responses').get_account_id()}:role/{role}"
    account_id, name = role.split(":")[4], role.rpartition("/")[2]
    key = original(iam, "_gen_session_access_key")()
    secret, token = original(iam, "_gen_secret")(), original(iam, "_gen_session_token")()
    session = {
        "Arn": f"arn:aws:sts::{account_id}:assumed-role/{name}/{session_name}",
        "UserId": f"{name}:{session_name}",
        "SecretAccessKey": secret,
        "SessionToken": token,
        "Expiration": time.time() + _SECONDS,
        "AccountId": account_id,
        "PrincipalType": "AssumedRole",
    }
    original(sts, "register_session")(key, session)
    return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}


def log_writer(group: str, stream: str) -> Callable[[str], None]:
    """Append lines to a CloudWatch log stream, which is created if necessary."""
    # ministack has this for builds; it reads no more of a build than these two names.
    build = {"logs": {"groupName": group, "streamName": stream}}
    writer: Callable[[str], None] = original(load("ministack.services.codebuild"), "_log_sink")(build)
    return writer
