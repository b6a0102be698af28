"""What is advised names commands to who types them, and methods with their arguments to who calls those."""

from __future__ import annotations

import ast
import inspect
import pickle
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from multi_env_lambda import MultiEnvLambdaError, Plan, Project, Refused, UnitsFailed, Workspace
from multi_env_lambda.cli.main import VERBS
from multi_env_lambda.cli.main import _group as group
from multi_env_lambda.cli.results import show_results
from multi_env_lambda.flow.gate import waiting_plan
from multi_env_lambda.testing.world import FakeTree, FakeWorld, fake_world
from multi_env_lambda.wording import Advice, advice, in_python, option, unit_call, worded
from tests.api.stage import opened
from tests.house import PACKAGE, ROOT, module_paths, nodes

FORCED = unit_call("deploy", "orders", "prod", force=True)


@pytest.fixture
def fake(tmp_path: Path) -> FakeWorld:
    return fake_world(FakeTree(content={"orders": "o1"}), tmp_path)


def commands() -> Iterator[click.Command]:
    context = click.Context(group)
    for verb in VERBS:
        command = group.get_command(context, verb)
        assert command is not None
        yield command


def options() -> set[str]:
    return {word for command in commands() for each in command.params for word in each.opts if word.startswith("--")}


def said(path: Path) -> Iterator[tuple[int, str]]:
    """Every text of a module but docstrings, and what is worded for who types, with its line."""
    typed: set[ast.AST] = set()
    for node in nodes(path):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            typed.add(node.value)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Advice":
            typed |= set(ast.walk(node.args[0]))
    for node in nodes(path):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in typed:
            yield node.lineno, node.value


def inner(path: Path) -> bool:
    return not path.is_relative_to(ROOT / PACKAGE / "cli") and not path.is_relative_to(ROOT / PACKAGE / "local")


def test_only_the_command_line_names_options_and_scripts_without_what_python_calls_them() -> None:
    # `ci run --event` is an option of a subcommand, which has no method.
    ours = "|".join(sorted(options() - {"--help", "--upgrade", "--event"}))
    script = rf"`({'|'.join(VERBS)})\.py"
    # The AWS CLI has longer options that begin like some of ours, such as `--stack-name`.
    named = re.compile(rf"[` ]({ours})\b(?!-)|{script}")

    found = [
        f"{path.relative_to(ROOT)}:{line}: {text}"
        for path in module_paths()
        if inner(path)
        for line, text in said(path)
        if named.search(text)
    ]
    assert found == []


def test_no_hint_repeats_the_list_that_its_error_gives() -> None:
    found = [
        f"{path.name} {function.name}"
        for path in module_paths()
        if "enumerated(" in path.read_text(encoding="utf-8")
        for function in nodes(path)
        if isinstance(function, ast.FunctionDef)
        for text in [ast.unparse(function)]
        if "enumerated(" in text and re.search(r"did_you_mean\((?!.*listed=True)", text) and "yield from" not in text
    ]
    assert found == []


@pytest.mark.parametrize("verb", ["plan", "deploy", "rollback", "repair", "destroy", "history", "plan_removal"])
def test_a_call_of_a_unit_is_one_that_its_handle_has(verb: str) -> None:
    assert list(inspect.signature(getattr(Project, verb)).parameters)[:2] == ["self", "environment"]


def test_an_error_is_worded_for_who_reads_it() -> None:
    error = MultiEnvLambdaError("orders", "it is gone", hint=advice("`{}` brings it back", FORCED))

    assert (
        str(error) == 'orders: it is gone\nhint: `workspace.unit("orders").deploy("prod", force=True)` brings it back'
    )
    assert error.hint == "`deploy.py orders prod --force` brings it back"
    assert error._render_traceback_() == [f"MultiEnvLambdaError: {error}"]


def test_both_wordings_survive_the_way_to_another_process() -> None:
    error = Refused("orders", "no", hint=advice("give `{}`", option("force")))

    again = pickle.loads(pickle.dumps(error))

    assert (again.hint, str(again)) == (error.hint, str(error))


def test_what_is_one_text_is_the_same_for_both() -> None:
    assert in_python("correct it") == "correct it"
    assert worded(Advice("--wait", "wait=60"), str.upper).python == "WAIT=60"  # type: ignore[attr-defined]


def test_a_name_with_braces_is_put_in_as_it_is() -> None:
    assert advice("`{}` is no name", "{orders}") == "`{orders}` is no name"


def test_a_question_is_answered_by_an_argument_in_a_notebook_and_by_an_option_on_the_command_line(
    fake: FakeWorld, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    orders = opened(fake.world, tmp_path)["orders"]
    for content in ("o1", "o2"):
        fake.tree.content["orders"] = content
        orders.deploy("sandbox")
    orders.rollback("sandbox")

    with pytest.raises(UnitsFailed) as refused:
        orders.deploy("sandbox")
    show_results(refused.value.results, as_json=False)

    assert str(refused.value).endswith('hint: agree with `agree=["again:orders"]`')
    assert "agree with `--agree again:orders`" in capsys.readouterr().err
    assert "agree=[&quot;again:orders&quot;]" in refused.value.results._repr_html_()
    assert 'to agree to all of it: agree=["again:orders"]' in orders.plan("sandbox").text()
    assert "to agree to all of it: agree=[&quot;again:orders&quot;]" in orders.plan("sandbox")._repr_html_()


def test_each_of_several_failures_has_its_own_hint_in_the_words_of_python() -> None:
    told = [
        ("orders", "it is gone", advice("`{}` brings it back", FORCED)),
        ("search", "it waits", ""),
        ("reports", "it is closed", "ask"),
        ("prices", "it is closed", "ask"),
    ]

    error = UnitsFailed.among("4 of 5", told)

    assert str(error).splitlines() == [
        "4 of 5:",
        "orders: it is gone",
        'hint: `workspace.unit("orders").deploy("prod", force=True)` brings it back',
        "search: it waits",
        "reports, prices: it is closed",
        "hint: ask",
    ]
    assert [fault.hint for fault in error.faults][0] == "`deploy.py orders prod --force` brings it back"


def test_a_plan_is_saved_for_approval_by_a_command_and_by_a_call() -> None:
    asked = (("only", "orders search"), ("target", "prod"), ("through", "True"), ("verb", "deploy"))
    plan = Plan(environments=("prod",), asked=asked, commit="", committed="", dirty=False, steps=())

    waiting = waiting_plan(plan, "prod")

    assert "`plan.py --to prod --only orders --only search --out plan.json`" in waiting
    assert '`save(workspace.plan("orders", "search", to="prod", publish=True), "plan.json")`' in waiting.python
    assert waiting.python.endswith('then: `workspace.apply("plan.json")`')


def test_python_reads_no_name_of_a_script_in_what_goes_wrong(fake: FakeWorld, tmp_path: Path) -> None:
    workspace = opened(fake.world, tmp_path)
    with pytest.raises(MultiEnvLambdaError) as none:
        Workspace.open(tmp_path)
    with pytest.raises(MultiEnvLambdaError) as empty:
        workspace.environment("sandbox").run()
    with pytest.raises(MultiEnvLambdaError) as nowhere:
        workspace.unit("orders").difference("sandbox", "test")
    with pytest.raises(MultiEnvLambdaError) as host:
        workspace.write_ci("jenkins")

    assert [str(each.value) for each in (none, empty, nowhere, host)] == [
        f"{tmp_path}: no pyproject.toml here or above has a table [tool.multi_env_lambda.devops]\n"
        "hint: `Workspace.init()` writes one",
        "command: there is none\nhint: name a program, such as `aws`",
        "orders: it does not run in sandbox\nhint: `workspace.status()` shows what runs where",
        "host: found `jenkins`; expected codepipeline, github, gitlab or bitbucket\nhint: use one of these",
    ]
    workspace.publish()
    assert repr(workspace.approve(workspace.plan())) == "no environment in this plan requires an approval"
