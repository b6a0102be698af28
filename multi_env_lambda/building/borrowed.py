"""What an import check found on this machine that Lambda does not have: the child's answer in, a sentence out."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from multi_env_lambda.building.elf import read_shared_object
from multi_env_lambda.building.shared_objects import Missing, missing_library_hint
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.host.documents import read_bounded
from multi_env_lambda.model.lambda_image import MAX_UNZIPPED_BYTES, LambdaImage

__all__ = ["borrowed", "hint_of", "missing_here"]

_NOT_FOUND = re.compile(r"(?P<folder>[^\s:]*/)?(?P<library>lib[^\s:/]+\.so[^\s:/]*): cannot open shared object file")
_LIBRARY_FOLDERS = (None, "/lib64/", "/usr/lib64/")
_NOT_STARTED = re.compile(r"(?P<path>/[^\s:'\"\u2018\u2019]+)['\"\u2019]?: Permission denied")
"""How shells and `env` report that the kernel refused a program."""

_OF_THE_C_LIBRARY = re.compile(r".*/(libnss_\w+\.so\.\d|gconv/[^/]+)")
"""What the C library itself loads to look up a name or an encoding, depending on this machine's setup."""

_DONE_WITHOUT = ("libfribidi.so",)
"""What packages look for but can do without. Source: https://pillow.readthedocs.io/en/stable/installation (libraqm)."""


def borrowed(
    answer: Mapping[str, Any],
    image: LambdaImage,
    unloadable: Mapping[str, tuple[Missing, ...]],
    layer: Path | None,
) -> str | None:
    """The first library that a handler's import loaded and would not find in Lambda, or None.

    ``unloadable`` are objects by their name in the layer, ``layer`` is where its ``python`` folder was unpacked.
    """
    mapped: Sequence[str] = answer.get("mapped", ())
    for path in mapped:
        name = None if layer is None else _inside(path, layer)
        if name is not None and (lost := unloadable.get(f"python/{name}")):
            needed_by = lost[0].needed_by.removeprefix("python/")
            return f"{name}, and {needed_by} needs {lost[0].library}, which neither the layer nor Lambda has"
    foreign = _foreign(mapped, answer.get("prefix", ""), layer, image)
    return f"{foreign}, which is on this machine but not in Lambda ({image.title})" if foreign else None


def _inside(path: str, folder: Path) -> str | None:
    real = os.path.realpath(folder) + os.sep
    return path.removeprefix(real) if path.startswith(real) else None


def _foreign(mapped: Sequence[str], prefix: str, layer: Path | None, image: LambdaImage) -> str | None:
    """A library that is neither the interpreter's nor the layer's, is not in Lambda, and is not needed by these."""
    ours = [path for path in mapped if path.startswith(prefix + os.sep) or (layer and _inside(path, layer))]
    rest = [path for path in mapped if path not in ours]
    ours += [path for path in rest if _is_of_the_system(path, image)]
    rest = [path for path in rest if not _is_of_the_system(path, image)]
    # Only if something is left: this reads the interpreter's own libraries, to see what they need themselves.
    while rest and ours:
        needed = _needed_by(ours)
        ours = [path for path in rest if _sonames(path) & needed]
        rest = [path for path in rest if path not in ours]
    needed = _needed_by(rest)
    asked_for = [path for path in rest if not _sonames(path) & needed]
    return next(iter(asked_for or rest), None)


def _is_of_the_system(path: str, image: LambdaImage) -> bool:
    known = bool(_sonames(path) & image.libraries) or _OF_THE_C_LIBRARY.fullmatch(path) is not None
    return known or os.path.basename(path).startswith(_DONE_WITHOUT)


def _sonames(path: str) -> frozenset[str]:
    """The names by which a file may have been requested: `libz.so.1` leads to `libz.so.1.3.1`."""
    stem, _, version = os.path.basename(path).partition(".so.")
    parts = version.split(".") if version else []
    return frozenset(".".join([f"{stem}.so" if parts else stem, *parts[:end]]) for end in range(len(parts) + 1))


def _needed_by(paths: Iterable[str]) -> set[str]:
    needed: set[str] = set()
    for path in paths:
        try:
            body = read_bounded(Path(path), path, MAX_UNZIPPED_BYTES)
            needed |= {*read_shared_object(path, body).needed}
        except (ConfigurationError, OSError, ValueError):
            continue  # deleted since, or not a file (the path may be forged): then it explains nothing
    return needed


def missing_here(text: str, image: LambdaImage) -> bool:
    """Whether an error is about a library that Lambda has but this machine lacks: it proves nothing."""
    found = _NOT_FOUND.search(text)
    return found is not None and found["library"] in image.libraries and found["folder"] in _LIBRARY_FOLDERS


def hint_of(text: str, refused: Sequence[str], place: str, said: str = "") -> str:
    """What to do about an import that raises ``text``.

    ``refused`` are names of libraries and programs that it looked for, and paths. ``place`` is where it would run,
    ``said`` is the output of programs.
    """
    if "Read-only file system" in text:
        return "Lambda lets a function write only below /tmp: correct the module"
    if "the full content of this folder in Lambda is unknown" in text:
        return "check for the file that you need (`os.path.exists`, `shutil.which`), or list the folder in the function"
    # A path may have been tried only to see whether it exists.
    names = [one for one in refused if os.sep not in one or one in text]
    names += [found["path"] for found in _NOT_STARTED.finditer(said)]
    if names:
        return f"Lambda has no `{names[-1]}`: use a package that brings it, or correct the module"
    if text.endswith("[Errno 13] Permission denied"):
        return "Lambda has no /dev/shm, which locks and queues of `multiprocessing` need: correct the module"
    if _NOT_FOUND.search(text):
        return missing_library_hint(text)
    return f"it would raise in {place} too: correct the module"
