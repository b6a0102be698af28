"""What Glue starts: arguments in, lines of JSON out."""

from __future__ import annotations

import json
from collections.abc import Mapping

from nightly.calendar import rows

__all__ = ["main"]


def main(arguments: Mapping[str, str]) -> int:
    """Print the calendar of ``year`` and, as the last line, how many days it has."""
    year, fiscal_start = int(arguments["year"]), int(arguments.get("fiscal-start", "1"))
    if fiscal_start not in range(1, 13):
        raise ValueError(f"fiscal-start is not a month: {fiscal_start}")
    days = [json.dumps(row) for row in rows(year, fiscal_start)]
    print("\n".join(days))
    print(json.dumps({"year": year, "days": len(days)}))
    return len(days)
