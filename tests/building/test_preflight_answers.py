"""The answers of an import check are written where code of others runs: a forged one breaks nothing else."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from multi_env_lambda.building.borrowed import borrowed
from multi_env_lambda.building.handler import Handler
from multi_env_lambda.building.import_time import slow_imports
from multi_env_lambda.building.imports import read_code
from multi_env_lambda.building.judge import Judge
from multi_env_lambda.building.preflight_answers import read_answers
from multi_env_lambda.building.preflight_process import Outcome
from multi_env_lambda.building.unpacked import without_bytecode
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.lambda_image import AMAZON_LINUX_2023
from tests.building.test_preflight import HANDLER, wheel_of

STARTED = {"number": 0, "kind": "started"}
SEEN: dict[str, Any] = {"seconds": 0.1, "refused": [], "loaded": [], "mapped": [], "prefix": "/x"}
RAISED = {"number": 0, "kind": "raised", "text": "E: x", "place": "", "said": "", "denied": None, **SEEN}
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
KINDS = st.sampled_from(
    [
        "started",
        "ok",
        "raised",
        "missing",
        "undecided",
        "syntax",
        "no_function",
        "not_callable",
        "not_run",
        "not_called",
    ]
)
NAMES = st.sampled_from(
    ["number", "kind", "text", "place", "said", "denied", "module", "functions", "type", "what", "signature", *SEEN]
)


def written(folder: Path, *answers: object) -> Path:
    lines = (answer if isinstance(answer, str) else json.dumps(answer) for answer in answers)
    (folder / "answers.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return folder / "answers.jsonl"


def test_what_is_an_answer_is_read_up_to_what_is_none(tmp_path: Path) -> None:
    assert read_answers(tmp_path / "nothing", 1) == ()
    assert read_answers(written(tmp_path, STARTED, RAISED, "[", STARTED), 1) == (STARTED, RAISED)


@pytest.mark.parametrize(
    "forged",
    [
        {},
        {**RAISED, "number": 1},
        {**RAISED, "number": -1},
        {**RAISED, "number": True},
        {**RAISED, "kind": ["raised"]},
        {**RAISED, "kind": "nothing"},
        {**RAISED, "text": None},
        {**RAISED, "denied": 5},
        {**RAISED, "mapped": [5]},
        {**RAISED, "refused": "x"},
        {**RAISED, "seconds": "x"},
        {**RAISED, "seconds": float("nan")},
        {"number": 0, "kind": "missing", **SEEN},
        "[" * 100_000,
        "null",
    ],
)
def test_what_is_no_answer_counts_for_nothing(tmp_path: Path, forged: object) -> None:
    assert read_answers(written(tmp_path, STARTED, forged, RAISED), 1) == (STARTED,)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(kind=KINDS, names=st.dictionaries(NAMES, ANYTHING, max_size=3))
def test_whatever_is_forged_the_verdict_is_one_of_ours(tmp_path: Path, kind: str, names: dict[str, object]) -> None:
    wheel, handlers = wheel_of(tmp_path, HANDLER), (Handler(key="f", text="orders.create.handler"),)
    answers = read_answers(written(tmp_path, STARTED, {**RAISED, "kind": kind, **names}), 1)
    outcome = Outcome(answers=answers, status=0, seconds=60.0, tail="")

    slow_imports(handlers, answers)
    try:
        Judge(code=read_code(wheel, None), where="projects/orders").judge(handlers, outcome)
    except ConfigurationError as error:
        assert error.where == "projects/orders"


def test_a_library_that_is_forged_is_not_read_if_it_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "libx.so")  # whoever opens it waits for the other end
    answer = {**RAISED, "prefix": str(tmp_path), "mapped": [f"{tmp_path}/libx.so", "/foreign/liby.so"]}

    assert "/foreign/liby.so, which is on this machine" in str(borrowed(answer, AMAZON_LINUX_2023, {}, None))


def test_a_module_that_is_forged_has_a_name_that_no_file_has(tmp_path: Path) -> None:
    assert (
        without_bytecode(tmp_path, [f"{tmp_path}/{'x' * 5000}.py", f"{tmp_path}/\0.py", f"{tmp_path}/\ud800.py"]) == []
    )
