"""A layer from elsewhere is asked what it is for, once per version; nothing is refused, and what is wrong is a note."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest

from multi_env_lambda import pipeline
from multi_env_lambda.aws.functions import layer_says
from multi_env_lambda.errors import StackError
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.plan import DeployStep
from multi_env_lambda.model.request import Request
from multi_env_lambda.model.versions import LayerSays
from multi_env_lambda.testing.memory import MemoryPlatform
from multi_env_lambda.testing.world import FakeTree, FakeWorld, fake_world
from tests.tools.faulty_client import FaultyClient

UNITS = ("billing", "orders")
ARN = "arn:aws:lambda:us-east-1:333333333333:layer:tools:7"


class Layers(MemoryPlatform):
    """Counts what is asked; ``denied``: nobody may ask."""

    def __init__(self, denied: bool = False) -> None:
        super().__init__(str)
        self.denied, self.asked = denied, list[str]()

    def layer_says(self, environment: Environment, arn: str) -> LayerSays | None:
        self.asked.append(arn)
        if self.denied:
            raise StackError(arn, "AccessDenied", hint="allow it")
        return super().layer_says(environment, arn)


def world(folder: Path, platform: Layers, layers: list[object]) -> FakeWorld:
    return fake_world(FakeTree({"orders": "one"}, properties={"orders": {"Layers": layers}}), folder, platform=platform)


def notes(fake: FakeWorld) -> tuple[str, ...]:
    (step,) = pipeline.plan(fake.world, Request(verb="deploy", target="sandbox")).plan.steps
    assert isinstance(step, DeployStep)
    return step.notes


@pytest.mark.parametrize(
    ("said", "note"),
    [
        (LayerSays(), None),
        (LayerSays(runtimes=("python3.12", "python3.13"), architectures=("x86_64", "arm64")), None),
        (LayerSays(runtimes=("python3.11", "python3.12")), "is for python3.11, python3.12, not for python3.13"),
        (LayerSays(runtimes=("python3.13",), architectures=("arm64",)), "is for arm64, not for x86_64"),
        (
            LayerSays(runtimes=("python3.9",), architectures=("arm64",)),
            "is for python3.9 and arm64, not for python3.13 and x86_64",
        ),
    ],
)
def test_a_layer_for_another_runtime_or_processor_is_a_note(tmp_path: Path, said: LayerSays, note: str | None) -> None:
    platform = Layers()
    platform.said[ARN] = said

    assert notes(world(tmp_path, platform, [{"Ref": "Layer"}, ARN])) == (
        () if note is None else (f"the layer {ARN} {note}",)
    )


def test_a_version_is_asked_once_on_a_machine(tmp_path: Path) -> None:
    platform = Layers()
    platform.said[ARN] = LayerSays(runtimes=("python3.9",))
    fake = world(tmp_path, platform, [ARN])

    assert notes(fake) == notes(fake) != ()
    assert platform.asked == [ARN]


def test_what_many_units_get_is_asked_once_even_if_nothing_is_said_that_could_be_kept(tmp_path: Path) -> None:
    tree = FakeTree(dict.fromkeys(UNITS, "one"), properties={name: {"Layers": [ARN]} for name in UNITS})
    for denied in (False, True):
        fake = fake_world(tree, tmp_path / str(denied), platform=(platform := Layers(denied)))
        plan = pipeline.plan(fake.world, Request(verb="deploy", target="sandbox")).plan

        assert [len(step.notes) for step in plan.deploys] == [1, 1]
        assert platform.asked == [ARN]


def test_one_that_is_not_there_or_not_to_be_read_is_said(tmp_path: Path) -> None:
    assert notes(world(tmp_path / "a", Layers(), [ARN])) == (f"there is no layer {ARN}: the deploy will fail",)
    (note,) = notes(world(tmp_path / "b", Layers(denied=True), [ARN]))
    assert "could not be looked at (AccessDenied)" in note


def test_nothing_is_asked_about_own_layers_or_in_the_local_cloud(tmp_path: Path) -> None:
    platform = Layers()
    notes(world(tmp_path / "a", platform, [{"Ref": "Layer"}]))
    fake = world(tmp_path / "b", platform, [ARN])
    here = tuple(attrs.evolve(project, processor="x86_64") for project in fake.world.projects)
    fake = attrs.evolve(fake, world=attrs.evolve(fake.world, projects=here))

    assert notes(fake) == ()
    assert platform.asked == []


class Lambda:
    def get_layer_version_by_arn(self, **_: Any) -> dict[str, Any]:
        return {"CompatibleRuntimes": ["python3.13"], "Content": {"CodeSha256": "abc="}}


def test_what_lambda_says_is_read() -> None:
    client = FaultyClient(Lambda())
    assert layer_says(client, ARN) == LayerSays(runtimes=("python3.13",))
    client.fail("get_layer_version_by_arn", code="ResourceNotFoundException", status=404)
    assert layer_says(client, ARN) is None
