"""What 0.1.1 wrote differently in a record, as this version reads it."""

from __future__ import annotations

from typing import Any

__all__ = ["from_1", "shift_of_1"]


def from_1(document: dict[str, Any]) -> dict[str, Any]:
    """A record, as this version would have written it."""
    found = dict(document)
    for name in ("running", "latest"):
        if isinstance(found.get(name), dict):
            found[name] = shift_of_1(found[name])
    return found


def shift_of_1(deployment: dict[str, Any]) -> dict[str, Any]:
    """0.1.1 stored the step of a traffic shift in a sentence for people: ``step 2/3: …``."""
    detail = deployment.get("detail")
    if deployment.get("outcome") != "shifting" or not isinstance(detail, str):
        return deployment
    number = detail.removeprefix("step ").partition("/")[0]
    return {**deployment, "step": int(number) if number.isdigit() and len(number) < 4 else 1}
