"""Whether a decision that a repository's own code gave back is one that may be followed."""

from __future__ import annotations

import attrs

from multi_env_lambda.ci.decision import Bring, Decision, Job, Own, Plan, Release, Remove, Upkeep
from multi_env_lambda.ci.names import environment_of_branch, is_ref_name, quoted, unit_of_tag
from multi_env_lambda.ci.state import State
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.ci import DAY, MOST_DAYS
from multi_env_lambda.model.reading import enumerated

__all__ = ["checked"]

_MOST_JOBS = 200
_LONGEST = 1000


def checked(found: Decision, default: Decision, state: State, *, where: str) -> Decision:
    """The decision, with the holds that people set; what it may not decide is refused.

    It may do less than the default, or more: give a branch an environment, release a tag. It may not bring another
    branch into an environment of the table, go into a frozen one, or give a change credentials that it would not get.

    Raises:
        ConfigurationError: it is none that may be followed.
    """
    _check(len(found.jobs) <= _MOST_JOBS, where, f"it wants {len(found.jobs)} jobs; expected {_MOST_JOBS} or fewer")
    keys = [job.subject.key for job in found.jobs]
    twice = next((key for key in keys if keys.count(key) > 1), "")
    _check(not twice, where, f"it wants two jobs about {quoted(twice)}")
    for job in found.jobs:
        _check_job(job, default, state, where)
    jobs = tuple(_with_holds(job, state) for job in found.jobs)
    return attrs.evolve(
        found, jobs=jobs, why=found.why[:_LONGEST], notes=tuple(note[:_LONGEST] for note in found.notes)
    )


def _check_job(job: Job, default: Decision, state: State, where: str) -> None:
    match job:
        case Bring(branch=branch, to=to, only=only):
            protected = state.rules.branch
            _check(branch == protected, where, f"{quoted(branch)} is not {quoted(protected)}, and only that is brought")
            _check_reachable(to, state, where)
            _check_units(only, state, where)
        case Own(branch=branch, environment=environment, until=until, only=only):
            _check_own(branch, environment, state, where)
            days = (until - state.now) / DAY
            _check(0 < days <= MOST_DAYS, where, f"{environment} would live for {days:g} days, {MOST_DAYS} are allowed")
            _check_units(only, state, where)
        case Remove(branch=branch, environment=environment):
            _check_own(branch, environment, state, where)
        case Plan():
            _check_plan(job, default, where)
        case Release(tag=tag, unit=unit, version=version, to=to):
            agreed = (unit, version) == ("", "") if state.units is None else unit_of_tag(tag, state.units)
            _check(
                is_ref_name(tag) and agreed in (True, (unit, version)), where, f"{quoted(tag)} releases no such unit"
            )
            _check_reachable(to, state, where)
        case Upkeep():
            pass


def _check_own(branch: str, environment: str, state: State, where: str) -> None:
    ok = is_ref_name(branch) and branch != state.rules.branch
    _check(ok, where, f"{quoted(branch)} is no branch that could have an environment of its own")
    name = environment_of_branch(branch)
    _check(environment == name, where, f"found {quoted(environment)}, the environment of {quoted(branch)} is {name}")


def _check_plan(job: Plan, default: Decision, where: str) -> None:
    """What credentials a change gets, is decided by who wrote it, and by nothing else."""
    there = next((one for one in default.jobs if isinstance(one, Plan) and one.number == job.number), None)
    _check(job.number > 0, where, f"found pull request {job.number}")
    read = job.credentials == "read"
    fine = not read or (there is not None and there.credentials == "read" and _agreed(job, there))
    _check(fine, where, f"it gives pull request {job.number} credentials that it does not get by default")


def _agreed(job: Plan, default: Plan) -> bool:
    return not default.agreed or (bool(job.agreed) and set(job.agreed) <= set(default.agreed))


def _check_reachable(to: str, state: State, where: str) -> None:
    reachable, frozen = state.before_frozen()
    behind = "" if frozen is None else f", since {frozen.environment} is frozen"
    allowed = enumerated(reachable) or "nothing"
    _check(to in reachable, where, f"it goes up to {quoted(to)}; expected {allowed}{behind}")


def _check_units(only: tuple[str, ...], state: State, where: str) -> None:
    unknown = [name for name in only if state.units is not None and name not in state.units]
    _check(not unknown, where, f"there is no unit {', '.join(map(quoted, unknown))}")


def _with_holds(job: Job, state: State) -> Job:
    """A person's hold is hers to lift."""
    if isinstance(job, Bring | Release):
        return attrs.evolve(job, held=tuple(dict.fromkeys((*job.held, *state.holds()))))
    return job


def _check(fine: bool, where: str, what: str) -> None:
    if not fine:
        raise ConfigurationError(where, what, hint="the default decision is taken; correct the file")
