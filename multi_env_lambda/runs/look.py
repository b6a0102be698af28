"""One look at the world: what the branch says now, what is held, what waits; everything that a decision may know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import attrs

from multi_env_lambda.aws.pull_requests import CodeCommit
from multi_env_lambda.ci.decision import Decision
from multi_env_lambda.ci.happened import Asked
from multi_env_lambda.ci.names import commit_id, is_ref_name, looks_like_a_release
from multi_env_lambda.ci.narrowing import newest_that_counts
from multi_env_lambda.ci.protected import Protected
from multi_env_lambda.ci.state import Frozen, Head, State, UnitHeld
from multi_env_lambda.ci.subject import Branch, Cell, Everything, PullRequest, Subject, Tag
from multi_env_lambda.ci.wanted import Wanted, place_of
from multi_env_lambda.errors import ConfigurationError, MultiEnvLambdaError
from multi_env_lambda.flow.freezes import freezes_of, holds_of
from multi_env_lambda.host.branches import Ref
from multi_env_lambda.model.ci import DAY
from multi_env_lambda.model.freeze import Freeze
from multi_env_lambda.operations.ci_file import CI_FILE, decide_with
from multi_env_lambda.operations.ci_protected import leave_protected, protected_there
from multi_env_lambda.operations.dispatch import waiting
from multi_env_lambda.operations.own_kept import own_environments
from multi_env_lambda.runs.hands import Hands, Line
from multi_env_lambda.world import World

__all__ = ["Seen", "decided", "look"]

_DAYS_OF_A_TAG = 3


@attrs.frozen(kw_only=True)
class Seen:
    """What a look has found.

    Args:
        protected: the workspace as the protected branch has it at its newest commit.
        text: its ``ci.py``. line: that branch, as it was seen.
        commit: what the subject is about, and is checked out; empty: there is nothing to check out.
        root, world: the workspace at that commit; else that of the protected branch.
    """

    protected: World
    text: bytes | None
    line: Line
    heads: Mapping[str, Ref]
    commit: str
    root: Path
    world: World


def look(hands: Hands, branch: str, subject: Subject, store_of: World) -> Seen:
    """Fetch, and check out what the subject is about, as it is now.

    Args:
        branch: the protected branch, as the table said that was read last.

    Raises:
        ToolError: Git does not answer.
        ConfigurationError: the remote has no such branch, or the table of it cannot be read.
    """
    there = protected_there(store_of.store)
    hands.repository.fetch()
    heads = {name: ref for name, ref in hands.repository.heads().items() if is_ref_name(name)}
    head, root, world = _protected(hands, heads, branch)
    if world.config.ci.branch != branch:
        head, root, world = _protected(hands, heads, world.config.ci.branch)
    rules = world.config.ci
    text = hands.repository.file(head, CI_FILE)
    names = tuple(place.name for place in world.config.environments)
    if not isinstance(subject, PullRequest):  # a build of what is not merged may not write it
        leave_protected(world.store, there, Protected.of(head, rules, names, text))
    commit = _commit(hands, heads, subject, world)
    if commit not in ("", head) and not isinstance(subject, PullRequest):
        root = hands.repository.check_out(commit)
        own = hands.opens(root)
    else:
        own = world
    line = Line(repository=hands.repository, branch=rules.branch, head=head)
    return Seen(protected=world, text=text, line=line, heads=heads, commit=commit, root=root, world=own)


def _protected(hands: Hands, heads: Mapping[str, Ref], branch: str) -> tuple[str, Path, World]:
    if branch not in heads:
        what = f"the remote has no branch `{branch}`"
        raise ConfigurationError(
            "the protected branch", what, hint="push it, or fix `branch` in [tool.multi_env_lambda.ci]"
        )
    head = heads[branch].commit
    root = hands.repository.check_out(head)
    return head, root, hands.opens(root)


def _commit(hands: Hands, heads: Mapping[str, Ref], subject: Subject, protected: World) -> str:
    match subject:
        case Branch(name=name):
            return "" if name not in heads else newest_that_counts(hands.repository.log(heads[name].commit)) or ""
        case Tag(name=name):
            found = hands.repository.tags().get(name)
            # A right to make tags is none to bring what nobody has merged.
            return (
                ""
                if found is None or not hands.repository.has(heads[protected.config.ci.branch].commit, found.commit)
                else found.commit
            )
        case PullRequest(number=number):
            own = heads.get(hands.requested.get(number, ""))
            if own is not None:
                return own.commit
            return hands.repository.request(number) or _at_its_host(hands, heads, number, protected)
        case Cell(of=of):
            return _commit(hands, heads, of, protected)
        case Everything():
            return ""


def _at_its_host(hands: Hands, heads: Mapping[str, Ref], number: int, protected: World) -> str:
    """The newest commit of a pull request that Git knows under no name of its own, if the clone has it."""
    try:
        host = hands.voice(protected.config).host
        commit = commit_id(host.head(number)) if isinstance(host, CodeCommit) else ""
    except MultiEnvLambdaError as error:
        hands.say(f"{error.where}: {error.what}")
        return ""
    known = hands.repository.kin(commit, heads[protected.config.ci.branch].commit) if commit else "unknown"
    return "" if known == "unknown" else commit


def decided(hands: Hands, seen: Seen, wanted: Wanted, subject: Subject) -> Decision:
    """What is to be done about the subject, by the settings and the ``ci.py`` of the protected branch."""
    return decide_with(seen.text, Asked(subject=subject), _state(hands, seen, wanted, subject))


def _state(hands: Hands, seen: Seen, wanted: Wanted, subject: Subject) -> State:
    world = seen.protected
    is_own = isinstance(subject, Branch | Tag) and bool(seen.commit)
    stopped = tuple(_stopped(world))
    return State(
        rules=world.config.ci,
        environments=tuple(place.name for place in world.config.environments),
        stages=tuple(tuple(place.name for place in stage) for stage in world.config.stages),
        now=world.store.now(),
        bucket=world.config.devops.bucket,
        units={unit.name: unit.version for unit in seen.world.projects} if is_own else None,
        branches={name: Head(commit=ref.commit, committed=ref.made) for name, ref in seen.heads.items()},
        tags=_tags(hands, seen) if isinstance(subject, Everything) else {},
        message=next((text for _, text in hands.repository.log(seen.commit)), "") if is_own else "",
        stranger=wanted.stranger if isinstance(subject, PullRequest) else None,
        agreed=wanted.agreed,
        frozen=tuple(
            Frozen(environment=one.environment, who=one.who, reason=one.reason) for one in stopped if not one.unit
        ),
        held=tuple(
            UnitHeld(unit=one.unit, environment=one.environment, who=one.who, reason=one.reason)
            for one in stopped
            if one.unit
        ),
        # One object for each subject that anybody ever asked about, so it is read where that is what is looked at.
        waiting=waiting(world.store) if isinstance(subject, Everything) else (),
        own=own_environments(world.store),
    )


def _tags(hands: Hands, seen: Seen) -> dict[str, float]:
    """Young ones that look like releases and that nobody has heard of: a push of many sends no event."""
    store = seen.protected.store
    young = store.now() - _DAYS_OF_A_TAG * DAY
    found = {
        name: ref.made
        for name, ref in hands.repository.tags().items()
        if ref.made >= young and is_ref_name(name) and looks_like_a_release(name)
    }
    return {name: made for name, made in found.items() if store.head(place_of(Tag(name=name).key)) is None}


def _stopped(world: World) -> Iterator[Freeze]:
    """What people stopped: by rollbacks, and by freezes. What cannot be read freezes, too: somebody wanted it so."""
    for place in world.config.environments:
        yield from holds_of(place.name, world.ledger.records(place.name))
        yield from freezes_of(world, place.name)
