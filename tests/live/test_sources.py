"""Steps 8 to 12: events, Glue, least privilege, drift, regions; and three that are asked for by name on AWS."""

from __future__ import annotations

import base64
import http.client
import json
import sys
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from multi_env_lambda.host.interpreter import find_python
from multi_env_lambda.plan.outputs import reachable
from tests.tools.policies import give

from .janitor import TAG
from .step import step
from .yard import Unit, Yard

_HELLO = 'return {"greeting": "hello world"}'
_ROLE_SECONDS = 60.0
_RIGHTS_SECONDS = 180.0
_JOB = '''"""A job, which says what is not as it is thought to be."""

import os
import sys

import markupsafe._speedups
import six


def main(arguments):
    glibc = os.confstr("CS_GNU_LIBC_VERSION").split()[1]
    print("ran with", arguments["word"], "on glibc", glibc, sys.path)
    assert tuple(map(int, glibc.split("."))) >= (2, 26), glibc
    assert six.__version__ == "1.16.0", (six.__version__, six.__file__)
    assert "unit-library" in markupsafe._speedups.__file__
'''
_SPARK_JOB = '''"""A Spark job, whose workers import what is locked."""


def main(arguments):
    from pyspark.sql import SparkSession

    context = SparkSession.builder.getOrCreate().sparkContext
    seen = context.parallelize(range(8), 4).map(version).distinct().collect()
    assert seen == ["1.16.0"], seen


def version(_):
    import six

    return six.__version__
'''


@step(8, cost="under 0.01 USD", needs=("bucket",))
def test_events(yard: Yard) -> None:
    """A message of an own queue arrives, and a queue that waits too short is refused.

    Own queue, own topic, a schedule and a URL are made in one stack, which is what the permissions are about.
    """
    unit = yard.unit("events")
    unit.handler(_HELLO)
    unit.add('events = [{ sqs = true }, { sns = true }, { schedule = "rate(5 minutes)" }, { url = "AWS_IAM" }]')
    yard.deploy(unit)
    sqs = yard.client("sqs")
    url = sqs.get_queue_url(QueueName=f"{unit.name}-{yard.first.name}-main")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="{}")
    yard.eventually("the message is gone from the queue", lambda: _waiting(sqs, url) == 0, seconds=180.0)

    short = sqs.create_queue(
        QueueName=yard.name("events-short"), Attributes={"VisibilityTimeout": "1"}, tags={TAG: yard.run}
    )["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=short, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    with pytest.raises(ClientError, match="less than Function timeout"):
        yard.client("lambda").create_event_source_mapping(FunctionName=yard.function(unit), EventSourceArn=arn)


@step(9, cost="about 0.01 USD: one minute of 0.0625 DPU", needs=("bucket",))
def test_glue(yard: Yard) -> None:
    """A Glue job gets its argument, the unit's wheel and what is locked, compiled modules too, in Glue's Python."""
    if not yard.is_aws and find_python("3.9") is None:
        pytest.skip("the local cloud would run the job in another Python, which a compiled module is not for")
    unit = yard.unit("glue")
    job = '[tool.multi_env_lambda.jobs.tidy]\narguments = { "--word" = "live" }'
    _with_job(yard, unit, _JOB, job, "six==1.16.0", "markupsafe==3.0.2")
    yard.deploy(unit)

    done = yard.verb("invoke", unit.name, "tidy", yard.first.name)

    assert done.code == 0 and "SUCCEEDED" in yard.text(done), f"{done.err}{_said_of_job(yard, 'error')}"
    yard.notes.append(_said_of_job(yard, "output"))


@step(10, cost="nothing", needs=("bucket",))
def test_least_privilege(yard: Yard) -> None:
    """A role that may do nothing is told which action it lacks; with what `permissions` prints it deploys.

    Only AWS can show whether CloudFormation, which uses the role's rights, calls what its schemas list.
    """
    unit = yard.unit("least-privilege")
    unit.handler(_HELLO)
    role = yard.name("least-privilege-role")
    trusted = {"AWS": f"arn:aws:iam::{yard.sessions.caller().split(':')[4]}:root"}
    statement = {"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    tags = [{"Key": TAG, "Value": yard.run}]
    iam = yard.client("iam")
    arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust, Tags=tags)["Role"]["Arn"]
    if not yard.is_aws:
        _allow(yard, arn)
    table = yard.folder / "pyproject.toml"
    kept = table.read_text(encoding="utf-8")
    table.write_text(_with_role(kept, yard.first.name, role), encoding="utf-8")
    said: list[str] = []

    def assumed() -> bool:
        # A role that is new cannot be assumed for some seconds.
        said.append(yard.text(yard.verb("deploy", yard.first.name, "--only", unit.name, "--yes")))
        return "may not assume" not in said[-1]

    def deployed() -> bool:
        done = yard.verb("deploy", yard.first.name, "--only", unit.name, "--yes")
        said.append(yard.text(done))
        return done.code == 0

    try:
        yard.eventually("the new role can be assumed", assumed, seconds=_ROLE_SECONDS)
        refused = said[-1]
        printed = yard.verb("permissions", yard.first.name, "--json").answer["policies"]
        give(iam, role, [statement for policy in printed for statement in policy["Statement"]])
        yard.eventually("the printed rights are enough", deployed, seconds=_RIGHTS_SECONDS)
    finally:
        table.write_text(kept, encoding="utf-8")
    assert "is not authorized to perform: cloudformation:" in refused, refused


@step(11, cost="nothing", needs=("bucket",))
def test_drift(yard: Yard) -> None:
    """What somebody changes by hand is found, and a stack that nobody touched has no drift."""
    unit = yard.unit("drift")
    unit.handler(_HELLO)
    yard.deploy(unit)
    assert yard.verb("drift", unit.name, yard.first.name).code == 0

    yard.client("lambda").update_function_configuration(FunctionName=yard.function(unit), Timeout=17)
    changed = yard.verb("drift", unit.name, yard.first.name)

    assert (changed.code, "Timeout" in yard.text(changed)) == (1, True), changed.err


@step(12, cost="nothing", needs=("bucket",))
def test_regions(yard: Yard) -> None:
    """Code in a bucket of another region is refused, and so is a region that is not switched on."""
    unit = yard.unit("regions")
    unit.handler(_HELLO)
    yard.deploy(unit)
    role = yard.client("lambda").get_function_configuration(FunctionName=yard.function(unit))["Role"]
    key = f"projects/{unit.name}/lambda/source/0.1.0/{unit.package.name}-0.1.0-py3-none-any.whl"
    with pytest.raises(ClientError, match="PermanentRedirect"):
        _elsewhere(yard, "lambda").create_function(
            FunctionName=yard.name("regions-far"),
            Role=role,
            Code={"S3Bucket": yard.config.devops.bucket, "S3Key": key},
            Runtime="python3.13",
            Handler=f"{unit.package.name}.main.handler",
        )
    if not yard.is_aws:
        yard.notes.append("not shown by the local cloud: a region that is not switched on")
        return
    with pytest.raises(ClientError, match="InvalidClientTokenId|UnrecognizedClientException"):
        _elsewhere(yard, "sts", "ap-east-1").get_caller_identity()


_ECHO = """import json
if "requestContext" not in event:
    return {"greeting": "hello world"}
return {"statusCode": 200, "body": json.dumps(event)}"""
_TWICE = "x-hub-signature-256"


@step(13, cost="nothing", needs=("bucket",))
def test_function_urls(yard: Yard) -> None:
    """A public URL passes the bytes of JSON as text, others as base64, and a header that comes twice with a comma.

    By the last of these the receiver of webhooks refuses two signatures, and only AWS can show how it joins them.
    """
    unit = yard.unit("function-urls")
    unit.handler(_ECHO)
    unit.add('events = [{ url = "NONE" }]')
    yard.deploy(unit, "--agree", f"rights:{unit.name}")
    (url,) = [
        one["FunctionUrl"]
        for one in yard.client("lambda").list_function_url_configs(FunctionName=yard.function(unit))[
            "FunctionUrlConfigs"
        ]
    ]
    values = [f"sha256={sign * 64}" for sign in "01"]
    body = '{"ref": "refs/heads/ünï ☃"}'.encode()
    event = _echoed(yard, url, body, ("content-type", "application/json"), *((_TWICE, value) for value in values))
    assert (event["body"].encode("utf-8"), event["isBase64Encoded"]) == (body, False)
    assert [value.strip() for value in event["headers"][_TWICE].split(",")] == values, event["headers"]
    yard.notes.append(f"two values of a header: {event['headers'][_TWICE][71:73]!r} between them")
    raw = bytes(range(256))
    event = _echoed(yard, url, raw, ("content-type", "application/octet-stream"))
    assert (base64.b64decode(event["body"]), event["isBase64Encoded"]) == (raw, True)


def _echoed(yard: Yard, url: str, body: bytes, *headers: tuple[str, str]) -> Any:
    """What a handler gets of a request; the policy of a new URL may need some seconds until it counts."""
    found: list[bytes] = []
    to = urlsplit(url if yard.is_aws else reachable({"": url}, yard.client("lambda").meta.endpoint_url)[""])

    def served() -> bool:
        kind = http.client.HTTPSConnection if to.scheme == "https" else http.client.HTTPConnection
        connection = kind(to.hostname or "", to.port, timeout=30)
        connection.putrequest("POST", to.path)
        for name, value in (*headers, ("content-length", str(len(body)))):
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        found.append(answer.read())
        connection.close()
        return answer.status == 200

    yard.eventually("the URL is served", served, seconds=60.0)
    return json.loads(found[-1])


@step(20, cost="nothing; up to 40 minutes until its network interfaces are gone", needs=("bucket",), slow=True)
def test_vpc(yard: Yard) -> None:
    """A function in the default VPC, in groups of its unit, is deployed and, with its network interfaces, destroyed."""
    there = yard.client("ec2").describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"]
    if not there:
        pytest.skip("the account has no default VPC")
    unit, vpc = yard.unit("vpc"), there[0]["VpcId"]
    unit.handler(_HELLO)
    subnets = [item["SubnetId"] for item in there if item["VpcId"] == vpc][:2]
    unit.add(f'vpc = {{ subnet_ids = {subnets!r}, security_groups = ["outbound", "quiet"] }}')
    unit.add(f'[tool.multi_env_lambda.security_groups.outbound]\nvpc_id = "{vpc}"')
    unit.add(f'[tool.multi_env_lambda.security_groups.quiet]\nvpc_id = "{vpc}"\nallow_to = []')
    unit.add(
        'allow_from = [{ security_group = "outbound", port = 443 }, { security_group = "quiet", protocol = "all" }]'
    )
    yard.deploy(unit)
    _destroyed(yard, unit)


@step(21, cost="under 0.01 USD: some minutes of a cached snapshot", needs=("bucket",), slow=True)
def test_snap_start(yard: Yard) -> None:
    """A version with SnapStart is waited for, and answers."""
    if not yard.is_aws and sys.version_info < (3, 12):
        pytest.skip("the local cloud runs units in this Python, and SnapStart begins with 3.12")
    unit = yard.unit("snap-start")
    unit.handler(_HELLO)
    unit.add("snap_start = true")
    yard.deploy(unit)
    _destroyed(yard, unit)


@step(22, cost="about 0.05 USD: some minutes of 2 workers", needs=("bucket",), slow=True)
def test_spark(yard: Yard) -> None:
    """A Spark job imports what is locked, on its workers too, and pip fetches nothing that its wheel requires."""
    unit = yard.unit("spark")
    _with_job(yard, unit, _SPARK_JOB, '[tool.multi_env_lambda.jobs.tidy]\nkind = "glueetl"', "six==1.16.0")
    yard.deploy(unit)

    done = yard.verb("invoke", unit.name, "tidy", yard.first.name)

    if not yard.is_aws:
        yard.notes.append("not shown by the local cloud: the run of a Spark job")
        assert "the local cloud has no Spark" in done.err
        return
    assert done.code == 0 and "SUCCEEDED" in yard.text(done), done.err


@step(30, cost="nothing", needs=("bucket",))
def test_cleaning(yard: Yard) -> None:
    """Units are destroyed, prune finds what nothing needs, and the same again finds nothing."""
    unit = yard.unit("cleaning")
    for number in range(3):
        unit.handler(f"# {number}\n{_HELLO}")
        yard.deploy(unit)
    _destroyed(yard, unit)

    assert yard.verb("prune", "--apply").code == 0
    assert yard.verb("prune", "--json").answer["candidates"] == []


def _with_job(yard: Yard, unit: Unit, module: str, table: str, *dependencies: str) -> None:
    """A job beside the function of a unit, and a lock for both."""
    unit.change("requires-python = ", "# requires-python = ")
    unit.change("dependencies = []", f'dependencies = {json.dumps(dependencies)}\nrequires-python = ">=3.9"')
    unit.handler(_HELLO)
    (unit.package / "job.py").write_text(module, encoding="utf-8")
    unit.add(f'\n{table}\nentry = "{unit.package.name}.job:main"')
    assert yard.verb("lock", unit.name).code == 0


def _said_of_job(yard: Yard, stream: str) -> str:
    """What the newest run of a Python shell job wrote."""
    logs, group = yard.client("logs"), f"/aws-glue/python-jobs/{stream}"
    if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
        return f"it wrote nothing to {group}"
    streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
    name = max(streams, key=lambda one: int(one["creationTime"]))["logStreamName"]
    events = logs.get_log_events(logGroupName=group, logStreamName=name)["events"]
    return "\n".join(str(event["message"]) for event in events[-10:])


def _allow(yard: Yard, role: str) -> None:
    """In the local cloud a developer may assume the roles of the workspace's table only."""
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": role}]}
    user = yard.sessions.caller().rpartition("/")[2]
    iam = yard.client("iam", yard.config.devops)
    iam.put_user_policy(UserName=user, PolicyName="live", PolicyDocument=json.dumps(policy))


def _waiting(sqs: Any, url: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(attributes[name]) for name in names)


def _with_role(text: str, environment: str, role: str) -> str:
    """The workspace's table with another role in one environment."""
    head, mark, tail = text.partition(f'name = "{environment}"')
    assert mark, f"no environment is written as {mark!r}"
    table, bracket, rest = tail.partition("[[")
    lines = [line for line in table.splitlines() if not line.startswith("role_name")]
    return "\n".join([f"{head}{mark}", f'role_name = "{role}"', *lines, f"{bracket}{rest}"])


def _elsewhere(yard: Yard, service: str, region: str = "") -> Any:
    import attrs

    other = region or ("eu-west-1" if yard.config.devops.region != "eu-west-1" else "us-east-1")
    return yard.client(service, attrs.evolve(yard.first, region=other))


def _destroyed(yard: Yard, unit: Unit) -> None:
    done = yard.verb("destroy", unit.name, yard.first.name, "--yes", "--confirm", unit.name)
    assert done.code == 0, done.err
