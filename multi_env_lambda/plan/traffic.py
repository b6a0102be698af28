"""Moving an alias's traffic in steps: which weights, how they look in a template, and when to roll back.

An alias of a release points at the new version. While traffic moves, a *shifting template* is deployed instead: the
alias stays on the previous version, and the new one gets a weight. The last step is the release's own template.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from multi_env_lambda.model.alias import Counts
from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.model.release import ReleasedFunction, ReleaseTemplate
from multi_env_lambda.plan.changes import replaced_by
from multi_env_lambda.plan.template_text import references

__all__ = [
    "ShiftStep",
    "alarms_in",
    "aliased_versions",
    "moved_at_once",
    "said_weights",
    "shift_steps",
    "shifting_functions",
    "shifting_template",
    "silence",
    "verdict",
]

_ALIAS = "AWS::Lambda::Alias"
_ALARM = "AWS::CloudWatch::Alarm"
_FUNCTION = "AWS::Lambda::Function"

WORSE = 0.05
"""The new version's error rate may exceed the old one's by this much; anything less may be chance."""

CHANCE = 0.01
"""That the new version got no calls is accepted as chance if it happens in more than one of a hundred steps."""

_SHARED = {"DeadLetterConfig": "dead-letter queue", "Role": "role"}
"""What two versions behind one alias must have in common.

Source: https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html
"""


@attrs.frozen(kw_only=True)
class ShiftStep:
    """What percentage of each function's traffic the new version gets, and for how many minutes it is observed."""

    percent: Mapping[str, int]
    minutes: int


def shifting_functions(stage: ReleaseTemplate, before: str, after: str) -> tuple[ReleasedFunction, ...]:
    """The functions whose traffic moves in steps: those that ask for it, and get another version with the same role.

    Lambda refuses an alias with two equal versions, and there is nothing to compare either.

    Args:
        before, after: the templates of what runs and of what is to run.
    """
    at_once = moved_at_once(stage, before, after)
    return tuple(function for function in _renewed(stage, before, after) if function.name not in at_once)


def moved_at_once(stage: ReleaseTemplate, before: str, after: str) -> dict[str, str]:
    """Why the traffic of some functions that ask for steps moves at once, by physical name.

    Lambda refuses an alias whose versions have different roles or dead-letter queues.
    """
    old, new = _shared(before), _shared(after)
    found = {}
    for function in _renewed(stage, before, after):
        there, here = old.get(function.name, {}), new.get(function.name, {})
        changed = [what for key, what in _SHARED.items() if there.get(key) != here.get(key)]
        if changed:
            what = " and ".join(changed)
            found[function.name] = (
                f"this release changes its {what}, which must be the same for all versions behind an alias"
            )
    return found


def _renewed(stage: ReleaseTemplate, before: str, after: str) -> tuple[ReleasedFunction, ...]:
    old, new = aliased_versions(before), aliased_versions(after)
    return tuple(
        function
        for function in stage.functions
        if function.traffic is not None and old.get(function.name) not in (None, new.get(function.name))
    )


def _shared(template: str) -> dict[str, dict[str, str]]:
    """What versions share, for each function by physical name, with what determines the ARNs in it."""
    resources = json.loads(template)["Resources"]
    return {
        body["Properties"]["FunctionName"]: {
            key: canonical_json([body["Properties"].get(key), _identities(body["Properties"].get(key), resources)])
            for key in _SHARED
        }
        for body in resources.values()
        if body["Type"] == _FUNCTION and "FunctionName" in body["Properties"]
    }


def _identities(value: Any, resources: Mapping[str, Any]) -> dict[str, Any]:
    """Of the resources that a value refers to, the properties whose change would replace them."""
    found = {}
    for name in sorted(set(references(value)) & resources.keys()):
        properties = resources[name].get("Properties", {})
        causes = replaced_by(resources[name]["Type"])
        found[name] = {key: value for key, value in properties.items() if key in causes}
    return found


def aliased_versions(template: str) -> dict[str, str]:
    """The logical id of the version that each function's alias points at, by physical name."""
    document = json.loads(template)
    names = _function_names(document)
    aliases = (body["Properties"] for body in document["Resources"].values() if body["Type"] == _ALIAS)
    return {
        names.get(alias["FunctionName"].get("Ref", ""), ""): canonical_json(alias["FunctionVersion"])
        for alias in aliases
        if isinstance(alias["FunctionName"], dict)
    }


def said_weights(template: str) -> frozenset[str]:
    """The functions whose alias says how much traffic other versions get, by physical name."""
    document = json.loads(template)
    names = _function_names(document)
    aliases = (body["Properties"] for body in document["Resources"].values() if body["Type"] == _ALIAS)
    said = [alias["FunctionName"] for alias in aliases if "RoutingConfig" in alias]
    return frozenset(names[name["Ref"]] for name in said if isinstance(name, dict) and name.get("Ref") in names)


def shift_steps(functions: Iterable[ReleasedFunction]) -> tuple[ShiftStep, ...]:
    """The steps of these functions of a unit together; a function that is done early stays at 100 percent.

    ``canary 10% 5m`` is one step; ``linear 20% 1m`` is four (20, 40, 60, 80).
    """
    moving = [(function.name, function.traffic) for function in functions if function.traffic]
    schedules = {name: _weights(*traffic) for name, traffic in moving}
    length = max((len(weights) for weights in schedules.values()), default=0)
    minutes = {name: traffic[2] for name, traffic in moving}
    return tuple(
        ShiftStep(
            percent={
                name: weights[position] if position < len(weights) else 100 for name, weights in schedules.items()
            },
            minutes=max(minutes[name] for name, weights in schedules.items() if position < len(weights)),
        )
        for position in range(length)
    )


def _weights(kind: str, percent: int, minutes: int) -> tuple[int, ...]:
    return (percent,) if kind == "canary" else tuple(range(percent, 100, percent))


def shifting_template(template: str, old_versions: Mapping[str, str], step: ShiftStep) -> str:
    """The release's template with its aliases held back.

    Args:
        old_versions: the version that each function's alias points at, by physical name; a function without one is new
            and gets all its traffic at once.
    """
    document = json.loads(template)
    names = _function_names(document)
    for body in document["Resources"].values():
        if body["Type"] != _ALIAS:
            continue
        properties = body["Properties"]
        name = names.get(properties["FunctionName"].get("Ref", ""), "")
        percent = step.percent.get(name, 100)
        if name in old_versions and percent < 100:
            weight = {"FunctionVersion": properties["FunctionVersion"], "FunctionWeight": percent / 100}
            properties["RoutingConfig"] = {"AdditionalVersionWeights": [weight]}
            properties["FunctionVersion"] = old_versions[name]
    return canonical_json(document)


def _function_names(document: Mapping[str, dict[str, dict[str, dict[str, str]]]]) -> dict[str, str]:
    """Physical names of functions by logical id."""
    resources = document["Resources"].items()
    return {key: body["Properties"].get("FunctionName", "") for key, body in resources if "Properties" in body}


def alarms_in(template: str) -> tuple[str, ...]:
    """The names of the unit's own alarms."""
    resources = json.loads(template)["Resources"].values()
    found = (body["Properties"].get("AlarmName") for body in resources if body["Type"] == _ALARM)
    return tuple(sorted(name for name in found if isinstance(name, str)))


def verdict(new: Counts, old: Counts) -> str | None:
    """Why the traffic must be rolled back; None if it may go on.

    >>> verdict(Counts(invocations=10, errors=2), Counts(invocations=90, errors=0))
    'the new version fails in 20.0 % of 10 invocations, the old one in 0.0 % of 90'
    """
    if new.errors and new.rate > old.rate + WORSE:
        return (
            f"the new version fails in {new.rate:.1%} of {new.invocations} invocations, "
            f"the old one in {old.rate:.1%} of {old.invocations}"
        ).replace("%", " %")
    return None


def silence(new: str, old: str, invocations: int, percent: int) -> str | None:
    """Why it is not chance that CloudWatch shows no calls of the new version; None if it may be.

    Args:
        new, old: the two versions.
        invocations: of the old one, while the new one should have got ``percent``.

    >>> silence("8", "7", 100, 10)
    'CloudWatch shows 100 invocations of version 7, but none of version 8, which should have got 10 %'
    >>> silence("8", "7", 20, 10) is None
    True
    """
    if (1 - percent / 100) ** invocations >= CHANCE:
        return None
    return (
        f"CloudWatch shows {invocations} invocations of version {old}, "
        f"but none of version {new}, which should have got {percent} %"
    )
