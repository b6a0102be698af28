"""The files of an adopted unit: values in, texts out, and which of them may be written over existing ones."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, Literal

import attrs

from multi_env_lambda.adopt.joined import Adopted
from multi_env_lambda.adopt.python_text import stack_text
from multi_env_lambda.adopt.toml_text import toml_of
from multi_env_lambda.errors import ConfigurationError

__all__ = ["MARK", "RECORD", "Decided", "decided", "digest_of", "read_record", "record_text", "unit_files"]

RECORD = ".adopted.json"
"""In the unit's folder: what ``adopt`` wrote, so that it later knows what a person has changed since."""

MARK = "# From "
"""Begins what ``adopt`` writes at the end of a ``pyproject.toml``."""

_FORMAT = 1
_HINT = "delete the file, then what is there counts as yours"


def unit_files(adopted: Adopted, source: str) -> dict[str, str]:
    """By path, relative to the unit's folder; without its code and its lock. No name of a file becomes code."""
    name = re.sub(r"[^\w .()-]", "_", source)
    table = f"{MARK}{name}, written by `adopt`.\n{toml_of(adopted.table)}"
    if adopted.overrides:
        listed = toml_of({"override-dependencies": list(adopted.overrides)}, "tool.uv")
        table += f"\n# The versions that the project names cannot be installed for this runtime.\n{listed}"
    stack = stack_text(adopted.stacks, name)
    return {"pyproject.toml": table, **({"stack.py": stack} if stack else {}), **adopted.files}


@attrs.frozen(kw_only=True)
class Decided:
    """What becomes of one file: ``kept`` is the word for one that a person has written or changed."""

    path: str
    what: Literal["written", "updated", "unchanged", "kept", "removed"]
    body: bytes | None = None


def decided(wanted: Mapping[str, bytes], there: Mapping[str, bytes], written: Mapping[str, str]) -> tuple[Decided, ...]:
    """What to do with each file.

    Args:
        wanted: the files to write, by path. there: the existing ones of these, and of ``written``.
        written: the SHA-256 of what ``adopt`` wrote before, by path.
    """
    found = []
    for path, body in wanted.items():
        old = there.get(path)
        if old is None:
            found.append(Decided(path=path, what="written", body=body))
        elif old == body:
            found.append(Decided(path=path, what="unchanged"))
        elif digest_of(old) == written.get(path):
            found.append(Decided(path=path, what="updated", body=body))
        else:
            found.append(Decided(path=path, what="kept", body=body))
    for path, digest in written.items():
        if path not in wanted and path in there:
            is_ours = digest_of(there[path]) == digest
            found.append(Decided(path=path, what="removed" if is_ours else "kept"))
    return tuple(found)


def digest_of(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def record_text(source: str, files: Mapping[str, str], values: Mapping[str, Any]) -> str:
    """What to remember. files: SHA-256 by path. values: those that were given for the project, to use them again."""
    document = {"format": _FORMAT, "source": source, "files": dict(sorted(files.items())), "values": values}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def read_record(text: str, where: str) -> tuple[dict[str, str], dict[str, Any]]:
    """The SHA-256 by path, and the values.

    Raises:
        ConfigurationError: it is not such a record, or a newer version has written it.
    """
    try:
        document = json.loads(text)
        newer = document["format"] > _FORMAT
        files, values = document["files"], document["values"]
        is_one = all(isinstance(part, str) for pair in files.items() for part in pair) and isinstance(values, dict)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ConfigurationError(where, f"is not a record of `adopt`: {error!r}", hint=_HINT) from error
    if newer:
        raise ConfigurationError(where, "a newer version of this library has written it", hint="upgrade this library")
    if not is_one:
        raise ConfigurationError(where, "is not a record of `adopt`", hint=_HINT)
    return files, values
