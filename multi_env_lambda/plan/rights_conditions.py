"""What a condition of a statement is worth: whether it limits everybody to somebody, and which of two is weaker."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterator, Sequence

import attrs

from multi_env_lambda.plan.computed import is_unread

__all__ = ["is_limited", "is_weaker", "names_a_subject"]

_OPERATORS = re.compile(r"(?:ForAnyValue:)?(?:StringEquals|StringEqualsIgnoreCase|StringLike|ArnEquals|ArnLike)")
_OF_A_PERMISSION = ("SourceArn", "SourceAccount", "PrincipalOrgID", "OrganizationId", "EventSourceToken")
"""Properties of ``AWS::Lambda::Permission`` and similar types that act as conditions."""

_OWN = r"\$\{[A-Za-z0-9]+(?:\.[A-Za-z]+)?\}"
_ACCOUNT = r"\d{12}"
_ORGANIZATION = r"o-[a-z0-9]+"
_ARN = rf"{_OWN}.*|arn:[^:]*:[^:]*:[^:]*:{_ACCOUNT}:.*|arn:[^:*?]*:[^:*?]*:[^:]*::[^*?/:]+([/:].*)?"
_NETWORK = rf"vpce?-[0-9a-z]+|{_OWN}"
_LIMITS = {
    "aws:sourceaccount": _ACCOUNT,
    "aws:sourceowner": _ACCOUNT,
    "aws:principalaccount": _ACCOUNT,
    "kms:calleraccount": _ACCOUNT,
    "s3:dataaccesspointaccount": _ACCOUNT,
    "aws:sourceorgid": _ORGANIZATION,
    "aws:principalorgid": _ORGANIZATION,
    "organizationid": _ORGANIZATION,
    "aws:sourceorgpaths": rf"{_ORGANIZATION}/.*",
    "aws:principalorgpaths": rf"{_ORGANIZATION}/.*",
    "aws:sourcearn": _ARN,
    "aws:principalarn": _ARN,
    "aws:userid": r"[A-Z0-9]{12,}(:.*)?",
    "aws:sourcevpc": _NETWORK,
    "aws:sourcevpce": _NETWORK,
    "lambda:eventsourcetoken": r"[^*?]+",
}
"""Keys of conditions, and what each value must look like to keep everybody else out.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html ("public")
"""

_VARIABLE = re.compile(r"\$\{[A-Za-z0-9-]+:[^:]")
"""What IAM fills in from the request itself."""

_SUBJECTS = (":sub", ":repository", ":repository_id", ":repository_owner", ":repository_owner_id", ":job_workflow_ref")
"""What identity providers say about anyone who signs in with them.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html (federation)
"""

_MOST = {4: 2**24, 6: 2**96}
"""Up to this many addresses are some network; more are the internet (the same source)."""


@attrs.frozen(kw_only=True)
class _Test:
    operator: str
    key: str
    values: tuple[str, ...]


def is_limited(condition: str, *, of_a_service: bool = False) -> bool:
    """Whether a condition says from where or from whom, by values that are known to keep somebody out.

    ``of_a_service``: then it may also say for what AWS KMS is asked, because a service does not make that up.
    """
    tests = tuple(_tests(condition))
    return any(map(_limits, tests)) or (of_a_service and any(map(_is_of_a_context, tests)))


def names_a_subject(condition: str) -> bool:
    """Whether a condition says who may come from an identity provider: by more than the name of a kind, or a letter.

    An audience does not count: the provider of GitHub, for one, puts into a token the audience that it is asked for.
    """
    return any(
        test.key.endswith(_SUBJECTS)
        and _OPERATORS.fullmatch(test.operator) is not None
        and bool(test.values)
        and all(map(_is_a_subject, test.values))
        for test in _tests(condition)
    )


def _is_a_subject(value: str) -> bool:
    known = re.split(r"[*?]", value, maxsplit=1)[0]
    name = re.sub(r"^(system:serviceaccount|[A-Za-z_]+):", "", known)
    return not is_unread(value) and sum(map(str.isalnum, name)) > 1


def _is_of_a_context(test: _Test) -> bool:
    is_sure = _OPERATORS.fullmatch(test.operator) is not None and test.key.startswith("kms:encryptioncontext:")
    return is_sure and bool(test.values) and all(re.fullmatch(_ARN, value) for value in test.values)


def is_weaker(condition: str, than: str) -> bool:
    """Whether a condition requires nothing beyond another one; equal conditions count as equally weak."""
    strict = tuple(_tests(than))
    return condition == than or all(any(_asks_less(test, each) for each in strict) for test in _tests(condition))


def _tests(condition: str) -> Iterator[_Test]:
    """What must hold, all of it."""
    found = json.loads(condition) if condition else {}
    if not isinstance(found, dict):
        found = {"": found}
    for operator, keys in found.items():
        if isinstance(keys, dict):
            for key, values in keys.items():
                yield _Test(operator=operator, key=key.lower(), values=_texts(values))
        elif operator in _OF_A_PERMISSION:
            prefix = {"EventSourceToken": "lambda:", "OrganizationId": ""}.get(operator, "aws:")
            yield _Test(operator="StringLike", key=f"{prefix}{operator}".lower(), values=_texts(keys))
        else:
            yield _Test(operator=operator, key="", values=_texts(keys))


def _texts(values: object) -> tuple[str, ...]:
    found = values if isinstance(values, list) else [values]
    return tuple(each if isinstance(each, str) else json.dumps(each) for each in found)


def _limits(test: _Test) -> bool:
    if not test.values or any(is_unread(value) or _VARIABLE.search(value) for value in test.values):
        return False
    if test.key == "aws:sourceip":
        return test.operator in ("IpAddress", "ForAnyValue:IpAddress") and _is_narrow(test.values)
    pattern = _LIMITS.get(test.key)
    if pattern is None or not _OPERATORS.fullmatch(test.operator):
        return False
    return all(re.fullmatch(pattern, value) for value in test.values)


def _is_narrow(ranges: Sequence[str]) -> bool:
    try:
        networks = [ipaddress.ip_network(each, strict=False) for each in ranges]
    except ValueError:
        return False
    sizes = {version: sum(each.num_addresses for each in networks if each.version == version) for version in _MOST}
    return all(sizes[version] <= most for version, most in _MOST.items())


def _asks_less(test: _Test, strict: _Test) -> bool:
    """Whether everything that passes the strict test passes this one."""
    must_exist = test.operator.removesuffix("IfExists")
    as_strict = {operator.removeprefix("ForAllValues:") for operator in (test.operator, must_exist)}
    if test.key != strict.key or strict.operator not in {test.operator, must_exist, *as_strict}:
        return False
    wide, narrow = (strict, test) if "Not" in must_exist else (test, strict)
    return set(narrow.values) <= set(wide.values)
