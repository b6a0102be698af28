"""Observe, once it is known what is desired: the releases and templates that it is compared with.

Input: what is recorded, and a ``DesiredState``. Output: what a plan is decided from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, assert_never

import attrs

from multi_env_lambda.errors import MultiEnvLambdaError, PublishError
from multi_env_lambda.flow.meanwhile import Noted, enter, noted_templates
from multi_env_lambda.host.parallel import in_parallel, together
from multi_env_lambda.plan.desired import Absent, Broken, Desired, DigestToRun, RecordedState, ReleaseToRun, UpToDate
from multi_env_lambda.plan.schedule_transitions import has_schedules

if TYPE_CHECKING:
    from multi_env_lambda.flow.observe import Observed
    from multi_env_lambda.make.work_tree import DesiredState
    from multi_env_lambda.model.environment import Environment
    from multi_env_lambda.model.release import Release, ReleaseTemplate
    from multi_env_lambda.model.request import Request
    from multi_env_lambda.world import World

__all__ = ["compared"]


def compared(
    world: World, request: Request, observed: Observed, wish: DesiredState
) -> tuple[Mapping[str, Desired], RecordedState]:
    """What is desired, without what cannot be read, and everything that it is compared with."""
    failures = dict(observed.unreadable)
    needed = _needed(request, observed, wish)
    entered = observed.targets[0] if observed.soon and not wish.made else None
    published, templates = _releases(world, entered, needed, failures, observed.whose)
    templates |= _templates(world, published, observed.targets, failures)
    broken = {name: Broken(project=name, error=error) for name, error in failures.items() if name in wish.desired}
    for item in wish.made.values():
        published[item.release.digest] = item.release
        templates |= {stage.template_sha256: item.templates[stage.environment] for stage in item.release.stages}
    known = RecordedState(
        broken=frozenset(unit.name for unit in world.broken),
        records=observed.records,
        releases=published,
        templates=templates,
        unsure=observed.unsure,
        workspace=observed.workspace,
        freezes=observed.freezes,
        # Only if a template needs it, because it may cost a call.
        now=world.store.now() if any(map(has_schedules, templates.values())) else 0.0,
    )
    return {**wish.desired, **broken}, known


@attrs.frozen(kw_only=True)
class _Needed:
    """What is read for the units whose environments differ: manifests by (unit, digest), templates of what runs."""

    manifests: frozenset[tuple[str, str]]
    running: tuple[Noted, ...]


def _needed(request: Request, observed: Observed, wish: DesiredState) -> _Needed:
    """A unit that is the same everywhere costs nothing."""
    targets, unsure = observed.targets, {name for _, name in observed.unsure}
    unpublished = {made.release.digest for made in wish.made.values()}
    pairs: set[tuple[str, str]] = set()
    running: list[Noted] = []
    for name, desired in wish.desired.items():
        there = [observed.running(name, target) for target in targets]
        digests = {None if item is None else item.release for item in there} | _digests(desired)
        if len(digests) <= 1 and not (request.force or request.verb == "repair") and name not in unsure:
            continue
        noted = noted_templates(observed.records, targets, (name,))
        running += noted
        manifests = digests - _digests(desired) - unpublished
        if observed.soon:
            # What runs in one environment may be what the next one should run.
            manifests -= {item.release for _, place, item in noted if place == targets[-1].name}
            manifests |= {item.release for item in there[:-1] if item is not None} - unpublished
        manifests |= _digests(desired) - unpublished
        pairs |= {(name, item) for item in manifests if item is not None}
    return _Needed(manifests=frozenset(pairs), running=tuple(running))


def _releases(
    world: World,
    entered: Environment | None,
    needed: _Needed,
    failures: dict[str, MultiEnvLambdaError],
    whose: Callable[[], None],
) -> tuple[dict[str, Release], dict[str, str]]:
    """Manifests by digest, and templates by SHA-256.

    Args:
        entered: the account that will be changed next.
        failures: receives the units for which one of these cannot be read.
        whose: asks the bucket which workspace it belongs to, if nothing has yet.
    """
    if not (needed.manifests or needed.running):
        return {}, {}
    from multi_env_lambda.aws.index import read_noted_template, read_release

    releases: dict[str, Release] = {}
    templates: dict[str, str] = {}

    def manifest(pair: tuple[str, str]) -> None:
        release = read_release(world.store, world.cache, *pair)
        releases[release.digest] = release

    def template(noted: Noted) -> None:
        templates[noted[2].template_sha256] = read_noted_template(world.store, world.cache, *noted)

    def tried(unit: str, read: Callable[[], None]) -> None:
        try:
            read()
        except PublishError as error:
            failures.setdefault(unit, error)

    steps: list[Callable[[], None]] = [
        partial(tried, pair[0], partial(manifest, pair)) for pair in sorted(needed.manifests)
    ]
    steps += [partial(tried, noted[0], partial(template, noted)) for noted in needed.running]
    steps.append(whose)
    if entered is not None:
        steps.insert(0, partial(enter, world, entered))
    together(*steps)
    return releases, templates


def _digests(desired: Desired) -> set[str | None]:
    match desired:
        case ReleaseToRun():
            return {desired.release.digest}
        case DigestToRun():
            return {desired.digest}
        case UpToDate() | Broken() | Absent():
            return set()
        case _:
            assert_never(desired)


def _templates(
    world: World,
    releases: Mapping[str, Release],
    targets: tuple[Environment, ...],
    failures: dict[str, MultiEnvLambdaError],
) -> dict[str, str]:
    if not releases:
        return {}
    from multi_env_lambda.aws.index import read_template

    pairs = [
        (release, stage) for release in releases.values() for target in targets if (stage := release.stage(target.name))
    ]

    def read(pair: tuple[Release, ReleaseTemplate]) -> str:
        release, stage = pair
        try:
            return read_template(world.store, world.cache, release, stage.environment)
        except PublishError as error:
            failures.setdefault(release.project, error)
            return ""

    texts = in_parallel(read, pairs)
    return {stage.template_sha256: text for (_, stage), text in zip(pairs, texts, strict=True) if text}
