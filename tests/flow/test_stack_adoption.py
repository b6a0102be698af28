"""Who may bring a running stack under a unit, and in which role CloudFormation changes it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
import pytest

from multi_env_lambda.aws.account import StackRequest
from multi_env_lambda.aws.poller import StackReading, reading_of
from multi_env_lambda.errors import ConfigurationError, PlanStale, Refused
from multi_env_lambda.flow.stack_adoption import _as_seen, _must_be_free, look
from multi_env_lambda.model.record import Record
from multi_env_lambda.plan.stack_adoption import OldStack
from multi_env_lambda.testing.world import FakeTree, fake_config, fake_world


def parsed(text: str, name: str) -> dict[str, Any]:
    raise AssertionError(f"{name} was read")


def test_a_role_that_changes_only_units_adopts_no_stack_of_others_and_is_told_who_can(tmp_path: Path) -> None:
    config = fake_config()
    places = [attrs.evolve(one, prefix="acme", role_name=f"acme-{one.name}-deploy") for one in config.environments]
    it = fake_world(FakeTree({"shop": "1"}), tmp_path, config=attrs.evolve(config, environments=tuple(places)))

    with pytest.raises(Refused, match="the role acme-sandbox-deploy changes only stacks of units") as caught:
        look(it.world, it.world.projects[0], "sandbox", "shop-old", parsed)
    assert "MULTI_ENV_LAMBDA_AS=administrator" in caught.value.hint

    with pytest.raises(ConfigurationError, match="there is no stack shop-sandbox"):
        look(it.world, it.world.projects[0], "sandbox", "shop-sandbox", parsed)


def test_cloudformation_goes_on_in_the_role_that_a_stack_of_others_has() -> None:
    """A stack keeps the role of the last change, which could not delete what others have made."""
    place = attrs.evolve(fake_config().environments[0], prefix="acme")
    ours = StackRequest(name="shop-sandbox", template="{}", address_of=lambda _: None, token="t", tags={})

    assert ours.role_in(place) == "arn:aws:iam::222222222222:role/acme-sandbox-execution"
    assert attrs.evolve(ours, is_of_others=True).role_in(place) == ""


def refusal(stack: StackReading) -> str:
    record = Record(project="shop", environment="sandbox", workspace="0fa4e0000001")
    with pytest.raises(Refused) as caught:
        _must_be_free(stack, "shop", fake_config().environments[0], record, "0fa4e0000001")
    return str(caught.value)


def test_a_part_of_a_larger_stack_is_not_adopted_because_that_would_create_its_resources_again() -> None:
    """A nested stack, and an instance of a stack set, get the template of what is around them again."""
    nested = {"StackId": "arn:child", "StackName": "child", "StackStatus": "CREATE_COMPLETE", "ParentId": "arn:parent"}
    assert "it is part of the stack arn:parent, whose next update would create again" in refusal(reading_of(nested))

    of_a_set = {**nested, "StackName": "StackSet-base-0a1b2c3d-0a1b-4c2d-8e3f-0a1b2c3d4e5f", "ParentId": ""}
    assert "it is part of a stack set" in refusal(reading_of(of_a_set))


def test_what_somebody_else_deploys_to_the_old_stack_meanwhile_is_not_undone() -> None:
    said = {"StackId": "arn:shop-old", "StackName": "shop-old", "StackStatus": "UPDATE_COMPLETE"}
    noon, later = (datetime(2026, 1, 1, hour, tzinfo=UTC) for hour in (12, 13))
    read = reading_of({**said, "LastUpdatedTime": noon})
    old = OldStack(
        name=read.name,
        stack_id=read.stack_id,
        template={},
        resources=(),
        outputs={},
        tags={},
        status=read.status,
        changed=read.changed,
    )
    sandbox = fake_config().environments[0]

    _as_seen(old, sandbox, read)
    with pytest.raises(PlanStale, match="read as of 2026-01-01T12:00:00.*, and was changed at 2026-01-01T13:00:00"):
        _as_seen(old, sandbox, reading_of({**said, "LastUpdatedTime": later}))
