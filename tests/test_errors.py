"""Every error says where, what and what to do, and ends a script with a number of its own."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import pytest

from multi_env_lambda import errors
from multi_env_lambda.api.failed import UnitsFailed
from multi_env_lambda.errors import MultiEnvLambdaError

KINDS = [*(getattr(errors, name) for name in errors.__all__), UnitsFailed]
EVERY_KIND = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
TABLE = Path(__file__).parent.parent / "docs" / "source" / "04-Reference" / "exit-codes.rst"


@EVERY_KIND
def test_the_text_is_where_what_and_a_hint(kind: type[MultiEnvLambdaError]) -> None:
    error = kind("projects/orders", "found 1; expected 2", hint="write 2")

    assert str(error) == "projects/orders: found 1; expected 2\nhint: write 2"


@EVERY_KIND
def test_an_error_survives_the_way_to_another_process(kind: type[MultiEnvLambdaError]) -> None:
    again = pickle.loads(pickle.dumps(kind("here", "this", hint="that")))

    assert (type(again), str(again)) == (kind, "here: this\nhint: that")


def test_all_errors_are_listed() -> None:
    defined = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception)}

    assert defined == set(errors.__all__)
    assert set(MultiEnvLambdaError.__subclasses__()) <= set(KINDS)


def test_exit_codes_differ_and_leave_those_of_the_shell_alone() -> None:
    codes = [kind.exit_code for kind in KINDS if kind not in (MultiEnvLambdaError, UnitsFailed)]

    assert len(set(codes)) == len(codes)
    assert all(3 <= code < 126 for code in codes)


@EVERY_KIND
def test_the_tree_in_the_docstring_has_the_exit_code(kind: type[MultiEnvLambdaError]) -> None:
    assert re.search(rf"\b{kind.__name__}\s+{kind.exit_code}\b", errors.__doc__ or "")


@EVERY_KIND
def test_the_table_in_the_documentation_has_the_exit_code(kind: type[MultiEnvLambdaError]) -> None:
    row = re.search(rf"^{kind.exit_code}\s+.*\b{kind.__name__}\b", TABLE.read_text(encoding="utf-8"), re.MULTILINE)

    assert row or kind is MultiEnvLambdaError


def test_a_value_that_nobody_reads_to_its_end_is_quoted_by_its_begin() -> None:
    error = MultiEnvLambdaError("x" * 200_000, "found " + "a b " * 50_000, hint="short")

    assert len(str(error)) < 300 and "… (200,000 characters)" in error.where
    assert pickle.loads(pickle.dumps(error)).args == error.args
