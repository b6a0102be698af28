"""Every error is explained by its name and by its exit code."""

from __future__ import annotations

import re

import pytest

from multi_env_lambda import errors
from multi_env_lambda.cli.main import VERBS, main

NAMES = sorted({*errors.__all__, "UnitsFailed"} - {"MultiEnvLambdaError"})


def explained(*words: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["explain", *words]) == 0
    return capsys.readouterr().out


def test_all_are_listed_with_their_codes(capsys: pytest.CaptureFixture[str]) -> None:
    listed = dict(re.findall(r"^ *(\d+)  (\w+) ", explained(capsys=capsys), re.MULTILINE))

    assert sorted(listed.values()) == NAMES
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


def test_what_is_no_error_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "StakError"]) == 2
    assert "there is no error `StakError`" in capsys.readouterr().err


@pytest.mark.parametrize("name", NAMES)
def test_the_verbs_that_it_advises_are_there(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    advised = re.findall(r"`(\w+)(?: \w+)?`", explained(name, capsys=capsys))

    assert {word for word in advised if word not in VERBS} == set()
