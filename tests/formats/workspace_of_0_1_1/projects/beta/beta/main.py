"""The function ``main``: an event in, an answer out."""

from __future__ import annotations

from typing import Any


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    return {"greeting": f"hello {event['name']}"}
