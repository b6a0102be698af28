"""Lead time and frequency of deployments."""

from __future__ import annotations

from typing import Any

from multi_env_lambda.model.record import Deployment
from multi_env_lambda.plan.lead_time import Week, lead_times, per_week
from tests.plan.record_values import deployment


def at(release: str, when: str, **more: Any) -> Deployment:
    return deployment(release, **{"when": when, "version": f"1.{release}", "commit": "", **more})


MADE = at("a", "2026-01-01T01:00:00Z", commit="c1", committed="2026-01-01T00:00:00Z")


def test_the_commit_of_a_promoted_release_is_that_of_its_deploy() -> None:
    arrived = at("a", "2026-01-02T00:00:00Z", action="promote")

    found = lead_times({"sandbox": [MADE], "prod": [arrived]}, "prod")

    assert [(item.version, item.seconds) for item in found] == [("1.a", 86400)]


def test_only_the_first_success_of_a_release_counts() -> None:
    failed = at("a", "2026-01-02T00:00:00Z", outcome="failed")
    first = at("a", "2026-01-03T00:00:00Z")
    again = at("a", "2026-01-09T00:00:00Z")

    found = lead_times({"sandbox": [MADE], "prod": [failed, first, again]}, "prod")

    assert [item.seconds for item in found] == [2 * 86400]


def test_a_rollback_and_an_unknown_commit_have_no_lead_time() -> None:
    back = at("a", "2026-01-02T00:00:00Z", action="rollback")
    unknown = at("b", "2026-01-02T00:00:00Z")

    assert lead_times({"sandbox": [MADE], "prod": [back, unknown]}, "prod") == ()


def test_the_time_zone_of_a_commit_is_respected() -> None:
    made = at("a", "2026-01-01T00:00:00Z", committed="2026-01-01T02:00:00+02:00")

    assert [item.seconds for item in lead_times({"prod": [made]}, "prod")] == [0]


def test_deployments_fall_into_weeks_that_end_now() -> None:
    past = [
        at("a", "2026-01-01T00:00:00Z"),
        at("b", "2026-01-14T00:00:00Z", outcome="failed"),
        at("c", "2026-01-15T00:00:00Z"),
        at("c", "2026-01-15T00:00:00Z", outcome="shifting"),
    ]

    assert per_week(past, "2026-01-15T12:00:00Z", weeks=3) == (
        Week(good=1, bad=0),
        Week(good=0, bad=0),
        Week(good=1, bad=1),
    )
