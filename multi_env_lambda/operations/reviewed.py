"""Turns what a reviewer agreed to at GitHub into an approval of ours: for that digest, in her name, or not at all.

All that counts is what GitHub's API says: what its environment asks for, who has agreed in this run, what the job was
called that she let start, and who brought the branch to where it stands. The run itself says only which run it is.

Source: https://docs.github.com/en/rest/actions/workflow-runs#get-the-review-history-for-a-workflow-run,
https://docs.github.com/en/rest/deployments/environments#get-an-environment and
https://docs.github.com/en/actions/reference/workflows-and-actions/deployments-and-environments
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

import attrs

from multi_env_lambda.errors import Refused
from multi_env_lambda.flow.gate import Approval, write_approval
from multi_env_lambda.model.github import approving_job
from multi_env_lambda.model.principal import at_github
from multi_env_lambda.model.record import REVIEWED
from multi_env_lambda.model.store import ObjectStore

__all__ = ["PROTECT", "Reviewed", "Reviews", "bear_out", "must_be_protected", "unprotected"]

PROTECT = "at GitHub, Settings, Environments: require reviewers, prevent self-review, and let nobody bypass the rules"
"""What protects an environment there, as a hint."""

_PLACE = re.compile(r"[a-z][a-z0-9-]{0,40}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}", re.ASCII)
_HINT = "start the workflow again, and review what it shows then"


class Reviews(Protocol):
    """What GitHub says (``host/github_api.py``); a test has one in memory."""

    def environment(self, name: str) -> Any: ...

    def run(self, run: int) -> Any: ...

    def approvals(self, run: int) -> list[Any]: ...

    def jobs(self, run: int) -> list[Any]: ...

    def pushes(self, branch: str) -> list[Any]: ...


@attrs.frozen(kw_only=True)
class Reviewed:
    """What a job says that a reviewer has let start: of which run it is, and what it is to be about."""

    run: int
    environment: str
    digest: str
    branch: str


def unprotected(environment: Any) -> tuple[str, ...]:
    """What is missing at GitHub before the yes of its reviewers can count; empty: nothing.

    Without reviewers, GitHub would start the job, and give it a token, for everybody.
    """
    if not isinstance(environment, Mapping):
        return ("there is no such environment",)
    rule = _reviewers(environment)
    return tuple(
        text
        for text, is_missing in (
            ("no required reviewers", rule is None),
            ("self-reviews are not prevented", rule is not None and rule.get("prevent_self_review") is not True),
            ("administrators may bypass the rules", environment.get("can_admins_bypass") is not False),
        )
        if is_missing
    )


def _reviewers(environment: Mapping[str, Any]) -> Mapping[str, Any] | None:
    for rule in _mappings(environment.get("protection_rules")):
        if rule.get("type") == "required_reviewers" and rule.get("reviewers"):
            return rule
    return None


def bear_out(store: ObjectStore, said: Reviews, asked: Reviewed) -> Approval:
    """Write the approval that a reviewer gave there.

    Raises:
        Refused: nobody has agreed, or it is not known who, or to what; nothing is written.
        MultiEnvLambdaError: GitHub or the bucket does not answer.
    """
    place = asked.environment
    if not _PLACE.fullmatch(place) or not _DIGEST.fullmatch(asked.digest) or asked.run < 1:
        raise _refused("the review", "it is about no plan of an environment")
    environment = said.environment(place)
    if missing := unprotected(environment):
        raise must_be_protected(place, missing)
    run = said.run(asked.run)
    if not isinstance(run, Mapping) or run.get("run_attempt") != 1:
        raise _refused(
            place, "GitHub keeps who agreed by run, not by attempt, so a run that is repeated proves nothing"
        )
    reviewer = _reviewer(place, environment, said.approvals(asked.run))
    who = at_github(_number(reviewer), str(reviewer["login"]))
    if _number(reviewer) in set(_authors(run, asked, said)):
        raise _refused(place, f"{reviewer['login']} has started this run, or pushed what it is about")
    _shown(said, asked)
    when = datetime.fromtimestamp(store.now(), tz=UTC).isoformat(timespec="seconds")
    return write_approval(store, Approval(environment=place, digest=asked.digest, who=who, when=when, user_id=REVIEWED))


def must_be_protected(environment: str, missing: Iterable[str]) -> Refused:
    """Why nobody is asked, and nothing is written."""
    what = f"the environment at GitHub does not protect it: {', '.join(missing)}"
    return Refused(environment, what, hint=PROTECT)


def _reviewer(place: str, environment: Mapping[str, Any], approvals: Iterable[Any]) -> Mapping[str, Any]:
    """Who agreed, by GitHub's word: exactly one person, who was to be asked."""
    mine = [
        one
        for one in _mappings(approvals)
        if any(_is_same(there, environment, place) for there in _mappings(one.get("environments")))
    ]
    states = [one.get("state") for one in mine]
    if states != ["approved"]:
        raise _refused(place, f"in this run, GitHub says {' and '.join(map(str, states)) or 'nothing'} about it")
    user = mine[0].get("user")
    if not isinstance(user, Mapping) or not _is_person(user):
        raise _refused(place, "it was agreed to by nobody that is a person at GitHub")
    rule = _reviewers(environment) or {}
    listed = list(_mappings(rule.get("reviewers")))
    people = {_number(one.get("reviewer")) for one in listed if one.get("type") == "User"}
    # Who belongs to a team, GitHub tells no job; it has compared that itself.
    if all(one.get("type") == "User" for one in listed) and _number(user) not in people:
        raise _refused(place, f"{user['login']} is none of its reviewers")
    return user


def _is_person(user: Mapping[str, Any]) -> bool:
    named = _LOGIN.fullmatch(str(user.get("login", ""))) is not None
    return named and user.get("type") == "User" and _number(user) > 0


def _is_same(there: Mapping[str, Any], environment: Mapping[str, Any], place: str) -> bool:
    return there.get("name") == place and there.get("id") == environment.get("id")


def _authors(run: Mapping[str, Any], asked: Reviewed, said: Reviews) -> Iterator[int]:
    """Who has started the run, and who brought the branch to its commit or, as a run looks at the newest, further.

    A run of the schedule was started by somebody else, so GitHub's own rule would let an author agree there.
    """
    yield _number(run.get("actor"))
    yield _number(run.get("triggering_actor"))
    commit = run.get("head_sha")
    for push in _mappings(said.pushes(asked.branch) if run.get("head_branch") == asked.branch else ()):
        who = _number(push.get("actor"))
        if who < 0:
            break
        yield who
        if push.get("after") == commit:
            return
    raise _refused(asked.environment, f"GitHub does not say who brought {asked.branch} to the commit of this run")


def _shown(said: Reviews, asked: Reviewed) -> None:
    """The job that she let start is called as what she agreed to, and has not ended: her yes is younger than it."""
    name = approving_job(asked.environment, asked.digest)
    jobs = [one for one in _mappings(said.jobs(asked.run)) if one.get("name") == name]
    if len(jobs) != 1 or jobs[0].get("status") == "completed":
        raise _refused(asked.environment, f"GitHub shows no plan {asked.digest[:12]} of it in a job that runs")


def _mappings(found: Any) -> Iterator[Mapping[str, Any]]:
    return (one for one in (found if isinstance(found, list | tuple) else ()) if isinstance(one, Mapping))


def _number(user: Any) -> int:
    """Somebody's number there; -1: nobody's."""
    found = user.get("id") if isinstance(user, Mapping) else None
    return found if isinstance(found, int) and not isinstance(found, bool) and found > 0 else -1


def _refused(where: str, what: str) -> Refused:
    return Refused(where, what, hint=_HINT)
