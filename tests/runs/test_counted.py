"""How often something happens, exactly: builds, writes and comments of an ordinary day."""

from __future__ import annotations

from collections.abc import Callable

from multi_env_lambda.host.github import GitHub
from multi_env_lambda.runs.voice import Voice
from tests.runs.village import Village, request_event
from tests.tools.github_server import TOKEN, github_server


def arrived(village: Village) -> None:
    """Everything runs everywhere, and the first hour is over."""
    village.pushed(orders="o2")
    village.settle()
    village.approve("prod")
    village.settle()
    village.scheduled()
    village.settle()


def counted(village: Village, happens: Callable[[], object]) -> tuple[int, dict[str, int]]:
    """The builds that start, and the writes by folder."""
    started, written = village.started, len(village.store.writes)
    happens()
    village.settle()
    found: dict[str, int] = {}
    for _, key in village.store.writes[written:]:
        folder = "/".join(key.split("/")[:2])
        found[folder] = found.get(folder, 0) + 1
    return village.started - started, found


def test_a_quiet_hour_is_two_builds_and_touches_nothing_that_is_deployed(village: Village) -> None:
    arrived(village)

    hours = [counted(village, village.scheduled) for _ in range(3)]

    assert hours[0] == hours[1] == hours[2]
    builds, written = hours[0]
    assert builds == 2
    assert written == {"ci/results": 2, "ci/wanted": 8}  # asked, claimed, started and ended, twice
    assert {one.key for one in village.wanted()} == {"branch main", "everything"}


def test_a_message_that_comes_again_is_no_build(village: Village) -> None:
    arrived(village)
    village.pushed(orders="o3")
    message = village.queue[0]
    village.settle()

    assert counted(village, lambda: village.queue.append(message)) == (0, {})


def test_a_pull_request_that_is_pushed_five_times_has_one_comment(village: Village) -> None:
    arrived(village)
    with github_server() as server:
        host = GitHub(repository="acme/units", token=TOKEN, api=server.address)
        village.voice = Voice(host=host, topic=lambda *_: None, link="https://example.org/1")
        before = village.started
        for number in range(5):
            onto = village.repository.remote["main"]
            village.repository.requests[7] = village.repository.push("feature", onto=onto, orders=f"p{number}")
            village.send("github.com", "pull_request", request_event(7))
            village.settle()

        assert (len(server.comments[7]), village.started - before) == (1, 5)
