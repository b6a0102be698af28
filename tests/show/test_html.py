"""What notebooks show: everything that is there, and nothing that somebody smuggled in."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.artifact import SourceArtifact
from multi_env_lambda.model.change import PropertyChange, ResourceChange
from multi_env_lambda.model.plan import BlockedStep, DeployStep, NewerStep, Plan, Question, RemovedStep, UnchangedStep
from multi_env_lambda.model.project import Project
from multi_env_lambda.model.release import Release
from multi_env_lambda.model.result import Result
from multi_env_lambda.model.settings import Settings
from multi_env_lambda.model.status import Cell, Status
from multi_env_lambda.show.html import plan_html, results_html, status_html, workspace_html
from multi_env_lambda.testing.world import fake_config

EVIL = "<script>alert('x')</script>\"onmouseover='y'&amp;</td>"
NOW = "2026-01-02T00:00:00Z"
ALLOWED = {
    *("div", "style", "table", "thead", "tbody", "tr", "th", "td"),
    *("small", "br", "b", "h4", "p", "ul", "li", "details", "summary", "span"),
}


class Reader(HTMLParser):
    """Collects tags, attributes and text; complains about what is not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    assert set(reader.tags) <= ALLOWED
    assert {name for name, _ in reader.attributes} <= {"class", "title", "scope", "colspan"}
    return reader


def release(text: str) -> Release:
    source = SourceArtifact(project=text, version=text, digest="d", wheel_sha256="00")
    return Release(project=text, artifacts=(source,), stages=())


def plan_of(text: str) -> Plan:
    change = ResourceChange(
        action="modify",
        logical_id=text,
        type=text,
        properties=(PropertyChange(path=text, old=text, new=None),),
        destructive=True,
    )
    deploy = DeployStep(
        project=text,
        environment=text,
        action="deploy",
        release=release(text),
        running="r",
        running_version=f"0{text}",
        why=(text,),
        changes=(change,),
        questions=(Question(kind="destructive", text=text, answer=f"replace:{text}"),),
        notes=(text,),
    )
    steps = (
        deploy,
        UnchangedStep(project="calm", environment=text, release=None, version=None, why=text),
        BlockedStep(project=text, environment=text, kind="BuildError", what=text, hint=text),
        RemovedStep(project=text, environment=text, version=text),
        NewerStep(project=text, environment=text, release="r", version=text, what=text),
    )
    return Plan(environments=(text,), asked=(), commit="c", committed="", dirty=False, steps=steps)


def status_of(text: str) -> Status:
    cell = Cell(
        project=text,
        environment=text,
        version=text,
        when="2026-01-01T00:00:00Z",
        who=text,
        commit=text,
        failed=text,
        failed_version=text,
        drift=(text,),
        held_by=text,
        held_since=text,
    )
    return Status(environments=(text,), units=(text,), removed=(), cells=(cell,))


def workspace_of(text: str) -> str:
    config = fake_config()
    settings = {environment.name: Settings() for environment in config.environments}
    project = Project(name=text, folder=text, version=text, needs=(text,), settings=settings)
    return workspace_html(text, config, (project,), {text: ConfigurationError(text, text, hint=text)}, local=True)


def results_of(text: str) -> list[Result]:
    good = Result(project=text, environment=text, outcome="deployed", version=text, seconds=1.5)
    bad = Result(project=f"{text}2", environment=text, outcome="failed", detail=text, hint=text)
    return [good, bad]


@pytest.mark.parametrize(
    "html",
    [
        status_html(status_of(EVIL), NOW),
        plan_html(plan_of(EVIL)),
        results_html(results_of(EVIL)),
        workspace_of(EVIL),
    ],
    ids=["status", "plan", "results", "workspace"],
)
def test_hostile_texts_stay_texts(html: str) -> None:
    reader = read(html)

    assert "<script>alert('x')</script>" in reader.text


def test_the_status_says_version_age_and_state_in_words() -> None:
    text = read(status_html(status_of("orders"), NOW)).text

    assert "orders 1d" in text
    assert "… changing ✗ failed ≠ drifted" in text


def test_a_plan_says_what_changes_and_what_is_lost() -> None:
    text = read(plan_html(plan_of("orders"))).text

    assert "~ deploy 0orders → orders" in text and "loses data" in text and "✗ blocked [BuildError]: orders" in text
    assert "= 1 unchanged" in text


def test_failed_results_are_listed_with_their_hint() -> None:
    text = read(results_html(results_of("orders"))).text

    assert "✓ deployed orders" in text
    assert "orders2 in orders failed: orders" in text and "hint: orders" in text


def test_a_workspace_shows_its_units_and_places() -> None:
    text = read(workspace_of("orders")).text

    assert "on local cloud: sandbox (222222222222) → test" in text


def test_plan_and_status_show_themselves() -> None:
    assert "orders" in plan_of("orders")._repr_html_() and "orders" in status_of("orders")._repr_html_()
