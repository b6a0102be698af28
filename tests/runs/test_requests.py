"""Pull requests, and what the file and the texts of commits decide, in runs on a world in memory."""

from __future__ import annotations

from pathlib import Path

import attrs

from multi_env_lambda.model.roles import Roles
from tests.flow.test_stages import staged
from tests.runs.test_stages import village as village_of
from tests.runs.village import Village, request_event, review_event, tag_event


def test_a_tag_releases_its_one_unit_if_the_version_agrees_and_it_is_merged(village: Village) -> None:
    village.pushed(orders="o2", billing="b2")
    commit = village.repository.remote["main"]
    village.queue.clear()
    for tag in ("orders-0.1.0", "orders-0.2.0", "billing-0.1.0"):
        village.repository.marks[tag] = commit
    village.repository.marks["billing-0.1.0"] = village.repository.push("feature", onto=commit, billing="evil")
    for tag in village.repository.marks:
        village.send("github.com", "push", tag_event(tag))
    reports = village.settle()

    tags = [report for report in reports if any("the tag" in note for note in report.notes)]
    assert {one.project for report in tags for one in report.results} == {"orders"}
    assert village.runs("staging") == {"orders": "o2", "billing": "b2"}
    said = "\n".join(note for report in reports for note in report.notes)
    assert "the tag says 0.2.0, the pyproject.toml of orders says `0.1.0`" in said
    assert "`billing-0.1.0` is gone, or not on `main`" in said


def test_after_a_tag_of_what_was_taken_back_the_branch_is_brought_again(village: Village) -> None:
    village.pushed(orders="o1")
    village.settle()
    village.pushed(orders="o2")
    village.repository.marks["orders-0.1.0"] = village.repository.remote["main"]
    village.pushed(orders="o1")
    village.settle()
    village.send("github.com", "push", tag_event("orders-0.1.0"))
    reports = village.settle()

    assert [one.outcome for report in reports for one in report.results if one.environment == "sandbox"] == [
        "deployed"
    ] * 2
    assert village.runs("sandbox")["orders"] == "o1"


def test_a_pull_request_is_planned_and_nothing_is_written_but_what_is_wanted(village: Village) -> None:
    village.repository.requests[7] = village.repository.push(
        "feature", onto=village.repository.remote["main"], orders="o2"
    )
    village.send("github.com", "pull_request", request_event(7))
    (report,) = village.settle()

    assert [village.runs(place) for place in ("sandbox", "prod")] == [{}, {}]
    assert {key.split("/")[0] for _, key in village.store.writes} == {"ci"}
    assert "orders" in "\n".join(report.notes)
    assert village.unmerged == [one.id for one in village.wanted()]


def test_a_plan_of_a_pull_request_reaches_all_environments_of_the_last_stage(tmp_path: Path) -> None:
    village = village_of(tmp_path, config=staged(("sandbox",), ("eu", "us")))
    village.repository.requests[7] = village.repository.push(
        "feature", onto=village.repository.remote["main"], orders="o2"
    )
    village.send("github.com", "pull_request", request_event(7))
    (report,) = village.settle()

    assert report.plan is not None
    assert {step.environment for step in report.plan.deploys} == {"sandbox", "eu", "us"}


def test_nothing_of_what_is_not_merged_is_checked_out_in_a_build_that_may_deploy(village: Village) -> None:
    roles = Roles(prefix="acme")
    devops = attrs.evolve(village.config.devops, role_name="acme-build")
    village.config = attrs.evolve(village.config, roles=roles, devops=devops)
    theirs = village.repository.push("feature", onto=village.repository.remote["main"], orders="o2")
    village.repository.requests[7] = theirs
    village.send("github.com", "pull_request", request_event(7))
    (report,) = village.settle()

    assert village.repository.checked_out != theirs
    assert any("this build may deploy" in text for text in report.stops)


def test_a_change_that_moves_the_bucket_or_an_environment_is_not_planned(village: Village) -> None:
    """Else a change could have the build read elsewhere, with its rights."""
    theirs = village.repository.push("feature", onto=village.repository.remote["main"], orders="o2")
    village.repository.requests[7] = theirs
    own = village.config
    prod = attrs.evolve(own.environments[-1], account_id="9" * 12)
    moved = (
        attrs.evolve(own, devops=attrs.evolve(own.devops, bucket="evil")),
        attrs.evolve(own, environments=(*own.environments[:-1], prod)),
    )
    for other in moved:
        village.tables[theirs] = other
        village.send("github.com", "pull_request", request_event(7))
        (report,) = village.settle()
        assert any(note.startswith("pull request 7 moves ") for note in report.notes), report


def test_nothing_of_a_strangers_change_is_even_checked_out_before_a_maintainers_yes_to_it(village: Village) -> None:
    village.ruled(maintainers=("grace",))
    village.pushed(billing="b2")
    village.settle()
    theirs = village.repository.push("theirs", onto=village.repository.remote["main"], orders="evil")
    village.repository.requests[7] = theirs
    village.send("github.com", "pull_request", request_event(7, stranger=True))
    village.settle()
    assert village.repository.checked_out != theirs

    village.send("github.com", "pull_request_review", review_event(7, theirs))
    village.repository.requests[7] = village.repository.push("theirs", onto=theirs, orders="worse")
    (report,) = village.settle()
    assert village.repository.checked_out not in (theirs, village.repository.requests[7])
    assert any("nobody has agreed to" in note for note in report.notes)

    village.repository.requests[7] = theirs
    village.send("github.com", "pull_request_review", review_event(7, theirs))
    village.settle()
    assert village.repository.checked_out == theirs


def test_a_copy_for_strangers_runs_nothing_in_a_build_that_has_credentials(village: Village) -> None:
    village.ruled(strangers="copy")
    village.pushed(billing="b2")
    village.settle()
    theirs = village.repository.push("theirs", onto=village.repository.remote["main"], orders="evil")
    village.repository.requests[7] = theirs
    village.send("github.com", "pull_request", request_event(7, stranger=True))
    (report,) = village.settle()

    assert village.repository.checked_out != theirs
    assert any("nothing of it was run" in note for note in report.notes)


def test_the_file_of_the_protected_branch_decides_and_a_changed_one_at_once(village: Village) -> None:
    village.pushed(orders="o2", ci_py="def decide(happened, state, default):\n    return default.up_to('test')\n")
    village.settle()
    assert [bool(village.runs(place)) for place in ("test", "staging")] == [True, False]

    village.pushed(ci_py="def decide(happened, state, default):\n    return default\n")
    village.settle()
    assert village.runs("staging")["orders"] == "o2"


def test_a_mistake_in_the_file_blocks_nothing_but_itself_and_is_told(village: Village) -> None:
    village.pushed(orders="o2", ci_py="def decide(happened, state, default):\n    raise ValueError('no')\n")
    (report,) = village.settle()

    assert village.runs("staging")["orders"] == "o2"
    assert any("ValueError" in note for note in report.notes)


def test_skipped_commits_and_narrowing_texts_do_less(village: Village) -> None:
    village.pushed(orders="o2")
    village.pushed(orders="o3", message="a typo [skip ci]")
    village.settle()
    assert village.runs("sandbox")["orders"] == "o2"

    village.pushed(orders="o4", billing="b4", message="faster\n\nOnly: billing\nUp-To: test")
    village.settle()
    assert village.runs("test") == {"billing": "b4", "orders": "o2"}
    assert village.runs("staging")["billing"] == "b1"
