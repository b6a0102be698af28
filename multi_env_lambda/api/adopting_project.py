"""What lies in the folder of another tool: its file, its document, and the files of the project around it."""

from __future__ import annotations

import codecs
import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

import attrs

from multi_env_lambda.adopt.document import Node, read_document
from multi_env_lambda.adopt.plain_packages import has_list, is_list
from multi_env_lambda.adopt.sam_layers import steps_out
from multi_env_lambda.adopt.sam_source import is_template
from multi_env_lambda.adopt.serverless_given import is_service
from multi_env_lambda.adopt.vendored import Copy, copies_in, without_copies
from multi_env_lambda.adopt.written import MARK, digest_of
from multi_env_lambda.api.adopting_service import service_in
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.host.documents import read_bounded

__all__ = ["LARGEST", "SourceProject", "project_at"]

LARGEST = 5 * 1024 * 1024
_MOST_FILES = 20_000
_LEFT_OUT = frozenset({"node_modules", "__pycache__", "venv", "cdk.out"})
_TEMPLATES = ("template.yaml", "template.yml", "template.json", "sam.yaml", "sam.yml")


@attrs.frozen(kw_only=True)
class SourceProject:
    """What lies in the folder of the other tool; ``instead`` are texts that count in place of those of its files."""

    folder: Path
    file: Path | None
    document: Node | None
    repeated: tuple[tuple[str, int], ...]
    files: tuple[str, ...]
    at: Path
    """The folder of the template, which is in the project's."""
    instead: Mapping[str, str] = attrs.field(factory=dict)
    copies: tuple[Copy, ...] = ()
    """The packages beside the code, as far as they are no longer in ``files``, and those that somebody has edited."""

    def whole(self, path: str) -> bytes:
        return self.instead[path].encode("utf-8") if path in self.instead else (self.folder / path).read_bytes()

    def text(self, path: str) -> str | None:
        if path in self.instead:
            return self.instead[path]
        where = self.folder / path
        if not where.resolve().is_relative_to(self.folder.resolve()) or not where.is_file():
            return None
        body = read_bounded(where, path, LARGEST)
        is_wide = body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        return body.decode("utf-16" if is_wide else "utf-8", "replace")

    def body(self, path: str) -> bytes | None:
        where = self.folder / path
        return read_bounded(where, path, LARGEST) if where.is_file() else None

    def without(self, written: Mapping[str, str]) -> SourceProject:
        """Without the files that `adopt` has written before and nobody has edited: they are nothing of the project's.

        Tables may be added to a ``pyproject.toml`` that the project has.
        """
        own = {one for one in written if self._is_as_written(one, written[one])} - {"pyproject.toml"}
        return attrs.evolve(self, files=tuple(one for one in self.files if one not in own))

    def without_copies(self) -> SourceProject:
        """Without the packages that ``pip install -t`` put beside the code."""
        copies = () if self.declares else copies_in(self.files, self.body)
        return attrs.evolve(self, files=without_copies(self.files, copies), copies=copies)

    @property
    def _own_tables(self) -> str:
        """What its ``pyproject.toml`` has without what ``adopt`` has written below it."""
        return (self.text("pyproject.toml") or "").partition(f"\n{MARK}")[0]

    @property
    def declares(self) -> bool:
        """Whether its ``[project]`` says what it needs, beside which no other list counts."""
        return re.search(r"(?m)^\[project\]", self._own_tables) is not None

    @property
    def is_listed_at_the_top(self) -> bool:
        """Whether a file there says what the project needs."""
        return has_list((one for one in self.files if "/" not in one), self._own_tables)

    def lists(self) -> tuple[tuple[str, str], ...]:
        """All of its lists of packages, by path and with their texts."""
        own = ("pyproject.toml", self._own_tables)
        return (own, *((one, self.text(one) or "") for one in self.files if is_list(one)))

    def _is_as_written(self, path: str, digest: str) -> bool:
        return (self.folder / path).is_file() and digest_of((self.folder / path).read_bytes()) == digest

    @property
    def source(self) -> str:
        return self.file.name if self.file is not None else "the handlers"


def project_at(path: Path, others: set[Path]) -> SourceProject:
    """What ``path`` names; ``others`` are folders of units, which are not part of a project around them."""
    if not path.exists():
        raise ConfigurationError(os.fspath(path), "there is no such file or folder", hint="name the project to adopt")
    path = path.resolve()
    folder = path if path.is_dir() else path.parent
    candidates = [path] if path.is_file() else [folder / name for name in _TEMPLATES if (folder / name).is_file()]
    if path.is_dir() and (service := service_in(folder, candidates)) is not None:
        return project_at(service, others)
    if not candidates:
        candidates = sorted(one for ending in ("*.yaml", "*.yml") for one in folder.glob(ending) if one.is_file())
    found: list[tuple[Path, Node, list[tuple[str, int]]]] = []
    for one in candidates:
        repeated: list[tuple[str, int]] = []
        is_meant = path.is_file() or one.name in _TEMPLATES
        text = _text_of(one, is_meant=is_meant)
        if is_meant or "AWS::" in text:
            document = read_document(text, one.name, repeated)
            if is_template(document) or (path.is_file() and is_service(document)):
                found.append((one, document, repeated))
    if len(found) > 1:
        names = ", ".join(one.name for one, _, _ in found)
        raise ConfigurationError(folder.name, f"it has {len(found)} templates: {names}", hint="name the file to adopt")
    if not found and path.is_file():
        raise ConfigurationError(
            path.name,
            "it is no template with functions",
            hint="name a template of SAM, a service of Serverless, or a folder",
        )
    file, node, twice = found[0] if found else (None, None, [])
    at = folder
    folder = folder if node is None else _above(folder, steps_out(node))
    files = tuple(_files(folder, others - {folder}))
    return SourceProject(folder=folder, file=file, document=node, repeated=tuple(twice), files=files, at=at)


def _text_of(path: Path, *, is_meant: bool) -> str:
    """All of it, as it is, or an error: half a template is none. Of a file that only may be one, nothing."""
    body = read_bounded(path, path.name, LARGEST)
    if len(body) > LARGEST and is_meant:
        raise ConfigurationError(path.name, f"it has more than {LARGEST:,} bytes", hint="name a smaller template")
    try:
        return "" if len(body) > LARGEST else body.decode("utf-8")
    except UnicodeDecodeError as error:
        if is_meant:
            raise ConfigurationError(path.name, "it is not UTF-8", hint="save it in this encoding") from error
        return ""


def _above(folder: Path, steps: int) -> Path:
    """So many folders up, if that is in the same repository; else the folder itself, and code above is refused."""
    above = (folder, *folder.parents)
    top = next((number for number, one in enumerate(above) if (one / ".git").exists()), 0)
    return above[steps] if steps <= top else folder


def _files(folder: Path, others: set[Path]) -> Iterator[str]:
    """Relative to the folder; without hidden ones, caches, links, pipes, virtual environments and other units."""
    number = 0
    for where, folders, names in os.walk(folder):
        base = Path(where)
        folders[:] = sorted(
            one
            for one in folders
            if not one.startswith(".") and one not in _LEFT_OUT and base / one not in others
            if not (base / one / "pyvenv.cfg").exists()
        )
        for name in sorted(names):
            # Reading a pipe would wait indefinitely.
            if name.startswith(".") or not stat.S_ISREG((base / name).lstat().st_mode):
                continue
            number += 1
            if number > _MOST_FILES:
                what = f"it has more than {_MOST_FILES:,} files"
                raise ConfigurationError(folder.name, what, hint="name the folder of one project")
            yield (base / name).relative_to(folder).as_posix()
