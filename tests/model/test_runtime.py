"""When AWS ends a runtime is known, and said in time."""

from __future__ import annotations

from datetime import date

import pytest

from multi_env_lambda.model.runtime import ENDS, RUNTIMES, end_of


def test_the_dates_are_those_that_cfn_lint_has() -> None:
    import json
    from importlib.resources import files

    known = json.loads((files("cfnlint") / "data/AdditionalSpecs/LmbdRuntimeLifecycle.json").read_text("utf-8"))
    for runtime in RUNTIMES:
        end = ENDS[runtime]
        found = [end.deprecated, end.no_create, end.no_update]
        assert [day.isoformat() for day in found] == [
            known[runtime][key] for key in ("deprecated", "create-block", "update-block")
        ]


@pytest.mark.parametrize(
    ("day", "word"),
    [("2026-01-01", None), ("2026-07-01", "from 2026-10-31"), ("2026-10-31", "since 2026-10-31")],
)
def test_the_end_is_said_half_a_year_before(day: str, word: str | None) -> None:
    said = end_of("python3.10", date.fromisoformat(day))
    assert (said is None) if word is None else (said is not None and f"no security updates {word}" in said)
