"""What all functions of a template have in common here: one runtime, one architecture, the packages of layers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from multi_env_lambda.adopt.cfn_draft import Draft
from multi_env_lambda.adopt.cfn_values import Values
from multi_env_lambda.adopt.document import Node
from multi_env_lambda.adopt.found import Grant, Reading, Stack
from multi_env_lambda.adopt.sam_source import Source

__all__ = ["reading_of"]


def reading_of(draft: Draft, source: Source, functions: Mapping[str, Mapping[str, Node]], values: Values) -> Reading:
    runtimes = {name: str(values.of(one["Runtime"])) for name, one in functions.items()}
    unit: dict[str, Any] = {"runtime": _runtime(draft, functions, runtimes, source.runtimes)}
    architectures = {name: _architecture(values.of(one.get("Architectures"))) for name, one in functions.items()}
    chosen = Counter(architectures.values()).most_common(1)[0][0]
    unit["architecture"] = chosen
    for name, architecture in architectures.items():
        node = functions[name].get("Architectures")
        if architecture != chosen:
            why = "a unit has one, that of most of its functions"
            draft.changed(name, "Architectures", node or functions[name]["Handler"], chosen, why)
        elif node is not None:
            draft.carried(name, "Architectures", node, f'architecture = "{chosen}"')
    _packages(draft, source)
    shared = sorted({*draft.layers.values()} - {""})
    if shared or draft.shared:
        unit["shared"] = sorted({*shared, *draft.shared})
    unit["functions"] = {key: _ordered(table) for key, table in draft.tables.items()}
    return Reading(
        table={**unit, **draft.unit_table},
        stack=Stack(resources=draft.resources, grants=tuple(_grants(draft)), variables=tuple(draft.variables)),
        folders=(*draft.folders, *(str(PurePosixPath(one).relative_to(source.folder)) for one in shared)),
        files=draft.files,
        told="an ended one" if {*runtimes.values()}.isdisjoint(source.runtimes) else "this one",
    )


def _grants(draft: Draft) -> Iterable[Grant]:
    """Each once; bodies cannot be hashed, so their text decides."""
    seen: set[str] = set()
    for grant in draft.grants:
        if str(grant) not in seen:
            seen.add(str(grant))
            yield grant


def _runtime(
    draft: Draft, functions: Mapping[str, Mapping[str, Node]], runtimes: Mapping[str, str], there: tuple[str, ...]
) -> str:
    known = [one for one in runtimes.values() if one in there]
    chosen = Counter(known).most_common(1)[0][0] if known else there[0]
    for name, runtime in runtimes.items():
        if runtime != chosen:
            old = f"AWS does not accept {runtime} any more" if runtime not in there else "a unit has one"
            draft.changed(name, f"Runtime {runtime}", functions[name]["Runtime"], f'runtime = "{chosen}"', old)
        else:
            draft.carried(name, "Runtime", functions[name]["Runtime"], f'runtime = "{chosen}"')
    return chosen


def _architecture(value: Any) -> str:
    first = value[0] if isinstance(value, list) and value else value
    return "arm64" if first == "arm64" else "x86_64"


def _packages(draft: Draft, source: Source) -> None:
    """Requirements for layers of others; a requirements.txt that is there stays as it is."""
    if not draft.packages:
        return
    text = "".join(f"{one}\n" for one in sorted(draft.packages))
    if "requirements.txt" not in source.files:
        draft.files["requirements.txt"] = text
        return
    folder = "packages-of-layers"
    draft.files[f"{folder}/requirements.txt"] = text
    draft.shared.append(f"{source.folder}/{folder}")


_ORDER = ("handler", "root", "description", "memory_size", "timeout")


def _ordered(table: Mapping[str, Any]) -> dict[str, Any]:
    """In the order in which people write it."""
    first = {key: table[key] for key in _ORDER if key in table}
    return {**first, **{key: value for key, value in table.items() if key not in first and value not in ({}, [])}}
