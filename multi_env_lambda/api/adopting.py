"""Adopts the project of another tool: reads it, says what becomes of it, and writes the unit."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from multi_env_lambda.adopt.binary import with_binary
from multi_env_lambda.adopt.cfn_parameters import (
    check_names,
    given_values,
    overrides_of,
    remembered,
    setting,
    values_of,
    without_secrets,
)
from multi_env_lambda.adopt.elsewhere import without_events_elsewhere
from multi_env_lambda.adopt.found import Changed, Finding, Missing, NotCarried, Place, Reading
from multi_env_lambda.adopt.joined import Adopted, joined
from multi_env_lambda.adopt.lacking import with_lacking
from multi_env_lambda.adopt.plain import read_folder
from multi_env_lambda.adopt.plain_packages import has_list
from multi_env_lambda.adopt.sam import read_template
from multi_env_lambda.adopt.sam_source import Source
from multi_env_lambda.adopt.serverless_given import chosen_for, given_to_service, is_service
from multi_env_lambda.adopt.variables import check_variables, with_variables
from multi_env_lambda.adopt.vendored import with_pins
from multi_env_lambda.adopt.written import (
    RECORD,
    Decided,
    decided,
    digest_of,
    read_record,
    unit_files,
)
from multi_env_lambda.api.adopting_day import day_of_lists
from multi_env_lambda.api.adopting_files import appendable, as_it_lies, must_be_inside, with_own, write_files
from multi_env_lambda.api.adopting_left import with_imported, without_secrets_in, without_workspace
from multi_env_lambda.api.adopting_project import LARGEST, SourceProject, project_at
from multi_env_lambda.api.adopting_service import nearby, service_readings
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.host.documents import read_bounded, read_toml
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.name import PROJECT_NAME
from multi_env_lambda.model.runtime import creatable
from multi_env_lambda.model.shown import shown_as_text
from multi_env_lambda.model.units_folder import unit_folder

if TYPE_CHECKING:
    from multi_env_lambda.api.opened import Opened
    from multi_env_lambda.api.outside import FilePath

__all__ = ["Adoption", "adopt"]


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


def adopt(opened: Opened, path: str | os.PathLike[str], name: str, values: Iterable[str], *, really: bool) -> Adoption:
    """Write the unit; not ``really``: only say what it would be."""
    units = [
        *(one.folder for one in opened.projects.outlines),
        *(one.folder for one in opened.broken),
        opened.config.units,
    ]
    project = project_at(Path(path), {(opened.root / folder).resolve() for folder in units})
    project = without_workspace(project, opened.root.resolve())
    unit, folder = _target(opened, project, name)
    target = opened.root / folder
    record = _record(target)
    environments = opened.config.environments
    given = _given(project, values, record[1], [one.name for one in environments])
    if project.document is not None and not is_service(project.document):
        given = without_secrets(project.document, given)

    is_own = project.folder == target.resolve()
    project, secret = (project, ()) if is_own else without_secrets_in(project)
    everything = project.without(record[0]) if is_own else project
    source = everything.without_copies()
    texts = {path: source.text(path) or "" for path in source.files if path.endswith(".py")}

    def read(runtimes: tuple[str, ...]) -> Adopted:
        readings = _readings(source, texts, unit, folder, environments, given, opened.root.resolve(), runtimes)
        homes = {one.name: one.region for one in environments}
        readings = {name: without_events_elsewhere(one, homes[name], name) for name, one in readings.items()}
        check_variables(readings, texts, given)
        found = joined({name: with_variables(one, texts, chosen_for(given, name)) for name, one in readings.items()})
        if not found.table.get("functions"):
            raise _no_functions(project, found)
        in_place, is_listed = everything.files if is_own else (), source.is_listed_at_the_top
        found = with_pins(found, source.copies, folder, in_place, is_listed=is_listed)
        if not source.declares:
            lists = source.lists()
            bodies = [text for _, text in lists]
            found = with_lacking(found, {**found.files, **texts}, bodies, folder, is_listed=is_listed)
            found = with_binary(found, lists, folder, is_listed=is_listed)
        return as_it_lies(with_imported(found, texts), project.text)

    def wanted_for(adopted: Adopted) -> dict[str, bytes]:
        return _wanted(source, adopted, target, record[0])

    day = day_of_lists(source.folder, source.files, {*record[0], *source.instead})
    adopted = _tried(opened, project, folder, read, wanted_for, record[0], day)
    wanted = wanted_for(adopted)
    there = {one: (target / one).read_bytes() for one in {*wanted, *record[0]} if (target / one).is_file()}
    files = decided(wanted, there, appendable(there, record[0]))
    must_be_inside(target, files)
    findings = (*_renamed(opened, project, unit), *_repeated(project), *secret, *adopted.findings)
    found = Adoption(unit=unit, folder=folder, source=project.source, files=files, findings=findings)
    if not really:
        return found
    write_files(target, files, record[0], project.source, remembered(given))
    again = opened.again()
    # A `pyproject.toml` of the project's own has the last word.
    called = next((one.name for one in again.projects.outlines if one.folder == folder), unit)
    return attrs.evolve(found, unit=called, lock=_lock(again, called, folder, adopted.versions))


def _no_functions(project: SourceProject, found: Adopted) -> ConfigurationError:
    """With the reason of the first one that could not be taken over."""
    left = next(
        (one for one in found.findings if isinstance(one, NotCarried) and one.what.startswith("function")), None
    )
    hint = f"{left.place}: {left.reason}" if left is not None else "name the file, or the folder, that has functions"
    return ConfigurationError(project.source, "it has no function in Python that could be taken over", hint=hint)


def _tried(
    opened: Opened,
    project: SourceProject,
    folder: str,
    read: Callable[[tuple[str, ...]], Adopted],
    files: Callable[[Adopted], Mapping[str, bytes]],
    written: Mapping[str, str],
    day: date | None,
) -> Adopted:
    """With versions that can be installed; a file that somebody has edited is hers, whatever is in it."""

    from multi_env_lambda.api.adopting_pins import settled

    today = datetime.now(UTC).date()
    target = opened.root / folder
    own = target / "pyproject.toml"
    if own.name in written and own.is_file() and digest_of(own.read_bytes()) != written[own.name]:
        return read(creatable(today))
    in_place = project.files if project.folder == target.resolve() else ()
    sources = [(one, project.folder / one) for one in in_place]
    return settled(opened, folder, sources, read, files, today, day)


def _lock(again: Opened, unit: str, folder: str, versions: Iterable[str]) -> FilePath | None:
    from multi_env_lambda.api.setup import lock_one
    from multi_env_lambda.building.lock import locked_by_another_tool

    if locked_by_another_tool(again.root / folder):
        return None
    return lock_one(again.root, again.project(unit), upgrade=False, said=again.progress, versions=versions)


def _target(opened: Opened, project: SourceProject, name: str) -> tuple[str, str]:
    """The name and the folder of the unit: where the project is, if that is a place for units."""
    units = opened.config.units
    is_there = project.folder.parent == (opened.root / units).resolve() and project.folder != opened.root.resolve()
    own = project.folder.name
    stays = is_there and PROJECT_NAME.accepts(own)
    wished = name or (own if stays else _unit_name(own))
    if not PROJECT_NAME.accepts(wished):
        what = f"`{wished}` is no name for a unit; expected {PROJECT_NAME.allowed}"
        raise ConfigurationError(own, what, hint="give it a name")
    return wished, unit_folder(units, wished)


def _unit_name(folder: str) -> str:
    """Its words, as many as a name of a unit can have, from the first that begins with a letter.

    >>> _unit_name("3_Ingest-daily-flight-data-in-Redshift-fact-table")
    'ingest-daily-flight-data-in-redshift'
    """
    text = re.sub(r"^[^a-z]+", "", re.sub(r"[^a-z0-9]+", "-", folder.lower()))
    return text[:40].rpartition("-")[0] if len(text) > 40 and "-" in text[:40] else text[:40].strip("-")


def _record(target: Path) -> tuple[dict[str, str], dict[str, Any]]:
    if not (target / RECORD).is_file():
        return {}, {}
    text = read_bounded(target / RECORD, RECORD, LARGEST).decode("utf-8", "replace")
    files, values = read_record(text, f"{target.name}/{RECORD}")
    return {path: digest for path, digest in files.items() if _is_inside(path)}, values


def _is_inside(path: str) -> bool:
    return bool(path) and not path.startswith("/") and ".." not in Path(path).parts


def _given(
    project: SourceProject, values: Iterable[str], before: Mapping[str, Any], environments: list[str]
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
    if is_service(project.document):
        said = given_to_service(values, environments)
    else:
        said = given_values(values, environments)
        check_names(project.document, said)
    found: dict[str, dict[str, str]] = {}
    for source in (own, remembered, said):
        for name, table in source.items():
            found.setdefault(name, {}).update(table)
    return found


def _declared(project: SourceProject) -> int:
    """How long the name is that a ``pyproject.toml`` of the project has: the unit is called so."""
    try:
        found = tomllib.loads(project.text("pyproject.toml") or "")
    except (tomllib.TOMLDecodeError, RecursionError):
        return 0
    tables = (found.get("project"), _table(found.get("tool"), "poetry"))
    return max((len(str(_table(one, "name") or "")) for one in tables), default=0)


def _table(found: object, key: str) -> object:
    return found.get(key) if isinstance(found, dict) else None


def _readings(
    project: SourceProject,
    texts: Mapping[str, str],
    unit: str,
    folder: str,
    environments: tuple[Environment, ...],
    given: Mapping[str, Any],
    top: Path,
    runtimes: tuple[str, ...],
) -> dict[str, Reading]:
    names = tuple(one.name for one in environments)
    longest = min(40, 62 - max(len(unit), _declared(project)) - max(map(len, names)))
    if project.document is None:
        is_listed = bool(project.copies) or has_list(project.files, project.text("pyproject.toml") or "")
        found = read_folder(texts, unit, longest, project.folder.name, runtimes[0], is_listed=is_listed)
        return dict.fromkeys(names, found)
    if is_service(project.document):
        files = nearby(project.folder, top)
        return service_readings(project.document, folder, project.files, longest, environments, given, files, runtimes)
    source = Source(
        template=project.document,
        unit=unit,
        folder=folder,
        environments=names,
        files=frozenset(project.files),
        packages=frozenset(path for one in project.copies if not one.changed for path in one.files),
        at=project.at.relative_to(project.folder).as_posix(),
        crowded=len({(one.account_id, one.region) for one in environments}) < len(environments),
        text=project.text,
        runtimes=runtimes,
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


def _renamed(opened: Opened, project: SourceProject, unit: str) -> Iterator[Finding]:
    """A folder of units that becomes another one: its code is there twice from now on."""
    own = project.folder.name
    if project.folder.parent == (opened.root / opened.config.units).resolve() and own != unit:
        reason = "the code is copied, and the old folder stays: delete it when you no longer need it"
        place = Place(project.source, 1)
        to = f"the unit {unit}"
        yield Changed(function="", what=f"the folder {own}", place=place, to=to, reason=reason)


def _repeated(project: SourceProject) -> Iterator[Finding]:
    for key, line in project.repeated:
        place = Place(project.source, line)
        reason = "the key is there twice, and the last one counts"
        yield Changed(function="", what=key, place=place, to="the last one", reason=reason)


def _wanted(project: SourceProject, adopted: Adopted, target: Path, written: Mapping[str, str]) -> dict[str, bytes]:
    """All files of the unit: what was written for it, and its code, if that is elsewhere."""
    found: dict[str, bytes] = {}
    if project.folder != target.resolve():
        for path in project.files:
            if any(one == "." or path.startswith(f"{one}/") for one in adopted.folders):
                found[path] = project.whole(path)
    texts = unit_files(adopted, project.source)
    own = found.pop("pyproject.toml", None)
    if (target / "pyproject.toml").is_file():
        own = (target / "pyproject.toml").read_bytes()
    texts["pyproject.toml"] = with_own(own, texts["pyproject.toml"])
    return {**found, **{path: text.encode("utf-8") for path, text in texts.items()}}
