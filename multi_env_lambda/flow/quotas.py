"""Whether what a plan adds fits into the accounts: counted before the first write, by account and not by unit.

Only what is added is asked for, so a plan without changes asks nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import attrs

from multi_env_lambda.aws.index import read_template
from multi_env_lambda.errors import MultiEnvLambdaError, Refused
from multi_env_lambda.flow.ownership import look_at_stacks
from multi_env_lambda.host.made import MadeRelease
from multi_env_lambda.host.parallel import in_parallel
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.plan import DeployStep, Plan, with_steps
from multi_env_lambda.model.quota import QUOTAS, QuotaKind, Unread, Usage
from multi_env_lambda.plan.changes import changes
from multi_env_lambda.plan.desired import RecordedState
from multi_env_lambda.plan.quotas import Need, lacking, needs_of, refusal_of
from multi_env_lambda.world import World

__all__ = ["must_fit"]


@attrs.frozen(kw_only=True)
class _Account:
    """Where one quota is counted; ``region`` is empty for what all regions share. ``through``: where it is asked."""

    account_id: str
    region: str
    kind: QuotaKind
    through: Environment = attrs.field(eq=False)


def must_fit(world: World, plan: Plan, known: RecordedState, made: Mapping[str, MadeRelease]) -> Plan:
    """The same plan, with a note where an account's quotas cannot be read.

    Before something is refused, the stacks that should take it are read: what a run that was killed has created
    already is not created again.

    Raises:
        Refused: an account has no room for what the plan adds.
    """
    needs = _needs(world, plan.deploys)
    adding = {account: found for account, found in needs.items() if any(need.adds for _, need in found)}
    used = _read(world, adding)
    notes, short = _judged(adding, used)
    if short:
        steps = {step for account, _ in short for step, _ in adding[account]}
        seen = _as_they_are(world, attrs.evolve(plan, steps=tuple(steps)), known, made)
        again = _needs(world, (seen.get(_place(step), step) for step in plan.deploys))
        _, short = _judged({account: again.get(account, []) for account in adding}, used)
    if short:
        where = "; ".join(dict.fromkeys(_where(account, adding[account]) for account, _ in short))
        what = "; ".join(dict.fromkeys(f"this plan adds {text}" for _, (text, _) in short))
        raise Refused(where, what, hint="; ".join(dict.fromkeys(hint for _, (_, hint) in short)))
    return with_steps(plan, notes)


_Needs = dict[_Account, list[tuple[DeployStep, Need]]]


def _needs(world: World, steps: Iterable[DeployStep]) -> _Needs:
    found: _Needs = {}
    for step in steps:
        place = world.config.environment(step.environment)
        for kind, need in needs_of(step).items():
            region = "" if QUOTAS[kind].home else place.region
            account = _Account(account_id=place.account_id, region=region, kind=kind, through=place)
            found.setdefault(account, []).append((step, need))
    return found


def _read(world: World, accounts: Iterable[_Account]) -> Mapping[_Account, Usage | Unread]:
    """One question to each account and region, about everything that is added there."""
    asked: dict[str, list[_Account]] = {}
    through: dict[tuple[str, str], str] = {}
    for account in sorted(accounts, key=lambda one: one.region == ""):
        # What all regions share is asked for where something else is asked, too.
        name = through.setdefault((account.account_id, account.through.region), account.through.name)
        asked.setdefault(name, []).append(account)

    def read(name: str) -> list[tuple[_Account, Usage | Unread]]:
        kinds = {account.kind: account for account in asked[name]}
        try:
            answers = world.platform.quotas(world.config.environment(name), list(kinds))
        except MultiEnvLambdaError as error:
            answers = tuple(Unread(kind=kind, what=f"{error.where}: {error.what}") for kind in kinds)
        return [(kinds[answer.kind], answer) for answer in answers]

    return dict(pair for pairs in in_parallel(read, asked) for pair in pairs)


def _judged(
    needs: _Needs, used: Mapping[_Account, Usage | Unread]
) -> tuple[list[DeployStep], list[tuple[_Account, tuple[str, str]]]]:
    """The steps that get a note about what could not be read, and what does not fit, with what to do."""
    unread: dict[tuple[str, str], tuple[DeployStep, list[str]]] = {}
    short = []
    for account, found in needs.items():
        answer = used[account]
        of = [need for _, need in found]
        match answer:
            case Unread():
                step = found[0][0]
                said = unread.setdefault(_place(step), (step, []))[1]
                said.append(f"{QUOTAS[account.kind].noun} ({answer.what})")
            case Usage():
                if needed := lacking(answer, of):
                    region = account.region or account.through.region
                    short.append((account, refusal_of(answer, of, needed, region)))
    return [_noted(step, said) for step, said in unread.values()], short


def _noted(step: DeployStep, said: Iterable[str]) -> DeployStep:
    note = f"whether its account has room for what this plan adds could not be checked: {'; '.join(said)}"
    return attrs.evolve(step, notes=(*step.notes, note))


def _place(step: DeployStep) -> tuple[str, str]:
    return step.environment, step.project


def _where(account: _Account, found: Iterable[tuple[DeployStep, Need]]) -> str:
    names = ", ".join(dict.fromkeys(step.environment for step, _ in found))
    return f"account {account.account_id}{f' in {account.region}' if account.region else ''} ({names})"


def _as_they_are(
    world: World, plan: Plan, known: RecordedState, made: Mapping[str, MadeRelease]
) -> Mapping[tuple[str, str], DeployStep]:
    """The steps whose stacks exist, with the changes that are still to be made; what cannot be read stays as it was."""
    there = look_at_stacks(world, plan, known, everything=True).there
    return {_place(step): step for step in _left(world, plan.deploys, there, made)}


def _left(
    world: World,
    steps: Iterable[DeployStep],
    there: Mapping[tuple[str, str], str],
    made: Mapping[str, MadeRelease],
) -> Iterator[DeployStep]:
    for step in steps:
        before = there.get(_place(step))
        if before is not None:
            own = made.get(step.project)
            text = None if own is None else own.templates.get(step.environment)
            text = text or read_template(world.store, world.cache, step.release, step.environment)
            yield attrs.evolve(step, changes=changes(before, text))
