"""What was ours comes back; what is not needs a word; what is not kept cannot come in at all."""

from __future__ import annotations

import json

import attrs
import pytest

from multi_env_lambda.model.record import PhysicalResource, Record
from multi_env_lambda.plan.imports import import_questions, left_behind, may_import, strangers
from tests.plan.record_values import deployment

BUCKET = PhysicalResource(logical_id="Main", type="AWS::S3::Bucket", physical_id="acme")
QUEUE = PhysicalResource(
    logical_id="Jobs", type="AWS::SQS::Queue", physical_id="https://sqs.us-east-1.amazonaws.com/222222222222/jobs"
)


def record(**of_latest: tuple[PhysicalResource, ...]) -> Record:
    return Record(project="p", environment="e", latest=deployment(**of_latest))


def template(policy: str | None) -> str:
    body = {"Type": "AWS::S3::Bucket", **({} if policy is None else {"DeletionPolicy": policy})}
    return json.dumps({"Resources": {"Main": body}})


def test_what_a_record_knows_is_no_stranger_by_whichever_name_it_is_called() -> None:
    named = attrs.evolve(QUEUE, logical_id="Other", physical_id="jobs")
    assert strangers([BUCKET, named], record(resources=(BUCKET,), left=(QUEUE,))) == ()
    assert strangers([BUCKET, named], record()) == (BUCKET, named)
    assert strangers([attrs.evolve(BUCKET, type="AWS::SNS::Topic")], record(left=(BUCKET,))) != ()


def test_what_left_the_stack_is_remembered_until_it_is_back() -> None:
    before = record(resources=(BUCKET, QUEUE))
    assert left_behind(before, [QUEUE]) == (BUCKET,)
    assert left_behind(record(left=(BUCKET,)), []) == (BUCKET,)
    assert left_behind(record(left=(BUCKET,)), [BUCKET]) == ()


@pytest.mark.parametrize(
    ("policy", "may"), [("Retain", True), ("RetainExceptOnCreate", True), ("Delete", False), (None, False)]
)
def test_only_what_is_kept_can_come_in_and_is_asked_for(policy: str | None, may: bool) -> None:
    assert may_import([BUCKET], template(policy)) is may
    asked = import_questions(record(taken=(BUCKET,)), "orders", template(policy))
    assert [question.answer for question in asked] == (["import:acme"] if may else [])


def test_nothing_is_asked_of_what_the_template_does_not_make_any_more() -> None:
    assert import_questions(record(taken=(QUEUE,)), "orders", template("Retain")) == ()
    assert import_questions(None, "orders", template("Retain")) == ()
