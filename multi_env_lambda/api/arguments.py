"""Refuses arguments of the wrong type, by the annotations of the method, before anything is read or written."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.nearest import enumerated

__all__ = ["checked", "checked_methods"]

Call = TypeVar("Call", bound=Callable[..., Any])
Class = TypeVar("Class", bound=type)


class _Kind(NamedTuple):
    """What one part of an annotation accepts, and how a message calls it."""

    words: str
    accepts: Callable[[object], bool]


def _is_plan(value: object) -> bool:
    from multi_env_lambda.model.plan import Plan
    from multi_env_lambda.plan.removal import Removal

    return isinstance(value, Plan | Removal)


def _is_list(value: object) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, bytes | Mapping)


_PATH = _Kind("a path", lambda value: isinstance(value, str | os.PathLike))
_MAPPING = _Kind("a dict", lambda value: isinstance(value, Mapping))
_TEXTS = _Kind("a list of texts", _is_list)

_KINDS: Mapping[str, _Kind] = {
    "None": _Kind("None", lambda value: value is None),
    "str": _Kind("text", lambda value: isinstance(value, str)),
    "bool": _Kind("True or False", lambda value: isinstance(value, bool)),
    "int": _Kind("a whole number", lambda value: isinstance(value, int) and not isinstance(value, bool)),
    "str | os.PathLike[str]": _PATH,
    "Iterable[str]": _TEXTS,
    "Names": _Kind("the name of a unit or a list of names", _is_list),
    "Mapping[str, str]": _MAPPING,
    "Mapping[str, Any]": _MAPPING,
    "Plan | Removal": _Kind("a plan", _is_plan),
    "Saved": _Kind(
        "a plan, its document or the file that it was saved to",
        lambda value: isinstance(value, str | os.PathLike | Mapping) or _is_plan(value),
    ),
    "Dialog": _Kind(
        "an object with the methods `show` and `agree`",
        lambda value: callable(getattr(value, "show", None)) and callable(getattr(value, "agree", None)),
    ),
    "Callable": _Kind("a function", callable),
}
"""By annotation. Parameters with any other are not checked here: what they accept is said where they are read."""


def checked(call: Call) -> Call:
    """The same function, which first looks at its arguments.

    Raises:
        ConfigurationError: an argument is not what its annotation says.
    """

    @functools.wraps(call)
    def wrapper(*args: Any, **named: Any) -> Any:
        for parameter, value in _given(call, args, named):
            _check(call, parameter, value)
        return call(*args, **named)

    return wrapper  # type: ignore[return-value]


def checked_methods(owner: Class) -> Class:
    """The same class; each of its public methods first looks at its arguments."""
    made: dict[Any, Any] = {}
    for name, found in list(vars(owner).items()):
        if isinstance(found, classmethod) and not name.startswith("_"):
            setattr(owner, name, classmethod(checked(found.__func__)))
        elif inspect.isfunction(found) and (not name.startswith("_") or name == "__getitem__"):
            made.setdefault(found, checked(found))
            setattr(owner, name, made[found])
    return owner


@functools.cache
def _signature(call: Callable[..., Any]) -> inspect.Signature:
    return inspect.signature(call)


def _given(call: Callable[..., Any], args: tuple[Any, ...], named: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    try:
        bound = _signature(call).bind(*args, **named)
    except TypeError:
        return  # Python says itself that an argument is missing, or that there is no such argument.
    for name, value in bound.arguments.items():
        parameter = _signature(call).parameters[name]
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            yield from ((parameter, one) for one in value)
        else:
            yield parameter, value


@functools.cache
def _kinds(annotation: object) -> tuple[_Kind, ...]:
    """The kinds of an annotation, none if a part of it is not known here."""
    text = str(annotation)
    if text in _KINDS:
        return (_KINDS[text],)
    parts = text.removesuffix(" | None")
    words = [parts, *(["None"] if parts != text else [])]
    found = [_KINDS.get("Callable" if word.startswith("Callable[") else word) for word in words]
    return tuple(kind for kind in found if kind) if all(found) else ()


def _check(call: Callable[..., Any], parameter: inspect.Parameter, value: object) -> None:
    kinds = _kinds(parameter.annotation)
    if not kinds or any(kind.accepts(value) for kind in kinds):
        return
    verb = call.__name__.strip("_")
    if parameter.kind is inspect.Parameter.VAR_POSITIONAL and parameter.name != "command":
        what = f"found {value!r:.80} where a unit's name was expected"
        apart = f'pass each name on its own: `{verb}("orders", "reports")`'
        raise ConfigurationError("units", what, hint=_name_of(value) or apart)
    what = f"found {value!r:.80}; expected {enumerated(kind.words for kind in kinds)}"
    raise ConfigurationError(parameter.name, what, hint=_hint(call, kinds, value))


def _hint(call: Callable[..., Any], kinds: tuple[_Kind, ...], value: object) -> str:
    name = _name_of(value) if _KINDS["str"] in kinds else ""
    return name or f"`help({call.__qualname__})` explains the arguments"


def _name_of(value: object) -> str:
    name = getattr(value, "name", None)
    return f'pass its name: `"{name}"`' if isinstance(name, str) else ""
