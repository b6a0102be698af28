"""Environments of branches: which branch has one, and for how long.

They lie in the account of the first environment, hold what the branch affects, and go with the branch. The bucket's
releases know nothing of them, so these facts are expressed by names and times alone.
"""

from __future__ import annotations

from multi_env_lambda.ci.decision import Decision, Own, Remove, nothing
from multi_env_lambda.ci.names import environment_of_branch, quoted
from multi_env_lambda.ci.state import BranchEnvironment, State
from multi_env_lambda.model.ci import DAY

__all__ = ["own_environment", "unlike_their_branches"]


def own_environment(name: str, state: State, *, gone: bool) -> Decision:
    """What is to be done about the own environment of a branch that is not the protected one."""
    environment = environment_of_branch(name)
    there = next((one for one in state.own if one.name == environment), None)
    if there is not None and there.branch != name:
        return nothing(f"{environment} is the environment of {quoted(there.branch)}; rename {quoted(name)}")
    if not gone and state.rules.has_own_environment(name) and _lives(name, there, state):
        own = Own(branch=name, environment=environment, until=state.now + state.rules.days * DAY)
        return Decision(jobs=(own,), why=f"{quoted(name)} has an environment of its own")
    why = f"{quoted(name)} is gone" if gone else f"the environment of {quoted(name)} is over"
    if there is not None or (state.branches is None and state.rules.has_own_environment(name)):
        return Decision(jobs=(Remove(branch=name, environment=environment),), why=why)
    return nothing(f"{quoted(name)} is not {quoted(state.rules.branch)} and has no environment of its own")


def _lives(name: str, there: BranchEnvironment | None, state: State) -> bool:
    """Whether its time goes on: it counts from the last look after the branch moved, and from the newest commit."""
    head = None if state.branches is None else state.branches.get(name)
    if head is None:
        return True
    return state.now < max(head.committed + state.rules.days * DAY, 0.0 if there is None else there.until)


def unlike_their_branches(state: State) -> tuple[str, ...]:
    """The branches whose environments are not what an event would have made of them: nobody heard of it, or AWS did
    not do it. Where the branch's own tests failed, its next commit has to come first."""
    there = {one.branch: one.commit for one in state.own if state.now < one.until and not one.failed}
    heads = {name: head.commit for name, head in (state.branches or {}).items() if _lives(name, None, state)}
    wanted = {name: commit for name, commit in heads.items() if state.rules.has_own_environment(name)}
    late = {name for name in wanted if there.get(name) != wanted[name]}
    return tuple(sorted(late | {one.branch for one in state.own if _is_over(one, state)}))


def _is_over(one: BranchEnvironment, state: State) -> bool:
    gone = state.branches is not None and one.branch not in state.branches
    return gone or not state.rules.has_own_environment(one.branch) or not _lives(one.branch, one, state)
