"""What was ours comes back; what is not needs a word; what is not kept cannot come in at all."""

from __future__ import annotations

import json

import attrs
import pytest

from multi_env_lambda.model.record import PhysicalResource, Record
from multi_env_lambda.plan.imports import (
    fixed,
    import_question,
    import_questions,
    is_tagged,
    known_of,
    left_behind,
    may_import,
    returning,
    strangers,
)
from tests.plan.record_values import deployment

BUCKET = PhysicalResource(logical_id="Main", type="AWS::S3::Bucket", physical_id="acme")
QUEUE = PhysicalResource(
    logical_id="Jobs", type="AWS::SQS::Queue", physical_id="https://sqs.us-east-1.amazonaws.com/222222222222/jobs"
)


TOPIC = PhysicalResource(logical_id="News", type="AWS::SNS::Topic", physical_id="arn:aws:sns:eu-west-1:2:news")


def ours(_: PhysicalResource) -> bool:
    return True


def record(**of_latest: tuple[PhysicalResource, ...]) -> Record:
    return Record(project="p", environment="e", latest=deployment(**of_latest))


def template(policy: str | None, name: object = "acme") -> str:
    body = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name, "Tags": []}}
    more = {} if policy is None else {"DeletionPolicy": policy}
    return json.dumps({"Resources": {"Main": {**body, **more}}})


def test_what_a_record_knows_is_no_stranger_by_whichever_name_it_is_called() -> None:
    named = attrs.evolve(QUEUE, logical_id="Other", physical_id="jobs")
    assert strangers([BUCKET, named], record(resources=(BUCKET,), left=(QUEUE,))) == ()
    assert strangers([BUCKET, named], record()) == (BUCKET, named)
    assert strangers([attrs.evolve(BUCKET, type="AWS::SNS::Topic")], record(left=(BUCKET,))) != ()


def test_a_queue_of_the_local_cloud_is_known_by_its_name_too() -> None:
    local = attrs.evolve(QUEUE, physical_id="http://127.0.0.1:4566/222222222222/jobs")
    assert strangers([attrs.evolve(QUEUE, physical_id="jobs")], record(resources=(local,))) == ()


def test_a_queue_of_the_local_cloud_is_the_same_after_its_port_has_changed() -> None:
    before = attrs.evolve(QUEUE, physical_id="http://127.0.0.1:4566/222222222222/jobs")
    now = attrs.evolve(QUEUE, physical_id="http://127.0.0.1:38211/222222222222/jobs")
    other = attrs.evolve(QUEUE, physical_id="http://127.0.0.1:38211/333333333333/jobs")
    body = {"Type": QUEUE.type, "DeletionPolicy": "Retain", "Properties": {"QueueName": "jobs"}}
    wanted = json.dumps({"Resources": {QUEUE.logical_id: body}})
    running = attrs.evolve(record(), running=deployment(resources=(now,)), latest=deployment(left=(before,)))

    assert left_behind(record(resources=(before,)), (now,)) == ()
    assert left_behind(record(resources=(before,)), (other,)) == (before,)
    assert strangers([now], record(resources=(before,))) == ()
    assert strangers([other], record(resources=(before,))) == (other,)
    assert import_questions(running, "p", wanted, wanted) == ()


def test_a_slash_in_a_name_that_is_no_url_is_a_part_of_it() -> None:
    mine = PhysicalResource(logical_id="Logs", type="AWS::Logs::LogGroup", physical_id="/mine/shared")
    theirs = attrs.evolve(mine, physical_id="/theirs/shared")
    assert strangers([theirs], record(resources=(mine,))) == (theirs,)
    assert strangers([mine], record(resources=(mine,))) == ()


def test_a_queue_of_another_account_is_a_stranger() -> None:
    theirs = attrs.evolve(QUEUE, physical_id=QUEUE.physical_id.replace("2" * 12, "3" * 12))
    assert strangers([theirs], record(resources=(QUEUE,))) == (theirs,)


@pytest.mark.parametrize(
    ("name", "is_asked"),
    [("acme", True), ("another", False), ({"Fn::Sub": "acme-${AWS::AccountId}"}, True)],
)
def test_a_rename_ends_the_question_and_a_computed_name_does_not(name: object, is_asked: bool) -> None:
    asked = import_questions(record(taken=(BUCKET,)), "orders", template("Retain", name))
    assert bool(asked) is is_asked


@pytest.mark.parametrize(
    ("there", "is_asked"),
    [(None, True), ('{"Resources": {}}', True), (template("Retain"), False), (template("Retain", "another"), True)],
)
def test_what_a_failed_attempt_has_brought_into_the_stack_is_asked_no_more(there: str | None, is_asked: bool) -> None:
    assert bool(import_questions(record(taken=(BUCKET,)), "orders", template("Retain"), there)) is is_asked


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
    assert [question.answer for question in asked] == (["import:orders/acme"] if may else [])


def test_nothing_is_asked_of_what_the_template_does_not_make_any_more() -> None:
    assert import_questions(record(taken=(QUEUE,)), "orders", template("Retain")) == ()
    assert import_questions(None, "orders", template("Retain")) == ()


def wanting(name: object = "jobs", policy: str = "Retain") -> str:
    body = {"Type": "AWS::SQS::Queue", "DeletionPolicy": policy, "Properties": {"QueueName": name}}
    return json.dumps({"Resources": {"Renamed": body}})


def test_a_queue_that_was_ours_returns_under_the_name_that_the_template_gives_it() -> None:
    back = (attrs.evolve(QUEUE, logical_id="Renamed", physical_id="jobs"),)
    asked = import_questions(record(left=(QUEUE,)), "orders", wanting())

    assert [question.answer for question in asked] == ["import:orders/jobs"], "AWS puts no tags on a queue"
    assert returning(wanting(), record(left=(QUEUE,)), "orders", (), ours) == ()
    assert returning(wanting(), record(left=(QUEUE,)), "orders", asked, ours) == back
    for other in (wanting("other"), wanting({"Ref": "Name"}), wanting(policy="Delete"), template("Retain")):
        assert import_questions(record(left=(QUEUE,)), "orders", other) == ()
        assert returning(other, record(left=(QUEUE,)), "orders", asked, ours) == ()
    assert returning(template("Retain"), record(left=(BUCKET,)), "orders", (), ours) == (), (
        "CloudFormation finds a bucket itself"
    )


def test_a_queue_in_the_stack_does_not_return_and_one_that_was_met_does_by_its_word() -> None:
    met = attrs.evolve(QUEUE, physical_id="jobs")
    running = attrs.evolve(record(left=(QUEUE,)), running=deployment(resources=(QUEUE,)))

    assert import_questions(running, "orders", wanting()) == ()
    assert returning(wanting(), running, "orders", (), ours) == ()
    assert returning(wanting(), record(taken=(met,)), "orders", (), ours) == ()
    assert returning(wanting(), record(taken=(met,)), "orders", (import_question("orders", met),), ours) == (
        attrs.evolve(met, logical_id="Renamed"),
    )


def test_a_topic_is_known_by_its_arn_and_by_its_name() -> None:
    assert strangers([attrs.evolve(TOPIC, physical_id="news")], record(left=(TOPIC,))) == ()
    assert strangers([attrs.evolve(TOPIC, physical_id="olds")], record(left=(TOPIC,))) != ()


def test_a_topic_that_was_kept_returns_while_it_is_the_same() -> None:
    body = {"Type": TOPIC.type, "DeletionPolicy": "Retain", "Properties": {"TopicName": "news"}}
    text = json.dumps({"Resources": {"News": body}})

    assert returning(text, record(left=(TOPIC,)), "orders", (), ours) == (TOPIC,)
    assert returning(text, record(left=(TOPIC,)), "orders", (), lambda item: item != TOPIC) == ()
    assert import_questions(record(left=(TOPIC,)), "orders", text) == ()


def test_what_was_met_under_the_name_of_what_was_ours_is_a_stranger() -> None:
    before = record(left=(BUCKET, TOPIC), taken=(BUCKET,))

    assert known_of(before) == (TOPIC,)
    assert strangers([BUCKET], before) == (BUCKET,)


@pytest.mark.parametrize(
    ("kind", "name", "arn"),
    [
        ("AWS::S3::Bucket", "acme", "arn:aws:s3:::acme"),
        ("AWS::DynamoDB::Table", "acme", "arn:aws:dynamodb:us-east-1:222222222222:table/acme"),
        ("AWS::Kinesis::Stream", "acme", "arn:aws:kinesis:us-east-1:222222222222:stream/acme"),
        ("AWS::KinesisFirehose::DeliveryStream", "acme", "arn:aws:firehose:us-east-1:222222222222:deliverystream/acme"),
        ("AWS::Logs::LogGroup", "/acme/a", "arn:aws:logs:us-east-1:222222222222:log-group:/acme/a"),
        (TOPIC.type, TOPIC.physical_id, TOPIC.physical_id),
    ],
)
def test_what_has_the_tags_is_known_by_its_arn(kind: str, name: str, arn: str) -> None:
    item = PhysicalResource(logical_id="Main", type=kind, physical_id=name)

    assert is_tagged(item, {arn})
    assert not is_tagged(attrs.evolve(item, physical_id=f"{name}2"), {arn})
    assert not is_tagged(attrs.evolve(item, type="AWS::RDS::DBInstance", physical_id="acme"), {arn})


def test_no_tag_shows_whose_a_queue_is() -> None:
    assert not is_tagged(attrs.evolve(QUEUE, physical_id="jobs"), {"arn:aws:sqs:us-east-1:222222222222:jobs"})


@pytest.mark.parametrize(("is_fifo", "may"), [(True, True), ("true", True), ({"Ref": "IsFifo"}, False)])
def test_a_queue_comes_in_with_all_that_cannot_be_changed_of_it(is_fifo: object, may: bool) -> None:
    document = json.loads(wanting("jobs.fifo"))
    document["Resources"]["Renamed"]["Properties"] |= {"FifoQueue": is_fifo, "DelaySeconds": 3}
    met = attrs.evolve(QUEUE, logical_id="Renamed", physical_id="jobs.fifo")

    assert fixed(document["Resources"]["Renamed"]) == {"QueueName": "jobs.fifo", "FifoQueue": is_fifo}
    assert bool(import_questions(record(taken=(met,)), "orders", json.dumps(document))) is may
    agreed = (import_question("orders", met),)
    assert bool(returning(json.dumps(document), record(left=(met,)), "orders", agreed, ours)) is may
