"""What a shell offers while somebody types ``multi-env-lambda``."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.shell_completion import BashComplete

from multi_env_lambda.cli.complete import names_of
from multi_env_lambda.cli.main import VERBS, _group
from tests.house import ROOT

UNITS = ["customers", "nightly", "orders", "reports"]
PLACES = ["sandbox", "test", "staging", "prod"]


def offered(monkeypatch: pytest.MonkeyPatch, typed: str, *, start: Path = ROOT, unit: str | None = None) -> list[str]:
    """The last word of ``typed`` is the one that is not complete."""
    monkeypatch.setenv("COMP_WORDS", f"multi-env-lambda {typed}")
    monkeypatch.setenv("COMP_CWORD", str(len(typed.split(" "))))
    context = {"obj": {"start": start, "unit": unit, "opener": None}}
    answer = BashComplete(_group, context, "multi-env-lambda", "_MULTI_ENV_LAMBDA_COMPLETE").complete()
    return [line.partition(",")[2] for line in answer.splitlines()]


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("pr", ["promote", "prune"]),
        ("deploy ", [*UNITS, *PLACES]),
        ("deploy orders re", ["reports"]),
        ("deploy st", ["staging"]),
        ("status ", UNITS),
        ("deploy --to p", ["prod"]),
        ("deploy sandbox --only o", ["orders"]),
        ("rollback ", [*UNITS, *PLACES]),
        ("rollback orders ", PLACES),
        ("lock customers ", ["nightly", "orders", "reports"]),
        ("deploy orders ", ["customers", "nightly", "reports", *PLACES]),
        ("diff sandbox ", PLACES[1:]),
        ("deploy --agree ri", ["rights:"]),
        ("deploy --agree rights:o", ["rights:orders"]),
        ("deploy --agree nothing:o", []),
        ("explain Bu", ["BuildError", "Busy"]),
        ("explain rig", ["rights"]),
        ("explain ROLLBACK_C", ["ROLLBACK_COMPLETE"]),
        ("event sq", ["sqs"]),
        ("invoke orders create sandbox --event sn", ["sns"]),
        ("invoke orders ", ["create", "process", *PLACES]),
        ("bootstrap de", ["devops"]),
        ("logs nobody ", PLACES),
    ],
)
def test_names_of_the_workspace_are_offered(typed: str, names: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert offered(monkeypatch, typed) == names


def test_profiles_of_the_aws_files_are_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config, credentials = tmp_path / "config", tmp_path / "credentials"
    config.write_text("[default]\n[profile acme-dev]\nregion = eu-west-1\n[sso-session acme]\n", "utf-8")
    credentials.write_text("[acme-ci]\naws_access_key_id = x%y\n", "utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))

    assert offered(monkeypatch, "plan --profile ") == ["acme-ci", "acme-dev", "default"]
    config.write_text("no section", "utf-8")
    assert offered(monkeypatch, "plan --profile a") == ["acme-ci"]


def test_the_script_of_a_unit_is_about_that_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    assert offered(monkeypatch, "rollback ", unit="orders") == PLACES


def test_outside_of_a_workspace_nothing_is_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert offered(monkeypatch, "deploy ", start=tmp_path) == []


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in ("ci", "local")])
def test_whatever_takes_a_unit_or_an_environment_offers_their_names(verb: str) -> None:
    command = _group.get_command(click.Context(_group), verb)
    assert command is not None
    takes = [one for one in command.params if {"UNIT", "ENVIRONMENT"} & set((one.metavar or "").strip("[].").split())]

    assert {one.name for one in takes if one._custom_shell_complete is not names_of} <= {"confirm"}, "typed by hand"
