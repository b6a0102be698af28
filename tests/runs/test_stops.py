"""What stops a run, or a unit in it, and what is said about that: holds, freezes, tests, approvals, failures."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from multi_env_lambda.aws.drift import ResourceDrift
from multi_env_lambda.errors import ConfigurationError, DocumentError
from multi_env_lambda.flow.gate import approve
from multi_env_lambda.model.freeze import Freeze, freeze_key, freezes_to_bytes
from multi_env_lambda.model.project import Project
from multi_env_lambda.operations.ci_kept import kept_plan, read_result
from multi_env_lambda.pipeline import same_again
from multi_env_lambda.runs.run import run_job
from multi_env_lambda.runs.start import job_of
from multi_env_lambda.testing.world import fake_config
from multi_env_lambda.world import World
from tests.flow.worlds import promote, rollback
from tests.runs.village import ALL, BUILDER, GRACE, Proofs, Repository, Village


def test_a_held_unit_stays_here_and_behind_and_the_rest_goes_on(village: Village) -> None:
    village.settle()
    village.pushed(orders="o2")
    village.settle()
    village.hold("orders", "test")
    village.pushed(orders="o3", billing="b3")
    village.settle()

    assert village.runs("sandbox")["orders"] == "o3"
    assert [village.runs(place)["orders"] for place in ("test", "staging")] == ["o2", "o2"]
    assert village.runs("staging")["billing"] == "b3"

    village.scheduled()
    village.settle()
    assert village.runs("test")["orders"] == "o2"

    village.hold("orders", "test", lifted=True)
    village.scheduled()
    village.settle()
    assert village.runs("staging")["orders"] == "o3"


def test_what_a_held_unit_runs_here_goes_no_further_either(village: Village) -> None:
    village.pushed(orders="o2")
    village.settle()
    village.ruled(verify=("check",))
    village.proofs.bad_places.add("test")
    village.pushed(orders="o3")
    village.settle()
    assert [village.runs(place)["orders"] for place in ("test", "staging")] == ["o3", "o2"]

    village.hold("orders", "test")
    village.proofs.bad_places.clear()
    village.scheduled()
    village.settle()
    assert village.runs("staging")["orders"] == "o2"

    village.hold("orders", "test", lifted=True)
    village.scheduled()
    village.settle()
    assert village.runs("staging")["orders"] == "o3"


def test_a_rollback_by_hand_holds_until_a_person_deploys_it_there(village: Village) -> None:
    for text in ("o2", "o3"):
        village.pushed(orders=text)
        village.settle()
    home = village.home
    home.platform.who = GRACE
    assert rollback(home, "orders", "test").outcome == "deployed"
    assert village.runs("test")["orders"] == "o2"

    village.pushed(orders="o4", billing="b4")
    (report,) = village.settle()
    assert [village.runs(place)["orders"] for place in ("sandbox", "test", "staging")] == ["o4", "o2", "o3"]
    assert village.runs("staging")["billing"] == "b4"
    assert any(note.startswith("orders stays as it is in test") for note in report.notes), report.notes

    home.platform.who = GRACE
    assert promote(home, "test", only=("orders",))["orders"].outcome == "deployed"
    village.scheduled()
    village.settle()
    assert village.runs("staging")["orders"] == "o4"


def test_a_frozen_environment_and_what_comes_after_it_stay(village: Village) -> None:
    village.store.put_new(
        freeze_key("staging"), freezes_to_bytes([Freeze(environment="staging", who="ada", reason="audit")])
    )
    village.pushed(orders="o2")
    (report,) = village.settle()

    assert [bool(village.runs(place)) for place in ("sandbox", "test", "staging", "prod")] == [True, True, False, False]
    assert any("staging is frozen" in note for note in report.notes)


def test_a_frozen_unit_stays_there_and_behind_and_the_rest_goes_on(village: Village) -> None:
    village.store.put_new(
        freeze_key("test"), freezes_to_bytes([Freeze(environment="test", unit="orders", who="ada", reason="audit")])
    )
    village.pushed(orders="o2", billing="b2")
    (report,) = village.settle()

    assert [village.runs(place).get("orders") for place in ("sandbox", "test", "staging")] == ["o2", None, None]
    assert [village.runs(place).get("billing") for place in ("sandbox", "test", "staging")] == ["b2", "b2", "b2"]
    assert any("orders stays as it is in test: `audit`" in note for note in report.notes), report.notes


@attrs.define
class FreezesMeanwhile(Proofs):
    """Somebody freezes ``test`` while the tests of a unit run."""

    village: Village = attrs.field(kw_only=True)

    def unit(self, root: Path, unit: Project) -> str:
        body = freezes_to_bytes([Freeze(environment="test", who="ada", reason="audit")])
        self.village.store.put_new(freeze_key("test"), body)
        return ""


def test_what_is_frozen_after_the_look_is_no_failure_and_changes_nothing(village: Village) -> None:
    village.proofs = FreezesMeanwhile(village=village)
    village.pushed(orders="o2")
    (report, *_) = village.settle()

    assert (bool(village.runs("sandbox")), village.runs("test"), report.failures) == (True, {}, ())
    assert report.stops == ("test: test is frozen by ada: audit",)
    assert {result.environment for result in report.results} == {"sandbox"}, "nothing is tried there"


def test_a_freeze_that_cannot_be_read_freezes(village: Village) -> None:
    village.store.put_new(freeze_key("sandbox"), b"?")
    village.pushed(orders="o2")
    (report,) = village.settle()

    assert (report.outcome, village.runs("sandbox")) == ("nothing to do", {})


def test_what_fails_its_own_tests_goes_nowhere_and_holds_up_nobody_but_its_dependents(tmp_path: Path) -> None:
    content = {"customers": "c1", "orders": "o1", "search": "s1"}
    village = Village(tmp_path, Repository(content), needs={"orders": ("customers",)})
    village.proofs.bad_units.add("customers")
    village.pushed(customers="c2", orders="o2", search="s2")
    (report,) = village.settle()

    assert village.runs("staging") == {"search": "s2"}
    assert (report.outcome, [text.split(":")[0] for text in report.failures]) == ("failed", ["sandbox customers"])
    assert sorted(village.proofs.asked) == ["customers", "orders", "search"]

    village.proofs.bad_units.clear()
    village.scheduled()
    village.settle()
    village.proofs.bad_units.add("customers")
    village.pushed(customers="c3", orders="o3", search="s3")
    village.settle()
    assert village.runs("sandbox") == {"customers": "c2", "orders": "o2", "search": "s3"}


def test_the_command_between_two_environments_is_run_once_for_a_change_and_stops_it(village: Village) -> None:
    village.ruled(verify=("check",))
    village.proofs.bad_places.add("test")
    village.pushed(orders="o2")
    (report,) = village.settle()

    assert [bool(village.runs(place)) for place in ("sandbox", "test", "staging")] == [True, True, False]
    assert "the order never arrived" in report.failures[0]

    village.proofs.bad_places.clear()
    village.scheduled()
    village.settle()
    village.approve("prod")
    village.settle()
    commands = [text for text in village.proofs.asked if text.startswith("check")]
    assert commands == ["check sandbox", "check test", "check test", "check staging"]
    assert village.runs("prod")["orders"] == "o2"


def test_an_older_approval_opens_its_environment_although_something_newer_waits_before_it(tmp_path: Path) -> None:
    config = fake_config(staging={"approval": True}, prod={"approval": True})
    village = Village(tmp_path, Repository(dict(ALL)), config=config)
    village.pushed(orders="o2")
    village.settle()
    village.approve("staging")
    village.settle()
    village.pushed(orders="o3")
    (report,) = village.settle()
    assert [wait.environment for wait in report.waits] == ["staging", "prod"]

    village.approve("prod")
    village.settle()
    assert [village.runs(place)["orders"] for place in ("test", "staging", "prod")] == ["o3", "o2", "o2"]


def test_a_build_cannot_open_an_environment_by_its_own_yes(village: Village) -> None:
    village.pushed(orders="o2")
    village.settle()
    (wait,) = village.wanted()[0].waits
    village.home.platform.who = BUILDER
    approve(village.home.world, *wait)
    village.scheduled()
    village.settle()

    assert village.runs("prod") == {}


def test_what_fails_in_an_account_is_told_and_the_other_units_go_on(village: Village) -> None:
    village.home.platform.failing["orders-test"] = "no room"
    village.pushed(orders="o2", billing="b2")
    (report,) = village.settle()

    assert report.outcome == "failed"
    assert [text.split(":")[0] for text in report.failures] == ["test orders"]
    assert village.runs("staging") == {"billing": "b2"}

    village.home.platform.failing.clear()
    village.scheduled()
    village.settle()
    assert village.runs("staging")["orders"] == "o2"


def test_the_schedule_reports_what_was_changed_by_hand_and_what_waits(village: Village) -> None:
    village.pushed(orders="o2")
    village.settle()
    drifted = ResourceDrift(logical_id="Main", resource_type="AWS::Lambda::Function", status="DELETED", differences=())
    village.home.platform.drifted["test", "orders-test"] = (drifted,)
    village.scheduled()
    notes = [note for report in village.settle() for note in report.notes]

    assert any(note.startswith("test orders was changed by hand: Main") for note in notes), notes
    assert any(note.startswith("prod waits for ") and "ci.py approve prod" in note for note in notes), notes


def test_the_result_lies_where_the_next_step_finds_it(village: Village) -> None:
    village.pushed(orders="o2")
    village.deliver()
    name, job = village.builds[0]
    report = village.build()
    found = read_result(village.store, job, name)

    assert found is not None
    assert (found["job"], found["outcome"], found["waits"][0]["environment"]) == (job, "waits", "prod")
    assert found["waits"][0]["digest"] == report.waits[0].digest
    assert village.wanted()[0].result.startswith("waits; prod waits for")


def test_what_waits_can_be_approved_by_its_digest_alone(village: Village) -> None:
    village.pushed(orders="o2")
    village.settle()
    (digest,) = [digest for _, digest in village.wanted()[0].waits]
    found = kept_plan(village.store, "prod", digest[:12])

    assert found is not None
    assert found["digest"] == digest
    assert (kept_plan(village.store, "prod", "0" * 12), kept_plan(village.store, "prod", "../x")) == (None, None)
    village.home.platform.who = GRACE
    again = same_again(village.home.world, found, published=True)
    assert again.plan.digest == digest


def test_a_plan_under_the_name_of_another_is_refused(village: Village) -> None:
    """Else whoever may write there has an approver agree to something else than her command says."""
    village.pushed(orders="o2")
    village.settle()
    (digest,) = [digest for _, digest in village.wanted()[0].waits]
    there = village.store.get(f"ci/plans/prod/{digest}.json")
    assert there is not None
    village.store.put_new(f"ci/plans/prod/{'7' * 64}.json", there.body)

    with pytest.raises(DocumentError, match="its digest is"):
        kept_plan(village.store, "prod", "7" * 12)


def test_a_table_that_cannot_be_followed_is_told_and_no_further_build_finds_the_same(village: Village) -> None:
    village.pushed(orders="o2")
    village.deliver()
    name, job = village.builds[0]
    opens, calls = village.opens, iter(range(10))

    def broken(path: Path) -> World:
        if next(calls):
            raise ConfigurationError("pyproject.toml", "no such table", hint="correct it")
        return opens(path)

    report = run_job(attrs.evolve(village.hands(name, job), opens=broken), Path("clone"))

    assert (report.outcome, report.failures) == ("failed", ("pyproject.toml: no such table; correct it",))
    assert village.wanted()[0].state == "done"


def test_an_environment_that_builds_may_only_look_at_is_a_stop_and_no_failure(tmp_path: Path) -> None:
    config = fake_config()
    places = tuple(
        attrs.evolve(place, prefix="acme", deployed_by=("developer",), role_name="acme-test-read")
        if place.name == "test"
        else place
        for place in config.environments
    )
    village = Village(tmp_path, Repository(dict(ALL)), config=attrs.evolve(config, environments=places))
    village.pushed(orders="o2")
    (report,) = village.settle()

    assert report.outcome == "done"
    assert any(text.startswith("test: you act as") for text in report.stops), report
    assert village.runs("test") == {}


@pytest.mark.parametrize("job", ["", "x", "$(id)", "0" * 31, "0" * 33, "g" * 32, "0" * 32 + "\n"])
def test_an_id_that_is_none_is_refused_before_anything(village: Village, job: str) -> None:
    with pytest.raises(ConfigurationError, match="ci run"):
        job_of(job, {})
    with pytest.raises(ConfigurationError, match="ci run"):
        run_job(village.hands("build:1", job), Path("clone"))
    assert village.store.writes == []


def test_a_job_of_somebody_else_is_left_alone(village: Village) -> None:
    report = run_job(village.hands("build:1", "0" * 32), Path("clone"))

    assert (report.outcome, village.store.writes, village.repository.fetched) == ("nothing to do", [], 0)
