"""Whether this machine, this identity and these accounts are what a deploy needs. It reads, and changes nothing.

One check that fails says so and stops no other one, but those that need what it did not find.
"""

from __future__ import annotations

import json
import platform
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from multi_env_lambda.aws.bucket import Bucket
from multi_env_lambda.aws.bucket_setup import denied_to, left_as_it_is, missing_for, obstacles
from multi_env_lambda.aws.examine import clock_skew, first_key, may_look_at_stacks, may_read
from multi_env_lambda.aws.session import Sessions
from multi_env_lambda.errors import MultiEnvLambdaError
from multi_env_lambda.flow.identity import confirm, find_id
from multi_env_lambda.flow.rules import bound_of
from multi_env_lambda.host import sandbox
from multi_env_lambda.host.interpreter import find_python
from multi_env_lambda.host.parallel import in_parallel
from multi_env_lambda.host.process import uv_program
from multi_env_lambda.model.bitbucket import Bitbucket
from multi_env_lambda.model.environment import Devops, Environment
from multi_env_lambda.model.finding import Finding, State
from multi_env_lambda.model.principal import principal_of
from multi_env_lambda.model.runtime import not_imported
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.operations.bootstrap import there
from multi_env_lambda.operations.doctor_quotas import builds_at_once, quota_checks
from multi_env_lambda.operations.doctor_reviewers import reviewers
from multi_env_lambda.plan.access_stack import AccessStack, differences
from multi_env_lambda.wording import Advice, advice
from multi_env_lambda.world import World

__all__ = ["Answer", "examine"]

_OWN_FILE = re.compile(r"ci/library/[0-9a-f]{64}/[\w.+-]+")
"""A key of the bucket that the stack of the CI takes code from."""

_NEEDED_BY_OTHERS = {
    "identity": "not looked at without credentials",
    "role": "not looked at, since the role cannot be assumed",
}
_MOST_SKEW = 240.0
"""Seconds; AWS takes 300."""

Answer = tuple[State, str, str]
"""How it is, what was found, and a hint."""
Check = Callable[[], Answer]


def examine(
    config: WorkspaceConfig,
    pythons: Iterable[str],
    sessions: Sessions,
    environment: Mapping[str, str],
    open_world: Callable[[], World],
    wanted: Callable[[Devops | Environment], AccessStack],
    ci: Callable[[], AccessStack | None],
    webhook: Check | None = None,
) -> tuple[Finding, ...]:
    """All findings, by place in the order of the chain.

    Args:
        pythons: the versions that the units' functions and jobs run on, such as "3.13".
        environment: the variables of this process.
        open_world: asked for only once there are credentials.
        wanted: what `bootstrap` would make of a place; asked for only where it makes roles.
        ci: the same for the stack of the CI; asked for only where the table wants one.
        webhook: whether the receiver answers; None: the table wants none.
    """
    devops = config.devops
    found = [*_findings("machine", _of_the_machine(pythons)), *_findings("you", _of_the_caller(sessions, environment))]
    if any(finding.state == "problem" for finding in found if finding.place == "you"):
        return (*found, *_not_looked_at((devops.name, *(item.name for item in config.environments))))
    world = open_world()
    checks = _of_devops(world, sessions, environment, wanted, ci, webhook)
    of_devops = list(_findings(devops.name, checks))
    published = _published(sessions, world.config) if of_devops[0].state == "ok" else {}
    look = partial(_of_environment, world, sessions, published, wanted)
    places = in_parallel(lambda item: tuple(_findings(item.name, look(item))), world.config.environments)
    return (*found, *of_devops, *(finding for place in places for finding in place))


def _findings(place: str, checks: Iterable[tuple[str, Check]]) -> Iterator[Finding]:
    """In order; what the others of the place need is its first check."""
    blocked = ""
    for name, check in checks:
        state, what, hint = _unknown(blocked) if blocked else _answer(check)
        if state == "problem" and name in _NEEDED_BY_OTHERS:
            blocked = _NEEDED_BY_OTHERS[name]
        yield Finding(place=place, check=name, state=state, what=what, hint=hint)


def _answer(check: Check) -> Answer:
    try:
        return check()
    except MultiEnvLambdaError as error:
        return "problem", error.what, error.hint
    except Exception as error:  # whatever it is, the other checks are still worth their answer
        return "problem", f"{type(error).__name__}: {error}", "this check met what it does not know: please report it"


def _unknown(why: str) -> Answer:
    return "unknown", why, ""


def _not_looked_at(places: Iterable[str]) -> Iterator[Finding]:
    for place in places:
        yield Finding(place=place, check="role", state="unknown", what=_NEEDED_BY_OTHERS["identity"])


def _of_the_machine(pythons: Iterable[str]) -> Iterator[tuple[str, Check]]:
    version = platform.python_version()
    yield "python", lambda: ("ok", f"{version} at {sys.executable}", "")
    yield "git", partial(_program, "git", "install Git: units are packed from what it tracks")
    yield "uv", lambda: ("ok", str(uv_program()), "")
    yield "landlock", _landlock
    for python in sorted(set(pythons)):
        yield f"python {python}", partial(_runtime, python)


def _landlock() -> Answer:
    version = sandbox.landlock_version()
    if version < sandbox.FIRST_WITH_RENAMES:
        what = "none in this kernel: code of units, which is run to make them, can read this user's files"
        return "note", what, "make units where Linux is 5.19 or newer, if you do not trust who wrote them"
    return "ok", f"version {version}; code of units sees neither this user's files nor the network", ""


def _program(name: str, hint: str) -> Answer:
    found = shutil.which(name)
    return ("problem", f"there is no `{name}` on PATH", hint) if found is None else ("ok", found, "")


def _runtime(version: str) -> Answer:
    found = find_python(version)
    if found is None:
        what = not_imported("handlers and jobs of this version")
        return "note", what, f"`uv python install {version}`"
    return "ok", str(found), ""


def _of_the_caller(sessions: Sessions, environment: Mapping[str, str]) -> Iterator[tuple[str, Check]]:
    yield "identity", partial(_identity, sessions)
    yield "clock", partial(_clock, sessions)
    yield "session", partial(_session, environment)


def _identity(sessions: Sessions) -> Answer:
    arn = sessions.caller()
    who = principal_of(arn)
    known = {
        "user": "a user",
        "person": f"{who.person} of Identity Center",
        "role": "a role: everyone who uses it is the same person to an approval",
        "account": "the account itself: an approval counts for all of its users",
    }
    return ("ok" if who.kind in ("user", "person") else "note"), f"{arn}, {known[who.kind]}", ""


def _clock(sessions: Sessions) -> Answer:
    # The answer may be some seconds old, when it was asked for before; that is no skew.
    skew = clock_skew(sessions.base_answer(), time.time())
    if abs(skew) > _MOST_SKEW:
        return (
            "problem",
            f"this machine is {skew:.0f} seconds ahead of AWS, expected at most 300",
            "set its clock (NTP)",
        )
    return "ok", "as AWS's", ""


def _session(environment: Mapping[str, str]) -> Answer:
    expires = environment.get("AWS_CREDENTIAL_EXPIRATION")
    if expires:
        return "note", f"your credentials end at {expires}; a longer deploy ends with them", ""
    if environment.get("AWS_SESSION_TOKEN"):
        what = "your credentials are temporary, and do not say when they end; nothing renews them in a longer deploy"
        return "note", what, "a profile (AWS_PROFILE) is renewed while it is used"
    return "ok", "renewed while it is used", ""


def _of_devops(
    world: World,
    sessions: Sessions,
    environment: Mapping[str, str],
    wanted: Callable[[Devops | Environment], AccessStack],
    ci: Callable[[], AccessStack | None],
    webhook: Check | None,
) -> Iterator[tuple[str, Check]]:
    devops = world.config.devops
    yield "role", partial(_role, sessions, devops)
    if world.config.roles is not None:
        yield "roles", lambda: _roles(sessions, devops, wanted(devops))
    if world.config.ci_stack is not None:
        yield "ci", lambda: _ci(sessions, devops, ci())
        yield "quota: builds", partial(builds_at_once, sessions, devops)
    if world.config.bitbucket is not None:
        yield "bitbucket", partial(_bitbucket, world.config.bitbucket, world.config.ci.branch)
    if world.config.github is not None and world.config.github.reviewed:
        yield "reviewers", partial(reviewers, world.config.github, environment)
    if webhook is not None:
        yield "webhook", webhook
    yield "bucket", partial(_bucket, world, sessions)
    yield "workspace id", partial(_workspace_id, world)


def _bitbucket(bitbucket: Bitbucket, branch: str) -> Answer:
    """What no token shows, and so nothing here can look at."""
    place = f"the deployment environment `{bitbucket.deployment}`"
    if bitbucket.only_from_branch:
        return "note", f"the table says that Bitbucket lets only `{branch}` deploy to {place}; look there", ""
    hint = "limit it to that branch at Bitbucket (Premium), then set `only_from_branch = true`"
    return "note", f"everybody who can push any branch can deploy, through {place}", hint


def _role(sessions: Sessions, place: Devops | Environment) -> Answer:
    sessions.verify(place)
    how = f"as {place.role_arn}" if place.role_name else "with your own credentials"
    return "ok", f"account {place.account_id} in {place.region}, {how}", ""


def _roles(sessions: Sessions, place: Devops | Environment, wanted: AccessStack) -> Answer:
    """Whether the roles of a place are what `bootstrap` would make now."""
    template = Advice(f"bootstrap --template {place.name}", f'workspace.bootstrap_template("{place.name}")')
    own = Advice(f"bootstrap {place.name}", f'workspace.bootstrap("{place.name}")')
    hint = advice("`{}`, or give what `{}` shows to the team that applies it", own, template)
    found = there(sessions, place, wanted.name)
    if found is None:
        what = f"there is no stack {wanted.name}: if others apply it under another name, ask them whether it is new"
        return "note", what, hint
    lines = differences(found, json.loads(wanted.template))
    if lines:
        return "problem", f"the stack {wanted.name} is not what this workspace needs: {'; '.join(lines)}", hint
    return "ok", f"the stack {wanted.name} is what this workspace needs", ""


def _ci(sessions: Sessions, devops: Devops, wanted: AccessStack | None) -> Answer:
    """Whether a push is heard of, and by the library that is installed here."""
    assert wanted is not None, "the table wants it"
    hint = advice("`{}`", Advice("bootstrap devops", 'workspace.bootstrap("devops")'))
    found = there(sessions, devops, wanted.name)
    if found is None:
        return "problem", f"there is no stack {wanted.name}, so a push leads to nothing", hint
    store = Bucket(sessions.client(devops, "s3"), devops.bucket, devops.account_id)
    named = set(_OWN_FILE.findall(json.dumps(found)))
    if lost := sorted(named - {item.key for item in store.list("ci/library/")}):
        return "problem", f"the stack {wanted.name} needs {' and '.join(lost)}, not in s3://{devops.bucket}", hint
    if lines := differences(found, json.loads(wanted.template)):
        # Another version of this library here is no fault of the stack.
        return "note", f"the stack {wanted.name} is not what `bootstrap` would make from here: {'; '.join(lines)}", hint
    return "ok", f"the stack {wanted.name} is what this workspace needs", ""


def _bucket(world: World, sessions: Sessions) -> Answer:
    for place in world.config.buckets:
        missing = missing_for(sessions.client(place, "s3"), place, world.config)
        for obstacle in obstacles(sessions.client(place, "s3"), place):
            return "problem", f"s3://{place.bucket}: {obstacle.what}", obstacle.hint
        if missing:
            what = f"s3://{place.bucket}: `bootstrap` would see to it that {'; '.join(missing)}"
            return "problem", what, "`bootstrap`"
    left = [text for place in world.config.buckets for text in left_as_it_is(sessions.client(place, "s3"), place)]
    if left:
        return "note", "; ".join(left), "give that rule a prefix of its own: old versions repair what was overwritten"
    return "ok", f"{', '.join(f's3://{place.bucket}' for place in world.config.buckets)} set up", ""


def _workspace_id(world: World) -> Answer:
    confirm(world)
    found = find_id(world, ())
    if not found:
        return "problem", "neither the table nor the bucket has one", "`bootstrap` gives it one"
    if not world.config.id:
        return "note", f"the bucket says {found}, the table says none", f'write `id = "{found}"` into the root table'
    return "ok", found, ""


def _published(sessions: Sessions, config: WorkspaceConfig) -> Mapping[str, str | None]:
    """The key of something published, by region; None if nothing is, or it cannot be seen."""
    return {
        place.region: first_key(sessions.client(place, "s3"), place.bucket, place.account_id)
        for place in config.buckets
    }


def _of_environment(
    world: World,
    sessions: Sessions,
    published: Mapping[str, str | None],
    wanted: Callable[[Devops | Environment], AccessStack],
    place: Environment,
) -> Iterator[tuple[str, Check]]:
    yield "role", partial(_role, sessions, place)
    if place.prefix:
        yield "roles", lambda: _roles(sessions, place, wanted(place))
    yield "stacks", partial(_stacks, sessions, place)
    devops = world.config.devops.at(place.region)
    yield "artifacts", partial(_artifacts, devops, sessions, place, published.get(place.region))
    yield "rules", partial(_rules, world, place)
    yield from quota_checks(world, place)


def _stacks(sessions: Sessions, place: Environment) -> Answer:
    problem = may_look_at_stacks(sessions.client(place, "cloudformation"), place.name)
    if problem is not None:
        return "problem", problem, f"see what the role needs: `permissions {place.name}`"
    return "ok", "CloudFormation answers", ""


def _artifacts(devops: Devops, sessions: Sessions, place: Environment, published: str | None) -> Answer:
    if published is None:
        return "unknown", "nothing is published yet that could be read", ""
    if place.only_looks:
        return "unknown", f"read by who deploys there, which is {' and '.join(place.deployed_by)}", ""
    problem = may_read(sessions.client(place, "s3"), devops.bucket, published, devops.account_id)
    if problem is not None:
        denied = denied_to(sessions.client(devops, "s3"), devops, place.account_id)
        hint = f"`bootstrap` lets the account read; what its role needs: `permissions {place.name}`"
        if denied:
            hint = f"its owner has to change the statement {', '.join(denied)} of the bucket's policy, which denies it"
        return "problem", f"{published}: {problem}", hint
    return "ok", f"what is published in s3://{devops.bucket} can be read", ""


def _rules(world: World, place: Environment) -> Answer:
    bound = bound_of(world, place.name)
    if bound.unreadable:
        return "problem", bound.unreadable, "restore the object's last good version, or commit a table that can be read"
    rules = {
        "approval": bound.rules.approval,
        "releases_only": bound.rules.releases_only,
        "committed_only": bound.rules.committed_only,
    }
    held = ", ".join(name for name, is_set in rules.items() if is_set) or "none"
    if bound.order:
        return "note", f"{held}; {'; '.join(bound.order)}", "commit the table, or take the change back"
    if bound.weaker:
        return (
            "note",
            f"{held}: stricter than the table, because they were set once or are committed",
            "an approval weakens them",
        )
    return "ok", held, ""
