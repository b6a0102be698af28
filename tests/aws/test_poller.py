"""However many stacks are waited for, CloudFormation is asked rarely, slower when it asks for that, and not forever."""

from __future__ import annotations

import threading
from typing import Any

import attrs
import pytest

from multi_env_lambda.aws.poller import Poller, StackReading
from multi_env_lambda.errors import StackError
from tests.tools.cloudformation import InMemoryCloudFormation
from tests.tools.faulty_client import FaultyClient


@attrs.define
class Clock:
    now: float = 0.0
    naps: list[float] = attrs.field(factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds


def over(reading: StackReading | None) -> bool:
    return reading is None or not reading.status.endswith("_IN_PROGRESS")


def poller_of(client: Any, clock: Clock) -> Poller:
    return Poller(client, clock=clock, sleep=clock.sleep, jitter=lambda: 1.0)


class Gate:
    """Answers nothing until so many are waiting, so that they really wait together."""

    def __init__(self, client: Any, many: int) -> None:
        self.client = client
        self.many = many
        self.poller: Poller | None = None

    def describe_stacks(self, **parameters: Any) -> Any:
        while self.poller is not None and self.poller.waiting < self.many:
            threading.Event().wait(0.001)
        self.many = 0
        return self.client.describe_stacks(**parameters)


def together(client: Any, clock: Clock, many: int) -> Poller:
    gate = Gate(client, many)
    gate.poller = poller_of(gate, clock)
    return gate.poller


def slow_stack(cloud: InMemoryCloudFormation, name: str, reads: int, end: str = "UPDATE_COMPLETE") -> str:
    return cloud.put_stack(name, "UPDATE_IN_PROGRESS", then=["UPDATE_IN_PROGRESS"] * reads + [end])


def wait_for_all(poller: Poller, ids: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}

    def wait(stack_id: str) -> None:
        reading = poller.wait(stack_id, over, deadline=1e9, where=stack_id)
        found[stack_id] = reading.status if reading else "gone"

    threads = [threading.Thread(target=wait, args=(stack_id,)) for stack_id in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return found


def test_the_first_final_reading_is_the_answer() -> None:
    cloud, clock = InMemoryCloudFormation(), Clock()
    reading = poller_of(cloud, clock).wait(slow_stack(cloud, "a", 3), over, deadline=60, where="a")
    assert reading is not None and reading.status == "UPDATE_COMPLETE"


def test_the_pace_begins_quick_and_never_gets_slower_than_five_seconds() -> None:
    cloud, clock, seen = InMemoryCloudFormation(), Clock(), []
    stack_id = slow_stack(cloud, "a", 40)
    poller_of(cloud, clock).wait(stack_id, over, deadline=1e9, where="a", on_reading=lambda _: seen.append(clock.now))
    gaps = [later - earlier for earlier, later in zip(seen, seen[1:], strict=False)]
    assert gaps[:3] == pytest.approx([0.05, 0.05, 0.2]) and max(gaps) == pytest.approx(5.0)
    assert [round(gap, 6) for gap in gaps] == sorted(round(gap, 6) for gap in gaps)


def test_throttling_slows_the_pace_down() -> None:
    def time_needed(throttled: int) -> float:
        cloud, clock = InMemoryCloudFormation(), Clock()
        client = FaultyClient(cloud)
        stack_id = slow_stack(cloud, "a", 5)
        client.fail("describe_stacks", code="Throttling", status=400, times=throttled)
        poller_of(client, clock).wait(stack_id, over, deadline=1e9, where="a")
        return clock.now

    assert time_needed(4) > 3 * time_needed(0)


@pytest.mark.parametrize("fault", ["throttled", "lost"])
def test_a_wait_ends_at_its_deadline_even_without_any_answer(fault: str) -> None:
    cloud, clock = InMemoryCloudFormation(), Clock()
    client = FaultyClient(cloud)
    stack_id = slow_stack(cloud, "a", 5)
    if fault == "lost":
        client.lose("describe_stacks", times=9999)
    else:
        client.fail("describe_stacks", code="Throttling", status=400, times=9999)
    with pytest.raises(StackError, match="did not respond"):
        poller_of(client, clock).wait(stack_id, over, deadline=30, where="a")


def test_a_stack_that_does_not_exist_is_a_reading_too() -> None:
    assert poller_of(InMemoryCloudFormation(), Clock()).wait("arn:gone", over, deadline=9, where="a") is None


def test_a_denial_is_told_at_once() -> None:
    client = FaultyClient(InMemoryCloudFormation())
    client.fail("describe_stacks", code="AccessDenied", status=403, message="no")
    with pytest.raises(StackError, match="AccessDenied: no"):
        poller_of(client, Clock()).wait("arn:x", over, deadline=9, where="a")


def test_many_stacks_are_answered_by_listings() -> None:
    cloud, clock = InMemoryCloudFormation(), Clock()
    ids = [slow_stack(cloud, f"s{number}", 30) for number in range(40)]
    client = FaultyClient(cloud)
    found = wait_for_all(together(client, clock, 40), ids)
    listings = sum(1 for _, parameters in client.calls if "StackName" not in parameters)
    assert set(found.values()) == {"UPDATE_COMPLETE"} and len(found) == 40
    assert listings > 0 and len(client.calls) < 40 * 30 / 4


def test_a_deleted_stack_is_missing_in_listings_and_asked_for_by_id() -> None:
    cloud, clock = InMemoryCloudFormation(), Clock()
    ids = [slow_stack(cloud, f"s{number}", 20, "DELETE_COMPLETE") for number in range(12)]
    assert set(wait_for_all(together(cloud, clock, 12), ids).values()) == {"DELETE_COMPLETE"}


def test_a_role_that_may_not_list_asks_by_id() -> None:
    class OwnStacksOnly:
        def __init__(self, cloud: InMemoryCloudFormation) -> None:
            self.cloud = cloud
            self.client = FaultyClient(cloud)

        def describe_stacks(self, **parameters: Any) -> Any:
            if "StackName" not in parameters:
                self.client.fail("describe_stacks", code="AccessDenied", status=403)
            return self.client.describe_stacks(**parameters)

    cloud, clock = InMemoryCloudFormation(), Clock()
    ids = [slow_stack(cloud, f"s{number}", 15) for number in range(12)]
    assert set(wait_for_all(together(OwnStacksOnly(cloud), clock, 12), ids).values()) == {"UPDATE_COMPLETE"}


def test_one_failed_wait_does_not_disturb_the_others() -> None:
    cloud, clock = InMemoryCloudFormation(), Clock()
    poller = poller_of(cloud, clock)
    good = slow_stack(cloud, "good", 50)
    endless = slow_stack(cloud, "endless", 9999)
    errors: list[StackError] = []

    def too_long() -> None:
        try:
            poller.wait(endless, over, deadline=5, where="endless")
        except StackError as error:
            errors.append(error)

    thread = threading.Thread(target=too_long)
    thread.start()
    assert wait_for_all(poller, [good]) == {good: "UPDATE_COMPLETE"}
    thread.join(30)
    assert [error.where for error in errors] == ["endless"]


def test_a_service_that_stays_silent_is_given_up_before_the_deadline() -> None:
    cloud, clock = InMemoryCloudFormation(), Clock()
    client = FaultyClient(cloud)
    stack_id = slow_stack(cloud, "a", 9999)
    client.lose("describe_stacks", times=9999)
    with pytest.raises(StackError, match="ConnectionClosedError"):
        poller_of(client, clock).wait(stack_id, over, deadline=3600, where="a")
    assert 300 <= clock.now < 400
