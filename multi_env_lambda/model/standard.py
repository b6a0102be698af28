"""The standard table ``[project]`` of a unit: its name, version, dependencies and Python."""

from __future__ import annotations

from collections.abc import Mapping

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from multi_env_lambda.model.name import PROJECT_NAME, normalised
from multi_env_lambda.model.reading import Table

__all__ = [
    "is_undeclared",
    "read_dependencies",
    "read_dynamic",
    "read_name",
    "read_requires_python",
    "read_version",
    "standard_table",
]


def is_undeclared(document: Mapping[str, object]) -> bool:
    """Whether a unit's file has our table, but no ``[project]``."""
    tools = document.get("tool")
    return "project" not in document and isinstance(tools, dict) and "multi_env_lambda" in tools


def standard_table(document: Mapping[str, object], where: str) -> Table:
    outer = Table(where=where, path="", values=document)
    outer.require("project", hint="add [project] with name and version")
    return outer.table("project")


def read_dynamic(table: Table) -> tuple[str, ...]:
    """The keys that its backend has to say, of those that count here; sorted.

    Source: https://packaging.python.org/en/latest/specifications/pyproject-toml/#dynamic
    """
    said = sorted({*table.texts("dynamic")} & {"version", "dependencies", "requires-python"})
    for key in said:
        if key in table.values:
            table.refuse("dynamic", f"found `{key}`, which has a value, too", hint="remove one of them")
    return tuple(said)


def read_name(table: Table) -> str:
    name = normalised(table.text("name", hint='add `name = "…"`, usually the name of the folder'))
    if not PROJECT_NAME.accepts(name):
        table.wrong("name", allowed=PROJECT_NAME.allowed, hint=PROJECT_NAME.hint)
    return name


def read_version(table: Table, versioning: str) -> str:
    text = table.text("version", hint='add `version = "0.1.0"`')
    try:
        version = Version(text)
    except InvalidVersion:
        table.wrong("version", allowed="a version as in PEP 440", hint='for example "0.1.1"')
    if version.local or version.epoch:
        hint = f'write "{version.base_version.rpartition("!")[2]}"; `+` and `!` cause trouble in object keys'
        table.wrong("version", allowed="a version without `+local` part and without `epoch!`", hint=hint)
    if versioning == "post" and (version.is_postrelease or version.is_devrelease):
        hint = 'post releases are numbered automatically; write the plain version, or set `versioning = "strict"`'
        table.wrong("version", allowed="a version without .post and .dev", hint=hint)
    return str(version)


def read_dependencies(table: Table) -> tuple[str, ...]:
    found = table.texts("dependencies")
    for number, text in enumerate(found):
        try:
            Requirement(text)
        except (InvalidRequirement, RecursionError):
            what = f'found "{text}"; expected a requirement as in PEP 508'
            table.refuse(f"dependencies[{number}]", what, hint='for example "pydantic>=2"')
    return found


def read_requires_python(table: Table) -> str | None:
    text = table.optional_text("requires-python")
    try:
        SpecifierSet(text or "")
    except InvalidSpecifier:
        table.wrong("requires-python", allowed="a version specifier", hint='for example ">=3.11"')
    return text
