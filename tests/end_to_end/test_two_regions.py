"""An environment in another region than the bucket: the same bytes, from a bucket of its own region."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import attrs
import pytest

from multi_env_lambda.local.server import down, ensure_running
from multi_env_lambda.model.environment import Environment

from .stage import Done, Stage, commit, sample_workspace

pytestmark = pytest.mark.local_cloud

THERE = "eu-central-1"
COPIES = f"acme-artifacts-111111111111-{THERE}"
BOTH = ("test", "staging")
"""The environments of the stage ``both``: one there, one in the region of devops."""

DOLLARS = """
[tool.multi_env_lambda.environments.test.functions.create.environment]
CURRENCY = "USD"
"""
"""What the smoke call of `orders` does not expect, and only in `test`."""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    root = sample_workspace(tmp_path_factory.mktemp("regions") / "workspace")
    place(root / "pyproject.toml", "333333333333", THERE)
    for name in BOTH:
        beside(root / "pyproject.toml", name)
    commit(root)  # a table that is not committed moves no environment without an approval
    config = Stage.at(root).config
    environments = tuple(attrs.evolve(item, region=region_of(item)) for item in config.environments)
    config = attrs.evolve(config, environments=environments)
    try:
        yield Stage(root, ensure_running(root, config), config)
    finally:
        down(root)


def region_of(environment: Environment) -> str:
    return THERE if environment.name == "test" else environment.region


def place(table: Path, account_id: str, region: str) -> None:
    line = f'account_id = "{account_id}"'
    lines = table.read_text("utf-8").splitlines()
    at = lines.index(line)
    lines = [text for number, text in enumerate(lines) if number != at + 1 or not text.startswith("region")]
    lines.insert(at + 1, f'region = "{region}"')
    table.write_text("\n".join(lines) + "\n", "utf-8")


def beside(table: Path, name: str) -> None:
    text = table.read_text("utf-8")
    assert text.count(f'name = "{name}"\n') == 1
    table.write_text(text.replace(f'name = "{name}"\n', f'name = "{name}"\nstage = "both"\n'), "utf-8")


def go(stage: Stage, verb: str, environment: str, *more: str) -> Done:
    return stage.script(verb, environment, "--only", "orders", "--yes", *more)


def copies(stage: Stage) -> dict[str, str]:
    """Every object of the other region's bucket, with its ETag."""
    s3 = stage.client("devops", "s3")
    return {item["Key"]: item["ETag"] for item in s3.list_objects_v2(Bucket=COPIES).get("Contents", ())}


def test_a_release_is_promoted_into_another_region_with_the_same_bytes(stage: Stage) -> None:
    assert stage.script("deploy", "sandbox", "--only", "customers", "--only", "orders", "--yes").code == 0
    assert copies(stage) == {}
    assert stage.script("promote", "test", "--only", "customers", "--only", "orders", "--yes").code == 0

    home = stage.artifacts()
    taken = {key for key in copies(stage) if key.endswith((".whl", "layer.zip"))}
    assert set(copies(stage)) == taken and {key: home[key] for key in taken} == copies(stage)
    answer = stage.script("invoke", "orders", "create", "test", "--payload", '{"lines": []}')
    assert answer.code in (0, 13), answer.err
    function = stage.client("test", "lambda").get_function(FunctionName="orders-test-create")["Configuration"]
    here = stage.client("sandbox", "lambda").get_function(FunctionName="orders-sandbox-create")["Configuration"]
    assert function["FunctionArn"].split(":")[3] == THERE
    assert function["CodeSha256"] == here["CodeSha256"]


def test_a_copy_that_is_gone_or_was_changed_is_made_again(stage: Stage) -> None:
    s3, key = stage.client("devops", "s3"), next(key for key in copies(stage) if "orders" in key and ".whl" in key)
    s3.delete_object(Bucket=COPIES, Key=key)
    assert go(stage, "promote", "test", "--force").code == 0
    assert key in copies(stage)

    right = copies(stage)[key]
    s3.put_object(Bucket=COPIES, Key=key, Body=b"other bytes")
    changed = go(stage, "promote", "test", "--force")
    assert changed.code == 0, changed.err
    assert f"{key} in {COPIES} ({THERE}): its bytes have the SHA-256" in changed.err
    assert copies(stage)[key] == right


def test_a_rollback_goes_back_there_too(stage: Stage) -> None:
    with (stage.root / "projects/orders/orders/__init__.py").open("a") as module:
        module.write("# one more line\n")
    assert go(stage, "deploy", "sandbox").code == 0
    assert go(stage, "promote", "test").code == 0
    back = stage.script("rollback", "orders", "test", "--yes")
    assert back.code == 0, back.err


@pytest.mark.long
def test_both_regions_of_a_stage_change_at_once_and_what_fails_in_one_stops_there_alone(stage: Stage) -> None:
    table = stage.root / "projects/orders/pyproject.toml"
    before, units = table.read_text("utf-8"), ("--only", "customers", "--only", "orders")
    assert stage.script("deploy", "sandbox", *units, "--yes").code == 0
    # Alone, nothing runs in `test` yet; after the test before this one, what was rolled back there comes back.
    back = ("--agree", "again:orders") if copies(stage) else ()
    assert stage.script("promote", "test", *units, "--yes", *back).code == 0
    table.write_text(before + DOLLARS, "utf-8")

    done = stage.script("deploy", "--to", "both", *units, "--yes", "--json")

    assert {key: outcome for key, outcome in done.outcomes().items() if key[0] in BOTH} == {
        ("test", "customers"): "unchanged",
        ("test", "orders"): "failed",
        ("staging", "customers"): "deployed",
        ("staging", "orders"): "deployed",
    }
    assert done.code != 0
    assert overlap(last(stage, "orders", "test"), last(stage, "customers", "staging"))

    apart = stage.script("promote", "prod", *units, "--yes", "--json")
    assert apart.outcomes() == {("prod", "customers"): "deployed", ("prod", "orders"): "blocked"}
    assert "test runs" in apart.out and "staging runs" in apart.out

    table.write_text(before, "utf-8")
    good = stage.script("deploy", "--to", "prod", *units, "--yes", "--json")
    assert good.code == 0, good.err
    ended = {place: good.outcomes()[place, "orders"] for place in (*BOTH, "prod")}
    assert ended == {"test": "unchanged", "staging": "deployed", "prod": "deployed"}


def last(stage: Stage, unit: str, environment: str) -> tuple[float, float]:
    """When the newest deployment began and ended; a record has whole seconds."""
    newest = stage.script("history", unit, environment, "--json").answer[environment][-1]
    began = datetime.fromisoformat(newest["when"]).timestamp()
    return began, began + max(newest["seconds"], 1.0)


def overlap(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def test_nothing_is_forgotten_in_the_old_place_of_an_environment_that_has_moved(stage: Stage) -> None:
    table = stage.root / "pyproject.toml"
    before = table.read_text("utf-8")
    place(table, "222222222222", "eu-west-1")
    try:
        plan = stage.script("plan", "sandbox", "--only", "orders", "--json")
        (step,) = [step for step in json.loads(plan.out)["steps"] if step["project"] == "orders"]
        assert (plan.code, step["kind"]) == (1, "blocked")
        assert "runs in us-east-1 of account 222222222222" in step["what"] and "eu-west-1" in step["what"]
        asked = stage.script("destroy", "orders", "sandbox", "--yes", "--confirm", "no")
        assert asked.code == 9 and "in 222222222222 us-east-1" in asked.err
    finally:
        table.write_text(before, "utf-8")
