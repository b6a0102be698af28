"""A frozen environment changes only if a person says so by name, and everybody is told who froze it and why."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from multi_env_lambda.errors import ConfigurationError, DocumentError, Refused
from multi_env_lambda.flow.consent import Consent
from multi_env_lambda.flow.freezes import freeze, freezes_of, unfreeze
from multi_env_lambda.flow.identity import WORKSPACE_KEY
from multi_env_lambda.model.freeze import Freeze, freeze_key
from multi_env_lambda.operations.destroy import destroy, find_removal
from multi_env_lambda.testing.world import FakeWorld

from .worlds import chain, deploy, outcomes, promote, rollback, versions

ADA = "arn:aws:iam::111111111111:user/ada"
DAY = 86_400


def running(folder: Path) -> FakeWorld:
    """Everything runs in test, and there is something newer for it."""
    fake = chain(folder)
    deploy(fake, "test")
    fake.tree.content["search"] = "s2"
    deploy(fake)
    return fake


def frozen(fake: FakeWorld, *units: str, until: str = "") -> FakeWorld:
    freeze(fake.world, "test", units, reason="the audit", until=until)
    return fake


def test_a_person_is_told_who_froze_it_and_why_and_nothing_changes_without_her_word(tmp_path: Path) -> None:
    fake = frozen(running(tmp_path))
    before = versions(fake, "test")

    refused = promote(fake, "test", only=("search",))["search"]

    assert refused.outcome == "blocked" and versions(fake, "test") == before
    assert refused.detail == (f"search in test: test is frozen by user/ada since {fake.world.now()}: the audit")
    assert refused.hint == "agree with `--agree frozen:search`"


def test_with_her_word_it_goes_and_the_freeze_stays(tmp_path: Path) -> None:
    fake = frozen(running(tmp_path))

    done = promote(fake, "test", only=("search",), consent=Consent(allowed=frozenset({"frozen:search"})))

    assert outcomes(done) == {"search": "deployed"}
    assert [one.reason for one in freezes_of(fake.world, "test", again=True)] == ["the audit"]


def test_a_frozen_unit_stops_nobody_else(tmp_path: Path) -> None:
    fake = frozen(running(tmp_path), "customers")
    assert outcomes(promote(fake, "test", only=("search",))) == {"search": "deployed"}


def test_another_environment_goes_on(tmp_path: Path) -> None:
    fake = frozen(running(tmp_path))
    fake.tree.content["search"] = "s3"
    assert outcomes(deploy(fake, only=("search",))) == {"search": "deployed"}


def test_a_rollback_a_repair_and_a_deletion_ask_as_well(tmp_path: Path) -> None:
    fake = running(tmp_path)
    promote(fake, "test", only=("search",))
    frozen(fake)

    assert rollback(fake, "search", "test").outcome == "blocked"
    removal = find_removal(fake.world, "search", "test")
    with pytest.raises(Refused, match="test is frozen by user/ada") as raised:
        destroy(fake.world, removal)
    assert raised.value.hint == "`unfreeze.py test` lifts it; or pass `--force`"
    assert destroy(fake.world, removal, force=True).outcome == "destroyed"


def test_it_ends_by_itself_by_the_clock_of_the_store(tmp_path: Path) -> None:
    fake = running(tmp_path)
    now = fake.world.store.now()
    until = datetime.fromtimestamp(now + 30 * DAY, UTC).strftime("%Y-%m-%d")
    frozen(fake, until=until)
    (one,) = freezes_of(fake.world, "test", again=True)

    assert one.until == f"{until}T00:00:00Z" and not one.is_over(now) and one.is_over(now + 400 * DAY)
    assert f"until {until}T00:00:00Z: the audit" in one.fact


@pytest.mark.parametrize(("until", "what"), [("tomorrow", "which is not a time"), ("1969-01-01", "has passed")])
def test_a_time_that_is_none_or_over_is_refused(tmp_path: Path, until: str, what: str) -> None:
    fake = running(tmp_path)
    with pytest.raises(ConfigurationError, match=what):
        frozen(fake, until=until)
    assert freeze_key("test") not in fake.store.objects


def test_a_freeze_needs_a_reason_and_units_that_exist(tmp_path: Path) -> None:
    fake = running(tmp_path)
    with pytest.raises(ConfigurationError, match="no reason"):
        freeze(fake.world, "test", (), reason=" ")
    with pytest.raises(ConfigurationError, match="there is no unit `serch`"):
        freeze(fake.world, "test", ("serch",), reason="x")


def test_nothing_is_frozen_or_lifted_in_the_bucket_of_another_workspace(tmp_path: Path) -> None:
    fake = frozen(running(tmp_path))
    etag = fake.store.objects[WORKSPACE_KEY].etag
    fake.store.replace(WORKSPACE_KEY, b'{"format": 2, "id": "theirs"}', etag=etag)
    before = dict(fake.store.objects)

    for change in (lambda: frozen(fake, "search"), lambda: unfreeze(fake.world, "test", ())):
        with pytest.raises(ConfigurationError, match='the bucket says "theirs"'):
            change()

    assert fake.store.objects == before


def test_freezing_again_replaces_and_lifting_leaves_the_others(tmp_path: Path) -> None:
    fake = frozen(running(tmp_path), "customers", "search")
    freeze(fake.world, "test", ("search",), reason="the second audit")

    assert [one.reason for one in unfreeze(fake.world, "test", ("search",))] == ["the second audit"]
    assert [one.unit for one in freezes_of(fake.world, "test", again=True)] == ["customers"]
    assert unfreeze(fake.world, "test", ("search",)) == ()


def test_what_a_rollback_holds_is_lifted_with_the_unit(tmp_path: Path) -> None:
    fake = running(tmp_path)
    promote(fake, "test", only=("search",))
    rollback(fake, "search", "test")
    before = fake.world.ledger.records("test")["search"]
    assert before.hold is not None

    (lifted,) = unfreeze(fake.world, "test", ("search",))

    after = fake.world.ledger.records("test")["search"]
    assert (lifted.kind, lifted.who, after.hold, after.holder) == ("hold", ADA, None, None)
    assert (after.running, after.rolled_back) == (before.running, before.rolled_back)
    assert unfreeze(fake.world, "test", ("search",)) == ()


def test_what_cannot_be_read_freezes_and_is_lifted_for_the_whole_environment_only(tmp_path: Path) -> None:
    fake = running(tmp_path)
    fake.store.put_new(freeze_key("test"), b"?")

    assert "current.frozen.json cannot be read" in promote(fake, "test", only=("search",))["search"].detail
    with pytest.raises(DocumentError):
        unfreeze(fake.world, "test", ("search",))
    assert [one.who for one in unfreeze(fake.world, "test", ())] == ["somebody"]
    assert outcomes(promote(fake, "test", only=("search",))) == {"search": "deployed"}


def test_a_reason_begins_no_line_of_its_own() -> None:
    found = Freeze(environment="prod", who="ada", reason="audit\nhint: all is well\x1b[2J")

    assert found.fact == "prod is frozen by ada: audit\\nhint: all is well\\x1b[2J"
