from __future__ import annotations

import json

import pytest
from nightly.calendar import rows
from nightly.job import main


@pytest.mark.parametrize(("year", "days"), [(2023, 365), (2024, 366)])
def test_every_day_of_the_year_has_one_row(year: int, days: int) -> None:
    assert len({row["day"] for row in rows(year, 1)}) == days


def test_the_first_days_belong_to_the_last_iso_week_and_fiscal_year() -> None:
    assert next(rows(2027, 4)) == {
        "day": "2027-01-01",
        "week": "2026-W53",
        "quarter": 1,
        "weekend": False,
        "fiscal_year": 2026,
    }


def test_the_last_line_counts_the_days(capsys: pytest.CaptureFixture[str]) -> None:
    assert main({"year": "2024", "fiscal-start": "4"}) == 366
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {"year": 2024, "days": 366}


def test_a_month_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="not a month: 13"):
        main({"year": "2024", "fiscal-start": "13"})
