"""Reviewers at GitHub: what waits is shown, the yes opens it for what was shown, and anything else changes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import pytest

from multi_env_lambda import pipeline
from multi_env_lambda.ci.happened import ScheduleLooked
from multi_env_lambda.ci.review import LARGEST, page
from multi_env_lambda.errors import ConfigurationError, Refused
from multi_env_lambda.flow.gate import Approval, write_approval
from multi_env_lambda.model.github import GitHub
from multi_env_lambda.model.record import REVIEWED
from multi_env_lambda.model.request import Request
from multi_env_lambda.model.roles import Roles
from multi_env_lambda.operations.ci_kept import keep_plan
from multi_env_lambda.runs.event import Here, follow_event, happened_at_github
from multi_env_lambda.runs.report import Report, Wait
from multi_env_lambda.runs.reviews import (
    OUTPUT,
    SUMMARY,
    Shown,
    leave_shown,
    leave_waits,
    must_have_gone,
    what_waits,
)
from multi_env_lambda.runs.run import run_job
from multi_env_lambda.testing.world import fake_config
from tests.runs.test_reviewed import place
from tests.runs.village import ALL, Village, push_event

ON_GITHUB = GitHub(repository="acme/units", subject="names", reviewed=("prod",))


@attrs.define
class Api:
    """GitHub's answers, in memory; ``waits``: by run that waits for a yes, what its jobs are called."""

    place: Any = attrs.field(factory=place)
    waits: dict[int, list[str]] = attrs.field(factory=dict)

    def environment(self, name: str) -> Any:
        return self.place if name == "prod" else None

    def waiting_runs(self, workflow: str) -> list[Any]:
        return [{"id": run, "html_url": f"https://github.com/acme/units/actions/runs/{run}"} for run in self.waits]

    def jobs(self, run: int) -> list[Any]:
        return [{"name": name, "status": "waiting"} for name in self.waits[run]]

    def request(self, number: int) -> Any:
        return None

    def reviews(self, number: int) -> list[Any]:
        return []

    def is_over(self, build: str) -> bool:
        return False


@attrs.define
class Workflow:
    """The jobs of one run of the workflow after another; all jobs of a run are the same build."""

    village: Village
    api: Api = attrs.field(factory=Api)
    run: int = 0

    def look(self, **content: str) -> Report:
        self.run += 1
        commit = self.village.repository.push("main", **content)
        event = json.dumps(push_event("main", commit)).encode()
        return self._followed(happened_at_github("push", event, self.api))

    def shown(self, digest: str, environment: str = "prod", *, again: bool = True) -> Shown:
        return what_waits(self.village.opens(Path("clone")), self.api, environment, digest, run="7", again=again)

    def yes(self, digest: str) -> None:
        approval = Approval(environment="prod", digest=digest, who="github.com:12:grace", when="now", user_id=REVIEWED)
        write_approval(self.village.store, approval)

    def deploy(self, digest: str) -> Report:
        report = self._followed((ScheduleLooked(),), turn=f"/prod/{digest[:12]}")
        return must_have_gone(report, "prod")

    def _followed(self, found: Any, turn: str = "") -> Report:
        village, here = self.village, Here(f"github:{self.run}:1", self.api.is_over, turn=turn)
        return follow_event(
            attrs.evolve(village.desk, rules=village.config.ci, builds=here),
            here,
            found,
            run=lambda job: run_job(village.hands(here.build, job), Path("clone")),
            say=village.said.append,
            sleep=village.slept.append,
        )


@pytest.fixture
def workflow(village: Village) -> Workflow:
    village.config = attrs.evolve(fake_config(prod={"approval": True}), github=ON_GITHUB, roles=Roles(prefix="mel"))
    return Workflow(village)


def waits(report: Report) -> str:
    (wait,) = report.waits
    return wait.digest


def test_what_was_shown_goes_after_the_yes_in_the_same_run(workflow: Workflow, village: Village) -> None:
    digest = waits(workflow.look(orders="o2"))
    shown = workflow.shown(digest)
    assert shown.plan is not None and shown.plan.digest == digest
    assert village.runs("prod") == {}
    workflow.yes(digest)
    report = workflow.deploy(digest)

    assert not report.failures and not report.waits
    assert village.runs("prod") == {**ALL, "orders": "o2"}


def test_without_a_yes_the_run_after_it_changes_nothing_and_is_red(workflow: Workflow, village: Village) -> None:
    digest = waits(workflow.look(orders="o2"))
    report = workflow.deploy(digest)

    assert "nothing was deployed, since the plan is now" in report.failures[-1]
    assert village.runs("prod") == {}


def test_what_has_changed_since_is_not_applied_by_the_old_yes(workflow: Workflow, village: Village) -> None:
    first = waits(workflow.look(orders="o2"))
    second = waits(workflow.look(orders="o3"))
    assert first != second
    workflow.yes(first)
    report = workflow.deploy(first)

    assert "nothing was deployed" in report.failures[-1] and village.runs("prod") == {}
    old = workflow.shown(first)
    assert old.plan is None and "nobody is asked" in old.note
    workflow.yes(second)
    assert not workflow.deploy(second).failures
    assert village.runs("prod")["orders"] == "o3"


def test_two_runs_that_ask_for_the_same_are_one_deploy(workflow: Workflow, village: Village) -> None:
    digest = waits(workflow.look(orders="o2"))
    workflow.yes(digest)
    assert not workflow.deploy(digest).failures
    changed = len(village.store.writes)
    again = workflow.deploy(digest)

    assert not again.failures and again.outcome in ("done", "nothing to do", "stopped")
    assert [key for key in village.store.writes[changed:] if "environments/prod/current" in str(key)] == []


def test_nobody_is_asked_twice_for_the_same(workflow: Workflow) -> None:
    digest = waits(workflow.look(orders="o2"))
    workflow.api.waits = {3: [f"prod {'f' * 64}"], 4: ["look", f"prod {digest}"]}
    shown = workflow.shown(digest)

    assert shown.plan is None and shown.note.endswith("/actions/runs/4")
    workflow.api.waits.pop(4)
    assert workflow.shown(digest).plan is not None


def test_after_a_no_the_hourly_run_asks_nobody_and_a_person_may(workflow: Workflow) -> None:
    digest = waits(workflow.look(orders="o2"))
    assert workflow.shown(digest, again=False).plan is not None, "the first time, whatever it was started by"
    later = workflow.shown(digest, again=False)
    assert later.plan is None and "start the workflow by hand" in later.note
    assert workflow.shown(digest).plan is not None
    other = waits(workflow.look(orders="o3"))
    assert workflow.shown(other, again=False).plan is not None, "it is another plan"


def test_a_plan_of_another_environment_is_not_shown_under_the_name_of_this_one(
    workflow: Workflow, village: Village
) -> None:
    """A build may write what waits; the page and the approval are about the same."""
    digest = waits(workflow.look(orders="o2"))
    world = village.opens(Path("clone"))
    whole = pipeline.plan(world, Request(verb="deploy", target="prod", through=True)).plan
    other = pipeline.plan(world, Request(verb="promote", target="staging")).plan
    for plan in (whole, other):
        assert plan.digest != digest
        keep_plan(village.store, "prod", plan.digest, plan)
        with pytest.raises(ConfigurationError, match="is not about prod alone"):
            workflow.shown(plan.digest)


def test_nobody_is_asked_where_github_would_ask_nobody(workflow: Workflow) -> None:
    digest = waits(workflow.look(orders="o2"))
    workflow.api.place["protection_rules"] = []
    with pytest.raises(Refused, match="no required reviewers") as caught:
        workflow.shown(digest)
    assert "Settings, Environments" in caught.value.hint


def test_a_reviewer_does_not_agree_to_weaker_rules(workflow: Workflow, village: Village) -> None:
    workflow.look(orders="o2")
    strict = fake_config(prod={"approval": True, "releases_only": True})
    village.config = attrs.evolve(strict, github=ON_GITHUB, roles=Roles(prefix="mel"))
    village.repository.push("main", billing="b2")
    fake_remembered(village)
    village.config = attrs.evolve(fake_config(prod={"approval": True}), github=ON_GITHUB, roles=Roles(prefix="mel"))
    digest = waits(workflow.look(orders="o4"))
    with pytest.raises(Refused, match="agrees to no weaker rules") as caught:
        workflow.shown(digest)
    assert "ci.py approve prod" in caught.value.hint


def fake_remembered(village: Village) -> None:
    """The stricter rules are remembered, as a deploy or `bootstrap` does it."""
    from multi_env_lambda.flow.rules import bound_of, learn

    world = village.opens(Path("clone"))
    learn(world, bound_of(world, "prod"))


@pytest.mark.parametrize(("environment", "digest"), [("staging", "0" * 64), ("prod", "0" * 64), ("prod", "../x")])
def test_nothing_else_can_be_shown(workflow: Workflow, environment: str, digest: str) -> None:
    workflow.look(orders="o2")
    with pytest.raises(ConfigurationError):
        workflow.shown(digest, environment)


# --- what jobs leave for each other ---
def test_the_page_has_the_whole_plan_and_its_whole_digest_or_is_refused(workflow: Workflow, tmp_path: Path) -> None:
    digest = waits(workflow.look(orders="o2"))
    shown = workflow.shown(digest)
    files = {SUMMARY: str(tmp_path / "summary"), OUTPUT: str(tmp_path / "output")}
    assert shown.plan is not None
    lines = ["plan for prod: 2 to deploy", "  orders", "```", "<script>"]
    leave_shown(shown, lines, files)

    text = (tmp_path / "summary").read_text("utf-8")
    assert digest in text and "| `orders` | `prod` |" in text and "plan for prod: 2 to deploy" in text
    assert text.count("```") == 2 and "<script>" not in text
    assert (tmp_path / "output").read_text("utf-8") == f"digest={digest}\n"
    with pytest.raises(Refused, match="too long"):
        leave_shown(shown, ["x" * 800] * (LARGEST // 800 + 1), files)
    assert page("prod", digest, shown.plan, ["x" * 1000]) == "", "a line that would be cut is not shown at all"
    assert (tmp_path / "output").read_text("utf-8").count("digest=") == 1


def test_a_page_is_written_only_if_somebody_is_to_be_asked(tmp_path: Path) -> None:
    files = {SUMMARY: str(tmp_path / "summary"), OUTPUT: str(tmp_path / "output")}
    leave_shown(Shown(environment="prod", digest="0" * 64, note="it is asked for already"), (), files)
    assert list(tmp_path.iterdir()) == []


def test_the_next_jobs_hear_of_plans_that_wait_for_reviewers_alone(tmp_path: Path) -> None:
    def wait(place: str, digest: str) -> Wait:
        return Wait(environment=place, digest=digest, what="", command="")

    file = tmp_path / "output"
    one, two = "1" * 64, "2" * 64
    found = Report(waits=(wait("test", one), wait("prod", one), wait("prod", two), wait("prod-eu", "x\ny=z")))
    leave_waits(found, ("prod", "prod-eu", "prod-us"), {OUTPUT: str(file)})
    assert file.read_text("utf-8") == f"prod={one}\n"
    leave_waits(found, ("prod",), {})
