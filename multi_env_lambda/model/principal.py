"""Who somebody is, as far as an ARN proves it: the one place that decides whether two sessions are the same person.

A session name counts only where AWS takes it from a directory. Anyone who assumes a role can choose any name, and a
profile with ``role_arn`` gets a new one each time.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html for the shapes,
https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html for ``AWSReservedSSO_*``,
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html for source identities.
"""

from __future__ import annotations

import re
from typing import Literal

import attrs

from multi_env_lambda.errors import AccountError

__all__ = ["Principal", "at_github", "principal_of", "same_somebody", "session_name_of", "session_of_job"]

Kind = Literal["user", "person", "role", "account", "github"]

_ARN = re.compile(r"arn:(aws[a-z-]*):(iam|sts)::([0-9]{12}):([!-~]+)")
_NAME = r"[\w+=,.@-]+"
_AT_GITHUB = re.compile(r"github\.com:([1-9][0-9]{0,19}):([A-Za-z0-9][A-Za-z0-9_-]{0,99})", re.ASCII)
_ROOT = re.compile(r"root")
_USER = re.compile(rf"user/(?:[!-.0-~]+/)*{_NAME}", re.ASCII)
_ROLE = re.compile(rf"assumed-role/({_NAME})/([^/]+)", re.ASCII)
_FEDERATED = re.compile(rf"federated-user/({_NAME})", re.ASCII)
# IAM reserves role names of this shape for Identity Center: prefix, permission set, 16 hexadecimal digits.
_DIRECTORY = re.compile(r"AWSReservedSSO_.+_[0-9a-f]{16}", re.ASCII)
_NOT_IN_A_SESSION_NAME = re.compile(r"[^\w+=,.@-]", re.ASCII)


@attrs.frozen(kw_only=True)
class Principal:
    """A principal. ``name`` is the shortest ARN without any part that callers choose themselves.

    Args:
        kind: an IAM user; a person in Identity Center; a role, regardless of who uses it; the account itself, which is
            its root user or a federated session that one of its users created under any name; somebody at GitHub.
        person: the name in the directory, the source identity, or the login at GitHub, if one of them is known.
    """

    kind: Kind
    account_id: str
    name: str
    person: str = ""

    def __str__(self) -> str:
        return self.name


def principal_of(arn: str, source_identity: str = "") -> Principal:
    """Who owns the credentials.

    Args:
        arn: as GetCallerIdentity returns it.
        source_identity: only where the trust policy of the role enforces it.

    Raises:
        AccountError: it is not the ARN of anyone who could call AWS.

    >>> principal_of("arn:aws:sts::111111111111:assumed-role/ci/botocore-session-1795653712").name
    'arn:aws:iam::111111111111:role/ci'
    """
    there = _AT_GITHUB.fullmatch(arn)
    if there is not None:
        # A login can be given up and taken by somebody else; the number stays.
        return Principal(kind="github", account_id="", name=f"github.com:{there[1]}", person=there[2])
    whole = _ARN.fullmatch(arn)
    if whole is None:
        raise _junk(arn)
    partition, service, account_id, rest = whole.groups()
    iam = f"arn:{partition}:iam::{account_id}"
    if service == "iam" and _USER.fullmatch(rest):
        return Principal(kind="user", account_id=account_id, name=arn)
    if (service == "iam" and _ROOT.fullmatch(rest)) or (service == "sts" and _FEDERATED.fullmatch(rest)):
        return Principal(kind="account", account_id=account_id, name=f"{iam}:root")
    role = _ROLE.fullmatch(rest)
    if service != "sts" or role is None:
        raise _junk(arn)
    name, session = role.groups()
    if _DIRECTORY.fullmatch(name):
        return Principal(kind="person", account_id=account_id, name=f"{iam}:role/{name}/{session}", person=session)
    by = f"/{source_identity}" if source_identity else ""
    return Principal(kind="role", account_id=account_id, name=f"{iam}:role/{name}{by}", person=source_identity)


def at_github(number: int, login: str) -> str:
    """How somebody at GitHub is written where others have an ARN.

    >>> principal_of(at_github(583231, "octocat")).name
    'github.com:583231'
    """
    return f"github.com:{number}:{login}"


def same_somebody(one: Principal, other: Principal) -> bool:
    """Whether these may be the same person. If in doubt, they are: another person can always approve.

    A person in the directory is the same under each permission set, and directories ignore case. Any user of an account
    can create a federated session of it, so the account may be any of its users.
    """
    if one.kind == "person" and other.kind == "person":
        return one.person.casefold() == other.person.casefold()
    kinds = {one.kind, other.kind}
    if "account" in kinds and kinds <= {"account", "user"}:
        return one.account_id == other.account_id
    return one.name == other.name


def session_name_of(arn: str) -> str:
    """The name of a session that this caller opens: its user or session name, as AWS accepts it (2 to 64 characters).

    Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html, RoleSessionName and SourceIdentity.

    >>> session_name_of("arn:aws:iam::111111111111:user/team/ada")
    'ada'
    """
    last = arn.rpartition(":")[2].rpartition("/")[2]
    return _NOT_IN_A_SESSION_NAME.sub("-", last)[:64].ljust(2, "-")


def session_of_job(job: str, arn: str) -> str:
    """The same for what a build of this job does: the accounts' own logs name the job, and the build as far as it fits.

    >>> session_of_job("0" * 32, "arn:aws:sts::111111111111:assumed-role/ci/AWSCodeBuild-0a1b2c3d-1111")
    'job-00000000000000000000000000000000-AWSCodeBuild-0a1b2c3d-1111'
    """
    return session_name_of(f"job-{job}-{session_name_of(arn)}")


def _junk(arn: str) -> AccountError:
    what = f"found the ARN {arn[:200]!r}; expected that of a user, an assumed role, a federated user or the root"
    return AccountError("credentials", what, hint="check the output of `aws sts get-caller-identity`")
