"""Reads the tables of units completely: each becomes a unit, or the reason why it is broken."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import attrs

from multi_env_lambda.api.definitions import names_files, with_definitions
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.host.repository import Repository, document_of
from multi_env_lambda.host.unexpected import as_ours
from multi_env_lambda.model.broken import BrokenUnit, broken_units
from multi_env_lambda.model.ci import BRANCH_PREFIX
from multi_env_lambda.model.claims import claims_of
from multi_env_lambda.model.environment import Devops, Environment
from multi_env_lambda.model.outline import Claims, Outline
from multi_env_lambda.model.project import Project, name_of, read_project
from multi_env_lambda.model.standard import is_undeclared
from multi_env_lambda.model.units import outline_of
from multi_env_lambda.model.workspace import WorkspaceConfig

__all__ = ["Reader", "Tables", "read_changed", "read_units"]


def read_units(
    root: Path, documents: Mapping[str, Mapping[str, object] | ConfigurationError], config: WorkspaceConfig
) -> tuple[tuple[Project, ...], tuple[BrokenUnit, ...]]:
    """The units with these tables, by folder: those that can be built, and the others with the reasons."""
    reader = Reader.of(root, config)
    found = {folder: reader.read(folder, document) for folder, document in documents.items()}
    projects = [one for one in found.values() if isinstance(one, Project)]
    unreadable = [one for one in found.values() if isinstance(one, BrokenUnit)]
    broken = broken_units((claims_of(one, config.environments) for one in projects), unreadable, config)
    folders = {unit.folder for unit in broken}
    return tuple(project for project in projects if project.folder not in folders), broken


@attrs.frozen(kw_only=True)
class Tables:
    """What the tables of a workspace say, by folder.

    ``projects`` has only those that were read now; ``whole`` are those that say everything without any other file.
    """

    outlines: Mapping[str, Outline]
    claims: Mapping[str, Claims]
    projects: Mapping[str, Project]
    broken: tuple[BrokenUnit, ...]
    whole: frozenset[str]

    @property
    def sound(self) -> tuple[Outline, ...]:
        """The units that are not broken."""
        bad = {unit.folder for unit in self.broken}
        return tuple(outline for folder, outline in self.outlines.items() if folder not in bad)


def read_changed(
    repository: Repository, config: WorkspaceConfig, outlines: Mapping[str, Outline], claims: Mapping[str, Claims]
) -> Tables:
    """Read the tables of which no ``claims`` are known, and compare all units with each other."""
    reader = Reader.of(repository.root, config, repository.tables)
    documents = {folder: repository.unit(folder) for folder in repository.tables if folder not in claims}
    new = {folder: reader.read(folder, document) for folder, document in documents.items()}
    projects = {folder: one for folder, one in new.items() if isinstance(one, Project)}
    unreadable = [one for one in new.values() if isinstance(one, BrokenUnit)]
    found = {folder: outline_of(one) for folder, one in projects.items()}
    claimed = {folder: claims_of(one, config.environments) for folder, one in projects.items()}
    folders = [folder for folder in repository.tables if folder in claims or folder in projects]
    together = {folder: claimed[folder] if folder in claimed else claims[folder] for folder in folders}
    return Tables(
        outlines={folder: found[folder] if folder in found else outlines[folder] for folder in folders},
        claims=together,
        projects=projects,
        broken=broken_units(together.values(), unreadable, config),
        whole=frozenset(folder for folder in folders if folder in claims or _is_whole(documents[folder])),
    )


def _is_whole(document: Mapping[str, object] | ConfigurationError) -> bool:
    if isinstance(document, ConfigurationError):
        return False
    return not is_undeclared(document) and not names_files(document)


@attrs.frozen(kw_only=True)
class Reader:
    """Reads the tables of units; ``tables`` are those in the files, by folder."""

    root: Path
    environments: tuple[Environment, ...]
    unlisted: tuple[Environment, ...]
    devops: Devops
    tables: Mapping[str, bytes | ConfigurationError]

    @classmethod
    def of(cls, root: Path, config: WorkspaceConfig, tables: Mapping[str, bytes | ConfigurationError] = {}) -> Reader:
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
        if outline_of(found) != attrs.evolve(outline, lent_folders=()):
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
                with_definitions(self.root, folder, document if has_table else _declared(self.root, folder, document)),
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
