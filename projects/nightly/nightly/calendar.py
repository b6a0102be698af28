"""The calendar table: one row per day, with what people group by."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

__all__ = ["rows"]


def rows(year: int, fiscal_start: int) -> Iterator[dict[str, Any]]:
    """All days of ``year``; the fiscal year begins in month ``fiscal_start`` and is named after that calendar year."""
    day = date(year, 1, 1)
    while day.year == year:
        iso_year, iso_week, weekday = day.isocalendar()
        yield {
            "day": day.isoformat(),
            "week": f"{iso_year}-W{iso_week:02d}",
            "quarter": (day.month + 2) // 3,
            "weekend": weekday > 5,
            "fiscal_year": year if day.month >= fiscal_start else year - 1,
        }
        day += timedelta(days=1)
