"""The table of changed lines does not rot, and its runner tells what happened; ``bin/test --mutations`` runs it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.house import ROOT
from tests.mutations.mutation import Mutation, problem_of
from tests.mutations.runner import control, judge
from tests.mutations.table import MUTATIONS

RINGS = {
    "model",
    "plan",
    "host",
    "building",
    "aws",
    "make",
    "flow",
    "operations",
    "pipeline",
    "api",
    "cli",
    "local",
    "show",
    "testing",
}
LEAST = 60
LEAST_OF_A_RING = 2


def shown(mutation: Mutation) -> str:
    return f"{mutation.file}: {mutation.fact}"


def test_every_mutation_can_still_be_made() -> None:
    assert {shown(mutation): why for mutation in MUTATIONS if (why := problem_of(mutation, ROOT))} == {}


def test_every_ring_has_mutations() -> None:
    found = Counter(mutation.ring for mutation in MUTATIONS)

    assert {ring: found[ring] for ring in RINGS if found[ring] < LEAST_OF_A_RING} == {}
    assert len(MUTATIONS) >= LEAST


def test_a_fact_is_one_sentence_and_stands_once() -> None:
    facts = Counter(mutation.fact for mutation in MUTATIONS)

    assert [fact for fact, times in facts.items() if times > 1 or not fact.endswith(".")] == []


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A package with a sum, one test that looks at it, and one that does not."""
    for folder in ("multi_env_lambda", "tests"):
        (tmp_path / folder).mkdir()
    (tmp_path / "multi_env_lambda" / "__init__.py").write_text("def add(one, other):\n    return one + other\n")
    use = "from multi_env_lambda import add\n\n\ndef test_sum():\n"
    (tmp_path / "tests" / "test_strict.py").write_text(f"{use}    assert add(2, 3) == 5\n")
    (tmp_path / "tests" / "test_lax.py").write_text(f"{use}    assert add(2, 2) == 4\n")
    (tmp_path / "tests" / "test_red.py").write_text(f"{use}    assert add(2, 2) == 5\n")
    (tmp_path / "pyproject.toml").write_text(
        '[tool.pytest.ini_options]\npythonpath = ["."]\naddopts = "--import-mode=importlib"\n'
        'markers = ["slow: x", "network: x"]\n'
    )
    return tmp_path


def product(old: str = "one + other", new: str = "one * other", test: str = "test_strict.py") -> Mutation:
    return Mutation("__init__.py", old, new, "Two numbers are added.", (test,))


@pytest.mark.slow
def test_a_change_that_a_test_notices_is_caught_and_the_package_stays_as_it_is(root: Path) -> None:
    before = (root / "multi_env_lambda" / "__init__.py").read_bytes()
    verdict = judge(product(), root)

    assert (verdict.ending, verdict.noticed) == ("caught", "tests/test_strict.py::test_sum")
    assert (root / "multi_env_lambda" / "__init__.py").read_bytes() == before


@pytest.mark.slow
def test_a_change_that_no_named_test_notices_survives(root: Path) -> None:
    assert judge(product(test="test_lax.py"), root).ending == "SURVIVED"


@pytest.mark.slow
def test_a_copy_that_cannot_be_imported_proves_nothing(root: Path) -> None:
    assert judge(product(new="one + other\nimport no_such_module"), root).ending == "NOT APPLICABLE"


@pytest.mark.parametrize(
    ("mutation", "problem"),
    [
        (product(old="one - other"), "its old text is there 0 times"),
        (product(old="o"), "its old text is there 4 times"),
        (product(new="one + (other)"), "its new text says the same"),
        (product(new="one +"), "its new text is not Python"),
        (product(test="test_none.py"), "there is no tests/test_none.py"),
        (product(test="test_strict.py::test_none"), "there is no tests/test_strict.py::test_none"),
    ],
)
def test_a_mutation_that_cannot_be_made_is_told_with_the_reason(root: Path, mutation: Mutation, problem: str) -> None:
    verdict = judge(mutation, root)

    assert verdict.ending == "NOT APPLICABLE"
    assert verdict.why.startswith(problem)


@pytest.mark.slow
def test_tests_that_are_red_without_a_change_are_told(root: Path) -> None:
    assert "tests/test_red.py::test_sum" in control([product(), product(test="test_red.py")], root)
    assert control([product()], root) == ""
