"""Runs of the CI on a repository and accounts in memory: from the event to what runs."""

from __future__ import annotations

from pathlib import Path

import attrs

from multi_env_lambda.errors import Busy
from multi_env_lambda.model.project import Project
from multi_env_lambda.operations.dispatch import want
from multi_env_lambda.runs.run import MOST_LOOKS, run_job
from multi_env_lambda.world import World
from tests.runs.village import ALL, Proofs, Village, tag_event


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
    report = village.build()

    assert village.started == 1
    assert village.runs("staging")["orders"] == "o3"
    (wait,) = report.waits
    assert village.wanted()[0].waits == (("prod", wait.digest),)


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
    report, of_branch = village.settle()

    assert village.runs("sandbox")["orders"] == "o3"
    assert {one.outcome for one in of_branch.results} <= {"unchanged"}
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
    """The branch moves on while the lease is taken: what was right in the plan is so no longer."""
    village.pushed(orders="o2")
    village.settle()
    kept = village.repository.remote["main"]
    village.pushed(orders="o3")
    village.settle()
    village.repository.remote["main"] = kept
    village.pushed(push=False)
    village.deliver()

    def moves(kind: str, key: str) -> None:
        if key == "environments/sandbox/current/orders.json":
            village.store.after_write = None
            village.repository.push("main", onto=kept, orders="o4")

    village.store.after_write = moves
    report = village.build()

    assert any(text.startswith("looks again: sandbox orders: ") for text in village.said), village.said
    assert [village.runs(place)["orders"] for place in ("sandbox", "staging")] == ["o4", "o4"]
    assert report.failures == ()


def test_the_record_says_what_gave_way_to_the_branch(village: Village) -> None:
    root = village.repository.remote["main"]
    village.pushed(orders="o2")
    village.settle()
    village.repository.push("main", onto=root, orders="o9")
    village.pushed(push=False)
    village.settle()
    running = village.home.world.ledger.records("sandbox")["orders"].running

    assert running is not None
    assert "; the branch goes first: orders 0.1.0" in running.reason


def test_records_say_which_job_commit_and_person_are_behind_it(village: Village) -> None:
    commit = village.pushed(orders="o2")
    village.settle()
    running = village.home.world.ledger.records("sandbox")["orders"].running

    assert running is not None
    (wanted,) = village.wanted()
    assert running.reason == f"job {wanted.id}: `main` at {commit[:12]} by `Ada <ada@example.org>`"
    assert (running.who, running.commit) == (running.made_by, commit)


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


def test_a_plan_that_another_build_overtook_is_made_again_by_the_same_run(village: Village) -> None:
    """The build of a tag deploys a later commit while this one tests what it has planned."""
    village.pushed(orders="o2")
    village.settle()
    village.pushed(orders="o3")
    village.deliver()
    done: list[str] = []

    class Meanwhile(Proofs):
        def unit(self, root: Path, unit: Project) -> str:
            if not done:
                done.append(unit.name)
                village.repository.marks["orders-0.1.0"] = village.repository.push("main", orders="o4")
                village.send("github.com", "push", tag_event("orders-0.1.0"))
                village.deliver()
                village.build(1)
                assert village.runs("sandbox")["orders"] == "o4"
            return ""

    village.proofs = Meanwhile()
    report = village.build(0)

    assert any(text.startswith("looks again: sandbox orders") for text in village.said), village.said
    assert report.failures == ()
    assert village.runs("staging")["orders"] == "o4"


def test_a_world_that_never_rests_is_left_to_the_schedule(village: Village) -> None:
    def always(place: Path) -> World:
        raise Busy("orders in sandbox", "somebody deploys it", hint="wait")

    village.pushed(orders="o2")
    village.deliver()
    name, job = village.builds[0]
    opens = village.opens
    calls = iter(range(10**6))
    hands = attrs.evolve(village.hands(name, job), opens=lambda path: always(path) if next(calls) else opens(path))
    report = run_job(hands, Path("clone"))

    assert (report.outcome, len(village.slept)) == ("failed", MOST_LOOKS)
    assert max(village.slept) == 30.0
    assert village.wanted()[0].state == "done"


def test_a_look_reads_no_more_for_what_was_ever_wanted_of_others(village: Village) -> None:
    village.pushed(orders="o2")
    village.settle()

    def reads() -> int:
        before = len(village.store.reads)
        village.pushed(push=False)
        village.settle()
        return len(village.store.reads) - before

    few = reads()
    for number in range(50):
        want(village.store, f"branch feature/{number}")
    assert reads() == few
