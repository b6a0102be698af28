"""Functions are reached through their alias, and what Lambda refuses is said in our words."""

from __future__ import annotations

import base64
import io
from typing import Any

import pytest

from multi_env_lambda.aws.functions import Alias, code_of_function, get_alias, invoke, set_alias
from multi_env_lambda.errors import AccountError, PlanStale, StackError
from multi_env_lambda.host.retrying import Retrying
from multi_env_lambda.testing.lease import FakeHeld
from tests.tools.faulty_client import FaultyClient, client_error

AT_ONCE = Retrying(sleep=lambda _: None)


class Lambda:
    """One function with one alias, as far as these calls go."""

    def __init__(self) -> None:
        self.alias = {"FunctionVersion": "1", "RevisionId": "r1", "RoutingConfig": {}}
        self.calls = 0

    def get_function_configuration(self, **_: Any) -> dict[str, Any]:
        return {"CodeSha256": "abc=", "Version": "7"}

    def invoke(self, *, Payload: bytes, **_: Any) -> dict[str, Any]:
        self.calls += 1
        log = base64.b64encode(b"START\nhello\n").decode()
        return {"StatusCode": 200, "Payload": io.BytesIO(Payload), "LogResult": log, "ExecutedVersion": "7"}

    def get_alias(self, **_: Any) -> dict[str, Any]:
        return self.alias

    def update_alias(self, *, FunctionVersion: str, RoutingConfig: Any, RevisionId: str, **_: Any) -> dict[str, Any]:
        if RevisionId != self.alias["RevisionId"]:
            raise client_error("UpdateAlias", "PreconditionFailedException", "wrong revision", status=412)
        revision = f"{RevisionId}+"
        self.alias = {"FunctionVersion": FunctionVersion, "RoutingConfig": RoutingConfig, "RevisionId": revision}
        return self.alias


@pytest.fixture
def client() -> FaultyClient:
    return FaultyClient(Lambda())


def test_an_answer_has_its_payload_log_and_version(client: FaultyClient) -> None:
    answer = invoke(client, "orders-test-create", "live", b'{"id": 1}', AT_ONCE)
    assert (answer.payload, answer.error, answer.version) == (b'{"id": 1}', None, "7")
    assert answer.log_tail == "START\nhello\n"


def test_the_functions_own_error_is_an_answer(client: FaultyClient) -> None:
    client.answer("invoke", lambda answer: {**answer, "FunctionError": "Unhandled"})
    assert invoke(client, "f", "live", b"{}", AT_ONCE).error == "Unhandled"


@pytest.mark.parametrize("code", ["TooManyRequestsException", "ResourceConflictException"])
def test_a_function_that_is_busy_or_not_ready_is_called_again(client: FaultyClient, code: str) -> None:
    client.fail("invoke", code=code, status=429 if code.startswith("Too") else 409, times=2)
    assert invoke(client, "f", "live", b"{}", AT_ONCE).payload == b"{}"


def test_nobody_waits_minutes_for_a_function_that_is_switched_off(client: FaultyClient) -> None:
    client.fail("invoke", code="TooManyRequestsException", status=429, times=1000)
    waited: list[float] = []

    with pytest.raises(StackError, match="TooManyRequestsException"):
        invoke(client, "f", "live", b"{}", Retrying(sleep=waited.append))
    assert sum(waited) < 5


def test_a_lost_answer_does_not_call_the_function_again() -> None:
    function = Lambda()
    client = FaultyClient(function)
    client.lose("invoke")
    with pytest.raises(StackError, match="lost"):
        invoke(client, "f", "live", b"{}", AT_ONCE)
    assert function.calls == 1


def test_a_missing_function_is_explained(client: FaultyClient) -> None:
    client.fail("get_function_configuration", code="ResourceNotFoundException", status=404, message="not found: f")
    with pytest.raises(StackError, match="f:live.*not found") as caught:
        code_of_function(client, "f", "live")
    assert "deploy" in caught.value.hint


def test_a_denial_is_an_account_error(client: FaultyClient) -> None:
    client.fail("get_function_configuration", code="AccessDeniedException", status=403)
    with pytest.raises(AccountError):
        code_of_function(client, "f", "live")


def test_code_and_version_behind_an_alias_are_what_lambda_says(client: FaultyClient) -> None:
    found = code_of_function(client, "f", "live")
    assert (found.code_sha256, found.version) == ("abc=", "7")


def test_an_alias_is_moved_from_the_revision_that_was_seen(client: FaultyClient) -> None:
    seen = get_alias(client, "f", "live")
    after = set_alias(
        client, "f", "live", Alias(version="1", weights=(("2", 0.1),), revision_id=seen.revision_id), FakeHeld()
    )
    assert after.weights == (("2", 0.1),) and after == get_alias(client, "f", "live")


def test_an_alias_that_somebody_else_moved_is_left_alone(client: FaultyClient) -> None:
    with pytest.raises(PlanStale):
        set_alias(client, "f", "live", Alias(version="2", weights=(), revision_id="older"), FakeHeld())


def test_a_lost_answer_to_moving_an_alias_is_settled(client: FaultyClient) -> None:
    client.lose("update_alias")
    after = set_alias(client, "f", "live", Alias(version="2", weights=(), revision_id="r1"), FakeHeld())
    assert (after.version, after.revision_id) == ("2", "r1+")
