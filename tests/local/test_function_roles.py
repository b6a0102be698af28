"""A service takes only a role that lets it assume the role, where that rule is asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from multi_env_lambda.local.server import down, ensure_running
from multi_env_lambda.local.strict import VARIABLE
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import client_of
from tests.local.test_emulator import zip_of
from tests.tools.stacks import create_stack, function_resources

pytestmark = pytest.mark.local_cloud

Client = Callable[[str], Any]
PASS = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
BY_LAMBDA = "The role defined for the function cannot be assumed by Lambda."
BY_STATES = "Neither the global service principal states.amazonaws.com"
BY_SCHEDULER = "must allow AWS EventBridge Scheduler to assume the role"
BY_GLUE = "should be given assume role permissions for Glue Service"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, local_config: WorkspaceConfig) -> Iterator[Client]:
    root = tmp_path_factory.mktemp("roles")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, "function-roles")
        cloud = ensure_running(root, local_config)
        yield lambda service: client_of(cloud, local_config.environment("test"), service)
        down(root)


def trust(service: str, effect: str = "Allow") -> dict[str, Any]:
    principal = {"Service": [f"{service}.amazonaws.com"]}
    statement = {"Effect": effect, "Principal": principal, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}


@pytest.fixture(scope="module")
def role(client: Client) -> Callable[[str], str]:
    """The ARN of a role that trusts a service, made once."""
    made: dict[str, str] = {}

    def arn(service: str) -> str:
        if service not in made:
            document = json.dumps(trust(service))
            answer = client("iam").create_role(RoleName=f"for-{service}", AssumeRolePolicyDocument=document)
            made[service] = answer["Role"]["Arn"]
        return made[service]

    return arn


def function(client: Client, name: str, role: str) -> Any:
    code = {"ZipFile": zip_of(a="def b(event, context): ...")}
    return client("lambda").create_function(
        FunctionName=name, Role=role, Code=code, Handler="a.b", Runtime="python3.13"
    )


def schedule(client: Client, name: str, role: str) -> Any:
    target = {"Arn": "arn:aws:lambda:us-east-1:333333333333:function:x", "RoleArn": role}
    return client("scheduler").create_schedule(
        Name=name, ScheduleExpression="rate(1 hour)", FlexibleTimeWindow={"Mode": "OFF"}, Target=target
    )


def machine(client: Client, name: str, role: str) -> Any:
    return client("stepfunctions").create_state_machine(name=name, definition=PASS, roleArn=role)


def job_run(client: Client, name: str, role: str) -> Any:
    command = {"Name": "pythonshell", "PythonVersion": "3.9", "ScriptLocation": "s3://nowhere/job.py"}
    client("glue").create_job(Name=name, Role=role, Command=command)
    return client("glue").start_job_run(JobName=name)


@pytest.mark.parametrize(
    ("take", "service", "code", "text"),
    [
        (function, "lambda", "InvalidParameterValueException", BY_LAMBDA),
        (schedule, "scheduler", "ValidationException", BY_SCHEDULER),
        (machine, "states", "AccessDeniedException", BY_STATES),
        (job_run, "glue", "InvalidInputException", BY_GLUE),
    ],
)
def test_a_role_that_trusts_another_service_is_refused_in_the_words_of_aws(
    client: Client, role: Callable[[str], str], take: Callable[..., Any], service: str, code: str, text: str
) -> None:
    with pytest.raises(ClientError) as caught:
        take(client, f"bad-{service}", role("ec2"))
    assert caught.value.response["Error"]["Code"] == code
    assert text in caught.value.response["Error"]["Message"]

    take(client, f"good-{service}", role(service))


def test_a_function_keeps_its_role_where_the_new_one_is_refused(client: Client, role: Callable[[str], str]) -> None:
    function(client, "keeps", role("lambda"))
    with pytest.raises(ClientError, match=BY_LAMBDA):
        client("lambda").update_function_configuration(FunctionName="keeps", Role=role("ec2"))

    client("lambda").update_function_configuration(FunctionName="keeps", MemorySize=256)
    found = client("lambda").get_function_configuration(FunctionName="keeps")
    assert (found["Role"], found["MemorySize"]) == (role("lambda"), 256)


def test_a_role_that_is_not_there_is_refused(client: Client, role: Callable[[str], str]) -> None:
    with pytest.raises(ClientError, match="Lambda"):
        function(client, "nobody", f"{role('lambda')}-of-nobody")


def test_a_role_that_denies_the_service_is_refused(client: Client) -> None:
    document = trust("lambda")
    document["Statement"] += trust("lambda", "Deny")["Statement"]
    made = client("iam").create_role(RoleName="denies", AssumeRolePolicyDocument=json.dumps(document))
    with pytest.raises(ClientError, match=BY_LAMBDA):
        function(client, "denied", made["Role"]["Arn"])


@pytest.mark.parametrize(
    ("kind", "service", "text", "properties"),
    [
        (
            "AWS::Lambda::Function",
            "lambda",
            BY_LAMBDA,
            {"Handler": "index.h", "Runtime": "python3.13", "Code": {"ZipFile": "def h(e, c): ..."}},
        ),
        ("AWS::StepFunctions::StateMachine", "states", BY_STATES, {"DefinitionString": PASS}),
        (
            "AWS::Scheduler::Schedule",
            "scheduler",
            BY_SCHEDULER,
            {"ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": {"Mode": "OFF"}},
        ),
    ],
)
def test_a_stack_whose_role_trusts_another_service_is_rolled_back(
    client: Client, kind: str, service: str, text: str, properties: dict[str, Any]
) -> None:
    def status(stack: str, trusted: str) -> tuple[str, str]:
        arn = {"Fn::GetAtt": ["Role", "Arn"]}
        names = {"scheduler": {"Target": {"Arn": "arn:aws:lambda:us-east-1:333333333333:function:x", "RoleArn": arn}}}
        named = names.get(service, {"Role" if service == "lambda" else "RoleArn": arn})
        made = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust(trusted)}}
        resources = {"Role": made, "Thing": {"Type": kind, "Properties": {**properties, **named}}}
        return create_stack(client("cloudformation"), stack, resources)

    found, why = status(f"bad-{service}", "ec2")
    assert found == "ROLLBACK_COMPLETE" and text in str(why)
    assert status(f"good-{service}", service)[0] == "CREATE_COMPLETE"


def test_the_guard_of_an_organisation_does_not_keep_services_out(client: Client) -> None:
    document = trust("lambda")
    condition = {"BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}
    guard = {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole", "Condition": condition}
    document["Statement"][0]["Action"] = "sts:Assume*"
    document["Statement"].append(guard)
    made = client("iam").create_role(RoleName="guarded", AssumeRolePolicyDocument=json.dumps(document))
    function(client, "guarded", made["Role"]["Arn"])


@pytest.mark.parametrize(("service", "action", "call"), [("sqs", "SendMessage", "SQS"), ("sns", "Publish", "SNS")])
def test_a_role_that_may_not_send_gets_no_dead_letter_queue(
    client: Client, role: Callable[[str], str], service: str, action: str, call: str
) -> None:
    arn, name = f"arn:aws:{service}:us-east-1:333333333333:dead", f"dead-{service}"
    dead, refused = {"TargetArn": arn}, f"does not have permissions to call {action} on {call}"
    function(client, name, role("lambda"))
    with pytest.raises(ClientError, match=refused) as caught:
        client("lambda").update_function_configuration(FunctionName=name, DeadLetterConfig=dead)
    assert caught.value.response["Error"]["Code"] == "InvalidParameterValueException"

    code = {"ZipFile": "def handler(e, c): ..."}
    resources = function_resources(f"{name}-made", code, Runtime="python3.13", DeadLetterConfig=dead)
    status, why = create_stack(client("cloudformation"), f"bad-{name}", resources)
    assert status == "ROLLBACK_COMPLETE" and refused in why
    statement = {"Effect": "Allow", "Action": f"{service}:{action}", "Resource": arn}
    policy = {"PolicyName": "send", "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
    resources["Role"]["Properties"]["Policies"] = [policy]
    assert create_stack(client("cloudformation"), f"good-{name}", resources)[0] == "CREATE_COMPLETE"
