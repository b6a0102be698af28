"""What a plan adds to what an account has a limited number of, and whether that fits.

It is refused only if it cannot fit in any order: what other units free counts as free already. Within one unit
CloudFormation creates before it deletes, so what a unit frees itself comes too late for it.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

import attrs

from multi_env_lambda.model.change import ResourceChange
from multi_env_lambda.model.plan import DeployStep
from multi_env_lambda.model.quota import QUOTAS, QuotaKind, Usage, amount, ask_for_more
from multi_env_lambda.model.release import Release

__all__ = ["Need", "lacking", "needs_of", "refusal_of"]

_RESERVED = "ReservedConcurrentExecutions"
_BUS = "EventBusName"


@attrs.frozen(kw_only=True)
class Need:
    """What a unit adds, and what it frees once it has changed. ``name``: it counts only if that does not exist."""

    adds: int
    frees: int = 0
    name: str = ""


def needs_of(step: DeployStep) -> Mapping[QuotaKind, Need]:
    """By kind, without those of which it adds nothing and frees nothing."""
    adds: dict[QuotaKind, int] = {}
    frees: dict[QuotaKind, int] = {}
    for change in step.changes:
        for kind, plus, minus in _of_change(change, step.release):
            adds[kind], frees[kind] = adds.get(kind, 0) + plus, frees.get(kind, 0) + minus
    found = {kind: Need(adds=adds[kind], frees=frees[kind]) for kind in adds if adds[kind] or frees[kind]}
    stage = step.release.stage(step.environment)
    if step.running is None and stage is not None:
        found["stacks"] = Need(adds=1, name=stage.stack_name)
    return found


def _of_change(change: ResourceChange, release: Release) -> Iterator[tuple[QuotaKind, int, int]]:
    """Kind, what is added and what is freed.

    Each published version is stored for itself, and versions of functions and layers stay when they leave their stack.
    Source: https://docs.aws.amazon.com/lambda/latest/operatorguide/code-storage-best-practice.html
    """
    new = int(change.action == "add" or change.replacement == "yes")
    gone = int(change.action == "remove" or change.replacement == "yes")
    match change.type:
        case "AWS::IAM::Role":
            yield "roles", new, gone
        case "AWS::Events::Rule" if _is_on_the_default_bus(change):
            yield "rules", new, gone
        case "AWS::Lambda::LayerVersion" if new and release.layer is not None:
            yield "code", release.layer.layer_size, 0
        case "AWS::Lambda::Version":
            yield "code", new * _code_size(release), 0
        case "AWS::Lambda::Function":
            yield from _reserved(change)
        case _:
            pass


def _code_size(release: Release) -> int:
    """Which function runs which code is not among the changes: at least this."""
    return min([release.source.wheel_size, *(root.wheel_size for root in release.roots)])


def _is_on_the_default_bus(change: ResourceChange) -> bool:
    said = (text for item in change.properties if item.path == _BUS for text in (item.new, item.old))
    return next((text for text in said if text is not None), '"default"') == '"default"'


def _reserved(change: ResourceChange) -> Iterator[tuple[QuotaKind, int, int]]:
    for item in change.properties:
        if item.path == _RESERVED:
            before, after = (_number(text) for text in (item.old, item.new))
            yield "concurrency", max(0, after - before), max(0, before - after)


def _number(text: str | None) -> int:
    found = None if text is None else json.loads(text)
    return found if isinstance(found, int) else 0


def lacking(usage: Usage, needs: Sequence[Need]) -> int:
    """The limit that the account would need; 0 if everything fits, or nothing is added."""
    new = [need for need in needs if need.adds and need.name not in usage.names]
    if not new:
        return 0
    adds, frees = sum(need.adds for need in new), sum(need.frees for need in needs)
    # A unit that frees something itself has it only afterwards.
    needed = usage.used + max(adds - frees, *(need.adds - frees + need.frees for need in new))
    return needed if needed > usage.limit else 0


def refusal_of(usage: Usage, needs: Sequence[Need], needed: int, region: str) -> tuple[str, str]:
    """What does not fit, with all numbers, and what to do."""
    quota = QUOTAS[usage.kind]
    adds = sum(need.adds for need in needs if need.adds and need.name not in usage.names)
    what = f"{amount(usage.kind, adds)} {quota.noun}: {amount(usage.kind, usage.used)} of "
    what += f"{amount(usage.kind, usage.limit)} are in use"
    if usage.kind == "concurrency":
        what += f", and Lambda keeps {usage.kept} unreserved"
    if quota.most is not None and needed > quota.most:
        return what, f"AWS grants at most {quota.most:,}: delete what you do not need, or use another account"
    more = ask_for_more(quota, region, needed + usage.kept)
    instead = "; or delete old versions with `prune`" if usage.kind == "code" else ""
    return what, f"ask for more with `{more}`{instead}"
