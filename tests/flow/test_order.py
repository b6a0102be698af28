"""An uncommitted table that leaves out, moves or relocates an environment opens nothing behind it by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest

from multi_env_lambda import pipeline
from multi_env_lambda.flow.consent import Consent
from multi_env_lambda.flow.gate import approve
from multi_env_lambda.flow.rules import bound_of, with_rules
from multi_env_lambda.model.plan import Plan
from multi_env_lambda.model.request import Request
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.world import FakeWorld, fake_config, fake_world

from .worlds import chain, deploy, outcomes, promote, versions

GRACE, ADA = "arn:aws:iam::111111111111:user/grace", "arn:aws:iam::111111111111:user/ada"
SAID = (
    "prod: sandbox → test → staging → prod is the committed order, "
    "but this work tree's table says sandbox → test → prod"
)


def without(config: WorkspaceConfig, name: str) -> WorkspaceConfig:
    """The same table without one environment."""
    left = [place for place in config.environments if place.name != name]
    return attrs.evolve(config, environments=tuple(attrs.evolve(item, position=at) for at, item in enumerate(left)))


def skipping(folder: Path, **rules: Any) -> FakeWorld:
    """Everything runs in staging; this work tree's table has left it out, and the commit has not."""
    committed = fake_config(**rules)
    fake = chain(folder, config=committed)
    deploy(fake, "staging")
    fake.tree.committed = committed
    table = without(committed, "staging")
    return fake_world(fake.tree, folder, config=table, store=fake.store, platform=fake.platform)


def shown(fake: FakeWorld) -> Plan:
    return with_rules(fake.world, pipeline.plan(fake.world, Request(verb="promote", target="prod")).plan)


def approved(fake: FakeWorld, who: str, *, seen: bool = True) -> None:
    plan = shown(fake)
    (bound,) = plan.rules
    fake.platform.who = who
    approve(fake.world, "prod", plan.digest_of("prod"), order=bound.order if seen else ())
    fake.platform.who = ADA


def test_prod_is_not_reached_past_an_environment_that_only_this_table_leaves_out(tmp_path: Path) -> None:
    fake = skipping(tmp_path)
    plan = shown(fake)

    refused = promote(fake, "prod")

    assert SAID in plan.to_dict()["rules"]
    assert plan.to_dict()["asks"] == ["prod"]
    assert set(outcomes(refused).values()) == {"blocked", "skipped"}
    assert SAID in refused["search"].detail
    assert versions(fake, "prod") == {}


@pytest.mark.parametrize("seen", [True, False], ids=["seen", "not seen"])
def test_somebody_elses_approval_opens_it_if_she_saw_the_order(tmp_path: Path, seen: bool) -> None:
    fake = skipping(tmp_path)
    approved(fake, GRACE, seen=seen)

    results = promote(fake, "prod")

    assert results["search"].outcome == ("deployed" if seen else "blocked")
    assert seen or "was given under another table" in results["search"].detail


def test_ones_own_approval_opens_nothing(tmp_path: Path) -> None:
    fake = skipping(tmp_path)
    approved(fake, ADA)

    assert promote(fake, "prod")["search"].outcome == "blocked"


def test_where_authors_approve_the_typed_name_is_no_yes_to_another_order_and_their_approval_is(tmp_path: Path) -> None:
    fake = skipping(tmp_path, approvals_by_author=True, prod={"approval": True})
    typed = Consent(typed=frozenset({"prod"}))
    assert promote(fake, "prod", typed)["search"].outcome == "blocked"

    approved(fake, ADA)

    assert promote(fake, "prod")["search"].outcome == "deployed"


def test_the_strictest_rules_do_not_hide_another_order(tmp_path: Path) -> None:
    fake = skipping(tmp_path, prod={"approval": True, "releases_only": True})

    assert bound_of(fake.world, "prod").order == (SAID,)


def test_the_same_table_once_committed_asks_nothing(tmp_path: Path) -> None:
    fake = skipping(tmp_path)
    fake.tree.committed = fake.world.config

    assert set(outcomes(promote(fake, "prod")).values()) == {"deployed"}


def test_an_account_that_only_this_table_has_is_said_for_it_and_for_all_behind_it(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    fake.tree.committed = fake.world.config
    places = fake.world.config.environments
    config = attrs.evolve(
        fake.world.config,
        environments=tuple(
            attrs.evolve(item, account_id="999999999999") if item.name == "test" else item for item in places
        ),
    )
    moved = fake_world(fake.tree, tmp_path, config=config, store=fake.store, platform=fake.platform)

    found = {place.name: bound_of(moved.world, place.name).order for place in places}

    assert [name for name, lines in found.items() if lines] == ["test", "staging", "prod"]
    assert "but this work tree's table says us-east-1 of account 999999999999" in found["prod"][0]
