"""The strictest rules that an environment ever had are remembered; only an approval under them makes them weaker."""

from __future__ import annotations

import json
from pathlib import Path

import attrs
import pytest

from multi_env_lambda import pipeline
from multi_env_lambda.errors import Busy, PlanStale, Refused
from multi_env_lambda.flow.consent import Consent
from multi_env_lambda.flow.gate import approve
from multi_env_lambda.flow.rules import bound_of, learn, remember_all, weaken, with_rules
from multi_env_lambda.model.plan import Plan
from multi_env_lambda.model.request import Request
from multi_env_lambda.model.store import Stored
from multi_env_lambda.operations.destroy import destroy, find_removal
from multi_env_lambda.testing.memory import MemoryStore
from multi_env_lambda.testing.world import FakeWorld, fake_config

from .worlds import chain, deploy, outcomes, promote, ruled, versions

KEY = "environments/prod/current.rules.json"
REST = {"committed_only": False, "approvals_by_author": False}
STRICT = {"approval": True, "releases_only": True}
GRACE = "arn:aws:iam::111111111111:user/grace"
HEDY = "arn:aws:iam::111111111111:user/hedy"
ADA = "arn:aws:iam::111111111111:user/ada"


def stored(fake: FakeWorld) -> dict[str, object]:
    found = json.loads(fake.store.objects[KEY].body)
    assert isinstance(found, dict)
    return found


def remembering(folder: Path, by_author: bool = False, **rules: bool) -> FakeWorld:
    """Everything runs in staging; prod once had these rules; this work tree's table has none."""
    fake = chain(folder)
    deploy(fake, "staging")
    remember_all(ruled(fake, folder, by_author, prod=rules).world)
    return fake


def shown(fake: FakeWorld) -> Plan:
    return with_rules(fake.world, pipeline.plan(fake.world, Request(verb="promote", target="prod")).plan)


def approved(fake: FakeWorld, who: str = GRACE, *, seen: bool = True) -> None:
    """As `approve` does it; not `seen`: under a table in which nothing was weaker."""
    plan = shown(fake)
    (bound,) = plan.rules
    fake.platform.who = who
    approve(fake.world, "prod", plan.digest_of("prod"), weaker=bound.table if seen and bound.weaker else None)
    fake.platform.who = ADA


def test_the_first_deploy_that_sees_a_rule_remembers_it_even_where_it_is_refused(tmp_path: Path) -> None:
    fake = ruled(chain(tmp_path), tmp_path, prod=STRICT)
    deploy(fake, "staging")
    assert KEY not in fake.store.objects

    assert set(outcomes(promote(fake, "prod")).values()) == {"blocked", "skipped"}

    assert stored(fake) == {"format": 2, "approval": True, "releases_only": True, **REST}


def test_a_table_that_is_weaker_opens_nothing_and_is_said(tmp_path: Path) -> None:
    fake = remembering(tmp_path, approval=True)
    plan = shown(fake)

    refused = promote(fake, "prod")

    assert set(outcomes(refused).values()) == {"blocked", "skipped"}
    said = "prod: approval = true is remembered, but this work tree's table says false"
    assert said in plan.to_dict()["rules"]
    assert said in refused["search"].detail
    assert versions(fake, "prod") == {}


@pytest.mark.parametrize("seen", [True, False], ids=["seen", "not seen"])
def test_an_approval_opens_it_and_weakens_the_rule_only_where_that_was_seen(tmp_path: Path, seen: bool) -> None:
    fake = remembering(tmp_path, approval=True)
    approved(fake, seen=seen)

    assert set(outcomes(promote(fake, "prod")).values()) == {"deployed"}

    assert stored(fake)["approval"] is not seen
    fake.tree.content["search"] = "s2"
    again = "deployed" if seen else "blocked"
    assert deploy(fake, "prod", only=("search",))["search"].outcome == again


def test_an_approval_that_is_too_old_and_saw_more_does_not_stand_in_the_way_of_a_new_one(tmp_path: Path) -> None:
    fake = remembering(tmp_path, approval=True)
    approved(fake, GRACE)
    fake.store.time += 25 * 3600
    approved(fake, HEDY, seen=False)

    assert set(outcomes(promote(fake, "prod")).values()) == {"deployed"}
    assert stored(fake)["approval"] is True


def test_a_rule_that_came_after_the_approval_was_looked_at_is_not_weakened(tmp_path: Path) -> None:
    fake = remembering(tmp_path, approval=True)
    seen = bound_of(fake.world, "prod")
    remember_all(ruled(fake, tmp_path, prod=STRICT).world)

    with pytest.raises(PlanStale, match="the rules have changed since the approval was given"):
        weaken(fake.world, "prod", seen)

    assert (stored(fake)["approval"], stored(fake)["releases_only"]) == (True, True)


def test_an_approval_that_nobody_uses_weakens_nothing(tmp_path: Path) -> None:
    fake = remembering(tmp_path, approval=True)
    approved(fake)

    assert stored(fake)["approval"] is True


@pytest.mark.parametrize("rules", [{"approval": True}, {"releases_only": True}], ids=["approval", "releases only"])
def test_ones_own_approval_weakens_nothing(tmp_path: Path, rules: dict[str, bool]) -> None:
    fake = remembering(tmp_path, **rules)
    before = stored(fake)
    approved(fake, ADA)
    promote(fake, "prod")

    assert stored(fake) == before


def test_where_authors_may_approve_they_may_weaken(tmp_path: Path) -> None:
    before = remembering(tmp_path, by_author=True, approval=True)
    fake = ruled(before, tmp_path, by_author=True)
    approved(fake, ADA)

    assert set(outcomes(promote(fake, "prod")).values()) == {"deployed"}
    assert stored(fake)["approval"] is False


def test_nobody_makes_herself_an_approver_by_her_own_table(tmp_path: Path) -> None:
    before = remembering(tmp_path, approval=True)
    fake = ruled(before, tmp_path, by_author=True, prod={"approval": True})
    approved(fake, ADA)

    results = promote(fake, "prod", Consent(typed=frozenset({"prod"})))

    assert set(outcomes(results).values()) == {"blocked", "skipped"}
    assert stored(fake)["approvals_by_author"] is False
    assert "approvals_by_author = false is remembered" in "".join(shown(fake).rules[0].lines())


def test_releases_only_is_remembered_too(tmp_path: Path) -> None:
    fake = remembering(tmp_path, releases_only=True)
    fake.tree.content["search"] = "s2"
    results = deploy(fake, "prod")

    assert outcomes(results) == {"customers": "deployed", "orders": "deployed", "search": "blocked"}
    assert "accepts only releases, but 0.1.0.post1 is not one" in results["search"].detail

    approved(fake)
    assert promote(fake, "prod")["search"].outcome == "deployed"
    assert stored(fake)["releases_only"] is False


def test_a_stricter_table_is_remembered_at_the_next_deploy(tmp_path: Path) -> None:
    before = remembering(tmp_path, releases_only=True)
    promote(ruled(before, tmp_path, prod={"approval": True}), "prod")

    assert stored(before) == {"format": 2, "approval": True, "releases_only": True, **REST}


def test_what_a_newer_version_remembers_stays(tmp_path: Path) -> None:
    before = remembering(tmp_path, releases_only=True)
    body = json.dumps({**stored(before), "two_people": True}).encode()
    before.store.replace(KEY, body, etag=before.store.objects[KEY].etag)
    promote(ruled(before, tmp_path, prod=STRICT), "prod")

    assert (stored(before)["two_people"], stored(before)["approval"]) == (True, True)


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"format": 2}', b'{"format": 99}', b'{"format": 2, "approval": "no"}'])
def test_rules_that_cannot_be_read_close_that_environment_by_name(tmp_path: Path, body: bytes) -> None:
    fake = chain(tmp_path)
    deploy(fake, "test")
    fake.store.put_new(KEY, body)

    results = deploy(fake, "prod")

    assert set(outcomes(results).values()) == {"blocked", "skipped"}
    assert KEY in results["search"].detail
    assert len(versions(fake, "staging")) == 3
    assert KEY in "".join(shown(fake).rules[0].lines())


def test_a_destroy_asks_the_memory_too(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake, "prod")
    remember_all(ruled(fake, tmp_path, prod=STRICT).world)
    removal = find_removal(fake.world, "search", "prod")
    with pytest.raises(Refused, match="approval = true is remembered"):
        destroy(fake.world, removal)

    fake.platform.who = GRACE
    approve(fake.world, "prod", removal.digest, weaker=bound_of(fake.world, "prod").table)
    fake.platform.who = ADA

    assert destroy(fake.world, removal).outcome == "destroyed"
    assert stored(fake)["approval"] is False


def test_a_plan_without_changes_asks_for_no_rules(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake, "prod")
    fake.store.reads.clear()
    with_rules(fake.world, pipeline.plan(fake.world, Request(verb="promote", target="prod")).plan)
    promote(fake, "prod")

    assert [key for kind, key in fake.store.reads if kind == "get" and "rules" in key] == []


def test_rules_that_were_shown_are_not_asked_for_again(tmp_path: Path) -> None:
    fake = chain(tmp_path, config=fake_config(prod={"releases_only": True}))
    deploy(fake, "staging")
    remember_all(fake.world)
    fake.store.reads.clear()
    draft = pipeline.plan(fake.world, Request(verb="promote", target="prod"))
    pipeline.apply(fake.world, attrs.evolve(draft, plan=with_rules(fake.world, draft.plan)))

    assert [key for kind, key in fake.store.reads if key.endswith("rules.json")] == [KEY]


def test_an_environment_without_rules_gets_no_object(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake, "prod")
    remember_all(fake.world)

    assert [key for key in fake.store.objects if key.endswith("rules.json")] == []


def test_somebody_elses_stricter_rule_written_meanwhile_is_kept(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    mine, others = ruled(fake, tmp_path, prod={"releases_only": True}), ruled(fake, tmp_path, prod={"approval": True})
    seen = bound_of(mine.world, "prod")
    remember_all(others.world)

    learn(mine.world, seen)

    assert (stored(fake)["approval"], stored(fake)["releases_only"]) == (True, True)


def test_somebody_elses_stricter_rule_is_kept_where_others_were_remembered_before(tmp_path: Path) -> None:
    fake = remembering(tmp_path, by_author=True, releases_only=True)
    mine = ruled(fake, tmp_path, by_author=True, prod={"approval": True})
    seen = bound_of(mine.world, "prod")
    remember_all(ruled(fake, tmp_path, by_author=False, prod={"releases_only": True}).world)

    learn(mine.world, seen)

    assert stored(fake) == {"format": 2, "approval": True, "releases_only": True, **REST}


class RestlessStore(MemoryStore):
    """Somebody else writes other rules right after each time that they are read."""

    def get(self, key: str) -> Stored | None:
        found = super().get(key)
        if key == KEY and found is not None:
            self.replace(KEY, found.body + b" ", etag=found.etag)
        return found


def test_an_object_that_others_keep_writing_is_named(tmp_path: Path) -> None:
    fake = ruled(chain(tmp_path, store=RestlessStore()), tmp_path, prod=STRICT)
    fake.store.put_new(KEY, b'{"format":2,"approval":false,"releases_only":true,"approvals_by_author":false}')

    with pytest.raises(Busy, match="others keep writing it"):
        learn(fake.world, bound_of(fake.world, "prod"))
