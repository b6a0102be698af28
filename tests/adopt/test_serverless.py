"""A service of Serverless in, one of our units out: what each setting becomes, and what is said of the rest."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

import pytest

from multi_env_lambda.adopt.document import read_document
from multi_env_lambda.adopt.filled import Filled, Symbol
from multi_env_lambda.adopt.found import Changed, Grant, NotCarried, Ours, Reading, Variable
from multi_env_lambda.adopt.joined import joined
from multi_env_lambda.adopt.serverless import Placed, read_service, wanted_values
from multi_env_lambda.adopt.serverless_service import key_of
from multi_env_lambda.adopt.written import unit_files
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.name import KEY

HEAD = "service: shop\nprovider:\n  name: aws\n  runtime: python3.12\n"
TABLE = """
resources:
  Resources:
    Orders:
      Type: AWS::DynamoDB::Table
      Properties: {TableName: 'orders-${sls:stage}'}
"""
QUEUE = "resources: {Resources: {Jobs: {Type: 'AWS::SQS::Queue'}}}\n"
STAGE = Symbol("environment", "sandbox")


def read(
    text: str, *, head: str = HEAD, files: Mapping[str, str] | None = None, environment: str = "sandbox", **given: str
) -> Reading:
    root = read_document(head + textwrap.dedent(text), "serverless.yml")
    names = {name.replace("__", ":"): value for name, value in given.items()}
    return read_service(root, place(environment), names, (files or {}).get)


def place(environment: str = "sandbox", **more: Any) -> Placed:
    return Placed(environment=environment, region="eu-west-1", account_id="222222222222", **more)


def function(text: str, **more: Any) -> dict[str, Any]:
    """The table of the function ``hello``, which has these lines."""
    lines = textwrap.indent(textwrap.dedent(text).strip("\n"), "    ")
    return dict(read(f"functions:\n  hello:\n    handler: a/b.c\n{lines}\n", **more).table["functions"]["hello"])


def event(text: str, rest: str = "", **more: Any) -> tuple[list[Any], Reading]:
    """The events of the function ``hello`` with this one event, and all that was read."""
    lines = textwrap.indent(textwrap.dedent(text).strip("\n"), "          ")
    found = read(f"functions:\n  hello:\n    handler: a.b\n    events:\n      -\n{lines}\n{rest}", **more)
    return found.table["functions"]["hello"].get("events", []), found


def said(found: Reading, kind: type) -> dict[str, str]:
    return {each.what: f"{each.place}: {each.reason}" for each in found.findings if isinstance(each, kind)}  # type: ignore[attr-defined]


def test_a_function_has_what_serverless_gives_it_without_being_asked() -> None:
    assert function("") == {
        "handler": "a/b.c",
        "memory_size": 1024,
        "timeout": 6,
        "log_retention_days": 0,
    }


def test_a_function_has_its_own_settings_and_else_those_of_the_provider() -> None:
    head = HEAD + "  memorySize: 256\n  timeout: 20\n  logRetentionInDays: 14\n  tracing: {lambda: true}\n"
    assert function("memorySize: 512\ndescription: Says hello\nreservedConcurrency: 3", head=head) == {
        "handler": "a/b.c",
        "description": "Says hello",
        "memory_size": 512,
        "timeout": 20,
        "reserved_concurrency": 3,
        "tracing": "Active",
        "log_retention_days": 14,
    }


def test_the_unit_has_the_runtime_the_architecture_and_the_tags_of_the_service() -> None:
    head = HEAD + "  architecture: arm64\n  tags: {team: 'x-${sls:stage}'}\n"
    found = read("functions: {a: {handler: a.b}}\n", head=head)
    assert (found.table["runtime"], found.table["architecture"]) == ("python3.12", "arm64")
    assert found.table["tags"] == {"team": "x-${environment}"}


def test_functions_may_be_a_list_of_tables_and_of_files_with_tables() -> None:
    files = {"more.yml": "b: {handler: b.c, timeout: 9}\n", "deep.yml": "x: {c: {handler: c.d}}\n"}
    text = "functions: [{a: {handler: a.b}}, '${file(more.yml)}', '${file(deep.yml):x}', '${file(none.yml)}', 1]\n"
    found = read(text, files=files).table["functions"]

    assert {name: (one["handler"], one["timeout"]) for name, one in found.items()} == {
        "a": ("a.b", 6),
        "b": ("b.c", 9),
        "c": ("c.d", 6),
    }


@pytest.mark.parametrize(("old", "new"), [("python2.7", "python3.9"), ("python3.6", "python3.9"), ("", "python3.9")])
def test_a_runtime_that_is_no_longer_there_becomes_the_nearest_and_that_is_said(old: str, new: str) -> None:
    head = f"service: shop\nprovider:\n  name: aws\n  runtime: {old}\n"
    found = read("functions: {a: {handler: a.b}}\n", head=head)
    assert found.table["runtime"] == new
    assert "runtime" in said(found, Changed)


def test_functions_that_cannot_run_here_are_left_out_with_their_line() -> None:
    found = read("functions:\n  a: {image: x}\n  b:\n    handler: b.c\n    runtime: nodejs20.x\n  c: {handler: c.d}\n")
    assert list(found.table["functions"]) == ["c"]
    reasons = [f"{each.function} {each.place.line} {each.reason}" for each in found.findings if each.what == "function"]  # type: ignore[union-attr]
    assert reasons[0].startswith("a 6 a container image") and reasons[1].startswith("b 9 it runs on nodejs20.x")


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("hello", "hello"),
        ("sendMail", "send-mail"),
        ("HTTPServer", "http-server"),
        ("get_user", "get_user"),
        ("a--b__c", "a-b-c"),
        ("1st", "f-1st"),
        ("x" * 60, "x" * 40),
    ],
)
def test_a_name_becomes_a_key(name: str, key: str) -> None:
    assert key_of(name) == key
    assert KEY.accepts(key)


def test_two_names_that_become_one_key_stay_two_functions() -> None:
    found = read("functions: {sendMail: {handler: a.b}, send-mail: {handler: a.c}}\n")
    assert {key: table["handler"] for key, table in found.table["functions"].items()} == {
        "send-mail": "a.b",
        "send-mail-2": "a.c",
    }


def test_variables_are_texts_references_or_set_in_the_stack() -> None:
    text = """
    functions:
      hello:
        handler: a.b
        environment:
          STAGE: ${sls:stage}
          SIZE: 3
          ON: true
          LIMIT: ${ssm:/shop/limit}
          NAME: ${self:functions.other.name}
          REGION: !Ref AWS::Region
          TABLE: !Ref Orders
          OTHER: !GetAtt OtherLambdaFunction.Arn
          X: ''
      other: {handler: a.c}
    """
    found = read(textwrap.dedent(text) + TABLE, head=HEAD + "  environment: {STAGE: none, ALL: '1'}\n")
    assert found.table["functions"]["hello"]["environment"] == {
        "STAGE": "${environment}",
        "ALL": "1",
        "SIZE": 3,
        "ON": True,
        "LIMIT": {"parameter": "/shop/limit"},
        "NAME": {"function": "other", "value": "name"},
        "REGION": "${region}",
    }
    assert found.stack.variables == (
        Variable(function="hello", name="TABLE", value={"Ref": "Orders"}),
        Variable(function="hello", name="OTHER", value=Ours("alias", "other")),
    )
    assert said(found, NotCarried)["environment.X"].startswith("serverless.yml:19: Lambda accepts")


def test_a_value_that_is_not_known_leaves_the_variable_out_with_its_line_and_is_wanted() -> None:
    text = (
        "functions:\n  hello:\n    handler: a.b\n    environment:\n      AA: ${env:AA}\n      BB: '${env:BB, ''b''}'\n"
    )
    found = read(text)
    assert found.table["functions"]["hello"]["environment"] == {"BB": "b"}
    assert said(found, NotCarried)["environment.AA"].startswith("serverless.yml:9: `${env:AA}` is not known here")
    assert "${env:BB, 'b'}" in said(found, Changed)
    root = read_document(HEAD + text, "serverless.yml")
    assert [each.name for each in wanted_values(root, place(), {}, {}.get)] == ["env:AA"]
    assert read(text, env__AA="1").table["functions"]["hello"]["environment"] == {"AA": "1", "BB": "b"}


@pytest.mark.parametrize("value", ["${env:API_TOKEN}", "hunter2hunter2"])
def test_a_secret_never_gets_into_a_file(value: str) -> None:
    text = f"functions:\n  hello:\n    handler: a.b\n    environment:\n      API_TOKEN: {value}\n"
    for found in (read(text), read(text, env__API_TOKEN="hunter2hunter2")):
        assert found.table["functions"]["hello"]["environment"] == {"API_TOKEN": {"secret": "api_token"}}
        assert list(found.table["secrets"]) == ["api_token"]
        assert "hunter2" not in str(found)
    resource = (
        "resources: {Resources: {Db: {Type: 'AWS::RDS::DBInstance', Properties: {MasterUserPassword: hunter2hunter2}}}}"
    )
    found = read(f"functions: {{a: {{handler: a.b}}}}\n{resource}\n")
    assert "MasterUserPassword" in said(found, NotCarried)["resource Db"]
    assert "hunter2" not in str(found)


def test_a_stage_with_another_name_is_that_name_in_every_text() -> None:
    text = (
        "functions: {a: {handler: a.b, environment: {TT: 't-${sls:stage}', PP: '${param:p}'}}}\nparams: {dev: {p: x}}\n"
    )
    assert read(text, stage="dev").table["functions"]["a"]["environment"] == {"TT": "t-dev", "PP": "x"}


def test_what_differs_between_stages_differs_between_environments() -> None:
    text = """
    functions: {hello: {handler: a.b, memorySize: '${param:size}', environment: {TT: 't-${sls:stage}'}}}
    stages: {default: {params: {size: 128}}, prod: {params: {size: 1024}}}
    """
    unit = joined({name: read(text, environment=name) for name in ("sandbox", "staging", "prod")})
    assert unit.table["functions"]["hello"]["memory_size"] == 128
    assert unit.table["functions"]["hello"]["environment"] == {"TT": "t-${environment}"}
    assert unit.table["environments"] == {"prod": {"functions": {"hello": {"memory_size": 1024}}}}


STATEMENT = """
  iam:
    role:
      statements:
        - Effect: Allow
          Action: dynamodb:GetItem
          Resource: 'arn:aws:dynamodb:${aws:region}:*:table/orders-${sls:stage}'
        - Effect: Allow
          Action: ['dynamodb:PutItem']
          Resource: [!GetAtt Orders.Arn, !Sub '${Orders.Arn}/index/*']
        - {Effect: Deny, Action: 's3:*', Resource: '*', Condition: {Bool: {'aws:SecureTransport': 'false'}}}
        - {Effect: Allow, NotAction: 's3:*', Resource: '*'}
      managedPolicies:
        - arn:aws:iam::aws:policy/AmazonSQSFullAccess
        - arn:aws:iam::aws:policy/AWSLambdaReadOnlyAccess
        - arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole
"""


def test_the_statements_of_the_one_role_are_those_of_each_function() -> None:
    found = read("functions: {a: {handler: a.b}}\n" + TABLE, head=HEAD + STATEMENT)
    hello = found.table["functions"]["a"]
    assert hello["policies"] == [
        {"actions": ["dynamodb:GetItem"], "resources": ["arn:aws:dynamodb:${region}:*:table/orders-${environment}"]},
        {
            "actions": ["s3:*"],
            "resources": ["*"],
            "effect": "Deny",
            "condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    ]
    replaced = "arn:aws:iam::aws:policy/AWSLambda_ReadOnlyAccess"
    assert hello["managed_policies"] == ["arn:aws:iam::aws:policy/AmazonSQSFullAccess", replaced]
    assert [one.to for one in found.findings if one.what.startswith("managed policy")] == [replaced]
    index = {"Fn::Sub": "${Orders.Arn}/index/*"}
    resources = ({"Fn::GetAtt": ["Orders", "Arn"]}, index)
    assert found.stack.grants == (Grant(function="a", actions=("dynamodb:PutItem",), resources=resources),)
    (policy,) = [body for body in found.stack.resources.values() if body["Type"] == "AWS::IAM::Policy"]
    assert policy["Properties"]["Roles"] == [Ours("role", "a")]
    assert policy["Properties"]["PolicyDocument"]["Statement"] == [
        {"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}
    ]


def test_a_role_that_exists_is_that_role_if_it_is_in_the_account() -> None:
    text = "functions: {{a: {{handler: a.b, role: 'arn:aws:iam::{}:role/x'}}}}\n"
    found = read(text.format("222222222222"), head=HEAD + STATEMENT)
    assert found.table["functions"]["a"]["role"] == "arn:aws:iam::222222222222:role/x"
    assert "policies" not in found.table["functions"]["a"]
    found = read(text.format("999999999999"), head=HEAD + STATEMENT)
    assert not {"role", "policies"} & set(found.table["functions"]["a"])
    assert "role" in said(found, NotCarried)


@pytest.mark.parametrize("role", ["Mine", "!GetAtt Mine.Arn"])
def test_a_role_of_the_resources_becomes_permissions(role: str) -> None:
    text = f"""
    functions: {{a: {{handler: a.b, role: {role}}}}}
    resources:
      Resources:
        Mine:
          Type: AWS::IAM::Role
          Properties:
            ManagedPolicyArns: ['arn:aws:iam::aws:policy/AmazonSQSFullAccess']
            Policies:
              - PolicyName: x
                PolicyDocument: {{Statement: [{{Effect: Allow, Action: 'S3:Get*', Resource: '*'}}]}}
    """
    found = read(text)
    assert found.table["functions"]["a"]["policies"] == [{"actions": ["s3:Get*"], "resources": ["*"]}]
    assert found.table["functions"]["a"]["managed_policies"] == ["arn:aws:iam::aws:policy/AmazonSQSFullAccess"]
    assert "role" in said(found, Changed)


@pytest.mark.parametrize(
    ("name", "crowded", "ours"),
    [
        ("shop-${sls:stage}-hello", True, "shop-${environment}-hello"),
        ("hello", False, "hello"),
        ("hello", True, None),
        ("not a name", False, None),
        ("!Ref Orders", False, None),
    ],
)
def test_a_name_of_its_own_is_kept_unless_two_functions_would_have_it(name: str, crowded: bool, ours: str) -> None:
    text = f"{HEAD}functions:\n  a:\n    handler: a.b\n    name: {name}\n"
    root = read_document(text, "serverless.yml")
    found = read_service(root, place(crowded=crowded), {}, {}.get)
    assert found.table["functions"]["a"].get("name") == ours
    assert ("name" in said(found, Changed)) == (ours is None)


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        ("schedule: rate(5 minutes)", [{"schedule": "rate(5 minutes)"}]),
        (
            "schedule: {rate: ['rate(1 hour)', 'cron(0 3 * * ? *)'], input: {stage: '${sls:stage}'}}",
            [
                {"schedule": "rate(1 hour)", "payload": {"stage": "${environment}"}},
                {"schedule": "cron(0 3 * * ? *)", "payload": {"stage": "${environment}"}},
            ],
        ),
        (
            "sqs: 'arn:aws:sqs:${aws:region}:${aws:accountId}:jobs'",
            [{"sqs": "arn:aws:sqs:${region}:${account_id}:jobs", "batch_size": 10, "partial_failures": False}],
        ),
        (
            "sqs: {arn: 'arn:aws:sqs:eu-west-1:222222222222:jobs', batchSize: 5, maximumConcurrency: 4, "
            "functionResponseType: ReportBatchItemFailures}",
            [
                {
                    "sqs": "arn:aws:sqs:eu-west-1:222222222222:jobs",
                    "batch_size": 5,
                    "partial_failures": True,
                    "maximum_concurrency": 4,
                }
            ],
        ),
        (
            "sns: {arn: 'arn:aws:sns:eu-west-1:222222222222:news', filterPolicy: {kind: [order]}}",
            [{"sns": "arn:aws:sns:eu-west-1:222222222222:news", "filter_policy": {"kind": ["order"]}}],
        ),
        (
            "stream: {arn: 'arn:aws:kinesis:eu-west-1:222222222222:stream/clicks', batchSize: 50, "
            "maximumRetryAttempts: 2}",
            [
                {
                    "kinesis": "arn:aws:kinesis:eu-west-1:222222222222:stream/clicks",
                    "starting_position": "TRIM_HORIZON",
                    "batch_size": 50,
                    "partial_failures": False,
                    "retries": 2,
                }
            ],
        ),
        (
            "eventBridge: {pattern: {source: [shop], detail-type: [order]}}",
            [{"event_pattern": {"source": ["shop"], "detail-type": ["order"]}}],
        ),
        ("cloudwatchEvent: {event: {source: [aws.ec2]}}", [{"event_pattern": {"source": ["aws.ec2"]}}]),
        ("eventBridge: {schedule: rate(1 day)}", [{"schedule": "rate(1 day)"}]),
        ("s3: {bucket: old-photos, existing: true}", [{"s3": "old-photos", "form": "s3"}]),
        ("httpApi: '*'", [{"http": "$default"}]),
        ("httpApi: 'GET /orders/{id}'", [{"http": "GET /orders/{id}"}]),
        ("httpApi: {method: '*', path: /any}", [{"http": "ANY /any"}]),
        (
            "httpApi: {method: post, path: orders, authorizer: {type: aws_iam}}",
            [{"http": "POST /orders", "authorizer": "iam"}],
        ),
        ("http: GET hello", [{"rest": "GET /hello"}]),
        ("http: {method: any, path: /}", [{"rest": "ANY /"}]),
        ("http: {method: post, path: 'a/{proxy+}', private: true}", [{"rest": "POST /a/{proxy+}", "api_key": True}]),
        ("http: {method: get, path: a, authorizer: aws_iam}", [{"rest": "GET /a", "authorizer": "iam"}]),
    ],
)
def test_an_event_has_the_words_that_mean_the_same(text: str, ours: list[Any]) -> None:
    events, found = event(text)
    assert events == ours
    assert found.stack.resources == {}


def test_a_queue_of_the_stack_is_read_by_what_the_stack_adds() -> None:
    events, found = event("sqs: {arn: !GetAtt Jobs.Arn, batchSize: 1, filterPatterns: [{body: {a: [1]}}]}", QUEUE)
    arn = {"Fn::GetAtt": ["Jobs", "Arn"]}
    assert events == []
    assert found.stack.resources["HelloSqsSource1"]["Properties"] == {
        "EventSourceArn": arn,
        "FunctionName": Ours("alias", "hello"),
        "BatchSize": 1,
        "FilterCriteria": {"Filters": [{"Pattern": '{"body": {"a": [1]}}'}]},
    }
    assert found.stack.grants[0].resources == (arn,)
    assert "sqs:ReceiveMessage" in found.stack.grants[0].actions


def test_the_stream_of_a_table_of_the_stack_starts_with_the_oldest_record() -> None:
    events, found = event("stream: {type: dynamodb, arn: !GetAtt Orders.StreamArn}", TABLE)
    assert events == []
    properties = found.stack.resources["HelloStreamSource1"]["Properties"]
    assert (properties["StartingPosition"], properties["BatchSize"]) == ("TRIM_HORIZON", 10)
    assert "dynamodb:GetRecords" in found.stack.grants[0].actions


def test_a_topic_by_name_is_one_of_the_unit_for_all_functions_that_name_it() -> None:
    text = """
    functions:
      c: {handler: a.b, environment: {TT: !Ref SNSTopicNews}}
      a: {handler: a.b, events: [{sns: news}]}
      b: {handler: a.b, events: [{sns: {topicName: news}}]}
    """
    found = read(text)
    assert found.table["topics"] == {"news": {}}
    assert [found.table["functions"][key]["events"] for key in "ab"] == [[{"sns": "news"}]] * 2
    assert found.stack.variables == (Variable(function="c", name="TT", value={"Ref": "NewsTopic"}),)


def test_a_bucket_keeps_its_name_and_tells_the_function_through_the_alias() -> None:
    events, found = event("s3: {bucket: 'photos-${sls:stage}', event: 's3:ObjectRemoved:*', rules: [{prefix: in/}]}")
    bucket = found.stack.resources["S3BucketPhotos"]
    assert events == []
    assert bucket["Properties"]["BucketName"] == Filled(("photos-", STAGE))
    assert bucket["Properties"]["NotificationConfiguration"]["LambdaConfigurations"] == [
        {
            "Event": "s3:ObjectRemoved:*",
            "Function": Ours("alias", "hello"),
            "Filter": {"S3Key": {"Rules": [{"Name": "prefix", "Value": "in/"}]}},
        }
    ]
    (permission,) = bucket["DependsOn"]
    assert found.stack.resources[permission]["Properties"]["SourceArn"] == Filled(("arn:aws:s3:::photos-", STAGE))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("schedule: {rate: rate(1 day), enabled: false}", "switched off"),
        ("http: {method: get, path: a, integration: mock}", "integration: mock"),
        ("http: {method: get, path: a, integration: lambda, request: {template: {}}}", "request.template"),
        ("http: {method: get, path: a, integration: lambda, response: {template: $input.x}}", "response.template"),
        ("http: {method: get, path: a, integration: lambda, response: {headers: {A: b.c}}}", "from the answer"),
        ("http: {method: get, path: a, async: true}", "not waited for"),
        ("httpApi: {method: get}", "cannot be read"),
        ("websocket: {route: $connect}", "no counterpart"),
        ("sqs: {arn: !GetAtt Nothing.Arn}", "no `Nothing`"),
        ("sqs: '${cf:other.Queue}'", "output of another stack"),
    ],
)
def test_an_event_that_is_not_carried_over_says_why_and_is_nowhere(text: str, reason: str) -> None:
    events, found = event(text)
    assert events == []
    assert not [each for each in found.stack.resources if "Permission" in each or "Source" in each]
    (sentence,) = said(found, NotCarried).values()
    assert sentence.startswith("serverless.yml:10: ")
    assert reason in sentence


def test_authorizers_are_those_of_the_api() -> None:
    head = HEAD + textwrap.dedent(
        """\
          httpApi:
            payload: '1.0'
            cors: true
            authorizers:
              login: {type: jwt, issuerUrl: 'https://id.example/', audience: [shop]}
              check: {type: request, functionName: hello, enableSimpleResponses: true, resultTtlInSeconds: 60,
                      identitySource: $request.header.X-Key}
              old: {type: request, functionName: hello}
        """
    ).replace("\n", "\n  ").removesuffix("  ").replace("httpApi", "  httpApi", 1)
    text = """
    functions:
      hello:
        handler: a.b
        events:
          - httpApi: {method: get, path: /a, authorizer: {name: login, scopes: [x]}}
          - httpApi: {method: get, path: /b, authorizer: check}
          - httpApi: {method: get, path: /c, authorizer: {name: old}}
    """
    found = read(text, head=head)
    assert found.table["functions"]["hello"]["events"] == [
        {"http": "GET /a", "authorizer": "login", "scopes": ["x"]},
        {"http": "GET /b", "authorizer": "check"},
        {"http": "GET /c", "authorizer": "iam"},
    ]
    api = found.table["http_api"]
    assert api["payload"] == "1.0" and api["cors"]["allow_origins"] == ["*"]
    assert api["authorizers"] == {
        "login": {"issuer": "https://id.example/", "audience": ["shop"]},
        "check": {"function": "hello", "headers": ["X-Key"], "cache_seconds": 60},
    }


def test_a_rest_api_keeps_its_stage_its_browsers_and_who_decides() -> None:
    text = """
    functions:
      auth: {handler: a.auth}
      hello:
        handler: a.b
        events:
          - http: {method: get, path: a, cors: true, authorizer: auth}
          - http:
              method: get
              path: b
              authorizer: {name: pool, arn: 'arn:aws:cognito-idp:eu-west-1:222222222222:userpool/eu-west-1_a'}
    """
    rest = read(text).table["rest_api"]
    assert rest["stage"] == "${environment}"
    assert rest["endpoint"] == "edge"
    assert rest["cors"]["allow_origins"] == ["*"]
    assert rest["authorizers"] == {
        "auth": {"function": "auth", "cache_seconds": 300},
        "pool": {"user_pools": ["arn:aws:cognito-idp:eu-west-1:222222222222:userpool/eu-west-1_a"]},
    }


def test_a_schedule_in_the_time_of_a_place_is_one_of_the_scheduler() -> None:
    events, found = event("schedule: {rate: 'cron(0 8 ? * MON-FRI *)', timezone: Europe/Berlin, input: {a: 1}}")

    assert events == [{"scheduler": "cron(0 8 ? * MON-FRI *)", "time_zone": "Europe/Berlin", "payload": {"a": 1}}]
    assert found.stack.resources == {} and said(found, NotCarried) == {}


def test_a_schedule_that_asks_for_the_scheduler_gets_it() -> None:
    events, found = event("schedule: {rate: [rate(1 day), rate(2 days)], method: scheduler, name: nightly}")

    assert events == [{"scheduler": f"rate({days})", "time_zone": "UTC"} for days in ("1 day", "2 days")]
    assert list(said(found, NotCarried)) == ["event schedule: name"]


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ("http: GET a", "  endpointType: PRIVATE\n"),
        ("http: GET a", "  apiGateway: {resourcePolicy: [{Effect: Allow}]}\n"),
        ("http: {method: get, path: a, authorizer: nobody}", ""),
        ("http: {method: get, path: a, authorizer: {type: COGNITO_USER_POOLS, authorizerId: !Ref A}}", ""),
        ("httpApi: {method: get, path: /a, authorizer: {name: nobody}}", ""),
        ("httpApi: {method: get, path: /a, authorizer: {id: !Ref A}}", ""),
    ],
)
def test_what_only_some_could_call_does_not_become_public(text: str, more: str) -> None:
    (route,), found = event(text, head=HEAD + more)
    assert route["authorizer"] == "iam"
    assert "signed requests" in said(found, Changed)["authorizer"]


def test_the_routes_of_the_api_of_another_stack_are_left_out() -> None:
    events, found = event("http: GET a", head=HEAD + "  apiGateway: {restApiId: abc}\n")
    assert events == []
    assert "event http" in said(found, NotCarried)
    assert "rest_api" not in found.table


def test_a_rest_api_answers_with_one_origin() -> None:
    _, found = event("http: {method: get, path: a, cors: {origin: '*', allowCredentials: true}}")
    assert found.table["rest_api"]["cors"].keys() == {"allow_origins", "allow_headers"}
    assert "cors.allowCredentials" in said(found, Changed)
    _, found = event("http: {method: get, path: a, cors: {origin: 'https://a.example', allowCredentials: true}}")
    assert found.table["rest_api"]["cors"]["allow_credentials"] is True
    _, found = event("http: {method: get, path: a, cors: {origins: ['https://a.example', 'https://b.example']}}")
    assert found.table["rest_api"]["cors"]["allow_origins"] == ["https://a.example"]
    assert "cors" in said(found, Changed)


def test_the_keys_of_callers_have_the_limits_of_the_usage_plan() -> None:
    head = HEAD + textwrap.dedent(
        """\
        #
          apiGateway:
            apiKeys: [partners, {name: 'my-${sls:stage}'}]
            usagePlan: {quota: {limit: 500, period: DAY}, throttle: {rateLimit: 10, burstLimit: 20}}
            binaryMediaTypes: ['image/*']
        """
    )
    _, found = event("http: {method: get, path: a, private: true}", head=head)
    rest = found.table["rest_api"]
    assert rest["usage_plan"] == {
        "keys": ["partners", "my-sandbox"],
        "rate": 10,
        "burst": 20,
        "quota": 500,
        "period": "day",
    }
    assert rest["binary_types"] == ["image/*"]


def test_resources_are_as_they_were_with_our_names_for_what_serverless_made() -> None:
    text = """
    functions: {sendMail: {handler: a.b, events: [{http: GET a}]}, other_one: {handler: a.b}}
    resources:
      - Resources:
          Policy:
            Type: AWS::IAM::Policy
            DependsOn: [Gone, Orders]
            Properties: {Roles: [!Ref IamRoleLambdaExecution], Target: !GetAtt SendMailLambdaFunction.Arn}
          Answer:
            Type: AWS::ApiGateway::GatewayResponse
            Properties:
              RestApiId: !Ref ApiGatewayRestApi
              Text: !Sub '${OtherUnderscoreoneLambdaFunction} ${AWS::Region}'
          Lost: {Type: 'AWS::SNS::Topic', Properties: {Name: !Ref ServerlessDeploymentBucket}}
          SendMailRole: {Type: 'AWS::IAM::Role'}
          SendMailLambdaFunction: {Properties: {Timeout: 3}}
      - Resources: {Orders: {Type: 'AWS::SQS::Queue'}}
      - Outputs: {Url: {Value: x}}
    """
    found = read(text)
    resources = found.stack.resources
    assert set(resources) == {"Policy", "Answer", "OwnSendMailRole", "Orders"}
    assert resources["Policy"]["Properties"]["Roles"] == [Ours("role", "send-mail"), Ours("role", "other_one")]
    assert resources["Policy"]["Properties"]["Target"] == Ours("alias", "send-mail")
    assert resources["Policy"]["DependsOn"] == ["Orders"]
    assert resources["Answer"]["Properties"] == {
        "RestApiId": {"Ref": "RestApi"},
        "Text": {
            "Fn::Sub": [
                "${OtherUnderscoreoneLambdaFunction} ${AWS::Region}",
                {"OtherUnderscoreoneLambdaFunction": Ours("function", "other_one")},
            ]
        },
    }
    lost = said(found, NotCarried)
    assert "no `ServerlessDeploymentBucket`" in lost["resource Lost"]
    assert {"resource SendMailLambdaFunction", "output Url"} <= set(lost)


def test_a_flask_application_is_called_by_a_module_that_is_written() -> None:
    text = "functions: {api: {handler: wsgi_handler.handler}}\ncustom: {wsgi: {app: api/app.app}}\n"
    found = read(text + "plugins: [serverless-wsgi]\n")
    assert list(found.files) == ["wsgi_handler.py"]
    compile(found.files["wsgi_handler.py"], "wsgi_handler.py", "exec")


def test_a_queue_of_lift_has_its_worker_and_its_senders() -> None:
    text = """
    constructs: {jobs: {type: queue, worker: {handler: a.work, timeout: 30}, maxRetries: 5}}
    functions: {send: {handler: a.send, environment: {QUEUE_URL: '${construct:jobs.queueUrl}'}}}
    plugins: [serverless-lift]
    """
    found = read(text)
    assert found.table["queues"] == {"jobs": {"max_receive_count": 5}}
    assert found.table["functions"]["send"]["environment"] == {"QUEUE_URL": {"queue": "jobs", "value": "url"}}
    assert found.table["functions"]["send"]["write"] == ["jobs"]
    assert found.table["functions"]["jobs-worker"]["events"] == [{"sqs": "jobs", "batch_size": 1}]


def test_what_has_no_place_here_is_said_with_its_line() -> None:
    text = """\
    functions: {a: {handler: a.b, provisionedConcurrency: 2, odd: 1}}
    plugins: [serverless-offline, serverless-domain-manager]
    package: {patterns: ['!x/**']}
    layers: {tools: {path: layer}}
    unheard: 1
    """
    found = read(text)
    lost = said(found, NotCarried)
    assert set(lost) == {"provisionedConcurrency", "odd", "plugin serverless-domain-manager", "layer tools", "unheard"}
    assert lost["unheard"].startswith("serverless.yml:9: ")
    assert "package.patterns" in said(found, Changed)


def test_a_layer_of_the_service_is_a_shared_folder() -> None:
    root = read_document(HEAD + "functions: {a: {handler: a.b}}\nlayers: {tools: {path: ./layer}}\n", "serverless.yml")
    at_home = place(folder="projects/shop", there=("layer/python/tools.py", "a.py"))
    found = read_service(root, at_home, {}, {}.get)
    assert found.table["shared"] == ["projects/shop/layer/python"]
    assert "layer tools" in said(found, Changed)


@pytest.mark.parametrize(
    ("there", "root"),
    [
        (("src/a.py",), "src"),
        (("src/a/__init__.py",), "src"),
        (("x/y/a.py", "b.py"), "x/y"),
        (("a.py", "src/a.py"), None),
        (("one/a.py", "two/a.py"), None),
        (("src/aa.py",), None),
    ],
)
def test_a_handler_whose_module_is_in_one_other_folder_starts_there(there: tuple[str, ...], root: str | None) -> None:
    document = read_document(HEAD + "functions: {get: {handler: a.b}}\n", "serverless.yml")

    found = read_service(document, place(there=there), {}, {}.get)

    assert found.table["functions"]["get"].get("root") == root
    assert ("handler a.b" in said(found, Changed)) is (root is not None)


def test_values_of_a_stage_that_no_environment_is_are_said() -> None:
    text = "functions: {a: {handler: a.b}}\nparams: {default: {}, dev: {x: 1}, sandbox: {x: 2}}\n"
    assert "stage=dev" in said(read(text), NotCarried)["params.dev"]
    assert set(said(read(text, stage="dev"), NotCarried)) == {"params.sandbox"}


@pytest.mark.parametrize(
    "text",
    ["a: 1\n", "service: x\n", "service: x\nprovider: google\n", "service: x\nprovider: {name: azure}\n", "[1, 2]\n"],
)
def test_what_is_no_service_on_aws_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError):
        read(text, head="")


@pytest.mark.parametrize(
    "text",
    [
        "functions: 1\n",
        "functions: [1]\n",
        "functions: {a: 1}\n",
        "functions: {a: {handler: 1}}\n",
        "functions: {a: {handler: a.b, events: 1}}\n",
        "functions: {a: {handler: a.b, events: [1, [], {}, null]}}\n",
        "functions: {a: {handler: a.b, environment: 1, layers: 1, vpc: 1, tags: 1}}\n",
        "functions: {a: {handler: a.b, memorySize: x, timeout: {}}}\n",
        "functions: ${file(x.js)}\nresources: 1\n",
        "functions: {a: {handler: a.b, events: [{http: 1}, {sqs: }, {s3: []}, {stream: 1}, {sns: {}}]}}\n",
        "functions: {a: {handler: a.b}}\nresources: {Resources: {A: 1, B: {Type: 1}}, Outputs: {C: 1}}\n",
        "functions: {a: {handler: a.b}}\nplugins: 1\ncustom: 1\npackage: 1\nlayers: 1\nconstructs: 1\n",
        "functions: {a: {handler: a.b}}\nplugins: {modules: [1]}\nconstructs: {a: {type: queue}}\n",
        "functions: {'${self:service}': {handler: a.b}}\n",
        "functions: {'': {handler: a.b}}\n",
    ],
)
def test_a_service_in_which_something_is_not_what_it_should_be_is_read_and_never_a_traceback(text: str) -> None:
    read(text)


def test_the_written_files_are_the_same_for_each_environment_when_only_its_name_differs() -> None:
    unit = joined({name: read("functions: {a: {handler: a.b}}\n" + TABLE, environment=name) for name in ("x", "y")})
    stack = unit_files(unit, "serverless.yml")["stack.py"]
    assert 'f"orders-{context.environment.name}"' in stack
    assert "if context" not in stack


def test_a_function_that_is_integrated_is_called_by_a_module_that_is_written() -> None:
    text = "handler: src/a.get\nevents: [{http: {path: 'a/{id}', method: get, integration: lambda}}]"
    lines = textwrap.indent(text, "    ")
    found = read(f"functions:\n  readAll:\n{lines}\n")
    assert found.table["functions"]["read-all"]["handler"] == "read_all_as_integrated.handler"
    assert found.table["functions"]["read-all"]["events"] == [{"rest": "GET /a/{id}"}]
    assert list(found.files) == ["read_all_as_integrated.py"]
    assert "a module that is written" in said(found, Changed)["integration: lambda"]
