"""What bringing a running stack under a unit does, for people: each resource, then the steps in their order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from multi_env_lambda.model.visible import one_line
from multi_env_lambda.plan.stack_adoption import Fate, ResourceFate, StackAdoption, Step
from multi_env_lambda.wording import counted

__all__ = ["stack_adoption_text"]

_TITLES: dict[Fate, str] = {
    "stays": "stays where it is, with its name and its data",
    "moves": "moves into the unit's stack, with its name and its data",
    "moved": "has left the old stack already, and is imported, or will be",
    "replaced": "replaced by the unit, under another name",
    "left": "stays in the account with its data; the unit has nothing like it",
    "attached": "stays with what it belongs to, also when the old stack is deleted",
    "goes": "stays in the old stack until that is deleted",
}
_GOES_HERE = "replaced, or deleted, by the next deploy"


def stack_adoption_text(found: StackAdoption) -> str:
    return "\n".join(map(one_line, _lines(found)))


def _lines(found: StackAdoption) -> Iterator[str]:
    yield f"the stack {found.source} in {found.environment} and the unit {found.unit}, whose stack is {found.target}"
    yield f"  it is {found.stack_id}"
    for fate, title in _TITLES.items():
        items = found.of(fate)
        if items:
            yield f"  {_GOES_HERE if fate == 'goes' and found.source == found.target else title}"
            for item in items:
                yield from _resource(item)
    if found.states:
        yield f"  written into the pyproject.toml of {found.unit}, so that the next deploy keeps the names"
        for header, name in found.states:
            yield f"    {header}"
            yield f'    name = "{name}"'
    for problem in found.problems:
        yield f"  ! {problem}"
    if not found.problems:
        yield "  what is done" if found.steps else "  nothing is to be done"
        yield from (f"    {number}. {_step(step, found)}" for number, step in enumerate(found.steps, 1))


def _resource(item: ResourceFate) -> Iterator[str]:
    physical = f" ({item.physical_id})" if item.physical_id else ""
    becomes = f" → {item.becomes}" if item.becomes and item.becomes != item.logical_id else ""
    yield f"    {item.type} {item.logical_id}{physical}{becomes}"
    if item.to_keep_name:
        yield "      to keep its name, write this before:"
        yield from (f"      {line}" for line in item.to_keep_name)


def _step(step: Step, found: StackAdoption) -> str:
    match step:
        case "state":
            return "state the names"
        case "retain":
            return f"set DeletionPolicy and UpdateReplacePolicy to Retain in {found.source}; no resource changes"
        case "release":
            what = counted(len(found.of("moves")), "resource")
            return f"take {what} out of {found.source}, which retains them; what refers to them gets their names"
        case "import":
            return f"import them into {found.target}, one after the other"
        case "claim":
            return f"give {found.source} the tags of this unit; its resources stay as they are"
        case _:
            assert_never(step)
