"""References are names: of a function, its variable, and what must exist."""

from __future__ import annotations

from multi_env_lambda.model.artifact import SourceArtifact
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.reference import Reference, references_of
from multi_env_lambda.model.release import Release, ReleaseTemplate
from multi_env_lambda.model.settings import (
    DynamoDBStream,
    EventPattern,
    Existing,
    Function,
    GlueJob,
    KinesisStream,
    Own,
    ParameterReference,
    PlainValue,
    Queue,
    SecretReference,
    Settings,
    Topic,
)

PASSWORD = Reference(function="create", variable="PASSWORD", kind="secret", name="orders/db")

PROD = Environment(name="prod", account_id="5" * 12, region="us-east-1")


def release(*references: Reference) -> Release:
    stage = ReleaseTemplate(
        environment="prod",
        account_id="5" * 12,
        region="us-east-1",
        stack_name="orders-prod",
        template_sha256="f" * 64,
        references=references,
    )
    source = SourceArtifact(project="orders", version="0.1.0", digest="d", wheel_sha256="aa")
    return Release(project="orders", artifacts=(source,), stages=(stage,))


def test_references_are_found_in_the_variables_of_functions() -> None:
    variables = (
        ("PASSWORD", SecretReference(name="orders/db", key="password")),
        ("PLAIN", PlainValue(text="x")),
        ("URL", ParameterReference(name="/orders/url")),
    )

    function = Function(key="create", handler="orders.create", environment=variables)
    found = references_of(Settings(functions=(function,)), PROD)

    assert found == (PASSWORD, Reference(function="create", variable="URL", kind="parameter", name="/orders/url"))


def test_a_release_with_references_is_read_as_it_was_written() -> None:
    made = release(PASSWORD)

    assert Release.from_bytes(made.manifest, where="manifest.json") == made


def test_another_reference_is_another_release() -> None:
    assert release().digest != release(PASSWORD).digest


def test_what_events_and_roles_name_is_a_reference() -> None:
    here, there = "us-east-1:555555555555", "us-east-1:666666666666"
    policy = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    stream = f"arn:aws:dynamodb:{here}:table/t/stream/2026"
    events = (
        Queue(source=Existing(identifier=f"arn:aws:sqs:{there}:q")),
        Topic(source=Existing(identifier=f"arn:aws:sns:{here}:t")),
        Topic(source=Existing(identifier=f"arn:aws:sns:{there}:t")),
        Topic(source=Existing(identifier="arn:aws:sns:eu-west-1:555555555555:t")),
        Topic(source=Own(key="own")),
        KinesisStream(arn=f"arn:aws:kinesis:{here}:stream/s"),
        DynamoDBStream(source=Existing(identifier=stream)),
        EventPattern(pattern="{}", bus="shop"),
        EventPattern(pattern="{}"),
    )
    function = Function(key="f", handler="m.h", events=events, managed_policies=(policy,))
    job = GlueJob(key="j", entry="m:main", managed_policies=(f"arn:aws:iam::{'5' * 12}:policy/own",))

    found = references_of(Settings(functions=(function,), jobs=(job,)), PROD)

    assert [str(one) for one in found] == [
        f"f.sqs: queue `arn:aws:sqs:{there}:q`",
        f"f.sns: topic `arn:aws:sns:{here}:t`",
        f"f.kinesis: stream `arn:aws:kinesis:{here}:stream/s`",
        f"f.dynamodb: table stream `{stream}`",
        "f.bus: bus `shop`",
        f"f.managed_policies: policy `{policy}`",
        "j.managed_policies: policy `arn:aws:iam::555555555555:policy/own`",
    ]
