"""The text of ``stack.py``: resources, permissions and variables in, Python out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from multi_env_lambda.adopt.filled import Filled, Symbol
from multi_env_lambda.adopt.found import Ours, Stack

__all__ = ["import_of", "python_of", "stack_text"]

_WIDTH = 120
_IN_CONTEXT = {"environment": "name", "region": "region", "account_id": "account_id"}
_HEAD = '''"""What the unit has besides the tables in pyproject.toml, as it was in {source}."""

from typing import Any

from multi_env_lambda import Context


def extend(template: Any, context: Context) -> None:
    """Add it to the template; what differs depends on the environment."""
'''

Call = tuple[str, tuple[Any, ...]]


def stack_text(stacks: Mapping[str, Stack], source: str) -> str | None:
    """The file, or None if no environment needs one.

    Args:
        stacks: what each environment has. source: the file that it was read from.
    """
    calls: dict[tuple[Any, ...], dict[str, Call]] = {}
    for environment, stack in stacks.items():
        for identity, call in _calls(stack):
            calls.setdefault(identity, {})[environment] = call
    body = [line for by_environment in calls.values() for line in _statement(by_environment, len(stacks))]
    return _HEAD.format(source=source) + "\n".join(f"    {line}" for line in body) + "\n" if body else None


def _calls(stack: Stack) -> Iterator[tuple[tuple[Any, ...], Call]]:
    """Each with what makes it the same one in another environment."""
    for name, body in stack.resources.items():
        yield ("merge", name), ("merge", (name, body))
    for grant in stack.grants:
        actions, resources = list(grant.actions), list(grant.resources)
        yield ("allow", grant.function, *actions, python_of(resources)), ("allow", (grant.function, actions, resources))
    for variable in stack.variables:
        named = variable.function, variable.name
        yield ("variable", *named), ("set_environment", (*named, variable.value))


def _statement(found: Mapping[str, Call], environments: int) -> Iterator[str]:
    """The call; or one for each group of environments in which it is the same, where it is not the same in all."""
    groups: dict[str, list[str]] = {}
    for environment, call in found.items():
        groups.setdefault("\n".join(_call(*call)), []).append(environment)
    by_size = sorted(groups.items(), key=lambda group: len(group[1]))
    is_everywhere = len(found) == environments
    for number, (text, names) in enumerate(by_size):
        if is_everywhere and number == len(by_size) - 1:
            if len(by_size) > 1:
                yield "else:"
        else:
            test = f"== {python_of(names[0])}" if len(names) == 1 else f"in {python_of(names)}"
            yield f"{'if' if number == 0 else 'elif'} context.environment.name {test}:"
        indent = "" if is_everywhere and len(by_size) == 1 else "    "
        yield from (f"{indent}{line}" for line in text.split("\n"))


def _call(method: str, arguments: tuple[Any, ...]) -> Iterator[str]:
    line = f"context.{method}({', '.join(python_of(one) for one in arguments)})"
    if len(line) + 8 <= _WIDTH:
        yield line
        return
    yield f"context.{method}("
    for one in arguments:
        lines = list(_wrapped(one, ""))
        yield from (f"    {line}" for line in lines[:-1])
        yield f"    {lines[-1]},"
    yield ")"


def _wrapped(value: Any, key: str, depth: int = 0) -> Iterator[str]:
    """In as few lines as fit; ``key`` stands before the first of them."""
    line = f"{key}{python_of(value)}"
    if len(line) + 4 * depth + 16 <= _WIDTH or not isinstance(value, Mapping | list | tuple) or not value:
        yield line
        return
    entries = (
        [(f"{python_of(name)}: ", one) for name, one in value.items()]
        if isinstance(value, Mapping)
        else [("", one) for one in value]
    )
    first, last = "{}" if isinstance(value, Mapping) else "[]"
    yield f"{key}{first}"
    for name, one in entries:
        lines = list(_wrapped(one, name, depth + 1))
        yield from (f"    {line}" for line in lines[:-1])
        yield f"    {lines[-1]},"
    yield last


def python_of(value: Any) -> str:
    """The value in one line of Python.

    >>> python_of({"Fn::GetAtt": ["Table", "Arn"], "Target": Ours("alias", "create")})
    '{"Fn::GetAtt": ["Table", "Arn"], "Target": context.alias("create")}'
    """
    match value:
        case Ours(method=method, key=key):
            return f"context.{method}({python_of(key)})"
        case Mapping():
            return "{" + ", ".join(f"{python_of(key)}: {python_of(one)}" for key, one in value.items()) + "}"
        case list() | tuple():
            return f"[{', '.join(python_of(one) for one in value)}]"
        case Filled():
            return _with_values(value)
        case str():
            text = json.dumps(value, ensure_ascii=False)
            return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
        case _:
            return repr(value)


def _with_values(text: Filled) -> str:
    """A text with the values of the environment that the template is for.

    >>> python_of(Filled(("orders-", Symbol("environment", "sandbox"))))
    'f"orders-{context.environment.name}"'
    """
    written = ""
    for part in text.parts:
        if isinstance(part, Symbol):
            written += f"{{context.environment.{_IN_CONTEXT[part.name]}}}"
        else:
            written += python_of(part)[1:-1].replace("{", "{{").replace("}", "}}")
    return f'f"{written}"'


def import_of(module: str, name: str, called: str) -> str:
    """The lines that import something, which may be called as no statement of Python can call it.

    >>> import_of("a.b", "c", "_c"), import_of("a-b", "c", "_c")
    ('from a.b import c as _c', "import importlib\\n\\n_c = getattr(importlib.import_module('a-b'), 'c')")
    """
    if all(part.isidentifier() for part in (*module.split("."), name)):
        return f"from {module} import {name} as {called}"
    return f"import importlib\n\n{called} = getattr(importlib.import_module({module!r}), {name!r})"
