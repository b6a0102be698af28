"""How many entries, which numbers and which characters AWS accepts: checked here, wherever they come from.

What is computed is left to AWS. Source: the descriptions of the calls in botocore, with which a test compares the
tables; for tags https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html (keys are not distinguished by case).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.plan.template.parts import Json

__all__ = ["LAYER_NAME", "MOST_ENTRIES", "RANGES", "check_property_limits"]

_ACTIONS = {"AlarmActions": 5, "InsufficientDataActions": 5, "OKActions": 5}

MOST_ENTRIES: Mapping[str, Mapping[str, int]] = {
    "AWS::CloudWatch::Alarm": _ACTIONS,
    "AWS::Lambda::Function": {"VpcConfig.SecurityGroupIds": 5, "VpcConfig.SubnetIds": 16},
    "AWS::Lambda::Url": {
        "Cors.AllowHeaders": 100,
        "Cors.AllowMethods": 6,
        "Cors.AllowOrigins": 100,
        "Cors.ExposeHeaders": 100,
    },
}
"""By type and property: how many entries a list has at most."""

RANGES: Mapping[str, Mapping[str, tuple[int, int]]] = {
    "AWS::Lambda::EventInvokeConfig": {"MaximumEventAgeInSeconds": (60, 21_600), "MaximumRetryAttempts": (0, 2)},
    "AWS::Lambda::EventSourceMapping": {
        "BatchSize": (1, 10_000),
        "MaximumBatchingWindowInSeconds": (0, 300),
        "MaximumRecordAgeInSeconds": (-1, 604_800),
        "MaximumRetryAttempts": (-1, 10_000),
        "ParallelizationFactor": (1, 10),
        "ScalingConfig.MaximumConcurrency": (2, 1000),
        "TumblingWindowInSeconds": (0, 900),
    },
    "AWS::Lambda::Url": {"Cors.MaxAge": (0, 86_400)},
}
"""By type and property: the smallest and the largest number."""

LAYER_NAME = r"[a-zA-Z0-9_-]{1,140}"

# Letters, separators and numbers: Python's spaces include line breaks, which are not allowed.
_TAG = re.compile(r"[\w\u0020\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000.:/=+\-@]*")
_TAGGED = ("AWS::IAM::Role", "AWS::Lambda::Function")


def check_property_limits(resources: Json, where: str) -> None:
    """Raise the first property with more, less or something else than AWS accepts."""
    for name, body in sorted(resources.items()):
        kind, properties = body["Type"], body.get("Properties", {})
        for path, most in MOST_ENTRIES.get(kind, {}).items():
            found = _at(properties, path)
            if isinstance(found, list) and sum(map(_counts, found)) > most:
                what = f"Resources.{name}.{path} has {len(found)} entries; AWS accepts {most}"
                raise ConfigurationError(where, what, hint="remove some of them")
        for path, (least, most) in RANGES.get(kind, {}).items():
            number = _number(_at(properties, path))
            if number is not None and not least <= number <= most:
                what = f"Resources.{name}.{path} is {number:,}; expected {least:,} to {most:,}"
                raise ConfigurationError(where, what, hint="choose a number in that range")
        if kind == "AWS::Lambda::LayerVersion":
            _check_layer_name(properties.get("LayerName"), f"Resources.{name}.LayerName", where)
        if kind in _TAGGED:
            _check_tags(properties.get("Tags"), f"Resources.{name}.Tags", where, is_role=kind == "AWS::IAM::Role")


def _at(properties: Json, path: str) -> Any:
    value: Any = properties
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _counts(entry: object) -> bool:
    """What may turn out to be nothing is not counted."""
    return not isinstance(entry, dict) or (entry != {"Ref": "AWS::NoValue"} and "Fn::If" not in entry)


def _number(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    return int(value) if re.fullmatch(r"-?[0-9]+", str(value), re.ASCII) else None


def _check_layer_name(found: object, place: str, where: str) -> None:
    if isinstance(found, str) and not re.fullmatch(LAYER_NAME, found, re.ASCII):
        what = f'{place} is "{found}"; expected up to 140 letters, digits, `-` and `_`'
        raise ConfigurationError(where, what, hint="rename the layer")


def _check_tags(tags: object, place: str, where: str, *, is_role: bool) -> None:
    seen: dict[str, str] = {}
    for tag in tags if isinstance(tags, list) else []:
        key, value = (tag.get("Key"), tag.get("Value")) if isinstance(tag, dict) else (None, None)
        for text in (key, value):
            if isinstance(text, str) and not _TAG.fullmatch(text):
                what = f'{place}: found "{text}" in the tag "{key}"; expected letters, digits, spaces and `_.:/=+-@`'
                raise ConfigurationError(where, what, hint="IAM and Lambda accept no other characters in tags")
        if is_role and isinstance(key, str):
            if key.lower() in seen:
                what = f'{place}: found the keys "{seen[key.lower()]}" and "{key}", which are the same to IAM'
                raise ConfigurationError(where, what, hint="remove one of them, in `tags` or where it was added")
            seen[key.lower()] = key
