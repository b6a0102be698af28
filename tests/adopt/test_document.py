"""Documents of other tools are read with their lines, in bounded time, and with nothing guessed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multi_env_lambda.adopt.document import read_document
from multi_env_lambda.errors import ConfigurationError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc:é", min_size=1), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text("abc", min_size=1), JSON))
def test_json_is_read_as_json_reads_it(document: object) -> None:
    assert read_document(json.dumps(document), "a.json").plain() == document
    assert read_document(json.dumps(document, indent="\t"), "a.json").plain() == document


def test_each_value_knows_the_line_of_its_key() -> None:
    root = read_document("A:\n  B: 1\n  C:\n    - x\n    - D: y\n", "a.yaml")

    assert [str(node.place) for node in (root.get("A", "B"), root.get("A", "C")) if node] == ["a.yaml:2", "a.yaml:3"]
    assert [one.line for one in (root.get("A", "C") or root).items] == [4, 5]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("!Ref Table", {"Ref": "Table"}),
        ("!GetAtt Table.Arn", {"Fn::GetAtt": ["Table", "Arn"]}),
        ("!GetAtt [Table, Arn]", {"Fn::GetAtt": ["Table", "Arn"]}),
        ("!GetAtt Nested.Outputs.Arn", {"Fn::GetAtt": ["Nested", "Outputs.Arn"]}),
        ("!Sub '${A}-x'", {"Fn::Sub": "${A}-x"}),
        ("!Sub ['${A}', {A: 1}]", {"Fn::Sub": ["${A}", {"A": 1}]}),
        ("!If [IsProd, 1, !Ref 'AWS::NoValue']", {"Fn::If": ["IsProd", 1, {"Ref": "AWS::NoValue"}]}),
        ("!Condition IsProd", {"Condition": "IsProd"}),
        ("!Ref 1", {"Ref": "1"}),
        ("2012-10-17", "2012-10-17"),
        ("012345678901", "012345678901"),
        ("'3'", "3"),
        ("1:30", "1:30"),
        ("0x10", "0x10"),
        ("1_000", 1000),
        ("1.5", 1.5),
        ("yes", True),
        ("~", None),
        (".inf", ".inf"),
    ],
)
def test_a_value_is_what_cloudformation_takes_it_for(text: str, value: object) -> None:
    assert read_document(f"A: {text}", "a.yaml").plain() == {"A": value}


def test_a_part_that_is_written_once_is_there_wherever_it_is_named() -> None:
    root = read_document("a: &one {x: 1, y: 1}\nb:\n  <<: *one\n  y: 2\n", "a.yaml")

    assert root.plain() == {"a": {"x": 1, "y": 1}, "b": {"x": 1, "y": 2}}


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("a: [", "a.yaml:2", "not YAML"),
        ("a: 1\na: 2", "a.yaml:2", "twice"),
        ("a: 1\n? [x]\n: 2", "a.yaml:2", "a key is a table or a list"),
        ("a: &a [*a]", "a.yaml:1", "levels deep"),
        ("[" * 100 + "]" * 100, "a.yaml:1", "levels deep"),
        ("[" * 100_000, "a.yaml:1", "levels deep"),
        ("\n".join(" " * n + "a:" for n in range(3000)), "a.yaml:", "levels deep"),
        ("a: \x07", "a.yaml", "not YAML"),
        ("a: *b", "a.yaml:1", "undefined alias"),
        ('{"a": "\\ud800"}', "a.yaml:1", ""),
        ("\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}' if n else 'x'] * 9)}]" for n in range(9)), "", "values"),
    ],
)
def test_what_is_no_document_is_refused_with_its_line(text: str, where: str, what: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read_document(text, "a.yaml")

    assert refused.value.where.startswith(where or "a.yaml:") and what in refused.value.what


def test_an_empty_document_is_nothing() -> None:
    assert read_document("# only words\n", "a.yaml").plain() is None


def test_a_key_that_is_there_twice_is_said_and_the_last_one_counts() -> None:
    repeated: list[tuple[str, int]] = []

    assert read_document("a: 1\nb: 1\na: 2", "a.yaml", repeated).plain() == {"a": 2, "b": 1}
    assert repeated == [("a", 3)]
