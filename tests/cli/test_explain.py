"""Every error is explained by its name and by its exit code, every question of a plan by the word that answers it."""

from __future__ import annotations

import re

import pytest

import multi_env_lambda
from multi_env_lambda import errors
from multi_env_lambda.cli.explain import PAGES
from multi_env_lambda.cli.explained import AWS_SAYS, OTHER_CODES
from multi_env_lambda.cli.main import VERBS, main
from multi_env_lambda.model.answer import ANSWER_OF
from multi_env_lambda.model.plan import ANSWERS
from tests.house import ROOT

NAMES = sorted({*errors.__all__, "UnitsFailed"} - {"MultiEnvLambdaError"})


def explained(*words: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["explain", *words]) == 0
    return capsys.readouterr().out


def test_all_are_listed_with_their_codes(capsys: pytest.CaptureFixture[str]) -> None:
    said = explained(capsys=capsys)
    listed = dict(re.findall(r"^ *(\d+)  (\w+) ", said, re.MULTILINE))

    assert sorted(listed.values()) == NAMES
    assert re.findall(r"^ *(\d+) {26}\w", said, re.MULTILINE) == list(OTHER_CODES)
    assert [word for word in AWS_SAYS if f"     {word}  " not in said] == []
    assert re.findall(r"^ {5}([a-z-]+):\S+ +agrees to ", said, re.MULTILINE) == list(ANSWERS)
    assert listed["7"] == "StackError"


@pytest.mark.parametrize("name", NAMES)
def test_each_says_more_than_its_first_line_and_nothing_about_attributes(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = explained(name, capsys=capsys)

    assert said.startswith(f"{name} (exit code ") and "``" not in said and "Attributes" not in said
    assert len(said.split("\n\n")) >= 3


def test_a_code_and_a_name_in_small_letters_lead_to_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert explained("10", capsys=capsys) == explained("busy", capsys=capsys)


@pytest.mark.parametrize("code", OTHER_CODES)
def test_a_code_without_an_error_is_explained(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert explained(code, capsys=capsys).startswith(f"exit code {code}\n\n")


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("UPDATE_ROLLBACK_FAILED",), "UPDATE_ROLLBACK_FAILED"),
        (("Rate", "exceeded"), "Rate exceeded"),
        (("rate exceeded",), "Rate exceeded"),
        (("ThrottlingException",), "Rate exceeded"),
        (("permissions", "boundary"), "AccessDenied"),
    ],
)
def test_what_aws_says_is_explained(words: tuple[str, ...], name: str, capsys: pytest.CaptureFixture[str]) -> None:
    said = explained(*words, capsys=capsys)

    assert said.startswith(f"{name} (AWS)\n") and "``" not in said


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("Unable to locate credentials", "AccountError"),
        ("unable to locate credentials. You can configure credentials by running aws login", "AccountError"),
        ("error[ConfigurationError]: projects/a/pyproject.toml: jinja2 is not locked", "ConfigurationError"),
        ("ModuleNotFoundError: No module named 'requests'", "ConfigurationError"),
        ("User: arn:aws:sts::1:x is not authorized to perform: iam:CreateRole", "AccessDenied"),
        ("An error occurred (ThrottlingException) when calling: Rate exceeded", "Rate exceeded"),
        ("ExpiredTokenException", "SessionEnded"),
        ("failed[Busy]: orders in prod", "Busy"),
    ],
)
def test_a_pasted_message_is_explained_by_the_words_in_it(
    message: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = explained(*message.split(), capsys=capsys)
    assert re.search(rf"^{re.escape(name)} \((exit code|AWS)", said, re.MULTILINE)
    assert ":doc:" not in said


def test_what_to_do_about_a_frequent_message_comes_first(capsys: pytest.CaptureFixture[str]) -> None:
    said = explained("jinja2", "is", "not", "locked", capsys=capsys)
    assert said.startswith("Run `lock UNIT` and commit the file: docs/source/02-How-To/lock-dependencies.rst.\n\n")


@pytest.mark.parametrize("word", ["Refused", "rights", "130", "AccessDenied"])
def test_it_ends_with_files_that_can_be_opened(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    files = explained(word, capsys=capsys).partition("In the repository of multi_env_lambda:\n")[2].split()

    assert files and [name for name in files if not (ROOT / name).is_file()] == []


def test_what_is_no_error_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "StakError"]) == 2
    assert "there is no error or question `StakError`" in capsys.readouterr().err


@pytest.mark.parametrize("name", NAMES)
def test_the_verbs_that_it_advises_are_there(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    advised = re.findall(r"`(\w+)(?: \w+)?`", explained(name, capsys=capsys))

    assert {word for word in advised if word not in VERBS} == set()


def test_every_public_error_can_be_explained() -> None:
    public = (getattr(multi_env_lambda, name) for name in multi_env_lambda.__all__)
    raised = {one.__name__ for one in public if isinstance(one, type) and issubclass(one, Exception)}

    assert raised - {"MultiEnvLambdaError"} == set(NAMES) == set(PAGES)


@pytest.mark.parametrize("kind", ANSWERS)
def test_a_question_is_explained_by_its_kind_and_by_the_word_that_the_plan_prints(
    kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = explained(f"{kind}:billing/Ledger", capsys=capsys)

    assert said == explained(kind, capsys=capsys)
    assert said.startswith(f"{kind}:") and ANSWER_OF[kind].asked in said and ANSWER_OF[kind].check in said


def test_every_page_that_is_named_is_there_and_is_about_it() -> None:
    named = {page for pages in PAGES.values() for page in pages} | {one.page for one in ANSWER_OF.values()}

    assert [page for page in named if not (ROOT / f"docs/source/{page}.rst").is_file()] == []
    for kind, answer in ANSWER_OF.items():
        assert f"{kind}:" in (ROOT / f"docs/source/{answer.page}.rst").read_text("utf-8"), kind


@pytest.mark.parametrize("word", ["", "10:", "replace/", "\x1b[31m", "-1", "9999999999", "ANSWER", "replacé:x"])
def test_a_strange_word_is_a_usage_error_and_never_a_traceback(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["explain", "--", word])
    said = capsys.readouterr().err

    assert code == (0 if word == "" else 2)
    assert "Traceback" not in said and "\x1b" not in said
