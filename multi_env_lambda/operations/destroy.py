"""Remove: delete the stack of one unit in one environment, under its lease, and record it.

    observe -> removal (a value that can be shown, saved and approved) -> the gate -> hold the lease -> delete -> record

Killed anywhere, the same command finishes: a stack that is gone is already deleted, and the record is written last.
"""

from __future__ import annotations

import json
import secrets
import time
from functools import partial

import attrs

from multi_env_lambda.aws.index import read_release, read_template
from multi_env_lambda.aws.lease import HeldLease
from multi_env_lambda.aws.ledger import Recorded
from multi_env_lambda.errors import (
    ConfigurationError,
    DocumentError,
    MultiEnvLambdaError,
    PlanStale,
    PublishError,
    Refused,
    SessionEnded,
    UpgradeNeeded,
)
from multi_env_lambda.flow.consent import NO_CONSENT, Consent
from multi_env_lambda.flow.freezes import freezes_of
from multi_env_lambda.flow.gate import APPROVE_SAVED, agreed, save_removal
from multi_env_lambda.flow.hold import hold
from multi_env_lambda.flow.identity import confirm, find_id, identified
from multi_env_lambda.flow.left import with_left
from multi_env_lambda.flow.ownership import deletion_check, template_of_ours
from multi_env_lambda.flow.saved import SavedPlan
from multi_env_lambda.host.parallel import in_parallel
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.moved import place_of
from multi_env_lambda.model.reading import did_you_mean, no_such_unit
from multi_env_lambda.model.record import Deployment, Record
from multi_env_lambda.model.release import Release
from multi_env_lambda.model.result import Result
from multi_env_lambda.model.rules import Bound
from multi_env_lambda.model.stopped import stopped_at
from multi_env_lambda.plan.imports import known_of
from multi_env_lambda.plan.removal import Removal, changed_since, kept_by, lost, needed_by, retained
from multi_env_lambda.wording import advice, option
from multi_env_lambda.world import Phase, World

__all__ = ["destroy", "find_removal", "same_removal"]


_PROTECTED = "the environment has `protect = true`, so nothing is deleted there"
_UNPROTECT = (
    "only if it may really be deleted: remove `protect` from the table, run `aws cloudformation "
    "update-termination-protection --no-enable-termination-protection --stack-name {stack}` in that account, then "
    "rerun this"
)


def find_removal(world: World, name: str, environment: str, *, keep: tuple[str, ...] = ()) -> Removal:
    """Find out what deleting a unit from an environment would do. Nothing is written.

    ``keep`` are logical ids to keep after an earlier deletion failed on them.

    Raises:
        ConfigurationError: there is no such unit or environment, or nothing with a name in ``keep``.
        Refused: the environment is protected.
    """
    world = with_left(world, environment)
    place = world.config.environment(environment)
    records_there = world.ledger.read(place.name)
    records, unreadable = records_there.records, records_there.unreadable
    confirm(world)
    find_id(world, records.values())
    known = set(world.unit_names) | records.keys() | unreadable.keys()
    if name not in known:
        raise no_such_unit(name, known, where="destroy")
    if name in unreadable:
        raise unreadable[name]
    record = records.get(name, Record(project=name, environment=place.name))
    here, place = place, place_of(record, place)
    if place.protect and not record.gone:
        raise Refused(f"{name} in {place.name}", _PROTECTED, hint=_UNPROTECT.format(stack=f"{name}-{place.name}"))
    last = record.running or record.latest
    release = None if record.gone or last is None else _released(world, name, last.release)
    stage = None if release is None else release.stage(place.name)
    stack_name = f"{name}-{place.name}" if stage is None else stage.stack_name
    there = template_of_ours(world, place, record, stack_name)
    gone = record.gone and there is None
    if there is None and release is not None and stage is not None:
        there = read_template(world.store, world.cache, release, place.name)
    template = there or ""
    if template:
        _must_be_there(keep, template)
    return Removal(
        project=name,
        environment=place.name,
        stack_name=stack_name,
        release=None if last is None else last.release,
        version=None if last is None else last.version,
        retained=retained(template, keep) if template else (),
        needed_by=() if gone else _needed_by(world, name, records_there),
        gone=gone,
        lost=lost(template, keep) if template else (),
        keep=keep,
        place="" if place is here and here in world.config.environments else f"{place.account_id} {place.region}",
    )


def _must_be_there(keep: tuple[str, ...], template: str) -> None:
    resources = json.loads(template)["Resources"]
    for name in keep:
        if name not in resources:
            what = f"the stack has no resource `{name}` that could be retained"
            raise ConfigurationError("destroy", what, hint=did_you_mean(name, resources))


def same_removal(world: World, saved: SavedPlan) -> Removal:
    """Make a saved request again.

    Raises:
        PlanStale: deleting the unit would do something different now.
    """
    name, environment = saved.asked.get("only", ""), saved.asked.get("target", "")
    found = find_removal(world, name, environment, keep=kept_by(saved.document))
    if found.digest != saved.digest:
        what = changed_since(saved.document, found) or "what would be deleted has changed since it was saved"
        hint = advice("save it again with `{}`, and review it", save_removal(name, environment))
        raise PlanStale(f"the saved request to delete {name} from {environment}", what, hint=hint)
    return found


def destroy(
    world: World,
    removal: Removal,
    consent: Consent = NO_CONSENT,
    *,
    reason: str = "",
    force: bool = False,
    bound: Bound | None = None,
) -> Result:
    """Delete the stack and record it. A unit that is already gone is left alone.

    Args:
        force: delete it even if others there need it, or it is frozen.
        bound: the environment's rules, if already read.

    Raises:
        Refused: others need it, it is frozen, it is not approved, or the stack is not ours.
        Busy: somebody is deploying it.
        StackError: CloudFormation could not delete the stack; the record says so.
        SessionEnded: the credentials ended meanwhile; the same again finishes it.
    """
    if removal.gone:
        return _result(removal, "unchanged", "it does not run there")
    world = with_left(world, removal.environment)
    if removal.needed_by and not force:
        what = f"still needed there by {', '.join(removal.needed_by)}"
        hint = advice("destroy those first, or pass `{}`", option("force"))
        raise Refused(f"{removal.project} in {removal.environment}", what, hint=hint)
    hint = advice("`{}`, then somebody else: `{}`", save_removal(removal.project, removal.environment), APPROVE_SAVED)
    with world.endings.raised():
        _must_not_be_frozen(world, removal, force=force)
        gate = agreed(world, removal.environment, removal.digest, consent, hint=hint, bound=bound)
        if gate.closed is not None:
            raise gate.closed
    try:
        return _delete(world, removal, reason, gate.approved)
    except SessionEnded as error:
        what = stopped_at(error.what, 0, (f"{removal.project} in {removal.environment}",), 0)
        raise SessionEnded(error.where, what, hint=error.hint) from error


def _must_not_be_frozen(world: World, removal: Removal, *, force: bool) -> None:
    found = () if force else freezes_of(world, removal.environment, again=True)
    for one in found:
        if one.is_about(removal.project):
            hint = advice("`{}` lifts it; or pass `{}`", one.lifted_by, option("force"))
            raise Refused(f"{removal.project} in {removal.environment}", one.fact, hint=hint)


def _delete(world: World, removal: Removal, reason: str, approved: str) -> Result:
    started = time.monotonic()
    place = world.config.environment(removal.environment)
    records = world.ledger.records(place.name)
    place = place_of(records[removal.project], place) if removal.project in records else place
    world.platform.verify(place)
    running = records[removal.project].release if removal.project in records else None
    world = identified(world, find_id(world, records.values()))
    with hold(world, place.name, removal.project, running=running, toward=removal.release) as held:
        last = _last(held.record)
        now = None if last is None else last.release
        if now != removal.release:
            what = f"{_release_of(removal.release)} was to be deleted, and {_release_of(now)} is there now"
            raise PlanStale(f"{removal.project} in {place.name}", what, hint="run the same command again")
        entry = attrs.evolve(_entry(world, removal, held.record, reason, place), approved=approved)
        try:
            token = f"destroy-f{held.fencing}-{secrets.token_hex(4)}"
            say = partial(_say, world, removal, "deploy")
            check = deletion_check(world, held.record, removal.keep)
            world.platform.delete(place, removal.stack_name, token, held, say, check=check, retain=removal.keep)
        except (PlanStale, Refused, SessionEnded):
            raise
        except MultiEnvLambdaError as error:
            _record_failure(held, entry, error, time.monotonic() - started)
            raise
        entry = attrs.evolve(entry, seconds=round(time.monotonic() - started, 3))
        held.finish(
            attrs.evolve(
                held.record,
                running=None,
                latest=entry,
                rolled_back=None,
                rolled_back_before=(),
                unsure=None,
                unreleased=None,
            )
        )
    _say(world, removal, "done", "destroyed")
    return attrs.evolve(_result(removal, "destroyed", ""), seconds=entry.seconds)


def _release_of(digest: str | None) -> str:
    return f"release {digest[:12]}" if digest else "nothing"


def _last(record: Record) -> Deployment | None:
    return record.running or record.latest


def _entry(world: World, removal: Removal, record: Record, reason: str, place: Environment) -> Deployment:
    last = _last(record)
    writer = world.platform.writer()
    return Deployment(
        sequence=record.next_sequence(),
        action="destroy",
        outcome="destroyed",
        release="" if last is None else last.release,
        version="" if last is None else last.version,
        layer=None if last is None else last.layer,
        who=writer.arn,
        user_id=writer.user_id,
        when=world.now(),
        commit="" if last is None else last.commit,
        account_id=place.account_id,
        region=place.region,
        stack_id="" if last is None else last.stack_id,
        reason=reason,
        plan=removal.digest,
        left=known_of(record),
    )


def _record_failure(held: HeldLease, entry: Deployment, error: MultiEnvLambdaError, seconds: float) -> None:
    detail = f"{error.where}: {error.what}"
    latest = attrs.evolve(entry, outcome="failed", detail=detail, seconds=round(seconds, 3))
    held.finish(attrs.evolve(held.record, latest=latest, unsure=held.unsure))


def _released(world: World, name: str, digest: str) -> Release | None:
    """A release that was recorded; None if its deploy failed before it was published.

    Raises:
        DocumentError: it exists but has different content.
    """
    try:
        return read_release(world.store, world.cache, name, digest)
    except (DocumentError, UpgradeNeeded):
        raise
    except PublishError:
        return None


def _needed_by(world: World, name: str, recorded: Recorded) -> tuple[str, ...]:
    """Which units need this one there; those that cannot be read may need it."""
    running = [
        (unit, record.running) for unit, record in sorted(recorded.records.items()) if record.running is not None
    ]
    unknown = set(recorded.unreadable)

    def read(pair: tuple[str, Deployment]) -> Release | None:
        try:
            return _released(world, pair[0], pair[1].release)
        except PublishError:
            unknown.add(pair[0])
            return None

    releases = [release for release in in_parallel(read, running) if release is not None]
    return (*needed_by(name, releases), *(f"{other} (which cannot be read)" for other in sorted(unknown - {name})))


def _result(removal: Removal, outcome: str, detail: str) -> Result:
    return Result(
        project=removal.project,
        environment=removal.environment,
        outcome="destroyed" if outcome == "destroyed" else "unchanged",
        version=removal.version,
        release=removal.release,
        detail=detail,
    )


def _say(world: World, removal: Removal, phase: Phase, text: str) -> None:
    world.tell(removal.project, removal.environment, phase, text)
