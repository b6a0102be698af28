"""Rolling back, being reminded of it, and checks that put back what ran before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from multi_env_lambda import pipeline
from multi_env_lambda.aws.drift import ResourceDrift
from multi_env_lambda.flow.consent import Consent
from multi_env_lambda.flow.gate import approve
from multi_env_lambda.model.request import Request
from multi_env_lambda.model.settings import Smoke
from multi_env_lambda.operations.destroy import destroy, find_removal
from multi_env_lambda.testing.world import FakeWorld, fake_world

from .worlds import chain, deploy, outcomes, repair, rollback, ruled, versions


def with_three_versions(folder: Path) -> FakeWorld:
    fake = chain(folder)
    deploy(fake, only=("search",))
    for content in ("s2", "s3"):
        fake.tree.content["search"] = content
        deploy(fake, only=("search",))
    return fake


def test_a_rollback_brings_back_the_release_before_and_builds_nothing(tmp_path: Path) -> None:
    fake = with_three_versions(tmp_path)
    fake.tree.made.clear()

    rollback(fake, "search", "sandbox")

    assert versions(fake, "sandbox") == {"search": "0.1.0.post1"}
    assert fake.tree.made == []


def test_the_same_rollback_again_goes_no_further_so_that_a_killed_one_can_be_repeated(tmp_path: Path) -> None:
    fake = with_three_versions(tmp_path)
    rollback(fake, "search", "sandbox")

    again = rollback(fake, "search", "sandbox")

    assert (again.outcome, versions(fake, "sandbox")) == ("unchanged", {"search": "0.1.0.post1"})
    assert "use `--to` for any other release" in again.detail


def repaired(fake: FakeWorld) -> None:
    """Somebody changes the stack by hand, and it is put right."""
    alarm = ResourceDrift(logical_id="Alarm", resource_type="AWS::CloudWatch::Alarm", status="DELETED", differences=())
    fake.platform.drifted["sandbox", "search-sandbox"] = (alarm,)
    assert outcomes(repair(fake, "sandbox", "search")) == {"search": "deployed"}


def sent_again(fake: FakeWorld) -> None:
    fake.tree.content["search"] = "s2"
    assert deploy(fake, only=("search",), force=True)["search"].outcome == "deployed"


@pytest.mark.parametrize("between", [repaired, sent_again])
def test_what_sends_the_same_release_again_makes_no_rollback_go_back_to_what_was_taken_away(
    tmp_path: Path, between: Callable[[FakeWorld], None]
) -> None:
    fake = with_three_versions(tmp_path)
    rollback(fake, "search", "sandbox")
    between(fake)
    between(fake)

    again = rollback(fake, "search", "sandbox")

    assert (again.outcome, versions(fake, "sandbox")) == ("unchanged", {"search": "0.1.0.post1"})
    assert again.detail.startswith("it was already rolled back to 0.1.0.post1 at ")


def test_a_rollback_that_is_forced_goes_further_back_and_never_to_what_was_taken_away(tmp_path: Path) -> None:
    fake = with_three_versions(tmp_path)
    rollback(fake, "search", "sandbox")

    assert rollback(fake, "search", "sandbox", force=True).version == "0.1.0"


def test_a_rollback_of_an_attempt_at_what_was_taken_away_puts_back_what_ran(tmp_path: Path) -> None:
    fake = with_three_versions(tmp_path)
    rollback(fake, "search", "sandbox")
    held = fake.world.ledger.records("sandbox")["search"]
    bad = held.taken_away[0].release
    key = "environments/sandbox/current/search.json"
    fake.store.objects[key] = attrs.evolve(
        fake.store.objects[key], etag="new", body=attrs.evolve(held, unsure=bad).to_bytes()
    )

    assert rollback(fake, "search", "sandbox").version == "0.1.0.post1"


def test_a_release_that_was_taken_away_comes_back_by_its_name(tmp_path: Path) -> None:
    fake = with_three_versions(tmp_path)
    rollback(fake, "search", "sandbox")

    assert rollback(fake, "search", "sandbox", release="0.1.0.post2").outcome == "deployed"


def test_a_rollback_after_a_newer_deploy_goes_back_from_that(tmp_path: Path) -> None:
    fake = with_three_versions(tmp_path)
    rollback(fake, "search", "sandbox")
    fake.tree.content["search"] = "s4"
    deploy(fake, only=("search",))

    rollback(fake, "search", "sandbox")

    assert versions(fake, "sandbox") == {"search": "0.1.0.post1"}


def test_a_rollback_to_a_named_version(tmp_path: Path) -> None:
    fake = with_three_versions(tmp_path)

    rollback(fake, "search", "sandbox", release="0.1.0")

    assert versions(fake, "sandbox") == {"search": "0.1.0"}


def test_a_rollback_to_what_runs_already_is_done(tmp_path: Path) -> None:
    fake = with_three_versions(tmp_path)
    rollback(fake, "search", "sandbox", release="0.1.0")

    assert rollback(fake, "search", "sandbox", release="0.1.0").outcome == "unchanged"


def test_a_rollback_to_what_never_ran_there_is_refused(tmp_path: Path) -> None:
    fake = with_three_versions(tmp_path)

    result = rollback(fake, "search", "sandbox", release="9.9")

    assert (result.outcome, result.error) == ("blocked", "ConfigurationError")


@pytest.mark.parametrize("characters", [0, 1, 6, 7, 64])
def test_a_release_is_named_by_seven_characters_of_its_digest_at_least(tmp_path: Path, characters: int) -> None:
    fake = with_three_versions(tmp_path)
    digest = fake.world.ledger.history("sandbox", "search")[0].release

    result = rollback(fake, "search", "sandbox", release=digest[:characters])

    if characters < 7:
        assert (result.outcome, f"no release `{digest[:characters]}` of it" in result.detail) == ("blocked", True)
    else:
        assert (result.outcome, result.version) == ("deployed", "0.1.0")


@pytest.mark.parametrize("to", ["", "0.1.0"])
def test_after_a_move_to_another_account_what_ran_in_the_old_one_is_no_release_to_go_back_to(
    tmp_path: Path, to: str
) -> None:
    old = with_three_versions(tmp_path)
    places = list(old.world.config.environments)
    places[0] = attrs.evolve(places[0], account_id="9" * 12)
    table = attrs.evolve(old.world.config, environments=tuple(places))
    fake = fake_world(old.tree, tmp_path / "moved", config=table, store=old.store, platform=old.platform)
    assert "`destroy.py search sandbox` deletes it there" in rollback(fake, "search", "sandbox").hint
    assert destroy(fake.world, find_removal(fake.world, "search", "sandbox")).outcome == "destroyed"

    first = rollback(fake, "search", "sandbox", release=to or None)
    assert deploy(fake, only=("search",))["search"].outcome == "deployed"
    second = rollback(fake, "search", "sandbox", release=to or None)

    for result in (first, second):
        assert (result.outcome, result.error) == ("blocked", "ConfigurationError")
        wanted = "no release `0.1.0` of it" if to else "no older release of it"
        assert f"{wanted} was made for 999999999999 us-east-1, where sandbox is now" in result.detail
    fake.tree.content["search"] = "s4"
    deploy(fake, only=("search",))
    assert rollback(fake, "search", "sandbox").version == "0.1.0.post2"


def test_a_rollback_writes_the_record_twice_and_copies_what_ended_before(tmp_path: Path) -> None:
    fake = with_three_versions(tmp_path)
    fake.store.writes.clear()

    rollback(fake, "search", "sandbox")

    assert [key.split("/")[2] for _, key in fake.store.writes] == ["current", "history", "current"]


def test_the_history_keeps_who_rolled_back_and_why(tmp_path: Path) -> None:
    fake = with_three_versions(tmp_path)

    rollback(fake, "search", "sandbox", reason="too slow")

    last = fake.world.ledger.history("sandbox", "search")[-1]
    assert (last.action, last.outcome, last.reason) == ("rollback", "succeeded", "too slow")


def test_deploying_what_was_rolled_back_asks_first_and_says_who_did_it(tmp_path: Path) -> None:
    fake = with_three_versions(tmp_path)
    rollback(fake, "search", "sandbox")

    refused = deploy(fake, only=("search",), everything=True)["search"]
    agreed = deploy(fake, only=("search",), everything=True, consent=Consent(allowed=frozenset({"again:search"})))[
        "search"
    ]

    assert "was rolled back in sandbox by arn:aws:iam::111111111111:user/ada" in refused.detail
    assert agreed.outcome == "deployed"


def test_a_smoke_check_that_fails_puts_back_what_ran_before_in_the_same_command(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    fake.tree.smoke["search"] = Smoke(payload='{"id":1}', expect='{"ok":true}')
    deploy(fake)
    before = fake.platform.stacks["sandbox", "search-sandbox"].template
    fake.tree.content["search"] = "s2"
    fake.platform.answers["search-sandbox-main"] = lambda event: {"ok": False, "id": event["id"]}

    result = deploy(fake)["search"]

    assert result.error == "CheckFailed"
    assert 'got {"ok": false, "id": 1}' in result.detail
    assert fake.platform.stacks["sandbox", "search-sandbox"].template == before
    assert versions(fake, "sandbox")["search"] == "0.1.0"


def test_a_release_whose_check_failed_is_not_promoted(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    fake.tree.smoke["search"] = Smoke(payload="{}", expect='{"ok":true}')
    fake.platform.answers["search-sandbox-main"] = lambda _: {"ok": False}

    results = deploy(fake, "test")

    assert outcomes(results)["search"] == "skipped"
    assert "search" not in versions(fake, "test")


def test_a_rollback_is_saved_approved_and_applied_like_any_plan(tmp_path: Path) -> None:
    before = chain(tmp_path)
    for content in ("s1", "s2"):
        before.tree.content["search"] = content
        deploy(before, only=("search",))
    fake = ruled(before, tmp_path, sandbox={"approval": True})
    refused = rollback(fake, "search", "sandbox")
    saved = pipeline.plan(fake.world, Request(verb="rollback", target="sandbox", only=("search",))).plan.to_dict()

    fake.platform.who = "arn:aws:iam::111111111111:user/grace"
    approve(fake.world, "sandbox", saved["digest"])
    fake.platform.who = "arn:aws:iam::111111111111:user/ada"
    done = pipeline.apply(fake.world, pipeline.same_again(fake.world, saved))

    assert "the same `rollback` with `--out plan.json`" in refused.hint
    assert [result.outcome for result in done] == ["deployed"]
    assert versions(fake, "sandbox") == {"search": "0.1.0"}


def test_the_end_of_an_old_runtime_is_said_before_the_first_write(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    fake.tree.properties["search"] = {"Runtime": "python3.9"}
    deploy(fake)
    fake.tree.properties["search"] = {"Runtime": "python3.13"}
    deploy(fake)
    assert [event for event in fake.events if event.phase == "warning"] == [], "a build says it itself"
    fake.events.clear()

    rollback(fake, "search", "sandbox")

    phases = [event.phase for event in fake.events if event.project == "search"]
    assert phases.index("warning") < phases.index("deploy" if "deploy" in phases else "check")
    (said,) = [event.text for event in fake.events if event.phase == "warning"]
    assert said.startswith("python3.9 gets no security updates since 2025-12-15; AWS refuses new functions from ")


def test_a_rollback_past_a_table_keeps_it_says_so_and_asks_nothing(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    fake.tree.content["search"] = "s2"
    deploy(fake)
    fake.tree.data["search"] = "invoices"
    deploy(fake)

    plan = pipeline.plan(fake.world, Request(verb="rollback", target="sandbox", only=("search",))).plan
    (step,) = plan.deploys
    assert step.questions == ()
    assert step.notes[0].startswith("Data (AWS::DynamoDB::Table) stays, with its data: this release does not have")
    assert [change.logical_id for change in step.changes if change.type == "AWS::DynamoDB::Table"] == []

    assert rollback(fake, "search", "sandbox").outcome == "deployed"
    assert _has_the_table(fake)
    # Further back, from a release whose own template has no table.
    assert rollback(fake, "search", "sandbox", release="0.1.0").outcome == "deployed"
    assert _has_the_table(fake)

    del fake.tree.data["search"]
    fake.tree.content["search"] = "s3"
    assert deploy(fake)["search"].hint.endswith("`--agree replace:search/Data`")


def _has_the_table(fake: FakeWorld) -> bool:
    return '"Data":' in fake.platform.template(fake.world.config.environments[0], "search-sandbox")
