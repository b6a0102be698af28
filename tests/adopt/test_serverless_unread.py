"""No key of a service is lost in silence: it is carried, changed, or named as not carried over."""

from __future__ import annotations

import textwrap

import pytest

from multi_env_lambda.adopt.document import read_document
from multi_env_lambda.adopt.found import Carried, Changed, Missing, NotCarried, Place, Reading, Wanted
from multi_env_lambda.adopt.serverless import Placed, read_service
from multi_env_lambda.adopt.serverless_given import refusal


def read(provider: str = "", function: str = "", rest: str = "") -> Reading:
    lines = "service: shop\nprovider:\n  name: aws\n  runtime: python3.12\n"
    lines += textwrap.indent(provider, "  ") + "\nfunctions:\n  hello:\n    handler: a.b\n"
    lines += textwrap.indent(function, "    ") + "\n" + rest
    at_home = Placed(environment="sandbox", region="eu-west-1", account_id="222222222222")
    return read_service(read_document(lines, "serverless.yml"), at_home, {}, {}.get)


def said(found: Reading, kind: type) -> list[str]:
    return [each.what for each in found.findings if isinstance(each, kind)]


@pytest.mark.parametrize(
    ("event", "key"),
    [
        ("http: {method: get, path: a, operationId: x}", "event http: operationId"),
        ("http: {method: get, path: a, cors: {cacheControl: x}}", "event http: cors.cacheControl"),
        ("httpApi: {method: get, path: /a, timeout: 9}", "event httpApi: timeout"),
        ("schedule: {rate: rate(1 day), description: x}", "event schedule: description"),
        ("schedule: {rate: rate(1 day), timezone: Europe/Berlin, name: x}", "event schedule: name"),
        ("sqs: {arn: 'arn:aws:sqs:eu-west-1:222222222222:x', metricsConfig: x}", "event sqs: metricsConfig"),
        ("stream: {arn: 'arn:aws:dynamodb:eu-west-1:222222222222:table/x/stream/y', maximumRecordAgeInSeconds: 60}",
         "event stream: maximumRecordAgeInSeconds"),
        ("sns: {topicName: news, displayName: x}", "event sns: displayName"),
        ("s3: {bucket: x, forceDeploy: true}", "event s3: forceDeploy"),
        ("s3: {bucket: x, existing: true, rules: [{prefix: a}]}", "event s3: rules"),
        ("eventBridge: {pattern: {source: [a]}, name: x}", "event eventBridge: name"),
        ("alexaSkill: {appId: x, enabled: false}", "event alexaSkill"),
    ],
)  # fmt: skip
def test_an_events_key_that_nothing_reads_is_said_once(event: str, key: str) -> None:
    assert said(read(function=f"events: [{{{event}}}]"), NotCarried) == [key]


@pytest.mark.parametrize(
    ("provider", "key"),
    [
        ("tracing: {lambda: true, apiGateway: true}", "provider.tracing.apiGateway"),
        ("apiGateway: {apiKeySourceType: AUTHORIZER}", "provider.apiGateway.apiKeySourceType"),
        ("iam: {deploymentRole: x}", "provider.iam.deploymentRole"),
        ("iam: {role: {path: /a/}}", "provider.iam.role.path"),
        ("logs: {restApi: true}", "provider.logs.restApi"),
        ("notificationArns: [x]", "provider.notificationArns"),
        ("rollbackConfiguration: {a: 1}", "provider.rollbackConfiguration"),
    ],
)
def test_a_key_of_the_provider_that_nothing_reads_is_said_once(provider: str, key: str) -> None:
    assert said(read(provider), NotCarried) == [key]


@pytest.mark.parametrize(
    ("function", "key"),
    [
        ("vpc: {subnetIds: [subnet-1], securityGroupIds: [sg-1], ipv6AllowedForDualStack: true}",
         "vpc.ipv6AllowedForDualStack"),
        ("url: {cors: {x: 1}}", "url.cors.x"),
        ("logs: {logFormat: JSON, applicationLogLevel: DEBUG}", "logs.applicationLogLevel"),
        ("awsKmsKeyArn: x", "awsKmsKeyArn"),
        ("package: {artifact: x.zip}", "package.artifact"),
        ("package: {include: [.fonts/**, ./a/**]}", "package.include: .fonts/**"),
        ("package: {patterns: ['!.git/**', a/.b]}", "package.patterns: a/.b"),
    ],
)  # fmt: skip
def test_a_key_of_a_function_that_nothing_reads_is_said_once(function: str, key: str) -> None:
    assert said(read(function=function), NotCarried) == [key]


def test_the_plugin_that_puts_env_files_into_functions_is_said() -> None:
    found = read(rest="plugins: [serverless-dotenv-plugin, serverless-offline]")
    assert said(found, NotCarried) == ["plugin serverless-dotenv-plugin"]


def test_what_the_environment_decides_is_said() -> None:
    found = read("stage: production\nregion: ap-southeast-1", "package: {include: [a/**], individually: true}")
    assert said(found, Changed) == ["provider.stage", "provider.region", "package.include", "package.individually"]


def test_settings_are_in_the_report_with_the_line_that_they_come_from() -> None:
    statement = "iam: {role: {statements: [{Effect: Allow, Action: 's3:GetObject', Resource: '*'}]}}"
    found = read(f"timeout: 9\nenvironment: {{AA: x, BB: '${{ssm:/b}}'}}\n{statement}", "memorySize: 512")
    lines = {each.what: (each.function, each.place.line) for each in found.findings if isinstance(each, Carried)}
    assert lines == {
        "timeout": ("", 5),
        "environment.AA": ("", 6),
        "environment.BB": ("", 6),
        "statement": ("", 7),
        "handler": ("hello", 10),
        "memorySize": ("hello", 11),
    }


@pytest.mark.parametrize("event", ["eventBridge: {pattern: {source: [a]}", "eventBridge: {schedule: rate(1 day)"])
def test_what_a_rule_does_after_failures_is_carried_over(event: str) -> None:
    more = "retryPolicy: {maximumRetryAttempts: 2, maximumEventAge: 60}, deadLetterQueueArn: 'arn:aws:sqs:x:1:q'}"
    found = read(function=f"events: [{{{event}, {more}}}]")
    assert found.stack is not None
    rule = next(body for body in found.stack.resources.values() if body["Type"] == "AWS::Events::Rule")
    [target] = rule["Properties"]["Targets"]
    assert target["RetryPolicy"] == {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 60}
    assert target["DeadLetterConfig"] == {"Arn": "arn:aws:sqs:x:1:q"}


def test_a_log_in_json_stays_one() -> None:
    assert read("logs: {lambda: {logFormat: JSON}}").table["functions"]["hello"]["log_format"] == "JSON"


@pytest.mark.parametrize("handler", ["../other/app.handler", "/etc/app.handler", "app.handler;x", "app", "a..b"])
def test_a_handler_that_cannot_be_here_is_said_and_left_out(handler: str) -> None:
    found = read(rest=f"  odd: {{handler: '{handler}'}}")
    assert said(found, NotCarried) == ["handler"]
    assert list(found.table["functions"]) == ["hello"]


def test_a_service_whose_functions_are_all_left_out_keeps_its_runtime() -> None:
    text = "service: shop\nprovider: {name: aws, runtime: python3.12}\nfunctions: {odd: {handler: app}}"
    at_home = Placed(environment="sandbox", region="eu-west-1", account_id="222222222222")
    found = read_service(read_document(text, "serverless.yml"), at_home, {}, {}.get)
    assert found.table["runtime"] == "python3.12"


def test_tags_are_in_the_report() -> None:
    assert said(read("tags: {team: a}"), Carried) == ["tag team", "handler"]


@pytest.mark.parametrize(
    ("name", "more"),
    [("orders-queue", ""), ("Orders", "Condition: Never"), ("Orders", "Properties: {Password: hunter2hunter2}")],
)
def test_what_refers_to_a_resource_that_is_left_out_is_left_out(name: str, more: str) -> None:
    resources = f"resources:\n  Resources:\n    {name}:\n      Type: AWS::SQS::Queue\n      {more}\n"
    resources += f"    Watch:\n      Type: AWS::SNS::Topic\n      Properties: {{DisplayName: {{Ref: {name}}}}}\n"
    resources += "    Alarm:\n      Type: AWS::SNS::Topic\n      Properties: {DisplayName: {Ref: Watch}}\n"
    found = read(f"environment: {{QUEUE: {{Ref: {name}}}, ALARM: {{Ref: Alarm}}}}", rest=resources)
    left_out = ["environment.QUEUE", "environment.ALARM", f"resource {name}", "resource Watch", "resource Alarm"]
    assert sorted(said(found, NotCarried)) == sorted(left_out)
    assert found.stack is not None and not found.stack.resources and not found.stack.variables


def test_an_order_that_cannot_be_kept_is_said() -> None:
    resources = "resources: {Resources: {Orders: {Type: 'AWS::SQS::Queue', DependsOn: [Gone]}}}"
    assert said(read(rest=resources), NotCarried) == ["resource Orders: DependsOn"]


@pytest.mark.parametrize(("name", "count"), [("poetry.lock", 0), ("Pipfile.lock", 0), ("other.txt", 1)])
def test_a_lock_that_is_read_anyway_needs_no_other_name(name: str, count: int) -> None:
    assert len(said(read(rest=f"custom: {{pythonRequirements: {{fileName: {name}}}}}"), NotCarried)) == count


def test_files_that_are_called_after_a_stage_are_asked_for_once() -> None:
    missing = [
        Missing(wanted=Wanted(name=f"file(./env/{e}.yml):{key}", place=Place("x.yml", 1)), environments=(e,))
        for e in ("sandbox", "prod")
        for key in ("A", "B")
    ]
    hint = str(refusal(missing, "x.yml", 2).hint)
    assert "sandbox.stage=…" in hint and "prod.stage=…" in hint
    assert hint.count("stage") == 2 * hint.count("sandbox") and "file(" not in hint


@pytest.mark.parametrize(
    "value", ["${self:custom.db.password}", "a-${self:custom.db.password}", "${env:AWS_SECRET_ACCESS_KEY}"]
)
def test_what_comes_from_a_secret_is_one_whatever_the_variable_is_called(value: str) -> None:
    found = read(f"environment: {{PLAIN: '{value}'}}", rest="custom: {db: {password: correct horse}}")
    assert found.table["functions"]["hello"]["environment"] == {"PLAIN": {"secret": "plain"}}
    assert "correct horse" not in str(found)


@pytest.mark.parametrize("name", [".env", "config/.env.prod"])
def test_an_env_file_is_not_read(name: str) -> None:
    text = "service: shop\nprovider: {name: aws, runtime: python3.12, environment: {PLAIN: '${file(NAME)}'}}"
    text = text.replace("NAME", name)
    text += "\nfunctions: {hello: {handler: a.b}}"
    at_home = Placed(environment="sandbox", region="eu-west-1", account_id="222222222222")
    found = read_service(read_document(text, "serverless.yml"), at_home, {}, {name: "KEY=hunter2"}.get)
    assert said(found, NotCarried) == ["environment.PLAIN"]
    assert "hunter2" not in str(found)


def test_keys_are_so_short_that_aws_takes_the_names() -> None:
    text = "service: shop\nprovider: {name: aws, runtime: python3.12}\nfunctions:\n"
    text += "".join(f"  applicationHandlerOf{n}: {{handler: a.b}}\n" for n in ("Orders", "Offers"))
    at_home = Placed(environment="sandbox", region="eu-west-1", account_id="222222222222", longest=20)
    found = read_service(read_document(text, "serverless.yml"), at_home, {}, {}.get)
    assert list(found.table["functions"]) == ["application-handler", "application-handl-2"]
