"""A TOML document of somebody else: it is read, or refused with its name, in bounded time."""

from __future__ import annotations

import time
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.toml import LARGEST, parse_toml

WHERE = "projects/orders/pyproject.toml"


def refusal(body: bytes) -> str:
    with pytest.raises(ConfigurationError) as caught:
        parse_toml(body, WHERE)
    assert caught.value.where == WHERE
    return caught.value.what


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"x = " + b"9" * 4301, "Exceeds the limit (4300 digits)"),
        (b"x = 0x" + b"f" * 4000, "a number of 16000 bits; TOML allows 64"),
        (b"x = ['a>=" + b"9" * 1001 + b"']", "a text has a number of more than 1000 digits"),
        (b'x = "' + b"\\u0039" * 4301 + b'"', "a text has a number of more than 1000 digits"),
        (b"x = " + b"[" * 5000 + b"]" * 5000, "nested more than 50 levels deep"),
        (b"x = " + b"{a=" * 400 + b"1" + b"}" * 400, "nested more than 50 levels deep"),
        (b"[" + b".".join([b"a"] * 20_000) + b"]", "has more than the limit of 50 parts"),
        (b"\n".join(b"[" + b".".join([b"a"] * n) + b"]" for n in range(1, 60)), "has more than the limit of 50 parts"),
        (b"x = 1\n" * 200_000, "more than the limit of 1048576 bytes"),
        (b"x = '\xff'", "can't decode"),
        (b"\xef\xbb\xbfx = 1", "byte order mark"),
        (b"x = 1\nx = 2", "Cannot overwrite a value"),
    ],
)
def test_it_is_refused_at_once_and_says_why(body: bytes, reason: str) -> None:
    before = time.process_time()

    assert reason in refusal(body)
    assert time.process_time() - before < 1


def test_what_people_write_is_read(pytestconfig: pytest.Config) -> None:
    body = (pytestconfig.rootpath / "pyproject.toml").read_bytes()

    assert parse_toml(body, WHERE) == tomllib.loads(body.decode("utf-8"))
    assert parse_toml(b"x = 9223372036854775807\ny = -9223372036854775808\n", WHERE)["x"] == (1 << 63) - 1
    assert parse_toml(b"x = '" + b"a.b-" * 12 + b"'", WHERE)


PIECES = st.sampled_from(
    [
        *(b"[", b"]", b"[[", b"]]", b"{", b"}", b"=", b".", b",", b"\n", b" ", b"#", b'"', b'"""', b"'", b"'''"),
        *(b"a", b"a.", b'"a".', b"project", b"1", b"9" * 500, b"0x" + b"f" * 90, b"1e999", b"nan", b"true"),
        *(b"1979-05-27T07:32:00Z", b"\\u0000", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\r\n", b"a=1\n", b"[a]\n"),
    ]
)


def read_or_refused(pieces: list[tuple[bytes, int]]) -> None:
    try:
        parse_toml(b"".join(piece * times for piece, times in pieces), WHERE)
    except ConfigurationError as error:
        assert error.where == WHERE


@given(st.lists(st.tuples(PIECES, st.sampled_from([1, 1, 2, 60, 2000])), max_size=8))
def test_nothing_else_is_ever_raised(pieces: list[tuple[bytes, int]]) -> None:
    read_or_refused(pieces)


@pytest.mark.long
@settings(max_examples=20_000, deadline=20_000)
@given(st.lists(st.tuples(PIECES, st.sampled_from([1, 2, 60, 2000, 50_000])), max_size=12))
def test_nothing_else_is_ever_raised_in_a_long_search(pieces: list[tuple[bytes, int]]) -> None:
    read_or_refused(pieces)


@pytest.mark.long
@pytest.mark.parametrize(
    "piece", [b"[a]\n", b"a.b", b"a.", b'"', b"'a'.", b" ", b"#", b"[", b"x=[1,2]\n", b"a=1\n", b"\\"]
)
def test_the_largest_document_takes_seconds(piece: bytes) -> None:
    before = time.process_time()
    read_or_refused([(piece, LARGEST // len(piece))])

    assert time.process_time() - before < 20
