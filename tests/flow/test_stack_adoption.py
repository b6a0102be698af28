"""Who may bring a running stack under a unit, and in which role CloudFormation changes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest

from multi_env_lambda.errors import ConfigurationError, Refused
from multi_env_lambda.flow.stack_adoption import look
from multi_env_lambda.testing.world import FakeTree, fake_config, fake_world
from multi_env_lambda.world import StackRequest


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
