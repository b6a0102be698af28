"""One reader for every document of the bucket: it takes what it knows, and names what is wrong with the rest."""

from __future__ import annotations

import json
from typing import Any, Literal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multi_env_lambda.errors import DocumentError, UpgradeNeeded
from multi_env_lambda.model.document import check_format, in_lines, is_plain, read_document, structure


@attrs.frozen(kw_only=True)
class Inner:
    name: str
    share: float = 0.0


@attrs.frozen(kw_only=True)
class Outer:
    count: int
    kind: Literal["a", "b"]
    inner: Inner | None = None
    many: tuple[Inner, ...] = ()
    pair: tuple[str, int] = ("", 0)
    flag: bool = False


GOOD: dict[str, Any] = {
    "count": 1,
    "kind": "a",
    "inner": {"name": "x", "share": 1},
    "many": [{"name": "y"}],
    "pair": ["z", 2],
    "flag": True,
}


def read(document: Any) -> Outer:
    return structure(Outer, document, where="key", kind="a thing")


def test_plain_data_becomes_a_value() -> None:
    assert read(GOOD) == Outer(
        count=1, kind="a", inner=Inner(name="x", share=1), many=(Inner(name="y"),), pair=("z", 2), flag=True
    )


def test_what_is_left_out_has_its_default_and_what_is_unknown_is_ignored() -> None:
    assert read({"count": 1, "kind": "b", "colour": "red"}) == Outer(count=1, kind="b")


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"count": "1"}, "a thing.count: found '1', expected int"),
        ({"count": True}, "a thing.count: found True, expected int"),
        ({"kind": "c"}, "a thing.kind: found 'c', expected 'a' or 'b'"),
        ({"inner": {"name": None}}, "a thing.inner.name: found None, expected str"),
        ({"inner": 3}, "a thing.inner: found 3, expected an object"),
        ({"many": {}}, "a thing.many: found {}, expected a list"),
        ({"pair": ["z"]}, "a thing.pair: found ['z'], expected 2 values"),
        ({"flag": 1}, "a thing.flag: found 1, expected bool"),
    ],
)
def test_another_type_is_named_with_its_place_and_both_sides(changed: dict[str, Any], what: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read({**GOOD, **changed})
    assert (caught.value.where, caught.value.what) == ("key", f"not a thing: {what}")


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"", "it is not JSON"),
        (b"\xff\xfe", "it is not JSON"),
        ("é".encode("latin-1"), "it is not JSON"),
        (b"[" * 200_000, "it is not JSON"),
        (b"9" * 5000, "it is not JSON"),
        (b'{"who": "\\ud800"}', "it has a lone surrogate (half of a character"),
        (b"[]", "found a list, expected an object"),
        (b"null", "found a NoneType, expected an object"),
        (b'{"format": "2"}', "found format '2', expected 1 to 2"),
        (b'{"format": true}', "found format True, expected 1 to 2"),
        (b'{"format": 0}', "found format 0, expected 1 to 2"),
    ],
)
def test_what_is_no_document_is_said_and_never_a_traceback(body: bytes, what: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read_document(body, where="key", kind="a record")
    assert caught.value.what.startswith(f"not a record: {what}")


def test_a_newer_format_says_upgrade() -> None:
    with pytest.raises(UpgradeNeeded, match="format 3; this version of multi_env_lambda reads formats up to 2"):
        read_document(b'{"format": 3}', where="key", kind="a record")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*GOOD, "name"]), inner, max_size=4),
    max_leaves=10,
)


@given(ANYTHING)
def test_anything_is_a_value_or_an_error_of_ours(document: Any) -> None:
    try:
        value = read(json.loads(json.dumps(document)))
    except DocumentError:
        return
    assert isinstance(value, Outer)


@pytest.mark.parametrize(
    "body",
    [b"[" * 100_000, b'{"a":' * 300 + b"1" + b"}" * 300, b'{"format": ' + b"9" * 5000 + b"}", b'{"x": ' + b"[" * 900],
)
def test_a_document_that_is_deeper_or_longer_than_a_reader_can_go_is_junk(body: bytes) -> None:
    with pytest.raises(DocumentError, match="environments/prod/current/a.json: not a record: "):
        read_document(body, where="environments/prod/current/a.json", kind="a record")


@pytest.mark.parametrize("found", ["x" * 200_000, "x y " * 50_000, 10**300, ["x" * 200_000]])
def test_a_long_value_is_quoted_by_its_begin(found: object) -> None:
    with pytest.raises((DocumentError, UpgradeNeeded)) as caught:
        check_format({"format": found}, where="workspace.json", kind="a workspace")
    assert len(str(caught.value)) < 300


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)), st.booleans())
def test_a_plain_document_has_every_text_on_one_line(document: Any, ascii_only: bool) -> None:
    body = json.dumps(document, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")

    assert not is_plain(body) or in_lines(document) == document


@pytest.mark.parametrize(
    ("text", "plain"), [("a b", True), ("a\nb", False), ("\x7f", False), ("é", False), ('"', False)]
)
def test_what_could_begin_a_line_or_hide_is_not_plain(text: str, plain: bool) -> None:
    assert is_plain(json.dumps({"reason": text}).encode()) == plain
    assert is_plain(json.dumps({"reason": text}, ensure_ascii=False).encode()) == plain
