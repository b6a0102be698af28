"""Whose credentials a run uses, and how they are renewed once they have ended."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any, Literal, assert_never

import attrs

from multi_env_lambda.wording import Advice, advice, option

__all__ = ["ONE_SESSION", "Source", "renewal", "source_of", "whose"]

Kind = Literal["variables", "web identity", "sign-in", "login", "process", "keys", "code", "machine", "role", "unknown"]

ONE_SESSION = "credentials"
"""The place of an error that is about all units at once."""

_AGAIN = Advice("run the same command again", "make the same call on `workspace.reload()`")
_OF_THE_MACHINE = frozenset({"container-role", "iam-role", "ec2-credentials-file"})


@attrs.frozen(kw_only=True)
class Source:
    """Where credentials come from. ``name`` is that of the profile to renew, or the ARN of a role."""

    kind: Kind
    name: str = ""


def source_of(method: str, profile: str, profiles: Mapping[str, Mapping[str, Any]]) -> Source:
    """Where botocore found them, by its own word for that; ``profiles`` are those of the user's AWS files.

    A profile with a role leads to the profile whose credentials assume it, which is the one to renew.

    Source: https://github.com/boto/botocore/blob/1.44.5/botocore/credentials.py (``METHOD`` of each provider)

    >>> tables = {"prod": {"role_arn": "arn:…", "source_profile": "acme"}, "acme": {"sso_session": "acme"}}
    >>> source_of("assume-role", "prod", tables)
    Source(kind='sign-in', name='acme')
    >>> source_of("env", "default", {})
    Source(kind='variables', name='')
    """
    if method == "env":
        return Source(kind="variables")
    if method in _OF_THE_MACHINE:
        return Source(kind="machine")
    seen: list[str] = []
    while profile not in seen:
        seen.append(profile)
        profile = str(profiles.get(profile, {}).get("source_profile", profile))
    kind = _kind_of(method, profiles.get(profile, {}))
    return Source(kind=kind, name="" if kind in ("variables", "machine") else profile)


def _kind_of(method: str, table: Mapping[str, Any]) -> Kind:
    # In the order in which botocore asks its providers.
    if method == "assume-role-with-web-identity" or "web_identity_token_file" in table:
        return "web identity"
    if "credential_source" in table:
        return "variables" if table["credential_source"] == "Environment" else "machine"
    if "sso_session" in table or "sso_start_url" in table:
        return "sign-in"
    if "login_session" in table:
        return "login"
    return "process" if "credential_process" in table and method != "shared-credentials-file" else "keys"


def whose(source: Source) -> str:
    """In the words of a message: what has ended.

    >>> whose(Source(kind="sign-in", name="acme"))
    'the session of the profile acme'
    """
    match source.kind:
        case "variables":
            return "the session in the environment variables"
        case "web identity":
            return "the session of a web identity"
        case "sign-in" | "login" | "process" | "keys" | "code":
            return f"the session of the profile {source.name}"
        case "machine":
            return "the session that this machine gets from AWS"
        case "role":
            return f"the session of {source.name}"
        case "unknown":
            return "the session"
        case _:
            assert_never(source.kind)


def renewal(source: Source) -> Advice:
    """What renews it, and then the same again.

    >>> print(renewal(Source(kind="sign-in", name="acme")))
    `aws sso login --profile acme`, then run the same command again
    """
    return advice("{}, then {}", _renewed(source), _AGAIN)


def _renewed(source: Source) -> str:
    profile = "" if source.name in ("", "default") else f" {option('profile', shlex.quote(source.name))}"
    ways: Mapping[Kind, str] = {
        "variables": (
            "export new AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN (a job of a CI gets them if it "
            "is run again, and may ask for longer ones)"
        ),
        "web identity": "get a new token into the file of AWS_WEB_IDENTITY_TOKEN_FILE (in a CI: run the job again)",
        "sign-in": f"`aws sso login{profile}`",
        "login": f"`aws login{profile}`",
        "process": f"sign in where the `credential_process` of the profile {source.name} gets its credentials",
        "keys": f"write new keys into the profile {source.name} (`aws configure{profile}`, or what made them)",
        "code": "have a new MFA code ready, for which you are asked",
        "machine": "check the role of this machine or container",
        "role": "look whether somebody has ended the sessions of this role",
        "unknown": "renew the credentials (`aws sts get-caller-identity` says whether they are accepted)",
    }
    return ways[source.kind]
