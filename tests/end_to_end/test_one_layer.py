"""Units whose functions get the layer of another unit, which each account has once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from multi_env_lambda.local.server import down
from tests.bad_repositories import add_wheels
from tests.calls.yard import write_workspace

from .stage import Done, Stage, commit, runs_here

pytestmark = pytest.mark.local_cloud

BORROWERS = ("billing", "reports")
OTHER = "alone"
"""A unit that has nothing to do with it."""

TABLE = """[project]
name = "{name}"
version = "0.1.0"
dependencies = [{dependencies}]

[tool.multi_env_lambda]
runtime = "python3.13"
architecture = "x86_64"
"""
LENDER = "layer_for_others = true\n"
BORROWER = """needs = ["common"]
layer_of = "common"

[tool.multi_env_lambda.functions.main]
handler = "main.handler"
smoke = {{ payload = {{}}, expect = {{ unit = "{name}" }} }}
"""
MAIN = """from shared import WHO


def handler(event, context):
    return {{"layer": WHO, "unit": "{name}"}}
"""
LOCK = """lock-version = "1.0"
created-by = "by hand"

[[packages]]
name = "{package}"
version = "1.0"
wheels = [{{ name = "{wheel}", path = "wheels/{wheel}", hashes = {{ sha256 = "@{wheel}@" }} }}]
"""


def lend(root: Path, package: str) -> None:
    """The unit that is a layer, with one package, whose module says what it is."""
    folder = root / "projects/common"
    folder.mkdir(parents=True, exist_ok=True)
    table = TABLE.format(name="common", dependencies=json.dumps(package))
    (folder / "pyproject.toml").write_text(table + LENDER, encoding="utf-8")
    lock = LOCK.format(package=package, wheel=f"{package}-1.0-py3-none-any.whl")
    (folder / "pylock.toml").write_text(lock, encoding="utf-8")
    add_wheels(folder / "pylock.toml")
    runs_here(root)


def borrow(root: Path, name: str) -> None:
    folder = root / "projects" / name
    folder.mkdir(parents=True)
    text = TABLE.format(name=name, dependencies="") + BORROWER.format(name=name)
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    (folder / "main.py").write_text(MAIN.format(name=name), encoding="utf-8")
    runs_here(root)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    root = tmp_path_factory.mktemp("one-layer") / "workspace"
    write_workspace(root, (OTHER,), ())
    lend(root, "small")
    for name in BORROWERS:
        borrow(root, name)
    commit(root)
    try:
        yield Stage.at(root)
    finally:
        down(root)


def done(stage: Stage, verb: str, *words: str) -> Done:
    found = stage.script(verb, *words)
    assert found.code == 0, found.err
    return found


def answers(stage: Stage, place: str, names: tuple[str, ...] = BORROWERS) -> set[str]:
    """What the functions of these units say that their layer is."""
    found = [done(stage, "invoke", name, "main", place, "--json").answer["payload"] for name in names]
    return {json.loads(payload)["layer"] for payload in found}


def layers(stage: Stage, place: str) -> dict[str, list[str]]:
    """All versions of layers in an account, by name, in the order of their publication."""
    client = stage.client(place, "lambda")
    names = [item["LayerName"] for item in client.list_layers()["Layers"]]
    pages = {name: client.list_layer_versions(LayerName=name)["LayerVersions"] for name in names}
    return {name: [item["LayerVersionArn"] for item in reversed(found)] for name, found in pages.items()}


def layers_of(stage: Stage, place: str, unit: str) -> list[str]:
    found = stage.client(place, "lambda").get_function_configuration(FunctionName=f"{unit}-{place}-main:live")
    return [item["Arn"] for item in found["Layers"]]


def test_an_account_has_the_layer_once_and_the_functions_of_both_units_use_it(stage: Stage) -> None:
    done(stage, "deploy", "--to", "test", "--all", "--yes")

    for place in ("sandbox", "test"):
        found = layers(stage, place)
        assert list(found) == [f"common-{place}"] and len(found[f"common-{place}"]) == 1
        assert [layers_of(stage, place, name) for name in BORROWERS] == [found[f"common-{place}"]] * 2
        assert answers(stage, place) == {"small"}


def test_a_changed_layer_changes_those_that_get_it_and_nobody_else(stage: Stage) -> None:
    lend(stage.root, "same")
    commit(stage.root)

    planned = done(stage, "plan", "sandbox")
    deployed = done(stage, "deploy", "sandbox", "--yes", "--json")

    assert "its functions get the layer" in planned.out + planned.err
    assert {unit for _, unit in deployed.touched()} == {"common", *BORROWERS}
    assert len(layers(stage, "sandbox")["common-sandbox"]) == 2
    assert (answers(stage, "sandbox"), answers(stage, "test")) == ({"same"}, {"small"})


def test_one_unit_rolls_back_to_the_layer_that_it_had_and_is_promoted_with_its_own_again(stage: Stage) -> None:
    done(stage, "rollback", "billing", "sandbox", "--yes", "--reason", "tried")
    assert answers(stage, "sandbox", ("billing",)) == {"small"}
    assert answers(stage, "sandbox", ("reports",)) == {"same"}
    assert len(layers(stage, "sandbox")["common-sandbox"]) == 2

    done(stage, "deploy", "billing", "sandbox", "--yes", "--agree", "again:billing")
    done(stage, "promote", "test", "--yes")

    assert answers(stage, "sandbox") == answers(stage, "test") == {"same"}
    assert len(layers(stage, "test")["common-test"]) == 2


def test_a_unit_does_not_come_where_its_layer_never_was(stage: Stage) -> None:
    before = stage.objects()
    refused = stage.script("promote", "billing", "staging", "--yes")

    assert refused.code != 0
    assert "has no version of common-staging" in refused.err, refused.err
    assert "promote.py common" in refused.err
    assert stage.client("staging", "cloudformation").describe_stacks()["Stacks"] == []
    assert {key for key in stage.objects() if key not in before} == set()


def test_the_unit_whose_layer_others_get_is_not_destroyed(stage: Stage) -> None:
    refused = stage.script("destroy", "common", "sandbox", "--yes", "--confirm", "common")

    assert refused.code != 0
    assert "still needed there by billing, reports" in refused.err, refused.err


def test_layers_that_a_rollback_of_another_unit_needs_are_not_pruned(stage: Stage) -> None:
    going = done(stage, "prune", "--json").answer["candidates"]

    assert [item["name"] for item in going if item["kind"] == "layer version"] == []


def test_a_rollback_of_the_layer_leaves_those_that_get_it(stage: Stage) -> None:
    done(stage, "rollback", "common", "test", "--yes", "--reason", "tried")

    assert answers(stage, "test") == {"same"}
    assert done(stage, "drift", "test").code == 0


def test_their_tests_and_a_call_on_this_machine_have_the_layer(stage: Stage) -> None:
    here = done(stage, "invoke", "billing", "main", "sandbox", "--here", "--json")
    assert json.loads(here.answer["payload"])["layer"] == "same"

    locked = stage.script("lock", "billing", local=False)
    assert "gets the layer of common, nothing to lock" in locked.err
    assert not (stage.root / "projects/billing/pylock.toml").exists()


def refused(stage: Stage, name: str, text: str) -> str:
    """What a plan says while a file of `billing` has another text, which is taken back."""
    path = stage.root / "projects/billing" / name
    before = path.read_text(encoding="utf-8") if path.exists() else None
    path.write_text(text, encoding="utf-8")
    done = stage.script("plan", "billing", "sandbox")
    if before is None:
        path.unlink()
    else:
        path.write_text(before, encoding="utf-8")
    assert done.code != 0, done.out
    return done.out


def test_what_the_layer_lacks_is_refused_before_anything_is_published(stage: Stage) -> None:
    said = refused(stage, "main.py", f"import requests\n{MAIN.format(name='billing')}")

    assert "add what provides `requests` to `dependencies`" in said, said


def test_what_the_unit_requires_must_be_in_the_lock_of_the_layer(stage: Stage) -> None:
    table = (stage.root / "projects/billing/pyproject.toml").read_text(encoding="utf-8")

    said = refused(stage, "pyproject.toml", table.replace("dependencies = []", 'dependencies = ["requests>=2"]'))

    assert "billing gets the layer of common, but projects/common/pylock.toml: requests>=2 is not locked" in said, said
    assert "hint: add it to common, and lock that unit" in said


def test_a_lock_beside_the_layer_of_another_unit_is_refused(stage: Stage) -> None:
    lock = (stage.root / "projects/common/pylock.toml").read_text(encoding="utf-8")

    said = refused(stage, "pylock.toml", lock)

    assert "it is a lock of billing, which gets the layer of common" in said, said
