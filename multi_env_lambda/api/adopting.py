"""Adopts the project of another tool: reads it, says what becomes of it, and writes the unit."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from multi_env_lambda.adopt.cfn_parameters import given_values, overrides_of, setting, values_of
from multi_env_lambda.adopt.document import Node, read_document
from multi_env_lambda.adopt.found import Changed, Finding, Missing, Place, Reading
from multi_env_lambda.adopt.joined import Adopted, joined
from multi_env_lambda.adopt.plain import read_folder
from multi_env_lambda.adopt.sam import Source, is_template, read_template, steps_out
from multi_env_lambda.adopt.serverless_given import given_to_service, is_service
from multi_env_lambda.adopt.written import (
    RECORD,
    Decided,
    decided,
    digest_of,
    read_record,
    record_text,
    unit_files,
)
from multi_env_lambda.api.adopting_service import nearby, service_in, service_readings
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.host.documents import read_bounded, read_toml
from multi_env_lambda.host.files import write_atomically
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.name import PROJECT_NAME
from multi_env_lambda.model.shown import shown_as_text
from multi_env_lambda.model.units_folder import unit_folder

if TYPE_CHECKING:
    from multi_env_lambda.api.opened import Opened
    from multi_env_lambda.api.outside import FilePath

__all__ = ["Adoption", "adopt"]

_LARGEST = 5 * 1024 * 1024
_MOST_FILES = 20_000
_LEFT_OUT = frozenset({"node_modules", "__pycache__", "venv", "cdk.out"})
_TEMPLATES = ("template.yaml", "template.yml", "template.json", "sam.yaml", "sam.yml")
_MARK = "# From "
_OURS = re.compile(r"^\[tool\.multi_env_lambda", re.MULTILINE)


@shown_as_text
@attrs.frozen(kw_only=True)
class Adoption:
    """What became of a project of another tool, or would become of it.

    Args:
        unit: its name. folder: of the unit, relative to the top of the repository.
        source: the file, or the folder, that was read.
        files: what happens to each file of the unit.
        findings: what became of each setting, in the order of the source.
        lock: the written lock; None without dependencies, and if nothing was written.
    """

    unit: str
    folder: str
    source: str
    files: tuple[Decided, ...]
    findings: tuple[Finding, ...]
    lock: FilePath | None = None

    def text(self) -> str:
        """What people read."""
        from multi_env_lambda.show.adoption import adoption_text

        return adoption_text(self.unit, self.folder, self.source, self.files, self.findings)

    def to_dict(self) -> dict[str, Any]:
        """JSON-compatible data, without the bodies of the files."""
        from multi_env_lambda.show.adoption import adoption_document

        return adoption_document(self.unit, self.folder, self.files, self.findings)


@attrs.frozen(kw_only=True)
class _Project:
    """What lies in the folder of the other tool."""

    folder: Path
    file: Path | None
    document: Node | None
    repeated: tuple[tuple[str, int], ...]
    files: tuple[str, ...]
    at: Path
    """The folder of the template, which is in the project's."""

    def text(self, path: str) -> str | None:
        where = self.folder / path
        if not where.resolve().is_relative_to(self.folder.resolve()) or not where.is_file():
            return None
        return read_bounded(where, path, _LARGEST).decode("utf-8", "replace")

    @property
    def source(self) -> str:
        return self.file.name if self.file is not None else "the handlers"


def adopt(opened: Opened, path: str | os.PathLike[str], name: str, values: Iterable[str], *, really: bool) -> Adoption:
    """Write the unit; not ``really``: only say what it would be."""
    units = [*(one.folder for one in opened.projects), *(one.folder for one in opened.broken), opened.config.units]
    project = _project(Path(path), {(opened.root / folder).resolve() for folder in units})
    unit, folder = _target(opened, project, name)
    target = opened.root / folder
    record = _record(target)
    environments = opened.config.environments
    given = _given(project, values, record[1], [one.name for one in environments])
    adopted = joined(_readings(project, unit, folder, environments, given, opened.root.resolve()))
    wanted = _wanted(project, adopted, target, record[0])
    there = {one: (target / one).read_bytes() for one in {*wanted, *record[0]} if (target / one).is_file()}
    files = decided(wanted, there, _appendable(there, record[0]))
    findings = (*_repeated(project), *adopted.findings)
    found = Adoption(unit=unit, folder=folder, source=project.source, files=files, findings=findings)
    if not really:
        return found
    _write(target, files, record[0], project.source, given)
    return attrs.evolve(found, lock=_lock(opened, unit, folder))


def _lock(opened: Opened, unit: str, folder: str) -> FilePath | None:
    from multi_env_lambda.api.setup import lock

    again = opened.again()
    name = next((one.name for one in again.projects if one.folder == folder), unit)
    return lock(again, (name,), upgrade=False).get(name)


def _project(path: Path, others: set[Path]) -> _Project:
    """What ``path`` names; ``others`` are folders of units, which are not part of a project around them."""
    if not path.exists():
        raise ConfigurationError(os.fspath(path), "there is no such file or folder", hint="name the project to adopt")
    path = path.resolve()
    folder = path if path.is_dir() else path.parent
    candidates = [path] if path.is_file() else [folder / name for name in _TEMPLATES if (folder / name).is_file()]
    if path.is_dir() and (service := service_in(folder, candidates)) is not None:
        return _project(service, others)
    if not candidates:
        candidates = sorted(one for ending in ("*.yaml", "*.yml") for one in folder.glob(ending) if one.is_file())
    found: list[tuple[Path, Node, list[tuple[str, int]]]] = []
    for one in candidates:
        repeated: list[tuple[str, int]] = []
        text = read_bounded(one, one.name, _LARGEST).decode("utf-8", "replace")
        if path.is_file() or one.name in _TEMPLATES or "AWS::" in text:
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
    return _Project(folder=folder, file=file, document=node, repeated=tuple(twice), files=files, at=at)


def _above(folder: Path, steps: int) -> Path:
    """So many folders up, if that is in the same repository; else the folder itself, and code above is refused."""
    above = (folder, *folder.parents)
    top = next((number for number, one in enumerate(above) if (one / ".git").exists()), 0)
    return above[steps] if steps <= top else folder


def _files(folder: Path, others: set[Path]) -> Iterator[str]:
    """Relative to the folder; without hidden ones, caches, links, virtual environments and other units."""
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
            if name.startswith(".") or (base / name).is_symlink():
                continue
            number += 1
            if number > _MOST_FILES:
                what = f"it has more than {_MOST_FILES:,} files"
                raise ConfigurationError(folder.name, what, hint="name the folder of one project")
            yield (base / name).relative_to(folder).as_posix()


def _target(opened: Opened, project: _Project, name: str) -> tuple[str, str]:
    """The name and the folder of the unit: where the project is, if that is a place for units."""
    units = opened.config.units
    is_in_place = project.folder.parent == (opened.root / units).resolve() and project.folder != opened.root.resolve()
    own = project.folder.name
    if is_in_place and name not in ("", own):
        raise ConfigurationError(
            f"{units}/{own}", f"a unit here is called like its folder, not `{name}`", hint="rename it"
        )
    wished = name or (own if is_in_place else re.sub(r"[^a-z0-9]+", "-", own.lower()).strip("-"))
    if not PROJECT_NAME.accepts(wished):
        what = f"`{wished}` is no name for a unit; expected {PROJECT_NAME.allowed}"
        hint = "rename the folder" if is_in_place else "give it a name"
        raise ConfigurationError(own, what, hint=hint)
    return wished, unit_folder(units, wished)


def _record(target: Path) -> tuple[dict[str, str], dict[str, Any]]:
    if not (target / RECORD).is_file():
        return {}, {}
    text = read_bounded(target / RECORD, RECORD, _LARGEST).decode("utf-8", "replace")
    files, values = read_record(text, f"{target.name}/{RECORD}")
    return {path: digest for path, digest in files.items() if _is_inside(path)}, values


def _is_inside(path: str) -> bool:
    return bool(path) and not path.startswith("/") and ".." not in Path(path).parts


def _given(
    project: _Project, values: Iterable[str], before: Mapping[str, Any], environments: list[str]
) -> dict[str, dict[str, str]]:
    """What is said now counts before what was said then, and both before the project's own file."""
    own: dict[str, dict[str, str]] = {}
    if (project.at / "samconfig.toml").is_file():
        own = overrides_of(read_toml(project.at / "samconfig.toml", "samconfig.toml"), environments)
    remembered = {
        str(name): {str(key): str(value) for key, value in table.items()}
        for name, table in before.items()
        if isinstance(table, Mapping) and name in ("", *environments)
    }
    said = given_to_service if is_service(project.document) else given_values
    found: dict[str, dict[str, str]] = {}
    for source in (own, remembered, said(values, environments)):
        for name, table in source.items():
            found.setdefault(name, {}).update(table)
    return found


def _readings(
    project: _Project,
    unit: str,
    folder: str,
    environments: tuple[Environment, ...],
    given: Mapping[str, Any],
    top: Path,
) -> dict[str, Reading]:
    names = tuple(one.name for one in environments)
    if project.document is None:
        texts = {path: project.text(path) or "" for path in project.files if path.endswith(".py")}
        longest = min(40, 62 - len(unit) - max(map(len, names)))
        found = read_folder(texts, unit, longest, project.folder.name)
        return dict.fromkeys(names, found)
    if is_service(project.document):
        files = nearby(project.folder, top)
        return service_readings(project.document, folder, project.files, environments, given, files)
    source = Source(
        template=project.document,
        unit=unit,
        folder=folder,
        environments=names,
        files=frozenset(project.files),
        at=project.at.relative_to(project.folder).as_posix(),
        crowded=len({(one.account_id, one.region) for one in environments}) < len(environments),
        text=project.text,
    )
    chosen, missing = values_of(project.document, given, names, unit)
    if missing:
        raise _missing(missing, project.source, len(names))
    return {one.name: read_template(source, one.name, chosen[one.name], _pseudo(one)) for one in environments}


def _pseudo(environment: Environment) -> dict[str, str]:
    return {
        "AWS::Region": environment.region,
        "AWS::AccountId": environment.account_id,
        "AWS::Partition": "aws",
        "AWS::URLSuffix": "amazonaws.com",
    }


def _missing(missing: tuple[Missing, ...], source: str, environments: int) -> ConfigurationError:
    """All of them at once, each with its line, and how to give them."""
    lines = []
    for one in missing:
        allowed = f", one of {', '.join(one.wanted.allowed)}" if one.wanted.allowed else ""
        about = f" ({one.wanted.about})" if one.wanted.about else ""
        where = "" if len(one.environments) == environments else f" for {', '.join(one.environments)}"
        lines.append(f"line {one.wanted.place.line}: {one.wanted.name}{where}{allowed}{about}")
    entries = [
        f"{name}{one.wanted.name}=…"
        for one in missing
        for name in ([""] if len(one.environments) == environments else [f"{name}." for name in one.environments])
    ]
    what = (
        f"{'a parameter has' if len(missing) == 1 else f'{len(missing)} parameters have'} no value: {'; '.join(lines)}"
    )
    return ConfigurationError(source, what, hint=setting(*entries))


def _repeated(project: _Project) -> Iterator[Finding]:
    for key, line in project.repeated:
        place = Place(project.source, line)
        reason = "the key is there twice, and the last one counts"
        yield Changed(function="", what=key, place=place, to="the last one", reason=reason)


def _wanted(project: _Project, adopted: Adopted, target: Path, written: Mapping[str, str]) -> dict[str, bytes]:
    """All files of the unit: what was written for it, and its code, if that is elsewhere."""
    found: dict[str, bytes] = {}
    if project.folder != target.resolve():
        for path in project.files:
            if any(one == "." or path.startswith(f"{one}/") for one in adopted.folders):
                found[path] = (project.folder / path).read_bytes()
    texts = unit_files(adopted, project.source)
    own = found.pop("pyproject.toml", None)
    if (target / "pyproject.toml").is_file():
        own = (target / "pyproject.toml").read_bytes()
    texts["pyproject.toml"] = _with_own(own, texts["pyproject.toml"])
    return {**found, **{path: text.encode("utf-8") for path, text in texts.items()}}


def _with_own(own: bytes | None, text: str) -> str:
    """Below the tables that a file has already; without those of ours that were written before."""
    before = "" if own is None else own.decode("utf-8", "replace")
    start = before.find(_MARK) if _OURS.search(before) else len(before)
    kept = before[: max(start, 0)].rstrip("\n")
    return f"{kept}\n\n{text}" if kept else text


def _appendable(there: Mapping[str, bytes], written: Mapping[str, str]) -> Mapping[str, str]:
    """With a pyproject.toml that has no table of ours: nothing in it is lost if one is added."""
    own = there.get("pyproject.toml")
    if own is None or "pyproject.toml" in written or _OURS.search(own.decode("utf-8", "replace")):
        return written
    return {**written, "pyproject.toml": digest_of(own)}


def _write(
    target: Path, files: tuple[Decided, ...], before: Mapping[str, str], source: str, given: Mapping[str, Any]
) -> None:
    digests = dict(before)
    for one in files:
        path = target / one.path
        if one.what in ("written", "updated") and one.body is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, one.body)
            os.chmod(path, 0o644)
            digests[one.path] = digest_of(one.body)
        elif one.what == "removed":
            path.unlink()
            del digests[one.path]
    text = record_text(source, digests, given)
    if not (target / RECORD).is_file() or (target / RECORD).read_text(encoding="utf-8") != text:
        write_atomically(target / RECORD, text.encode("utf-8"))
