"""A function may have a role that exists: its stack has none, adds nothing to it, and the plan says what it needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import pytest

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.make.existing_roles import notes_on_roles
from multi_env_lambda.model.environment import Devops
from multi_env_lambda.model.function import read_function
from multi_env_lambda.model.reading import Table
from multi_env_lambda.model.settings import Existing, Function, Queue
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.operations.permissions import known_handlers
from multi_env_lambda.plan.computed import place_of
from multi_env_lambda.plan.permissions import of_environment
from multi_env_lambda.plan.rights_of import rights_of
from multi_env_lambda.plan.template.functions import function_part
from multi_env_lambda.plan.template.parts import StackInput
from tests.plan.template_values import BUCKET, QUEUE_ARN, SANDBOX, SMALL, SOURCE, project, template, text

ROLE = "arn:aws:iam::222222222222:role/service/orders"
LENT = attrs.evolve(SMALL, role=ROLE)
BOOTSTRAPPED = attrs.evolve(SANDBOX, prefix="acme")


def read(**written: object) -> Function:
    table = Table(where="pyproject.toml", path="functions.create", values={"handler": "a.b.c", **written})
    return read_function(table, key="create", runtime="python3.13")


@pytest.mark.parametrize("arn", [ROLE, "arn:aws:iam::222222222222:role/a"])
def test_the_arn_of_a_role_is_read(arn: str) -> None:
    assert read(role=arn).role == arn
    assert read(role=False).role is None


@pytest.mark.parametrize(
    "arn",
    ["orders", "", "arn:aws:iam::222222222222:user/a", "arn:aws:iam::222222222222:role/a*", "arn:aws:iam::2:role/a", 7],
)
def test_anything_else_is_refused(arn: object) -> None:
    with pytest.raises(ConfigurationError, match="role"):
        read(role=arn)


@pytest.mark.parametrize(
    "more",
    [
        {"policies": [{"actions": ["s3:GetObject"], "resources": ["*"]}]},
        {"managed_policies": ["arn:aws:iam::aws:policy/ReadOnlyAccess"]},
        {"read": ["sales"]},
        {"write": ["sales"]},
        {"invoke": ["other"]},
    ],
    ids=lambda more: next(iter(more)),
)
def test_permissions_that_would_go_nowhere_are_refused(more: Mapping[str, object]) -> None:
    with pytest.raises(ConfigurationError, match=f"together with `role`; {ROLE} exists already"):
        read(role=ROLE, **more)


def test_the_stack_has_no_role_and_names_that_one() -> None:
    resources = template(project(LENT))["Resources"]

    assert resources["CreateFunction"]["Properties"]["Role"] == ROLE
    assert not [name for name, body in resources.items() if body["Type"].startswith("AWS::IAM::")]


def test_who_has_it_is_told_as_a_right_from_elsewhere() -> None:
    rights = rights_of(text(project(LENT)), place_of(SANDBOX))

    assert [right.resources for right in rights if right.kind == "role"] == [(ROLE,)]


def test_a_role_of_another_account_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="is not in the account 222222222222 of sandbox"):
        text(project(attrs.evolve(SMALL, role=ROLE.replace("2" * 12, "3" * 12))))


def test_stack_py_is_told_that_there_is_no_role_to_give_something_to() -> None:
    def extend(template: Any, context: Any) -> None:
        context.allow("create", ["s3:GetObject"], ["*"])

    with pytest.raises(ConfigurationError, match="which exists already: the stack has none for it"):
        text(project(LENT), extend=extend)


def stack(function: Function, place: Any = SANDBOX) -> StackInput:
    return StackInput(project=project(function), environment=place, bucket=BUCKET, source=SOURCE, layer=None)


def test_the_plan_says_what_the_role_has_to_allow() -> None:
    reading = attrs.evolve(LENT, events=(Queue(source=Existing(identifier=QUEUE_ARN)),), tracing="Active")
    (note,) = notes_on_roles([stack(reading)])

    assert f"`create` has the role {ROLE} in sandbox, to which its stack adds no permission" in note
    for action in ("logs:PutLogEvents", "sqs:ReceiveMessage", "xray:PutTraceSegments"):
        assert action in note
    assert notes_on_roles([stack(SMALL)]) == ()


def test_whoever_deploys_has_to_be_allowed_to_pass_it() -> None:
    devops = Devops(account_id="111111111111", region="us-east-1", bucket=BUCKET)
    config = WorkspaceConfig(devops=devops, environments=(SANDBOX,))
    found = of_environment(config, SANDBOX, {"orders-sandbox": text(project(LENT))}, known_handlers())
    (passing,) = [grant for grant in found.grants if grant.sid == "PassRoles"]

    assert ROLE in passing.resources
    assert passing.condition == {"StringEquals": {"iam:PassedToService": ["lambda.amazonaws.com"]}}


def test_where_bootstrap_made_the_roles_it_has_to_lie_below_their_path() -> None:
    def part(role: str) -> None:
        function_part(stack(SMALL, BOOTSTRAPPED), attrs.evolve(SMALL, role=role))

    part("arn:aws:iam::222222222222:role/acme/sandbox/orders")
    with pytest.raises(ConfigurationError) as caught:
        part(ROLE)
    assert "may pass no other to a function" in caught.value.what
    assert "the path /acme/sandbox/ and the boundary arn:aws:iam::222222222222:policy/acme-sandbox-boundary" in (
        caught.value.hint
    )
