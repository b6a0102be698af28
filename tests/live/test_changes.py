"""Steps 4 to 7: traffic in steps, settings beside the version, names that are taken, what fails and what is killed."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError

from multi_env_lambda.aws.metrics import counts

from .janitor import TAG
from .step import step
from .yard import Unit, Yard

_HELLO = 'return {"greeting": f"hello {event[\'name\']}"}'
_POLICY = 'policies = [{ actions = ["s3:ListAllMyBuckets"], resources = ["*"] }]'
_STACK_TIMEOUT = 900.0
_MALFORMED = """
def extend(template, context):
    from cottonformation.res import iam

    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*"}]}
    roles = [{"Ref": "MainRole"}]
    policy = iam.Policy("Malformed", rp_PolicyName="malformed", rp_PolicyDocument=document, p_Roles=roles)
    template.add_one(policy)
"""


@step(4, cost="under 0.01 USD: some thousand calls", needs=("bucket",))
def test_traffic(yard: Yard) -> None:
    """Traffic moves in steps, goes back when the new version fails, and CloudWatch shows both in time.

    A release that changes only a policy has no new version, and moves nothing. The time until CloudWatch shows the
    first call of the new version is measured.
    """
    unit = yard.unit("traffic")
    unit.handler(_HELLO)
    unit.add(f'traffic = "canary 20% {5 if yard.is_aws else 1}m"')
    yard.deploy(unit)

    unit.add(_POLICY)
    assert "shift: step" not in yard.deploy(unit).err
    assert _alias(yard, unit) == ("1", {})

    unit.handler(f"# another version\n{_HELLO}")
    with _load(yard, unit) as ran:
        done = yard.deploy(unit)
    assert "shift: step 1/1" in done.err
    assert _alias(yard, unit) == ("2", {})
    assert set(ran) == {"1", "2"}, "both versions were called while traffic moved"
    yard.eventually(
        "CloudWatch shows a call of the new version",
        lambda: counts(yard.client("cloudwatch"), yard.function(unit), "live", "2", 3600.0).invocations > 0,
        seconds=600.0,
    )

    good = _code(yard, unit)
    unit.handler("raise RuntimeError(event)")
    unit.change("smoke = ", "# smoke = ")
    with _load(yard, unit):
        bad = yard.verb("deploy", yard.first.name, "--only", unit.name, "--yes")
    assert bad.code != 0 and "was rolled back" in bad.err, bad.err
    assert _alias(yard, unit)[1] == {}, "no share of the traffic stays on the bad version"
    assert _code(yard, unit) == good


@step(5, cost="nothing", needs=("bucket",))
def test_unversioned(yard: Yard) -> None:
    """Tags, retention of logs and alarms change without a new version, and without a failed deploy.

    Where CloudFormation makes a new AWS::Lambda::Version for such a change, Lambda refuses to publish it.
    """
    unit = yard.unit("unversioned")
    unit.handler(_HELLO)
    yard.deploy(unit)
    version = yard.version(unit)

    unit.change(f"{TAG} = ", f"more = 'yes', {TAG} = ")
    yard.deploy(unit)
    for line in ("log_retention_days = 7", "alarms = { errors = 5 }", _POLICY):
        unit.add(line)
        yard.deploy(unit)
        assert yard.version(unit) == version, line


@step(6, cost="nothing", needs=("bucket",))
def test_taken_names(yard: Yard) -> None:
    """A name that is taken is named before anything is made, and deploying works when it is free.

    A stack with a bucket that is not empty cannot be deleted; the text of the refusal is recorded.
    """
    unit = yard.unit("taken-names")
    unit.handler(_HELLO)
    group = f"/aws/lambda/{yard.function(unit)}"
    yard.client("logs").create_log_group(logGroupName=group, tags={TAG: yard.run})

    refused = yard.verb("deploy", yard.first.name, "--only", unit.name, "--yes")
    assert refused.code == 7, refused.err
    yard.client("logs").delete_log_group(logGroupName=group)
    yard.deploy(unit, "--agree", f"import:{unit.name}/{group}")

    gone = yard.verb("destroy", unit.name, yard.first.name, "--yes", "--confirm", unit.name)
    assert gone.code == 0, gone.err
    yard.deploy(unit)
    _bucket_not_empty(yard)
    assert group in refused.err, refused.err


@step(7, cost="under 0.01 USD", needs=("bucket",))
def test_failures(yard: Yard) -> None:
    """A failed create, a failed update and a killed deploy are all finished by the same command.

    Many units at once show how CloudFormation throttles.
    """
    unit = yard.unit("failures")
    unit.handler(_HELLO)
    broken = unit.folder / "stack.py"
    broken.write_text(_MALFORMED, encoding="utf-8")
    failed = yard.verb("deploy", yard.first.name, "--only", unit.name, "--yes")
    assert failed.code == 7, failed.err
    broken.unlink()
    yard.deploy(unit)

    unit.handler("raise RuntimeError('does not work')")
    back = yard.verb("deploy", yard.first.name, "--only", unit.name, "--yes")
    assert back.code == 13 and "was rolled back" in back.err, back.err

    unit.handler(f"# after the failure\n{_HELLO}")
    before = len(yard.calls())
    process = yard.command("deploy", yard.first.name, "--only", unit.name, "--yes")
    began = lambda: any(call.operation == "ExecuteChangeSet" for call in yard.calls(before))  # noqa: E731
    yard.eventually("the change set is executed", lambda: began() or process.poll() is not None, seconds=120.0)
    process.kill()
    process.communicate()
    yard.eventually(
        "the same command finishes what was killed",
        lambda: yard.verb("deploy", yard.first.name, "--only", unit.name, "--yes").code == 0,
        seconds=_STACK_TIMEOUT,
    )
    _many(yard, 40 if yard.is_aws else 4)


def _alias(yard: Yard, unit: Unit) -> tuple[str, dict[str, float]]:
    answer = yard.client("lambda").get_alias(FunctionName=yard.function(unit), Name="live")
    return answer["FunctionVersion"], answer.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})


def _code(yard: Yard, unit: Unit) -> str:
    client = yard.client("lambda")
    return str(client.get_function_configuration(FunctionName=yard.function(unit), Qualifier="live")["CodeSha256"])


@contextmanager
def _load(yard: Yard, unit: Unit) -> Iterator[Counter[str]]:
    """Five calls a second through the alias; which version answered how often."""
    ran: Counter[str] = Counter()
    over = threading.Event()
    client = yard.client("lambda")

    def call() -> None:
        while not over.wait(0.2):
            try:
                answer = client.invoke(FunctionName=yard.function(unit), Qualifier="live", Payload=b'{"name": "load"}')
            except ClientError as error:
                ran[error.response["Error"]["Code"]] += 1
            else:
                ran[answer["ExecutedVersion"]] += 1

    thread = threading.Thread(target=call)
    thread.start()
    try:
        yield ran
    finally:
        over.set()
        thread.join()
        yard.notes.append(f"calls by version: {dict(sorted(ran.items()))}")


def _bucket_not_empty(yard: Yard) -> None:
    name = yard.name("taken-names-full")
    client, s3 = yard.client("cloudformation"), yard.client("s3")
    bucket = {"BucketName": name, "Tags": [{"Key": TAG, "Value": yard.run}]}
    body = {"Resources": {"Main": {"Type": "AWS::S3::Bucket", "Properties": bucket}}}
    tags = [{"Key": TAG, "Value": yard.run}]
    client.create_stack(StackName=name, TemplateBody=json.dumps(body), Tags=tags)
    client.get_waiter("stack_create_complete").wait(StackName=name)
    s3.put_object(Bucket=name, Key="one", Body=b"1")
    stack_id = client.describe_stacks(StackName=name)["Stacks"][0]["StackId"]
    client.delete_stack(StackName=name)
    status: dict[str, Any] = {}

    def ended() -> bool:
        status.update(client.describe_stacks(StackName=stack_id)["Stacks"][0])
        # The first answers may be from before the deletion.
        return status["StackStatus"] in ("DELETE_COMPLETE", "DELETE_FAILED")

    yard.eventually("the stack with a full bucket ends", ended, seconds=_STACK_TIMEOUT)
    client.describe_stack_events(StackName=stack_id)
    yard.notes.append(f"it ends in {status['StackStatus']}")
    assert status["StackStatus"] == "DELETE_FAILED"
    s3.delete_object(Bucket=name, Key="one")


def _many(yard: Yard, number: int) -> None:
    units = [yard.unit(f"failures-{position}") for position in range(number)]
    words = [word for unit in units for word in ("--only", unit.name)]
    began = time.monotonic()
    done = yard.verb("deploy", yard.first.name, *words, "--yes")
    assert done.code == 0, done.err
    throttled = len(re.findall(r"hrottl|Rate exceeded", done.err))
    yard.notes.append(f"{number} units at once: {time.monotonic() - began:.0f} s, {throttled} lines about throttling")
