"""The stack of the CI: what is in it, that its names are those of the roles, and that no text of an event breaks it."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multi_env_lambda.ci.happened import ApprovalGiven
from multi_env_lambda.ci.read import HEARD, read_event
from multi_env_lambda.model.ci_stack import JOB_VARIABLE, CiStack
from multi_env_lambda.model.roles import Roles
from multi_env_lambda.model.webhook import Webhook
from multi_env_lambda.plan.access import of_devops_roles
from multi_env_lambda.plan.ci_stack import TEMPLATE, CiCode, ci_stack
from multi_env_lambda.testing.local_cloud import sample_config
from tests.plan.test_template import lint

ROLES = Roles(prefix="acme", approvers=("arn:aws:iam::111111111111:user/ada",))
CODECOMMIT = CiStack(repository="units", people=("grace@example.org", "ada@example.org"))
GITHUB = CiStack(
    repository="https://github.com/acme/units",
    connection="arn:aws:codeconnections:us-east-1:111111111111:connection/0a1b",
)
CLONED = CiStack(repository="https://git.acme.org/units.git", builds=1, minutes=5)
CODE = CiCode(
    bucket="acme-artifacts-111111111111-us-east-1",
    key="ci/library/0/dispatcher.zip",
    wheel="ci/library/1/multi_env_lambda-0.2.0-py3-none-any.whl",
    sha256="1" * 64,
    runtime="python3.13",
    sources=HEARD,
    handler="multi_env_lambda.dispatcher.handler",
    variables={"MULTI_ENV_LAMBDA_PROJECT": "acme-build"},
)
CONFIG = attrs.evolve(sample_config(), roles=ROLES)

EXPECTED = {
    "ApprovalsRule": "AWS::Events::Rule",
    "Build": "AWS::CodeBuild::Project",
    "BuildLog": "AWS::Logs::LogGroup",
    "BuildsRule": "AWS::Events::Rule",
    "DeadLetters": "AWS::SQS::Queue",
    "DeadLettersAlarm": "AWS::CloudWatch::Alarm",
    "Dispatcher": "AWS::Lambda::Function",
    "DispatcherLog": "AWS::Logs::LogGroup",
    "DispatcherMapping": "AWS::Lambda::EventSourceMapping",
    "Events": "AWS::SQS::Queue",
    "FailedBuildsAlarm": "AWS::CloudWatch::Alarm",
    "HostsRule": "AWS::Events::Rule",
    "LookRule": "AWS::Events::Rule",
    "NothingSeenAlarm": "AWS::CloudWatch::Alarm",
    "People": "AWS::SNS::Topic",
    "Person1": "AWS::SNS::Subscription",
    "Person2": "AWS::SNS::Subscription",
    "Plan": "AWS::CodeBuild::Project",
    "PlanLog": "AWS::Logs::LogGroup",
    "RepositoryRule": "AWS::Events::Rule",
    "WhoSends": "AWS::SQS::QueuePolicy",
    "WhoWrites": "AWS::SNS::TopicPolicy",
}


def made(stack: CiStack) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ci_stack(attrs.evolve(CONFIG, ci_stack=stack), stack, ROLES, CODE).template)
    return found


def properties(stack: CiStack, key: str) -> dict[str, Any]:
    found: dict[str, Any] = made(stack)["Resources"][key]["Properties"]
    return found


def commands(stack: CiStack) -> list[str]:
    found: list[str] = json.loads(properties(stack, "Build")["Source"]["BuildSpec"])["phases"]["build"]["commands"]
    return found


def test_all_that_a_push_needs_is_in_it() -> None:
    assert {key: body["Type"] for key, body in made(CODECOMMIT)["Resources"].items()} == EXPECTED


@pytest.mark.slow
@pytest.mark.parametrize("stack", [CODECOMMIT, GITHUB, CLONED], ids=lambda stack: stack.kind)
def test_cfn_lint_finds_nothing(stack: CiStack) -> None:
    assert lint(json.dumps(made(stack))) == []


def test_equal_tables_make_equal_bytes() -> None:
    assert ci_stack(CONFIG, CODECOMMIT, ROLES, CODE) == ci_stack(CONFIG, CODECOMMIT, ROLES, CODE)


def test_the_names_are_those_that_the_roles_are_about() -> None:
    """A statement about another name would allow nothing."""
    config = attrs.evolve(CONFIG, ci_stack=CODECOMMIT)
    allowed = {
        role.name: {arn for grant in role.grants for arn in grant.resources} for role in of_devops_roles(config, ROLES)
    }
    resources = made(CODECOMMIT)["Resources"]
    here = "us-east-1:111111111111"

    assert f"arn:aws:sqs:{here}:{resources['Events']['Properties']['QueueName']}" in allowed["acme-dispatcher"]
    for key in ("Build", "Plan"):
        project = resources[key]["Properties"]
        log = resources[f"{key}Log"]["Properties"]["LogGroupName"]
        assert f"arn:aws:codebuild:{here}:project/{project['Name']}" in allowed["acme-dispatcher"]
        assert project["ServiceRole"].rpartition("/")[2] == f"acme-{key.lower()}"
        assert f"arn:aws:logs:{here}:log-group:{log}:*" in allowed[f"acme-{key.lower()}"]
        assert f"arn:aws:codecommit:{here}:units" in allowed[f"acme-{key.lower()}"]
    assert f"arn:aws:sns:{here}:{resources['People']['Properties']['TopicName']}" in allowed["acme-build"]
    log = resources["DispatcherLog"]["Properties"]["LogGroupName"]
    assert f"arn:aws:logs:{here}:log-group:{log}:*" in allowed["acme-dispatcher"]
    assert resources["Dispatcher"]["Properties"]["Role"].endswith(":role/acme-dispatcher")


def test_the_dispatcher_starts_builds_as_they_are() -> None:
    roles = {role.name: role for role in of_devops_roles(CONFIG, ROLES)}
    (start,) = [one for one in roles["acme-dispatcher"].grants if one.sid == "StartBuilds"]

    assert start.condition is not None
    names = "codebuild:environment.environmentVariables.name"
    assert start.condition["ForAllValues:StringEquals"] == {names: JOB_VARIABLE}
    assert start.condition["Null"][names] == "false", "ForAllValues alone is true of what is not there"
    refused = {key for key, absent in start.condition["Null"].items() if absent == "true"}
    assert {"codebuild:source.buildspec", "codebuild:source.location", "codebuild:serviceRole"} <= refused


def test_every_rule_is_one_way_into_the_queue_and_none_loses_an_event() -> None:
    rules = [
        body["Properties"] for body in made(CODECOMMIT)["Resources"].values() if body["Type"] == "AWS::Events::Rule"
    ]

    for rule in rules:
        (target,) = rule["Targets"]
        assert target["Arn"] == {"Fn::GetAtt": ["Events", "Arn"]}
        assert target["DeadLetterConfig"]["Arn"] == {"Fn::GetAtt": ["DeadLetters", "Arn"]}
        assert target["InputTransformer"]["InputTemplate"] == TEMPLATE
        assert re.fullmatch(r"acme-dispatcher-[a-z]+", rule["Name"]), "the queue lets rules of this name in"


def rendered(template: str, paths: dict[str, str], event: dict[str, Any]) -> str:
    """As EventBridge writes a template: outside of quotes each value as JSON, inside of them its text as it is."""
    text = re.compile(r'"[^"]*"|<([^<>]+)>')

    def value(name: str) -> Any:
        found: Any = event
        for part in paths[name].removeprefix("$.").split("."):
            found = found[part]
        return found

    def write(found: re.Match[str]) -> str:
        if found[1] is None:
            return re.sub(r"<([^<>]+)>", lambda inner: str(value(inner[1])), found[0])
        return json.dumps(value(found[1]))

    return text.sub(write, template)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(id=st.text(), source=st.text(), kind=st.text(), detail=st.dictionaries(st.text(), JSON, max_size=4))
def test_no_text_of_an_event_breaks_the_message(id: str, source: str, kind: str, detail: dict[str, Any]) -> None:
    transformer = properties(CODECOMMIT, "HostsRule")["Targets"][0]["InputTransformer"]
    event = {"id": id, "source": source, "detail-type": kind, "detail": detail}

    message = json.loads(rendered(transformer["InputTemplate"], transformer["InputPathsMap"], event))
    assert message == {"id": id, "source": source, "kind": kind, "detail": detail}


def test_no_path_is_one_that_an_event_may_lack() -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html: every event has these."""
    for body in made(CODECOMMIT)["Resources"].values():
        if body["Type"] == "AWS::Events::Rule":
            paths = body["Properties"]["Targets"][0]["InputTransformer"]["InputPathsMap"]
            assert set(paths.values()) == {"$.id", "$.source", "$.detail-type", "$.detail"}


def test_the_key_of_an_approval_is_one_that_the_rule_hears_of() -> None:
    (wildcard,) = properties(CODECOMMIT, "ApprovalsRule")["EventPattern"]["detail"]["object"]["key"]
    key = f"environments/prod/approvals/{'0' * 64}/{'1' * 16}/AROA:grace.json"
    (found,) = read_event(
        {
            "source": "aws.s3",
            "detail-type": "Object Created",
            "detail": {"bucket": {"name": "b"}, "object": {"key": key}},
        }
    )

    assert re.fullmatch(wildcard["wildcard"].replace("*", ".*"), key)
    assert isinstance(found, ApprovalGiven)


@pytest.mark.parametrize("stack", [CODECOMMIT, GITHUB, CLONED], ids=lambda stack: stack.kind)
def test_the_lines_of_a_build_are_lines_of_a_shell_and_hold_no_variable_but_its_own(stack: CiStack) -> None:
    lines = commands(stack)
    checked = subprocess.run(["bash", "-n"], input="\n".join(lines), text=True, capture_output=True, check=False)

    assert (checked.returncode, checked.stderr) == (0, "")
    assert set(re.findall(r"\$\{?(\w+)", "\n".join(lines))) <= {
        "library",
        "new",
        "HOME",
        "XDG_CACHE_HOME",
        "CODEBUILD_SRC_DIR",
    }
    assert lines[-1] == '"$library/bin/python" -P -m multi_env_lambda ci run'
    assert ("git clone --quiet -- https://git.acme.org/units.git ." in lines) == (stack is CLONED)


def test_a_build_starts_from_the_protected_branch_whatever_it_was_told(tmp_path: Path) -> None:
    """StartBuild takes a version of the source, for which IAM has no key."""
    ci = attrs.evolve(CONFIG.ci, branch="release/it's=+@1")
    config = attrs.evolve(CONFIG, ci=ci)
    spec = json.loads(
        json.loads(ci_stack(config, CODECOMMIT, ROLES, CODE).template)["Resources"]["Build"]["Properties"]["Source"][
            "BuildSpec"
        ]
    )
    words = [shlex.split(line) for line in spec["phases"]["build"]["commands"] if line.startswith("git ")]

    assert words[0][-1] == f"+refs/heads/{ci.branch}:refs/remotes/origin/{ci.branch}"
    assert words[1][-2] == f"refs/remotes/origin/{ci.branch}"


# --- the receiver of webhooks ---
WEBHOOK = Webhook(host="github", secret="acme/webhook")
OF_THE_RECEIVER = {
    "Receiver": "AWS::Lambda::Function",
    "ReceiverFailsAlarm": "AWS::CloudWatch::Alarm",
    "ReceiverInvokePermission": "AWS::Lambda::Permission",
    "ReceiverIsBusyAlarm": "AWS::CloudWatch::Alarm",
    "ReceiverLog": "AWS::Logs::LogGroup",
    "ReceiverUrl": "AWS::Lambda::Url",
    "ReceiverUrlPermission": "AWS::Lambda::Permission",
}


def received(webhook: Webhook = WEBHOOK) -> dict[str, Any]:
    config = attrs.evolve(CONFIG, ci_stack=GITHUB, webhook=webhook)
    code = attrs.evolve(CODE, receiver="multi_env_lambda.receiver.handler", receiver_variables={"AB": "b"})
    found: dict[str, Any] = json.loads(ci_stack(config, GITHUB, ROLES, code).template)
    return found


def test_a_webhook_adds_a_receiver_with_a_log_and_alarms_and_takes_nothing_away() -> None:
    there = {key: body["Type"] for key, body in received()["Resources"].items()}
    assert there == {**{key: body["Type"] for key, body in made(GITHUB)["Resources"].items()}, **OF_THE_RECEIVER}
    assert "Outputs" not in made(GITHUB)
    assert received()["Outputs"] == {"WebhookAddress": {"Value": {"Fn::GetAtt": ["ReceiverUrl", "FunctionUrl"]}}}
    assert received()["Resources"]["ReceiverLog"]["Properties"]["RetentionInDays"] == 30


@pytest.mark.slow
def test_cfn_lint_finds_nothing_in_a_receiver() -> None:
    assert lint(json.dumps(received())) == []


def test_everybody_may_call_the_receiver_by_its_url_and_in_no_other_way() -> None:
    resources = received()["Resources"]
    permissions = [resources[key]["Properties"] for key in ("ReceiverUrlPermission", "ReceiverInvokePermission")]

    assert [one["Principal"] for one in permissions] == ["*", "*"]
    assert permissions[0]["FunctionUrlAuthType"] == "NONE"
    assert permissions[1]["InvokedViaFunctionUrl"] is True
    assert "Cors" not in resources["ReceiverUrl"]["Properties"]


def test_the_receiver_answers_before_github_gives_up_and_takes_no_more_than_its_share() -> None:
    body = received()["Resources"]["Receiver"]["Properties"]
    assert body["Timeout"] < 10
    assert body["ReservedConcurrentExecutions"] == 5
    assert body["Role"].endswith(":role/acme-receiver")
    none = received(attrs.evolve(WEBHOOK, concurrency=0))["Resources"]["Receiver"]["Properties"]
    assert "ReservedConcurrentExecutions" not in none


@pytest.mark.parametrize(
    ("webhook", "kept"),
    [
        (WEBHOOK, {"MULTI_ENV_LAMBDA_WEBHOOK_SECRET": "acme/webhook"}),
        (Webhook(host="github", parameter="/acme/x"), {"MULTI_ENV_LAMBDA_WEBHOOK_PARAMETER": "/acme/x"}),
    ],
)
def test_the_receiver_knows_where_the_secret_is_and_may_read_that_alone(webhook: Webhook, kept: dict[str, str]) -> None:
    body = received(webhook)["Resources"]["Receiver"]["Properties"]
    assert body["Environment"]["Variables"] == {"AB": "b", "MULTI_ENV_LAMBDA_WEBHOOK_HOST": "github", **kept}
    assert "{{resolve" not in json.dumps(received(webhook))
    config = attrs.evolve(CONFIG, ci_stack=GITHUB, webhook=webhook)
    roles = {role.name: role for role in of_devops_roles(config, ROLES)}
    grants = {grant.sid: grant for grant in roles["acme-receiver"].grants}

    assert set(grants) == {"ReadItsSecret", "RememberDeliveries", "PutEvents", "WriteItsLog"}
    here = "us-east-1:111111111111"
    secret = f"arn:aws:secretsmanager:{here}:secret:acme/webhook-??????"
    assert grants["ReadItsSecret"].resources == (secret if webhook.secret else f"arn:aws:ssm:{here}:parameter/acme/x",)
    assert grants["RememberDeliveries"].resources == (f"arn:aws:s3:::{CONFIG.devops.bucket}/ci/deliveries/*",)
    assert grants["PutEvents"].resources == (f"arn:aws:events:{here}:event-bus/default",)
    assert grants["PutEvents"].condition == {
        "ForAllValues:StringEquals": {
            "events:source": ["github.com"],
            "events:detail-type": ["delete", "pull_request", "pull_request_review", "push"],
        },
        "Null": {"events:source": "false", "events:detail-type": "false"},
    }
    log = received(webhook)["Resources"]["ReceiverLog"]["Properties"]["LogGroupName"]
    assert grants["WriteItsLog"].resources == (f"arn:aws:logs:{here}:log-group:{log}:*",)
