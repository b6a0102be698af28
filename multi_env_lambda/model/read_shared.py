"""Reads ``shared``: the other folders of the repository that a unit is made from."""

from __future__ import annotations

from pathlib import PurePosixPath

from multi_env_lambda.model.reading import Table

__all__ = ["read_shared"]


def read_shared(table: Table, folder: str) -> tuple[str, ...]:
    """Folders as written, in normal form; this checks only the text, whether they exist is checked later."""
    found: list[str] = []
    hint = 'write the path from the top of the repository, with `/`: for example "libs/common"'
    for number, text in enumerate(table.texts("shared")):
        path = PurePosixPath(text)
        plain = "\\" not in text and text.isprintable() and text.strip() and not text.startswith("~")
        if not plain or path.is_absolute() or ".." in path.parts or ":" in text or str(path) == ".":
            what = f'found "{text}"; expected a relative path that stays inside the repository'
            table.refuse(f"shared[{number}]", what, hint=hint)
        own = PurePosixPath(folder)
        if own.is_relative_to(path):
            what = f'found "{text}", which overlaps the unit\'s own folder {folder}'
            table.refuse(f"shared[{number}]", what, hint="the unit's own folder is always included; remove this")
        found.append(str(path))
    return tuple(sorted(set(found)))
