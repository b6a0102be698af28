"""What each unit is to be in the first environment that a request changes, and what is known of what is there."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from multi_env_lambda.errors import MultiEnvLambdaError
from multi_env_lambda.model.alias import StrayedAlias
from multi_env_lambda.model.plan import Origin, Question
from multi_env_lambda.model.record import Deployment, Record, RolledBack
from multi_env_lambda.model.release import Release
from multi_env_lambda.model.repair import Wrong
from multi_env_lambda.plan.backwards import TakenBack
from multi_env_lambda.plan.bounds import Bounding
from multi_env_lambda.plan.ownership import Foreign

__all__ = ["UNSURE", "Absent", "Broken", "UpToDate", "Desired", "RecordedState", "DigestToRun", "ReleaseToRun"]

UNSURE = "an attempt to change it ended without anybody seeing how"


@attrs.frozen(kw_only=True)
class ReleaseToRun:
    """This release should run. ``publish`` are the keys that are not in the bucket yet.

    ``back``: what the work tree would take back. ``rolled_back``: by the environment that a promotion comes from.
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
    """What runs is what is wanted; known from the inputs alone."""

    project: str
    why: str


@attrs.frozen(kw_only=True)
class Broken:
    """No release can be made of this unit as it is."""

    project: str
    error: MultiEnvLambdaError


@attrs.frozen(kw_only=True)
class Absent:
    """There is no such unit any more, or nothing to take it from."""

    project: str
    why: str
    removed: bool = False


Desired = ReleaseToRun | DigestToRun | UpToDate | Broken | Absent


@attrs.frozen(kw_only=True)
class RecordedState:
    """What is recorded and published. ``releases`` by digest, ``templates`` by SHA-256.

    ``unsure``: (environment, unit) where an attempt ended without anybody seeing how, so that a record is no proof.
    ``workspace``: the id of this workspace, empty where it has none yet. ``foreign``: stacks under our names that are
    not ours. ``there``: the templates of stacks that are ours, as the stacks have them. ``orphans``: those stacks of
    ours that the bucket knows nothing of. ``unseen``: why nobody could look at a stack. ``strayed``: aliases that
    somebody moved by hand. ``past``: the deployments of units whose environment may take releases only. ``bounding``:
    what no unit may go beyond. ``gone``: where the stack of what runs by its record is not there. ``wrong``: what is
    not as it was deployed, of units that are to be repaired; None before anybody has looked. ``broken``: units of the
    work tree of which nothing can be made.
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
