"""``here`` calls a function of the work tree in a process of this machine, as Lambda would: nothing is deployed."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from multi_env_lambda import CheckFailed, ConfigurationError, Workspace
from multi_env_lambda.api.function import Function
from multi_env_lambda.cli.main import main

pytestmark = pytest.mark.story

_PYTHON = f"python{sys.version_info[0]}.{sys.version_info[1]}"
_ROOT = """
[tool.multi_env_lambda.devops]
account_id = "111111111111"
region = "eu-central-1"
bucket = "acme-artifacts"
[[tool.multi_env_lambda.environments]]
name = "sandbox"
account_id = "222222222222"
[[tool.multi_env_lambda.environments]]
name = "prod"
account_id = "555555555555"
"""
_UNIT = f"""
[project]
name = "billing"
version = "0.1.0"
[build-system]
requires = ["uv_build>=0.9,<1"]
build-backend = "uv_build"
[tool.multi_env_lambda]
runtime = "{_PYTHON}"
[tool.multi_env_lambda.functions.pay]
handler = "billing.handler"
timeout = 9
memory_size = 256
environment = {{ STAGE = "${{environment}}", QUEUE = "q-${{environment}}" }}
events = [{{ sqs = true }}]
[tool.multi_env_lambda.functions.other]
handler = "billing.handler"
layers = ["arn:aws:lambda:eu-central-1:333333333333:layer:theirs:7"]
"""
_STACK = """
def extend(template, context):
    context.set_environment("pay", "TOPIC", {"Fn::GetAtt": ["Topic", "TopicArn"]})
    context.merge("Topic", {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "paid"}})
"""
_SEEN = """
import logging, os

def handler(event, context):
    print("printed")
    logging.getLogger().warning("logged")
    names = ("STAGE", "QUEUE", "AWS_REGION", "AWS_LAMBDA_FUNCTION_NAME", "AWS_ACCESS_KEY_ID", "AWS_PROFILE", "HOME")
    return {
        "event": event,
        "variables": {name: os.environ.get(name) for name in names},
        "arn": context.invoked_function_arn,
        "memory": context.memory_limit_in_mb,
        "left": 0 < context.get_remaining_time_in_millis() <= 9000,
    }
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "projects" / "billing"
    folder.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text(_ROOT, "utf-8")
    (folder / "pyproject.toml").write_text(_UNIT, "utf-8")
    return tmp_path


def pay(root: Path, code: str) -> Function:
    (root / "projects" / "billing" / "billing.py").write_text(code, "utf-8")
    return Workspace.open(root, local=False)["billing"].function("pay")


def test_it_gets_what_lambda_would_give_it_in_that_environment(root: Path) -> None:
    found = pay(root, _SEEN).call({"id": 7}, "prod", here=True)

    assert json.loads(found.payload) == {
        "event": {"id": 7},
        "variables": {
            "STAGE": "prod",
            "QUEUE": "q-prod",
            "AWS_REGION": "eu-central-1",
            "AWS_LAMBDA_FUNCTION_NAME": "billing-prod-pay",
            "AWS_ACCESS_KEY_ID": None,
            "AWS_PROFILE": None,
            "HOME": None,
        },
        "arn": "arn:aws:lambda:eu-central-1:555555555555:function:billing-prod-pay",
        "memory": "256",
        "left": True,
    }
    lines = found.log_tail.splitlines()
    assert lines[0] == "printed" and lines[1].endswith("\tlogged")


def test_what_is_saved_is_what_runs_and_the_work_tree_stays_as_it_is(root: Path) -> None:
    before = sorted(path.name for path in (root / "projects").rglob("*"))
    answers = [pay(root, f"def handler(event, context):\n    return {n}\n").invoke(here=True) for n in (1, 2)]

    assert answers == [1, 2]
    assert sorted(path.name for path in (root / "projects").rglob("*")) == sorted([*before, "billing.py"])


def test_what_it_raises_is_told_as_lambda_tells_it(root: Path) -> None:
    function = pay(root, "def handler(event, context):\n    raise KeyError('id')\n")

    found = function.call(here=True)
    details = json.loads(found.payload)
    assert (found.error, details["errorType"], details["errorMessage"]) == ("Unhandled", "KeyError", "'id'")
    assert found.reason == "KeyError: 'id'"
    assert len(details["stackTrace"]) == 1 and 'billing.py", line 2, in handler' in details["stackTrace"][0]
    assert found.log_tail.startswith("[ERROR] KeyError: 'id'\nTraceback (most recent call last):\n")
    with pytest.raises(CheckFailed, match=r"billing\.pay in sandbox: the function raised KeyError: 'id': "):
        function.invoke(here=True)


def test_a_debugger_without_a_terminal_is_one_sentence_and_no_traceback(
    root: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    pay(root, "def handler(event, context):\n    breakpoint()\n")

    assert main(["invoke", "billing", "pay", "sandbox", "--here"], start=root) == CheckFailed.exit_code
    assert capfd.readouterr().err.splitlines() == [
        "error[CheckFailed]: billing.pay in sandbox: the debugger found no terminal, so the function did not answer",
        "hint: run it at a terminal, or set PYTHONBREAKPOINT=0 to go on without a debugger",
    ]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("return {1, 2}", "Runtime.MarshalError"),
        ("import os; os._exit(3)", "Runtime.ExitError"),
        ("import absent", "ModuleNotFoundError"),
    ],
)
def test_what_is_no_answer_is_an_error_of_the_function(root: Path, body: str, kind: str) -> None:
    found = pay(root, f"def handler(event, context):\n    {body}\n").call(here=True)

    assert (found.error, json.loads(found.payload)["errorType"]) == ("Unhandled", kind)


def test_what_stack_py_sets_is_there_with_a_value_of_its_kind(root: Path) -> None:
    (root / "projects" / "billing" / "stack.py").write_text(_STACK, "utf-8")

    assert pay(root, "import os\nhandler = lambda *_: os.environ['TOPIC']\n").invoke(here=True) == (
        "arn:aws:sns:eu-central-1:222222222222:paid"
    )


def test_keys_are_passed_on_from_variables_and_no_profile_is(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "of-a-shell")
    monkeypatch.setenv("AWS_PROFILE", "acme-admin")
    names = '("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_CONFIG_FILE")'
    function = pay(root, f"import os\nhandler = lambda *_: [os.environ.get(name) for name in {names}]\n")

    assert function.invoke(here=True) == ["of-a-shell", None, os.devnull]


def test_a_layer_of_somebody_elses_is_not_on_this_machine(root: Path) -> None:
    pay(root, "handler = print\n")
    with pytest.raises(ConfigurationError, match="it has a layer of somebody else's in sandbox"):
        Workspace.open(root, local=False)["billing"].function("other").invoke(here=True)


def test_a_command_prints_the_answer_alone_on_stdout(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pay(root, "def handler(event, context):\n    print('a log line')\n    return event\n")
    words: list[Any] = ["invoke", "billing", "pay", "sandbox", "--here", "--payload", '{"id": 1}']

    assert main(words, start=root) == 0

    said = capsys.readouterr()
    assert (said.out, "a log line" in said.err) == ('{"id": 1}\n', True)
