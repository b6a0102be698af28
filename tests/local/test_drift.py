"""Drift detection sees of each kind that our templates make what was taken away, and what was set by hand."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from multi_env_lambda.aws.drift import StackDrift, detect_drift
from multi_env_lambda.aws.functions import invoke
from multi_env_lambda.errors import StackError
from multi_env_lambda.host.retrying import Retrying
from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.local.emulator.drift import READERS
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import client_of
from tests.plan.template_values import maximal, template
from tests.tools.stacks import create_stack, function_resources

RUNTIME = f"python{sys.version_info[0]}.{sys.version_info[1]}"
CODE = {"ZipFile": "def handler(event, context): return 1"}
HANDLERS = json.loads((Path(__file__).parents[2] / "multi_env_lambda/plan/handlers.json").read_text("ascii"))
STACK = "drift-of-all"
DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}],
}
ALIAS = {"Ref": "Alias"}
GROUP = {"Fn::GetAtt": ["Group", "GroupId"]}
HTTPS = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "10.0.0.0/8", "Description": "inside"}
_Clients = Callable[[str], Any]


def _resource(kind: str, **properties: object) -> dict[str, object]:
    return {"Type": f"AWS::{kind}", "Properties": properties}


REST_BODY = {
    "openapi": "3.0.1",
    "info": {"title": STACK, "version": "1"},
    "paths": {
        "/": {
            "get": {
                "responses": {},
                "x-amazon-apigateway-integration": {
                    "type": "mock",
                    "requestTemplates": {"application/json": '{"statusCode": 200}'},
                },
            }
        }
    },
}


def resources() -> dict[str, Any]:
    """One of each kind, of the properties that our templates set."""
    made: dict[str, Any] = function_resources(
        STACK, CODE, Runtime=RUNTIME, ReservedConcurrentExecutions=0, Tags=[{"Key": "a", "Value": "b"}]
    )
    trust, arn = made["Role"]["Properties"]["AssumeRolePolicyDocument"], {"Fn::GetAtt": ["Queue", "Arn"]}
    services = {"Service": ["lambda.amazonaws.com", "scheduler.amazonaws.com"]}
    assumed = {"Effect": "Allow", "Principal": services, "Action": "sts:AssumeRole"}
    made["Role"]["Properties"] |= {
        "AssumeRolePolicyDocument": {**trust, "Statement": [assumed]},
        "Policies": [{"PolicyName": "unit", "PolicyDocument": DOCUMENT}],
        "ManagedPolicyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
    }
    name = {"Ref": "Function"}
    return made | {
        "Bare": _resource("IAM::Role", AssumeRolePolicyDocument=trust),
        "Version": _resource("Lambda::Version", FunctionName=name),
        "Alias": _resource(
            "Lambda::Alias",
            FunctionName=name,
            Name="live",
            FunctionVersion={"Fn::GetAtt": ["Version", "Version"]},
            RoutingConfig={"AdditionalVersionWeights": []},
        ),
        "Logs": _resource("Logs::LogGroup", LogGroupName=f"/aws/lambda/{STACK}", RetentionInDays=7),
        "Later": {
            **_resource(
                "Lambda::EventInvokeConfig",
                FunctionName=name,
                Qualifier="live",
                DestinationConfig={"OnFailure": {"Destination": arn}},
            ),
            "DependsOn": "Alias",
        },
        "Url": {
            **_resource(
                "Lambda::Url",
                AuthType="AWS_IAM",
                TargetFunctionArn={"Fn::GetAtt": ["Function", "Arn"]},
                Qualifier="live",
            ),
            "DependsOn": "Alias",
        },
        "Queue": _resource("SQS::Queue", VisibilityTimeout=60),
        "QueuePolicy": _resource("SQS::QueuePolicy", Queues=[{"Ref": "Queue"}], PolicyDocument=DOCUMENT),
        "Mapping": _resource("Lambda::EventSourceMapping", FunctionName=ALIAS, EventSourceArn=arn, BatchSize=2),
        "Topic": _resource("SNS::Topic"),
        "Subscription": _resource(
            "SNS::Subscription",
            Protocol="lambda",
            TopicArn={"Ref": "Topic"},
            Endpoint=ALIAS,
            FilterPolicy={"kind": ["new"]},
        ),
        "Rule": _resource(
            "Events::Rule",
            ScheduleExpression="rate(5 minutes)",
            State="ENABLED",
            Targets=[{"Id": "function", "Arn": ALIAS}],
        ),
        "Permission": _resource(
            "Lambda::Permission",
            Action="lambda:InvokeFunction",
            FunctionName=ALIAS,
            Principal="events.amazonaws.com",
            SourceArn={"Fn::GetAtt": ["Rule", "Arn"]},
        ),
        "Schedule": _resource(
            "Scheduler::Schedule",
            ScheduleExpression="rate(5 minutes)",
            State="ENABLED",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": ALIAS, "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]}},
        ),
        "Alarm": _resource(
            "CloudWatch::Alarm",
            AlarmName=f"{STACK}-errors",
            Namespace="AWS/Lambda",
            MetricName="Errors",
            Dimensions=[{"Name": "FunctionName", "Value": STACK}],
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            TreatMissingData="notBreaching",
        ),
        "Job": _resource(
            "Glue::Job",
            Role={"Fn::GetAtt": ["Role", "Arn"]},
            Command={"Name": "pythonshell", "PythonVersion": "3.9", "ScriptLocation": "s3://there/run.py"},
            GlueVersion="3.0",
            MaxCapacity=0.0625,
            Timeout=5,
            DefaultArguments={"--unit": "orders"},
        ),
        "Trigger": _resource(
            "Glue::Trigger", Type="SCHEDULED", Schedule="cron(0 3 * * ? *)", Actions=[{"JobName": {"Ref": "Job"}}]
        ),
        "Bucket": _resource(
            "S3::Bucket",
            NotificationConfiguration={"EventBridgeConfiguration": {"EventBridgeEnabled": True}},
            PublicAccessBlockConfiguration={"BlockPublicAcls": True, "BlockPublicPolicy": True},
        ),
        "Table": _resource(
            "DynamoDB::Table",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        ),
        "Group": _resource("EC2::SecurityGroup", GroupDescription="out", VpcId="vpc-1", SecurityGroupEgress=[HTTPS]),
        **{
            f"Group{word}": _resource(
                f"EC2::SecurityGroup{word}", GroupId=GROUP, IpProtocol="50", **{f"{end}SecurityGroupId": GROUP}
            )
            for word, end in (("Egress", "Destination"), ("Ingress", "Source"))
        },
        "Api": _resource("ApiGatewayV2::Api", Name=STACK, ProtocolType="HTTP"),
        "Integration": _resource(
            "ApiGatewayV2::Integration",
            ApiId={"Ref": "Api"},
            IntegrationType="AWS_PROXY",
            IntegrationUri=ALIAS,
            PayloadFormatVersion="2.0",
        ),
        "Route": _resource("ApiGatewayV2::Route", ApiId={"Ref": "Api"}, RouteKey="GET /"),
        "Authorizer": _resource(
            "ApiGatewayV2::Authorizer",
            ApiId={"Ref": "Api"},
            Name="customers",
            AuthorizerType="JWT",
            IdentitySource=["$request.header.Authorization"],
            JwtConfiguration={"Issuer": "https://login.example", "Audience": ["shop"]},
        ),
        "Open": _resource(
            "ApiGatewayV2::Route", ApiId={"Ref": "Api"}, RouteKey="GET /open", AuthorizationType="AWS_IAM"
        ),
        "Stage": _resource("ApiGatewayV2::Stage", ApiId={"Ref": "Api"}, StageName="$default", AutoDeploy=True),
        "Rest": _resource("ApiGateway::RestApi", Name=STACK, Body=REST_BODY, BinaryMediaTypes=["image/*"]),
        "RestDeployment": _resource("ApiGateway::Deployment", RestApiId={"Ref": "Rest"}),
        "RestStage": _resource(
            "ApiGateway::Stage", RestApiId={"Ref": "Rest"}, StageName="live", DeploymentId={"Ref": "RestDeployment"}
        ),
        "RestKey": _resource("ApiGateway::ApiKey", Name=STACK, Enabled=True),
        "RestPlan": _resource(
            "ApiGateway::UsagePlan",
            UsagePlanName=STACK,
            ApiStages=[{"ApiId": {"Ref": "Rest"}, "Stage": {"Ref": "RestStage"}}],
        ),
        "RestUse": _resource(
            "ApiGateway::UsagePlanKey", KeyId={"Ref": "RestKey"}, KeyType="API_KEY", UsagePlanId={"Ref": "RestPlan"}
        ),
    }


@pytest.fixture(scope="module")
def clients(local_cloud: LocalCloud, local_config: WorkspaceConfig) -> Iterator[_Clients]:
    place = local_config.environment("staging")
    yield cache(lambda service: client_of(local_cloud, place, service, attempts=1 if service == "lambda" else 3))


def looked(clients: _Clients, stack: str = STACK) -> StackDrift:
    deadline = time.monotonic() + 60
    client = clients("cloudformation")
    return detect_drift(client, stack, "there", deadline=deadline, clock=time.monotonic, sleep=time.sleep)


def found(clients: _Clients) -> set[str]:
    return {
        f"{resource.logical_id}{path}"
        for resource in looked(clients).resources
        for path in [each.path for each in resource.differences] or [f" {resource.status}"]
    }


def physical(clients: _Clients) -> dict[str, str]:
    lines = clients("cloudformation").list_stack_resources(StackName=STACK)["StackResourceSummaries"]
    return {line["LogicalResourceId"]: line["PhysicalResourceId"] for line in lines}


def change_by_hand(clients: _Clients, there: dict[str, str]) -> set[str]:
    """What drift detection is to tell of it."""
    functions, roles, events, jobs = clients("lambda"), clients("iam"), clients("events"), clients("glue")
    functions.delete_function_concurrency(FunctionName=STACK)
    functions.update_event_source_mapping(UUID=there["Mapping"], BatchSize=3)
    functions.put_function_event_invoke_config(
        FunctionName=STACK,
        Qualifier="live",
        DestinationConfig={"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:444444444444:other"}},
    )
    functions.update_function_url_config(FunctionName=STACK, Qualifier="live", AuthType="NONE")
    roles.put_role_policy(RoleName=there["Role"], PolicyName="hand", PolicyDocument=json.dumps(DOCUMENT))
    roles.put_role_policy(RoleName=there["Bare"], PolicyName="hand", PolicyDocument=json.dumps(DOCUMENT))
    roles.detach_role_policy(RoleName=there["Role"], PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    events.disable_rule(Name=there["Rule"])
    clients("sns").set_subscription_attributes(
        SubscriptionArn=there["Subscription"], AttributeName="FilterPolicy", AttributeValue='{"kind": ["old"]}'
    )
    schedules = clients("scheduler")
    said = schedules.get_schedule(Name=there["Schedule"])
    kept = {name: said[name] for name in ("ScheduleExpression", "FlexibleTimeWindow", "Target")}
    schedules.update_schedule(Name=there["Schedule"], State="DISABLED", **kept)
    alarms = clients("cloudwatch")
    alarm = alarms.describe_alarms(AlarmNames=[there["Alarm"]])["MetricAlarms"][0]
    names = ("Namespace", "MetricName", "Dimensions", "Statistic", "Period", "EvaluationPeriods", "ComparisonOperator")
    settings = {name: alarm[name] for name in (*names, "TreatMissingData")}
    alarms.put_metric_alarm(AlarmName=there["Alarm"], Threshold=9, **settings)
    job = jobs.get_job(JobName=there["Job"])["Job"]
    jobs.update_job(JobName=there["Job"], JobUpdate={"Role": job["Role"], "Command": job["Command"], "Timeout": 6})
    clients("s3").put_bucket_notification_configuration(Bucket=there["Bucket"], NotificationConfiguration={})
    route = there["Open"].rpartition("/")[2]
    clients("apigatewayv2").update_route(ApiId=there["Api"], RouteId=route, AuthorizationType="NONE")
    rest = clients("apigateway")
    disabled = {"op": "replace", "path": "/enabled", "value": "false"}
    rest.update_api_key(apiKey=there["RestKey"], patchOperations=[disabled])
    opened = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    clients("ec2").authorize_security_group_egress(GroupId=there["Group"], IpPermissions=opened)
    return {
        "Group/SecurityGroupEgress/1",
        "RestKey/Enabled",
        "Open/AuthorizationType",
        "Function/ReservedConcurrentExecutions",
        "Mapping/BatchSize",
        "Later/DestinationConfig/OnFailure/Destination",
        "Url/AuthType",
        "Role/Policies/1",
        "Role/ManagedPolicyArns/0",
        "Rule/State",
        "Subscription/FilterPolicy/kind/0",
        "Schedule/State",
        "Alarm/Threshold",
        "Job/Timeout",
        "Bucket/NotificationConfiguration/EventBridgeConfiguration/EventBridgeEnabled",
    }


def delete_by_hand(clients: _Clients, there: dict[str, str]) -> None:
    functions, roles, events, jobs = clients("lambda"), clients("iam"), clients("events"), clients("glue")
    functions.delete_event_source_mapping(UUID=there["Mapping"])
    functions.delete_function_event_invoke_config(FunctionName=STACK, Qualifier="live")
    functions.delete_function_url_config(FunctionName=STACK, Qualifier="live")
    functions.remove_permission(FunctionName=STACK, Qualifier="live", StatementId=there["Permission"])
    functions.delete_alias(FunctionName=STACK, Name="live")
    functions.delete_function(FunctionName=STACK, Qualifier="1")
    for name in ("unit", "hand"):
        roles.delete_role_policy(RoleName=there["Role"], PolicyName=name)
    roles.delete_role_policy(RoleName=there["Bare"], PolicyName="hand")
    roles.delete_role(RoleName=there["Bare"])
    events.remove_targets(Rule=there["Rule"], Ids=["function"])
    events.delete_rule(Name=there["Rule"])
    clients("scheduler").delete_schedule(Name=there["Schedule"])
    clients("cloudwatch").delete_alarms(AlarmNames=[there["Alarm"]])
    jobs.delete_trigger(Name=there["Trigger"])
    jobs.delete_job(JobName=there["Job"])
    clients("sns").unsubscribe(SubscriptionArn=there["Subscription"])
    clients("sns").delete_topic(TopicArn=there["Topic"])
    clients("sqs").delete_queue(QueueUrl=there["Queue"])
    clients("logs").delete_log_group(logGroupName=there["Logs"])
    clients("s3").delete_bucket(Bucket=there["Bucket"])
    clients("dynamodb").delete_table(TableName=there["Table"])
    clients("apigatewayv2").delete_api(ApiId=there["Api"])
    network, group = clients("ec2"), there["Group"]
    network.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[there["GroupIngress"]])
    network.delete_security_group(GroupId=group)
    rest = clients("apigateway")
    rest.delete_usage_plan_key(usagePlanId=there["RestPlan"], keyId=there["RestKey"])
    rest.delete_usage_plan(usagePlanId=there["RestPlan"])
    rest.delete_api_key(apiKey=there["RestKey"])
    rest.delete_stage(restApiId=there["Rest"], stageName="live")
    rest.delete_deployment(restApiId=there["Rest"], deploymentId=there["RestDeployment"])
    rest.delete_rest_api(restApiId=there["Rest"])


@pytest.mark.local_cloud
def test_of_each_kind_what_was_changed_and_what_was_deleted_by_hand_is_told(clients: _Clients) -> None:
    status, reasons = create_stack(clients("cloudformation"), STACK, resources())
    assert status == "CREATE_COMPLETE", reasons
    before = looked(clients)
    assert (before.status, before.resources) == ("IN_SYNC", ())
    assert before.unchecked == ("QueuePolicy (AWS::SQS::QueuePolicy)",)
    there = physical(clients)

    reason = r"TooManyRequestsException.*Rate Exceeded.*ReservedFunctionConcurrentInvocationLimitExceeded"
    with pytest.raises(StackError, match=reason) as caught:
        invoke(clients("lambda"), STACK, "live", b"1", Retrying(sleep=lambda _: None))
    assert "`reserved_concurrency`" in caught.value.hint

    told = change_by_hand(clients, there)
    assert found(clients) == told

    delete_by_hand(clients, there)
    gone = {name for name in there if name not in ("Function", "Role", "QueuePolicy")}
    expected = {f"{name} DELETED" for name in gone}
    kept = {"Function/ReservedConcurrentExecutions", "Role/ManagedPolicyArns/0", "Role/Policies/0"}
    assert found(clients) == expected | kept


def test_types_that_cloudformation_reads_are_read_here_or_named_in_the_table() -> None:
    by_ministack = {
        "AWS::DynamoDB::Table",
        "AWS::Kinesis::Stream",
        "AWS::Logs::LogGroup",
        "AWS::SNS::Topic",
        "AWS::SQS::Queue",
        "AWS::SSM::Parameter",
        "AWS::SecretsManager::Secret",
        "AWS::StepFunctions::StateMachine",
    }
    published = {kind for kind, calls in HANDLERS.items() if calls["read"]}
    unread = {
        "AWS::Glue::Table",
        "AWS::KMS::Key",
        "AWS::KinesisFirehose::DeliveryStream",
    }
    assert published - READERS.keys() - by_ministack == unread
    assert not {kind for kind, calls in HANDLERS.items() if not calls["read"]} & READERS.keys()


def test_of_what_a_unit_can_have_only_the_policies_of_its_queues_are_not_read() -> None:
    made = {one["Type"] for one in template(maximal())["Resources"].values()}
    assert {kind for kind in made if not HANDLERS[kind]["read"]} == {"AWS::SQS::QueuePolicy"}
