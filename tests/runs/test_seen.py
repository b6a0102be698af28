"""What people see of runs: one comment that follows a change to prod, a status, and few messages."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import pytest

from multi_env_lambda.ci.comment import MARKER
from multi_env_lambda.errors import ToolError
from multi_env_lambda.host.github import GitHub
from multi_env_lambda.runs.voice import Voice
from tests.runs.village import Village, request_event, review_event
from tests.tools.github_server import TOKEN, GitHubServer, github_server


@pytest.fixture
def server(village: Village) -> Iterator[GitHubServer]:
    with github_server() as found:
        host = GitHub(repository="acme/units", token=TOKEN, api=found.address)
        village.voice = Voice(host=host, topic=lambda *words: village.mail.append(words), link="https://example.org/1")
        yield found


def opened(village: Village, number: int = 7, **texts: str) -> str:
    head = village.repository.push("feature", onto=village.repository.remote["main"], **texts)
    village.repository.requests[number] = head
    village.send("github.com", "pull_request", request_event(number))
    return head


def merged(village: Village, server: GitHubServer, number: int = 7, **texts: str) -> str:
    commit = village.pushed(**texts)
    server.pulls[commit] = [{"number": number, "merged_at": "2026-01-01", "base": {"ref": "main"}}]
    return commit


def comment(server: GitHubServer, number: int = 7) -> str:
    (found,) = server.comments[number]
    return str(found["body"])


def arrived(village: Village, **texts: str) -> None:
    """Everything runs everywhere, and nobody has anything left to read."""
    village.pushed(**texts)
    village.settle()
    village.approve("prod")
    village.settle()
    village.mail.clear()


def subjects(village: Village) -> list[str]:
    return [subject for subject, _ in village.mail]


def test_one_comment_follows_a_change_from_the_plan_to_prod(village: Village, server: GitHubServer) -> None:
    arrived(village)
    head = opened(village, orders="o2")
    village.settle()
    said = comment(server)
    assert said.startswith(f"{MARKER}\n\n### Merging this changes\n\nPull request 7 at `{head[:12]}`, plan `")
    assert [said.count(f"| `orders` | `{place}` |") for place in ("sandbox", "test", "staging", "prod")] == [1] * 4
    assert "billing" not in said
    assert "`ci.py approve prod " in said and "[All of it](https://example.org/1)" in said

    commit = merged(village, server, orders="o2")
    village.settle()
    said = comment(server)
    assert "### Merged: waits for a yes" in said
    rows = [line for line in said.splitlines() if line.startswith("| `")]
    assert [row.split("`")[5][:5] for row in rows] == ["runs ", "runs ", "runs ", "waits"]
    assert f"by {commit[:12]}" in rows[0]
    (digest,) = [digest for one in village.wanted() for _, digest in one.waits]
    assert f"To agree for `prod`: `ci.py approve prod {digest[:12]}`" in said

    village.approve("prod")
    village.settle()
    said = comment(server)
    assert "### Merged: runs everywhere" in said
    assert "approve" not in said


def test_a_look_that_finds_nothing_new_writes_nothing(village: Village, server: GitHubServer) -> None:
    merged(village, server, orders="o2")
    village.settle()
    before, mail = len(server.writes), len(village.mail)
    for _ in range(3):
        village.scheduled()
        village.settle()

    assert server.writes[before:] == []
    assert village.mail[mail:] == []


def test_a_later_push_carries_an_earlier_change_along(village: Village, server: GitHubServer) -> None:
    arrived(village)
    opened(village, orders="o2")
    village.settle()
    merged(village, server, orders="o2")
    village.pushed(billing="b2")
    village.settle()
    village.approve("prod")
    village.settle()

    assert "### Merged: runs everywhere" in comment(server)
    assert "`billing`" not in comment(server)


def test_what_failed_on_its_way_is_in_the_comment_and_in_one_message(village: Village, server: GitHubServer) -> None:
    arrived(village)
    opened(village, orders="o3")
    village.settle()
    village.proofs.bad_units = {"orders"}
    commit = merged(village, server, orders="o3")
    village.settle()
    village.scheduled()
    village.settle()

    assert "### Merged: failed on its way" in comment(server)
    assert "| `orders` | `sandbox` | `failed` | `its tests failed: 1 failed` |" in comment(server)
    assert "| `orders` | `prod` | `not yet` | – |" in comment(server)
    assert server.statuses[commit][0]["state"] == "failure"
    assert subjects(village) == ["branch `main` failed"]
    assert "its tests failed: 1 failed" in village.mail[0][1]

    village.proofs.bad_units = set()
    village.pushed(orders="o4")
    village.settle()
    assert subjects(village)[1:] == ["branch `main` waits for a yes, is good again"]


def test_the_status_of_a_pull_request_is_red_when_its_tests_fail(village: Village, server: GitHubServer) -> None:
    village.proofs.bad_units = {"orders"}
    head = opened(village, orders="o2")
    village.settle()

    assert server.statuses[head][0]["state"] == "failure"
    assert "### Merging this would fail" in comment(server)
    assert "`pull request 7: the tests of orders failed: 1 failed`" in comment(server)
    assert village.mail == [], "who opened it sees it there"


def test_a_strangers_change_is_answered_that_nothing_of_it_was_run_and_gets_its_plan_after_a_yes(
    village: Village, server: GitHubServer
) -> None:
    village.ruled(maintainers=("grace",))
    arrived(village)
    theirs = village.repository.push("theirs", onto=village.repository.remote["main"], orders="evil")
    village.send("github.com", "pull_request_review", review_event(7, theirs))
    village.repository.requests[7] = village.repository.push("theirs", onto=theirs, orders="worse")
    village.settle()
    assert "### Nothing of this was run" in comment(server)
    assert f"nobody has agreed to {village.repository.requests[7][:12]}" in comment(server)

    village.repository.requests[7] = theirs
    village.send("github.com", "pull_request_review", review_event(7, theirs))
    village.settle()
    assert "### Merging this changes" in comment(server)


def test_a_host_that_does_not_answer_fails_nothing_and_is_noted_and_caught_up_with(
    village: Village, server: GitHubServer
) -> None:
    assert isinstance(village.voice.host, GitHub)
    there = village.voice
    village.voice = attrs.evolve(there, host=attrs.evolve(there.host, api="http://127.0.0.1:9"))
    opened(village, orders="o2")
    merged(village, server, orders="o2")
    reports = village.settle()

    assert village.runs("staging")["orders"] == "o2"
    assert [report.failures for report in reports] == [(), ()]
    notes = "\n".join(note for report in reports for note in report.notes)
    assert "the plan was not said: GitHub, acme/units: GET issues/7/comments: URLError" in notes
    assert "the way of what was merged was not said: GitHub" in notes

    village.voice = there
    village.scheduled()
    village.settle()
    assert "### Merged: waits for a yes" in comment(server)


def test_an_answer_of_a_shape_that_nobody_has_seen_fails_nothing(village: Village, server: GitHubServer) -> None:
    server.answers["comments"] = (
        200,
        {},
        b'[{"id": "x", "body": "%s", "user": {"type": "Bot"}}]' % MARKER[:20].encode(),
    )
    server.written(7, "x")
    server.answers["pulls"] = (200, {}, b'[{"number": "seven", "merged_at": 1, "base": 7}]')
    village.pushed(orders="o2")
    (report,) = village.settle()

    assert report.failures == ()
    assert village.runs("staging")["orders"] == "o2"


def test_a_topic_that_takes_nothing_is_noted_and_hears_it_with_the_next_look(village: Village) -> None:
    def refuses(subject: str, text: str) -> None:
        raise ToolError("the topic for people", "no", hint="x")

    village.voice = Voice(topic=refuses)
    village.pushed(orders="o2")
    (report,) = village.settle()
    assert "what changed was not said: the topic for people: no" in report.notes
    assert report.outcome == "waits"

    village.voice = Voice(topic=lambda *words: village.mail.append(words))
    village.scheduled()
    village.settle()
    assert subjects(village) == ["branch `main` waits for a yes"]
    assert "ci.py approve prod " in village.mail[0][1]


def test_a_scheduled_run_says_what_was_changed_by_hand_and_what_waits(village: Village) -> None:
    village.pushed(orders="o2")
    village.settle()
    village.scheduled()
    reports = village.settle()

    notes = [note for report in reports for note in report.notes]
    assert [note for note in notes if note.startswith("prod waits for ")]
