"""The variables of a build that its build spec exports, for the actions of a pipeline that come after it.

Reason: ministack's builds export nothing.
Source: https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html (``env/exported-variables``); what is
exported may change until the end of the build.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

__all__ = ["exported", "kept", "names_of"]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def names_of(spec: Mapping[str, Any]) -> tuple[str, ...]:
    """The names in a build spec; other texts are left out."""
    found = (spec.get("env") or {}).get("exported-variables") or ()
    return tuple(str(name) for name in found if _NAME.fullmatch(str(name)))


def kept(script: str, names: Iterable[str], file: Path) -> str:
    """The script, which leaves the variables in a file however it ends."""
    loop = (
        'for _name in {names}; do if test -n "${{!_name+x}}"; then printf \'%s=%s\\0\' "$_name" "${{!_name}}"; fi; done'
    )
    body = f"{{ {loop.format(names=' '.join(names))}; }} > {shlex.quote(str(file))}"
    return f"trap {shlex.quote(body)} EXIT\n{script}" if names else script


def exported(file: Path) -> list[dict[str, str]]:
    """What was left, as CodeBuild says it."""
    if not file.is_file():
        return []
    pairs = [one.partition("=") for one in file.read_text("utf-8", "replace").split("\0") if one]
    return [{"name": name, "value": value} for name, _, value in pairs]
