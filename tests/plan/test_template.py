"""One unit in one environment becomes CloudFormation text."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import attrs
import pytest
from cfnlint.api import lint as cfn_lint
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.artifact import SourceArtifact
from multi_env_lambda.model.settings import (
    Canary,
    Function,
    Linear,
    ParameterReference,
    PlainValue,
    SecretReference,
    Traffic,
)
from multi_env_lambda.plan.template import Context
from multi_env_lambda.plan.template.assemble import NOT_VERSIONED, VERSIONED
from tests.plan.template_values import (
    EVERYTHING,
    JOB,
    LAYER,
    SMALL,
    SOURCE,
    maximal,
    of_type,
    one,
    project,
    statements,
    template,
    text,
)


def lint(template_text: str) -> list[str]:
    """Errors and warnings; what the linter only notes is its taste."""
    found = (f"{match.rule.id} {match.message}" for match in cfn_lint(template_text, regions=["us-east-1"]))
    return [line for line in found if not line.startswith("I")]


def version_id(document: object, key: str) -> str:
    """The logical id of the version that a function's alias points to."""
    versions = of_type(document, "AWS::Lambda::Version")
    (found,) = (name for name in versions if name.startswith(key))
    return found


@pytest.mark.slow
def test_all_features_together_are_valid_cloudformation() -> None:
    assert lint(text(maximal())) == []


@pytest.mark.slow
def test_an_alias_that_says_it_has_no_weights_is_valid_cloudformation() -> None:
    found = text(project(attrs.evolve(SMALL, traffic=Canary(percent=10, minutes=5))))

    assert '"RoutingConfig":{"AdditionalVersionWeights":[]}' in found
    assert lint(found) == []


@pytest.mark.parametrize("traffic", [Canary(percent=10, minutes=5), Linear(percent=20, minutes=1)])
def test_traffic_in_steps_changes_the_alias_and_no_version(traffic: Traffic) -> None:
    plain, moving = (template(project(attrs.evolve(SMALL, traffic=each))) for each in (None, traffic))

    assert one(moving, "AWS::Lambda::Alias").pop("RoutingConfig") == {"AdditionalVersionWeights": []}
    assert moving == plain


@pytest.mark.slow
def test_the_linter_sees_a_mistake() -> None:
    mistaken = text(maximal()).replace('"MemorySize"', '"MemorySise"')

    assert any(found.startswith("E3002") for found in lint(mistaken))


def test_the_smallest_unit_is_this_template() -> None:
    found = template(project(SMALL), layer=None)

    assert found == snapshot(
        {
            "AWSTemplateFormatVersion": "2010-09-09",
            "Description": "orders in sandbox",
            "Outputs": {
                "CreateAliasArn": {"Value": {"Ref": "CreateAlias"}},
                "CreateFunctionName": {"Value": {"Ref": "CreateFunction"}},
            },
            "Parameters": {"SourceObjectVersion": {"Type": "String"}},
            "Resources": {
                "CreateAlias": {
                    "Properties": {
                        "FunctionName": {"Ref": "CreateFunction"},
                        "FunctionVersion": {"Fn::GetAtt": ["CreateVersion6cc2aed36252", "Version"]},
                        "Name": "live",
                    },
                    "Type": "AWS::Lambda::Alias",
                },
                "CreateFunction": {
                    "Properties": {
                        "Architectures": ["arm64"],
                        "Code": {
                            "S3Bucket": "acme-artifacts-111111111111-us-east-1",
                            "S3Key": "projects/orders/lambda/source/0.1.1/orders-0.1.1-py3-none-any.whl",
                            "S3ObjectVersion": {"Ref": "SourceObjectVersion"},
                        },
                        "EphemeralStorage": {"Size": 512},
                        "FunctionName": "orders-sandbox-create",
                        "Handler": "orders.create.handler",
                        "LoggingConfig": {"LogFormat": "Text", "LogGroup": {"Ref": "CreateLogs"}},
                        "MemorySize": 128,
                        "Role": {"Fn::GetAtt": ["CreateRole", "Arn"]},
                        "Runtime": "python3.13",
                        "Timeout": 3,
                        "TracingConfig": {"Mode": "PassThrough"},
                    },
                    "Type": "AWS::Lambda::Function",
                },
                "CreateLogs": {
                    "DeletionPolicy": "RetainExceptOnCreate",
                    "Properties": {"LogGroupName": "/aws/lambda/orders-sandbox-create", "RetentionInDays": 30},
                    "Type": "AWS::Logs::LogGroup",
                    "UpdateReplacePolicy": "Retain",
                },
                "CreateRole": {
                    "Properties": {
                        "AssumeRolePolicyDocument": {
                            "Statement": [
                                {
                                    "Action": "sts:AssumeRole",
                                    "Effect": "Allow",
                                    "Principal": {"Service": "lambda.amazonaws.com"},
                                }
                            ],
                            "Version": "2012-10-17",
                        },
                        "Policies": [
                            {
                                "PolicyDocument": {
                                    "Statement": [
                                        {
                                            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                                            "Effect": "Allow",
                                            "Resource": [
                                                "arn:aws:logs:us-east-1:222222222222:log-group:/aws/lambda/orders-sandbox-create:*"
                                            ],
                                        }
                                    ],
                                    "Version": "2012-10-17",
                                },
                                "PolicyName": "unit",
                            }
                        ],
                    },
                    "Type": "AWS::IAM::Role",
                },
                "CreateVersion6cc2aed36252": {
                    "DeletionPolicy": "RetainExceptOnCreate",
                    "Properties": {
                        "CodeSha256": "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=",
                        "FunctionName": {"Ref": "CreateFunction"},
                    },
                    "Type": "AWS::Lambda::Version",
                    "UpdateReplacePolicy": "Retain",
                },
            },
        }
    )


def test_the_bytes_do_not_depend_on_the_hash_seed() -> None:
    program = "import tests.plan.template_values as v; print(v.text(v.maximal()))"
    root = str(Path(__file__).parents[2])
    seeds = ("0", "1", "4711")
    runs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": root},
            capture_output=True,
            check=True,
        ).stdout
        for seed in seeds
    }

    assert runs == {text(maximal()).encode() + os.linesep.encode()}


def test_rendering_without_a_stack_py_does_not_import_cottonformation() -> None:
    program = (
        "import sys, tests.plan.template_values as v; v.text(v.maximal()); print('cottonformation' in sys.modules)"
    )
    root = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": root}

    finished = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=True)

    assert finished.stdout.strip() == b"False"


# --- versions ---
DESCRIBED = st.text(alphabet="abc xyz", max_size=20)


@given(DESCRIBED, DESCRIBED)
def test_a_description_touches_the_version_of_its_own_function_only(before: str, after: str) -> None:
    other = Function(key="other", handler="orders.other.handler")

    old = template(project(attrs.evolve(SMALL, description=before), other))
    new = template(project(attrs.evolve(SMALL, description=after), other))

    assert version_id(old, "OtherVersion") == version_id(new, "OtherVersion")
    assert (version_id(old, "CreateVersion") == version_id(new, "CreateVersion")) is (before == after)


@pytest.mark.parametrize(
    "changed",
    [
        {"memory_size": 512},
        {"timeout": 9},
        {"handler": "orders.create.other"},
        {"environment": (("TABLE", PlainValue(text="x")),)},
        {"log_format": "JSON"},
        {"tracing": "Active"},
        {"ephemeral_storage": 1024},
        {"layers": ("arn:aws:lambda:us-east-1:333333333333:layer:other:7",)},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_what_lambda_keeps_in_a_version_makes_a_new_one(changed: dict[str, object]) -> None:
    old, new = template(project(SMALL)), template(project(attrs.evolve(SMALL, **changed)))

    assert version_id(old, "CreateVersion") != version_id(new, "CreateVersion")


@pytest.mark.parametrize(
    "changed",
    [
        {"reserved_concurrency": 3},
        {"log_retention_days": 7},
        {"policies": EVERYTHING.policies},
        {"alarms": EVERYTHING.alarms},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_what_lambda_does_not_keep_in_a_version_makes_no_new_one(changed: dict[str, object]) -> None:
    old, new = template(project(SMALL)), template(project(attrs.evolve(SMALL, **changed)))

    assert version_id(old, "CreateVersion") == version_id(new, "CreateVersion")


def test_other_code_and_another_layer_make_a_new_version() -> None:
    plain = template(project(SMALL))
    code = template(project(SMALL), source=attrs.evolve(SOURCE, wheel_sha256="cd" * 32))
    layer = template(project(SMALL), layer=attrs.evolve(LAYER, number=4, digest="2" * 64))

    assert len({version_id(found, "CreateVersion") for found in (plain, code, layer)}) == 3


def test_the_same_wheel_under_another_key_is_the_same_version() -> None:
    moved = SourceArtifact(project="orders", version="0.1.2", digest="e" * 64, wheel_sha256=SOURCE.wheel_sha256)

    assert version_id(template(project(SMALL)), "CreateVersion") == version_id(
        template(project(SMALL), source=moved), "CreateVersion"
    )


def test_versions_layers_and_logs_are_retained_but_not_after_a_failed_deploy() -> None:
    resources = template(project(SMALL))["Resources"].values()
    kept = {body["Type"]: body for body in resources if "DeletionPolicy" in body}

    assert set(kept) == {"AWS::Lambda::LayerVersion", "AWS::Lambda::Version", "AWS::Logs::LogGroup"}
    assert {body["DeletionPolicy"] for body in kept.values()} == {"RetainExceptOnCreate"}
    assert {body["UpdateReplacePolicy"] for body in kept.values()} == {"Retain"}


def test_a_new_layer_is_a_new_resource() -> None:
    old = template(project(SMALL))
    new = template(project(SMALL), layer=attrs.evolve(LAYER, number=4, digest="2" * 64))

    assert list(of_type(old, "AWS::Lambda::LayerVersion")) == ["Layer111111111111"]
    assert list(of_type(new, "AWS::Lambda::LayerVersion")) == ["Layer222222222222"]


def test_a_version_is_only_published_of_the_wheel() -> None:
    version = one(template(project(SMALL)), "AWS::Lambda::Version")

    assert version == {"FunctionName": {"Ref": "CreateFunction"}, "CodeSha256": SOURCE.code_sha256}


# --- permissions ---
def test_a_plain_function_may_only_write_its_own_log() -> None:
    assert statements(template(project(SMALL))) == [
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": ["arn:aws:logs:us-east-1:222222222222:log-group:/aws/lambda/orders-sandbox-create:*"],
        }
    ]


def test_settings_bring_exactly_the_permissions_that_they_need() -> None:
    actions = [
        set(statement["Action"]) for statement in statements(template(project(attrs.evolve(EVERYTHING, events=()))))
    ]

    assert {"dynamodb:PutItem"} in actions
    assert {"sqs:SendMessage"} in actions
    assert {"sns:Publish"} in actions
    assert {"secretsmanager:GetSecretValue"} in actions
    assert {"xray:PutTelemetryRecords", "xray:PutTraceSegments"} in actions
    assert any("ec2:CreateNetworkInterface" in found for found in actions)
    assert {"kms:Decrypt"} in actions
    assert len(actions) == 8


def test_a_bucket_that_takes_failures_is_listed_and_written() -> None:
    bucket = attrs.evolve(SMALL, on_failure_arn="arn:aws:s3:::failures")

    assert statements(template(project(bucket)))[-1] == {
        "Effect": "Allow",
        "Action": ["s3:ListBucket", "s3:PutObject"],
        "Resource": ["arn:aws:s3:::failures", "arn:aws:s3:::failures/*"],
    }


def test_each_property_of_a_function_is_known_to_be_in_a_version_or_not() -> None:
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", "AWS::Lambda::Function").schema
    read_only = {path.rpartition("/")[2] for path in schema["readOnlyProperties"]}

    assert set() == VERSIONED & NOT_VERSIONED
    assert set(schema["properties"]) - read_only == VERSIONED | NOT_VERSIONED


@pytest.mark.parametrize("name", ["CodeSigningConfigArn", "FunctionScalingConfig", "Tags", "TenancyConfig"])
def test_what_belongs_to_the_function_alone_asks_for_no_version(name: str) -> None:
    def extend(_: object, context: Context) -> None:
        context.merge("CreateFunction", {"Properties": {name: {"x": 1}}})

    plain, more = template(project(SMALL)), template(project(SMALL), extend=extend)
    assert set(of_type(plain, "AWS::Lambda::Version")) == set(of_type(more, "AWS::Lambda::Version"))


def test_a_failure_target_that_takes_no_events_is_refused() -> None:
    wrong = attrs.evolve(SMALL, on_failure_arn="arn:aws:kinesis:us-east-1:222222222222:stream/clicks")

    with pytest.raises(ConfigurationError, match="functions.create: 'arn:aws:kinesis"):
        text(project(wrong))


# --- secrets and parameters ---
def test_a_secret_is_named_and_may_be_read_but_is_not_in_the_template() -> None:
    found = template(
        project(attrs.evolve(SMALL, environment=(("DB", SecretReference(name="orders/db", key="password")),)))
    )

    variables = one(found, "AWS::Lambda::Function")["Environment"]["Variables"]
    assert variables == {"DB": "orders/db", "DB_KEY": "password"}
    assert statements(found)[-2:] == [
        {
            "Effect": "Allow",
            "Action": ["secretsmanager:GetSecretValue"],
            "Resource": ["arn:aws:secretsmanager:us-east-1:222222222222:secret:orders/db-??????"],
        },
        {
            "Effect": "Allow",
            "Action": ["kms:Decrypt"],
            "Resource": ["*"],
            "Condition": {"StringEquals": {"kms:ViaService": "secretsmanager.us-east-1.amazonaws.com"}},
        },
    ]


def test_a_parameter_is_resolved_by_cloudformation() -> None:
    found = template(project(attrs.evolve(SMALL, environment=(("URL", ParameterReference(name="/orders/url")),))))

    variables = one(found, "AWS::Lambda::Function")["Environment"]["Variables"]
    assert variables == {"URL": "{{resolve:ssm:/orders/url}}"}


def test_a_parameter_name_cannot_smuggle_in_another_reference() -> None:
    smuggled = (("URL", ParameterReference(name="/a}}{{resolve-secret:x")),)

    with pytest.raises(ConfigurationError, match="is not the name of a parameter"):
        text(project(attrs.evolve(SMALL, environment=smuggled)))


def test_a_variable_that_a_secret_would_set_too_is_refused() -> None:
    both = (("DB", SecretReference(name="orders/db", key="password")), ("DB_KEY", PlainValue(text="x")))

    with pytest.raises(ConfigurationError, match="DB_KEY is set"):
        text(project(attrs.evolve(SMALL, environment=both)))


@pytest.mark.parametrize("field", ["description", "handler"])
def test_a_dynamic_reference_in_the_settings_is_refused(field: str) -> None:
    smuggled = attrs.evolve(SMALL, **{field: "{{resolve:secretsmanager:prod/db}}"})

    with pytest.raises(ConfigurationError, match="dynamic reference") as caught:
        text(project(smuggled))

    assert caught.value.where == "projects/orders/pyproject.toml"


def test_user_text_is_never_substituted_by_cloudformation() -> None:
    found = template(project(attrs.evolve(SMALL, description="${AWS::AccountId} is not for us")))

    assert one(found, "AWS::Lambda::Function")["Description"] == "${AWS::AccountId} is not for us"
    assert "Fn::Sub" not in text(maximal())


# --- the rest ---
def test_the_layer_comes_before_foreign_layers() -> None:
    function = of_type(template(maximal()), "AWS::Lambda::Function")["CreateFunction"]

    assert function["Layers"][0] == {"Ref": "Layer111111111111"}
    assert function["Layers"][1].endswith(":layer:other:7")


def test_no_layer_is_made_for_a_unit_that_has_only_jobs() -> None:
    assert of_type(template(project(jobs=(JOB,))), "AWS::Lambda::LayerVersion") == {}


def test_logs_that_are_kept_for_ever_have_no_retention() -> None:
    forever = template(project(attrs.evolve(SMALL, log_retention_days=0)))

    assert one(forever, "AWS::Logs::LogGroup") == {"LogGroupName": "/aws/lambda/orders-sandbox-create"}


def test_tags_are_on_what_can_carry_them() -> None:
    found = template(project(SMALL, tags=(("team", "sales"),)))

    tagged = {body["Type"] for body in found["Resources"].values() if "Tags" in body["Properties"]}
    assert tagged == {"AWS::IAM::Role", "AWS::Lambda::Function", "AWS::Logs::LogGroup"}


def test_names_and_aliases_are_outputs() -> None:
    assert template(project(SMALL))["Outputs"] == {
        "CreateAliasArn": {"Value": {"Ref": "CreateAlias"}},
        "CreateFunctionName": {"Value": {"Ref": "CreateFunction"}},
    }


def test_an_alarm_watches_the_alias() -> None:
    alarm = of_type(template(maximal()), "AWS::CloudWatch::Alarm")["CreateErrorAlarm"]

    assert {"Name": "Resource", "Value": "orders-sandbox-create:live"} in alarm["Dimensions"]
    assert alarm["AlarmActions"] == ["arn:aws:sns:us-east-1:222222222222:news"]


def test_two_keys_that_become_one_logical_id_are_refused() -> None:
    clash = attrs.evolve(SMALL, key="cre-ate"), Function(key="cre_ate", handler="orders.other.handler")

    with pytest.raises(ConfigurationError, match="functions.cre-ate and functions.cre_ate both create CreAteRole"):
        text(project(*clash))
