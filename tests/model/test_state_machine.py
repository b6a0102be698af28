"""State machines of a unit: what is read, and what Step Functions would refuse."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from inline_snapshot import snapshot

from multi_env_lambda.api.definitions import with_definitions
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.reading import Table
from multi_env_lambda.model.settings import ResourceReference, Schedule, Settings, StateMachine
from multi_env_lambda.model.state_language import problem_with_definition
from multi_env_lambda.model.unit_settings import read_all_settings

SANDBOX = Environment(name="sandbox", account_id="222222222222", region="us-east-1")
FUNCTIONS = """
[functions.pay]
handler = "orders.pay.handler"
"""
MACHINE = """
[state_machines.checkout]
definition = { StartAt = "Pay", States = { Pay = { Type = "Task", Resource = "${Pay}", End = true } } }
"""
PAY = 'substitutions.Pay = { function = "pay" }\n'


def read(text: str) -> Settings:
    table = Table(where="projects/orders/pyproject.toml", path="tool.multi_env_lambda", values=tomllib.loads(text))
    from multi_env_lambda.model.keys.unit import UNIT

    found = read_all_settings(table.of(UNIT), (SANDBOX,), name="orders", runtime="python3.13", not_secret=())
    return found["sandbox"]


def machine(text: str) -> StateMachine:
    return next(each for each in read(text).resources if isinstance(each, StateMachine))


def refusal(text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        read(text)
    return str(caught.value)


def test_a_state_machine_is_read() -> None:
    more = 'substitutions.Stage = "${environment}"\nevents = [{ schedule = "rate(1 day)" }]\n'
    found = machine(FUNCTIONS + MACHINE + PAY + more)

    assert found == StateMachine(
        key="checkout",
        definition='{"StartAt":"Pay","States":{"Pay":{"End":true,"Resource":"${Pay}","Type":"Task"}}}',
        substitutions=(("Pay", ResourceReference(kind="function", key="pay", value="arn")), ("Stage", "sandbox")),
        events=(Schedule(expression="rate(1 day)"),),
    )


def test_an_express_workflow_logs_its_errors_unless_it_says_otherwise() -> None:
    express = FUNCTIONS + MACHINE + PAY + 'type = "express"\n'

    assert machine(express).log_level == "ERROR"
    assert machine(express + 'log_level = "OFF"').log_level == "OFF"
    assert machine(FUNCTIONS + MACHINE + PAY).log_level == "OFF"


def test_functions_name_state_machines_in_variables_and_rights() -> None:
    text = FUNCTIONS + 'start = ["checkout"]\nenvironment.CHECKOUT = { state_machine = "checkout" }\n' + MACHINE + PAY

    (function,) = read(text).functions
    assert function.start == ("checkout",)
    assert dict(function.environment) == {
        "CHECKOUT": ResourceReference(kind="state_machine", key="checkout", value="arn")
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (MACHINE, ["definition: found `${Pay}`, for which there is no substitution", "add `Pay = { function = … }`"]),
        (MACHINE + 'substitutions.Pai = "x"', ["did you mean `Pai`?"]),
        (
            MACHINE + 'substitutions.Pay = { function = "pai" }',
            ["Pay] function: the unit has no function `pai`", "`pay`?"],
        ),
        (MACHINE + 'substitutions.Pay = { table = "pay" }', ["the unit has no table `pay`"]),
        (
            MACHINE + "substitutions.Pay = [1]",
            ["Pay: found [1]; expected a text, a number, true, false, or a resource"],
        ),
        (MACHINE + 'substitutions.Pay = "a"\nsubstitutions.P-y = "a"', ["found the name `P-y`"]),
        (MACHINE + PAY + 'typ = "express"', ["did you mean `type`?"]),
        (MACHINE + PAY + 'type = "fast"', ['expected "standard" or "express"']),
        (MACHINE + PAY + "log_data = true", ["found true, but nothing is logged"]),
        (MACHINE + PAY + "log_retention_days = 2", ["log_retention_days: found 2"]),
        (MACHINE + PAY + "events = [{ sqs = true }]", ["found no kind; expected exactly one of schedule, scheduler"]),
        (MACHINE + PAY + 'start = ["pay"]', ["`pay`"]),
        (MACHINE + PAY + 'invoke = ["checkout"]', ["`checkout` is a state machine, for which there is no `invoke`"]),
        (MACHINE + PAY + 'start = ["refund"]', ["the unit has no state machine `refund`", "there is only `checkout`"]),
        ("[state_machines.a]\n", ["`definition` is missing"]),
        ('[state_machines.a]\ndefinition = "a.json"', ["expected a table, or the path of a file"]),
        (MACHINE + PAY + "[queues.checkout]", ["`state_machines.checkout` and `queues.checkout` have the same name"]),
    ],
)
def test_what_a_state_machine_cannot_be_is_refused(text: str, words: list[str]) -> None:
    found = refusal(FUNCTIONS + text)

    assert all(word in found for word in words), found


def test_a_refusal_says_what_to_do() -> None:
    assert refusal(FUNCTIONS + MACHINE) == snapshot(
        """\
projects/orders/pyproject.toml [tool.multi_env_lambda.state_machines.checkout] definition: found `${Pay}`, for which there is no substitution
hint: add `Pay = { function = … }` to `substitutions`\
"""  # noqa: E501
    )


def test_a_definition_has_a_size() -> None:
    states = {"Done": {"Type": "Succeed", "Comment": "x" * 1_048_576}}
    text = json.dumps({"StartAt": "Done", "States": states})
    table = {"state_machines": {"a": {"definition": json.loads(text)}}}
    with pytest.raises(ConfigurationError, match="the limit is 1,048,576"):
        from multi_env_lambda.model.keys.unit import UNIT

        whole = Table(where="x", path="tool", values=table).of(UNIT)
        read_all_settings(whole, (SANDBOX,), name="orders", runtime="python3.13", not_secret=())


TASK = {"Type": "Task", "Resource": "${Pay}", "End": True}
WAITS = {**TASK, "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken"}


def one(**state: Any) -> dict[str, Any]:
    return {"StartAt": "A", "States": {"A": state}}


@pytest.mark.parametrize(
    ("definition", "found"),
    [
        ({"StartAt": "A"}, ("States", "expected a table with at least one state")),
        ({"StartAt": "B", "States": {"A": TASK}}, ("StartAt", "names the state `B`, which is not there")),
        ({"States": {"A": TASK}}, ("StartAt", "is missing")),
        (
            {"StartAt": "A", "States": {"A": TASK, "B": TASK}},
            ("States.B", "no other state leads to it"),
        ),
        (one(Type="Tusk"), ("States.A.Type", "found 'Tusk'; expected Choice, Fail, Map")),
        (one(Type="Pass"), ("States.A", "expected either `Next` or `End = true`")),
        (one(Type="Pass", Next="B"), ("States.A.Next", "there is no state `B`")),
        (one(Type="Task", End=True), ("States.A.Resource", "`Resource` is missing")),
        (one(Type="Choice"), ("States.A.Choices", "expected a list with at least one choice")),
        (one(Type="Choice", Choices=[{"Next": "B"}]), ("States.A.Choices[0].Next", "there is no state `B`")),
        (one(Type="Choice", Choices=3), ("States.A.Choices", "expected a list with at least one choice")),
        (one(Type="Pass", Next=["B"], End=False), ("States.A.Next", "there is no state `['B']`")),
        ({"StartAt": {"A": 1}, "States": {"A": TASK}}, ("StartAt", "names the state `{'A': 1}`, which is not there")),
        (one(**TASK, Catch=[{"Next": "B"}]), ("States.A.Catch[0].Next", "there is no state `B`")),
        (one(Type="Parallel", End=True), ("States.A.Branches", "expected a list with at least one branch")),
        (one(Type="Map", End=True, ItemProcessor=one(Type="Pass")), ("States.A.ItemProcessor.States.A", "expected")),
        (one(Type="Parallel", End=True, Branches=[{}]), ("States.A.Branches[0].States", "expected a table")),
        (one(**WAITS), ("States.A.Resource", "an express workflow waits neither for a job nor for a token")),
    ],
)
def test_a_definition_that_step_functions_would_refuse_is_refused(
    definition: dict[str, Any], found: tuple[str, str]
) -> None:
    problem = problem_with_definition(definition, express=True)

    assert problem is not None
    assert problem[0] == found[0]
    assert found[1] in problem[1]


def test_a_definition_that_it_takes_is_not_refused() -> None:
    inner = one(Type="Succeed")
    states = {
        "A": {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": True, "Next": "B"}], "Default": "C"},
        "B": {"Type": "Map", "ItemProcessor": inner, "Next": "C"},
        "C": {"Type": "Parallel", "Branches": [inner, inner], "Next": "D"},
        "D": {"Type": "Wait", "Seconds": 1, "Next": "E"},
        "E": {**WAITS, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "F"}]},
        "F": {"Type": "Fail"},
    }

    assert problem_with_definition({"StartAt": "A", "States": states}, express=False) is None


# --- the file ---
def document(definition: object, environment: object = None) -> dict[str, Any]:
    table: dict[str, Any] = {"state_machines": {"checkout": {"definition": definition}}}
    if environment is not None:
        table["environments"] = {"prod": {"state_machines": {"checkout": {"definition": environment}}}}
    return {"project": {"name": "orders"}, "tool": {"multi_env_lambda": table}}


def test_a_definition_is_read_from_json_and_from_yaml(tmp_path: Path) -> None:
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders/a.asl.json").write_text('{"StartAt": "A"}', "utf-8")
    (tmp_path / "orders/b.asl.yaml").write_text("StartAt: B\n", "utf-8")

    found = with_definitions(tmp_path, "orders", document("a.asl.json", "b.asl.yaml"))

    assert found == document({"StartAt": "A"}, {"StartAt": "B"})


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("missing.json", 'there is no file "missing.json" in the unit'),
        ("../other.json", 'found "../other.json"; expected the path of a file'),
        ("link.json", 'there is no file "link.json" in the unit'),
        ("a.txt", 'found "a.txt"; expected the path of a file that ends with .json'),
        ("list.json", '"list.json" has no table in it'),
        ("bad.json", "not YAML"),
    ],
)
def test_a_file_that_is_no_definition_of_the_unit_is_refused(tmp_path: Path, name: str, what: str) -> None:
    (tmp_path / "orders").mkdir()
    (tmp_path / "other.json").write_text("{}", "utf-8")
    (tmp_path / "orders/link.json").symlink_to(tmp_path / "other.json")
    (tmp_path / "orders/list.json").write_text("[]", "utf-8")
    (tmp_path / "orders/bad.json").write_text("{", "utf-8")

    with pytest.raises(ConfigurationError, match=what.replace("[", r"\[")):
        with_definitions(tmp_path, "orders", document(name))
