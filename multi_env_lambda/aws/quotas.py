"""How much of an account's quotas is in use: one call each, and pages where AWS has no number."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from multi_env_lambda.aws.error_codes import aws_errors, code_of, text_of
from multi_env_lambda.errors import MultiEnvLambdaError
from multi_env_lambda.host.parallel import in_parallel
from multi_env_lambda.model.quota import QUOTAS, Quota, QuotaKind, Unread, Usage

__all__ = ["KEPT_UNRESERVED", "applied", "read_quotas"]

ClientOf = Callable[[str], Any]
_Read = Callable[[ClientOf], Mapping[QuotaKind, Usage]]

KEPT_UNRESERVED = 100
"""What Lambda keeps for functions without a reservation; an account with a lower limit keeps all of it.

Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html and
https://github.com/aws-samples/one-observability-demo/issues/278
"""
_STATUSES = (
    "CREATE_COMPLETE",
    "CREATE_FAILED",
    "CREATE_IN_PROGRESS",
    "DELETE_FAILED",
    "DELETE_IN_PROGRESS",
    "IMPORT_COMPLETE",
    "IMPORT_IN_PROGRESS",
    "IMPORT_ROLLBACK_COMPLETE",
    "IMPORT_ROLLBACK_FAILED",
    "IMPORT_ROLLBACK_IN_PROGRESS",
    "REVIEW_IN_PROGRESS",
    "ROLLBACK_COMPLETE",
    "ROLLBACK_FAILED",
    "ROLLBACK_IN_PROGRESS",
    "UPDATE_COMPLETE",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_FAILED",
    "UPDATE_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_ROLLBACK_FAILED",
    "UPDATE_ROLLBACK_IN_PROGRESS",
)
"""All but DELETE_COMPLETE. Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStacks.html"""


def read_quotas(client_of: ClientOf, kinds: Collection[QuotaKind]) -> tuple[Usage | Unread, ...]:
    """What is in use of each kind, in the account and region of the clients; ``client_of`` takes a service's name."""
    wanted = [(read, asked) for read, of in _READERS if (asked := [kind for kind in of if kind in kinds])]
    return tuple(one for found in in_parallel(lambda item: _read(client_of, *item), wanted) for one in found)


def _read(client_of: ClientOf, read: _Read, kinds: list[QuotaKind]) -> list[Usage | Unread]:
    try:
        found = read(client_of)
    except MultiEnvLambdaError as error:
        return [Unread(kind=kind, what=error.what) for kind in kinds]
    except aws_errors() as error:
        return [Unread(kind=kind, what=text_of(error)) for kind in kinds]
    return [found[kind] for kind in kinds]


def _roles(client_of: ClientOf) -> Mapping[QuotaKind, Usage]:
    """Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html"""
    found = client_of("iam").get_account_summary()["SummaryMap"]
    return {"roles": Usage(kind="roles", used=int(found["Roles"]), limit=int(found["RolesQuota"]))}


def _stacks(client_of: ClientOf) -> Mapping[QuotaKind, Usage]:
    """Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeAccountLimits.html"""
    client = client_of("cloudformation")
    limits = {item["Name"]: int(item["Value"]) for item in client.describe_account_limits()["AccountLimits"]}
    pages = _pages(client.list_stacks, StackStatusFilter=list(_STATUSES))
    names = [stack["StackName"] for page in pages for stack in page["StackSummaries"]]
    usage = Usage(kind="stacks", used=len(names), limit=limits["StackLimit"], names=frozenset(names))
    return {"stacks": usage}


def _rules(client_of: ClientOf) -> Mapping[QuotaKind, Usage]:
    """Source: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListRules.html (100 to a page)"""
    used = sum(len(page["Rules"]) for page in _pages(client_of("events").list_rules))
    return {"rules": Usage(kind="rules", used=used, limit=applied(client_of("service-quotas"), QUOTAS["rules"]))}


def _lambda(client_of: ClientOf) -> Mapping[QuotaKind, Usage]:
    """Source: https://docs.aws.amazon.com/lambda/latest/api/API_GetAccountSettings.html"""
    found = client_of("lambda").get_account_settings()
    limit, used = found["AccountLimit"], found["AccountUsage"]
    calls, free = int(limit["ConcurrentExecutions"]), int(limit["UnreservedConcurrentExecutions"])
    kept = min(calls, KEPT_UNRESERVED)
    return {
        "code": Usage(kind="code", used=int(used["TotalCodeSize"]), limit=int(limit["TotalCodeSize"])),
        "concurrency": Usage(kind="concurrency", used=calls - free, limit=calls - kept, kept=kept),
    }


_READERS: tuple[tuple[_Read, tuple[QuotaKind, ...]], ...] = (
    (_roles, ("roles",)),
    (_stacks, ("stacks",)),
    (_rules, ("rules",)),
    (_lambda, ("code", "concurrency")),
)


def applied(client: Any, quota: Quota) -> int:
    """The value that was set for an account, or AWS's default.

    Source: https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetServiceQuota.html ("For some
    quotas, only the default values are available")
    """
    asked = {"ServiceCode": quota.service, "QuotaCode": quota.code}
    try:
        return int(client.get_service_quota(**asked)["Quota"]["Value"])
    except aws_errors() as error:
        if code_of(error) != "NoSuchResourceException":
            raise
    return int(client.get_aws_default_service_quota(**asked)["Quota"]["Value"])


def _pages(call: Callable[..., Any], **parameters: Any) -> Iterator[Any]:
    token: dict[str, str] = {}
    while True:
        answer = call(**parameters, **token)
        yield answer
        if not answer.get("NextToken"):
            return
        token = {"NextToken": answer["NextToken"]}
