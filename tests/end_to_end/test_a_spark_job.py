"""A Spark job goes the way of every unit: planned, deployed, promoted, rolled back; only its run is for AWS."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .stage import Done, Stage, commit, sample_stage

pytestmark = [pytest.mark.local_cloud, pytest.mark.network, pytest.mark.slow]

JOB = """
[tool.multi_env_lambda.jobs.cluster]
kind = "glueetl"
entry = "nightly.job:main"
worker_type = "G.2X"
number_of_workers = 3
"""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with sample_stage(tmp_path_factory.mktemp("spark") / "workspace") as stage:
        path = stage.root / "projects/nightly/pyproject.toml"
        path.write_text(path.read_text(encoding="utf-8") + JOB, encoding="utf-8")
        commit(stage.root)
        yield stage


@pytest.fixture(scope="module")
def deployed(stage: Stage) -> Done:
    return stage.script("deploy", "--to", "test", "--only", "nightly", "--yes", "--json")


@pytest.fixture(scope="module")
def changed(stage: Stage, deployed: Done) -> Done:
    path = stage.root / "projects/nightly/pyproject.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("workers = 3", "workers = 5"), encoding="utf-8")
    commit(stage.root)
    return stage.script("deploy", "--to", "test", "--only", "nightly", "--yes", "--json")


def workers(stage: Stage, place: str) -> int:
    return int(stage.client(place, "glue").get_job(JobName=f"nightly-{place}-cluster")["Job"]["NumberOfWorkers"])


def test_it_is_deployed_and_promoted_with_the_wheel_that_was_published(stage: Stage, deployed: Done) -> None:
    assert deployed.outcomes() == {(place, "nightly"): "deployed" for place in ("sandbox", "test")}, deployed.err
    for place in ("sandbox", "test"):
        job = stage.client(place, "glue").get_job(JobName=f"nightly-{place}-cluster")["Job"]
        wheel = job["DefaultArguments"]["--additional-python-modules"].partition(f"{stage.config.devops.bucket}/")[2]
        assert (job["Command"]["Name"], job["GlueVersion"], job["WorkerType"]) == ("glueetl", "5.0", "G.2X")
        assert wheel in stage.artifacts()


def test_its_run_is_refused_with_a_hint_and_not_called_a_success(stage: Stage, deployed: Done) -> None:
    done = stage.script("invoke", "nightly", "cluster", "sandbox")

    assert done.code != 0 and "FAILED" in done.out
    assert "the local cloud has no Spark" in done.err and "hint: " in done.err


def test_a_change_of_its_cluster_is_deployed_and_rolled_back(stage: Stage, changed: Done) -> None:
    assert changed.outcomes() == {(place, "nightly"): "deployed" for place in ("sandbox", "test")}, changed.err
    assert (workers(stage, "sandbox"), workers(stage, "test")) == (5, 5)

    back = stage.script("rollback", "nightly", "test", "--yes")
    assert (back.code, workers(stage, "sandbox"), workers(stage, "test")) == (0, 5, 3), back.err


def test_a_plan_says_what_changes_of_it(stage: Stage, changed: Done) -> None:
    path = stage.root / "projects/nightly/pyproject.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("workers = 5", "workers = 7"), encoding="utf-8")

    done = stage.script("plan", "sandbox", "--only", "nightly")

    assert (done.code, "NumberOfWorkers" in done.out) == (0, True), done.out + done.err
