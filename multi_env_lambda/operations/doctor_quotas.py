"""How full an account is: what it has a limited number of, how much is in use, and how to ask for more in time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial

from multi_env_lambda.aws.error_codes import aws_errors, text_of
from multi_env_lambda.aws.quotas import applied
from multi_env_lambda.aws.session import Sessions
from multi_env_lambda.model.environment import Devops, Environment
from multi_env_lambda.model.finding import State
from multi_env_lambda.model.quota import (
    BUILDS,
    QUOTAS,
    Quota,
    QuotaKind,
    Unread,
    Usage,
    amount,
    ask_for_more,
    console_link,
)
from multi_env_lambda.world import World

__all__ = ["WARN_FROM", "builds_at_once", "quota_checks"]

WARN_FROM = 80
"""Percent: early enough to ask for more before a plan is refused."""

Answer = tuple[State, str, str]


def quota_checks(world: World, place: Environment) -> Iterator[tuple[str, Callable[[], Answer]]]:
    """One check for each quota that no environment before this one shares; they are read together, by the first."""
    kinds = _first_here(world.config.environments, place)

    @cache
    def read() -> Mapping[QuotaKind, Usage | Unread]:
        return {found.kind: found for found in world.platform.quotas(place, kinds)}

    for kind in kinds:
        yield f"quota: {kind}", partial(_checked, place, kind, read)


def _first_here(places: Sequence[Environment], place: Environment) -> tuple[QuotaKind, ...]:
    before = places[: places.index(place)]
    accounts = {one.account_id for one in before}
    if (place.account_id, place.region) in {(one.account_id, one.region) for one in before}:
        return ()
    return tuple(kind for kind, quota in QUOTAS.items() if not (quota.home and place.account_id in accounts))


def _checked(place: Environment, kind: QuotaKind, read: Callable[[], Mapping[QuotaKind, Usage | Unread]]) -> Answer:
    match read()[kind]:
        case Unread(what=what):
            # The roles that `bootstrap` makes may read it.
            state: State = "problem" if place.prefix else "note"
            hint = f"what its role needs: `permissions {place.name}`; without it a plan cannot say what will not fit"
            return state, f"could not be read: {what}", hint
        case Usage() as usage:
            return _judged(usage, place.region)


def _judged(usage: Usage, region: str) -> Answer:
    quota = QUOTAS[usage.kind]
    what = f"{amount(usage.kind, usage.used)} of {amount(usage.kind, usage.limit)} {quota.noun}"
    if usage.limit <= 0:
        return "ok", f"{what}: Lambda keeps {usage.kept} calls unreserved, which is all that this account has", ""
    what += f" ({usage.percent} %)"
    if usage.percent < WARN_FROM:
        return "ok", what, ""
    return "note", what, _more(quota, region, usage.limit, usage.kept)


def _more(quota: Quota, region: str, limit: int, kept: int = 0) -> str:
    """How to ask for twice as much, or for what AWS grants at most."""
    link = console_link(quota, region)
    if quota.most is not None and limit >= quota.most:
        return f"AWS grants no more: delete what you do not need, or use another account ({link})"
    wanted = min(2 * limit, quota.most or 2 * limit) + kept
    return f"`{ask_for_more(quota, region, wanted)}`, or {link}"


def builds_at_once(sessions: Sessions, devops: Devops) -> Answer:
    """With one build at a time, the regions of a stage are deployed one after the other.

    Source: https://docs.aws.amazon.com/codebuild/latest/userguide/limits.html
    """
    try:
        most = applied(sessions.client(devops, "service-quotas"), BUILDS)
    except aws_errors() as error:
        return "problem", f"could not be read: {text_of(error)}", "what its role needs: `permissions devops`"
    what = f"CodeBuild runs {most:,} of them at the same time (Linux, medium)"
    return ("ok", what, "") if most > 1 else ("note", what, _more(BUILDS, devops.region, max(most, 1)))
