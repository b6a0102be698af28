"""Code that somebody uploaded by hand is seen, is never published by a release, and goes by the named command."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from multi_env_lambda.aws.drift import ResourceDrift
from multi_env_lambda.model.alias import AliasState
from multi_env_lambda.model.settings import Smoke
from multi_env_lambda.operations.drift import find_drift
from multi_env_lambda.testing.world import FakeWorld

from .callers import FUNCTION
from .worlds import chain, deploy, repair

FOREIGN = "Zm9yZWlnbg=="


@pytest.fixture
def fake(tmp_path: Path) -> FakeWorld:
    fake = chain(tmp_path)
    deploy(fake)
    fake.platform.uploaded[FUNCTION] = FOREIGN
    fake.events.clear()
    return attrs.evolve(fake, world=attrs.evolve(fake.world, sleep=lambda _: None))


def code(fake: FakeWorld, qualifier: str = "$LATEST") -> str:
    found = fake.platform.find_code(fake.world.config.environment("sandbox"), FUNCTION, qualifier)
    assert found is not None
    return found.code_sha256


def drift(fake: FakeWorld) -> list[str]:
    (found,) = find_drift(fake.world, "search", "sandbox")
    assert not found.problem
    return list(found.names)


def test_uploaded_code_is_drift_with_both_values_and_the_command(fake: FakeWorld) -> None:
    (found,) = find_drift(fake.world, "search", "sandbox")

    assert found.names == ("MainFunction/Code/CodeSha256",)
    (difference,) = found.resources[0].differences
    assert (difference.expected, difference.actual) == (code(fake, "live"), FOREIGN)
    assert found.hint.startswith("`repair.py search sandbox` fixes it")


def test_an_alias_on_a_version_of_uploaded_code_is_named_with_that_code(fake: FakeWorld) -> None:
    fake.platform.versions["sandbox", FUNCTION].append(
        attrs.evolve(fake.platform.versions["sandbox", FUNCTION][0], number="99", code_sha256=FOREIGN)
    )
    fake.platform.by_hand[FUNCTION] = AliasState(version="99", weights=())

    assert "MainAlias/FunctionVersion/CodeSha256" in drift(fake)


def test_the_named_command_sends_the_released_code_again(fake: FakeWorld) -> None:
    assert repair(fake, "sandbox", "search")["search"].outcome == "deployed"

    assert (code(fake), drift(fake)) == (code(fake, "live"), [])
    said = [event.text for event in fake.events if FOREIGN in event.text]
    assert said == [f"{FUNCTION}: somebody uploaded code {FOREIGN}; sending {code(fake)} again"]


def test_a_put_back_that_leads_callers_to_other_code_says_so(fake: FakeWorld) -> None:
    kept = fake.platform.versions["sandbox", FUNCTION]
    fake.tree.smoke["search"] = Smoke(payload="{}", expect='{"ok": true}')

    def failing(_: object) -> object:
        kept[0] = attrs.evolve(kept[0], code_sha256=FOREIGN)
        return {"ok": False}

    fake.platform.answers[FUNCTION] = failing
    fake.tree.content["search"] = "s2"
    result = deploy(fake)["search"]

    assert (result.outcome, result.error) == ("failed", "CheckFailed")
    assert f"was rolled back to 0.1.0, but {FUNCTION} in sandbox: Lambda runs code {FOREIGN}" in result.detail


def test_a_function_that_was_deleted_has_the_command_that_makes_it_anew(fake: FakeWorld) -> None:
    gone = ResourceDrift(
        logical_id="MainFunction", resource_type="AWS::Lambda::Function", status="DELETED", differences=()
    )
    fake.platform.drifted["sandbox", "search-sandbox"] = (gone,)

    (found,) = find_drift(fake.world, "search", "sandbox")

    assert found.hint.startswith("`repair.py search sandbox` fixes it")
    assert repair(fake, "sandbox", "search")["search"].outcome == "deployed"
    assert drift(fake) == []
