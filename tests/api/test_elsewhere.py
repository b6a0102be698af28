"""A unit is called where the table says that it is; where nothing answers there, its record may say why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest

from multi_env_lambda.api.function import Function
from multi_env_lambda.errors import Refused, StackError
from multi_env_lambda.testing.world import fake_config, fake_world
from tests.api.stage import opened
from tests.flow.worlds import chain, deploy
from tests.plan.template_values import SMALL, project


def function(folder: Path, **sandbox: Any) -> Function:
    """Of a unit that is deployed to the sandbox of one table, as it is called with another one; no account has it."""
    fake = chain(folder)
    deploy(fake)
    first, *others = fake_config().environments
    config = attrs.evolve(fake_config(), environments=(attrs.evolve(first, **sandbox), *others))
    hers = fake_world(fake.tree, folder, config=config, store=fake.store, platform=fake.platform)
    return opened(hers.world, folder, (project(SMALL),))["orders"].functions["create"]


@pytest.mark.parametrize("place", [{"account_id": "999999999999"}, {"region": "eu-west-1"}], ids=["account", "region"])
def test_a_function_of_an_environment_that_moved_is_not_to_be_repaired(tmp_path: Path, place: dict[str, str]) -> None:
    with pytest.raises(Refused, match="0.1.0 runs in us-east-1 of account .* but the table says") as caught:
        function(tmp_path, **place).invoke({}, "sandbox")

    assert "`destroy.py orders sandbox` deletes it there" in str(caught.value.hint)


def test_a_function_that_is_gone_from_where_it_runs_is_an_error_of_the_stack(tmp_path: Path) -> None:
    with pytest.raises(StackError):
        function(tmp_path).invoke({}, "sandbox")
