"""Whatever stands in a service: it is read or refused, with a line, and never ends in a traceback."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from multi_env_lambda.adopt.document import read_document
from multi_env_lambda.adopt.joined import joined
from multi_env_lambda.adopt.serverless import Placed, read_service, wanted_values
from multi_env_lambda.adopt.written import unit_files
from multi_env_lambda.errors import ConfigurationError

SERVICE: dict[str, Any] = {
    "service": "shop",
    "provider": {
        "name": "aws",
        "runtime": "python3.12",
        "environment": {"TABLE": "orders-${sls:stage}", "OTHER": {"Ref": "Orders"}, "LIMIT": "${ssm:/x}"},
        "iam": {"role": {"statements": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": {"Ref": "Orders"}}]}},
        "httpApi": {
            "cors": {"allowedOrigins": ["*"]},
            "authorizers": {"a": {"type": "jwt", "issuerUrl": "https://x/"}},
        },
        "apiGateway": {"apiKeys": ["a"], "usagePlan": {"quota": {"limit": 1, "period": "DAY"}}},
        "vpc": {"subnetIds": ["subnet-1"], "securityGroupIds": ["sg-1"]},
        "tags": {"a": "b"},
        "s3": {"photos": {"name": "photos-x"}},
    },
    "functions": {
        "hello": {
            "handler": "a.b",
            "layers": ["arn:aws:lambda:eu-west-1:222222222222:layer:x:1"],
            "destinations": {"onFailure": "arn:aws:sqs:eu-west-1:222222222222:x"},
            "url": {"cors": True},
            "events": [
                {"http": {"method": "get", "path": "a", "cors": {"origins": ["x"]}, "authorizer": {"name": "hello"}}},
                {"httpApi": {"method": "get", "path": "/a", "authorizer": {"name": "a", "scopes": ["x"]}}},
                {"schedule": {"rate": ["rate(1 day)"], "input": {"a": 1}, "timezone": "Europe/Berlin"}},
                {"sqs": {"arn": {"Fn::GetAtt": ["Orders", "Arn"]}, "filterPatterns": [{"a": [1]}]}},
                {"sns": {"topicName": "news", "filterPolicy": {"a": ["b"]}}},
                {"s3": {"bucket": "photos", "rules": [{"prefix": "x"}]}},
                {"stream": {"type": "dynamodb", "arn": "x", "destinations": {"onFailure": "y"}}},
                {"eventBridge": {"pattern": {"a": ["b"]}, "eventBus": "x", "inputTransformer": {"inputTemplate": "x"}}},
            ],
        }
    },
    "resources": {"Resources": {"Orders": {"Type": "AWS::SQS::Queue", "Properties": {"Name": {"Fn::Sub": "${x}"}}}}},
    "params": {"default": {"a": 1}},
    "constructs": {"jobs": {"type": "queue", "worker": {"handler": "a.b"}}},
    "plugins": ["x"],
    "package": {"patterns": ["x"]},
    "layers": {"x": {"path": "y"}},
    "custom": {"wsgi": {"app": "a.b"}, "pythonRequirements": {"fileName": "x"}},
}
ODD = st.sampled_from(
    [
        *(None, True, 1, -1.5, "", "x", "a b", "*", "${self:custom}", "${env:X}", "${self:", "${AWS::Region}"),
        *(
            [],
            [None],
            [[]],
            ["x"],
            {},
            {"": None},
            {"Ref": 1},
            {"Ref": "AWS::Region"},
            {"Fn::Sub": []},
            {"Fn::Join": 1},
        ),
        *({"Fn::GetAtt": []}, {"Fn::GetAtt": [1, {}]}, {"Fn::Sub": ["${a.b}", {"a": 1}]}, {"Fn::Sub": ["x", 1]}),
        *("${ssm:/x}", "a${ssm:/x}", "${file(x.yml)}", "${self:functions.hello.name}", "\u2028", "x" * 300),
    ]
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(each for key, item in below for each in places(item, (*path, key)))]


PLACE = Placed(environment="sandbox", region="eu-west-1", account_id="222222222222", folder="projects/shop")
PLACES = [path for path in places(SERVICE) if path]


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(PLACES), ODD), min_size=1, max_size=3))
def test_a_service_with_anything_anywhere_is_read_or_refused(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    service = copy.deepcopy(SERVICE)
    for path, odd in changes:
        place: Any = service
        for key in path[:-1]:
            inside = isinstance(place, dict) and key in place
            inside = inside or (isinstance(place, list) and isinstance(key, int) and key < len(place))
            place = place[key] if inside else None
        if isinstance(place, dict) or (isinstance(place, list) and isinstance(path[-1], int) and path[-1] < len(place)):
            place[path[-1]] = copy.deepcopy(odd)
    root = read_document(json.dumps(service), "serverless.json")
    try:
        wanted_values(root, PLACE, {}, {}.get)
        found = read_service(root, PLACE, {}, {}.get)
    except ConfigurationError as error:
        assert "serverless.json" in str(error)
        return
    for path, text in unit_files(joined({"sandbox": found}), "serverless.json").items():
        if path.endswith(".py"):
            compile(text, path, "exec")
