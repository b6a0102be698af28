"""A workspace that 0.1.1 deployed is taken over as it is: what runs goes on running, and one deploy upgrades it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from multi_env_lambda.local.server import down
from tests.formats.bucket import FORMATS, bucket_of

from .stage import Done, Stage, commit, git

pytestmark = pytest.mark.local_cloud

UNITS = ("alpha", "beta")
PLACES = ("sandbox", "prod")


@attrs.frozen
class Old:
    """The workspace as 0.1.1 left it, and what was seen of it before anything new was done."""

    stage: Stage
    versions: dict[str, str]

    def script(self, *words: str) -> Done:
        return self.stage.run("-m", "multi_env_lambda", *words, env=self.stage.credentials())

    def script_of(self, user: str, *words: str) -> Done:
        return self.stage.run("-m", "multi_env_lambda", *words, "--local", env={"MULTI_ENV_LAMBDA_LOCAL_USER": user})

    def record(self, place: str, unit: str) -> dict[str, Any]:
        bucket = self.stage.config.devops.bucket
        key = f"environments/{place}/current/{unit}.json"
        body = self.stage.client("devops", "s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        found: dict[str, Any] = json.loads(body)
        return found


def lambda_versions(stage: Stage) -> dict[str, str]:
    """The number of the version behind each function's alias."""
    names = [(place, f"{unit}-{place}-main") for place in PLACES for unit in UNITS]
    return {
        name: stage.client(place, "lambda").get_alias(FunctionName=name, Name="live")["FunctionVersion"]
        for place, name in names
    }


def as_0_1_1_left_it(root: Path) -> Stage:
    """The bucket object by object, and each stack as its template says, under the two tags of that time."""
    shutil.copytree(FORMATS / "workspace_of_0_1_1", root)
    git(root, "init", "-q")
    commit(root)
    stage = Stage.at(root)
    bucket, old = stage.config.devops.bucket, bucket_of("0.1.1")
    for key, item in old.objects.items():
        stage.client("devops", "s3").put_object(Bucket=bucket, Key=key, Body=item.body, Metadata=item.metadata)
    for place in PLACES:
        for unit in UNITS:
            running = json.loads(old.objects[f"environments/{place}/current/{unit}.json"].body)["running"]
            template = old.objects[f"projects/{unit}/release/{running['release']}/{place}.template.json"].body.decode()
            tags = {"multi_env_lambda:project": unit, "multi_env_lambda:environment": place}
            stage.client(place, "cloudformation").create_stack(
                StackName=f"{unit}-{place}",
                TemplateBody=template,
                Capabilities=["CAPABILITY_NAMED_IAM"],
                Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
            )
    return stage


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Old]:
    stage = as_0_1_1_left_it(tmp_path_factory.mktemp("old") / "workspace")
    try:
        yield Old(stage, lambda_versions(stage))
    finally:
        down(stage.root)


@pytest.fixture(scope="module")
def before(old: Old) -> dict[str, Any]:
    found: dict[str, Any] = old.script("status", "--json").answer
    return found


@pytest.fixture(scope="module")
def rehearsed(old: Old, before: dict[str, Any]) -> Done:
    return old.script("plan", "sandbox", "--json")


@pytest.fixture(scope="module")
def upgraded(old: Old, rehearsed: Done) -> Done:
    return old.script("deploy", "sandbox", "--json")


def test_what_runs_and_what_failed_is_shown_as_before(before: dict[str, Any]) -> None:
    cells = {(cell["project"], cell["environment"]): cell for cell in before["cells"]}

    assert {key: cell["version"] for key, cell in cells.items()} == {(u, p): "0.1.0" for u in UNITS for p in PLACES}
    assert cells["alpha", "sandbox"]["rolled_back"]["version"] == "0.1.0.post1"
    assert cells["beta", "sandbox"]["failed_version"] == "0.1.0.post1"


def test_the_plan_says_that_the_library_is_the_reason(rehearsed: Done) -> None:
    steps = {step["project"]: step for step in rehearsed.answer["steps"]}

    assert {name: (step["kind"], step["release"]["version"]) for name, step in steps.items()} == {
        "alpha": ("deploy", "0.1.0"),
        "beta": ("deploy", "0.1.0"),
    }
    assert {reason for step in steps.values() for reason in step["why"]} == {"multi_env_lambda changed"}


def test_the_upgrade_keeps_the_published_bytes_and_the_versions_that_run(old: Old, upgraded: Done) -> None:
    assert (upgraded.code, set(upgraded.outcomes().values())) == (0, {"deployed"}), upgraded.err
    assert lambda_versions(old.stage) == old.versions
    wheels = [key for key in old.stage.artifacts() if key.endswith(".whl")]
    assert len(wheels) == 4


def test_the_record_is_one_of_the_new_format(old: Old, upgraded: Done) -> None:
    record = old.record("sandbox", "alpha")

    assert (record["format"], record["running"]["account_id"], record["running"]["region"]) == (
        2,
        "222222222222",
        "us-east-1",
    )
    assert {item["key"].rpartition("/")[2] for item in record["running"]["objects"]} == {
        "alpha-0.1.0-py3-none-any.whl",
        "alpha-0.1.0.tar.gz",
        "layer.zip",
        "requirements.zip",
    }
    assert [len(item["sha256"]) for item in record["running"]["layers"]] == [44]


def test_a_table_and_logs_are_known_by_their_physical_names(old: Old, upgraded: Done) -> None:
    assert old.record("sandbox", "beta")["running"]["resources"] == [
        {"logical_id": "Data", "type": "AWS::DynamoDB::Table", "physical_id": "beta-sandbox"},
        {"logical_id": "MainLogs", "type": "AWS::Logs::LogGroup", "physical_id": "/aws/lambda/beta-sandbox-main"},
    ]


def test_after_it_nothing_is_left_to_do(old: Old, upgraded: Done) -> None:
    again = old.script("deploy", "sandbox", "--json")

    assert (again.code, set(again.outcomes().values())) == (0, {"unchanged"}), again.err


def test_the_upgrade_walks_the_chain_by_an_approval_of_this_version(old: Old, upgraded: Done, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    assert old.script("plan", "prod", "--out", str(plan)).code == 0
    refused = old.script("deploy", "--plan", str(plan))
    assert old.script_of("grace", "approve", str(plan)).code == 0
    done = old.script("deploy", "--plan", str(plan), "--json")

    assert (refused.code, done.code, set(done.outcomes().values())) == (9, 0, {"deployed"}), done.err
    assert lambda_versions(old.stage) == old.versions


def test_a_release_of_0_1_1_can_be_brought_back(old: Old, upgraded: Done) -> None:
    done = old.script("rollback", "alpha", "sandbox", "--to", "0.1.0.post1", "--reason", "to see it", "--yes")
    answer = old.script("invoke", "alpha", "main", "sandbox", "--payload", '{"name": "world"}')

    assert (done.code, json.loads(answer.out)) == (0, {"greeting": "hi world"}), done.err
