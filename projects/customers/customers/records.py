"""One customer record after the other: cleaned, or rejected with every reason."""

from __future__ import annotations

import re
from typing import Any

from customers.countries import code_of

__all__ = ["clean", "import_handler", "problems"]

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


def clean(record: dict[str, Any]) -> dict[str, Any]:
    """The record with single spaces, a small-letter address and an ISO country code."""
    return {
        "id": record.get("id"),
        "name": " ".join(str(record.get("name", "")).split()),
        "email": str(record.get("email", "")).strip().lower(),
        "country": code_of(str(record.get("country", ""))),
    }


def problems(cleaned: dict[str, Any]) -> list[str]:
    """Every reason why a cleaned record cannot be taken."""
    found = []
    if not isinstance(cleaned["id"], int):
        found.append("id: not a whole number")
    if not cleaned["name"]:
        found.append("name: empty")
    if not EMAIL.fullmatch(cleaned["email"]):
        found.append("email: not an address")
    if cleaned["country"] is None:
        found.append("country: unknown")
    return found


def import_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Clean ``event["records"]``; the answer holds the good ones and what is wrong with the others."""
    customers, errors = [], []
    for position, record in enumerate(event["records"]):
        cleaned = clean(record)
        found = problems(cleaned)
        if found:
            errors.append({"position": position, "problems": found})
        else:
            customers.append(cleaned)
    return {"accepted": len(customers), "rejected": len(errors), "customers": customers, "errors": errors}
