"""What is released is what was hashed: a file that is edited in between stops its unit."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import attrs

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.host.git import Snapshot
from multi_env_lambda.host.made import MadeRelease
from multi_env_lambda.make.patience import said_if_slow
from multi_env_lambda.model.outline import Outline
from multi_env_lambda.model.project import Project
from multi_env_lambda.model.published import Published
from multi_env_lambda.model.units import Units
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.plan.affected import Inputs
from multi_env_lambda.world import Maker

from .worlds import chain, deploy, outcomes, versions


@attrs.define
class Edited:
    """Somebody saves one of these texts of the tree while its unit is built."""

    maker: Maker
    texts: dict[str, str]
    name: str
    unit: str
    forgotten: int = 0

    def snapshot(self, paths: Sequence[str]) -> Snapshot:
        return self.maker.snapshot(paths)

    def committed(self) -> WorkspaceConfig | None:
        return self.maker.committed()

    def make(self, project: Project, inputs: Inputs, published: Published) -> MadeRelease:
        found = self.maker.make(project, inputs, published)
        if project.name == self.unit:
            self.texts[self.name] = "saved meanwhile"
        return found

    def forget(self, inputs: Inputs) -> None:
        self.forgotten += 1


def edited(folder: Path, texts: str, name: str, unit: str) -> None:
    fake = chain(folder)
    maker = Edited(fake.world.maker, getattr(fake.tree, texts), name, unit)
    first = deploy(attrs.evolve(fake, world=attrs.evolve(fake.world, maker=maker)))

    assert (outcomes(first)[unit], first[unit].error) == ("blocked", "PlanStale")
    assert first[unit].detail.endswith("a file was edited during the build")
    assert outcomes(first)["search" if unit != "search" else "customers"] == "deployed"
    assert maker.forgotten == 1
    assert [key for _, key in fake.store.writes if f"projects/{unit}/" in key] == []
    assert outcomes(deploy(fake))[unit] == "deployed"
    assert versions(fake, "sandbox")[unit] == "0.1.0"


def test_a_file_of_the_unit_that_was_edited_while_it_was_built_stops_it(tmp_path: Path) -> None:
    edited(tmp_path, "content", "search", "search")


def test_a_file_of_a_shared_folder_counts_as_well(tmp_path: Path) -> None:
    edited(tmp_path, "libraries", "libs/money", "orders")


@attrs.frozen
class Slow:
    """Builds one unit until somebody has heard that it takes long."""

    maker: Maker
    heard: threading.Event

    def snapshot(self, paths: Sequence[str]) -> Snapshot:
        return self.maker.snapshot(paths)

    def committed(self) -> WorkspaceConfig | None:
        return self.maker.committed()

    def make(self, project: Project, inputs: Inputs, published: Published) -> MadeRelease:
        if project.name == "search":
            assert self.heard.wait(60)
        return self.maker.make(project, inputs, published)


def test_a_unit_that_is_built_for_long_is_named_while_the_others_wait(tmp_path: Path) -> None:
    fake, heard, told = chain(tmp_path), threading.Event(), []

    def said(text: str) -> None:
        told.append(text)
        if text.startswith("search "):
            heard.set()

    slow = attrs.evolve(fake.world, maker=Slow(fake.world.maker, heard), said=said, slow_seconds=0)
    assert set(outcomes(deploy(attrs.evolve(fake, world=slow))).values()) == {"deployed"}

    assert "search is still being built after 0 seconds" in told


def test_of_what_is_built_soon_nothing_is_said() -> None:
    told: list[str] = []

    with said_if_slow(told.append, "orders", 3600):
        timers = [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]
        (timer,) = [timer for timer in timers if timer.args == ("orders",)]

    timer.join(60)
    assert (timer.is_alive(), told) == (False, [])


@attrs.define
class Asked(Edited):
    """Remembers the paths that Git is asked for."""

    paths: list[Sequence[str]] = attrs.field(factory=list)

    def snapshot(self, paths: Sequence[str]) -> Snapshot:
        self.paths.append(paths)
        return self.maker.snapshot(paths)


def test_git_is_asked_only_for_what_the_named_unit_is_built_from(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    maker = Asked(fake.world.maker, {}, "", "")
    deploy(attrs.evolve(fake, world=attrs.evolve(fake.world, maker=maker)), only=("orders",))

    assert [list(paths) for paths in maker.paths] == [["build-constraints.txt", "libs/money", "projects/orders"]]


def test_a_unit_whose_table_is_not_as_it_was_noted_stops_alone(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    right = fake.world.projects

    def read(outline: Outline) -> Project:
        if outline.name == "search":
            raise ConfigurationError("projects/search/pyproject.toml", "it is something else", hint="look")
        return right.settled(outline)

    world = attrs.evolve(fake.world, projects=Units(right.outlines, read))
    done = outcomes(deploy(attrs.evolve(fake, world=world)))
    assert (done["search"], done["orders"]) == ("blocked", "deployed")
