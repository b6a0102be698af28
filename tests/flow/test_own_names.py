"""A function may have a name of its own: it is used everywhere, compared when read, and asked for before a deploy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest

from multi_env_lambda import pipeline
from multi_env_lambda.errors import AccountError, ConfigurationError
from multi_env_lambda.model.claims import claims_of
from multi_env_lambda.model.collisions import find_collisions
from multi_env_lambda.model.console import unit_links
from multi_env_lambda.model.environment import Devops, Environment
from multi_env_lambda.model.plan import BlockedStep, DeployStep, Step
from multi_env_lambda.model.project import Project, read_project
from multi_env_lambda.model.request import Request
from multi_env_lambda.model.roles import Roles
from multi_env_lambda.model.settings import Function
from multi_env_lambda.model.versions import FunctionCode
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.operations.bootstrap import _also_in
from multi_env_lambda.plan.access_of_branches import beside
from multi_env_lambda.plan.permissions import own_function_names
from multi_env_lambda.testing.memory import MemoryPlatform
from multi_env_lambda.testing.world import FakeTree, FakeWorld, fake_world
from tests.plan.template_values import SANDBOX, SMALL, project, template, text

DEVOPS = Devops(account_id="111111111111", region="us-east-1", bucket="acme-artifacts-111111111111-us-east-1")
TEST = attrs.evolve(SANDBOX, name="test", position=1)


def unit(name: Any, folder: str = "orders", environments: tuple[Environment, ...] = (SANDBOX,), **more: Any) -> Project:
    table = {"functions": {"create": {"handler": "orders.create.handler", **({} if name is None else {"name": name})}}}
    document = {"project": {"name": folder, "version": "0.1.0"}, "tool": {"multi_env_lambda": table}}
    where = f"projects/{folder}/pyproject.toml"
    return read_project(
        document, folder=f"projects/{folder}", where=where, environments=environments, devops=DEVOPS, **more
    )


def collisions(*units: Project, environments: tuple[Environment, ...] = (SANDBOX,)) -> dict[str, ConfigurationError]:
    return collisions_in(WorkspaceConfig(devops=DEVOPS, environments=environments), *units)


def collisions_in(config: WorkspaceConfig, *units: Project) -> dict[str, ConfigurationError]:
    return find_collisions((claims_of(one, config.environments) for one in units), config)


def log_groups(name: str | None) -> dict[str, str]:
    """By logical id."""
    resources = template(project(Function(key="main", handler="orders.main.handler", name=name)))["Resources"]
    function = resources["MainFunction"]["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]
    found = {key: each for key, each in resources.items() if each["Type"] == "AWS::Logs::LogGroup"}
    assert list(found) == [function] and found[function]["DeletionPolicy"].startswith("Retain")
    return {key: each["Properties"]["LogGroupName"] for key, each in found.items()}


def test_no_log_group_is_replaced_by_one_that_another_name_may_have_left() -> None:
    """A rollback after a rename wants the first one again: it can be imported, but not take the place of another."""
    found = [log_groups(name) for name in ("one", "two", "One", None)]

    assert [list(each.values()) for each in found] == [
        ["/aws/lambda/one"],
        ["/aws/lambda/two"],
        ["/aws/lambda/One"],
        ["/aws/lambda/orders-sandbox-main"],
    ]
    assert len({key for each in found for key in each}) == 4
    assert all(key.isalnum() for each in found for key in each)
    assert list(found[3]) == ["MainLogs"]


# --- the table ---
def test_a_name_may_be_made_of_the_variables_of_the_table() -> None:
    found = unit("${project}-create-${environment}", environments=(SANDBOX, TEST))

    assert found.function_name("sandbox", "create") == "orders-create-sandbox"
    assert found.function_name("test", "create") == "orders-create-test"
    assert found.function_name("elsewhere", "create") == "orders-elsewhere-create"


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "a:live", "${nothing}", 7, "*", "a\n"])
def test_what_lambda_takes_for_no_name_is_refused(name: object) -> None:
    with pytest.raises(ConfigurationError, match="name"):
        unit(name)


def test_two_units_and_two_environments_cannot_have_the_same_name() -> None:
    one, other = unit("create-order"), unit("create-order", "billing")
    said = str(collisions(one, other)["projects/orders"])

    assert "projects/billing in sandbox and projects/orders in sandbox would both create the function" in said
    assert "function `create-order`" in said
    both = unit("create-order", environments=(SANDBOX, TEST))
    assert "projects/orders in test" in str(collisions(both, environments=(SANDBOX, TEST))["projects/orders"])
    elsewhere = (SANDBOX, attrs.evolve(TEST, account_id="333333333333"))
    assert not collisions(unit("create-order", environments=elsewhere), environments=elsewhere)


def test_a_name_made_by_the_rule_collides_with_a_stated_one() -> None:
    assert collisions(unit("billing-sandbox-create"), unit(None, "billing"))


def test_a_name_within_reach_of_the_roles_of_another_environment_is_refused() -> None:
    places = tuple(attrs.evolve(place, prefix="acme") for place in (SANDBOX, TEST))

    with pytest.raises(ConfigurationError, match="may change whatever is called"):
        unit("old-test-create", environments=places)


@pytest.mark.parametrize("name", ["acme-witness", "acme-dispatcher", "acme-receiver", "acme-witness-2"])
def test_no_unit_has_a_function_of_the_ci(name: str) -> None:
    """Else the roles that `bootstrap` makes could change what starts builds and writes approvals."""
    beside = attrs.evolve(SANDBOX, account_id=DEVOPS.account_id)
    config = WorkspaceConfig(devops=DEVOPS, environments=(beside,), roles=Roles(prefix="acme"))
    found = collisions_in(config, unit(name, environments=(beside,)))

    assert f"the function would be called `{name}` in sandbox" in str(found["projects/orders"])
    assert not collisions_in(config, unit("acme-orders", environments=(beside,)))
    assert not collisions_in(attrs.evolve(config, environments=(SANDBOX,)), unit(name))
    assert not collisions_in(attrs.evolve(config, roles=None), unit(name, environments=(beside,)))


def test_environments_of_branches_need_names_of_their_own() -> None:
    branch = beside(SANDBOX, "branch-x")

    with pytest.raises(ConfigurationError, match="environments of branches"):
        unit("create-order", unlisted=(branch,))
    assert unit("create-${environment}", unlisted=(branch,)).function_name("sandbox", "create") == "create-sandbox"


# --- what follows from it ---
NAMED = attrs.evolve(SMALL, name="create-order")


def test_everything_that_names_the_function_follows() -> None:
    found = project(attrs.evolve(NAMED, alarms=None))
    document = template(found)

    assert document["Resources"]["CreateFunction"]["Properties"]["FunctionName"] == "create-order"
    logs = document["Resources"]["CreateFunction"]["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]
    assert document["Resources"][logs]["Properties"]["LogGroupName"] == "/aws/lambda/create-order"
    assert "orders-sandbox-create" not in text(found)
    links = dict(unit_links(found, SANDBOX))
    assert "/functions/create-order?" in links["function create"] and "create-order" in links["log of create"]


def test_a_name_that_stack_py_changes_is_refused_with_the_key_for_it() -> None:
    def extend(template: Any, context: Any) -> None:
        context.merge("CreateFunction", {"Properties": {"FunctionName": "old"}})

    with pytest.raises(ConfigurationError, match="from `orders-sandbox-create` to 'old'"):
        text(project(SMALL), extend=extend)


def test_roles_are_allowed_the_names_that_have_no_environment_in_the_middle() -> None:
    other = Function(key="delete", handler="orders.create.handler", name="delete-sandbox-order")

    assert own_function_names(SANDBOX, [text(project(NAMED, other))]) == ("create-order",)


def test_in_an_environment_of_a_branch_the_name_has_its_name() -> None:
    found = _also_in(unit("create-${environment}"), "sandbox", "branch-x-aaaaaaaa")

    assert found.function_name("branch-x-aaaaaaaa", "create") == "create-branch-x-aaaaaaaa"
    assert found.function_name("sandbox", "create") == "create-sandbox"


# --- the account, before a deploy ---
def steps(fake: FakeWorld, **ask: Any) -> dict[str, Step]:
    plan = pipeline.plan(fake.world, Request(verb="deploy", target="sandbox", **ask)).plan
    return {step.project: step for step in plan.steps}


def world(folder: Path, *, platform: MemoryPlatform | None = None, **properties: Mapping[str, object]) -> FakeWorld:
    tree = FakeTree({"billing": "one", "orders": "one"}, properties=dict(properties))
    return fake_world(tree, folder, platform=platform or MemoryPlatform(str))


class Refusing(MemoryPlatform):
    """Whoever asks for a function is not allowed to."""

    def find_code(self, environment: Environment, function_name: str, qualifier: str) -> FunctionCode | None:
        raise AccountError(f"{function_name}:{qualifier}", "AccessDenied", hint="allow it")


def theirs(name: str) -> str:
    function = {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": name, "Code": {"S3Key": "k"}}}
    return json.dumps({"Resources": {"Old": function}})


def test_a_name_that_somebody_else_has_stops_the_unit_and_no_other(tmp_path: Path) -> None:
    fake = world(tmp_path, orders={"FunctionName": "create-order"})
    fake.platform.put_stack("sandbox", "old-service", theirs("create-order"))

    found = steps(fake)

    assert isinstance(found["orders"], BlockedStep) and isinstance(found["billing"], DeployStep)
    assert found["orders"].what == (
        "the function create-order exists already in account 222222222222, us-east-1: the stack old-service created it"
    )
    assert "choose another `name`" in found["orders"].hint


def test_a_name_that_nobody_has_is_free(tmp_path: Path) -> None:
    assert isinstance(steps(world(tmp_path, orders={"FunctionName": "create-order"}))["orders"], DeployStep)


def test_a_function_of_the_units_own_stack_is_in_nobodys_way(tmp_path: Path) -> None:
    fake = world(tmp_path, orders={"FunctionName": "create-order"})
    fake.platform.put_stack("sandbox", "orders-sandbox", theirs("create-order"))

    what = steps(fake)["orders"]
    assert not (isinstance(what, BlockedStep) and "exists already" in what.what)


def test_names_by_the_rule_are_not_asked_for(tmp_path: Path) -> None:
    step = steps(world(tmp_path, platform=Refusing(str)))["orders"]

    assert isinstance(step, DeployStep)
    assert not step.notes


def test_what_cannot_be_asked_is_said(tmp_path: Path) -> None:
    step = steps(world(tmp_path, platform=Refusing(str), orders={"FunctionName": "create-order"}))["orders"]

    assert isinstance(step, DeployStep)
    assert "could not be checked (create-order:$LATEST: AccessDenied)" in step.notes[-1]


def test_where_bootstrap_made_the_roles_a_name_that_they_may_not_use_is_refused(tmp_path: Path) -> None:
    fake = world(tmp_path, platform=Refusing(str), orders={"FunctionName": "create-order"})
    places = tuple(attrs.evolve(place, prefix="acme") for place in fake.world.config.environments)
    config = attrs.evolve(fake.world.config, environments=places)
    step = steps(attrs.evolve(fake, world=attrs.evolve(fake.world, config=config)))["orders"]

    assert isinstance(step, BlockedStep)
    assert step.what == ("the roles of sandbox may not use the name of the function create-order: AccessDenied")
    assert "`bootstrap sandbox`" in step.hint
