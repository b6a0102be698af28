"""Requirements that a unit gets in addition to the list of the project, which stays as it is."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import attrs

from multi_env_lambda.adopt.joined import Adopted

__all__ = ["with_more_in", "with_requirements"]

_FOLDER = "more-packages"


def with_requirements(adopted: Adopted, lines: Collection[str], folder: str, *, is_listed: bool) -> Adopted:
    """The unit with these lines in its ``requirements.txt``; in a shared folder if the project has a list.

    Args:
        folder: of the unit, relative to the root. is_listed: whether the top of the project has a list.
    """
    if not lines:
        return adopted
    table, path = adopted.table, "requirements.txt"
    if is_listed:
        path = f"{_FOLDER}/requirements.txt"
        table = with_more_in(table, "shared", [f"{folder}/{_FOLDER}"])
    whole = {*adopted.files.get(path, "").splitlines(), *lines}
    text = "".join(f"{one}\n" for one in sorted(whole, key=str.lower))
    return attrs.evolve(adopted, table=table, files={**adopted.files, path: text})


def with_more_in(table: Mapping[str, object], key: str, more: Collection[str]) -> dict[str, object]:
    """A table with more in one of its lists, before the tables in it."""
    before = table.get(key)
    whole = sorted({*(before if isinstance(before, list) else ()), *more})
    first = {name: one for name, one in table.items() if not isinstance(one, Mapping)}
    return {**first, key: whole, **{name: one for name, one in table.items() if isinstance(one, Mapping)}}
