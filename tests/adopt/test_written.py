"""The written files say what the values say, and no file of a person is written over."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multi_env_lambda.adopt.found import Grant, Ours, Reading, Stack, Variable
from multi_env_lambda.adopt.joined import joined
from multi_env_lambda.adopt.python_text import python_of, stack_text
from multi_env_lambda.adopt.toml_text import toml_of
from multi_env_lambda.adopt.written import decided, digest_of, read_record, record_text, unit_files
from multi_env_lambda.errors import ConfigurationError

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
LEAF = st.booleans() | st.integers(-9, 9) | TEXT | st.lists(TEXT | st.integers(0, 9), max_size=2)
TABLE = st.recursive(LEAF, lambda inner: st.dictionaries(TEXT, inner, max_size=2), max_leaves=4)
UNIT = st.fixed_dictionaries(
    {"runtime": st.just("python3.13")},
    optional={
        "functions": st.dictionaries(TEXT, st.dictionaries(st.sampled_from(["environment", "events", "x"]), TABLE)),
        "tags": st.dictionaries(TEXT, TEXT),
        "http_api": st.dictionaries(st.just("cors"), TABLE),
    },
)


@given(UNIT, st.dictionaries(TEXT, UNIT, max_size=2))
def test_toml_gives_back_the_table(table: dict[str, Any], environments: dict[str, Any]) -> None:
    text = toml_of({**table, "environments": environments} if environments else table)
    found = tomllib.loads(text)["tool"]["multi_env_lambda"]

    assert without_empty(found) == without_empty({**table, "environments": environments})


def without_empty(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {key: without_empty(one) for key, one in value.items()}
    return {key: one for key, one in inner.items() if one != {}}


class Asked:
    """Notes what a ``stack.py`` asks for."""

    def __init__(self, environment: str) -> None:
        self.environment, self.calls = self, []
        self.name = environment

    def __getattr__(self, method: str) -> Any:
        return lambda *arguments: self.calls.append((method, *arguments))

    def alias(self, key: str) -> Any:
        return {"Ref": f"{key}-alias"}


def asked(text: str, environment: str) -> list[Any]:
    code = text.replace("from multi_env_lambda import Context", "Context = Any")
    names: dict[str, Any] = {}
    exec(compile(code, "stack.py", "exec"), names)
    context = Asked(environment)
    names["extend"](None, context)
    return context.calls


BODIES = st.dictionaries(st.sampled_from(["A", "B", "C"]), st.dictionaries(TEXT, TABLE), max_size=3)


@given(st.fixed_dictionaries({name: BODIES for name in ("sandbox", "test", "prod")}))
def test_stack_py_asks_in_each_environment_for_what_was_there(bodies: dict[str, dict[str, Any]]) -> None:
    text = stack_text({name: Stack(resources=resources) for name, resources in bodies.items()}, "template.yaml")

    for name, resources in bodies.items():
        calls = [] if text is None else asked(text, name)
        assert sorted(calls, key=str) == sorted((("merge", *item) for item in resources.items()), key=str)


def test_stack_py_names_functions_of_the_unit() -> None:
    stack = Stack(
        resources={
            "Rule": {"Type": "AWS::Events::Rule", "Properties": {"Targets": [{"Arn": Ours("alias", "create")}]}}
        },
        grants=(Grant(function="create", actions=("s3:GetObject",), resources=({"Fn::GetAtt": ["B", "Arn"]},)),),
        variables=(Variable(function="create", name="BUCKET", value={"Ref": "B"}),),
    )
    text = stack_text({"prod": stack}, "template.yaml") or ""

    assert 'context.alias("create")' in text and max(map(len, text.splitlines())) <= 120
    assert asked(text, "prod") == [
        ("merge", "Rule", {"Type": "AWS::Events::Rule", "Properties": {"Targets": [{"Arn": {"Ref": "create-alias"}}]}}),
        ("allow", "create", ["s3:GetObject"], [{"Fn::GetAtt": ["B", "Arn"]}]),
        ("set_environment", "create", "BUCKET", {"Ref": "B"}),
    ]


@given(TABLE)
def test_a_long_value_is_written_over_several_lines(value: Any) -> None:
    text = stack_text({"prod": Stack(resources={"A": {"x" * 90: value}})}, "template.yaml")

    assert asked(text or "", "prod") == [("merge", "A", {"x" * 90: value})]
    assert eval(python_of(value)) == value


def test_a_unit_without_a_rest_has_no_stack_py() -> None:
    adopted = joined(
        {"prod": Reading(table={"functions": {"f": {"handler": "a.b"}}}, files={"requirements.txt": "x\n"})}
    )

    assert set(unit_files(adopted, "template.yaml")) == {"pyproject.toml", "requirements.txt"}


def test_the_name_of_a_file_is_never_code() -> None:
    stack = Stack(resources={"A": {"Type": "AWS::SNS::Topic"}})
    adopted = joined({"prod": Reading(table={"runtime": "python3.13"}, stack=stack)})
    files = unit_files(adopted, 'x"""\nimport os\n"""\n[tool]\n.yaml')

    assert tomllib.loads(files["pyproject.toml"]) == {"tool": {"multi_env_lambda": {"runtime": "python3.13"}}}
    assert "\nimport os" not in files["stack.py"] and asked(files["stack.py"], "prod")


@pytest.mark.parametrize(
    ("there", "written", "what"),
    [
        (None, None, "written"),
        (b"new", None, "unchanged"),
        (b"old", b"old", "updated"),
        (b"mine", b"old", "kept"),
        (b"mine", None, "kept"),
        (None, b"old", "written"),
    ],
)
def test_only_what_adopt_wrote_is_written_over(there: bytes | None, written: bytes | None, what: str) -> None:
    before = {} if written is None else {"a": digest_of(written)}

    assert [one.what for one in decided({"a": b"new"}, {} if there is None else {"a": there}, before)] == [what]


@pytest.mark.parametrize(("there", "what"), [(b"old", ["removed"]), (b"mine", ["kept"]), (None, [])])
def test_what_adopt_wrote_goes_when_it_is_not_wanted_any_more(there: bytes | None, what: list[str]) -> None:
    found = decided({}, {} if there is None else {"a": there}, {"a": digest_of(b"old")})

    assert [one.what for one in found] == what


def test_a_record_is_read_as_it_was_written() -> None:
    text = record_text("template.yaml", {"a": "0f"}, {"Stage": {"prod": "p"}})

    assert read_record(text, ".adopted.json") == ({"a": "0f"}, {"Stage": {"prod": "p"}})


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": 1, "files": [], "values": {}}', '{"format": "1"}', "[" * 9999]
)
def test_what_is_no_record_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="is not a record"):
        read_record(text, ".adopted.json")


def test_a_record_of_a_newer_version_asks_for_an_upgrade() -> None:
    with pytest.raises(ConfigurationError, match="newer"):
        read_record(json.dumps({"format": 2, "files": {}, "values": {}}), ".adopted.json")
