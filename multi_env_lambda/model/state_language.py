"""What Step Functions would refuse of a definition in the Amazon States Language: found before anything is written.

Source: https://states-language.net/spec.html (fields of states), and of express workflows
https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from multi_env_lambda.model.reading import did_you_mean, enumerated

__all__ = ["problem_with_definition", "substituted_names"]

_TYPES = ("Choice", "Fail", "Map", "Parallel", "Pass", "Succeed", "Task", "Wait")
_ENDS = ("Choice", "Fail", "Succeed")
"""Those that need neither `Next` nor `End`."""
_NOT_EXPRESS = (".sync", ".sync:2", ".waitForTaskToken")
_NAME = re.compile(r"\$\{([A-Za-z0-9_]+)\}")

Problem = tuple[str, str, str]
"""The key, what is wrong there, and a hint."""


def substituted_names(text: str) -> frozenset[str]:
    """The names in ``${…}``, which CloudFormation replaces.

    >>> sorted(substituted_names('{"Resource": "${Pay}"}'))
    ['Pay']
    """
    return frozenset(_NAME.findall(text))


def problem_with_definition(definition: Mapping[str, Any], *, express: bool) -> Problem | None:
    """The first thing that Step Functions would refuse; None if there is none."""
    return next(_of_machine(definition, "", express), None)


def _of_machine(machine: Mapping[str, Any], before: str, express: bool) -> Iterator[Problem]:
    states, start = machine.get("States"), machine.get("StartAt")
    if not isinstance(states, Mapping) or not states:
        yield f"{before}States", "expected a table with at least one state", "for example a state of `Type` Task"
        return
    if not _is_there(start, states):
        found = "is missing" if start is None else f"names the state `{start}`, which is not there"
        yield f"{before}StartAt", found, did_you_mean(start, states)
    yield from _not_reached(states, before, start)
    for name, state in states.items():
        where = f"{before}States.{name}"
        if not isinstance(state, Mapping):
            yield where, "expected a table", 'for example `Type = "Pass"`'
            continue
        yield from _of_state(state, where, states, express)


def _not_reached(states: Mapping[str, Any], before: str, start: object) -> Iterator[Problem]:
    """Source: https://github.com/localstack/localstack/issues/11978 (what AWS says about such a state)"""
    inner = [state for state in states.values() if isinstance(state, Mapping)]
    reached = {str(target) for state in inner for _, target in _targets(state)} | {str(start)}
    for name in states:
        if name not in reached:
            yield f"{before}States.{name}", "no other state leads to it", "name it in `Next`, or remove it"


def _of_state(state: Mapping[str, Any], where: str, states: Mapping[str, Any], express: bool) -> Iterator[Problem]:
    kind = state.get("Type")
    if kind not in _TYPES:
        yield f"{where}.Type", f"found {kind!r}; expected {enumerated(_TYPES)}", did_you_mean(kind, _TYPES, listed=True)
        return
    for key, target in _targets(state):
        if not _is_there(target, states):
            yield f"{where}.{key}", f"there is no state `{target}`", did_you_mean(target, states)
    if kind not in _ENDS and ("Next" in state) == (state.get("End") is True):
        yield where, "expected either `Next` or `End = true`", "say what comes after it"
    yield from _of_kind(kind, state, where, express)


def _of_kind(kind: str, state: Mapping[str, Any], where: str, express: bool) -> Iterator[Problem]:
    resource = state.get("Resource")
    if kind == "Task" and not isinstance(resource, str):
        yield f"{where}.Resource", "`Resource` is missing", "for example `${Pay}`, or `arn:aws:states:::lambda:invoke`"
    if kind == "Task" and express and str(resource).endswith(_NOT_EXPRESS):
        what = f"found `{resource}`; an express workflow waits neither for a job nor for a token"
        yield f"{where}.Resource", what, "set `type` to `standard`, or leave the ending out"
    choices = state.get("Choices")
    if kind == "Choice" and not (isinstance(choices, list) and choices):
        yield f"{where}.Choices", "expected a list with at least one choice", "each has a condition and `Next`"
    if kind == "Map":
        key = "ItemProcessor" if "ItemProcessor" in state else "Iterator"
        yield from _inside(state.get(key), f"{where}.{key}", express)
    if kind == "Parallel":
        branches = state.get("Branches")
        if not isinstance(branches, list) or not branches:
            yield f"{where}.Branches", "expected a list with at least one branch", "each has `StartAt` and `States`"
            return
        for number, branch in enumerate(branches):
            yield from _inside(branch, f"{where}.Branches[{number}]", express)


def _is_there(name: object, states: Mapping[str, Any]) -> bool:
    return isinstance(name, str) and name in states


def _inside(machine: object, where: str, express: bool) -> Iterator[Problem]:
    if isinstance(machine, Mapping):
        yield from _of_machine(machine, f"{where}.", express)
    else:
        yield where, "expected a table with `StartAt` and `States`", "these are the states that it runs"


def _targets(state: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every state that may come next."""
    for key in ("Next", "Default"):
        if key in state:
            yield key, state[key]
    for key in ("Choices", "Catch"):
        found = state.get(key)
        for number, item in enumerate(found if isinstance(found, list) else []):
            if isinstance(item, Mapping) and "Next" in item:
                yield f"{key}[{number}].Next", item["Next"]
