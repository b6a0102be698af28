"""Reads the units of a workspace: every table as a whole if it is new, and else only as far as it is asked for."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import attrs
from packaging import __version__ as packaging_version

from multi_env_lambda._version import __version__
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.host.folders import workspace_cache
from multi_env_lambda.host.kept_outlines import KeptOutlines, read_kept, write_kept
from multi_env_lambda.host.repository import Repository, document_of
from multi_env_lambda.host.unexpected import as_ours
from multi_env_lambda.model.broken import BrokenUnit, broken_units
from multi_env_lambda.model.ci import BRANCH_PREFIX
from multi_env_lambda.model.claims import claims_of
from multi_env_lambda.model.digest import digest
from multi_env_lambda.model.environment import Devops, Environment
from multi_env_lambda.model.outline import Outline
from multi_env_lambda.model.project import Project, name_of, read_project
from multi_env_lambda.model.standard import is_undeclared
from multi_env_lambda.model.units import Units, outline_of
from multi_env_lambda.model.workspace import WorkspaceConfig

__all__ = ["read_tables", "read_units"]

_WORTH_KEEPING = 20
"""Units; fewer are read before a file with what was read is."""


def read_units(
    root: Path, documents: Mapping[str, Mapping[str, object] | ConfigurationError], config: WorkspaceConfig
) -> tuple[tuple[Project, ...], tuple[BrokenUnit, ...]]:
    """The units with these tables, by folder: those that can be built, and the others with the reasons."""
    reader = _Reader.of(root, config)
    found = {folder: reader.read(folder, document) for folder, document in documents.items()}
    projects = [one for one in found.values() if isinstance(one, Project)]
    unreadable = [one for one in found.values() if isinstance(one, BrokenUnit)]
    broken = broken_units((claims_of(one, config.environments) for one in projects), unreadable, config)
    folders = {unit.folder for unit in broken}
    return tuple(project for project in projects if project.folder not in folders), broken


def read_tables(repository: Repository, config: WorkspaceConfig) -> tuple[Units, tuple[BrokenUnit, ...]]:
    """The same from the files. A table that has not changed since it was read is read when its settings are needed."""
    reader = _Reader.of(repository.root, config, repository.tables)
    path, stamp = workspace_cache(repository.root) / "outlines", _stamp(repository)
    ids = {folder: sha256(body).hexdigest() for folder, body in repository.tables.items() if isinstance(body, bytes)}
    worth = len(ids) >= _WORTH_KEEPING
    kept = read_kept(path, stamp) if worth else KeptOutlines()
    known = {folder: one for folder, id_ in ids.items() if (one := kept.outline(folder, id_)) is not None}
    sound = digest(list(ids.items()))
    if kept.sound == sound and known.keys() == repository.tables.keys():
        return Units(known.values(), reader.outlined), ()
    claims = kept.claims({folder: ids[folder] for folder in known})
    new = {folder: reader.table(folder) for folder in repository.tables if folder not in claims}
    found = {folder: one for folder, one in new.items() if isinstance(one, Project)}
    everything = {
        folder: claims[folder] if folder in claims else claims_of(found[folder], config.environments)
        for folder in ids
        if folder in claims or folder in found
    }
    broken = broken_units(everything.values(), [one for one in new.values() if isinstance(one, BrokenUnit)], config)
    outlines = {folder: outline_of(found[folder]) if folder in found else known[folder] for folder in everything}
    if worth:
        declared = {folder: ids[folder] for folder in everything if folder in known or found[folder].has_table}
        write_kept(path, stamp, declared, outlines, everything, "" if broken else sound)
    bad = {unit.folder for unit in broken}
    good = [outline for folder, outline in outlines.items() if folder not in bad]
    return Units(good, reader.outlined, {one.name: one for one in found.values()}), broken


def _stamp(repository: Repository) -> str:
    """Whatever decides, apart from the table of a unit, what that table means."""
    return digest([__version__, packaging_version, sys.version, sha256(repository.table).hexdigest()])


@attrs.frozen(kw_only=True)
class _Reader:
    """Reads the tables of units; ``tables`` are those in the files, by folder."""

    root: Path
    environments: tuple[Environment, ...]
    unlisted: tuple[Environment, ...]
    devops: Devops
    tables: Mapping[str, bytes | ConfigurationError]

    @classmethod
    def of(cls, root: Path, config: WorkspaceConfig, tables: Mapping[str, bytes | ConfigurationError] = {}) -> _Reader:
        first = config.environments[0]
        of_branches = attrs.evolve(first, name=BRANCH_PREFIX.rstrip("-"), beside=first.home)
        return cls(
            root=root,
            environments=config.environments,
            unlisted=(of_branches,) if config.ci.branches else (),
            devops=config.devops,
            tables=tables,
        )

    def outlined(self, outline: Outline) -> Project:
        """The unit with this outline.

        Raises:
            ConfigurationError: its table says something else.
        """
        found = self.table(outline.folder)
        if isinstance(found, BrokenUnit):
            raise found.error
        if outline_of(found) != outline:
            what = "what this machine has noted about it is something else"
            hint = "somebody has changed .multi_env_lambda/cache/outlines: delete it"
            raise ConfigurationError(f"{outline.folder}/pyproject.toml", what, hint=hint)
        return found

    def table(self, folder: str) -> Project | BrokenUnit:
        return self.read(folder, document_of(folder, self.tables[folder]))

    def read(self, folder: str, document: Mapping[str, object] | ConfigurationError) -> Project | BrokenUnit:
        where, name = f"{folder}/pyproject.toml", name_of(document, folder)
        try:
            if isinstance(document, ConfigurationError):
                raise document
            has_table = not is_undeclared(document)
            project = read_project(
                document if has_table else _declared(self.root, folder, document),
                folder=folder,
                where=where,
                environments=self.environments,
                devops=self.devops,
                unlisted=self.unlisted,
            )
            return attrs.evolve(project, has_table=has_table)
        except Exception as raised:
            return BrokenUnit(name=name, folder=folder, error=as_ours(where, raised))


def _declared(root: Path, folder: str, document: Mapping[str, object]) -> Mapping[str, object]:
    from multi_env_lambda.building.undeclared import declared

    return declared(root, folder, document)
