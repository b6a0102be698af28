"""The page about runs, compared with the code: variables, outcomes, exit codes, and keys of the bucket."""

from __future__ import annotations

import re
from itertools import product

import pytest

from multi_env_lambda.ci.protected import PLACE
from multi_env_lambda.ci.wanted import place_of
from multi_env_lambda.cli.ci import FAILED
from multi_env_lambda.model import ci_stack
from multi_env_lambda.model.freeze import freeze_key
from multi_env_lambda.model.result import Result
from multi_env_lambda.operations.ci_kept import result_place, write_asked
from multi_env_lambda.runs.proofs import ENVIRONMENT_VARIABLE
from multi_env_lambda.runs.report import Report, Wait
from multi_env_lambda.runs.run import MOST_LOOKS
from multi_env_lambda.runs.voice import Later, Voice
from tests.house import ROOT
from tests.runs.village import ALL, Repository, Village, request_event

PAGE = "\n".join(
    (ROOT / f"docs/source/{name}.rst").read_text("utf-8")
    for name in ("03-Concepts/how-a-run-works", "05-Contributing/kills-and-losses")
)
WAIT = Wait(environment="prod", digest="0" * 64, what="not approved", command="ci.py approve prod")
DEPLOYED = Result(project="orders", environment="sandbox", outcome="deployed")


def rows(title: str) -> list[str]:
    """The first cells of the table below this column's title."""
    table = PAGE.split(f"\n{title} ", 1)[1].split("\n\n", 1)[0]
    return re.findall(r"^``([^`]+)`` ", table, re.MULTILINE)


def test_every_variable_is_on_the_page() -> None:
    of_the_stack = {getattr(ci_stack, name) for name in ci_stack.__all__ if name.endswith("_VARIABLE")}

    assert set(rows("Variable")) == {*of_the_stack, ENVIRONMENT_VARIABLE}


def test_every_outcome_is_on_the_page_with_its_exit_code() -> None:
    parts = product(
        (Report(), Report(failures=("x",))),
        (Report(), Report(waits=(WAIT,))),
        (Report(), Report(stops=("x",), handed=(("cell", "commit"),)), Report(stops=("x",))),
    )
    reports = [a + b + c + d for (a, b, c), d in product(parts, (Report(), Report(results=(DEPLOYED,))))]
    codes = {report.outcome: FAILED if report.failures else 0 for report in reports}
    found = dict(re.findall(r"^``([a-z ]+)`` +(\d) ", PAGE, re.MULTILINE))

    assert {name: int(code) for name, code in found.items()} == codes
    assert f"After {MOST_LOOKS} looks" in PAGE


def test_a_run_writes_below_the_keys_of_the_page_and_nowhere_else(tmp_path_factory: pytest.TempPathFactory) -> None:
    keys = written(Village(tmp_path_factory.mktemp("village"), Repository(dict(ALL))))
    shapes = [re.sub(r"[A-Z]+", "[^/]+", re.escape(key)) for key in rows("Key")]

    assert {key for key in keys if not any(re.fullmatch(shape, key) for shape in shapes)} == set()
    unused = {shape for shape in shapes if not any(re.fullmatch(shape, key) for key in (*keys, freeze_key("prod")))}
    assert unused == set()


def written(village: Village) -> set[str]:
    village.ruled(verify=("check",), branches=("feature/*",))
    village.pushed(orders="o2")
    village.settle()
    village.pushed("feature/x", onto=village.repository.remote["main"], orders="ox")
    village.settle()
    village.voice = Voice(host=Later())
    village.repository.requests[7] = village.repository.push(
        "change", onto=village.repository.remote["main"], orders="o3"
    )
    village.send("github.com", "pull_request", request_event(7))
    village.settle()
    write_asked(village.store, "prod", "0" * 64, "7")
    return {key for _, key in village.store.writes if key.startswith("ci/")}


def test_the_keys_are_those_of_the_code() -> None:
    assert PLACE in rows("Key")
    assert place_of("branch main").rpartition("/")[0] + "/HASH.json" in rows("Key")
    assert result_place("JOB", "x").rpartition("/")[0] + "/BUILD.json" in rows("Key")
    assert freeze_key("ENVIRONMENT") in rows("Key")
