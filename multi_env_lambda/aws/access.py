"""Who the base identity is and where its calls go, as a value: two in one process do not affect each other."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from multi_env_lambda.model.session import Source, source_of

if TYPE_CHECKING:
    import botocore.session

__all__ = [
    "Access",
    "Profile",
    "new_session",
    "profile_of",
    "session_of_nobody",
    "source_of_session",
    "variables_of",
    "without_variables",
]


@attrs.frozen(kw_only=True)
class Access:
    """One profile of two files, at one address; no variable of this process counts, and no proxy.

    ``profile`` is in both files; ``endpoint_url`` serves every service.
    ``ends``: when the credentials expire, as ISO 8601; empty if they do not.
    """

    profile: str
    config_file: Path
    credentials_file: Path
    endpoint_url: str
    ends: str = ""


@attrs.frozen(kw_only=True)
class Profile:
    """One profile of the user's own AWS files. Unlike ``AWS_PROFILE``, it comes before keys in variables."""

    name: str


def new_session(access: Access | Profile | None) -> botocore.session.Session:
    """A session with these settings and credentials; None: those that boto3 finds."""
    import botocore.session

    match access:
        case None:
            return botocore.session.Session()
        case Profile(name=name):
            return botocore.session.Session(profile=name)
        case Access():
            return _only_of(access)


def _only_of(access: Access) -> botocore.session.Session:
    import botocore.session
    from botocore.credentials import CredentialResolver, SharedCredentialProvider

    session = botocore.session.Session(profile=access.profile, session_vars=without_variables())
    session.set_config_variable("config_file", os.fspath(access.config_file))
    session.set_config_variable("credentials_file", os.fspath(access.credentials_file))
    # No fallback: botocore's own chain ends with the roles of containers and machines.
    file = SharedCredentialProvider(creds_filename=os.fspath(access.credentials_file), profile_name=access.profile)
    session.register_component("credential_provider", CredentialResolver([file]))
    return session


def profile_of(access: Access | Profile | None) -> str | None:
    """The name of the profile, where one was named."""
    match access:
        case None:
            return None
        case Profile(name=name) | Access(profile=name):
            return name


def variables_of(access: Access | Profile | None) -> Mapping[str, str]:
    """What the variables of the environment say about the credentials; with a profile they say nothing."""
    match access:
        case None:
            return os.environ
        case Profile():
            return {}
        case Access(ends=ends):
            return {"AWS_CREDENTIAL_EXPIRATION": ends} if ends else {}


def source_of_session(access: Access | Profile | None, session: botocore.session.Session) -> Source:
    """Whose credentials a session has that was made for ``access``."""
    from botocore.exceptions import BotoCoreError

    if isinstance(access, Access):
        return Source(kind="unknown")  # the local cloud's, which do not end
    try:
        method = getattr(session.get_credentials(), "method", "") or ""
    except BotoCoreError:  # none can be loaded, which is why somebody asks
        method = ""
    return source_of(method, session.profile or "default", session.full_config.get("profiles", {}))


def session_of_nobody() -> botocore.session.Session:
    """A session that reads neither a variable of the process nor a file of the user; clients are given their keys."""
    import botocore.session

    session = botocore.session.Session(session_vars=without_variables())
    session.set_config_variable("config_file", os.devnull)
    session.set_config_variable("credentials_file", os.devnull)
    return session


def without_variables() -> dict[str, tuple[Any, ...]]:
    """For ``session_vars``: everything as botocore defines it, except that no variable of the process is read.

    Source: https://github.com/boto/botocore/blob/1.44.5/botocore/configprovider.py, (key in the file, variable,
    default, conversion) by name.
    """
    import botocore.session

    known = botocore.session.Session.SESSION_VARIABLES
    return {name: (key, None, default, convert) for name, (key, _, default, convert) in known.items()}
