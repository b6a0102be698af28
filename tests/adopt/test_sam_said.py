"""Nothing of a template is lost in silence: what no reader understands is named with its line."""

from __future__ import annotations

import pytest

from multi_env_lambda.adopt.found import Carried, Changed, NotCarried
from multi_env_lambda.show.adoption import adoption_text
from tests.adopt.test_sam import HEAD, accepted, function, indented, lost, read, table

NOT_UNDERSTOOD = {
    "Policies": "5",
    "VpcConfig": "x",
    "Environment": "abc",
    "EphemeralStorage": "3",
    "LoggingConfig": "4",
    "EventInvokeConfig": "4",
    "SnapStart": "3",
    "Tracing": "Sometimes",
    "Events": "[a, b]",
    "FunctionUrlConfig": "{AuthType: NONE, Cors: {AllowMethods: [GET]}}",
}


@pytest.mark.parametrize("key", NOT_UNDERSTOOD)
def test_a_property_that_is_not_understood_is_named(key: str) -> None:
    assert [line for line in lost(read(function(f"{key}: {NOT_UNDERSTOOD[key]}"))) if key in line]


@pytest.mark.parametrize(
    "text",
    [
        "Tracing: PassThrough",
        "SnapStart: {ApplyOn: None}",
        "AutoPublishAlias: live",
        "PackageType: Zip",
        "LoggingConfig: {LogFormat: Text}",
        "DeploymentPreference: {Type: AllAtOnce}",
    ],
)
def test_what_holds_anyway_is_carried_over(text: str) -> None:
    found = read(function(text))

    assert lost(found) == []
    assert [one.to for one in found.findings if one.what == text.split(":")[0]] == ["what holds here anyway"]


def test_runtime_and_architecture_are_in_the_report() -> None:
    said = {one.what: one.to for one in read(function("Architectures: [arm64]")).findings if isinstance(one, Carried)}

    assert said["Runtime"] == 'runtime = "python3.12"' and said["Architectures"] == 'architecture = "arm64"'


@pytest.mark.parametrize(
    ("kind", "text", "key"),
    [
        ("Schedule", "Schedule: rate(1 day)", "RetryPolicy"),
        ("ScheduleV2", "ScheduleExpression: rate(1 day)", "StartDate"),
        ("ScheduleV2", "ScheduleExpression: rate(1 day)", "EndDate"),
        ("EventBridgeRule", "Pattern: {source: [a]}", "RuleName"),
        ("SNS", "Topic: arn:aws:sns:us-east-1:111111111111:t", "Region"),
        ("Api", "Path: /a, Method: get", "RequestModel"),
        ("HttpApi", "Path: /a, Method: get", "TimeoutInMillis"),
    ],
)
def test_a_property_of_an_event_without_a_counterpart_is_named(kind: str, text: str, key: str) -> None:
    event = f"Events:\n  On:\n    Type: {kind}\n    Properties: {{{text}, {key}: x}}"

    assert [line.split(" ", 2)[2] for line in lost(read(function(event)))] == [f"event On ({kind}): {key}"]


def test_a_rule_hands_over_what_it_did() -> None:
    more = "Input: '{}', RetryPolicy: {MaximumRetryAttempts: 2}"
    event = f"Events:\n  On:\n    Type: EventBridgeRule\n    Properties: {{Pattern: {{source: [a]}}, {more}}}"
    found = read(function(event))

    target = found.stack.resources["CreateOnRule"]["Properties"]["Targets"][0]
    assert (target["Input"], target["RetryPolicy"]) == ("{}", {"MaximumRetryAttempts": 2}) and lost(found) == []


def test_a_route_keeps_its_scopes_or_is_closed() -> None:
    api = (
        "Globals:\n  HttpApi:\n    Auth:\n      Authorizers:\n"
        "        Login: {JwtConfiguration: {issuer: 'https://a.b', audience: [c]}}\n"
    )
    auth = "Auth: {Authorizer: Login, AuthorizationScopes: [orders]}"
    event = f"Events:\n  On:\n    Type: HttpApi\n    Properties:\n      Path: /a\n      Method: get\n      {auth}"
    entry = {"http": "GET /a", "authorizer": "login", "scopes": ["orders"]}

    assert table(read(function(event, top=api)))["events"] == [entry]
    accepted(read(function(event, top=api)))
    for closed in (auth.replace("Authorizer: Login, ", ""), "Auth: {ResourcePolicy: {IpRangeWhitelist: [10.0.0.1]}}"):
        found = read(function(event.replace(auth, closed), top=api))
        assert table(found)["events"] == [{"http": "GET /a", "authorizer": "iam"}] and lost(found)
    for_all = api.replace("Login: {", "Login: {AuthorizationScopes: [orders], ")
    assert table(read(function(event, top=for_all)))["events"][0]["authorizer"] == "iam"


@pytest.mark.parametrize(
    "text",
    [
        "Type: AWS::DynamoDB::Table\n  Properties: {KeySchema: [{KeyType: HASH, AttributeName: a}], "
        "SSESpecification: {SSEEnabled: true, KMSMasterKeyId: alias/ours}}",
        "Type: AWS::S3::Bucket\n  Properties: {BucketEncryption: {ServerSideEncryptionConfiguration: "
        "[{ServerSideEncryptionByDefault: {SSEAlgorithm: 'aws:kms', KMSMasterKeyID: alias/ours}}]}}",
        "Type: AWS::S3::Bucket\n  Properties: {OwnershipControls: {Rules: [{ObjectOwnership: ObjectWriter}]}}",
    ],
)
def test_a_resource_with_a_key_or_rights_of_its_own_stays_as_it_is(text: str) -> None:
    assert set(read(function(resources=f"Other:\n  {text}")).stack.resources) == {"Other"}


def test_what_a_table_of_ours_lacks_is_named() -> None:
    text = (
        "Orders:\n  Type: AWS::DynamoDB::Table\n  Properties:\n    KeySchema: [{KeyType: HASH, AttributeName: a}]\n"
        "    Tags: [{Key: a, Value: b}]\n    ProvisionedThroughput: {ReadCapacityUnits: 5, WriteCapacityUnits: 5}\n"
        "    TimeToLiveSpecification: {AttributeName: t, Enabled: false}"
    )
    found = read(function(resources=text))

    assert found.table["tables"] == {"orders": {"partition_key": "a"}}
    assert [line.split(": ")[-1] for line in lost(found)] == ["ProvisionedThroughput", "Tags"]


def test_a_table_of_sam_in_the_stack_has_all_of_its_settings() -> None:
    text = (
        "Orders:\n  Type: AWS::Serverless::SimpleTable\n  Properties:\n    TableName: x\n    Tags: {a: b}\n"
        "    SSESpecification: {SSEEnabled: true}\n"
        "    ProvisionedThroughput: {ReadCapacityUnits: 5, WriteCapacityUnits: 5}"
    )
    body = read(function(resources=text)).stack.resources["Orders"]["Properties"]

    assert body["SSESpecification"] == {"SSEEnabled": True} and body["Tags"] == [{"Key": "a", "Value": "b"}]
    assert (body["BillingMode"], body["ProvisionedThroughput"]["ReadCapacityUnits"]) == ("PROVISIONED", 5)


def test_each_resource_each_output_and_each_global_is_named() -> None:
    top = "Conditions: {Never: !Equals [a, b]}\nGlobals: {SimpleTable: {SSESpecification: {SSEEnabled: true}}}\n"
    resources = (
        "Off: {Type: AWS::SQS::Queue, Condition: Never}\n"
        "Far:\n  Type: AWS::Serverless::LayerVersion\n  Properties: {ContentUri: '../../x'}"
    )
    outputs = "Outputs:\n  Url: {Value: !Ref CreateFunction}\n"
    found = read(function("", resources, top) + outputs)
    changed = {one.what: one.to for one in found.findings if isinstance(one, Changed)}

    assert changed == {"Off (AWS::SQS::Queue)": "nothing", "Outputs": "the verb `outputs`"}
    assert {one.what for one in found.findings if isinstance(one, NotCarried)} == {
        "Far (AWS::Serverless::LayerVersion)",
        "Globals.SimpleTable",
    }


def test_policies_beside_a_role_are_named() -> None:
    role = "Role: arn:aws:iam::111111111111:role/r\nPolicies: [AmazonS3ReadOnlyAccess]"

    assert [line.split()[-1] for line in lost(read(function(role)))] == ["Policies"]
    assert HEAD in function() and indented("a", 2) == "  a\n"


def test_a_name_with_a_line_break_is_in_one_line_of_the_report() -> None:
    forged = "  ✓ template.yaml:1 all of it"
    resources = f'"Queue\\n{forged}": {{Type: AWS::SQS::Queue, Properties: {{QueueName: x}}}}'
    found = read(function(resources=resources))

    assert forged not in adoption_text("shop", "projects/shop", "template.yaml", (), found.findings).splitlines()
    assert any(forged in one.what for one in found.findings)


def test_a_secret_in_a_variable_gets_into_no_file() -> None:
    """Our own table would refuse it, too."""
    variables = "Environment: {Variables: {API_TOKEN: hunter2, DB_PASSWORD: hunter3, STAGE: dev}}"
    top = "Parameters: {DbPassword: {Type: String, Default: hunter4}}\n"
    found = read(function(variables, top=top))

    assert table(found)["environment"] == {
        "API_TOKEN": {"secret": "api-token"},
        "DB_PASSWORD": {"secret": "db-password"},
        "STAGE": "dev",
    }
    assert "hunter" not in str(found)
    accepted(found)


def test_a_layer_of_installed_packages_is_said_as_what_is_locked() -> None:
    resources = "Common: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: layer}}"
    found = read(function("Layers: [!Ref Common]", resources), packages=frozenset({"layer/python/text/__init__.py"}))

    assert "shared" not in found.table and lost(found) == []
    assert any(one.what == "Layers: Common" for one in found.findings if isinstance(one, Changed))


def test_a_managed_policy_that_aws_has_replaced_is_said() -> None:
    found = read(function("Policies: [AWSLambdaFullAccess, AmazonS3ReadOnlyAccess]"))

    [said] = [one for one in found.findings if isinstance(one, Changed) and one.what.startswith("Policies")]
    assert (said.what, said.to) == (
        "Policies: arn:aws:iam::aws:policy/AWSLambdaFullAccess",
        "managed_policies: arn:aws:iam::aws:policy/AWSLambda_FullAccess",
    )
