"""The variables that modules read when they are imported, and that the other tool's files do not say.

In the account they may have been set by hand, or by a file that only some machine has. Only a person knows them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

from multi_env_lambda.adopt.cfn_draft import key_of
from multi_env_lambda.adopt.found import Carried, Changed, Finding, NotCarried, Place, Reading
from multi_env_lambda.adopt.modules import Read, modules_of, variables_of
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.function import RESERVED_VARIABLES
from multi_env_lambda.model.plain_secrets import plain_secret, says_so

__all__ = ["PREFIX", "called_there", "check_variables", "with_variables"]

PREFIX = "variable:"
"""Before the name of a variable of functions that is given: ``variable:TABLE=orders``."""

_SET_BY_LAMBDA = RESERVED_VARIABLES | {"LANG", "PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "TZ"}


def check_variables(readings: Mapping[str, Reading], texts: Mapping[str, str], given: Mapping[str, Any]) -> None:
    """That something reads each variable that is given.

    Raises:
        ConfigurationError: nothing does.
    """
    read = {one.name for reading in readings.values() for _, _, one in _read_by_functions(reading, texts)}
    for table in given.values():
        for name in table:
            variable = name.removeprefix(PREFIX)
            if name.startswith(PREFIX) and variable not in read:
                what = f"no function reads the variable `{variable}`"
                raise ConfigurationError("values for adopt", what, hint="correct its name, or leave it out")


def with_variables(reading: Reading, texts: Mapping[str, str], given: Mapping[str, str]) -> Reading:
    """With the given variables in the functions that read them; what else an import needs is said.

    Args:
        texts: the project's Python files, by path. given: what counts in the environment that was read.
    """
    functions = {key: dict(table) for key, table in reading.table.get("functions", {}).items()}
    secrets: dict[str, Any] = {}
    findings: list[Finding] = []
    called = called_there(reading.findings)
    for key, path, one in _read_by_functions(reading, texts):
        place, function = Place(path, one.line), called.get(key, key)
        value = given.get(f"{PREFIX}{one.name}")
        if value is not None and not says_so(one.name) and plain_secret(one.name, value) is None:
            _add(functions[key], one.name, value)
            findings.append(_carried(function, one, place))
        elif (one.needed and says_so(one.name)) or value is not None:
            secret = key_of(one.name.lower(), {}, 40, ())
            secrets[secret] = {"description": f"the variable {one.name}"}
            _add(functions[key], one.name, {"secret": secret})
            findings.append(_secret(function, one, place, secret))
        elif not one.has_default:
            findings.append(_left(function, one, place))
    if not findings:
        return reading
    table = dict(reading.table)
    if secrets:
        table["secrets"] = {**secrets, **table.get("secrets", {})}
    return attrs.evolve(reading, table={**table, "functions": functions}, findings=(*reading.findings, *findings))


def called_there(findings: Iterable[Finding]) -> dict[str, str]:
    """The names that functions have in the other tool, by their key."""
    return {key_of(one.function, {}, 40): one.function for one in findings if one.function}


def _add(table: dict[str, Any], name: str, value: Any) -> None:
    table["environment"] = {**table.get("environment", {}), name: value}


def _carried(function: str, one: Read, place: Place) -> Carried:
    return Carried(function=function, what=f"variable {one.name}", place=place, to=f"environment.{one.name}, as given")


def _secret(function: str, one: Read, place: Place, secret: str) -> Changed:
    reason = "nothing says its value, and its name says that it is a secret: put the value there after the first deploy"
    to = f'{{ secret = "{secret}" }}'
    return Changed(function=function, what=f"variable {one.name}", place=place, to=to, reason=reason)


def _left(function: str, one: Read, place: Place) -> NotCarried:
    why = "its module cannot be imported without it" if one.needed else "its code reads it without a default"
    way = f"adopt it again and give `{PREFIX}{one.name}=…`"
    if says_so(one.name):
        way = f'its name says that it is a secret: write `environment.{one.name} = {{ secret = "…" }}` for the function'
    reason = f"{why}, and nothing says its value: {way}"
    return NotCarried(function=function, what=f"variable {one.name}", place=place, reason=reason)


def _read_by_functions(reading: Reading, texts: Mapping[str, str]) -> Iterator[tuple[str, str, Read]]:
    """Each function with what its modules read and nothing sets, and the file in which that is."""
    texts = {**reading.files, **texts}
    everywhere = reading.table.get("environment", {})
    for key, table in reading.table.get("functions", {}).items():
        own = {one.name for one in reading.stack.variables if one.function == key}
        known = {*everywhere, *table.get("environment", {}), *own, *_SET_BY_LAMBDA}
        found: dict[str, tuple[str, Read]] = {}
        for path in modules_of(table, texts):
            for one in variables_of(texts[path]):
                if one.name not in known and (one.name not in found or (one.needed and not found[one.name][1].needed)):
                    found[one.name] = (path, one)
        yield from ((key, path, one) for path, one in found.values())
