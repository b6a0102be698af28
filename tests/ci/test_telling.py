"""Messages to people: what failed, what waits, what is good again; the same look again says nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multi_env_lambda.ci.telling import Now, Told, message_of
from multi_env_lambda.errors import DocumentError
from multi_env_lambda.operations.ci_told import read_told, told_place, write_told
from multi_env_lambda.testing.memory import MemoryStore

KEY = "branch main"
ONE, TWO = "1" * 40, "2" * 40
WAIT = ("prod", "d" * 64, "ci.py approve prod dddddddddddd")


def said(*looks: Now) -> list[str]:
    """The subjects of the messages, look by look; empty where there was none."""
    told, found = Told(key=KEY), []
    for now in looks:
        told, message = message_of(told, now)
        found.append("" if message is None else message.subject)
    return found


def broken(commit: str = ONE, what: str = "0.3 s", where: str = "sandbox orders") -> Now:
    return Now(commit=commit, failures=(f"{where}: its tests failed: 1 failed in {what}",))


def test_a_failure_is_said_once_for_each_commit_and_place_and_so_is_that_it_is_good_again() -> None:
    good = Now(commit=TWO)
    looks = (broken(), broken(what="0.4 s"), broken(where="test orders"), broken(TWO), good, good)

    failed = "branch `main` failed"
    assert said(*looks) == [failed, "", failed, failed, "branch `main` is good again", ""]


def test_what_waits_is_said_once_for_each_digest() -> None:
    other = ("prod", "e" * 64, "ci.py approve prod eeeeeeeeeeee")
    looks = (Now(commit=ONE, waits=(WAIT,)), Now(commit=ONE, waits=(WAIT,)), Now(commit=TWO, waits=(other,)))

    asks = "branch `main` waits for a yes"
    assert said(*looks, Now(commit=TWO), Now(commit=TWO, waits=(WAIT,))) == [asks, "", asks, "", asks]


def test_all_that_is_new_is_one_message_with_the_command_and_the_link() -> None:
    told, message = message_of(
        Told(key=KEY), Now(commit=ONE, failures=("x: y\u202e\n\nz",), waits=(WAIT,), link="https://l")
    )

    assert message is not None
    assert message.subject == "branch `main` failed, waits for a yes"
    assert message.text.splitlines() == [
        "branch `main` failed, waits for a yes at 111111111111.",
        "",
        "x: y\\u202e z",
        "prod waits for somebody's yes to dddddddddddd: ci.py approve prod dddddddddddd",
        "The log: https://l",
    ]
    assert told == Told(key=KEY, commit=ONE, failed=("x",), waits=(("prod", "d" * 64),))


NOWS = st.builds(
    Now,
    commit=st.sampled_from((ONE, TWO)),
    failures=st.lists(st.sampled_from(("a: x", "a: y", "b: x")), max_size=3).map(tuple),
    waits=st.sampled_from(((), (WAIT,))),
)


@given(looks=st.lists(NOWS, max_size=8))
def test_the_same_look_again_says_nothing_and_all_that_is_new_is_said(looks: list[Now]) -> None:
    told = Told(key=KEY)
    for now in looks:
        before = told
        told, message = message_of(before, now)
        _, again = message_of(told, now)

        assert again is None
        news = {failure.partition(":")[0] for failure in now.failures} - set(before.failed)
        asks = {wait[:2] for wait in now.waits} - set(before.waits)
        if news or asks or (before.failed and not now.failures):
            assert message is not None


@pytest.mark.parametrize("name", ["feat/$(id)", "a\u202eb", "é" * 120])
def test_the_name_of_a_tag_is_a_text_in_a_message(name: str) -> None:
    _, message = message_of(Told(key=f"tag {name}"), broken())

    assert message is not None
    assert message.subject.isprintable()
    assert "\u202e" not in message.text


def test_what_people_know_is_kept_beside_what_is_wanted() -> None:
    store = MemoryStore()
    write_told(store, Told(key=KEY))
    assert store.writes == []

    told = Told(key=KEY, failed=("a",))
    for _ in range(2):
        write_told(store, told)
    assert [key for _, key in store.writes] == [told_place(KEY)]
    assert read_told(store, KEY) == told


@pytest.mark.parametrize("body", [b"junk", b'{"format": 1, "key": "branch other"}', b'{"format": 1}'])
def test_what_cannot_be_read_is_said_again(body: bytes) -> None:
    store = MemoryStore()
    store.put_new(told_place(KEY), body)

    assert read_told(store, KEY) == Told(key=KEY)
    with pytest.raises(DocumentError):
        Told.from_bytes(body, key=KEY, where="there")
