"""`doctor` names what is missing, where, and what repairs it; one thing that is wrong hides nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from .stage import Done, Stage, sample_stage

pytestmark = pytest.mark.local_cloud


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with sample_stage(tmp_path_factory.mktemp("doctor") / "workspace") as stage:
        yield stage


def doctor(stage: Stage) -> Done:
    return stage.script("doctor", "--json", local=False, env=stage.credentials())


def states(done: Done) -> dict[tuple[str, str], str]:
    return {(item["place"], item["check"]): item["state"] for item in json.loads(done.out)}


def found(done: Done, place: str, check: str) -> Any:
    return next(item for item in json.loads(done.out) if (item["place"], item["check"]) == (place, check))


def test_where_nothing_is_wrong_it_says_so_and_changes_nothing(stage: Stage) -> None:
    before = stage.objects()
    done = doctor(stage)

    assert (done.code, stage.objects()) == (0, before)
    by_place = {place: state for (place, check), state in states(done).items() if check in ("role", "identity")}
    assert by_place == dict.fromkeys(("you", "devops", "sandbox", "test", "staging", "prod"), "ok")


def test_what_doctor_advises_repairs_the_local_bucket_too(stage: Stage) -> None:
    stage.client("devops", "s3").delete_bucket_policy(Bucket=stage.config.devops.bucket)
    before = stage.script("doctor", "--json")
    told = stage.script("bootstrap")

    assert states(before)["devops", "bucket"] == "problem"
    assert (told.code, "its policy lets the environments read" in told.err) == (0, True)
    assert states(stage.script("doctor", "--json"))["devops", "bucket"] == "ok"


def test_a_rule_of_somebody_else_that_removes_records_is_a_problem(stage: Stage) -> None:
    s3, bucket = stage.client("devops", "s3"), stage.config.devops.bucket
    rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    theirs = {"ID": "tidy", "Filter": {"Prefix": ""}, "Status": "Enabled", "Expiration": {"Days": 90}}
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [*rules, theirs]})

    told = found(stage.script("doctor", "--json"), "devops", "bucket")
    refused = stage.script("bootstrap")

    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    what = "the lifecycle rule `tidy` removes current records and artifacts after 90 days"
    assert (told["state"], told["what"]) == ("problem", f"s3://{bucket}: {what}")
    assert (refused.code, what in " ".join(refused.err.split())) == (5, True)


def test_what_others_set_is_named_and_not_what_bootstrap_would_leave_as_it_is(stage: Stage) -> None:
    s3, bucket = stage.client("devops", "s3"), {"Bucket": stage.config.devops.bucket}
    s3.put_object(**bucket, Key="projects/there", Body=b"x")
    policy = json.loads(s3.get_bucket_policy(**bucket)["Policy"])
    rules = s3.get_bucket_lifecycle_configuration(**bucket)["Rules"]
    denied = {"Sid": "Freeze", "Effect": "Deny", "Action": "s3:GetObject*"}
    denied |= {"Principal": {"AWS": "444444444444"}, "Resource": f"arn:aws:s3:::{bucket['Bucket']}/*"}
    tidy = {"ID": "multi-env-lambda-tidy", "Status": "Enabled", "Filter": {"Prefix": ""}}
    tidy["NoncurrentVersionExpiration"] = {"NoncurrentDays": 1}
    s3.put_bucket_policy(**bucket, Policy=json.dumps({**policy, "Statement": [*policy["Statement"], denied]}))
    s3.put_bucket_lifecycle_configuration(**bucket, LifecycleConfiguration={"Rules": [*rules, tidy]})
    done = stage.script("doctor", "--json")
    s3.put_bucket_policy(**bucket, Policy=json.dumps(policy))
    s3.put_bucket_lifecycle_configuration(**bucket, LifecycleConfiguration={"Rules": rules})
    s3.delete_object(**bucket, Key="projects/there")

    told = found(done, "devops", "bucket")
    assert told["state"] == "note"
    assert told["what"] == "the lifecycle rule `multi-env-lambda-tidy` removes old versions after 1 of 30 days"
    kept = found(done, "staging", "artifacts")
    assert (kept["state"], "statement Freeze of the bucket's policy" in kept["hint"]) == ("problem", True)
    assert states(done)["prod", "artifacts"] == "ok"


def test_each_thing_that_is_wrong_is_named_with_what_repairs_it(stage: Stage) -> None:
    nobody = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::888888888888:root"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [nobody]})
    role = "OrganizationAccountAccessRole"
    stage.client("prod", "iam").update_assume_role_policy(RoleName=role, PolicyDocument=trust)
    stage.client("devops", "s3").delete_bucket_policy(Bucket=stage.config.devops.bucket)
    table = stage.root / "pyproject.toml"
    table.write_text(table.read_text("utf-8").replace('"333333333333"', '"333333333334"'), "utf-8")

    done = doctor(stage)

    assert done.code == 1
    problems = {key for key, state in states(done).items() if state == "problem"}
    assert problems == {("devops", "bucket"), ("test", "role"), ("prod", "role")}
    denied, bucket = found(done, "prod", "role"), found(done, "devops", "bucket")
    assert "local-developer may not assume arn:aws:iam::555555555555:role/Organization" in denied["what"]
    assert denied["hint"].startswith("OrganizationAccountAccessRole trusts only the organisation's management account")
    assert "`bootstrap` would see to it that its policy lets the environments read" in bucket["what"]
    assert bucket["hint"] == "`bootstrap`"
    assert states(done)["prod", "stacks"] == "unknown"
    assert states(done)["staging", "stacks"] == "ok"


def test_without_credentials_this_machine_is_looked_at_and_nothing_else(stage: Stage) -> None:
    nowhere = {**stage.credentials(), "AWS_PROFILE": "nobody"}
    done = stage.script("doctor", "--json", local=False, env=nowhere)

    assert done.code == 1
    assert found(done, "you", "identity")["what"].startswith("ProfileNotFound")
    assert states(done)["machine", "git"] == "ok"
    assert {state for (place, _), state in states(done).items() if place not in ("machine", "you")} == {"unknown"}
