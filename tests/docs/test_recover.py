"""The pages about losses, limits, costs and moving in: what they say happens, and their numbers are the code's."""

from __future__ import annotations

import re
from pathlib import Path

import attrs
import pytest

from multi_env_lambda import UnitsFailed, Workspace
from multi_env_lambda.model.api import _MOST_ROUTES
from multi_env_lambda.model.event import _LONGEST_INPUT
from multi_env_lambda.model.function import _MOST_ENVIRONMENT_BYTES
from multi_env_lambda.model.key import Number
from multi_env_lambda.model.keys.api import MOST_AUTHORIZERS
from multi_env_lambda.model.keys.ci import MOST_DAYS
from multi_env_lambda.model.keys.function import FUNCTION, MOST_OTHER_LAYERS
from multi_env_lambda.model.keys.job import JOB
from multi_env_lambda.model.keys.unit import MOST_TAGS
from multi_env_lambda.model.keys.workspace import WORKSPACE
from multi_env_lambda.model.name import ENVIRONMENT_NAME, KEY, LIMITS, PROJECT_NAME
from multi_env_lambda.model.rest_api import _MOST_PARTS
from multi_env_lambda.model.toml import LARGEST
from multi_env_lambda.testing.workspace import workspace_of
from multi_env_lambda.testing.world import FakeTree, FakeWorld, fake_world
from tests.declared import every_key
from tests.house import ROOT

PAGES = ROOT / "docs/source"
UNITS = {"orders": "1", "search": "1"}


@pytest.fixture
def fake(tmp_path: Path) -> FakeWorld:
    return fake_world(FakeTree(content=dict(UNITS)), tmp_path)


@pytest.fixture
def workspace(fake: FakeWorld, tmp_path: Path) -> Workspace:
    workspace = workspace_of(fake.world, tmp_path)
    workspace.deploy(to="staging")
    return workspace


# --- losses ---
def test_a_lost_record_comes_back_with_one_consent(fake: FakeWorld, workspace: Workspace) -> None:
    del fake.store.objects["environments/staging/current/orders.json"]

    with pytest.raises(UnitsFailed, match="has no record of it"):
        workspace.promote("orders", environment="staging")
    (result,) = workspace.promote("orders", environment="staging", agree=["take-over:orders-staging"])

    assert result.outcome == "deployed"
    assert workspace.environments["staging"].units() == {"orders": "0.1.0", "search": "0.1.0"}


def test_a_lost_bucket_is_filled_by_a_deploy_and_only_the_past_is_gone(fake: FakeWorld, workspace: Workspace) -> None:
    fake.store.objects.clear()
    words = [f"take-over:{unit}-{place}" for unit in UNITS for place in ("sandbox", "test", "staging")]

    results = workspace.deploy(to="staging", agree=words)

    assert {result.outcome for result in results} == {"deployed"}
    assert {result.outcome for result in workspace.deploy(to="staging")} == {"unchanged"}
    with pytest.raises(UnitsFailed, match="no older release of it has run there successfully"):
        workspace.rollback("orders", "staging")


def test_a_missing_artifact_stops_a_promotion_before_anything_changes(fake: FakeWorld, workspace: Workspace) -> None:
    for key in [key for key in fake.store.objects if "orders" in key and key.endswith(".whl")]:
        del fake.store.objects[key]

    with pytest.raises(UnitsFailed, match="the release needs it, but it is not in the bucket"):
        workspace.promote("orders", environment="prod")
    assert workspace.environments["prod"].units() == {}


def test_a_new_environment_takes_the_place_of_a_lost_account(fake: FakeWorld, tmp_path: Path) -> None:
    workspace_of(fake.world, tmp_path).deploy(to="prod")
    *others, prod = fake.world.config.environments
    config = attrs.evolve(
        fake.world.config, environments=(*others, attrs.evolve(prod, name="prod-2", account_id="666666666666"))
    )
    known = {"config": config, "store": fake.store, "platform": fake.platform}
    after = workspace_of(fake_world(fake.tree, tmp_path, **known).world, tmp_path)

    assert {(step.environment, step.outcome) for step in after.deploy("orders", to="prod-2")} == {
        (name, "deployed") for name in ("sandbox", "test", "staging", "prod-2")
    }
    assert "prod (left)" in after.status().text()
    for key in [key for key in fake.store.objects if key.startswith("environments/prod/")]:
        del fake.store.objects[key]
    (tmp_path / "another machine").mkdir()
    seen = workspace_of(fake_world(fake.tree, tmp_path / "another machine", **known).world, tmp_path)
    assert "prod (left)" not in seen.status().text()


def test_the_page_about_losses_quotes_what_is_said() -> None:
    page = (PAGES / "02-How-To/recover.rst").read_text("utf-8")

    for said in (
        "prod (left)",
        "no older release of it has run there successfully",
        "the release needs it, but it is not in the bucket",
    ):
        assert said in page


# --- costs ---
def test_the_requests_of_the_page_about_costs(tmp_path: Path) -> None:
    rows = dict(
        (name, (int(reads), int(writes)))
        for name, reads, writes in re.findall(
            r"^(\S.*?)  +(\d+)  +(\d+)$", (PAGES / "04-Reference/costs.rst").read_text("utf-8"), re.MULTILINE
        )
    )
    found: dict[str, tuple[int, int]] = {}
    for number in (1, 50):
        (tmp_path / str(number)).mkdir()
        fake = fake_world(FakeTree(content={f"u{one}": "1" for one in range(number)}), tmp_path / str(number))
        workspace, store = workspace_of(fake.world, tmp_path / str(number)), fake.store
        units = "1 unit" if number == 1 else "50 units"
        for name, run in (
            (f"first ``deploy`` of {units}", lambda: workspace.deploy(environment="sandbox")),  # noqa: B023
            (f"``deploy`` that changes nothing, {units}", lambda: workspace.deploy(environment="sandbox")),  # noqa: B023
            (f"``status`` of four environments, {units}", lambda: workspace.status()),  # noqa: B023
        ):
            before = len(store.reads), len(store.writes)
            run()
            found[name] = (len(store.reads) - before[0], len(store.writes) - before[1])

    assert rows == {name: counts for name, counts in found.items() if name in rows}
    assert len(rows) == 4


# --- limits ---
def test_the_limits_of_the_page_are_those_of_the_code() -> None:
    page = re.sub(r"[ ,]+", " ", (PAGES / "04-Reference/limits.rst").read_text("utf-8").replace(",", ""))
    memory, time = FUNCTION.kind("memory_size"), FUNCTION.kind("timeout")
    job, workers, keep = JOB.kind("timeout"), JOB.kind("number_of_workers"), WORKSPACE.kind("keep")
    assert all(isinstance(one, Number) for one in (memory, time, job, workers, keep))

    assert KEY.maximum == PROJECT_NAME.maximum == 40
    for said in (
        f"Name of an environment {ENVIRONMENT_NAME.maximum} characters",
        f"of a function {LIMITS['function']} characters",
        f"of a queue {LIMITS['queue']} characters",
        f"Memory of a function {memory.low} to {memory.high} MB",
        f"Time limit of a function {time.high} seconds",
        f"Environment variables of a function {_MOST_ENVIRONMENT_BYTES} bytes",
        f"own {MOST_OTHER_LAYERS}\n",
        f"Payload of a schedule {_LONGEST_INPUT} characters",
        f"Routes of a unit's HTTP API {_MOST_ROUTES}\n",
        f"Parts of the paths of a unit's REST API {_MOST_PARTS}\n",
        f"Authorizers of an API {MOST_AUTHORIZERS}\n",
        f"Tags of a unit {MOST_TAGS}\n",
        f"Time limit of a Glue job {job.high} minutes",
        f"Workers of a Spark job {workers.low} to {workers.high}\n",
        f"{LARGEST // 1024 // 1024} MiB",
        f"Environments of branches {MOST_DAYS} days",
        f"{keep.low} to {keep.high} per unit",
    ):
        assert said in page, said


# --- moving in ---
def test_every_word_of_ours_on_the_page_about_moving_in_is_a_key() -> None:
    page = (PAGES / "02-How-To/move-in.rst").read_text("utf-8")
    rows = re.findall(r"^``[^\n]*  (``\S[^\n]*)$", page, re.MULTILINE)
    words = {word for row in rows for word in re.findall(r"``([\w.]+)``", row)}

    assert len(rows) > 20
    assert words - {one.key.name for one in every_key()} == {"stack.py"}
