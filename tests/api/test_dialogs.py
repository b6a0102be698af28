"""A program of yours that reviews plans: what it returns decides, and nothing else does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from multi_env_lambda import Asked, ConfigurationError, Consent, Plan, Refused, Removal, Workspace
from multi_env_lambda.testing.world import FakeTree, FakeWorld, fake_world

from .stage import opened


@attrs.frozen
class Says:
    """Always the same."""

    answer: Callable[[Asked], object]

    def show(self, plan: Plan | Removal) -> None:
        return None

    def agree(self, asked: Asked) -> Consent:
        return self.answer(asked)  # type: ignore[return-value]  # what a notebook may do


@pytest.fixture
def fake(tmp_path: Path) -> FakeWorld:
    return fake_world(FakeTree(content={"orders": "o1"}), tmp_path)


@pytest.fixture
def running(fake: FakeWorld, tmp_path: Path) -> Callable[[Callable[[Asked], object]], Workspace]:
    """A workspace with such a dialog, where one unit runs."""
    opened(fake.world, tmp_path)["orders"].deploy("sandbox")
    return lambda answer: opened(fake.world, tmp_path, dialog=Says(answer))


@pytest.mark.parametrize(
    "consent", [Consent(), Consent(typed=frozenset({"orders", "sandbox"})), Consent(allowed=frozenset({"orders"}))]
)
def test_a_dialog_that_does_not_name_the_deletion_deletes_nothing(
    running: Callable[[Callable[[Asked], object]], Workspace], consent: Consent
) -> None:
    workspace = running(lambda asked: consent)

    with pytest.raises(Refused, match="the deletion is not confirmed"):
        workspace["orders"].destroy("sandbox")
    assert workspace.environments["sandbox"].units() == {"orders": "0.1.0"}


def test_its_word_deletes_it_and_so_does_the_name_that_the_caller_gave(
    running: Callable[[Callable[[Asked], object]], Workspace], fake: FakeWorld, tmp_path: Path
) -> None:
    def named(asked: Asked) -> Consent:
        assert isinstance(asked.plan, Removal)
        return Consent(allowed=frozenset({asked.plan.answer}))

    assert running(named)["orders"].destroy("sandbox").outcome == "destroyed"
    opened(fake.world, tmp_path)["orders"].deploy("sandbox")
    given = running(lambda asked: asked.given)
    assert given["orders"].destroy("sandbox", confirm="orders").outcome == "destroyed"


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (lambda asked: None, "`agree` returned None; expected a Consent"),
        (lambda asked: Consent(allowed=frozenset({1})), "found 1 among the answers; expected a text"),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_consent_is_told(
    running: Callable[[Callable[[Asked], object]], Workspace], answer: Callable[[Asked], object], what: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        running(answer)["orders"].deploy("sandbox", force=True)

    assert (caught.value.where, caught.value.what) == ("dialog", what)
