"""Runs of the CI on a repository and accounts in memory: from the event to what runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from multi_env_lambda.ci.names import environment_of_branch
from multi_env_lambda.flow.left import lines_of_left
from tests.runs.village import Repository, Village

ALL = {"billing": "b1", "orders": "o1"}


@pytest.fixture
def village(tmp_path: Path) -> Village:
    return Village(tmp_path, Repository(dict(ALL)))


def test_a_push_walks_to_the_first_environment_that_wants_a_yes_and_on_when_it_is_given(village: Village) -> None:
    village.pushed(orders="o2")
    (report,) = village.settle()

    now = {**ALL, "orders": "o2"}
    assert [village.runs(place) for place in ("sandbox", "test", "staging", "prod")] == [now, now, now, {}]
    assert report.outcome == "waits"
    (wait,) = report.waits
    assert "prod" in wait.command

    village.approve("prod")
    assert [one.outcome for one in village.settle()] == ["done"]
    assert village.runs("prod") == now


def test_many_quick_pushes_are_one_build_and_the_newest_arrives(village: Village) -> None:
    for number in range(12):
        village.pushed(orders=f"o{number}")
    reports = village.settle()

    assert len(reports) == 1
    assert village.runs("staging")["orders"] == "o11"


def test_a_push_in_the_middle_of_a_run_is_seen_by_that_run(village: Village) -> None:
    village.pushed(orders="o2")
    village.deliver()
    village.repository.meanwhile.append(lambda: (village.pushed(orders="o3"), village.deliver()))
    village.build()

    assert village.started == 1
    assert village.runs("staging")["orders"] == "o3"


def test_an_event_that_comes_late_takes_nothing_back(village: Village) -> None:
    village.pushed(orders="o2")
    late = village.queue.pop()
    village.pushed(orders="o3")
    village.settle()
    village.queue.append(late)
    village.settle()

    assert village.runs("sandbox")["orders"] == "o3"


def test_of_two_runs_at_once_the_later_commit_stays_whichever_ends_first(village: Village) -> None:
    """A tag and the branch are two subjects, so their builds may run beside each other."""
    village.pushed(orders="o2")
    village.repository.marks["orders-0.1.0"] = village.repository.remote["main"]
    village.pushed(orders="o3")
    village.settle()
    village.send("github.com", "push", tag_event("orders-0.1.0"))
    (report,) = village.settle()

    assert village.runs("sandbox")["orders"] == "o3"
    assert "sandbox orders: superseded, since a later commit of the branch runs" in report.stops


def test_a_force_push_that_drops_commits_wins_and_so_does_a_revert(village: Village) -> None:
    first = village.pushed(orders="o2")
    village.pushed(orders="o3")
    village.settle()
    village.repository.remote["main"] = first
    village.pushed(push=False)
    village.settle()
    assert village.runs("staging")["orders"] == "o2"

    village.pushed(orders="o1")
    village.settle()
    assert village.runs("staging")["orders"] == "o1"


def test_a_squash_that_git_knows_no_relation_of_gives_way_to_the_branch(village: Village) -> None:
    root = village.repository.remote["main"]
    old = village.pushed(orders="o2")
    village.settle()
    village.repository.push("main", onto=root, orders="o9")
    village.repository.lost.add(old)
    village.pushed(push=False)
    village.settle()

    assert village.runs("staging")["orders"] == "o9"


def test_under_the_lease_a_unit_that_got_newer_meanwhile_stays(village: Village) -> None:
    """The branch moves back between plan and change: the run finds out, and looks again."""
    village.pushed(orders="o2")
    village.settle()
    kept = village.repository.remote["main"]
    village.pushed(orders="o3")
    village.settle()
    village.repository.remote["main"] = kept
    village.pushed(push=False)
    village.deliver()
    seen: list[str] = []

    def moves(branch: str) -> str:
        seen.append(branch)
        if len(seen) == 2:  # the second question is the one under the lease
            village.repository.push("main", onto=kept, orders="o4")
        return village.repository.remote[branch]

    village.repository.head_now = moves  # type: ignore[method-assign]
    report = village.build()

    assert "o4" in village.runs("staging")["orders"]
    assert report.failures == ()


def test_a_held_unit_stays_here_and_behind_and_the_rest_goes_on(village: Village) -> None:
    village.settle()
    village.pushed(orders="o2")
    village.settle()
    village.hold("orders", "test")
    village.pushed(orders="o3", billing="b3")
    village.settle()

    assert village.runs("sandbox")["orders"] == "o3"
    assert [village.runs(place)["orders"] for place in ("test", "staging")] == ["o2", "o2"]
    assert village.runs("staging")["billing"] == "b3"

    village.scheduled()
    village.settle()
    assert village.runs("test")["orders"] == "o2"

    village.hold("orders", "test", lifted=True)
    village.scheduled()
    village.settle()
    assert village.runs("staging")["orders"] == "o3"


def test_a_frozen_environment_and_what_comes_after_it_stay(village: Village) -> None:
    village.store.put_new("environments/staging/frozen.json", b'{"format":2,"who":"ada","reason":"audit"}')
    village.pushed(orders="o2")
    (report,) = village.settle()

    assert [bool(village.runs(place)) for place in ("sandbox", "test", "staging", "prod")] == [True, True, False, False]
    assert any("staging is frozen" in note for note in report.notes)


def test_a_freeze_that_cannot_be_read_freezes(village: Village) -> None:
    village.store.put_new("environments/sandbox/frozen.json", b"?")
    village.pushed(orders="o2")
    (report,) = village.settle()

    assert (report.outcome, village.runs("sandbox")) == ("nothing to do", {})


def test_what_fails_its_own_tests_goes_nowhere_and_holds_up_nobody_but_its_dependents(tmp_path: Path) -> None:
    content = {"customers": "c1", "orders": "o1", "search": "s1"}
    village = Village(tmp_path, Repository(content), needs={"orders": ("customers",)})
    village.proofs.bad_units.add("customers")
    village.pushed(customers="c2", orders="o2", search="s2")
    (report,) = village.settle()

    assert village.runs("staging") == {"search": "s2"}
    assert (report.outcome, [text.split(":")[0] for text in report.failures]) == ("failed", ["sandbox customers"])
    assert sorted(village.proofs.asked) == ["customers", "orders", "search"]


def test_the_command_between_two_environments_is_run_once_for_a_change_and_stops_it(village: Village) -> None:
    village.ruled(verify=("check",))
    village.proofs.bad_places.add("test")
    village.pushed(orders="o2")
    (report,) = village.settle()

    assert [bool(village.runs(place)) for place in ("sandbox", "test", "staging")] == [True, True, False]
    assert "the order never arrived" in report.failures[0]

    village.proofs.bad_places.clear()
    village.scheduled()
    village.settle()
    village.approve("prod")
    village.settle()
    commands = [text for text in village.proofs.asked if text.startswith("check")]
    assert commands == ["check sandbox", "check test", "check test", "check staging"]
    assert village.runs("prod")["orders"] == "o2"


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

    assert village.runs("staging") == {"orders": "o2"}
    said = "\n".join(note for report in reports for note in report.notes)
    assert "the tag says 0.2.0, the pyproject.toml of orders says `0.1.0`" in said
    assert "`billing-0.1.0` is gone, or not on `main`" in said


def test_a_pull_request_is_planned_and_nothing_is_written_but_what_is_wanted(village: Village) -> None:
    village.repository.requests[7] = village.repository.push(
        "feature", onto=village.repository.remote["main"], orders="o2"
    )
    village.send("github.com", "pull_request", request_event(7))
    (report,) = village.settle()

    assert [village.runs(place) for place in ("sandbox", "prod")] == [{}, {}]
    assert {key.split("/")[0] for _, key in village.store.writes} == {"ci"}
    assert "orders" in "\n".join(report.notes)


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


def test_records_say_which_job_commit_and_person_are_behind_it(village: Village) -> None:
    commit = village.pushed(orders="o2")
    village.settle()
    running = village.home.world.ledger.records("sandbox")["orders"].running

    assert running is not None
    (wanted,) = village.wanted()
    assert running.reason == f"job {wanted.id}: `main` at {commit[:12]} by `Ada <ada@example.org>`"
    assert (running.who, running.commit) == (running.made_by, commit)


def test_an_older_approval_opens_its_environment_although_something_newer_waits_before_it(tmp_path: Path) -> None:
    from multi_env_lambda.testing.world import fake_config

    config = fake_config(staging={"approval": True}, prod={"approval": True})
    village = Village(tmp_path, Repository(dict(ALL)), config=config)
    village.pushed(orders="o2")
    village.settle()
    village.approve("staging")
    village.settle()
    village.pushed(orders="o3")
    (report,) = village.settle()
    assert [wait.environment for wait in report.waits] == ["staging", "prod"]

    village.approve("prod")
    village.settle()
    assert [village.runs(place)["orders"] for place in ("test", "staging", "prod")] == ["o3", "o2", "o2"]


def test_a_build_cannot_open_an_environment_by_its_own_yes(village: Village) -> None:
    from multi_env_lambda.flow.gate import approve
    from tests.runs.village import BUILDER

    village.pushed(orders="o2")
    village.settle()
    (wait,) = village.wanted()[0].waits
    village.home.platform.who = BUILDER
    approve(village.home.world, *wait)
    village.scheduled()
    village.settle()

    assert village.runs("prod") == {}


def test_nothing_to_do_reads_and_writes_little(village: Village) -> None:
    village.pushed(orders="o2")
    village.settle()
    village.approve("prod")
    village.settle()
    before = len(village.store.writes)
    village.pushed(push=False)
    (report,) = village.settle()

    assert report.outcome == "nothing to do"
    assert {key.split("/")[0] for _, key in village.store.writes[before:]} == {"ci"}


def test_a_branch_has_an_environment_of_what_it_affects_until_it_is_gone(village: Village) -> None:
    village.ruled(branches=("feature/*",))
    village.pushed(billing="b2")
    village.settle()
    name = environment_of_branch("feature/x")
    before = {key for key in village.store.objects if key.startswith("projects/")}
    village.pushed("feature/x", onto=village.repository.remote["main"], orders="ox")
    village.settle()

    assert village.runs(name) == {"orders": "ox"}
    assert village.runs("sandbox") == {"billing": "b2", "orders": "o1"}
    assert {key for key in village.store.objects if key.startswith("projects/")} > before

    village.pushed("feature/x", orders="oy")
    village.settle()
    assert village.runs(name) == {"orders": "oy"}

    del village.repository.remote["feature/x"]
    village.pushed("feature/x", push=False)
    village.settle()
    assert village.runs(name) == {}
    assert [key for key in village.home.platform.stacks if name in key[0] or key[1].endswith(name)] == []


def test_a_branch_that_is_gone_or_over_without_an_event_is_cleared_away_by_the_schedule(village: Village) -> None:
    village.ruled(branches=("feature/*",), days=7)
    village.pushed(billing="b2")
    village.settle()
    name = environment_of_branch("feature/x")
    village.pushed("feature/x", onto=village.repository.remote["main"], orders="ox")
    village.settle()
    village.scheduled()
    village.settle()
    assert village.runs(name) == {"orders": "ox"}

    village.store.time += 8 * 86_400
    village.scheduled()
    village.settle()
    assert village.runs(name) == {}


def test_what_happens_in_the_environment_of_a_branch_changes_no_plan_of_the_table(village: Village) -> None:
    village.ruled(branches=("feature/*",))
    village.pushed(orders="o2")
    village.settle()
    (waits,) = village.wanted()[0].waits
    village.pushed("feature/x", onto=village.repository.remote["main"], orders="ox")
    village.settle()
    village.scheduled()
    village.settle()

    assert [one.waits for one in village.wanted() if one.key == "branch main"] == [(waits,)]
    assert lines_of_left(village.opens(Path("main"))) == ()


def tag_event(tag: str) -> dict[str, object]:
    return {
        "ref": f"refs/tags/{tag}",
        "before": "0" * 40,
        "after": "1" * 40,
        "repository": {"full_name": "acme/units"},
    }


def request_event(number: int, *, stranger: bool = False) -> dict[str, object]:
    own, theirs = {"id": 1, "full_name": "acme/units"}, {"id": 2, "full_name": "mallory/units"}
    return {
        "action": "synchronize",
        "number": number,
        "repository": own,
        "pull_request": {
            "number": number,
            "head": {"ref": "feature", "sha": "1" * 40, "repo": theirs if stranger else own},
            "base": {"ref": "main", "sha": "2" * 40, "repo": own},
        },
        "sender": {"login": "mallory"},
    }


def review_event(number: int, commit: str) -> dict[str, object]:
    event = request_event(number, stranger=True)
    return {
        **event,
        "action": "submitted",
        "review": {"state": "approved", "commit_id": commit, "user": {"login": "grace"}},
        "sender": {"login": "grace"},
    }
