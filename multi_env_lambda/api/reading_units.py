"""The units of a workspace: a table that is new is read at once, any other one when somebody asks for the unit."""

from __future__ import annotations

import sys
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

from packaging import __version__ as packaging_version

from multi_env_lambda._version import __version__
from multi_env_lambda.host.folders import workspace_cache
from multi_env_lambda.host.kept_outlines import KeptOutlines, read_kept, write_kept
from multi_env_lambda.host.repository import Repository
from multi_env_lambda.model.broken import BrokenUnit
from multi_env_lambda.model.digest import digest
from multi_env_lambda.model.units import Units
from multi_env_lambda.model.workspace import WorkspaceConfig

if TYPE_CHECKING:
    from multi_env_lambda.model.outline import Outline
    from multi_env_lambda.model.project import Project

__all__ = ["read_tables"]

_WORTH_KEEPING = 20
"""Units; fewer are read before a file with what was read is."""


def read_tables(repository: Repository, config: WorkspaceConfig) -> tuple[Units, tuple[BrokenUnit, ...]]:
    """The units with these tables: those that can be built, and the others with the reasons."""
    path, stamp = workspace_cache(repository.root) / "outlines", _stamp(repository)
    ids = {folder: sha256(body).hexdigest() for folder, body in repository.tables.items() if isinstance(body, bytes)}
    worth = len(ids) >= _WORTH_KEEPING
    kept = read_kept(path, stamp) if worth else KeptOutlines()
    known = {folder: one for folder, id_ in ids.items() if (one := kept.outline(folder, id_)) is not None}
    read, sound = partial(_settings, repository, config), digest(list(ids.items()))
    if kept.sound == sound and known.keys() == repository.tables.keys():
        return Units(known.values(), read), ()

    from multi_env_lambda.api.unit_tables import read_changed

    found = read_changed(repository, config, known, kept.claims({folder: ids[folder] for folder in known}))
    if worth:
        declared = {folder: ids[folder] for folder in found.outlines if folder in found.whole}
        write_kept(path, stamp, declared, found.outlines, found.claims, "" if found.broken else sound)
    return Units(found.sound, read, {one.name: one for one in found.projects.values()}), found.broken


def _settings(repository: Repository, config: WorkspaceConfig, outline: Outline) -> Project:
    """The unit with this outline; as ``Reader.outlined``."""
    from multi_env_lambda.api.unit_tables import Reader

    return Reader.of(repository.root, config, repository.tables).outlined(outline)


def _stamp(repository: Repository) -> str:
    """Whatever decides, apart from the table of a unit, what that table means."""
    return digest([__version__, packaging_version, sys.version, sha256(repository.table).hexdigest()])
