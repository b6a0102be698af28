"""Countries by any of their writings; the table is a file inside the wheel."""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources
from typing import Any

__all__ = ["code_of", "lookup_handler"]


@cache
def _codes() -> dict[str, str]:
    text = resources.files("customers").joinpath("countries.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    return {row["name"].casefold(): row["code"] for row in rows} | {row["code"].casefold(): row["code"] for row in rows}


def code_of(country: str) -> str | None:
    """The two letters of ISO 3166, or None for a country that is not in the table."""
    return _codes().get(" ".join(country.split()).casefold())


def lookup_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    return {"country": event["country"], "code": code_of(str(event["country"]))}
