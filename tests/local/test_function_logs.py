"""The log and the metrics of a function are what AWS would have, whoever calls it and however it ends."""

from __future__ import annotations

import base64
import json
import re
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import client_of
from tests.rules import cloud_keeping
from tests.tools.polling import until
from tests.tools.stacks import create_stack, function_resources

pytestmark = pytest.mark.local_cloud

RUNTIME = f"python{sys.version_info[0]}.{sys.version_info[1]}"
SOURCE = """
import logging, os, time
print("at the import")
log = logging.getLogger()
def handler(event, context):
    match event["do"]:
        case "log":
            print("seen")
            log.warning("two\\nlines")
            log.info("not shown")
            return context.log_stream_name
        case "raise":
            return 1 / 0
        case "sleep":
            time.sleep(60)
        case "exit":
            os._exit(3)
        case "decimal":
            import decimal, collections
            return {"sum": decimal.Decimal("1.50"), "at": collections.namedtuple("At", "x y")(1, 2)}
        case "bytes":
            return b"\\xff as they are"
        case "set":
            return {1}
        case "long":
            return "x" * 6_291_555
        case "input":
            import subprocess, sys
            return [sys.stdin.read(), subprocess.run("cat", stdout=subprocess.PIPE, text=True).stdout]
        case "fork":
            os.fork()
            return "in two processes"
        case "output":
            os.write(1, b'{"status": "ok", "payload": "as if it were an answer"}\\n')
            return "its answer"
        case "grow":
            return len(b"x" * (200 << 20))
"""
IMPORT = "Runtime.ImportModuleError: Unable to import module 'index': No module named 'nowhere'"
SYNTAX = "Runtime.UserCodeSyntaxError: Syntax error in module 'index': invalid syntax (index.py, line 1)"
BROKEN = {
    "logs-import": ("import nowhere\n", IMPORT),
    "logs-syntax": ("def\n", SYNTAX),
    "logs-handler": ("x = 1\n", "Runtime.HandlerNotFound: Handler 'handler' missing on module 'index'"),
    "logs-error": ("print('before')\n1 / 0\n", "ZeroDivisionError: division by zero"),
}
DURATION = r"Duration: \d+\.\d\d ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\tMax Memory Used: \d+ MB\t"
RUNTIME_ARN = r"arn:aws:lambda:[a-z0-9-]+::runtime:\w{64}"
INIT_START = rf"INIT_START Runtime Version: python:\d\.\d+\.v\d+\tRuntime Version ARN: {RUNTIME_ARN}\n"


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory, local_config: WorkspaceConfig) -> Iterator[dict[str, Any]]:
    """Of a cloud that shows what was measured at once."""
    with cloud_keeping(tmp_path_factory.mktemp("cloud"), local_config) as cloud:
        yield _clients(cloud, local_config)


def _clients(cloud: LocalCloud, config: WorkspaceConfig) -> dict[str, Any]:
    place = config.environment("test")
    services = ("lambda", "logs", "cloudwatch", "cloudformation", "sqs")
    made = {service: client_of(cloud, place, service) for service in services}
    plain = {name: (source, {}) for name, (source, _) in BROKEN.items()}
    functions = {
        "logs": (SOURCE, {"Timeout": 1}),
        "logs-json": (SOURCE, {"LoggingConfig": {"LogFormat": "JSON"}}),
        **plain,
    }
    resources: dict[str, Any] = {}
    for number, (name, (source, more)) in enumerate(functions.items()):
        found = function_resources(name, {"ZipFile": source}, Runtime=RUNTIME, **more)
        resources |= {"Role": found["Role"], f"Function{number}": found["Function"]}
    statement = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}
    policy = {"PolicyName": "queues", "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
    resources["Role"]["Properties"]["Policies"] = [policy]
    assert create_stack(made["cloudformation"], "logs", resources)[0] == "CREATE_COMPLETE"
    return made


def called(clients: dict[str, Any], name: str, **event: str) -> tuple[Any, list[str], str]:
    """Its answer, all events of its log and the end of the log that came with the answer."""
    answer = clients["lambda"].invoke(FunctionName=name, Payload=json.dumps(event), LogType="Tail")
    payload = json.loads(answer["Payload"].read())
    events = clients["logs"].filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    return payload, [event["message"] for event in events], base64.b64decode(answer["LogResult"]).decode()


@pytest.fixture(scope="module")
def lines(clients: dict[str, Any]) -> dict[str, tuple[Any, list[str], str]]:
    """What was answered and logged, by what the function did. The first call starts its process."""
    found, before = {}, 0
    for do in ("log", "raise", "sleep", "exit", "grow"):
        payload, events, tail = called(clients, "logs", do=do)
        found[do] = (payload, events[before:], tail)
        before = len(events)
    return found


def matches(lines: list[str], *patterns: str) -> None:
    assert len(lines) == len(patterns), lines
    for line, pattern in zip(lines, patterns, strict=True):
        assert re.fullmatch(pattern, line), (line, pattern)


def test_a_call_that_starts_a_process_is_logged_as_in_aws(lines: dict[str, Any]) -> None:
    stream, events, tail = lines["log"]
    matches(
        events,
        INIT_START,
        "at the import\n",
        r"START RequestId: [0-9a-f-]{36} Version: \$LATEST\n",
        "seen\n",
        r"\[WARNING\]\t\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\t[0-9a-f-]{36}\ttwo\nlines\n",
        r"END RequestId: [0-9a-f-]{36}\n",
        rf"REPORT RequestId: [0-9a-f-]{{36}}\t{DURATION}Init Duration: \d+\.\d\d ms\t\n",
    )
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", stream)
    assert "two\nlines" in tail and tail.rstrip().splitlines()[-1].startswith("REPORT RequestId: ")


def test_its_stream_is_the_one_that_the_function_is_told_of(clients: dict[str, Any], lines: dict[str, Any]) -> None:
    streams = clients["logs"].describe_log_streams(logGroupName="/aws/lambda/logs")["logStreams"]
    assert lines["log"][0] in [item["logStreamName"] for item in streams]


def test_an_error_is_one_event(lines: dict[str, Any]) -> None:
    payload, events, _ = lines["raise"]
    matches(
        events,
        r"START RequestId: .*\n",
        r"\[ERROR\] ZeroDivisionError: division by zero\nTraceback \(most recent call last\):\n"
        "\u00a0\u00a0File \"/var/task/index.py\", line 13, in handler\n\u00a0{4}return 1 / 0\n(\u00a0+[~^]+\n)?",
        r"END RequestId: .*\n",
        rf"REPORT RequestId: [0-9a-f-]{{36}}\t{DURATION}\n",
    )  # fmt: skip
    assert (payload["errorType"], payload["errorMessage"]) == ("ZeroDivisionError", "division by zero")


def test_a_call_without_an_end_is_told_in_aws_words(lines: dict[str, Any]) -> None:
    payload, events, _ = lines["sleep"]
    request = events[-2].split()[-1]
    said = "Task timed out after 1.00 seconds"
    assert payload == {"errorType": "Sandbox.Timedout", "errorMessage": f"RequestId: {request} Error: {said}"}
    found = re.search(r"\tDuration: 1000\.00 ms\tBilled Duration: (\d+) ms\t.*Init Duration: ([\d.]+) ms", events[-1])
    # What is billed is rounded up, what is shown of the start to two digits.
    assert found and 0 <= int(found[1]) - (1000 + float(found[2])) < 1.01
    assert re.fullmatch(rf"\d{{4}}-\d\d-\d\dT[\d:.]{{12}}Z {request} {said}\n\n", events[-3])
    assert events[-1].endswith("\tStatus: timeout\t\n")


def test_a_process_that_ends_is_told_in_aws_words(lines: dict[str, Any]) -> None:
    payload, events, _ = lines["exit"]
    request = events[-2].split()[-1]
    said = f"RequestId: {request} Error: Runtime exited with error: exit status 3"
    assert payload == {"errorType": "Runtime.ExitError", "errorMessage": said}
    assert events[-3] == f"{said}\nRuntime.ExitError\n"
    assert events[-1].endswith("\tStatus: error\tError Type: Runtime.ExitError\t\n")


def test_a_report_says_how_much_memory_its_own_process_had(lines: dict[str, Any]) -> None:
    before, grown = (int(re.findall(r"Max Memory Used: (\d+) MB", lines[do][1][-1])[0]) for do in ("log", "grow"))
    assert before < 100
    assert 200 <= grown < before + 250


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_started_is_tried_twice_and_reported(clients: dict[str, Any], name: str) -> None:
    kind, _, message = BROKEN[name][1].partition(": ")
    payload, events, _ = called(clients, name)
    assert (payload["errorType"], payload["errorMessage"]) == (kind, message)
    failures = [line for line in events if line.startswith(f"[ERROR] {kind}: {message}\nTraceback (most recent call")]
    assert len(failures) == 2
    reports = [line for line in events if line.startswith("INIT_REPORT Init Duration: ")]
    assert [line.split("\t", 1)[1] for line in reports] == [
        f"Phase: {phase}\tStatus: error\tError Type: {kind}\n" for phase in ("init", "invoke")
    ]
    assert events[-1].endswith(f"\tStatus: error\tError Type: {kind}\t\n")


def test_a_log_of_json_has_an_object_in_each_event(clients: dict[str, Any]) -> None:
    _, events, _ = called(clients, "logs-json", do="log")
    _, more, _ = called(clients, "logs-json", do="raise")
    objects = [json.loads(event) for event in more if event.startswith("{")]
    assert [one["type"] for one in objects if "type" in one] == [
        f"platform.{kind}" for kind in ("initStart", "start", "report", "start", "report")
    ]
    assert len(events) == 6 and "seen\n" in events
    (record,) = (one for one in objects if "level" in one)
    assert (record["level"], record["message"], record["logger"]) == ("WARNING", "two\nlines", "root")
    (error,) = (one for one in objects if "log_level" in one)
    assert (error["log_level"], error["errorType"]) == ("ERROR", "ZeroDivisionError")


def test_an_answer_has_the_bytes_of_lambdas_runtime(clients: dict[str, Any]) -> None:
    wanted = {
        "fork": b'"in two processes"',
        "output": b'"its answer"',
        "decimal": b'{"sum": 1.50, "at": {"x": 1, "y": 2}}',
        "bytes": b"\xff as they are",
        "input": b'["", ""]',
    }
    for do, payload in wanted.items():
        answer = clients["lambda"].invoke(FunctionName="logs", Payload=json.dumps({"do": do}))
        assert (answer.get("FunctionError"), answer["Payload"].read()) == (None, payload)


def test_an_answer_that_lambda_cannot_send_is_told_in_its_words(clients: dict[str, Any]) -> None:
    payload, _, _ = called(clients, "logs", do="set")
    message = "Unable to marshal response: Object of type set is not JSON serializable"
    assert (payload["errorType"], payload["errorMessage"]) == ("Runtime.MarshalError", message)
    assert payload["stackTrace"] == [] and payload["requestId"]
    payload, events, _ = called(clients, "logs", do="long")
    message = "Response payload size exceeded maximum allowed payload size (6291556 bytes)."
    assert payload == {"errorType": "Function.ResponseSizeTooLarge", "errorMessage": message}
    said = r"\[ERROR\] \[\d{13}\] LAMBDA_RUNTIME Failed to post handler success response. Http response code: 413.\n"
    assert any(re.fullmatch(said, event) for event in events)


@pytest.mark.parametrize(("kind", "length"), [("RequestResponse", 6_291_456), ("Event", 1_048_576)])
def test_a_request_that_is_too_long_is_refused(clients: dict[str, Any], kind: str, length: int) -> None:
    with pytest.raises(ClientError, match=rf"\(RequestEntityTooLargeException\) .* {length} bytes"):
        clients["lambda"].invoke(FunctionName="logs-error", InvocationType=kind, Payload=json.dumps("x" * (length - 1)))


def queue_of(clients: dict[str, Any], name: str) -> tuple[str, str]:
    """Its URL and its ARN."""
    url = clients["sqs"].create_queue(QueueName=name, Attributes={"VisibilityTimeout": "60"})["QueueUrl"]
    attributes = clients["sqs"].get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    return url, attributes["QueueArn"]


def measured(clients: dict[str, Any], metric: str, **dimensions: str) -> tuple[float, int]:
    """The sum and how many there were."""
    now = time.time() + 3600
    found = clients["cloudwatch"].get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=now - 7200,
        EndTime=now,
        Period=60,
        Statistics=["Sum", "SampleCount"],
    )["Datapoints"]
    return sum(point["Sum"] for point in found), int(sum(point["SampleCount"] for point in found))


def test_what_a_queue_and_a_later_call_run_is_divided_and_counted_for_the_alias(clients: dict[str, Any]) -> None:
    functions, name = clients["lambda"], "logs-json"
    for description in ("first", "second"):
        functions.update_function_configuration(FunctionName=name, Description=description)
        functions.publish_version(FunctionName=name)
    weights = {"AdditionalVersionWeights": {"2": 1.0}}
    functions.create_alias(FunctionName=name, Name="live", FunctionVersion="1", RoutingConfig=weights)
    _, failures = queue_of(clients, "failures")
    functions.put_function_event_invoke_config(
        FunctionName=name,
        Qualifier="live",
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": failures}},
    )
    functions.invoke(FunctionName=name, Qualifier="live", InvocationType="Event", Payload=b'{"do": "raise"}')
    queue, arn = queue_of(clients, "logs")
    functions.create_event_source_mapping(FunctionName=f"{name}:live", EventSourceArn=arn, BatchSize=1)
    clients["sqs"].send_message(QueueUrl=queue, MessageBody="a message without what the function reads")
    alias = {"FunctionName": name, "Resource": f"{name}:live"}
    until(lambda: measured(clients, "Errors", **alias), (2, 2))
    assert measured(clients, "Invocations", **alias, ExecutedVersion="2") == (2, 2)
    assert measured(clients, "Duration", **alias)[1] == 2
    failed = {"QueueUrl": queue.replace("/logs", "/failures"), "WaitTimeSeconds": 10}
    (message,) = clients["sqs"].receive_message(**failed)["Messages"]
    assert json.loads(message["Body"])["requestPayload"] == {"do": "raise"}


def test_a_stack_gives_a_function_its_dead_letter_queue_vpc_key_and_file_systems(clients: dict[str, Any]) -> None:
    functions, stacks, name = clients["lambda"], clients["cloudformation"], "logs-dead"
    queue, arn = queue_of(clients, "dead")
    more: dict[str, Any] = {
        "DeadLetterConfig": {"TargetArn": arn},
        "VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
        "KmsKeyArn": "arn:aws:kms:us-east-1:333333333333:key/1",
        "FileSystemConfigs": [
            {
                "Arn": "arn:aws:elasticfilesystem:us-east-1:333333333333:access-point/fsap-0a1b2c3d4e5f60718",
                "LocalMountPath": "/mnt/a",
            }
        ],
    }
    code = {"ZipFile": "def handler(event, context):\n    raise KeyError('always')\n"}
    later = {"FunctionName": name, "Qualifier": "$LATEST", "MaximumRetryAttempts": 0}
    settings = {"Type": "AWS::Lambda::EventInvokeConfig", "DependsOn": "Function", "Properties": later}

    def resources(**properties: Any) -> dict[str, Any]:
        return {**function_resources(name, code, Runtime=RUNTIME, **properties), "Later": settings}

    def update(**properties: Any) -> None:
        body = json.dumps({"Resources": resources(**properties)})
        stacks.update_stack(StackName=name, TemplateBody=body, Capabilities=["CAPABILITY_IAM"])
        stacks.get_waiter("stack_update_complete").wait(StackName=name, WaiterConfig={"Delay": 1})

    def read() -> dict[str, Any]:
        found = functions.get_function_configuration(FunctionName=name)
        return {name: found[name] for name in (*more, "KMSKeyArn") if found.get(name)}

    assert create_stack(stacks, name, resources(**more)) == ("CREATE_COMPLETE", "")
    key, vpc = more.pop("KmsKeyArn"), more.pop("VpcConfig")
    assert read() == {**more, "KMSKeyArn": key}
    assert functions.get_function_configuration(FunctionName=name)["VpcConfig"] == {**vpc, "VpcId": ""}
    update(DeadLetterConfig=more["DeadLetterConfig"], VpcConfig=vpc)
    functions.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"n": 1}')
    (message,) = clients["sqs"].receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]
    assert json.loads(message["Body"])["requestPayload"] == {"n": 1}
    assert read() == {"DeadLetterConfig": more["DeadLetterConfig"]}
    update(Description="none of it")
    assert (read(), functions.get_function_configuration(FunctionName=name).get("VpcConfig")) == ({}, None)


def test_what_is_throttled_is_no_run(clients: dict[str, Any]) -> None:
    name, functions = "logs-handler", clients["lambda"]
    before = measured(clients, "Invocations", FunctionName=name)
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    with pytest.raises(functions.exceptions.TooManyRequestsException):
        functions.invoke(FunctionName=name)
    assert measured(clients, "Throttles", FunctionName=name)[0] > 0
    assert measured(clients, "Invocations", FunctionName=name) == before
    assert measured(clients, "Invocations", FunctionName=name, Resource=name) == before
