"""Killed processes and lost answers on the local cloud: the command again, the same end, nothing done twice."""

from __future__ import annotations

import signal

import pytest

from tests.tools.faults import Fail, LoseAnswer, Rule, Throttle

from .shop import ENVIRONMENTS, UNITS, Shop, Traces

pytestmark = pytest.mark.local_cloud

CHANGED = ("customers", "orders")

MUTATING = (
    "PutObject projects/*.whl",
    "PutObject projects/*.tar.gz",
    "PutObject projects/*.json",
    "PutObject environments/*/current/*",
    "PutObject environments/*/history/*",
    "CreateChangeSet",
    "ExecuteChangeSet",
    "AssumeRole",
    "GetCallerIdentity",
)

MOMENTS = (
    ("PutObject projects/*.whl", 1),
    ("CreateChangeSet", 1),
    ("ExecuteChangeSet", 1),
    ("PutObject environments/sandbox/current/*", 2),
    ("PutObject environments/sandbox/history/*", 1),
    ("ExecuteChangeSet", 4),
)


def assert_one_deployment_more(before: Traces, after: Traces, units: tuple[str, ...] = CHANGED) -> None:
    """Of each changed unit exactly one source, one release, one update and one entry per environment."""
    new = sorted(after.folders() - before.folders())
    assert [folder.split("/")[0] for folder in new] == sorted(unit for unit in units for _ in ("source", "release"))
    for place in ENVIRONMENTS:
        for unit in UNITS:
            more = [(after.running[place, unit], "succeeded")] * (unit in units)
            assert after.histories[place, unit] == before.histories[place, unit] + more
            assert after.updates[f"{unit}-{place}"] == before.updates[f"{unit}-{place}"] + len(more)
    assert after.held == frozenset()


@pytest.mark.parametrize(
    ("call", "nth"),
    # Every third in each run of all tests, the others in the long one.
    [pytest.param(*item, marks=pytest.mark.long if number % 3 else ()) for number, item in enumerate(MOMENTS)],
    ids=[f"{nth} {call}" for call, nth in MOMENTS],
)
def test_a_killed_process_is_finished_by_the_same_command(shop: Shop, call: str, nth: int) -> None:
    before = shop.traces()
    shop.change(*CHANGED)

    status = shop.killed_at(call, nth)
    done = shop.deploy()

    assert (status, done.code) == (-signal.SIGKILL, 0), done.err
    assert_one_deployment_more(before, shop.traces())


@pytest.mark.parametrize("call", [pytest.param("CreateChangeSet", marks=pytest.mark.long), "ExecuteChangeSet"])
def test_a_unit_whose_first_deploy_was_killed_is_deployed_once(shop: Shop, call: str) -> None:
    unit = f"first{call[:6].lower()}"
    shop.add(unit)

    status = shop.killed_at(call, 1)
    done = shop.deploy()

    past = shop.stage.script("history", unit, "sandbox", "--json").answer["sandbox"]
    assert (status, done.code) == (-signal.SIGKILL, 0), done.err
    assert [(item["version"], item["outcome"]) for item in past] == [("0.1.0", "succeeded")]


@pytest.mark.parametrize("call", [pytest.param("PutObject projects/*.whl", marks=pytest.mark.long), "ExecuteChangeSet"])
def test_an_interrupt_is_130_without_a_traceback_and_is_finished_later(shop: Shop, call: str) -> None:
    before = shop.traces()
    shop.change(*CHANGED)

    status, said = shop.interrupted_at(call)
    done = shop.deploy()

    assert (status, "Traceback" in said, done.code) == (130, False, 0), said
    assert_one_deployment_more(before, shop.traces())


def test_an_interrupt_while_the_smoke_call_is_answered_is_finished_later(shop: Shop) -> None:
    shop.change(*CHANGED)

    status, said = shop.interrupted_at("Invoke")
    done = shop.deploy()

    assert (status, "Traceback" in said, done.code) == (130, False, 0), said
    after = shop.traces()
    for place in ENVIRONMENTS:
        for unit in CHANGED:
            # The answer was lost with the run, which may be recorded as a failure before the success.
            assert after.histories[place, unit][-1] == (after.running[place, unit], "succeeded")
    assert after.held == frozenset()


def test_many_who_deploy_the_same_at_once_do_it_once(shop: Shop) -> None:
    before = shop.traces()
    shop.change(*CHANGED)

    codes = shop.at_once(3)
    done = shop.deploy()

    # PlanStale and Busy: somebody else was faster; everything else would be a failure.
    assert (set(codes) <= {0, 1, 8, 10}, done.code) == (True, 0), codes
    assert_one_deployment_more(before, shop.traces())


def faults(kind: type[Rule]) -> list[Rule]:
    """Not of Invoke: what a function did before its answer was lost cannot be done again unasked."""
    return [kind(match=match) for match in MUTATING]


@pytest.mark.parametrize(
    "kind", [LoseAnswer, *(pytest.param(kind, marks=pytest.mark.long) for kind in (Throttle, Fail))]
)
def test_a_fault_at_every_mutating_call_is_no_failure_and_nothing_is_done_twice(shop: Shop, kind: type[Rule]) -> None:
    before = shop.traces()
    shop.change(*CHANGED)
    shop.proxy.set_rules(*faults(kind))
    shop.proxy.forget_calls()

    done = shop.deploy()
    hit = {call.name for call in shop.proxy.log if call.fault == kind.__name__}
    shop.proxy.set_rules()

    assert (done.code, done.outcomes()["prod", "orders"]) == (0, "deployed"), done.err
    assert hit == {match.split()[0] for match in MUTATING}
    assert_one_deployment_more(before, shop.traces())


def test_a_smoke_call_that_was_throttled_is_made_again(shop: Shop) -> None:
    shop.change(*CHANGED)
    shop.proxy.set_rules(Throttle(match="Invoke"))

    done = shop.deploy()
    shop.proxy.set_rules()

    assert done.code == 0, done.err


@pytest.mark.parametrize("kind", [pytest.param(Fail, marks=pytest.mark.long), LoseAnswer])
def test_a_smoke_call_whose_answer_is_lost_is_made_once_and_the_same_command_goes_on(
    shop: Shop, kind: type[Rule]
) -> None:
    shop.change("customers")
    shop.proxy.set_rules(kind(match="Invoke"))
    shop.proxy.forget_calls()

    failed = shop.deploy("--only", "customers")
    calls = [call.name for call in shop.proxy.log if call.name == "Invoke"]
    shop.proxy.set_rules()
    done = shop.deploy("--only", "customers")

    assert (failed.code, calls, done.code) == (7, ["Invoke"], 0), failed.err
    assert done.outcomes()["prod", "customers"] == "deployed"


@pytest.mark.parametrize(
    "kind", [*(pytest.param(kind, marks=pytest.mark.long) for kind in (Throttle, Fail)), LoseAnswer]
)
def test_a_fault_while_an_empty_change_set_is_removed_is_no_failure(shop: Shop, kind: type[Rule]) -> None:
    before = shop.traces()
    shop.proxy.set_rules(kind(match="DeleteChangeSet"))
    shop.proxy.forget_calls()

    done = shop.deploy("--force", "--only", "search")
    hit = [call.name for call in shop.proxy.log if call.fault]
    shop.proxy.set_rules()

    assert (done.code, hit) == (0, ["DeleteChangeSet"]), done.err
    assert shop.traces().updates == before.updates


@pytest.mark.long
def test_a_cloud_that_answers_nothing_is_an_error_and_loses_nothing(shop: Shop) -> None:
    before = shop.traces()
    shop.change(*CHANGED)
    shop.proxy.set_rules(Fail(match="ExecuteChangeSet", times=1000))
    failed = shop.deploy()
    shop.proxy.set_rules()

    done = shop.deploy()

    assert (failed.code, failed.err.count("Traceback"), done.code) == (7, 0, 0), failed.err
    histories = shop.traces().histories
    assert histories["sandbox", "customers"][-2:] == [
        (histories["prod", "customers"][-1][0], "failed"),
        (histories["prod", "customers"][-1][0], "succeeded"),
    ]
    assert len(histories["prod", "customers"]) == len(before.histories["prod", "customers"]) + 1


def test_right_after_a_deploy_the_same_command_needs_at_most_three_calls_per_environment(shop: Shop) -> None:
    shop.deploy()
    shop.proxy.forget_calls()

    done = shop.deploy()

    assert (done.code, done.touched()) == (0, set())
    assert len(shop.proxy.log) <= 3 * len(ENVIRONMENTS), shop.proxy.calls
