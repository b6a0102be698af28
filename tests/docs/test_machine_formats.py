"""The page about ``--json`` has each field that the five commands print, and those of the classes behind them."""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from multi_env_lambda import Deployment, Output, Outputs, Result, Status
from multi_env_lambda.cli.main import main
from multi_env_lambda.model.branch_environment import BranchEnvironment
from multi_env_lambda.model.freeze import Freeze
from multi_env_lambda.model.plan import BlockedStep, DeployStep, NewerStep, RemovedStep, UnchangedStep
from multi_env_lambda.model.record import LayerReceipt, Loss, ObjectReceipt, PhysicalResource, RolledBack
from multi_env_lambda.model.status import Cell
from multi_env_lambda.model.waiting import WaitingChange
from tests.house import ROOT

from .provoked import Desk

PAGE = (ROOT / "docs/source/04-Reference/machine-formats.rst").read_text("utf-8")
_PARTS = re.split(r"^(\w+)\n-+\n", PAGE, flags=re.MULTILINE)
FIELDS = {
    verb: dict(re.findall(r"^- ``([\w.\[\]]+)``: (.+)$", text, re.MULTILINE))
    for verb, text in zip(_PARTS[1::2], _PARTS[2::2], strict=True)
}
OPEN = ("asked", "steps[].inputs[]", "steps[].rights[]", "steps[].breaks[]", "ENVIRONMENT[].inputs[]")
"""What is inside of these is not described."""
IN_ONE_LINE = ("cells[].outputs[]", "ENVIRONMENT[].objects[]", "ENVIRONMENT[].resources[]", "cells[].rolled_back")
"""Their fields are in the text of their line."""


def names(kind: type) -> set[str]:
    return {field.name for field in attrs.fields(kind)}


def below(verb: str, prefix: str) -> set[str]:
    """The fields on the page right below a path."""
    found = (path.removeprefix(prefix) for path in FIELDS[verb] if path.startswith(prefix))
    return {re.split(r"[.\[]", rest, maxsplit=1)[0] for rest in found if rest}


def test_the_fields_are_those_of_the_classes() -> None:
    steps = {DeployStep, UnchangedStep, NewerStep, BlockedStep, RemovedStep}

    assert below("deploy", "[].") == names(Result)
    assert below("status", "") == names(Status) - {"notes"}
    assert below("status", "cells[].") == names(Cell)
    assert below("history", "ENVIRONMENT[].") == names(Deployment)
    assert below("outputs", "") == names(Outputs)
    assert below("outputs", "items[].") == names(Output)
    assert below("plan", "steps[].") == set().union(*map(names, steps)) | {"hint", "error"}


@pytest.mark.parametrize(
    ("verb", "path", "kind"),
    [
        ("status", "freezes[]", Freeze),
        ("status", "own[]", BranchEnvironment),
        ("status", "waits[]", WaitingChange),
        ("status", "cells[].rolled_back", RolledBack),
        ("history", "ENVIRONMENT[].objects[]", ObjectReceipt),
        ("history", "ENVIRONMENT[].layers[]", LayerReceipt),
        ("history", "ENVIRONMENT[].resources[]", PhysicalResource),
    ],
)
def test_a_line_with_several_fields_names_all_of_them(verb: str, path: str, kind: type) -> None:
    assert set(re.findall(r"``(\w+)``", FIELDS[verb][path])) - {"null"} == names(kind)
    assert names(Loss) == names(PhysicalResource) | {"fate"}


def printed(desk: Desk, words: str) -> Any:
    with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.redirect_stderr(io.StringIO()):
        main(words.split(), start=desk.root, opener=desk._opened)
    return json.loads(said.getvalue())


def paths_in(value: Any, path: str = "") -> Iterator[tuple[str, bool]]:
    """Each path to a value of a document, and whether it is null there."""
    if path in OPEN or path in IN_ONE_LINE:
        yield path, value is None
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from paths_in(each, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for each in value:
            yield from paths_in(each, f"{path}[]")
    else:
        yield path, value is None


@pytest.mark.story
def test_each_field_that_is_printed_is_on_the_page_and_says_whether_it_can_be_null(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    plan = printed(desk, "plan sandbox --json")
    found = [("plan", plan), ("deploy", printed(desk, "deploy sandbox --yes --json"))]
    found.append(("plan", printed(desk, "plan sandbox --json")))
    desk.edit("projects/orders/orders/create.py", "Takes", "Accepts")
    found.append(("plan", printed(desk, "plan sandbox --json")))
    desk.edit("projects/orders/pyproject.toml", "handler =", "handlr =")
    found.append(("plan", printed(desk, "plan sandbox --json")))
    found.append(("status", printed(desk, "status --json")))
    history = printed(desk, "history customers --json")
    found += [("history", {"ENVIRONMENT": past}) for past in history.values()]
    found.append(("outputs", printed(desk, "outputs customers sandbox --json")))

    seen = {(verb, path, null) for verb, document in found for path, null in paths_in(document)}
    missing = {(verb, path) for verb, path, _ in seen if path not in FIELDS[verb] and f"{path}[]" not in FIELDS[verb]}
    silent = {
        (verb, path)
        for verb, path, null in seen
        if null and (verb, path) not in missing and "null" not in FIELDS[verb][path]
    }
    assert missing - {("plan", "steps[].release"), ("plan", "steps[].why[]")} == set()
    assert silent == set()
    assert {step["kind"] for verb, each in found if verb == "plan" for step in each["steps"]} >= {
        "deploy",
        "unchanged",
        "blocked",
    }
