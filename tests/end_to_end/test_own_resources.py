"""Functions use the resources of their unit's own tables, by the roles that `bootstrap` makes and by nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from multi_env_lambda.testing.local_cloud import CloudTime, eventually

from .bootstrapped import Bootstrapped, bootstrapped
from .stage import commit, runs_here

pytestmark = [pytest.mark.local_cloud, pytest.mark.slow, pytest.mark.long]

CODE = """
import json
import os

import boto3


def write(event, context):
    sales = boto3.resource("dynamodb").Table(os.environ["SALES"])
    sales.put_item(Item={"customer": event["customer"], "created": 7, "status": "open"})
    return {"table": sales.name}


def read(event, context):
    from boto3.dynamodb.conditions import Key

    sales = boto3.resource("dynamodb").Table(os.environ["SALES"])
    found = sales.query(IndexName="by-status", KeyConditionExpression=Key("status").eq("open"))
    return {"customers": [item["customer"] for item in found["Items"]]}


def forbidden(event, context):
    try:
        boto3.resource("dynamodb").Table(os.environ["SALES"]).delete_item(Key={"customer": "ada", "created": 7})
    except Exception as error:
        return {"refused": type(error).__name__}
    return {"refused": None}


def heard(event, context):
    for record in event["Records"]:
        print("HEARD", json.dumps(record["dynamodb"]["Keys"]))


def send(event, context):
    boto3.client("sqs").send_message(QueueUrl=os.environ["JOBS"], MessageBody="a job")
    boto3.client("sqs").send_message(QueueUrl=os.environ["ORDERED"], MessageBody="in turn", MessageGroupId="a")
    boto3.client("sns").publish(TopicArn=os.environ["NEWS"], Message="the news")


def got(event, context):
    for record in event["Records"]:
        print("GOT", record["Sns"]["Message"] if "Sns" in record else record["body"])


def store(event, context):
    reports = boto3.resource("s3").Bucket(os.environ["REPORTS"])
    for day in ("monday", "tuesday"):
        reports.put_object(Key="report.csv", Body=day.encode())


def stored(event, context):
    for record in event["Records"]:
        name = record["s3"]["bucket"]["name"]
        assert name == os.environ["REPORTS"]
        body = boto3.client("s3").get_object(Bucket=name, Key=record["s3"]["object"]["key"])["Body"].read()
        print("STORED", body.decode())


def values(event, context):
    secrets, parameters = boto3.client("secretsmanager"), boto3.client("ssm")
    bank = os.environ["BANK"]
    before = secrets.get_secret_value(SecretId=bank)["SecretString"]
    secrets.put_secret_value(SecretId=bank, SecretString=f"{before}!")
    return {
        "limit": os.environ["LIMIT"],
        "where": parameters.get_parameter(Name=os.environ["WHERE_NAME"])["Parameter"]["Value"],
        "secret": len(before),
    }


def buy(event, context):
    machines = boto3.client("stepfunctions")
    started = machines.start_execution(stateMachineArn=os.environ["CHECKOUT"], input=json.dumps(event))
    return {"started": started["executionArn"]}


def pay(event, context):
    return {"customer": event["customer"], "paid": True}


def bought(event, context):
    found = boto3.client("stepfunctions").describe_execution(executionArn=event["started"])
    return {"status": found["status"], "output": found.get("output")}


def timed(event, context):
    print("DUE", event["due"])


def ask(event, context):
    answer = boto3.client("lambda").invoke(FunctionName=os.environ["READ"], Payload=b"{}")
    return json.loads(answer["Payload"].read())
"""
TABLES = """
[tool.multi_env_lambda.tables.sales]
partition_key = "customer"
sort_key = "created"
types.created = "number"
indexes.by-status = { partition_key = "status" }
expires = "until"

[tool.multi_env_lambda.functions.write]
handler = "customers.uses.write"
environment.SALES = { table = "sales" }
write = ["sales"]

[tool.multi_env_lambda.functions.read]
handler = "customers.uses.read"
name = "ReadSales"
environment.SALES = { table = "sales" }
read = ["sales"]

[tool.multi_env_lambda.functions.forbidden]
handler = "customers.uses.forbidden"
environment.SALES = { table = "sales" }
read = ["sales"]

[tool.multi_env_lambda.functions.heard]
handler = "customers.uses.heard"
events = [{ dynamodb = "sales", starting_position = "TRIM_HORIZON" }]

[tool.multi_env_lambda.queues]
jobs = {}
ordered = { fifo = true, deduplicate = true }

[tool.multi_env_lambda.topics.news]
queues = ["jobs"]
raw = true

[tool.multi_env_lambda.buckets.reports]
expire_days = 365

[tool.multi_env_lambda.functions.store]
handler = "customers.uses.store"
environment.REPORTS = { bucket = "reports" }
write = ["reports"]

[tool.multi_env_lambda.functions.stored]
handler = "customers.uses.stored"
environment.REPORTS = { bucket = "reports" }
read = ["reports"]
events = [{ s3 = "reports", suffix = ".csv" }]

[tool.multi_env_lambda.parameters]
limit.value = "100"
where.value = { table = "sales" }
group.value = { security_group = "outbound" }

[tool.multi_env_lambda.security_groups.outbound]
vpc_id = "vpc-0a1b2c3d"
allow_to = [{ security_group = "database", port = 5432 }, { cidr = "10.0.0.0/16", port = 443 }]

[tool.multi_env_lambda.security_groups.database]
vpc_id = "vpc-0a1b2c3d"
allow_to = []
allow_from = [{ security_group = "outbound", port = 5432 }]

[tool.multi_env_lambda.functions.inside]
handler = "customers.uses.pay"
vpc = { subnet_ids = ["subnet-0a1b2c3d"], security_group_ids = ["sg-0a1b2c3d"], security_groups = ["outbound"] }

[tool.multi_env_lambda.secrets.bank]

[tool.multi_env_lambda.functions.values]
handler = "customers.uses.values"
environment.LIMIT = { parameter = "limit" }
environment.WHERE_NAME = { parameter = "where", value = "name" }
environment.BANK = { secret = "bank" }
read = ["where"]
write = ["bank"]

[tool.multi_env_lambda.functions.send]
handler = "customers.uses.send"
environment.JOBS = { queue = "jobs" }
environment.ORDERED = { queue = "ordered" }
environment.NEWS = { topic = "news" }
write = ["jobs", "ordered", "news"]

[tool.multi_env_lambda.functions.works]
handler = "customers.uses.got"
events = [{ sqs = "jobs" }, { sqs = "ordered" }]

[tool.multi_env_lambda.functions.listens]
handler = "customers.uses.got"
events = [{ sns = "news" }]

[tool.multi_env_lambda.state_machines.checkout]
definition = "checkout.asl.json"
substitutions.Pay = { function = "pay" }
substitutions.Sales = { table = "sales" }
write = ["sales"]
log_level = "ERROR"
events = [{ scheduler = "rate(1 day)", payload = { customer = "grace" } }]

[tool.multi_env_lambda.functions.pay]
handler = "customers.uses.pay"

[tool.multi_env_lambda.functions.buy]
handler = "customers.uses.buy"
environment.CHECKOUT = { state_machine = "checkout" }
start = ["checkout"]

[tool.multi_env_lambda.functions.bought]
handler = "customers.uses.bought"
read = ["checkout"]

[tool.multi_env_lambda.functions.timed]
handler = "customers.uses.timed"

[[tool.multi_env_lambda.functions.timed.events]]
scheduler = "rate(1 hour)"
time_zone = "Europe/Berlin"
dead_letter_queue = "jobs"
payload = { due = "<aws.scheduler.scheduled-time>" }

[tool.multi_env_lambda.functions.ask]
handler = "customers.uses.ask"
name = "${environment}_ask"
environment.READ = { function = "read" }
invoke = ["read"]
"""


CHECKOUT = {
    "StartAt": "Pay",
    "States": {
        "Pay": {"Type": "Task", "Resource": "${Pay}", "Next": "Keep"},
        "Keep": {
            "Type": "Task",
            "Resource": "arn:aws:states:::dynamodb:putItem",
            "Parameters": {
                "TableName": "${Sales}",
                "Item": {"customer": {"S.$": "$.customer"}, "created": {"N": "8"}, "status": {"S": "paid"}},
            },
            "ResultPath": "$.kept",
            "End": True,
        },
    },
}
PORTAL = """
[project]
name = "portal"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = []

[build-system]
requires = ["uv_build>=0.9,<1"]
build-backend = "uv_build"

[tool.uv.build-backend]
module-root = ""

[tool.multi_env_lambda]
runtime = "python3.13"
needs = ["customers"]

[tool.multi_env_lambda.functions.main]
handler = "portal.handler"
environment.SALES = { unit = "customers", parameter = "where" }
environment.GROUP = { unit = "customers", parameter = "group" }
"""
ASKS = """
import os


def handler(event, context):
    return {"sales": os.environ["SALES"]}
"""


def write_portal(root: Path) -> None:
    folder = root / "projects/portal"
    (folder / "portal").mkdir(parents=True)
    (folder / "portal/__init__.py").write_text(ASKS, "utf-8")
    (folder / "pyproject.toml").write_text(PORTAL, "utf-8")
    runs_here(root)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bootstrapped]:
    with bootstrapped(tmp_path_factory.mktemp("own") / "workspace", units=("customers",)) as found:
        file = found.stage.root / "projects/customers/pyproject.toml"
        file.write_text(file.read_text("utf-8") + TABLES, "utf-8")
        (file.parent / "customers" / "uses.py").write_text(CODE, "utf-8")
        (file.parent / "checkout.asl.json").write_text(json.dumps(CHECKOUT), "utf-8")
        write_portal(found.stage.root)
        commit(found.stage.root)
        asked = found.run("bootstrap")
        assert asked.code == 0, asked.err
        found.without_the_organisations_role()
        done = found.run("deploy", "sandbox", "--yes")
        assert done.code == 0, done.err
        assert "reads `where` of customers into SALES (the parameter /customers/sandbox/where)" in done.err
        yield found


def call(made: Bootstrapped, function: str, event: dict[str, Any] | None = None, *, unit: str = "customers") -> Any:
    done = made.run("invoke", unit, function, "sandbox", "--payload", json.dumps(event or {}))
    assert done.code == 0, done.err
    return json.loads(done.out)


def printed(made: Bootstrapped, function: str) -> str:
    logs = made.root("sandbox", "logs")
    events = logs.filter_log_events(logGroupName=f"/aws/lambda/customers-sandbox-{function}")["events"]
    return "".join(event["message"] for event in events)


def test_a_table_is_written_read_and_heard(made: Bootstrapped) -> None:
    assert call(made, "write", {"customer": "ada"}) == {"table": "customers-sandbox-sales"}
    assert call(made, "read") == call(made, "ask") == {"customers": ["ada"]}
    # The one calls the other by the name that its table states, with no environment in it.
    there = {each["FunctionName"] for each in made.root("sandbox", "lambda").list_functions()["Functions"]}
    assert {"ReadSales", "sandbox_ask"} <= there
    assert not {"customers-sandbox-read", "customers-sandbox-ask"} & there
    assert call(made, "forbidden") == {"refused": "ClientError"}
    eventually(lambda: 'HEARD {"customer": {"S": "ada"}' in printed(made, "heard"), seconds=60)


def test_messages_are_sent_and_delivered(made: Bootstrapped) -> None:
    call(made, "send")

    wanted = {"GOT a job", "GOT in turn", "GOT the news"}
    eventually(lambda: wanted <= set(printed(made, "works").splitlines()), seconds=90)
    eventually(lambda: "GOT the news" in printed(made, "listens"), seconds=90)


def test_a_schedule_calls_in_its_role(made: Bootstrapped) -> None:
    eventually(lambda: "DUE 20" in printed(made, "timed"), seconds=90)
    before = printed(made, "timed").count("DUE 20")

    CloudTime(made.stage.cloud).sleep(3601)
    eventually(lambda: printed(made, "timed").count("DUE 20") > before, seconds=90)


def test_a_state_machine_is_started_and_calls_a_function(made: Bootstrapped) -> None:
    started = call(made, "buy", {"customer": "hedy"})
    eventually(lambda: call(made, "bought", started)["status"] != "RUNNING", seconds=60)

    found = call(made, "bought", started)
    assert found["status"] == "SUCCEEDED", found
    assert json.loads(found["output"])["paid"] is True
    sales = made.root("sandbox", "dynamodb")
    kept = {"customer": {"S": "hedy"}, "created": {"N": "8"}}
    assert sales.get_item(TableName="customers-sandbox-sales", Key=kept)["Item"]["status"] == {"S": "paid"}
    kept["customer"] = {"S": "grace"}  # the schedule began with the deploy
    eventually(lambda: "Item" in sales.get_item(TableName="customers-sandbox-sales", Key=kept), seconds=60)


def test_objects_are_written_heard_and_read(made: Bootstrapped) -> None:
    call(made, "store")

    eventually(lambda: "STORED tuesday" in printed(made, "stored"), seconds=90)


def test_a_bucket_is_as_it_says(made: Bootstrapped) -> None:
    call(made, "store")
    buckets, name = made.root("sandbox", "s3"), "customers-sandbox-reports-222222222222-us-east-1"
    versions = buckets.list_object_versions(Bucket=name)["Versions"]
    assert len(versions) > 1
    rules = buckets.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    assert {rule["ID"] for rule in rules} == {"unfinished-uploads", "old-versions", "old-objects"}


def test_values_are_read_also_by_another_unit(made: Bootstrapped) -> None:
    assert call(made, "values") == {"limit": "100", "where": "customers-sandbox-sales", "secret": 32}
    assert call(made, "main", unit="portal") == {"sales": "customers-sandbox-sales"}


def test_a_function_is_in_its_groups_and_another_unit_knows_the_id(made: Bootstrapped) -> None:
    groups = made.root("sandbox", "ec2").describe_security_groups()["SecurityGroups"]
    said = {one["Description"]: one for one in groups}
    outbound, database = (said[f"customers-sandbox-{key}"] for key in ("outbound", "database"))
    (entry,) = database["IpPermissions"]
    assert [pair["GroupId"] for pair in entry["UserIdGroupPairs"]] == [outbound["GroupId"]]
    assert [rule["IpRanges"] for rule in outbound["IpPermissionsEgress"]] == [[{"CidrIp": "10.0.0.0/16"}], []]

    functions = made.root("sandbox", "lambda")
    inside = functions.get_function_configuration(FunctionName="customers-sandbox-inside")
    assert inside["VpcConfig"]["SecurityGroupIds"] == ["sg-0a1b2c3d", outbound["GroupId"]]
    theirs = functions.get_function_configuration(FunctionName="portal-sandbox-main")
    assert theirs["Environment"]["Variables"]["GROUP"] == outbound["GroupId"]
    shown = made.run("outputs", "customers", "sandbox")
    assert f"security group OutboundSecurityGroup: {outbound['GroupId']}" in shown.out


def test_a_group_that_the_running_version_uses_is_not_removed(made: Bootstrapped) -> None:
    file = made.stage.root / "projects/customers/pyproject.toml"
    before = file.read_text("utf-8")
    vpc = 'security_group_ids = ["sg-0a1b2c3d"], security_groups = ["outbound"]'
    other = before.replace(vpc, 'security_groups = ["database"]')
    without = other.replace('allow_from = [{ security_group = "outbound", port = 5432 }]\n', "")
    start, end = (
        without.index("[tool.multi_env_lambda.security_groups.outbound]"),
        without.index("[tool.multi_env_lambda.security_groups.database]"),
    )
    without = (without[:start] + without[end:]).replace(
        'group.value = { security_group = "outbound" }', 'group.value = "none"'
    )
    try:
        file.write_text(without, "utf-8")
        done = made.run("plan", "customers", "sandbox")
    finally:
        file.write_text(before, "utf-8")

    assert (
        "OutboundSecurityGroup is removed, but the published version of InsideFunction that runs now"
        in done.err + done.out
    )


def test_a_table_is_as_it_says(made: Bootstrapped) -> None:
    tables = made.root("sandbox", "dynamodb")
    table = tables.describe_table(TableName="customers-sandbox-sales")["Table"]
    assert table["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    backups = tables.describe_continuous_backups(TableName=table["TableName"])["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    expires = tables.describe_time_to_live(TableName=table["TableName"])["TimeToLiveDescription"]
    assert (expires["TimeToLiveStatus"], expires["AttributeName"]) == ("ENABLED", "until")


def test_nothing_drifts(made: Bootstrapped) -> None:
    done = made.run("drift", "sandbox")
    assert done.code == 0, done.err


def test_what_is_there_stays_when_the_unit_goes_and_comes_back_with_it(made: Bootstrapped) -> None:
    call(made, "write", {"customer": "ada"})
    for unit in ("portal", "customers"):  # who needs the other goes first
        gone = made.run("destroy", unit, "sandbox", "--yes", "--confirm", unit)
        assert gone.code == 0, gone.err
    assert "customers-sandbox-sales" in made.root("sandbox", "dynamodb").list_tables()["TableNames"]

    queues = ("jobs", "jobs-dlq", "ordered.fifo", "ordered-dlq.fifo")
    agreed = [word for name in queues for word in ("--agree", f"import:customers/customers-sandbox-{name}")]
    back = made.run("deploy", "sandbox", "--only", "customers", "--yes", *agreed)
    assert back.code == 0, back.err
    assert call(made, "read") == {"customers": ["ada"]}
