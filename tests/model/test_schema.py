"""One declaration of the keys: what it says is read, and the schema refuses nothing that is read."""

from __future__ import annotations

import ast
import datetime
import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft7Validator

from multi_env_lambda.api.schema import configuration_schema
from multi_env_lambda.masking import MASKED
from multi_env_lambda.model.key import Inner, Inners
from multi_env_lambda.model.schema import SchemaName, schema_of
from tests.declared import Declared, at, every_key, refusal
from tests.house import ROOT
from tests.test_every_setting import WRITTEN

DECLARED = every_key()
VALIDATORS = {name: Draft7Validator(schema_of(name)) for name in ("unit", "workspace")}
HOSTILE: tuple[Any, ...] = (
    *(True, False, 0, -1, 7, 10**9, 1.5, "", "x", "a b\n", "${environment}", "arn:aws:sqs:us-east-1:222222222222:a"),
    *([], ["x"], ["x", "x"], [1], [{}], {}, {"x": 1}, {"x": {"handler": "a.b"}}, {"handler": 1}),
)


def refused(schema: SchemaName, document: object) -> str:
    """Why the schema refuses it; empty if it does not."""
    found = next(VALIDATORS[schema].iter_errors(document), None)
    return "" if found is None else f"{list(found.path)}: {found.message}"


# --- the declaration ---
def test_every_example_is_read_and_fits_the_schema() -> None:
    for declared in DECLARED:
        assert declared.key.name in at(declared.document, declared.path)
        assert refusal(declared.schema, declared.document) == "", declared.id
        assert refused(declared.schema, declared.document) == "", declared.id


def test_every_key_is_read() -> None:
    """A date is no value of any key, so a reader that looks at the key refuses it, and says where."""
    for declared in DECLARED:
        found = refusal(declared.schema, declared.with_value(datetime.date(2026, 1, 1)))

        assert f"{declared.key.name}: found " in found or f"] {declared.key.name}: " in found, declared.id
        assert "2026-01-01" in found or MASKED in found, declared.id


def test_no_reader_says_for_itself_which_keys_there_are() -> None:
    found = []
    for path in sorted((ROOT / "multi_env_lambda" / "model").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "allow":
                found += [f"{path.name}:{node.lineno}"] if node.args else []

    assert found == []


def test_every_table_is_described_and_every_key_once() -> None:
    ids = [one.id for one in DECLARED]

    assert len(ids) > 180
    for one in DECLARED:
        assert one.key.meaning.endswith((".", "…")), one.id
        assert len(set(one.keys.names)) == len(one.keys.names)


# --- the schema ---
def test_the_schemas_are_schemas() -> None:
    """That the files in the package are these is held by tests/docs/test_documentation.py."""
    for name in ("unit", "workspace"):
        Draft7Validator.check_schema(schema_of(name))
        assert configuration_schema(name) == json.loads(json.dumps(schema_of(name)))


def disagreements(declared: Declared, values: tuple[Any, ...]) -> Iterator[str]:
    """What the schema refuses, although our reader takes it."""
    for value in values:
        document = declared.with_value(value)
        if (why := refused(declared.schema, document)) and not refusal(declared.schema, document):
            yield f"{declared.id} = {value!r}: {why}"


def test_what_the_schema_refuses_our_reader_refuses() -> None:
    """Three of the values for each key; the next test takes all."""
    found = []
    for number, declared in enumerate(DECLARED):
        values = tuple(HOSTILE[(3 * number + step) % len(HOSTILE)] for step in range(3))
        found += disagreements(declared, values)

    assert found == []


@pytest.mark.long
@pytest.mark.parametrize("declared", DECLARED, ids=lambda one: one.id)
def test_what_the_schema_refuses_our_reader_refuses_whatever_it_is(declared: Declared) -> None:
    assert list(disagreements(declared, HOSTILE)) == []


def test_the_schema_refuses_unknown_keys_and_values_of_another_kind() -> None:
    """One value that none of the kinds but a free text, JSON or a table of the user's own can be."""
    taken = []
    for declared in DECLARED:
        above = declared.document
        inner = at(above, declared.path)
        inner["no_such_key"] = 1
        assert refused(declared.schema, above), declared.id
        del inner["no_such_key"]
        if not refused(declared.schema, declared.with_value([[1]])):
            taken.append(declared.key.name)

    assert set(taken) == {"payload", "expect"}


def test_what_a_table_requires_is_required() -> None:
    for declared in DECLARED:
        if declared.key.required and not isinstance(declared.key.kind, Inner | Inners):
            document = declared.with_value(None)
            del at(document, declared.path)[declared.key.name]
            assert refusal(declared.schema, document), declared.id
            assert refused(declared.schema, document), declared.id


def test_a_function_may_have_its_handler_in_each_environment() -> None:
    start = '[project]\nname = "orders"\nversion = "0.1.0"\n[tool.multi_env_lambda.functions.main]\ntimeout = 5\n'
    places = "".join(
        f'[tool.multi_env_lambda.environments.{name}.functions.main]\nhandler = "orders.{name}.handler"\n'
        for name in ("sandbox", "test", "staging", "prod")
    )

    assert refusal("unit", tomllib.loads(start)) and refused("unit", tomllib.loads(start))
    assert not refusal("unit", tomllib.loads(start + places)) and not refused("unit", tomllib.loads(start + places))


def test_a_text_that_is_filled_in_is_not_compared() -> None:
    vpc = 'vpc = { subnet_ids = ["subnet-${environment}"], security_group_ids = ["sg-1"] }'
    document = _as_unit(tomllib.loads(vpc))

    assert not refusal("unit", document) and not refused("unit", document)
    assert refused("unit", _as_unit(tomllib.loads(vpc.replace("${environment}", "A"))))


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("memroy_size = 256", "'memroy_size' was unexpected"),
        ("timeout = 9999", "9999 is greater than the maximum of 900"),
        ("events = [{ sqs = true, batchsize = 1 }]", "'batchsize' was unexpected"),
        ("environment.DB = { secrets = 1 }", "'secrets' was unexpected"),
    ],
)
def test_an_error_is_about_the_key_that_is_wrong(wrong: str, why: str) -> None:
    assert why in refused("unit", _as_unit(tomllib.loads(wrong)))


# --- what the tests and the pages show ---
def tables_in_texts() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted((ROOT / "tests").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if "[tool.multi_env_lambda" in text else ():
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "multi_env_lambda" in node.value:
                yield from _parsed(f"{path.relative_to(ROOT)}:{node.lineno}", node.value)
    for path in sorted(ROOT.glob("projects/*/pyproject.toml")):
        yield from _parsed(str(path), path.read_text(encoding="utf-8"))
    yield from _parsed("pyproject.toml", (ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def _parsed(where: str, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    tool = document.get("tool")
    if isinstance(tool, dict) and isinstance(tool.get("multi_env_lambda"), dict):
        yield where, document


def test_every_table_that_the_tests_accept_fits_the_schema() -> None:
    seen, wrong = 0, []
    for where, document in tables_in_texts():
        for schema in ("unit", "workspace"):
            if not refusal(schema, document):
                seen += 1
                wrong += [f"{where}: {why}"] if (why := refused(schema, document)) else []
    for kind, (start, changes) in WRITTEN.items():
        for text in (start, *changes.values()):
            document = _as_unit(tomllib.loads(text))
            if not refusal("unit", document):
                seen += 1
                wrong += [f"{kind.__name__}: {text}: {why}"] if (why := refused("unit", document)) else []

    assert wrong == []
    assert seen > 150


def _as_unit(table: dict[str, Any]) -> dict[str, Any]:
    api = {name: table.pop(name) for name in ("http_api", "rest_api") if name in table}
    function = {"handler": "orders.create.handler", **table}
    tool = {"multi_env_lambda": {"functions": {"create": function}, **api}}
    return {"project": {"name": "orders", "version": "0.1.0"}, "tool": tool}


def test_every_pattern_of_the_schema_is_one() -> None:
    patterns = re.findall(r'"pattern": ("(?:[^"\\]|\\.)*")', json.dumps(VALIDATORS["unit"].schema))

    assert len(patterns) > 20
    for text in patterns:
        re.compile(json.loads(text))
