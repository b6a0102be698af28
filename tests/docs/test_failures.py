"""The page about errors: each example is made again, each message is one of this library or of AWS."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import multi_env_lambda
from multi_env_lambda.aws.stack_events import hint_of
from multi_env_lambda.cli.explained import AWS_SAYS
from multi_env_lambda.cli.kinds import kinds
from multi_env_lambda.flow.paced import at_its_pace
from multi_env_lambda.host.retrying import PATIENCE
from multi_env_lambda.plan.stackstate import (
    ContinueRollback,
    Create,
    DeleteThenCreate,
    Refuse,
    StackAnswer,
    stack_answer,
)
from tests.house import ROOT, module_paths
from tests.pages import of_docs

from .provoked import FILE, PROVOKED, shown

failures, examples = of_docs("failures"), of_docs("examples")
RECORDED: dict[str, str] = json.loads(FILE.read_text("utf-8"))
CODES = {kind.__name__: kind.exit_code for kind in kinds()}
OF_AWS = ("Unable to locate credentials",)
"""Messages that are not in our code: botocore's, and CloudFormation's."""


def test_every_error_has_an_example() -> None:
    assert set(PROVOKED) == set(RECORDED) == set(failures.WHEN) == set(CODES)
    assert set(failures.MESSAGES) <= set(CODES)


@pytest.mark.story
@pytest.mark.parametrize("name", PROVOKED)
def test_an_example_is_what_the_terminal_shows_and_ends_with_the_code_of_the_error(name: str, tmp_path: Path) -> None:
    code, text = shown(name, tmp_path)

    assert examples.compared(text) == examples.compared(RECORDED[name]), "run `python -m tests.docs.provoked`"
    assert code == CODES[name]
    assert f"[{name}]" in text or name == "UnitsFailed"


def test_every_message_is_one_that_is_said() -> None:
    code = "\n".join(path.read_text("utf-8") for path in module_paths())
    words = [word for messages in failures.MESSAGES.values() for word in messages]

    assert [word for word in words if word not in code and word not in OF_AWS] == []
    assert len(words) >= 30


# --- what the sections about words of AWS say ---
def test_each_is_found_by_its_words_on_the_page() -> None:
    page = (ROOT / "docs/source/04-Reference/aws-says.inc").read_text("utf-8")

    for word, told in AWS_SAYS.items():
        assert f"\n{word}\n---" in page
        assert [one for one in (word, *told.also) if f"   single: {one}\n" not in page] == []


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("UPDATE_ROLLBACK_FAILED", ContinueRollback),
        ("ROLLBACK_COMPLETE", DeleteThenCreate),
        ("ROLLBACK_FAILED", DeleteThenCreate),
        ("DELETE_FAILED", Refuse),
        ("REVIEW_IN_PROGRESS", Create),
    ],
)
def test_a_status_is_dealt_with_as_the_page_says(status: str, kind: type[StackAnswer]) -> None:
    assert isinstance(stack_answer(status), kind)


def test_the_numbers_about_throttling_are_those_of_the_code() -> None:
    assert PATIENCE == 5 * 60 and "five minutes" in AWS_SAYS["Rate exceeded"].done
    assert at_its_pace.__globals__["_MOST_TRIES"] == 5 and "five attempts" in AWS_SAYS["Rate exceeded"].done.replace(
        "\n", " "
    )
    assert "Service Quotas" in hint_of(["Rate exceeded"])


def test_an_error_of_permissions_leads_to_the_advice() -> None:
    assert "allow the environment's role" in hint_of(["no permissions boundary allows: is not authorized to perform"])
    assert multi_env_lambda.CheckFailed.exit_code == 13 and "(13)" in AWS_SAYS["AccessDenied"].done
