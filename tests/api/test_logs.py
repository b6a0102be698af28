"""Logs are read once or followed, of one function or of all of a unit."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import pytest

from multi_env_lambda import pipeline
from multi_env_lambda.api import tables
from multi_env_lambda.api.logs import start_of
from multi_env_lambda.api.project import Project
from multi_env_lambda.aws.logs import LogLine
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.function import Function
from multi_env_lambda.model.request import Request
from multi_env_lambda.model.settings import Settings
from multi_env_lambda.show.log import log_text
from multi_env_lambda.show.render import text_of
from multi_env_lambda.testing.world import FakeTree, fake_world

from .stage import opened

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def at(seconds: int) -> str:
    return (NOW + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


@pytest.mark.parametrize(
    ("since", "back"),
    [("90s", 90), ("10m", 600), (" 2h ", 7200), ("3 d", 259_200), ("1w", 604_800), ("0s", 0)],
)
def test_a_duration_is_counted_back(since: str, back: int) -> None:
    assert start_of(since, NOW) == NOW - timedelta(seconds=back)


@pytest.mark.parametrize("since", ["2026-01-01T10:00", "2026-01-01T10:00Z", "2026-01-01T12:00+02:00"])
def test_a_timestamp_is_taken_as_it_is(since: str) -> None:
    assert start_of(since, NOW) == datetime(2026, 1, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize("since", ["", "10", "m", "-1m", "1e300m", "999999999w", "0001-01-01", "yesterday", "١٠m"])
def test_what_is_no_time_of_a_log_is_refused(since: str) -> None:
    with pytest.raises(ConfigurationError, match="^since: found"):
        start_of(since, NOW)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("{broken", "{broken"),
        ('{"a": 1}', '{"a": 1}'),
        ('{"message": 7}', '{"message": 7}'),
        ('{"timestamp": "t", "level": "INFO", "message": "paid", "order": 7, "by": "ada", "why": "a b"}',)
        + ('INFO paid order=7 by=ada why="a b"',),
        ("{" * 100_000, "{" * 100_000),
    ],
)
def test_json_is_said_in_words(text: str, shown: str) -> None:
    assert log_text(LogLine(when="T", text=text, function="f")) == f"T {shown}"
    assert log_text(LogLine(when="T", text=text, function="f"), several=True) == f"T f: {shown}"


@attrs.define
class Group:
    """A log that grows: each look sees what was shown until then, from its start on."""

    lines: dict[int, list[LogLine]]
    starts: list[datetime] = attrs.field(factory=list)
    looks: int = 0

    def logs(self, environment: Environment, function_name: str, since: datetime) -> tuple[LogLine, ...]:
        assert self.looks < 100, "what is waited for never comes"
        self.starts.append(since)
        there = [line for look, lines in self.lines.items() if look <= self.looks for line in lines]
        return tuple(line for line in there if datetime.fromisoformat(line.when) >= since)


def unit_with(tmp_path: Path, group: Group, clock: list[datetime]) -> Project:
    """`customers`, whose functions write to this log; sleeping lets two seconds pass."""

    def sleep(seconds: float) -> None:
        clock[0] += timedelta(seconds=seconds)
        group.looks += 1

    world = fake_world(FakeTree(content={"customers": "c1"}), tmp_path).world
    moved = attrs.evolve(world, platform=group, now=lambda: clock[0].strftime("%Y-%m-%dT%H:%M:%SZ"), sleep=sleep)
    settings = Settings(functions=(Function(key="create", handler="customers.create.handler"),))
    units = [attrs.evolve(unit, settings=dict.fromkeys(unit.settings, settings)) for unit in world.projects]
    return opened(moved, tmp_path, tuple(units))["customers"]


def line(seconds: int, text: str, id: str = "") -> LogLine:
    return LogLine(when=at(seconds), text=text, id=id)


def test_a_followed_log_shows_each_line_once_also_one_that_comes_late(tmp_path: Path) -> None:
    lines = {
        0: [line(-30, "first", "1"), line(-30, "first", "2")],
        1: [line(1, "second", "3")],
        2: [line(-20, "late", "4")],
        60: [line(119, "last", "5")],
    }
    group = Group(lines)
    (function,) = unit_with(tmp_path, group, [NOW]).functions.values()

    seen = [one.text for one in itertools.islice(function.follow_logs(since=at(-60)), 5)]

    assert seen == ["first", "first", "second", "late", "last"]
    assert group.starts == sorted(group.starts)
    assert group.starts[-1] == NOW + timedelta(seconds=118 - 60), "a minute before the look before, and not all of it"


def test_only_lines_with_a_text_are_shown(tmp_path: Path) -> None:
    group = Group({0: [line(-3, "order 7 paid"), line(-2, "order 8 paid"), line(-1, "order 7 sent")]})
    unit = unit_with(tmp_path, group, [NOW])

    assert [one.text for one in unit.logs(since=at(-60), containing="order 7")] == ["order 7 paid", "order 7 sent"]
    assert len(unit.logs(since=at(-60), containing="Order 7")) == 0
    assert next(unit.follow_logs(since=at(-60), containing="sent")).text == "order 7 sent"


def test_the_functions_of_a_unit_are_shown_together_and_each_line_says_whose_it_is() -> None:
    lines = (LogLine(when=at(0), text="a", function="create"), LogLine(when=at(1), text="b", function="delete"))

    assert text_of(tables.log_lines(lines)) == f"{at(0)} create: a\n{at(1)} delete: b"
    assert text_of(tables.log_lines(lines[:1])) == f"{at(0)} a"


def test_a_time_that_is_none_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    group = Group({})
    unit = unit_with(tmp_path, group, [NOW])

    with pytest.raises(ConfigurationError, match="^since: "):
        unit.follow_logs(since="now")
    with pytest.raises(ConfigurationError, match="there is no environment"):
        unit.logs("sandbx")
    assert group.starts == []


def test_logs_and_links_of_an_environment_that_moved_are_those_of_where_it_runs(tmp_path: Path) -> None:
    said: list[str] = []
    asked: list[Environment] = []

    class Looked(Group):
        def logs(self, environment: Environment, function_name: str, since: datetime) -> tuple[LogLine, ...]:
            asked.append(environment)
            return ()

    first = fake_world(FakeTree(content={"customers": "c1"}), tmp_path)
    pipeline.apply(first.world, pipeline.plan(first.world, Request(verb="deploy", target="sandbox")))
    here, *others = first.world.config.environments
    table = attrs.evolve(here, account_id="999999999999", region="eu-west-1")
    config = attrs.evolve(first.world.config, environments=(table, *others))
    world = attrs.evolve(first.world, config=config, platform=Looked({}))
    settings = Settings(functions=(Function(key="create", handler="customers.create.handler"),))
    units = tuple(attrs.evolve(unit, settings=dict.fromkeys(unit.settings, settings)) for unit in world.projects)
    unit = opened(world, tmp_path, units, progress=said.append)["customers"]

    unit.logs("sandbox")
    unit.functions["create"].logs("sandbox")
    links = [unit.links("sandbox"), unit.functions["create"].links("sandbox")]

    assert {(place.account_id, place.region) for place in asked} == {(here.account_id, here.region)}
    assert all(
        f"region={here.region}" in url for found in links for name, url in found.items() if name != "switch role"
    )
    assert set(said) == {
        f"customers in sandbox runs in {here.region} of account {here.account_id}, which is looked at; the table says "
        "eu-west-1 of account 999999999999"
    }
