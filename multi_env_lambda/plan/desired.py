"""What each unit is to be in the first environment that a request changes, and what is known about its state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs

from multi_env_lambda.model.bounds import Bounding
from multi_env_lambda.model.plan import Origin, Question

if TYPE_CHECKING:
    from multi_env_lambda.errors import MultiEnvLambdaError
    from multi_env_lambda.model.alias import StrayedAlias
    from multi_env_lambda.model.freeze import Freeze
    from multi_env_lambda.model.record import Deployment, Record, RolledBack
    from multi_env_lambda.model.release import Release
    from multi_env_lambda.model.repair import Wrong
    from multi_env_lambda.plan.backwards import TakenBack
    from multi_env_lambda.plan.ownership import Foreign

__all__ = ["UNSURE", "Absent", "Broken", "UpToDate", "Desired", "RecordedState", "DigestToRun", "ReleaseToRun"]

UNSURE = "the outcome of an earlier attempt to change it is unknown"


@attrs.frozen(kw_only=True)
class ReleaseToRun:
    """This release should run. ``publish`` are the keys that are not in the bucket yet.

    ``back``: what the work tree would undo. ``rolled_back``: by the environment that a promotion comes from.
    """

    project: str
    release: Release
    why: tuple[str, ...]
    inputs: tuple[tuple[str, str], ...] = ()
    origin: Origin = Origin()
    publish: tuple[str, ...] = ()
    back: TakenBack | None = None
    rolled_back: tuple[RolledBack, ...] = ()


@attrs.frozen(kw_only=True)
class DigestToRun:
    """A published release should run: one that an environment runs (promotion) or ran (rollback)."""

    project: str
    digest: str
    version: str
    why: tuple[str, ...]
    inputs: tuple[tuple[str, str], ...] = ()
    origin: Origin = Origin()
    rolled_back: tuple[RolledBack, ...] = ()


@attrs.frozen(kw_only=True)
class UpToDate:
    """What runs is what is wanted, as known from the inputs alone."""

    project: str
    why: str


@attrs.frozen(kw_only=True)
class Broken:
    """This unit cannot be built into a release as it is."""

    project: str
    error: MultiEnvLambdaError


@attrs.frozen(kw_only=True)
class Absent:
    """The unit no longer exists, or there is nothing to take it from.

    ``source``: the environment in which it would have to run.
    """

    project: str
    why: str
    removed: bool = False
    source: str = ""


Desired = ReleaseToRun | DigestToRun | UpToDate | Broken | Absent


@attrs.frozen(kw_only=True)
class RecordedState:
    """What is recorded and published. ``releases`` by digest, ``templates`` by SHA-256.

    ``unsure``: (environment, unit) for which the outcome of an attempt is unknown, so that a record is no proof.
    ``workspace``: the id of this workspace, empty if it has none yet. ``foreign``: stacks under our names that are not
    ours. ``there``: the templates of stacks that are ours, as the stacks have them. ``orphans``: stacks of ours that
    the bucket knows nothing about. ``unseen``: why a stack could not be read. ``strayed``: aliases that somebody moved
    by hand. ``past``: the deployments of units whose environment may take releases only. ``bounding``: the limits of
    every unit. ``gone``: where the stack of what runs by its record no longer exists. ``wrong``: what is not as it was
    deployed, of units that are to be repaired; None before anybody has looked. ``broken``: units of the work tree that
    cannot be built. ``freezes``: those in force in the environments that change. ``now``: in seconds since 1970.
    """

    records: Mapping[tuple[str, str], Record]
    releases: Mapping[str, Release]
    templates: Mapping[str, str]
    unsure: frozenset[tuple[str, str]] = frozenset()
    workspace: str = ""
    foreign: Mapping[tuple[str, str], Foreign] = attrs.field(factory=dict)
    there: Mapping[tuple[str, str], str] = attrs.field(factory=dict)
    orphans: Mapping[tuple[str, str], Question] = attrs.field(factory=dict)
    unseen: Mapping[tuple[str, str], str] = attrs.field(factory=dict)
    strayed: Mapping[tuple[str, str], tuple[StrayedAlias, ...]] = attrs.field(factory=dict)
    past: Mapping[tuple[str, str], tuple[Deployment, ...]] = attrs.field(factory=dict)
    bounding: Bounding = Bounding()
    gone: frozenset[tuple[str, str]] = frozenset()
    wrong: Mapping[tuple[str, str], Wrong] | None = None
    broken: frozenset[str] = frozenset()
    freezes: tuple[Freeze, ...] = ()
    now: float = 0.0
