"""Events whose source is in another region than the environment: Lambda cannot read it, so the rest goes without."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import attrs

from multi_env_lambda.adopt.cfn_draft import key_of
from multi_env_lambda.adopt.found import Carried, Finding, NotCarried, Reading

__all__ = ["without_events_elsewhere"]

_POLLED = ("sqs", "kinesis", "dynamodb")
_SHOWN = 40
"""How much of an ARN a finding certainly shows."""


def without_events_elsewhere(reading: Reading, region: str, environment: str) -> Reading:
    """Without these events; each of them is said to be not carried over."""
    functions = reading.table.get("functions", {})
    found = {key: [one for one in table.get("events", ()) if _region(one, region)] for key, table in functions.items()}
    if not any(found.values()):
        return reading
    findings = reading.findings
    for key, events in found.items():
        for event in events:
            findings = tuple(_said(one, key, event, region, environment) for one in findings)
    kept = {
        key: {**table, "events": [one for one in table.get("events", ()) if one not in found[key]]}
        if found[key]
        else table
        for key, table in functions.items()
    }
    return attrs.evolve(reading, table={**reading.table, "functions": kept}, findings=findings)


def _region(event: Mapping[str, Any], here: str) -> str:
    """The other region in which the source of an event is; empty: it is here, or it is unknown."""
    arn = next((str(event[kind]) for kind in _POLLED if kind in event), "")
    parts = arn.split(":")
    is_known = arn.startswith("arn:") and len(parts) > 4 and "$" not in parts[3]
    return parts[3] if is_known and parts[3] != here else ""


def _said(finding: Finding, key: str, event: Mapping[str, Any], region: str, environment: str) -> Finding:
    kind = next(one for one in _POLLED if one in event)
    if not isinstance(finding, Carried) or key_of(finding.function, {}, 40) != key:
        return finding
    if not finding.to.startswith(f"{kind} = {json.dumps(event[kind])[:_SHOWN]}"):
        return finding
    reason = (
        f"its source is in {_region(event, region)}, but {environment} is in {region}: Lambda only reads in its own"
    )
    return NotCarried(function=finding.function, what=finding.what, place=finding.place, reason=reason)
