"""What somebody did by hand: found by `drift`, put right by one command, and nothing else is touched."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from multi_env_lambda.local.server import down
from tests.tools.polling import until

from .stage import Done, Stage
from .test_foreign_stacks import repository

pytestmark = [pytest.mark.local_cloud, pytest.mark.slow]

FUNCTION = "customers-sandbox-lookup"
STACK = "customers-sandbox"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """`customers` runs in sandbox and prod."""
    root = repository(tmp_path_factory.mktemp("repair") / "one")
    opened = Stage.at(root)
    assert opened.script("deploy", "--to", "prod", "--only", "customers", "--yes").code == 0
    yield opened
    down(root)


def evil() -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("customers/__init__.py", "")
        archive.writestr("customers/lookup.py", "def handler(event, context):\n    return 'evil'\n")
    return body.getvalue()


def other_code(stage: Stage) -> None:
    functions = stage.client("sandbox", "lambda")
    functions.update_function_code(FunctionName=FUNCTION, ZipFile=evil())
    version = functions.publish_version(FunctionName=FUNCTION)["Version"]
    functions.update_alias(FunctionName=FUNCTION, Name="live", FunctionVersion=version)


def other_weights(stage: Stage) -> None:
    functions = stage.client("sandbox", "lambda")
    version = functions.list_versions_by_function(FunctionName=FUNCTION)["Versions"][-1]["Version"]
    routing = {"AdditionalVersionWeights": {version: 0.3}}
    functions.update_alias(FunctionName=FUNCTION, Name="live", RoutingConfig=routing)


def other_properties(stage: Stage) -> None:
    stage.client("sandbox", "lambda").update_function_configuration(FunctionName=FUNCTION, Timeout=99)


def no_version(stage: Stage) -> None:
    functions = stage.client("sandbox", "lambda")
    version = functions.get_alias(FunctionName=FUNCTION, Name="live")["FunctionVersion"]
    functions.delete_alias(FunctionName=FUNCTION, Name="live")
    functions.delete_function(FunctionName=FUNCTION, Qualifier=version)


def no_function(stage: Stage) -> None:
    stage.client("sandbox", "lambda").delete_function(FunctionName=FUNCTION)


def no_stack(stage: Stage) -> None:
    """Deleted, and not only begun; for a moment, whoever asks by name may still be told what was."""
    client = stage.client("sandbox", "cloudformation")
    client.delete_stack(StackName=STACK)
    until(lambda: STACK in {item["StackName"] for item in client.describe_stacks()["Stacks"]}, False)


BY_HAND: dict[str, tuple[Callable[[Stage], None], set[str]]] = {
    "code and alias": (other_code, {STACK, "LookupAlias"}),
    "weights": (other_weights, set()),
    "properties": (other_properties, {STACK, "LookupFunction"}),
    "a version": (no_version, {STACK, "LookupVersion", "LookupAlias"}),
    "a function": (no_function, {STACK, "LookupFunction", "LookupVersion", "LookupAlias"}),
    "a stack": (no_stack, {STACK, "LookupFunction", "LookupVersion", "LookupAlias", "LookupRole", "LookupLogs"}),
}
"""What is done -> who has events of its repair; a version's logical id ends in its digest."""


def events(stage: Stage) -> list[tuple[str, str]]:
    client = stage.client("sandbox", "cloudformation")
    stacks = [item for item in client.describe_stacks()["Stacks"] if item["StackName"] == STACK]
    told: list[Any] = []
    for stack in stacks:
        told += client.describe_stack_events(StackName=stack["StackId"])["StackEvents"]
    return [(re.sub("(?<=Version).*", "", item["LogicalResourceId"]), item["EventId"]) for item in told]


def drift(stage: Stage, *words: str) -> Done:
    return stage.script("drift", "customers", *words)


@pytest.mark.parametrize(
    "name", [name if name == "a function" else pytest.param(name, marks=pytest.mark.long) for name in BY_HAND]
)
def test_what_was_done_by_hand_is_found_and_put_right_and_nothing_else_is_touched(stage: Stage, name: str) -> None:
    by_hand, touched = BY_HAND[name]
    before = set(events(stage))
    by_hand(stage)

    found = drift(stage, "sandbox")
    assert found.code == 1 and "`repair.py customers sandbox` fixes it" in found.err
    assert "≠ drifted" in stage.script("status", "--drift").out
    repaired = stage.script("repair", "customers", "sandbox", "--yes", "--reason", name)
    assert repaired.code == 0, repaired.err

    after = set(events(stage))
    assert {resource for resource, _ in after - before} == touched
    assert drift(stage, "sandbox").code == 0
    assert stage.script("invoke", "customers", "lookup", "sandbox").code == 0
    last = stage.script("history", "customers", "sandbox", "--limit", "1", "--json").answer["sandbox"][-1]
    assert (last["action"], last["reason"], last["outcome"]) == ("repair", name, "succeeded")


@pytest.mark.long
def test_a_plan_that_looks_sees_a_deleted_function_and_names_the_command_that_repairs_it(stage: Stage) -> None:
    no_function(stage)
    before = set(events(stage))

    for words in (("--all",), ("--only", "customers")):
        planned = stage.script("plan", "sandbox", *words)
        said = planned.out + planned.err
        assert f"its function {FUNCTION} is gone, although its record says that 0.1.0 runs there" in said
        assert "`repair.py customers sandbox` fixes it" in said
    assert set(events(stage)) == before
    assert stage.script("repair", "customers", "sandbox", "--yes").code == 0

    assert drift(stage, "sandbox").code == 0
    assert "is gone" not in stage.script("plan", "sandbox", "--all").out


def test_a_release_that_meets_a_deleted_function_names_the_command_after_which_it_passes(stage: Stage) -> None:
    no_function(stage)
    path = stage.root / "projects/customers/customers/lookup.py"
    path.write_text(f"{path.read_text(encoding='utf-8')}\n# another line\n", encoding="utf-8")

    failed = stage.script("deploy", "sandbox", "--only", "customers", "--yes")
    assert failed.code != 0 and "`repair.py customers sandbox` does; then run the same command again" in failed.err
    asked = stage.script("invoke", "customers", "lookup", "sandbox")
    assert "`repair.py customers sandbox` creates it again" in asked.err
    assert stage.script("repair", "customers", "sandbox", "--yes").code == 0
    assert stage.script("deploy", "sandbox", "--only", "customers", "--yes").code == 0


WITH_A_QUEUE = """
def extend(template, context):
    kept = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    context.merge("Orders", {"Type": "AWS::SQS::Queue", **kept, "Properties": {"QueueName": "customers-orders"}})
"""


@pytest.mark.long
def test_what_a_deleted_stack_kept_is_asked_for_by_the_first_repair_and_comes_back_with_what_is_in_it(
    stage: Stage,
) -> None:
    path = stage.root / "projects/customers/stack.py"
    path.write_text(WITH_A_QUEUE, encoding="utf-8")
    assert stage.script("deploy", "sandbox", "--only", "customers", "--yes").code == 0
    sqs = stage.client("sandbox", "sqs")
    url = sqs.get_queue_url(QueueName="customers-orders")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="precious")
    no_stack(stage)

    repair = ("repair", "customers", "sandbox", "--yes")
    asked = stage.script(*repair)
    assert asked.code == 9 and "--agree import:customers/customers-orders" in asked.err
    assert "Orders (AWS::SQS::Queue) was retained by its policy" in asked.out + asked.err
    assert "was deleted with its content" not in asked.out + asked.err
    back = stage.script(*repair, "--agree", "import:customers/customers-orders")
    assert back.code == 0, back.err
    assert drift(stage, "sandbox").code == 0
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert message["Body"] == "precious"
    path.unlink()
    assert stage.script("deploy", "sandbox", "--only", "customers", "--yes").code == 0


WITH_A_TABLE = """
TABLE = {
    "Type": "AWS::DynamoDB::Table",
    "Properties": {
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    },
}


def extend(template, context):
    context.merge("Invoices", TABLE)
"""


def another_template(stage: Stage) -> None:
    """Somebody sends the stack's own template with one more table of that kind."""
    stacks = stage.client("sandbox", "cloudformation")
    body = stacks.get_template(StackName=STACK)["TemplateBody"]
    document: dict[str, Any] = json.loads(body) if isinstance(body, str) else json.loads(json.dumps(body))
    document["Resources"]["Theirs"] = document["Resources"]["Invoices"]
    parameters = [{"ParameterKey": name, "UsePreviousValue": True} for name in document.get("Parameters", {})]
    stacks.update_stack(
        StackName=STACK, TemplateBody=json.dumps(document), Parameters=parameters, Capabilities=["CAPABILITY_NAMED_IAM"]
    )


@pytest.mark.long
def test_a_table_that_a_rollback_left_and_one_of_somebody_else_stay_and_all_else_is_put_right(stage: Stage) -> None:
    path = stage.root / "projects/customers/stack.py"
    path.write_text(WITH_A_TABLE, encoding="utf-8")
    assert stage.script("deploy", "sandbox", "--only", "customers", "--yes").code == 0
    back = stage.script("rollback", "customers", "sandbox", "--yes")
    assert back.code == 0, back.err
    assert drift(stage, "sandbox").code == 0, "our own rollback is nobody's change"

    other_properties(stage)
    repaired = stage.script("repair", "customers", "sandbox", "--yes")
    assert repaired.code == 0, repaired.err
    assert "Invoices (AWS::DynamoDB::Table) stays" in repaired.out + repaired.err
    assert "Invoices (AWS::DynamoDB::Table) goes" not in repaired.out + repaired.err
    assert drift(stage, "sandbox").code == 0

    another_template(stage)
    assert "Theirs (AWS::DynamoDB::Table)" in drift(stage, "sandbox").out
    repaired = stage.script("repair", "customers", "sandbox", "--yes")
    assert repaired.code == 0, repaired.err
    assert drift(stage, "sandbox").code == 0
    asked = stage.script("deploy", "sandbox", "--only", "customers", "--yes", "--force", "--agree", "again:customers")
    assert asked.code == 9 and "--agree replace:customers/Theirs" in asked.err
    path.unlink()
    words = ("--agree", "replace:customers/Invoices", "--agree", "replace:customers/Theirs")
    ended = stage.script("deploy", "sandbox", "--only", "customers", "--yes", "--force", *words)
    assert ended.code == 0, ended.err


@pytest.mark.long
def test_a_deploy_that_sends_nothing_of_a_function_with_other_layers_does_not_say_that_it_is_right(
    stage: Stage,
) -> None:
    functions = stage.client("sandbox", "lambda")
    layer = functions.publish_layer_version(LayerName="elsewhere", Content={"ZipFile": evil()})["LayerVersionArn"]
    path = stage.root / "projects/customers/pyproject.toml"
    before = path.read_text(encoding="utf-8")
    path.write_text(f'{before}layers = ["{layer}"]\n', encoding="utf-8")
    assert stage.script("deploy", "sandbox", "--only", "customers", "--yes").code == 0
    functions.update_function_configuration(FunctionName=FUNCTION, Layers=[])

    failed = stage.script("deploy", "sandbox", "--only", "customers", "--force", "--yes")

    assert failed.code == 13 and f"has the layers none, expected the deployed {layer}" in failed.err, failed.err
    assert "`repair.py customers sandbox` fixes it" in failed.err
    assert stage.script("repair", "customers", "sandbox", "--yes").code == 0
    assert functions.get_function_configuration(FunctionName=FUNCTION)["Layers"][0]["Arn"] == layer
    assert stage.script("deploy", "sandbox", "--only", "customers", "--force", "--yes").code == 0

    functions.delete_layer_version(LayerName="elsewhere", VersionNumber=1)
    gone = drift(stage, "sandbox")
    assert gone.code == 1 and "a version that somebody deleted" in " ".join(gone.out.split()), gone.out
    hint = "name another version in `layers` of the unit, and deploy it"
    refused = stage.script("repair", "customers", "sandbox", "--yes")
    assert hint in gone.out + gone.err and "puts it right" not in gone.out + gone.err
    assert refused.code == 9 and f"somebody deleted {layer}, and nothing brings it back" in refused.err
    assert hint in refused.err
    path.write_text(before, encoding="utf-8")
    assert stage.script("deploy", "sandbox", "--only", "customers", "--yes").code == 0
    assert drift(stage, "sandbox").code == 0


@pytest.mark.long
def test_tags_that_somebody_has_given_to_a_stack_are_found_and_taken_off(stage: Stage) -> None:
    client = stage.client("sandbox", "cloudformation")
    name = {"StackName": "customers-sandbox"}
    (stack,) = client.describe_stacks(**name)["Stacks"]
    kept = [{"ParameterKey": one["ParameterKey"], "UsePreviousValue": True} for one in stack.get("Parameters", ())]
    more = [*stack["Tags"], {"Key": "team", "Value": "blue"}]
    client.update_stack(
        **name, UsePreviousTemplate=True, Tags=more, Parameters=kept, Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    client.get_waiter("stack_update_complete").wait(**name)

    found = drift(stage, "sandbox")
    repaired = stage.script("repair", "customers", "sandbox", "--yes")

    assert found.code == 1 and "/Tags/team" in found.out, found.out
    assert repaired.code == 0, repaired.err
    assert client.describe_stacks(**name)["Stacks"][0]["Tags"] == stack["Tags"]
    assert drift(stage, "sandbox").code == 0


@pytest.mark.long
def test_a_function_that_was_switched_off_by_hand_is_found_and_switched_on_again(stage: Stage) -> None:
    functions = stage.client("sandbox", "lambda")
    functions.put_function_concurrency(FunctionName=FUNCTION, ReservedConcurrentExecutions=0)

    found = drift(stage, "sandbox")
    repaired = stage.script("repair", "customers", "sandbox", "--yes")

    assert found.code == 1 and "/ReservedConcurrentExecutions" in found.out
    assert repaired.code == 0 and "somebody has reserved 0, which is removed" in repaired.err, repaired.err
    assert "ReservedConcurrentExecutions" not in functions.get_function_concurrency(FunctionName=FUNCTION)
    assert drift(stage, "sandbox").code == 0


@pytest.mark.long
def test_an_environment_that_left_the_table_is_shown_and_ended(stage: Stage) -> None:
    path = stage.root / "pyproject.toml"
    whole = path.read_text(encoding="utf-8")
    header = "[[tool.multi_env_lambda.environments]]"
    path.write_text(header.join(whole.split(header)[:2]), encoding="utf-8")
    line = "! prod left the table: customers 0.1.0 still runs in 555555555555 us-east-1; `destroy.py UNIT prod`"

    assert line in stage.script("status").err
    assert line in stage.script("plan").out
    assert "prod (left)" in stage.script("status").out
    assert json.loads(stage.script("history", "customers", "prod", "--json").out)["prod"]
    assert stage.script("drift", "customers", "prod").code == 0
    ended = stage.script("destroy", "customers", "prod", "--yes", "--confirm", "customers", "--reason", "left")
    assert ended.code == 0 and "in 555555555555 us-east-1, where the table does not say that it is" in ended.err
    assert "prod" not in stage.script("status").out
    path.write_text(whole, encoding="utf-8")
