"""What an account cannot reserve is refused here as on AWS, and by a deploy before it writes anything."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from multi_env_lambda.aws.concurrency import Shortage, shortage_of
from multi_env_lambda.errors import AccountError
from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import client_of
from tests.tools.faulty_client import client_error
from tests.tools.stacks import create_stack, function_resources

RUNTIME = f"python{sys.version_info[0]}.{sys.version_info[1]}"
CODE = {"ZipFile": "def handler(event, context): return 1"}


class Account:
    """Lambda in an account with a limit, of which functions have reserved some."""

    def __init__(self, limit: int, **reserved: int) -> None:
        self.limit, self.reserved, self.asked = limit, reserved, 0

    def get_account_settings(self) -> dict[str, Any]:
        free = self.limit - sum(self.reserved.values())
        return {"AccountLimit": {"ConcurrentExecutions": self.limit, "UnreservedConcurrentExecutions": free}}

    def get_function_concurrency(self, *, FunctionName: str) -> dict[str, int]:
        self.asked += 1
        if FunctionName not in self.reserved:
            raise client_error("GetFunctionConcurrency", "ResourceNotFoundException", "no", status=404)
        return {"ReservedConcurrentExecutions": self.reserved[FunctionName]}


@pytest.mark.parametrize(
    ("account", "wanted", "shortage"),
    [
        (Account(1000), {"a": 900}, None),
        (Account(1000), {"a": 901}, Shortage(wanted=901, left=99, limit=1000, least=100)),
        (Account(10), {"a": 0}, None),
        (Account(10), {"a": 1}, Shortage(wanted=1, left=9, limit=10, least=10)),
        (Account(1000, a=900), {"a": 900}, None),
        (Account(1000, other=500), {"a": 401}, Shortage(wanted=401, left=99, limit=1000, least=100)),
    ],
)
def test_lambda_keeps_a_hundred_or_all_that_there_is(
    account: Account, wanted: dict[str, int], shortage: Shortage | None
) -> None:
    assert shortage_of(account, "prod", wanted) == shortage


def test_who_has_enough_asks_once_and_who_may_not_ask_is_told_what_to_allow() -> None:
    account = Account(1000)
    assert (shortage_of(account, "prod", {"a": 5}), account.asked) == (None, 0)

    def denied() -> Any:
        raise client_error("GetAccountSettings", "AccessDeniedException", "no", status=403)

    account.get_account_settings = denied  # type: ignore[method-assign]
    with pytest.raises(AccountError) as caught:
        shortage_of(account, "prod", {"a": 5})
    assert "lambda:GetAccountSettings" in caught.value.hint


@pytest.fixture(scope="module")
def client(local_cloud: LocalCloud, local_config: WorkspaceConfig) -> Callable[[str], Any]:
    place = local_config.environment("staging")
    return lambda service: client_of(local_cloud, place, service)


@pytest.mark.local_cloud
def test_a_young_account_reserves_nothing_and_may_switch_a_function_off(client: Callable[[str], Any]) -> None:
    def made(name: str, wanted: int) -> tuple[str, Any]:
        more = {"Runtime": RUNTIME, "ReservedConcurrentExecutions": wanted}
        return create_stack(client("cloudformation"), name, function_resources(name, CODE, **more))

    status, events = made("reserves-one", 1)
    assert status == "ROLLBACK_COMPLETE"
    assert "below its minimum value of [10]" in str(events)
    assert made("reserves-none", 0)[0] == "CREATE_COMPLETE"

    functions = client("lambda")
    assert functions.get_function_concurrency(FunctionName="reserves-none")["ReservedConcurrentExecutions"] == 0
    assert shortage_of(functions, "staging", {"reserves-none": 3}) == Shortage(wanted=3, left=7, limit=10, least=10)
    with pytest.raises(ClientError, match=r"decreases account's UnreservedConcurrentExecution"):
        functions.put_function_concurrency(FunctionName="reserves-none", ReservedConcurrentExecutions=1)
