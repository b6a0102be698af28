"""Names of Git, and the names that are made of them: laws rather than examples."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from multi_env_lambda.ci.names import (
    commit_id,
    environment_of_branch,
    is_ref_name,
    looks_like_a_release,
    quoted,
    unit_of_tag,
)
from multi_env_lambda.errors import ToolError
from multi_env_lambda.host.process import run
from multi_env_lambda.model.name import ENVIRONMENT_NAME
from tests.ci.test_read import HOSTILE, NO_NAMES

REFS = st.text(max_size=80) | st.sampled_from([*HOSTILE, *NO_NAMES])


@given(branch=REFS)
@example(branch="")
@example(branch="\ud800")
@example(branch="-" * 100)
def test_the_environment_of_a_branch_is_a_name_that_aws_takes(branch: str) -> None:
    name = environment_of_branch(branch)

    assert ENVIRONMENT_NAME.accepts(name)
    assert name.startswith("b-") and len(name) <= 20
    assert name == environment_of_branch(branch)


@given(one=REFS, other=REFS)
@example(one="feature/a", other="feature-a")
@example(one="Main", other="main")
@example(one="a" * 60, other="a" * 61)
def test_two_branches_have_two_environments(one: str, other: str) -> None:
    assume(one != other)

    assert environment_of_branch(one) != environment_of_branch(other)


@pytest.mark.parametrize(
    ("branch", "name"),
    [
        ("feature/Invoices", "b-feature-i-tymznrwk"),
        ("feat/$(id)", "b-feat-id-5nc6w3bg"),
        ("日本", "b-z4vl6dc3"),
        ("a", "b-a-zklycewk"),
    ],
)
def test_the_name_of_an_environment_never_changes(branch: str, name: str) -> None:
    """Or the environments that are there would be forgotten."""
    assert environment_of_branch(branch) == name


@pytest.mark.parametrize("name", [*HOSTILE, *NO_NAMES, "main", "a.lock/b", "a.lockb", ".a", "a/.b", "a.", "a@b"])
def test_a_name_is_one_that_git_takes(name: str) -> None:
    """Names that Git takes for something else, or for an option, are none either."""
    refused = name in ("", "@") or name.startswith("-") or "\0" in name

    assert is_ref_name(name) == (not refused and git_takes(name))
    assert not is_ref_name("HEAD")


def git_takes(name: str) -> bool:
    try:
        run(["git", "check-ref-format", f"refs/heads/{name}"], where="git", hint="")
    except ToolError:
        return False
    return True


@given(text=st.text(max_size=200))
def test_a_quoted_text_does_nothing_to_a_terminal_or_a_sentence(text: str) -> None:
    shown = quoted(text)

    assert shown.isprintable() and shown.count("`") == 2
    assert len(shown) <= 80 * 10 + 3


@given(text=st.text(max_size=80) | st.sampled_from(["0" * 40, "0" * 64, "a" * 40, "a" * 41, "A" * 40, "a" * 64]))
def test_a_commit_is_all_digits_or_nothing(text: str) -> None:
    assert commit_id(text) in ("", text)
    assert not commit_id(text) or (re.fullmatch(r"[0-9a-f]{40}([0-9a-f]{24})?", text) and text.strip("0"))


@pytest.mark.parametrize(
    ("tag", "found"),
    [
        ("orders-0.1.1", ("orders", "0.1.1")),
        ("orders-0.1.1.0", ("orders", "0.1.1")),
        ("data-import-2", ("data-import", "2.0")),
        ("data-import-3", "the tag says 3, the pyproject.toml of data-import says `2.0`"),
        ("orders-0.1.2", "the tag says 0.1.2, the pyproject.toml of orders says `0.1.1`"),
        ("built-1.0", "the tag says 1.0, the pyproject.toml of built says none"),
        ("orders", "the tag `orders` is no unit's name and a version"),
        ("orders-", "the tag `orders-` is no unit's name and a version"),
        ("orders-latest", "the tag `orders-latest` is no unit's name and a version"),
        ("nobody-0.1.1", "the tag `nobody-0.1.1` is no unit's name and a version"),
        ("v1.0`$(id)`", "the tag `v1.0\\x60$(id)\\x60` is no unit's name and a version"),
    ],
)
def test_a_tag_releases_the_unit_that_it_names_if_the_version_agrees(tag: str, found: object) -> None:
    units = {"orders": "0.1.1", "data": "1.0", "data-import": "2.0", "built": ""}

    assert unit_of_tag(tag, units) == found


def test_of_two_units_the_one_whose_version_agrees_is_meant() -> None:
    assert unit_of_tag("data-0-1", {"data": "0.post1", "data-0": "2"}) == ("data", "0.post1")
    assert unit_of_tag("data-0-1", {"data": "3", "data-0": "1"}) == ("data-0", "1")


@given(tag=REFS)
def test_any_tag_is_a_release_or_is_not(tag: str) -> None:
    assert looks_like_a_release(tag) in (True, False)
    assert isinstance(unit_of_tag(tag, {"orders": "0.1.1", "a": ""}), str)


@pytest.mark.parametrize(
    ("tag", "may"),
    [("orders-0.1.1", True), ("data-import-2", True), ("v1.0", False), ("Orders-1", False), ("-1", False)],
)
def test_a_tag_that_may_be_a_release_is_told_without_the_units(tag: str, may: bool) -> None:
    assert looks_like_a_release(tag) == may
