"""What a template of SAM says becomes tables of ours, the rest goes into stack.py, and nothing is lost in silence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from multi_env_lambda.adopt.cfn_parameters import given_values, overrides_of, values_of
from multi_env_lambda.adopt.document import read_document
from multi_env_lambda.adopt.found import Carried, Changed, Grant, NotCarried, Ours, Reading, Variable
from multi_env_lambda.adopt.sam import read_template
from multi_env_lambda.adopt.sam_layers import steps_out
from multi_env_lambda.adopt.sam_source import Source, is_template
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.project import read_project
from tests.declared import DEVOPS, ENVIRONMENTS, complete_unit

PSEUDO = {"AWS::Region": "us-east-1", "AWS::AccountId": "2" * 12, "AWS::Partition": "aws", "AWS::URLSuffix": "x"}
NAMES = tuple(one.name for one in ENVIRONMENTS)
HEAD = "Transform: AWS::Serverless-2016-10-31\n"


def read(
    text: str,
    environment: str = "prod",
    given: Mapping[str, Any] | None = None,
    at: str = ".",
    packages: frozenset[str] = frozenset(),
    **texts: str,
) -> Reading:
    template = read_document(text, "template.yaml")
    source = Source(
        template=template,
        unit="shop",
        folder="projects/shop",
        environments=NAMES,
        files=frozenset({*texts, "src/app.py", "o/a.py"}),
        crowded=False,
        at=at,
        text=texts.get,
        packages=packages,
    )
    chosen, missing = values_of(template, given or {}, NAMES, "shop")
    assert missing == ()
    return read_template(source, environment, chosen[environment], PSEUDO)


def function(properties: str = "", resources: str = "", top: str = "") -> str:
    """A template with one function, ``CreateFunction``; more of its properties, and more resources."""
    return (
        f"{HEAD}{top}Resources:\n  CreateFunction:\n    Type: AWS::Serverless::Function\n    Properties:\n"
        f"      Handler: app.handler\n      Runtime: python3.12\n      CodeUri: src/\n{indented(properties, 6)}"
        f"{indented(resources, 2)}"
    )


def indented(text: str, by: int) -> str:
    return "".join(f"{' ' * by}{line}\n" for line in text.strip("\n").splitlines())


def table(reading: Reading) -> dict[str, Any]:
    found: dict[str, Any] = reading.table["functions"]["create"]
    return {key: value for key, value in found.items() if key not in ("handler", "root")}


def accepted(reading: Reading) -> None:
    """Our own reader takes the table."""
    document = complete_unit({"tool": {"multi_env_lambda": dict(reading.table)}})
    read_project(document, folder="projects/shop", where="x", environments=ENVIRONMENTS, devops=DEVOPS)


def lost(reading: Reading) -> list[str]:
    return [f"{one.place.line} {one.function} {one.what}" for one in reading.findings if isinstance(one, NotCarried)]


def test_a_function_has_its_code_its_runtime_and_its_place() -> None:
    found = read(function("Architectures: [arm64]"))

    assert found.table["runtime"] == "python3.12" and found.table["architecture"] == "arm64"
    assert found.table["functions"] == {"create": {"handler": "app.handler", "root": "src"}}
    assert found.folders == ("src",)
    assert [str(one.place) for one in found.findings if one.what == "Handler"] == ["template.yaml:6"]


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ("MemorySize: 512\nTimeout: '30'", {"memory_size": 512, "timeout": 30}),
        ("Tracing: Active\nDescription: Creates", {"tracing": "Active", "description": "Creates"}),
        ("ReservedConcurrentExecutions: 5", {"reserved_concurrency": 5}),
        ("EphemeralStorage: {Size: 1024}", {"ephemeral_storage": 1024}),
        ("LoggingConfig: {LogFormat: JSON}", {"log_format": "JSON"}),
        ("SnapStart: {ApplyOn: PublishedVersions}", {"snap_start": True}),
        ("DeploymentPreference: {Type: Canary10Percent5Minutes}", {"traffic": "canary 10% 5m"}),
        ("DeploymentPreference: {Type: Linear10PercentEvery1Minute}", {"traffic": "linear 10% 1m"}),
        (
            "VpcConfig: {SubnetIds: [subnet-1], SecurityGroupIds: [sg-1]}",
            {"vpc": {"subnet_ids": ["subnet-1"], "security_group_ids": ["sg-1"]}},
        ),
        (
            "Environment: {Variables: {AA: 1, BB: !Sub '${AWS::Region}-${AWS::StackName}', CC: '${x}', DD: true}}",
            {"environment": {"AA": "1", "BB": "${region}-shop-prod", "CC": "$${x}", "DD": "true"}},
        ),
        (
            "Environment: {Variables: {AA: '{{resolve:ssm:/a/b}}',"
            " BB: '{{resolve:secretsmanager:db:SecretString:pw}}'}}",
            {"environment": {"AA": {"parameter": "/a/b"}, "BB": {"secret": "db", "key": "pw"}}},
        ),
        (
            "DeadLetterQueue: {Type: SQS, TargetArn: !Sub 'arn:aws:sqs:${AWS::Region}:${AWS::AccountId}:dead'}",
            {"dead_letter_arn": "arn:aws:sqs:${region}:${account_id}:dead"},
        ),
        ("FunctionUrlConfig: {AuthType: NONE}", {"events": [{"url": "NONE"}]}),
        ("FunctionUrlConfig: {AuthType: AWS_IAM}", {"events": [{"url": True}]}),
        (
            "Layers: ['arn:aws:lambda:us-east-1:333333333333:layer:tools:7']",
            {"layers": ["arn:aws:lambda:us-east-1:333333333333:layer:tools:7"]},
        ),
        ("Policies: AWSLambdaBasicExecutionRole", {}),
        ("Policies: AWSLambdaFullAccess", {"managed_policies": ["arn:aws:iam::aws:policy/AWSLambda_FullAccess"]}),
        (
            "Policies: [AmazonS3ReadOnlyAccess, AWSLambdaVPCAccessExecutionRole]",
            {
                "managed_policies": [
                    "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
                    "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole",
                ]
            },
        ),
        (
            "Policies: [{Statement: {Effect: Allow, Action: 's3:GetObject', Resource: 'arn:aws:s3:::a/*'}}]",
            {"policies": [{"actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::a/*"]}]},
        ),
        (
            "Policies:\n  - Statement:\n      - Effect: Deny\n        Action: ['s3:*']\n        Resource: '*'\n"
            "        Condition: {StringEquals: {'aws:PrincipalTag/a': '${aws:username}'}}",
            {
                "policies": [
                    {
                        "actions": ["s3:*"],
                        "resources": ["*"],
                        "effect": "Deny",
                        "condition": {"StringEquals": {"aws:PrincipalTag/a": "$${aws:username}"}},
                    }
                ]
            },
        ),
        (
            "Policies: [{SQSSendMessagePolicy: {QueueName: jobs}}]",
            {
                "policies": [
                    {"actions": ["sqs:SendMessage*"], "resources": ["arn:aws:sqs:${region}:${account_id}:jobs"]}
                ]
            },
        ),
    ],
)
def test_a_property_has_its_word_here(properties: str, expected: dict[str, Any]) -> None:
    found = read(function(properties))

    assert table(found) == expected
    assert lost(found) == [] and found.stack.resources == {}
    accepted(found)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ("{Type: Schedule, Properties: {Schedule: rate(5 minutes)}}", {"schedule": "rate(5 minutes)"}),
        (
            "{Type: Schedule, Properties: {Schedule: rate(1 day), Input: '{\"a\": 1}'}}",
            {"schedule": "rate(1 day)", "payload": {"a": 1}},
        ),
        ("{Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 day)}}", {"scheduler": "rate(1 day)"}),
        (
            "{Type: ScheduleV2, Properties: {ScheduleExpression: 'cron(0 8 ? * MON-FRI *)', Input: '{\"a\": 1}', "
            "ScheduleExpressionTimezone: Europe/Berlin, StartDate: '2026-12-01T00:00:00.000Z', "
            "EndDate: '2027-12-01T00:00:00Z', RetryPolicy: {MaximumRetryAttempts: 3, MaximumEventAgeInSeconds: 60}, "
            "FlexibleTimeWindow: {Mode: FLEXIBLE, MaximumWindowInMinutes: 15}, "
            "DeadLetterConfig: {Arn: 'arn:aws:sqs:us-east-1:222222222222:dead'}}}",
            {
                "scheduler": "cron(0 8 ? * MON-FRI *)",
                "time_zone": "Europe/Berlin",
                "start": "2026-12-01T00:00:00Z",
                "end": "2027-12-01T00:00:00Z",
                "window_minutes": 15,
                "retries": 3,
                "maximum_age": 60,
                "dead_letter_queue": "arn:aws:sqs:us-east-1:222222222222:dead",
                "payload": {"a": 1},
            },
        ),
        (
            "{Type: EventBridgeRule, Properties: {Pattern: {source: [shop]}, EventBusName: bus}}",
            {"event_pattern": {"source": ["shop"]}, "bus": "bus"},
        ),
        ("{Type: HttpApi}", {"http": "$default"}),
        ("{Type: HttpApi, Properties: {Path: '/a/{id}', Method: get}}", {"http": "GET /a/{id}"}),
        ("{Type: Api, Properties: {Path: /a/, Method: any}}", {"rest": "ANY /a"}),
        (
            "{Type: Api, Properties: {Path: /a, Method: post, Auth: {Authorizer: AWS_IAM}}}",
            {"rest": "POST /a", "authorizer": "iam"},
        ),
        (
            "{Type: SNS, Properties: {Topic: 'arn:aws:sns:us-east-1:222222222222:t', FilterPolicy: {a: [b]}}}",
            {"sns": "arn:aws:sns:us-east-1:222222222222:t", "filter_policy": {"a": ["b"]}},
        ),
        (
            "{Type: SQS, Properties: {Queue: 'arn:aws:sqs:us-east-1:222222222222:q', BatchSize: 5}}",
            {"sqs": "arn:aws:sqs:us-east-1:222222222222:q", "batch_size": 5, "partial_failures": False},
        ),
        (
            "{Type: Kinesis, Properties: {Stream: 'arn:aws:kinesis:us-east-1:222222222222:stream/s', "
            "StartingPosition: LATEST, FunctionResponseTypes: [ReportBatchItemFailures]}}",
            {"kinesis": "arn:aws:kinesis:us-east-1:222222222222:stream/s", "starting_position": "LATEST"},
        ),
    ],
)
def test_an_event_has_its_word_here(event: str, expected: dict[str, Any]) -> None:
    found = read(function(f"Events: {{One: {event}}}"))

    assert table(found) == {"events": [expected]}
    assert lost(found) == []
    accepted(found)


@pytest.mark.parametrize(
    ("properties", "resources", "what"),
    [
        ("Events: {One: {Type: Cognito}}", "", "event One (Cognito)"),
        (
            "Events: {One: {Type: Schedule, Properties: {Schedule: rate(1 day), Enabled: false}}}",
            "",
            "event One (Schedule)",
        ),
        (
            "Events: {One: {Type: ScheduleV2, Properties: {ScheduleExpression: 'at(2027-01-01T00:00:00)'}}}",
            "",
            "event One (ScheduleV2)",
        ),
        ("Policies: [{MadeUpPolicy: {}}]", "", "MadeUpPolicy"),
        ("Role: !ImportValue theirs", "", "Role"),
        ("Anything: 1", "", "Anything"),
        ("Environment: {Variables: {_A: 1}}", "", "variable _A"),
    ],
)
def test_what_has_no_word_is_said_with_its_function_and_line(properties: str, resources: str, what: str) -> None:
    assert lost(read(function(properties, resources))) == [f"9 CreateFunction {what}"]


def test_a_table_and_who_uses_it() -> None:
    resources = """
Orders:
  Type: AWS::DynamoDB::Table
  Properties:
    BillingMode: PAY_PER_REQUEST
    AttributeDefinitions: [{AttributeName: id, AttributeType: N}]
    KeySchema: [{AttributeName: id, KeyType: HASH}]
    StreamSpecification: {StreamViewType: NEW_IMAGE}
"""
    properties = """
Environment: {Variables: {TABLE: !Ref Orders, ARN: !GetAtt Orders.Arn}}
Policies: [{DynamoDBCrudPolicy: {TableName: !Ref Orders}}]
Events:
  Changed: {Type: DynamoDB, Properties: {Stream: !GetAtt Orders.StreamArn, StartingPosition: LATEST}}
"""
    found = read(function(properties, resources))

    assert found.table["tables"] == {
        "orders": {"partition_key": "id", "types": {"id": "number"}, "stream": "NEW_IMAGE"}
    }
    assert table(found) == {
        "environment": {"TABLE": {"table": "orders"}, "ARN": {"table": "orders", "value": "arn"}},
        "read": ["orders"],
        "write": ["orders"],
        "events": [{"dynamodb": "orders", "starting_position": "LATEST", "partial_failures": False}],
    }
    assert found.stack.resources == {} and lost(found) == []
    accepted(found)


def test_a_table_with_a_name_of_its_own_stays_as_it_is() -> None:
    resources = """
Orders:
  Type: AWS::DynamoDB::Table
  Properties:
    TableName: !Sub '${AWS::StackName}-orders'
    AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
    KeySchema: [{AttributeName: id, KeyType: HASH}]
"""
    policy = "Policies: [{DynamoDBReadPolicy: {TableName: !Ref Orders}}]"
    found = read(function(f"Environment: {{Variables: {{TABLE: !Ref Orders}}}}\n{policy}", resources))

    assert "tables" not in found.table
    assert found.stack.resources["Orders"]["Properties"]["TableName"] == "shop-prod-orders"
    assert found.stack.variables == (Variable(function="create", name="TABLE", value={"Ref": "Orders"}),)
    arn = "arn:aws:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${TableName}"
    assert found.stack.grants[0].resources[0] == {"Fn::Sub": [arn, {"TableName": {"Ref": "Orders"}}]}
    accepted(found)


def test_a_queue_with_its_dead_letters_is_read_through_stack_py() -> None:
    resources = """
Jobs:
  Type: AWS::SQS::Queue
  Properties: {RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3}}
Dead:
  Type: AWS::SQS::Queue
"""
    events = "Events: {One: {Type: SQS, Properties: {Queue: !GetAtt Jobs.Arn, BatchSize: 1}}}"
    found = read(function(events, resources))

    mapping = found.stack.resources["CreateOneSource"]
    assert mapping["Properties"] == {
        "EventSourceArn": {"Fn::GetAtt": ["Jobs", "Arn"]},
        "FunctionName": Ours("alias", "create"),
        "BatchSize": 1,
    }
    assert [one.function for one in found.stack.grants] == ["create"] and lost(found) == []


def test_a_bucket_of_the_stack_tells_the_function() -> None:
    events = "Events: {One: {Type: S3, Properties: {Bucket: !Ref Files, Events: s3:ObjectCreated:*}}}"
    ours = read(function(events, "Files: {Type: AWS::S3::Bucket}"))
    named = read(function(events, "Files:\n  Type: AWS::S3::Bucket\n  Properties: {BucketName: my-files}"))

    assert table(ours) == {"events": [{"s3": "files"}]} and ours.table["buckets"] == {"files": {"versioning": False}}
    told = named.stack.resources["Files"]["Properties"]["NotificationConfiguration"]["LambdaConfigurations"]
    assert told == [{"Event": "s3:ObjectCreated:*", "Function": Ours("alias", "create")}]
    assert named.stack.resources["Files"]["DependsOn"] == ["CreateFilesPermission"]
    assert lost(ours) == lost(named) == []


def test_the_role_of_the_template_gives_its_permissions_to_the_function() -> None:
    resources = """
Runner:
  Type: AWS::IAM::Role
  Properties:
    AssumeRolePolicyDocument:
      Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}]
    ManagedPolicyArns: ['arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole']
    Policies:
      - PolicyName: a
        PolicyDocument: {Statement: [{Effect: Allow, Action: 'ses:SendEmail', Resource: '*'}]}
"""
    found = read(function("Role: !GetAtt Runner.Arn", resources))

    assert table(found) == {"policies": [{"actions": ["ses:SendEmail"], "resources": ["*"]}]}
    assert found.stack.resources == {} and lost(found) == []


def test_other_resources_stay_and_name_our_functions() -> None:
    resources = """
Alarm:
  Type: AWS::CloudWatch::Alarm
  Properties:
    Dimensions: [{Name: FunctionName, Value: !Ref CreateFunction}]
    AlarmActions: [!Sub '${CreateFunction.Arn}:x']
May:
  Type: AWS::Lambda::Permission
  Properties: {FunctionName: !Ref CreateFunction, Action: lambda:InvokeFunction, Principal: s3.amazonaws.com}
"""
    found = read(function("", resources)).stack.resources

    assert found["Alarm"]["Properties"] == {
        "Dimensions": [{"Name": "FunctionName", "Value": Ours("function", "create")}],
        "AlarmActions": [{"Fn::Sub": ["${CreateFunctionArn}:x", {"CreateFunctionArn": Ours("alias", "create")}]}],
    }
    assert found["May"]["Properties"]["FunctionName"] == Ours("alias", "create")


def test_what_refers_to_an_api_without_a_route_is_left_out() -> None:
    resources = """
Api:
  Type: AWS::Serverless::HttpApi
  Properties: {}
Logs:
  Type: AWS::Logs::LogGroup
  Properties: {LogGroupName: !Sub '/aws/http-api/${Api}'}
"""
    found = read(function("", resources))

    assert found.stack.resources == {}
    assert [line.split(" ", 1)[1] for line in lost(found)] == [" Logs (AWS::Logs::LogGroup)"]


def test_what_refers_to_something_that_is_not_there_is_left_out_and_said() -> None:
    resources = "Nested: {Type: 'AWS::CloudFormation::Stack'}\nTopic:\n  Type: AWS::SNS::Topic\n"
    resources += "  Properties: {TopicName: !GetAtt Nested.Outputs.Name}\n"
    found = read(function("Environment: {Variables: {AA: !Ref Topic}}", resources))

    assert found.stack.resources == {} and found.stack.variables == ()
    assert sorted(lost(found)) == [
        "10  Nested (AWS::CloudFormation::Stack)",
        "11  Topic (AWS::SNS::Topic)",
        "3 CreateFunction variable AA",
    ]
    assert [one.what for one in found.findings if isinstance(one, Carried)] == ["Handler", "CodeUri", "Runtime"]


def test_globals_are_merged_as_sam_does() -> None:
    top = "Globals: {Function: {Timeout: 9, MemorySize: 256, Environment: {Variables: {AA: a, BB: b}}}}\n"
    found = read(function("MemorySize: 512\nEnvironment: {Variables: {BB: own}}", top=top))

    assert table(found) == {"timeout": 9, "memory_size": 512, "environment": {"AA": "a", "BB": "own"}}


def test_parameters_conditions_and_mappings_differ_by_environment() -> None:
    top = """Parameters: {Stage: {Type: String, Default: dev, AllowedValues: [dev, live]}}
Mappings: {Sizes: {dev: {Memory: 128}, live: {Memory: 1024}}}
Conditions: {IsLive: !Equals [!Ref Stage, live], IsDev: !Not [!Condition IsLive]}
"""
    properties = """
MemorySize: !FindInMap [Sizes, !Ref Stage, Memory]
Timeout: !If [IsLive, 60, !Ref 'AWS::NoValue']
"""
    resources = "Extra: {Type: AWS::SNS::Topic, Condition: IsLive, Properties: {TopicName: extra}}"
    text = function(properties, resources, top)
    given = {"prod": {"Stage": "live"}}

    assert table(read(text, "sandbox", given)) == {"memory_size": 128}
    assert table(read(text, "prod", given)) == {"memory_size": 1024, "timeout": 60}
    assert list(read(text, "sandbox", given).stack.resources) == []
    assert list(read(text, "prod", given).stack.resources) == ["Extra"]
    defaults = [one for one in read(text, "sandbox", given).findings if one.what == "parameter Stage"]
    assert [type(one) for one in defaults] == [Changed] and str(defaults[0].place) == "template.yaml:2"


def test_a_value_that_must_not_be_shown_is_read_from_a_secret() -> None:
    top = "Parameters: {Password: {Type: String, NoEcho: true, Default: hunter2}}\n"
    found = read(function("Environment: {Variables: {PW: !Ref Password}}", top=top))

    assert table(found) == {"environment": {"PW": {"secret": "shop/Password"}}}
    assert "hunter2" not in str(found)


def test_code_in_the_template_becomes_a_file() -> None:
    text = function("InlineCode: |\n  def handler(event, context):\n    return 1").replace("      CodeUri: src/\n", "")
    found = read(text)
    helped = read(text.replace("return 1", "import cfnresponse"))

    assert helped.files["requirements.txt"] == "cfnresponse\n"

    assert found.files == {"inline/create/app.py": "def handler(event, context):\n  return 1\n"}
    assert found.table["functions"]["create"]["root"] == "inline/create"


def test_known_layers_are_packages_and_own_layers_are_shared_folders() -> None:
    arn = "arn:aws:lambda:${AWS::Region}:017000801446:layer:AWSLambdaPowertoolsPythonV3-python312-x86_64:7"
    resources = "Common: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: layer}}"
    found = read(function(f"Layers: [!Ref Common, !Sub '{arn}']", resources), **{"layer/python/common.py": ""})

    assert found.table["shared"] == ["projects/shop/layer/python"]
    assert found.files == {"requirements.txt": "aws-lambda-powertools[all]\n"}
    assert lost(found) == []


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("Runtime: python3.12", "Runtime: nodejs22.x", "only functions in Python"),
        ("Runtime: python3.12", "PackageType: Image", "container image"),
        ("CodeUri: src/", "CodeUri: s3://bucket/key", "only a folder"),
        ("CodeUri: src/", "CodeUri: {Bucket: b, Key: k}", "in a bucket"),
        ("CodeUri: src/", "CodeUri: elsewhere", "not there"),
        ("Handler: app.handler", "Handler: '../x'", "its handler is ../x"),
    ],
)
def test_a_function_that_cannot_be_a_unit_is_said(old: str, new: str, reason: str) -> None:
    other = "Other: {Type: AWS::Serverless::Function, Properties: {Handler: a.b, Runtime: python3.12, CodeUri: o}}"
    text = function("", other)
    found = read(text.replace(old, new, 1), **{"other/app.py": ""})

    assert [one.function for one in found.findings if isinstance(one, NotCarried) and reason in one.reason] == [
        "CreateFunction"
    ]
    assert list(found.table["functions"]) == ["other"]
    with pytest.raises(ConfigurationError, match="no function in Python"):
        read(function().replace(old, new, 1), **{"other/app.py": ""})


def test_a_route_is_closed_rather_than_opened_by_what_is_not_understood() -> None:
    key = "Events: {One: {Type: HttpApi, Properties: {Path: /a, Method: get, Auth: {ApiKeyRequired: true}}}}"
    events = "Events: {One: {Type: Api, Properties: {Path: /a, Method: get, Auth: {Authorizer: Theirs}}}}"
    plain = "Events: {One: {Type: Api, Properties: {Path: /a, Method: get}}}"
    top = "Globals: {Api: {Auth: {DefaultAuthorizer: Mine, Authorizers: {Mine: {UserPoolArn: x}}}}}\n"
    private = "Globals: {Api: {EndpointConfiguration: PRIVATE}}\n"

    assert table(read(function(key)))["events"][0]["authorizer"] == "iam"
    assert table(read(function(events)))["events"][0]["authorizer"] == "iam"
    for text in (top, private):
        assert read(function(plain, top=text)).table["rest_api"]["authorizer"] == "iam"


def test_an_api_of_its_own_has_its_stage_its_keys_and_its_routes() -> None:
    resources = """
Api:
  Type: AWS::Serverless::Api
  Properties:
    StageName: v1
    EndpointConfiguration: {Type: REGIONAL}
    Auth: {ApiKeyRequired: true, UsagePlan: {CreateUsagePlan: PER_API, Quota: {Limit: 9, Period: DAY}}}
    Cors: "'*'"
    DefinitionBody:
      paths:
        /more:
          get:
            x-amazon-apigateway-integration:
              uri: !Sub 'arn:aws:apigateway:${AWS::Region}:lambda:path/x/${CreateFunction.Arn}/invocations'
Alarm: {Type: AWS::CloudWatch::Alarm, Properties: {Name: !Ref Api, Stage: !Ref ApiV1Stage}}
"""
    events = "Events: {One: {Type: Api, Properties: {RestApiId: !Ref Api, Path: /a, Method: get}}}"
    found = read(function(events, resources))

    assert table(found) == {"events": [{"rest": "GET /more"}, {"rest": "GET /a"}]}
    assert found.table["rest_api"] == {
        "api_key": True,
        "usage_plan": {"keys": ["callers"], "quota": 9, "period": "day"},
        "cors": {"allow_origins": ["*"]},
        "stage": "v1",
    }
    properties = found.stack.resources["Alarm"]["Properties"]
    assert properties == {"Name": {"Ref": "RestApi"}, "Stage": {"Ref": "RestApiStage"}}
    accepted(found)


def test_a_route_of_the_definition_and_of_an_event_is_one_that_keeps_its_authorizer() -> None:
    resources = """
Api:
  Type: AWS::Serverless::Api
  Properties:
    StageName: v1
    DefinitionBody:
      paths: {/a: {get: {x-amazon-apigateway-integration: {uri: !Sub '${CreateFunction.Arn}/invocations'}}}}
"""
    closed = "Path: /a, Method: get, Auth: {Authorizer: AWS_IAM}"
    events = f"Events: {{One: {{Type: Api, Properties: {{RestApiId: !Ref Api, {closed}}}}}}}"
    found = read(function(events, resources))

    assert table(found) == {"events": [{"rest": "GET /a", "authorizer": "iam"}]}
    accepted(found)


def test_a_role_that_exists_stays_and_has_to_allow_what_is_needed() -> None:
    resources = "Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: jobs}}"
    events = "Events: {One: {Type: SQS, Properties: {Queue: !GetAtt Jobs.Arn}}}"
    found = read(function(f"Role: !Sub 'arn:aws:iam::${{AWS::AccountId}}:role/r'\n{events}", resources))

    assert table(found) == {"role": "arn:aws:iam::${account_id}:role/r"} and found.stack.grants == ()
    assert [one.split(" sqs")[0] for one in lost(found)] == ["3 CreateFunction permissions"]
    accepted(found)


def test_a_name_stays_if_it_can() -> None:
    assert table(read(function("FunctionName: !Sub 'make-${AWS::Region}'"))) == {"name": "make-${region}"}


def test_plain_cloudformation_is_read_as_well() -> None:
    text = """Resources:
  CreateFunction:
    Type: AWS::Lambda::Function
    Properties: {Handler: index.handler, Runtime: python3.13, Role: !GetAtt Runner.Arn, Code: {ZipFile: 'x = 1'}}
  Runner: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Statement: []}}}
  Logs:
    Type: AWS::Logs::LogGroup
    Properties: {LogGroupName: !Sub '/aws/lambda/${CreateFunction}', RetentionInDays: 7}
  Own: {Type: AWS::Lambda::Alias, Properties: {FunctionName: !Ref CreateFunction, Name: live, FunctionVersion: '1'}}
"""
    found = read(text)

    assert table(found) == {"log_retention_days": 7}
    assert found.files == {"inline/create/index.py": "x = 1\n"} and found.stack.resources == {}


def test_a_state_machine_has_its_definition_and_a_role() -> None:
    resources = """
Flow:
  Type: AWS::Serverless::StateMachine
  Properties:
    DefinitionUri: flow.json
    DefinitionSubstitutions: {Create: !GetAtt CreateFunction.Arn}
    Policies: [{LambdaInvokePolicy: {FunctionName: !Ref CreateFunction}}]
    Events:
      Hourly: {Type: Schedule, Properties: {Schedule: rate(1 hour), Enabled: false}}
      Ordered: {Type: EventBridgeRule, Properties: {Pattern: {source: [shop]}}}
      Called: {Type: Api, Properties: {Path: /, Method: get}}
"""
    reading = read(function("", resources), **{"flow.json": '{"StartAt": "A"}'})
    found = reading.stack.resources

    assert found["Flow"]["Type"] == "AWS::StepFunctions::StateMachine"
    assert '"StartAt": "A"' in found["Flow"]["Properties"]["DefinitionString"]
    assert found["Flow"]["Properties"]["DefinitionSubstitutions"] == {"Create": Ours("alias", "create")}
    statement = found["FlowRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"][0]
    assert statement["Action"] == ["lambda:InvokeFunction"]
    assert found["FlowHourly"]["Properties"]["State"] == "DISABLED"
    assert found["FlowOrdered"]["Properties"]["EventPattern"] == {"source": ["shop"]}
    assert found["FlowOrdered"]["Properties"]["Targets"][0]["Arn"] == {"Ref": "Flow"}
    assert lost(reading) == ["18  Flow: event Called (Api)"]


FLOW = """
Flow:
  Type: AWS::Serverless::StateMachine
  Properties:
    DefinitionUri: flow.asl.json
    DefinitionSubstitutions: {Create: !GetAtt CreateFunction.Arn, Jobs: !Ref JobQueue, Stage: prod}
    Policies: [{LambdaInvokePolicy: {FunctionName: !Ref CreateFunction}}]
    Type: EXPRESS
    Tracing: {Enabled: true}
    Events:
      Daily: {Type: Schedule, Properties: {Schedule: rate(1 day), Input: '{"a": 1}'}}
      Morning:
        Type: ScheduleV2
        Properties: {ScheduleExpression: rate(2 days), ScheduleExpressionTimezone: Asia/Tokyo}
      Ordered: {Type: EventBridgeRule, Properties: {Pattern: {source: [shop]}, EventBusName: shop}}
      Never: {Type: Schedule, Properties: {Schedule: rate(1 hour), Enabled: false}}
JobQueue: {Type: AWS::SQS::Queue}
"""
STATES = '{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "${Create}", "End": true}}}'


def test_a_state_machine_becomes_a_table_with_its_file() -> None:
    reading = read(function("", FLOW), **{"flow.asl.json": STATES})

    assert reading.table["state_machines"] == {
        "flow": {
            "definition": "flow.asl.json",
            "substitutions": {"Create": {"function": "create"}, "Jobs": {"queue": "job"}, "Stage": "prod"},
            "type": "express",
            "log_level": "OFF",
            "tracing": True,
            "events": [
                {"schedule": "rate(1 day)", "payload": {"a": 1}},
                {"scheduler": "rate(2 days)", "time_zone": "Asia/Tokyo"},
                {"event_pattern": {"source": ["shop"]}, "bus": "shop"},
            ],
        }
    }
    assert "Flow" not in reading.stack.resources
    assert [line.split(" ", 2)[2] for line in lost(reading)] == ["Flow: event Never (Schedule)"]


@pytest.mark.parametrize(
    "change",
    [
        ("Type: EXPRESS", "Logging: {Level: ALL}"),
        ("Type: EXPRESS", "Role: arn:aws:iam::222222222222:role/flow"),
        ("{LambdaInvokePolicy: {FunctionName: !Ref CreateFunction}}", "{SQSSendMessagePolicy: {QueueName: a}}"),
        ("Jobs: !Ref JobQueue", "Jobs: !GetAtt JobQueue.Other"),
        ("JobQueue: {", "Other: {Type: AWS::SNS::Topic, Properties: {DisplayName: !Ref Flow}}\nJobQueue: {"),
        ("Create: !GetAtt CreateFunction.Arn,", ""),
    ],
)
def test_a_state_machine_that_a_table_cannot_say_stays_in_the_stack(change: tuple[str, str]) -> None:
    assert change[0] in FLOW
    reading = read(function("", FLOW.replace(*change)), **{"flow.asl.json": STATES})

    assert "state_machines" not in reading.table
    assert "Flow" in reading.stack.resources


def test_every_finding_of_the_first_page_is_one_of_three_kinds() -> None:
    kinds = {type(one) for one in read(function("Architectures: [arm64]\nAnything: 1\nAutoPublishAlias: x")).findings}

    assert kinds == {Carried, Changed, NotCarried}
    assert Grant(function="a", actions=(), resources=()) is not None


def test_values_come_from_the_options_and_from_samconfig() -> None:
    config = {
        "default": {"deploy": {"parameters": {"parameter_overrides": "Stage=\"dev\" Name='a b'"}}},
        "prod": {"deploy": {"parameters": {"parameter_overrides": ["Stage=live"]}}},
        "elsewhere": {"deploy": {"parameters": {"parameter_overrides": "Stage=x"}}},
    }

    assert overrides_of(config, NAMES) == {"": {"Stage": "dev", "Name": "a b"}, "prod": {"Stage": "live"}}
    assert given_values(["Stage=a=b", "prod.Stage=c"], NAMES) == {"": {"Stage": "a=b"}, "prod": {"Stage": "c"}}
    for wrong in ("Stage", "nowhere.Stage=a", "=a"):
        with pytest.raises(ConfigurationError):
            given_values([wrong], NAMES)


def test_a_document_without_functions_is_no_template() -> None:
    assert is_template(read_document(function(), "template.yaml"))
    assert not is_template(read_document("Resources: {A: {Type: AWS::SNS::Topic}}", "template.yaml"))
    assert not is_template(read_document("- a", "x.yaml"))


def test_code_above_the_template_is_part_of_the_project() -> None:
    text = function().replace("CodeUri: src/", "CodeUri: ../src")
    found = read(text, at="infra")

    assert found.table["functions"]["create"]["root"] == "src" and found.folders == ("src",)
    assert steps_out(read_document(text, "template.yaml")) == 1
    assert steps_out(read_document(function(), "template.yaml")) == 0


def test_a_connector_is_a_word_and_a_variable_of_lambda_is_left_to_it() -> None:
    resources = """
Orders: {Type: AWS::Serverless::SimpleTable}
Link:
  Type: AWS::Serverless::Connector
  Properties: {Source: {Id: CreateFunction}, Destination: {Id: Orders}, Permissions: [Read, Write]}
"""
    found = read(function("Environment: {Variables: {AWS_REGION: x, BB: y}}", resources))

    assert table(found) == {"environment": {"BB": "y"}, "read": ["orders"], "write": ["orders"]}
    assert lost(found) == ["9 CreateFunction variable AWS_REGION"]


@pytest.mark.parametrize(
    "resource",
    [
        "Type: AWS::DynamoDB::Table\n  Properties:\n    KeySchema: [{KeyType: HASH, AttributeName: a}]\n"
        "    AttributeDefinitions: [{AttributeName: a, AttributeType: X}]",
        "Type: AWS::DynamoDB::Table\n  Properties: {KeySchema: [{KeyType: HASH, AttributeName: a}], "
        "GlobalSecondaryIndexes: [1]}",
        "Type: AWS::S3::Bucket\n  Properties: {VersioningConfiguration: x}",
        "Type: AWS::Serverless::SimpleTable\n  Properties: {TableName: x, PrimaryKey: {Name: a, Type: Foo}}",
        "Type: AWS::Serverless::SimpleTable\n  Properties: {PrimaryKey: x}",
    ],
)
def test_a_resource_that_is_not_as_it_should_be_goes_into_the_stack(resource: str) -> None:
    found = read(function(resources=f"Other:\n  {resource}"))

    assert set(found.stack.resources) == {"Other"} and "Other" in [one.what.split()[0] for one in found.findings]


def test_events_of_a_bus_that_the_template_makes_wait_for_it() -> None:
    event = "Events:\n  On:\n    Type: EventBridgeRule\n    Properties: {EventBusName: orders, Pattern: {source: [a]}}"
    bus = "Bus:\n  Type: AWS::Events::EventBus\n  Properties: {Name: orders}"

    found = read(function(event, bus))

    assert "events" not in table(found)
    assert found.stack.resources["CreateOnRule"]["Properties"]["EventBusName"] == {"Ref": "Bus"}
    assert table(read(function(event)))["events"] == [{"event_pattern": {"source": ["a"]}, "bus": "orders"}]


@pytest.mark.parametrize(
    ("uri", "files", "root"),
    [
        ("build/", {"code/app.py": ""}, "code"),
        ("bundle.zip", {"app/__init__.py": ""}, None),
        ("build/", {"src/app.py": ""}, "src"),
    ],
)
def test_code_that_some_build_makes_is_where_the_module_of_its_handler_is(
    uri: str, files: dict[str, str], root: str | None
) -> None:
    """If there is one such place: with another one, nobody can know."""
    text = function().replace("CodeUri: src/", f"CodeUri: {uri}").replace("app.handler", "one.handler")
    files = {path.replace("app", "one"): body for path, body in files.items()}
    found = read(text, **files)

    assert found.table["functions"]["create"].get("root") == root
    assert [one.what for one in found.findings if isinstance(one, Changed)] == [f"CodeUri {uri}"]
    with pytest.raises(ConfigurationError, match=r"its code is (not there|bundle\.zip)"):
        read(text, **files, **{"other/one.py": ""})


def test_a_layer_without_files_is_said_and_no_folder_is_shared() -> None:
    resources = "Common: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: layer}}"
    found = read(function("Layers: [!Ref Common]", resources))

    assert "shared" not in found.table
    assert lost(found) == ["9 CreateFunction Layers: Common", "10  Common (AWS::Serverless::LayerVersion)"]


def test_a_function_in_python_2_is_left_out_and_the_others_are_there() -> None:
    old = "Old: {Type: AWS::Serverless::Function, Properties: {Handler: old.get, Runtime: python2.7, CodeUri: o/}}"
    texts = {"o/old.py": "def get(event, context):\n    print event\n"}

    found = read(function(resources=old), **texts)

    assert [*found.table["functions"]] == ["create"]
    [said] = [one for one in found.findings if isinstance(one, NotCarried)]
    assert said.function == "Old"
    assert said.reason == "its module is written in Python 2, which AWS no longer runs: o/old.py, line 2"
