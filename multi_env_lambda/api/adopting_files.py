"""Writes the files of an adopted unit, and says which are its own."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import attrs

from multi_env_lambda.adopt.found import Changed, Place
from multi_env_lambda.adopt.joined import Adopted
from multi_env_lambda.adopt.written import MARK, RECORD, Decided, digest_of, record_text
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.host.files import write_atomically

__all__ = ["appendable", "as_it_lies", "must_be_inside", "with_own", "write_files"]

_OF_SETUPTOOLS = {"setup.py": re.compile(r"\S"), "setup.cfg": re.compile(r"(?m)^\[(metadata|options)\b")}
_OURS = re.compile(r"^\[tool\.multi_env_lambda", re.MULTILINE)


def as_it_lies(adopted: Adopted, text: Callable[[str], str | None]) -> Adopted:
    """Where something could build the project, it is not asked: the other tools pack what lies in the folder.

    A project whose ``[project]`` leaves something to a backend is built, because nothing else knows it.
    """
    document = _toml(text("pyproject.toml"))
    tools, standard = document.get("tool"), document.get("project")
    file = "pyproject.toml" if "build-system" in document or (isinstance(tools, dict) and "setuptools" in tools) else ""
    file = file or next((one for one in ("setup.py", "setup.cfg") if _OF_SETUPTOOLS[one].search(text(one) or "")), "")
    if not file or (isinstance(standard, dict) and standard.get("dynamic")):
        return adopted
    reason = "as before, what lies in the folder is packed, and nothing builds it"
    said = Changed(function="", what="the build", place=Place(file, 1), to="build = false", reason=reason)
    first = {key: one for key, one in adopted.table.items() if not isinstance(one, Mapping)}
    return attrs.evolve(adopted, table={**first, "build": False, **adopted.table}, findings=(*adopted.findings, said))


def _toml(text: str | None) -> Mapping[str, Any]:
    try:
        return tomllib.loads(text or "")
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}  # what reads the unit says it


def with_own(own: bytes | None, text: str) -> str:
    """Below the tables that a file has already; without those of ours that were written before."""
    before = "" if own is None else own.decode("utf-8", "replace")
    start = before.find(MARK) if _OURS.search(before) else len(before)
    kept = before[: max(start, 0)].rstrip("\n")
    return f"{kept}\n\n{text}" if kept else text


def appendable(there: Mapping[str, bytes], written: Mapping[str, str]) -> Mapping[str, str]:
    """With a pyproject.toml that has no table of ours: nothing in it is lost if one is added."""
    own = there.get("pyproject.toml")
    if own is None or "pyproject.toml" in written or _OURS.search(own.decode("utf-8", "replace")):
        return written
    return {**written, "pyproject.toml": digest_of(own)}


def must_be_inside(target: Path, files: Iterable[Decided]) -> None:
    """All of them, before the first is written: a half-written unit would count as edited by somebody.

    Raises:
        ConfigurationError: a link leads elsewhere.
    """
    for one in files:
        if not (target / one.path).parent.resolve().is_relative_to(target.resolve()):
            raise ConfigurationError(one.path, "a link leads out of the unit's folder", hint="remove the link")


def write_files(
    target: Path, files: tuple[Decided, ...], before: Mapping[str, str], source: str, given: Mapping[str, Any]
) -> None:
    """Do what was decided, and record it at the end; the next run completes one that was interrupted."""
    must_be_inside(target, files)
    digests = dict(before)
    for one in files:
        path = target / one.path
        if one.what in ("written", "updated") and one.body is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, one.body)
            os.chmod(path, 0o644)
            digests[one.path] = digest_of(one.body)
        elif one.what == "unchanged":
            digests[one.path] = digest_of(path.read_bytes())  # also where an earlier run ended before it was recorded
        elif one.what == "removed":
            path.unlink()
            del digests[one.path]
    text = record_text(source, digests, given)
    if not (target / RECORD).is_file() or (target / RECORD).read_text(encoding="utf-8") != text:
        write_atomically(target / RECORD, text.encode("utf-8"))
