"""The dispatcher's messages: what the rule's transformer writes, what strangers write, and what has to come again."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multi_env_lambda.ci import BuildEnded, NotForUs
from multi_env_lambda.ci.protected import PLACE, Protected
from multi_env_lambda.ci.wanted import FOLDER, Wanted, place_of
from multi_env_lambda.errors import Busy, PublishError
from multi_env_lambda.model.ci import CiRules
from multi_env_lambda.operations.ci_protected import leave_protected, left_protected, protected_there
from multi_env_lambda.operations.dispatch import dispatch, want
from multi_env_lambda.operations.messages import Desk, answer_records, read_body, take
from multi_env_lambda.testing.memory_store import MemoryStore
from tests.ci.test_dispatch import Builds
from tests.ci.worlds import state

SCHEDULE: dict[str, Any] = {"id": "1", "source": "aws.events", "kind": "Scheduled Event", "detail": {}}
BUCKET = "acme-artifacts"


def desk(store: MemoryStore | None = None, builds: Any = None, repository: str = "acme/units") -> Desk:
    found = MemoryStore() if store is None else store
    where = Builds() if builds is None else builds
    return Desk(store=found, builds=where, bucket=BUCKET, repository=repository, rules=CiRules())


def push(repository: str = "acme/units", branch: str = "main", name: str = "7d1e") -> str:
    detail = {"ref": f"refs/heads/{branch}", "after": "1" * 40, "repository": {"full_name": repository}}
    return json.dumps({"id": name, "source": "github.com", "kind": "push", "detail": detail})


def wanted(store: MemoryStore) -> list[str]:
    there = (store.get(item.key) for item in store.list(FOLDER))
    return [Wanted.from_bytes(one.body, where=one.key).key for one in there if one is not None]


def answered(found: Desk, *bodies: object) -> list[str]:
    records = {"Records": [{"messageId": f"m{at}", "body": body} for at, body in enumerate(bodies)]}
    return [item["itemIdentifier"] for item in answer_records(found, records)["batchItemFailures"]]


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        {},
        "x",
        {"Records": None},
        {"Records": "abc"},
        {"Records": [None, 1, {}, {"body": 5, "messageId": None}]},
    ],
)
def test_a_batch_that_is_none_is_answered_and_writes_nothing(event: object) -> None:
    found = desk()

    assert answer_records(found, event) == {"batchItemFailures": []}
    assert found.store.writes == []  # type: ignore[attr-defined]


BODIES = [
    "",
    "x",
    "null",
    "[]",
    "7",
    '{"id": 5}',
    '{"source": "github.com", "kind": "push", "detail": "x"}',
    "[" * 100_000,
]


@pytest.mark.parametrize("body", [*BODIES, "x" * 1_100_000], ids=range(len(BODIES) + 1))
def test_what_cannot_be_understood_is_through(body: str) -> None:
    found = desk()

    assert answered(found, body) == []
    assert found.store.writes == []  # type: ignore[attr-defined]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.sampled_from(["github.com", "aws.s3", "aws.codebuild", "multi_env_lambda", "aws.codecommit", "bitbucket.org"]),
    st.sampled_from(["push", "Object Created", "CodeBuild Build State Change", "asked", "pull_request", ""]),
    json_values,
)
def test_no_message_is_poison(source: str, kind: str, detail: object) -> None:
    assert answered(desk(), json.dumps({"id": "1", "source": source, "kind": kind, "detail": detail})) == []


def test_the_transformers_words_and_those_of_an_event_are_both_read() -> None:
    event = json.loads(push())
    plain = {"id": event["id"], "source": event["source"], "detail-type": event["kind"], "detail": event["detail"]}

    assert read_body(json.dumps(plain)) == read_body(push())
    assert read_body(push(), "m1")[0] == "7d1e"
    assert read_body('{"source": "x"}', "m1") == ("m1", (NotForUs(reason="an event `` of `x`"),))


def test_before_any_build_has_left_the_settings_a_push_to_main_and_an_approval_start_the_first() -> None:
    found = desk()
    key = f"environments/prod/approvals/{'0' * 64}/{'1' * 16}/AIDA.json"
    yes = {"source": "aws.s3", "kind": "Object Created", "detail": {"bucket": {"name": BUCKET}, "object": {"key": key}}}

    assert answered(found, push(), json.dumps(yes)) == []
    assert wanted(found.store) == ["branch main"]  # type: ignore[arg-type]


def test_the_settings_that_a_build_left_count() -> None:
    store = MemoryStore()
    rules = CiRules(branch="trunk", branches=("feature/*",))
    assert leave_protected(store, None, Protected.of("1" * 40, rules, ("sandbox",), None))
    bodies = [push(branch=name, name=name) for name in ("main", "trunk", "feature/x", "x")]

    assert answered(desk(store), *bodies) == []
    assert sorted(wanted(store)) == ["branch feature/x", "branch trunk"]


def test_the_file_that_a_build_left_decides_and_a_mistake_in_it_blocks_nothing() -> None:
    for text, expected in (
        (b"def decide(happened, state, default):\n    return default.nothing('never')\n", []),
        (b"def decide(happened, state, default):\n    return 5\n", ["branch main"]),
        (b"", ["branch main"]),
    ):
        store = MemoryStore()
        leave_protected(store, None, Protected.of("1" * 40, CiRules(), ("sandbox",), text))
        assert answered(desk(store), push()) == []
        assert wanted(store) == expected


def test_settings_that_cannot_be_read_count_as_none(caplog: pytest.LogCaptureFixture) -> None:
    store = MemoryStore()
    store.put_new(PLACE, b'{"format": 2, "decides": "?"}')

    assert answered(desk(store), push()) == []
    assert wanted(store) == ["branch main"]
    assert PLACE in caplog.text


def test_a_look_that_comes_late_replaces_no_settings() -> None:
    store = MemoryStore()
    first, older, newer = (Protected.of(sign * 40, CiRules(), (sign,), None) for sign in "012")
    assert leave_protected(store, None, first)
    assert not leave_protected(store, None, older)
    early = protected_there(store)
    assert leave_protected(store, protected_there(store), newer)

    assert not leave_protected(store, early, older)
    assert left_protected(store) == newer


def test_no_room_for_a_build_brings_the_message_back_and_no_other() -> None:
    builds = Builds(most=1)
    found = desk(builds=builds)

    assert answered(found, push(), push(name="2"), json.dumps(SCHEDULE), "x") == ["m2"]
    builds.most = 9
    assert answered(found, json.dumps(SCHEDULE)) == []


class Broken(MemoryStore):
    """S3 that refuses."""

    def get(self, key: str) -> Any:
        raise PublishError(key, "slow down", hint="")


def test_what_could_not_be_stored_comes_again(caplog: pytest.LogCaptureFixture) -> None:
    assert answered(desk(Broken()), push(), "x") == ["m0"]
    assert "m0: comes again" in caplog.text


@pytest.mark.parametrize(
    ("repository", "event"),
    [
        ("acme/units", "acme/units"),
        ("units", "units"),
        ("https://github.com/acme/units.git", "acme/units"),
        ("https://github.com/acme/units", "acme/units"),
        ("git@github.com:acme/units.git", "acme/units"),
        ("ssh://git@example.org/acme/units.git", "acme/units"),
        ("https://git-codecommit.us-east-1.amazonaws.com/v1/repos/units", "units"),
        ("codecommit::us-east-1://units", "units"),
        ("file:///tmp/x/units.git", "units"),
        ("https://gitlab.com/acme/shop/units", "acme/shop/units"),
        ("git@gitlab.com:acme/shop/units.git", "acme/shop/units"),
        ("https://git.acme.org/gitlab/acme/shop/units", "acme/shop/units"),
        ("https://github.com/Acme/Units", "acme/units"),
        ("https://github.com/acme/units", "Acme/Units"),
        ("", "any/thing"),
    ],
)
def test_a_repository_is_known_by_name_and_address(repository: str, event: str) -> None:
    found = desk(repository=repository)
    take(found, push(event))

    assert wanted(found.store) == ["branch main"]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "repository", ["acme/units", "https://github.com/acme/units.git", "git@github.com:acme/units.git"]
)
@pytest.mark.parametrize("event", ["mallory/units", "acme/other", "s", "evil-acme/units"])
def test_another_repository_is_not_ours(repository: str, event: str) -> None:
    found = desk(repository=repository)
    take(found, push(event))

    assert wanted(found.store) == []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("repository", "event"),
    [
        ("https://gitlab.com/acme/shop/units", "shop/units"),
        ("https://gitlab.com/acme/shop/units", "units"),
        ("https://github.com/acme/units", "units"),
        ("https://gitlab.com/acme/units", "other/acme/units"),
        ("units", "Units"),
        ("https://git-codecommit.us-east-1.amazonaws.com/v1/repos/units", "Units"),
    ],
)
def test_a_repository_whose_name_is_only_a_part_of_ours_is_another_one(repository: str, event: str) -> None:
    """Its pull requests have our numbers, so a member's there would say that a stranger's here is one, too."""
    found = desk(repository=repository)
    take(found, push(event))

    assert wanted(found.store) == []  # type: ignore[arg-type]


def test_no_text_of_a_message_reaches_a_log_line_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    answered(desk(), push(branch="main\x1b[2J", name="a\nb"), push("evil\n\x1b/x", name="\x1b"))

    assert "\x1b" not in caplog.text
    assert all(len(record.getMessage().splitlines()) == 1 for record in caplog.records)


def test_what_the_upkeep_wants_is_started_when_it_ends() -> None:
    store, builds = MemoryStore(), Builds()
    dispatch(store, builds, *_asked_everything())
    job = next(one for one in builds.started)
    want(store, "branch feature/x")
    assert len(builds.started) == 1

    ended = BuildEnded(project="p", build="build 1", job=job, status="SUCCEEDED")
    dispatch(store, builds, ended, state())
    assert len(builds.started) == 2
    assert Wanted.from_bytes(store.objects[place_of("branch feature/x")].body, where=place_of("branch feature/x")).build


def _asked_everything() -> Any:
    from multi_env_lambda.ci import Asked, Everything

    return Asked(subject=Everything()), attrs.evolve(state(), waiting=())


def test_of_several_things_in_one_message_none_keeps_the_others_waiting() -> None:
    """One push to Bitbucket may move several branches."""
    changes = [{"new": {"type": "branch", "name": name, "target": {"hash": "1" * 40}}} for name in ("main", "trunk")]
    detail = {"repository": {"full_name": "acme/units"}, "push": {"changes": changes}}
    body = json.dumps({"id": "1", "source": "bitbucket.org", "kind": "repo:push", "detail": detail})
    store, builds = MemoryStore(), Builds(most=0)
    with pytest.raises(Busy):
        take(desk(store, builds), body)

    assert wanted(store) == ["branch main"]


def test_before_the_first_build_any_branch_may_be_the_protected_one_or_have_an_environment() -> None:
    """A push to a `trunk` would be left lying until the schedule had looked twice."""
    store, builds = MemoryStore(), Builds()
    take(attrs.evolve(desk(store, builds), rules=None), push(branch="trunk"))
    assert (wanted(store), len(builds.started)) == (["branch trunk"], 1)


def test_a_message_that_comes_again_starts_what_it_wanted_whatever_is_decided_by_then() -> None:
    """No build could be started; by when it comes again, a build has left a table that knows of no such branch."""
    store, builds = MemoryStore(), Builds(most=0)
    found = attrs.evolve(desk(store, builds), rules=None)
    with pytest.raises(Busy):
        take(found, push(branch="feature/x"))
    leave_protected(store, None, Protected.of("1" * 40, CiRules(), ("sandbox",), None))
    builds.most = 1
    take(found, push(branch="feature/x"))
    assert len(builds.started) == 1
