"""A deploy that would end half way, because an account is full, is refused before anything is written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import attrs
import pytest

from multi_env_lambda import Workspace, pipeline
from multi_env_lambda.model.request import Request
from multi_env_lambda.testing.local_cloud import set_quotas

from .stage import Done, Stage, sample_stage

pytestmark = pytest.mark.local_cloud

SANDBOX = ("sandbox", "--only", "customers", "--only", "orders", "--yes")
DEFAULTS = {"roles": 1000, "stacks": 2000, "rules": 300, "code": 75 * 1024**3, "builds": 1}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with sample_stage(tmp_path_factory.mktemp("quotas") / "workspace") as stage:
        yield stage


@pytest.fixture(autouse=True)
def _as_aws_gives_them(stage: Stage) -> Iterator[None]:
    yield
    set_quotas(stage.cloud, **DEFAULTS)


def roles(stage: Stage, place: str = "sandbox") -> int:
    return int(stage.client(place, "iam").get_account_summary()["SummaryMap"]["Roles"])


def quotas(done: Done, place: str) -> dict[str, Any]:
    found = [item for item in json.loads(done.out) if item["place"] == place]
    return {item["check"].removeprefix("quota: "): item for item in found if item["check"].startswith("quota: ")}


def test_without_the_check_a_deploy_ends_half_way_and_with_it_nothing_is_written(stage: Stage) -> None:
    set_quotas(stage.cloud, roles=roles(stage) + 1)
    before = stage.objects(), stage.stacks()

    refused = stage.script("deploy", *SANDBOX)

    assert (refused.code, (stage.objects(), stage.stacks())) == (9, before)
    said = " ".join(refused.err.split())
    number = roles(stage)
    assert f"account 222222222222 (sandbox): this plan adds 4 IAM roles: {number} of {number + 1} are in use" in said
    assert f"--quota-code L-FE177D64 --desired-value {number + 4} --region us-east-1" in said
    assert stage.script("plan", "sandbox").code == 9

    world = Workspace.open(stage.root, local=True)._opened.world
    units = Request(verb="deploy", target="sandbox", only=("customers", "orders"))
    draft = pipeline.plan(world, units)
    results = pipeline.apply(world, attrs.evolve(draft, fits=True))

    assert "failed" in {result.outcome for result in results}
    assert any("Cannot exceed quota for RolesPerAccount" in result.detail for result in results)
    assert stage.stacks().keys() > before[1].keys()


def test_once_there_is_room_the_same_command_goes_on(stage: Stage) -> None:
    assert stage.script("deploy", *SANDBOX).code == 0


def test_a_later_account_that_is_full_stops_the_chain_before_it_begins(stage: Stage) -> None:
    set_quotas(stage.cloud, stacks=1)
    before = stage.objects()

    refused = stage.script("deploy", "--to", "test", "--only", "customers", "--only", "orders", "--yes")

    assert (refused.code, stage.objects()) == (9, before)
    said = " ".join(refused.err.split())
    assert "account 333333333333 in us-east-1 (test): this plan adds 2 CloudFormation stacks: 0 of 1 are in use" in said


def test_one_line_too_much_for_the_storage_of_code_is_refused(stage: Stage) -> None:
    used = stage.client("sandbox", "lambda").get_account_settings()["AccountUsage"]["TotalCodeSize"]
    set_quotas(stage.cloud, code=used + 1)
    module = stage.root / "projects/customers/customers/__init__.py"
    text = module.read_text("utf-8")
    module.write_text(text + "# one more line\n", "utf-8")
    before = stage.objects(), stage.stacks()

    refused = stage.script("deploy", *SANDBOX)

    module.write_text(text, "utf-8")
    assert (refused.code, (stage.objects(), stage.stacks())) == (9, before)
    assert "of Lambda's storage for code and layers" in refused.err
    assert "or delete old versions with `prune`" in " ".join(refused.err.split())


def test_doctor_shows_how_full_each_account_is_and_warns_in_time(stage: Stage) -> None:
    done = stage.script("doctor", "--json")
    there = quotas(done, "sandbox")
    assert list(there) == ["roles", "stacks", "rules", "code", "concurrency"]
    assert {item["state"] for item in there.values()} == {"ok"}
    assert there["stacks"]["what"] == "2 of 2,000 CloudFormation stacks (0 %)"

    set_quotas(stage.cloud, roles=roles(stage), rules=4)
    done = stage.script("doctor", "--json")
    there = quotas(done, "sandbox")
    assert (done.code, there["roles"]["state"], there["rules"]["state"]) == (0, "note", "ok")
    assert there["roles"]["what"].endswith("IAM roles (100 %)")
    asked = f"--service-code iam --quota-code L-FE177D64 --desired-value {2 * roles(stage)} --region us-east-1"
    page = "https://us-east-1.console.aws.amazon.com/servicequotas/home/services/iam/quotas/L-FE177D64?region=us-east-1"
    assert there["roles"]["hint"] == f"`aws service-quotas request-service-quota-increase {asked}`, or {page}"
