"""What a saved plan says of a unit, next to what the same request says now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.model.plan import Plan

__all__ = ["otherwise"]

_MOST = 3


def otherwise(saved: Mapping[str, Any], made: Plan) -> str:
    """The first units about which a saved document and a plan differ; empty if none is known.

    Args:
        saved: as somebody's file has it, so nothing in it needs to be what it should be.
    """
    then, now = _steps(saved), _steps(made.to_dict())
    found = [f"{unit} in {place}: {text}" for (place, unit), text in _differences(then, now)]
    more = f"; and {len(found) - _MOST} more" if len(found) > _MOST else ""
    return "; ".join(found[:_MOST]) + more


def _steps(document: Mapping[str, Any]) -> dict[tuple[str, str], Mapping[str, Any]]:
    steps = document.get("steps")
    listed = [step for step in steps if isinstance(step, dict)] if isinstance(steps, list) else []
    return {(str(step.get("environment")), str(step.get("project"))): step for step in listed}


def _differences(
    then: Mapping[tuple[str, str], Mapping[str, Any]], now: Mapping[tuple[str, str], Mapping[str, Any]]
) -> Iterator[tuple[tuple[str, str], str]]:
    for key in dict.fromkeys((*then, *now)):
        before, after = _word(then.get(key)), _word(now.get(key))
        if before != after:
            yield key, f"it was {before}, and is {after} now"
        elif key in then and key in now and then[key].get("kind") == "deploy":
            parts = [part for part in ("changes", "questions") if _plain(then[key], part) != _plain(now[key], part)]
            if parts:
                yield key, f"other {' and '.join(parts)} than then"


def _word(step: Mapping[str, Any] | None) -> str:
    match step:
        case None:
            return "not in it"
        case {"kind": "deploy", "release": {"version": version, "digest": digest}}:
            running = step.get("running")
            return f"{version} ({str(digest)[:12]}) over {str(running)[:12] if running else 'nothing'}"
        case {"kind": "blocked"}:
            return f"blocked ({step.get('what')})"
        case _:
            return str(step.get("kind"))


def _plain(step: Mapping[str, Any], part: str) -> str:
    """Tuples of a plan are lists in its file."""
    return canonical_json(step.get(part) or [])
