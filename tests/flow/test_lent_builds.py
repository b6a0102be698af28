"""A unit that gets the layer of another one is really built and checked with it, over accounts in memory."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from multi_env_lambda import pipeline
from multi_env_lambda.api.workspace import Workspace
from multi_env_lambda.model.lent import LentLayer
from multi_env_lambda.model.plan import BlockedStep, DeployStep, Step
from multi_env_lambda.model.request import Request
from multi_env_lambda.pipeline import PreparedPlan
from multi_env_lambda.plan.lent import lent_in
from multi_env_lambda.testing.memory_store import MemoryStore
from multi_env_lambda.world import World
from tests.bad_repositories import add_wheels, copy_of, world_of

pytestmark = pytest.mark.story

COMMON = """[project]
name = "common"
version = "0.1.0"
dependencies = [{dependencies}]

[tool.multi_env_lambda]
runtime = "python3.13"
architecture = "x86_64"
layer_for_others = true
"""
LOCK = """lock-version = "1.0"
created-by = "by hand"

[[packages]]
name = "{name}"
version = "1.0"
wheels = [{{ name = "{wheel}", path = "wheels/{wheel}", hashes = {{ sha256 = "@{wheel}@" }} }}]
"""
WHERE = "projects/{}/pyproject.toml"
SMALL = "small-1.0-py3-none-any.whl"
DISPLAY = "display-1.0-cp313-cp313-manylinux_2_28_x86_64.whl"


def lend(root: Path, wheel: str = SMALL, *, locked: bool = True) -> None:
    """`common`, whose layer has one package."""
    folder, name = root / "projects/common", wheel.partition("-")[0]
    folder.mkdir(exist_ok=True)
    folder.joinpath("pyproject.toml").write_text(COMMON.format(dependencies=f'"{name}"' if wheel else ""), "utf-8")
    if locked and wheel:
        folder.joinpath("pylock.toml").write_text(LOCK.format(name=name, wheel=wheel), "utf-8")
        add_wheels(folder / "pylock.toml")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """`orders` gets the layer of `common`, and imports it."""
    found = copy_of(tmp_path / "repository")
    table = found / "projects/orders/pyproject.toml"
    text = table.read_text("utf-8").replace('["customers"]', '["common"]\nlayer_of = "common"')
    table.write_text(text, "utf-8")
    handler = found / "projects/orders/orders/create.py"
    handler.write_text(f"import shared\n{handler.read_text('utf-8')}", "utf-8")
    lend(found)
    return found


def planned(root: Path, cache: Path) -> tuple[World, MemoryStore, PreparedPlan]:
    world, store = world_of(Workspace.open(root, local=False), cache)
    return world, store, pipeline.plan(world, Request(verb="deploy", target="prod", through=True))


def steps(root: Path, tmp_path: Path) -> dict[str, Step]:
    found = planned(root, tmp_path / "cache")[2].plan.steps
    return {step.project: step for step in found if step.environment == "sandbox"}


def refused(root: Path, tmp_path: Path) -> str:
    """Why `orders` is refused, although `common` is not."""
    found = steps(root, tmp_path)
    assert isinstance(found["common"], DeployStep)
    blocked = found["orders"]
    assert isinstance(blocked, BlockedStep), blocked
    return f"{blocked.what}\nhint: {blocked.hint}"


def both_refused(root: Path, tmp_path: Path) -> dict[str, str]:
    found = steps(root, tmp_path)
    return {name: step.what for name, step in found.items() if isinstance(step, BlockedStep)}


def test_the_layer_is_published_once_and_named_by_its_content(root: Path, tmp_path: Path) -> None:
    world, store, draft = planned(root, tmp_path / "cache")
    results = pipeline.apply(world, draft)

    assert {result.outcome for result in results} == {"deployed"}
    layer, release = draft.made["common"].release.layer, draft.made["orders"].release
    assert layer is not None and release.layer is None
    assert [key for _, key in store.writes if key.endswith("layer.zip")] == [layer.layer_key]
    for text in draft.made["orders"].templates.values():
        lent = lent_in(text)
        assert lent == LentLayer(unit="common", digest=layer.digest, sha256=layer.layer_sha256)
        (function,) = [
            body for body in json.loads(text)["Resources"].values() if body["Type"] == "AWS::Lambda::Function"
        ]
        assert function["Properties"]["Layers"] == [{"Ref": f"LentLayer{layer.digest[:12]}"}]


def test_a_unit_that_is_only_a_layer_makes_nothing_else(root: Path, tmp_path: Path) -> None:
    template = planned(root, tmp_path / "cache")[2].made["common"].templates["sandbox"]

    assert [body["Type"] for body in json.loads(template)["Resources"].values()] == ["AWS::Lambda::LayerVersion"]


def test_a_module_that_the_layer_lacks_is_refused(root: Path, tmp_path: Path) -> None:
    (root / "projects/orders/orders/create.py").write_text("import requests\ndef handler(e, c): pass\n", "utf-8")

    assert "requests" in refused(root, tmp_path)


def test_what_lambda_lacks_is_refused_where_a_function_uses_it(root: Path, tmp_path: Path) -> None:
    (root / "projects/orders/orders/create.py").write_text("import display\ndef handler(e, c): pass\n", "utf-8")
    lend(root, DISPLAY)

    assert "libGL.so.1" in refused(root, tmp_path)


def test_a_lock_beside_the_table_is_refused(root: Path, tmp_path: Path) -> None:
    lock = root / "projects/orders/pylock.toml"
    lock.write_text(LOCK.format(name="small", wheel=SMALL), "utf-8")
    add_wheels(lock)

    assert refused(root, tmp_path) == (
        "projects/orders/pylock.toml: it is a lock of orders, which gets the layer of common\n"
        "hint: remove it, or remove `layer_of`; common has the lock"
    )


def test_what_the_unit_requires_must_be_in_the_lock_of_the_layer(root: Path, tmp_path: Path) -> None:
    table = root / "projects/orders/pyproject.toml"
    table.write_text(table.read_text("utf-8").replace("dependencies = []", 'dependencies = ["small>=2"]'), "utf-8")

    said = refused(root, tmp_path)
    assert said.startswith("projects/orders/pyproject.toml: orders gets the layer of common, but ")
    assert "small" in said and said.endswith("hint: add it to common, and lock that unit")


def test_a_unit_without_dependencies_has_no_layer_to_lend(root: Path, tmp_path: Path) -> None:
    (root / "projects/common/pylock.toml").unlink()
    lend(root, "")

    assert both_refused(root, tmp_path) == {
        "common": f"{WHERE.format('common')}: layer_for_others: the unit has no dependencies, and therefore no layer",
        "orders": f"{WHERE.format('orders')}: layer_of: common has no dependencies, and therefore no layer",
    }


def test_a_layer_that_is_not_locked_is_told_at_both_units(root: Path, tmp_path: Path) -> None:
    (root / "projects/common/pylock.toml").unlink()

    said = both_refused(root, tmp_path)

    assert said["common"] == said["orders"]
    assert said["orders"].startswith(f"{WHERE.format('common')}: [project].dependencies: small is not locked")


def test_a_unit_of_jobs_alone_lends_a_layer_too(root: Path, tmp_path: Path) -> None:
    table = root / "projects/common/pyproject.toml"
    job = '[tool.multi_env_lambda.jobs.nightly]\nentry = "nightly:run"\n'
    table.write_text(table.read_text("utf-8") + job, "utf-8")
    (root / "projects/common/nightly.py").write_text("def run(arguments):\n    pass\n", "utf-8")

    found = steps(root, tmp_path)

    assert [type(found[name]) for name in ("common", "orders")] == [DeployStep] * 2, found
