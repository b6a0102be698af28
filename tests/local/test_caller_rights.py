"""CloudFormation does what whoever started it may do, and no more; asked for by the rule `caller-rights`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import attrs
import pytest
from botocore.exceptions import ClientError

from multi_env_lambda.aws.references import missing_references
from multi_env_lambda.aws.stack_tags import tagged_arns
from multi_env_lambda.errors import AccountError, StackError
from multi_env_lambda.host.files import read_json
from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.local.seed import RootKey, root_client
from multi_env_lambda.model.reference import Kind, Reference
from multi_env_lambda.plan.permissions import of_environment
from multi_env_lambda.testing.local_cloud import client_of, sample_config
from tests.rules import cloud_keeping
from tests.tools.policies import give

pytestmark = pytest.mark.local_cloud

HANDLERS = json.loads((Path(__file__).parents[2] / "multi_env_lambda/plan/handlers.json").read_text("ascii"))
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
SANDBOX = attrs.evolve(sample_config().environment("sandbox"), role_name="deployer")
CONFIG = attrs.evolve(sample_config(), environments=(SANDBOX, *sample_config().environments[1:]))
QUEUE, ROLE, KEY, MACHINE = "AWS::SQS::Queue", "AWS::IAM::Role", "AWS::KMS::Key", "AWS::StepFunctions::StateMachine"
ON_SUBSCRIPTIONS = {"sns:GetSubscriptionAttributes", "sns:SetSubscriptionAttributes", "sns:Unsubscribe"}
TRUST = {"Version": "2012-10-17", "Statement": []}


def calls(kind: str, *steps: str, without: str = "") -> list[str]:
    service = {MACHINE: "states"}.get(kind, kind.split("::")[1].lower())
    found = {action for step in steps for action in HANDLERS[kind][step] if action.startswith(f"{service}:")}
    return sorted(found - {without})


@attrs.frozen
class Deployer:
    """A role with these statements beside all of CloudFormation's own, and what it makes."""

    iam: Any
    stacks: Any

    def may(self, *statements: dict[str, Any]) -> None:
        own = {"Effect": "Allow", "Action": "cloudformation:*", "Resource": "*"}
        give(self.iam, "deployer", [own, *({"Effect": "Allow", **one} for one in statements)])

    def make(self, stack: str, *, verb: str = "create_stack", **resources: dict[str, Any]) -> str:
        body = json.dumps({"Resources": resources})
        getattr(self.stacks, verb)(StackName=stack, TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"])
        status: str = self.stacks.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
        return status

    def failures(self, stack: str) -> list[tuple[str, str]]:
        """Logical id and reason, the last one first."""
        events = self.stacks.describe_stack_events(StackName=stack)["StackEvents"]
        failed = [event for event in events if event["ResourceStatus"].endswith("_FAILED")]
        return [(event["LogicalResourceId"], event.get("ResourceStatusReason", "")) for event in failed]

    def reason(self, stack: str, logical: str) -> str:
        return next(reason for name, reason in self.failures(stack) if name == logical)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    with cloud_keeping(tmp_path_factory.mktemp("rights"), CONFIG, "caller-rights") as running:
        yield running


@pytest.fixture(scope="module")
def deployer(cloud: LocalCloud) -> Deployer:
    secret = read_json(cloud.folder / "listening.json", {})["secret"]
    iam = root_client(RootKey(endpoint=cloud.endpoint, secret=secret), SANDBOX.account_id, "us-east-1", "iam")
    iam.detach_role_policy(RoleName="deployer", PolicyArn=ADMINISTRATOR)
    return Deployer(iam, client_of(cloud, SANDBOX, "cloudformation"))


def queue(name: str, **more: Any) -> dict[str, Any]:
    return {"Type": QUEUE, "Properties": {"QueueName": name, **more}}


def queues(name: str) -> str:
    return f"arn:aws:sqs:us-east-1:{SANDBOX.account_id}:{name}"


def test_what_the_caller_may_not_make_fails_as_on_aws_and_is_rolled_back(deployer: Deployer) -> None:
    deployer.may({"Action": calls(QUEUE, "create", "delete", without="sqs:CreateQueue"), "Resource": "*"})

    assert deployer.make("refused", Queue=queue("refused")) == "ROLLBACK_COMPLETE"
    assert deployer.reason("refused", "Queue").startswith(
        'Resource handler returned message: "User: '
        f"arn:aws:sts::{SANDBOX.account_id}:assumed-role/deployer/multi-env-lambda-test is not authorized to perform: "
        f"sqs:CreateQueue on resource: {queues('refused')} because no identity-based policy allows the "
        "sqs:CreateQueue action (Service: Sqs, Status Code: 403"
    )


@pytest.mark.parametrize(
    ("pattern", "status"), [("mine-*", "CREATE_COMPLETE"), ("yours-*", "ROLLBACK_COMPLETE")], ids=["mine", "yours"]
)
def test_the_name_decides(deployer: Deployer, pattern: str, status: str) -> None:
    deployer.may({"Action": calls(QUEUE, "create", "delete"), "Resource": queues(pattern)})

    assert deployer.make(f"named-{pattern[0]}", Queue=queue(f"mine-{pattern[0]}")) == status


@pytest.mark.parametrize(("width", "status"), [("*", "DELETE_COMPLETE"), ("topics", "DELETE_FAILED")])
def test_a_subscription_ends_by_a_right_on_everything(deployer: Deployer, width: str, status: str) -> None:
    """IAM has no resource for a subscription: its ARN is none that a statement can have."""
    topics = f"arn:aws:sns:us-east-1:{SANDBOX.account_id}:subscribed-*"
    ending = {"Action": sorted(ON_SUBSCRIPTIONS), "Resource": "*" if width == "*" else topics}
    stack, topic = f"subscribed-{len(width)}", {"Type": "AWS::SNS::Topic"}
    ends = {"TopicArn": {"Ref": "Topic"}, "Protocol": "email", "Endpoint": "a@example.com"}
    subscription = {"Type": "AWS::SNS::Subscription", "Properties": ends}
    deployer.may({"Action": "sns:*", "Resource": "*"})
    assert deployer.make(stack, Topic=topic, Subscription=subscription) == "CREATE_COMPLETE", deployer.failures(stack)
    made = deployer.stacks.describe_stacks(StackName=stack)["Stacks"][0]["StackId"]
    deployer.may({"Action": ["sns:*Topic*", "sns:Subscribe"], "Resource": topics}, ending)
    deployer.stacks.delete_stack(StackName=stack)
    assert deployer.stacks.describe_stacks(StackName=made)["Stacks"][0]["StackStatus"] == status


def test_a_name_that_cloudformation_will_give_begins_with_the_stacks(deployer: Deployer) -> None:
    deployer.may({"Action": calls(QUEUE, "create", "delete"), "Resource": queues("generated-Queue-*")})

    assert deployer.make("generated", Queue={"Type": QUEUE}) == "CREATE_COMPLETE"


def test_changing_and_deleting_need_their_own_rights(deployer: Deployer) -> None:
    allowed = calls(QUEUE, "create")
    deployer.may({"Action": allowed, "Resource": "*"})
    assert deployer.make("changed", Queue=queue("changed")) == "CREATE_COMPLETE"

    status = deployer.make("changed", verb="update_stack", Queue=queue("changed", DelaySeconds=5))
    assert status == "UPDATE_ROLLBACK_COMPLETE" and "sqs:SetQueueAttributes" in deployer.reason("changed", "Queue")
    allowed += calls(QUEUE, "update")
    deployer.may({"Action": allowed, "Resource": "*"})
    assert deployer.make("changed", verb="update_stack", Queue=queue("changed", DelaySeconds=5)) == "UPDATE_COMPLETE"
    stack = deployer.stacks.describe_stacks(StackName="changed")["Stacks"][0]["StackId"]
    deployer.stacks.delete_stack(StackName="changed")
    assert "sqs:DeleteQueue" in deployer.reason("changed", "Queue")
    deployer.may({"Action": [*allowed, *calls(QUEUE, "delete")], "Resource": "*"})
    deployer.stacks.delete_stack(StackName="changed")
    assert deployer.stacks.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"] == "DELETE_COMPLETE"


@pytest.mark.parametrize(
    ("service", "status"), [("states", "CREATE_COMPLETE"), ("lambda", "ROLLBACK_COMPLETE")], ids=["right", "other"]
)
def test_a_role_is_given_to_the_services_only_that_the_caller_may_give_it_to(
    deployer: Deployer, service: str, status: str
) -> None:
    role = f"arn:aws:iam::{SANDBOX.account_id}:role/deployer"
    condition = {"StringEquals": {"iam:PassedToService": f"{service}.amazonaws.com"}}
    deployer.may(
        {"Action": calls(MACHINE, "create", "delete"), "Resource": "*"},
        {"Action": "iam:PassRole", "Resource": role, "Condition": condition},
    )
    definition = '{"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}'
    machine = {"Type": MACHINE, "Properties": {"RoleArn": role, "DefinitionString": definition}}

    assert deployer.make(f"passed-{service}", Machine=machine) == status
    if service == "lambda":
        assert f"not authorized to perform: iam:PassRole on resource: {role}" in deployer.reason(
            "passed-lambda", "Machine"
        )


def test_a_key_is_known_by_the_tag_of_its_stack(deployer: Deployer) -> None:
    free = ["kms:CreateKey", "kms:TagResource"]
    tagged = {"StringLike": {"aws:ResourceTag/aws:cloudformation:stack-name": "key-*"}}
    deployer.may(
        {"Action": free, "Resource": "*"},
        {"Action": calls(KEY, "create", "delete"), "Resource": "*", "Condition": tagged},
    )
    key = {"Type": KEY, "Properties": {"KeyPolicy": TRUST}}

    assert deployer.make("key-mine", Key=key) == "CREATE_COMPLETE"
    assert deployer.make("other", Key=key) == "ROLLBACK_COMPLETE"


ROLE_ARN = {"Fn::GetAtt": ["Role", "Arn"]}
ASSUMED = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
WIDE: dict[str, dict[str, Any]] = {
    "Alarm": {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "ComparisonOperator": "GreaterThanThreshold",
            "EvaluationPeriods": 1,
            "MetricName": "Errors",
            "Namespace": "Own",
            "Period": 60,
            "Statistic": "Sum",
            "Threshold": 1,
        },
    },
    "Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Name": "api", "ProtocolType": "HTTP"}},
    "Base": {"Type": "AWS::Glue::Database", "Properties": {"CatalogId": "2", "DatabaseInput": {"Name": "sales"}}},
    "Bucket": {"Type": "AWS::S3::Bucket"},
    "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "bus-sandbox-1"}},
    "Key": {"Type": KEY, "Properties": {"KeyPolicy": TRUST}},
    "Machine": {
        "Type": MACHINE,
        "Properties": {
            "RoleArn": ROLE_ARN,
            "DefinitionString": '{"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}',
        },
    },
    "Named": {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/shop/url", "Type": "String", "Value": "v"}},
    "Parameter": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "v"}},
    "Queue": queue("old"),
    "Role": {
        "Type": ROLE,
        "Properties": {"RoleName": "legacy", "AssumeRolePolicyDocument": {**TRUST, "Statement": [ASSUMED]}},
    },
    "Rule": {"Type": "AWS::Events::Rule", "Properties": {"ScheduleExpression": "rate(1 day)", "RoleArn": ROLE_ARN}},
    "Secret": {"Type": "AWS::SecretsManager::Secret", "Properties": {"SecretString": "s"}},
    "Stream": {"Type": "AWS::Kinesis::Stream", "Properties": {"ShardCount": 1}},
    "Table": {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        },
    },
    "Topic": {"Type": "AWS::SNS::Topic"},
}


def test_what_permissions_prints_is_enough_for_many_types_and_nothing_of_others_is_touched(deployer: Deployer) -> None:
    printed = of_environment(CONFIG, SANDBOX, {"wide-sandbox": json.dumps({"Resources": WIDE})}, HANDLERS)
    deployer.may(*(grant.statement() for grant in printed.grants))

    assert deployer.make("wide-sandbox", **WIDE) == "CREATE_COMPLETE", deployer.failures("wide-sandbox")
    stack = deployer.stacks.describe_stacks(StackName="wide-sandbox")["Stacks"][0]["StackId"]
    deployer.stacks.delete_stack(StackName="wide-sandbox")
    assert deployer.stacks.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"] == "DELETE_COMPLETE"
    of_others = {name: WIDE[name] for name in ("Parameter", "Secret", "Key")}
    for name, body in of_others.items():
        assert deployer.make(f"alien-{name.lower()}", **{f"Alien{name}": body}) == "ROLLBACK_COMPLETE", name


GROUP = "AWS::EC2::SecurityGroup"
HTTPS = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}


def network(vpc: str = "vpc-1", **more: Any) -> dict[str, Any]:
    group = {"GroupDescription": "out", "VpcId": vpc, "SecurityGroupEgress": [{**HTTPS, "CidrIp": "10.0.0.0/8"}]}
    own = {"Fn::GetAtt": ["Out", "GroupId"]}
    rule = {"GroupId": own, "SourceSecurityGroupId": own, **HTTPS}
    return {
        "Out": {"Type": GROUP, "Properties": {**group, **more}},
        "In": {"Type": f"{GROUP}Ingress", "Properties": rule},
    }


def test_what_is_printed_is_enough_for_a_security_group_and_ends_at_its_vpc(deployer: Deployer) -> None:
    deployer.may(*printed_for("net-sandbox", network()))

    assert deployer.make("net-sandbox", **network()) == "CREATE_COMPLETE", deployer.failures("net-sandbox")
    tagged = network(Tags=[{"Key": "team", "Value": "sales"}])
    assert deployer.make("net-sandbox", verb="update_stack", **tagged) == "UPDATE_COMPLETE"
    made = deployer.stacks.describe_stacks(StackName="net-sandbox")["Stacks"][0]["StackId"]
    deployer.stacks.delete_stack(StackName="net-sandbox")
    assert deployer.stacks.describe_stacks(StackName=made)["Stacks"][0]["StackStatus"] == "DELETE_COMPLETE"

    assert deployer.make("far-sandbox", **network("vpc-2")) == "ROLLBACK_COMPLETE"
    assert "ec2:AuthorizeSecurityGroup" in deployer.reason("far-sandbox", "Out")


def test_a_group_of_another_stack_is_not_opened(deployer: Deployer) -> None:
    deployer.may({"Action": "ec2:*", "Resource": "*"})
    assert deployer.make("db-prod", **network()) == "CREATE_COMPLETE"
    (out,) = deployer.stacks.describe_stack_resources(StackName="db-prod", LogicalResourceId="Out")["StackResources"]
    rule = {"GroupId": out["PhysicalResourceId"], **HTTPS, "CidrIp": "0.0.0.0/0"}
    entry = {"Type": f"{GROUP}Ingress", "Properties": rule}

    deployer.may(*printed_for("net-sandbox", {**network(), "Entry": entry}))
    assert deployer.make("net-sandbox", **network(), Entry=entry) == "ROLLBACK_COMPLETE"
    assert "ec2:AuthorizeSecurityGroupIngress on resource" in deployer.reason("net-sandbox", "Entry")


def printed_for(stack: str, resources: dict[str, Any]) -> list[dict[str, Any]]:
    printed = of_environment(CONFIG, SANDBOX, {stack: json.dumps({"Resources": resources})}, HANDLERS)
    return [grant.statement() for grant in printed.grants]


LONG = "customer-notification-service-sandbox"
LONG_ROLE = {
    "SendReminderToCustomerRole": {
        "Type": ROLE,
        "Properties": {"AssumeRolePolicyDocument": {**TRUST, "Statement": [ASSUMED]}},
    }
}


def test_what_is_printed_reaches_a_role_whose_name_loses_the_environment(deployer: Deployer) -> None:
    deployer.may(*printed_for(LONG, LONG_ROLE))
    assert deployer.make(LONG, **LONG_ROLE) == "CREATE_COMPLETE", deployer.failures(LONG)
    deployer.may(*printed_for("orders-sandbox", LONG_ROLE))
    assert deployer.make("customer-notification-services-sandbox", **LONG_ROLE) == "ROLLBACK_COMPLETE"


FOREIGN: dict[str, dict[str, Any]] = {
    "Group": {
        "Type": "AWS::Logs::MetricFilter",
        "Properties": {
            "LogGroupName": "/theirs/app",
            "FilterPattern": "E",
            "MetricTransformations": [{"MetricName": "E", "MetricNamespace": "N", "MetricValue": "1"}],
        },
    },
    "Queues": {
        "Type": "AWS::SQS::QueuePolicy",
        "Properties": {
            "Queues": [f"https://sqs.us-east-1.amazonaws.com/{SANDBOX.account_id}/theirs"],
            "PolicyDocument": TRUST,
        },
    },
    "Topics": {
        "Type": "AWS::SNS::TopicPolicy",
        "Properties": {"Topics": [f"arn:aws:sns:us-east-1:{SANDBOX.account_id}:theirs"], "PolicyDocument": TRUST},
    },
    "Bucket": {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": "theirs-of-rights", "PolicyDocument": TRUST}},
    "Roles": {
        "Type": "AWS::IAM::Policy",
        "Properties": {
            "Roles": ["theirs"],
            "PolicyName": "ours",
            "PolicyDocument": {**TRUST, "Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}]},
        },
    },
    "Called": {
        "Type": "AWS::Lambda::Permission",
        "Properties": {"FunctionName": "theirs", "Action": "lambda:InvokeFunction", "Principal": "sns.amazonaws.com"},
    },
    "Joined": {"Type": QUEUE, "Properties": {"QueueName": {"Fn::Join": ["-", ["joined", {"Ref": "AWS::Region"}]]}}},
    "Filled": {"Type": QUEUE, "Properties": {"QueueName": {"Fn::Sub": ["${Who}-in", {"Who": "filled"}]}}},
}


@pytest.fixture(scope="module")
def theirs(cloud: LocalCloud) -> Any:
    """What somebody else made, by a root's client of a service."""
    secret = read_json(cloud.folder / "listening.json", {})["secret"]
    root = RootKey(endpoint=cloud.endpoint, secret=secret)

    def client(service: str) -> Any:
        return root_client(root, SANDBOX.account_id, SANDBOX.region, service)

    client("logs").create_log_group(logGroupName="/theirs/app")
    client("sqs").create_queue(QueueName="theirs")
    client("sns").create_topic(Name="theirs")
    client("s3").create_bucket(Bucket="theirs-of-rights")
    trust = json.dumps({**TRUST, "Statement": [ASSUMED]})
    role = client("iam").create_role(RoleName="theirs", Path="/team/", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    packed = BytesIO()
    with ZipFile(packed, "w") as archive:
        archive.writestr("m.py", "")
    client("lambda").create_function(
        FunctionName="theirs", Runtime="python3.12", Role=role, Handler="m.f", Code={"ZipFile": packed.getvalue()}
    )
    return client


@pytest.mark.parametrize("logical", sorted(FOREIGN))
def test_what_a_template_changes_of_others_needs_a_statement_and_has_one(
    deployer: Deployer, theirs: Any, logical: str
) -> None:
    resources, stack = {logical: FOREIGN[logical]}, f"foreign-{logical.lower()}-sandbox"
    statements = printed_for(stack, resources)
    own = [
        {**one, "Resource": [arn for arn in one["Resource"] if "*-sandbox" in arn] or ["arn:aws:sqs:::none"]}
        for one in statements
        if one["Resource"] != ["*"]
    ]

    deployer.may(*own)
    assert deployer.make(f"{stack}-not", **resources) == "ROLLBACK_COMPLETE"
    deployer.may(*statements)
    assert deployer.make(stack, **resources) == "CREATE_COMPLETE", deployer.failures(stack)


def test_who_may_make_apis_of_one_kind_makes_none_of_the_other(deployer: Deployer) -> None:
    deployer.may(*printed_for("api-sandbox", {"Api": WIDE["Api"]}))
    rest = {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "rest"}}

    assert deployer.make("rest-sandbox", Api=rest) == "ROLLBACK_COMPLETE"
    assert "apigateway:GET on resource: arn:aws:apigateway:us-east-1::/restapis/0" in deployer.reason(
        "rest-sandbox", "Api"
    )


def test_what_is_printed_reaches_no_key_in_a_bucket_of_others(
    deployer: Deployer, theirs: Any, cloud: LocalCloud
) -> None:
    theirs("s3").put_object(Bucket="theirs-of-rights", Key="backup-sandbox-1", Body=b"data")
    deployer.may(*printed_for("keys-sandbox", {"Bucket": {"Type": "AWS::S3::Bucket"}}))

    with pytest.raises(ClientError, match="AccessDenied"):
        client_of(cloud, SANDBOX, "s3").delete_object(Bucket="theirs-of-rights", Key="backup-sandbox-1")


@pytest.mark.parametrize(
    ("reference", "action"),
    [("ssm:/rights/url", "ssm:GetParameters"), ("secretsmanager:rights-secret", "secretsmanager:GetSecretValue")],
)
def test_what_a_template_resolves_is_read_with_the_callers_rights(
    deployer: Deployer, cloud: LocalCloud, reference: str, action: str
) -> None:
    secret = read_json(cloud.folder / "listening.json", {})["secret"]
    root = RootKey(endpoint=cloud.endpoint, secret=secret)
    here = (SANDBOX.account_id, SANDBOX.region)
    if action.startswith("ssm"):
        root_client(root, *here, "ssm").put_parameter(Name="/rights/url", Value="shown", Type="String", Overwrite=True)
    else:
        root_client(root, *here, "secretsmanager").create_secret(Name="rights-secret", SecretString="shown")
    name = f"resolved-{reference.partition(':')[0]}"
    made = queue(name, Tags=[{"Key": "of", "Value": f"{{{{resolve:{reference}}}}}"}])
    rights = {"Action": calls(QUEUE, "create", "delete"), "Resource": "*"}

    deployer.may(rights)
    assert deployer.make(f"{name}-not", Queue=made) == "ROLLBACK_COMPLETE"
    assert f"is not authorized to perform: {action} on resource: arn:aws:" in deployer.reason(f"{name}-not", "Queue")
    printed = of_environment(CONFIG, SANDBOX, {name: json.dumps({"Resources": {"Queue": made}})}, HANDLERS)
    deployer.may(rights, *(grant.statement() for grant in printed.grants if grant.sid.startswith("Resolve")))
    assert deployer.make(name, Queue=made) == "CREATE_COMPLETE", deployer.failures(name)


BOUNDARY = "arn:aws:iam::aws:policy/PowerUserAccess"
GUARD = {
    "Effect": "Deny",
    "Action": ["iam:CreateRole", "iam:PutRolePolicy", "iam:DeleteRolePermissionsBoundary"],
    "Resource": "*",
    "Condition": {"StringNotEquals": {"iam:PermissionsBoundary": BOUNDARY}},
}
OF_ROLES = {"Action": calls(ROLE, "create", "update", "delete"), "Resource": "*"}
NEVER_WITHOUT = {"Effect": "Deny", "Action": "iam:DeleteRolePermissionsBoundary", "Resource": "*"}


def role(name: str, **more: Any) -> dict[str, Any]:
    policy = {"PolicyName": "p", "PolicyDocument": {**TRUST, "Statement": [{"Effect": "Allow", **OF_ROLES}]}}
    trust = {**TRUST, "Statement": [ASSUMED]}
    return {
        "Type": ROLE,
        "Properties": {"RoleName": name, "AssumeRolePolicyDocument": trust, "Policies": [policy], **more},
    }


def test_a_guard_knows_under_which_boundary_a_stack_makes_a_role(deployer: Deployer) -> None:
    deployer.may(OF_ROLES, GUARD, NEVER_WITHOUT)

    assert deployer.make("bounded", Role=role("bounded", PermissionsBoundary=BOUNDARY)) == "CREATE_COMPLETE"
    longer = role("bounded", PermissionsBoundary=BOUNDARY, MaxSessionDuration=7200)
    assert deployer.make("bounded", verb="update_stack", Role=longer) == "UPDATE_COMPLETE"
    status = deployer.make("bounded", verb="update_stack", Role=role("bounded", MaxSessionDuration=7200))
    assert status.startswith("UPDATE_ROLLBACK") and "DeleteRolePermissionsBoundary" in deployer.reason(
        "bounded", "Role"
    )
    assert deployer.make("unbounded", Role=role("unbounded")) == "ROLLBACK_COMPLETE"
    assert "iam:CreateRole" in deployer.reason("unbounded", "Role")


def guard_of_the_page() -> list[dict[str, Any]]:
    """What real-accounts.rst says to attach, for the account of the tests."""
    page = (Path(__file__).parents[2] / "docs/source/02-How-To/real-accounts.rst").read_text("utf-8")
    (block,) = [one for one in page.split("::\n\n") if '"OnlyUnderTheBoundary"' in one]
    own = block.partition("\n\n3. ")[0].replace("555555555555", SANDBOX.account_id)
    statements: list[dict[str, Any]] = json.loads(own)["Statement"]
    return statements


def test_what_the_page_says_demands_a_boundary_of_each_role(deployer: Deployer) -> None:
    document = json.dumps({**TRUST, "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})
    boundary = deployer.iam.create_policy(PolicyName="boundary-of-units", PolicyDocument=document)["Policy"]["Arn"]
    roles = {"Role": role("guarded-sandbox-role", PermissionsBoundary=boundary)}
    deployer.may(*printed_for("guarded-sandbox", roles), *guard_of_the_page())

    assert deployer.make("guarded-sandbox", **roles) == "CREATE_COMPLETE", deployer.failures("guarded-sandbox")
    status = deployer.make("guarded-sandbox", verb="update_stack", Role=role("guarded-sandbox-role"))
    assert status.startswith("UPDATE_ROLLBACK")
    assert deployer.make("free-sandbox", Role=role("free-sandbox-role")) == "ROLLBACK_COMPLETE"
    assert "of an explicit deny" in deployer.reason("free-sandbox", "Role")


def test_a_guard_knows_which_managed_policy_a_stack_gives(deployer: Deployer) -> None:
    guard = {**GUARD, "Action": "iam:AttachRolePolicy", "Condition": {"ArnEquals": {"iam:PolicyARN": ADMINISTRATOR}}}
    deployer.may(OF_ROLES, guard)

    assert deployer.make("reader", Role=role("reader", ManagedPolicyArns=[BOUNDARY])) == "CREATE_COMPLETE"
    both = role("owner", ManagedPolicyArns=[BOUNDARY, ADMINISTRATOR])
    assert deployer.make("owner", Role=both) == "ROLLBACK_COMPLETE"


def test_a_callers_own_boundary_holds_for_what_cloudformation_does(deployer: Deployer) -> None:
    deployer.may({"Action": calls(QUEUE, "create", "delete"), "Resource": "*"})
    deployer.iam.put_role_permissions_boundary(
        RoleName="deployer", PermissionsBoundary="arn:aws:iam::aws:policy/ReadOnlyAccess"
    )
    with pytest.raises(ClientError, match="AccessDenied"):
        deployer.make("read-only", Queue=queue("read-only"))
    stacks_only = json.dumps(
        {**TRUST, "Statement": [{"Effect": "Allow", "Action": "cloudformation:*", "Resource": "*"}]}
    )
    boundary = deployer.iam.create_policy(PolicyName="stacks-only", PolicyDocument=stacks_only)["Policy"]["Arn"]
    deployer.iam.put_role_permissions_boundary(RoleName="deployer", PermissionsBoundary=boundary)
    status = deployer.make("within", Queue=queue("within"))
    deployer.iam.delete_role_permissions_boundary(RoleName="deployer")

    assert status in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED")
    assert "sqs:CreateQueue" in deployer.reason("within", "Queue")


@pytest.fixture(scope="module")
def service_role(deployer: Deployer) -> str:
    """A role that CloudFormation may assume, and that may make queues."""
    by_service = {**ASSUMED, "Principal": {"Service": "cloudformation.amazonaws.com"}}
    trust = json.dumps({**TRUST, "Statement": [by_service]})
    arn: str = deployer.iam.create_role(RoleName="of-stacks", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    give(deployer.iam, "of-stacks", [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}])
    return arn


PASSED = {"StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}}


def by_change_set(stacks: Any, stack: str, kind: str = "CREATE", role: str = "", **resources: dict[str, Any]) -> str:
    told = {"RoleARN": role} if role else {}
    body = json.dumps({"Resources": resources})
    stacks.create_change_set(StackName=stack, ChangeSetName=kind, ChangeSetType=kind, TemplateBody=body, **told)
    stacks.execute_change_set(StackName=stack, ChangeSetName=kind)
    return str(stacks.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"])


def test_what_is_printed_reads_why_a_change_set_failed_early_and_nothing_of_others(
    deployer: Deployer, theirs: Any
) -> None:
    """IAM knows `DescribeEvents` of a change set as a call of its own resource, and the other calls as of its stack."""
    groups = {"Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/theirs/app"}}}
    statements, stacks = printed_for("early-sandbox", groups), deployer.stacks
    give(deployer.iam, "deployer", statements)
    asked = {"ChangeSetType": "CREATE", "TemplateBody": json.dumps({"Resources": groups})}
    made = stacks.create_change_set(StackName="early-sandbox", ChangeSetName="mel-create-early", **asked)["Id"]

    assert stacks.describe_change_set(ChangeSetName=made)["Status"] == "FAILED"
    (event,) = stacks.describe_events(ChangeSetName=made)["OperationEvents"]
    assert "/theirs/app" in event["ValidationStatusReason"]
    with pytest.raises(ClientError, match="AccessDenied"):
        stacks.describe_events(ChangeSetName=made.replace("mel-create-early", "theirs"))
    on_stacks = [{**one, "Resource": [arn for arn in one["Resource"] if "changeSet" not in arn]} for one in statements]
    give(deployer.iam, "deployer", [one for one in on_stacks if one["Resource"]])
    with pytest.raises(ClientError, match="cloudformation:DescribeEvents"):
        stacks.describe_events(ChangeSetName=made)


def test_what_is_printed_tells_what_a_stack_made_by_its_tags(cloud: LocalCloud, deployer: Deployer) -> None:
    client, statements = client_of(cloud, SANDBOX, "resourcegroupstaggingapi"), printed_for("kept-sandbox", WIDE)
    give(deployer.iam, "deployer", statements)
    assert tagged_arns(client, "here", "kept-sandbox") == set()

    give(deployer.iam, "deployer", [one for one in statements if one["Sid"] != "LookAtWhatWasKept"])
    with pytest.raises(StackError, match="tag:GetResources"):
        tagged_arns(client, "here", "kept-sandbox")


def test_a_stack_is_made_changed_and_deleted_as_its_own_role(deployer: Deployer, service_role: str) -> None:
    deployer.may({"Action": "iam:PassRole", "Resource": service_role, "Condition": PASSED})
    stacks = deployer.stacks
    assert by_change_set(stacks, "own-role", role=service_role, Queue=queue("own-role")) == "CREATE_COMPLETE"
    found = stacks.describe_stacks(StackName="own-role")["Stacks"][0]
    assert found["RoleARN"] == service_role

    deployer.may()  # who may not pass the role may go on with what has it
    later = queue("own-role", DelaySeconds=5)
    assert by_change_set(stacks, "own-role", "UPDATE", Queue=later) == "UPDATE_COMPLETE"
    status = deployer.make("own-role", verb="update_stack", Queue=later, Parameter=WIDE["Parameter"])
    assert status == "UPDATE_ROLLBACK_COMPLETE"
    assert "assumed-role/of-stacks/AWSCloudFormation is not authorized to perform: ssm:" in deployer.reason(
        "own-role", "Parameter"
    )
    stacks.delete_stack(StackName="own-role")
    assert stacks.describe_stacks(StackName=found["StackId"])["Stacks"][0]["StackStatus"] == "DELETE_COMPLETE"
    assert deployer.make("own-role", Queue=queue("own-role")) == "ROLLBACK_COMPLETE"  # a new one has no role


@pytest.mark.parametrize(
    ("may", "role", "text"),
    [
        ([], "of-stacks", "is not authorized to perform: iam:PassRole on resource: arn:aws:iam::222222222222:role/of-"),
        ([{**PASSED, "StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}], "of-stacks", "iam:PassRole"),
        ([PASSED], "deployer", "role/deployer is invalid or cannot be assumed"),
        ([PASSED], "of-nobody", "role/of-nobody is invalid or cannot be assumed"),
        ([PASSED], "", "is not a valid RoleARN"),
    ],
    ids=["not passed", "passed to another service", "does not trust", "is not there", "no ARN"],
)
def test_a_stack_gets_only_a_role_that_the_caller_passes_and_cloudformation_may_assume(
    deployer: Deployer, service_role: str, may: list[dict[str, Any]], role: str, text: str
) -> None:
    deployer.may(*({"Action": "iam:PassRole", "Resource": "*", "Condition": condition} for condition in may))
    named = service_role.replace("of-stacks", role) if role else "of-stacks-by-its-name-only"

    with pytest.raises(ClientError, match=text):
        by_change_set(deployer.stacks, "not-passed", role=named, Queue=queue("not-passed"))


def test_an_administrator_goes_on_working(cloud: LocalCloud) -> None:
    stacks = client_of(cloud, CONFIG.environment("test"), "cloudformation")

    assert Deployer(None, stacks).make("administrator", Queue=queue("administrator")) == "CREATE_COMPLETE"


@pytest.mark.parametrize(
    ("kind", "service", "rest"),
    [
        ("topic", "sns", "none"),
        ("stream", "kinesis", "stream/none"),
        ("table stream", "dynamodb", "table/none/stream/2026-01-01T00:00:00.000"),
        ("bus", "events", "event-bus/none"),
        ("policy", "iam", "policy/none"),
    ],
)
def test_what_is_printed_lets_the_deployer_look_whether_what_units_name_is_there(
    deployer: Deployer, cloud: LocalCloud, kind: Kind, service: str, rest: str
) -> None:
    region = "" if service == "iam" else "us-east-1"
    arn = f"arn:aws:{service}:{region}:{SANDBOX.account_id}:{rest}"
    named = Reference(function="f", variable="v", kind=kind, name=arn)
    grants = of_environment(CONFIG, SANDBOX, {}, {}, references=[named]).grants
    (look,) = [one.statement() for one in grants if one.resources == (arn,)]

    def missing() -> list[str]:
        return [one.what for one in missing_references(lambda name: client_of(cloud, SANDBOX, name), "here", [named])]

    deployer.may(look)
    assert missing() == [f"there is no such {kind}"]
    deployer.may()
    with pytest.raises(AccountError, match=f"hint: allow the environment's role {look['Action'][0]}"):
        missing()
