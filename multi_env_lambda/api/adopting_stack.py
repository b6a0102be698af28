"""Brings a running stack under a unit: shows what would happen to each resource, and does it with consent."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from multi_env_lambda.adopt.document import read_document
from multi_env_lambda.adopt.stated import with_names
from multi_env_lambda.api.carry_out import several, watched
from multi_env_lambda.errors import ConfigurationError, PlanStale, Refused
from multi_env_lambda.flow import stack_adoption as flow
from multi_env_lambda.flow.consent import Consent, agree_words, check_kinds
from multi_env_lambda.flow.freezes import freezes_of
from multi_env_lambda.flow.gate import agreed
from multi_env_lambda.host.documents import read_bounded
from multi_env_lambda.host.files import write_atomically
from multi_env_lambda.plan.stack_adoption import StackAdoption
from multi_env_lambda.wording import advice

if TYPE_CHECKING:
    from multi_env_lambda.api.opened import Opened
    from multi_env_lambda.world import World

__all__ = ["adopt_stack", "find_adoption"]

_LARGEST = 5 * 1024 * 1024


def adopt_stack(
    opened: Opened, unit: str, stack: str, environment: str, agree: Iterable[str], approve: Iterable[str]
) -> StackAdoption:
    """Bring it under the unit."""
    answers = frozenset(several(agree))
    check_kinds(answers)
    found = find_adoption(opened, unit, stack, environment)
    _must_be_possible(found)
    if not found.steps:
        return found
    _must_be_agreed(opened.world, found, Consent(allowed=answers, typed=frozenset(several(approve))))
    opened = _stated(opened, found)
    with watched(opened, 1) as world:
        seen = _look(world, opened, unit, stack, environment)
        if _essence(seen.found) != _essence(found):
            what = f"it is no longer what was shown\n{seen.found.text()}"
            raise PlanStale(_where(found), what, hint="run the same command again, and read it")
        if seen.found.steps:
            again = _again(opened, unit, stack, environment)
            flow.carry_out(world, seen, again)
    return found


def find_adoption(opened: Opened, unit: str, stack: str, environment: str) -> StackAdoption:
    """What would be done. Nothing is written."""
    return _look(opened.world, opened, unit, stack, environment).found


def _again(opened: Opened, unit: str, stack: str, environment: str) -> Any:
    return lambda world: _look(world, opened, unit, stack, environment)


def _look(world: World, opened: Opened, unit: str, stack: str, environment: str) -> flow.Seen:
    return flow.look(world, opened.project(unit), environment, stack, _parsed)


def _parsed(text: str, name: str) -> Mapping[str, Any]:
    found: Any = json.loads(text) if text.lstrip().startswith("{") else read_document(text, name).plain()
    if not isinstance(found, Mapping) or not isinstance(found.get("Resources"), Mapping):
        raise ConfigurationError(name, "it has no resources", hint="compare it in the CloudFormation console")
    return found


def _essence(found: StackAdoption) -> object:
    """What somebody agreed to: all but what stating the names has changed."""
    return found.stack_id, [(one.logical_id, one.physical_id, one.fate, one.becomes) for one in found.resources]


def _where(found: StackAdoption) -> str:
    return f"{found.unit} in {found.environment}"


def _must_be_possible(found: StackAdoption) -> None:
    if found.problems:
        hint = "nothing was written; change the unit's template so that it does not want it, or keep it where it is"
        raise Refused(_where(found), "\n".join(found.problems), hint=hint)


def _must_be_agreed(world: World, found: StackAdoption, consent: Consent) -> None:
    for one in freezes_of(world, found.environment, again=True):
        if one.is_about(found.unit):
            raise Refused(_where(found), one.fact, hint=advice("`{}` lifts it", one.lifted_by))
    if wrong := consent.allowed - {question.answer for question in found.questions}:
        what = f"nothing asks for `{sorted(wrong)[0]}`"
        raise ConfigurationError("agree", what, hint=f"the answer is `{found.questions[0].answer}`")
    if not consent.allowed:
        what = f"nobody has agreed to bring the stack {found.source} under the unit"
        raise Refused(_where(found), what, hint=advice("to agree: `{}`", agree_words(found.questions)))
    hint = f"an approval of {found.environment} is given by `approve={found.environment!r}`, where its author may"
    gate = agreed(world, found.environment, found.digest, consent, hint=hint)
    if gate.closed is not None:
        raise gate.closed


def _stated(opened: Opened, found: StackAdoption) -> Opened:
    """The workspace, in whose table the names are stated."""
    if not found.states:
        return opened
    path = opened.root / opened.project(found.unit).folder / "pyproject.toml"
    where = path.relative_to(opened.root).as_posix()
    text = read_bounded(path, where, _LARGEST).decode("utf-8")
    write_atomically(path, with_names(text, found.states, where).encode("utf-8"))
    return opened.again()
