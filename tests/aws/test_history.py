"""A record that somebody deleted by hand leaves no hole in the history, and no rollback to the wrong release."""

from __future__ import annotations

from pathlib import Path

import pytest

from multi_env_lambda.flow.consent import Consent
from multi_env_lambda.testing.lease import FakeHeld
from multi_env_lambda.testing.world import FakeWorld
from tests.flow.worlds import chain, deploy, rollback

KEY = "environments/sandbox/current/search.json"


def deployed(fake: FakeWorld, *numbers: int) -> None:
    for number in numbers:
        fake.tree.content["search"] = f"s{number}"
        deploy(fake, only=("search",))


def taken_over(fake: FakeWorld, first: int, *numbers: int) -> None:
    """A stack without a record is deployed by a word of consent."""
    fake.tree.content["search"] = f"s{first}"
    deploy(fake, only=("search",), consent=Consent(allowed=frozenset({"take-over:search-sandbox"})))
    deployed(fake, *numbers)


def deleted_by_hand(fake: FakeWorld) -> None:
    assert fake.store.delete(KEY, etag=fake.store.objects[KEY].etag, held=FakeHeld())


@pytest.mark.parametrize("after", [1, 2, 3])
def test_the_history_goes_on_after_the_deployments_that_the_lost_record_knew(tmp_path: Path, after: int) -> None:
    fake = chain(tmp_path)
    deployed(fake, 0, 1, 2)
    deleted_by_hand(fake)
    taken_over(fake, *range(3, 3 + after))

    past = fake.world.ledger.history("sandbox", "search")

    expected = ["0.1.0", *(f"0.1.0.post{number}" for number in range(1, 3 + after))]
    assert [item.version for item in past][-after:] == expected[-after:]
    if after > 1:
        assert [(item.sequence, item.version) for item in past] == list(enumerate(expected, start=1))


@pytest.mark.parametrize("after", [2, 3])
def test_a_rollback_takes_what_ran_before_and_not_what_had_the_number(tmp_path: Path, after: int) -> None:
    fake = chain(tmp_path)
    deployed(fake, 0, 1, 2)
    deleted_by_hand(fake)
    taken_over(fake, *range(3, 3 + after))

    assert rollback(fake, "search", "sandbox").version == f"0.1.0.post{1 + after}"


def test_right_after_the_loss_a_rollback_still_finds_what_ran_before(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deployed(fake, 0, 1, 2)
    deleted_by_hand(fake)
    taken_over(fake, 3)

    assert rollback(fake, "search", "sandbox").version == "0.1.0.post1"
