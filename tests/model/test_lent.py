"""A unit gets the layer of another one that is meant for it, that it needs, and that fits."""

from __future__ import annotations

import tomllib

import pytest

from multi_env_lambda.model.broken import broken_units
from multi_env_lambda.model.claims import claims_of
from multi_env_lambda.model.outline import folders_of
from multi_env_lambda.model.project import Project, read_project
from multi_env_lambda.model.units import units_of
from multi_env_lambda.testing.local_cloud import sample_config

CONFIG = sample_config()
LENDER = "layer_for_others = true\n"
BORROWER = 'needs = ["common"]\nlayer_of = "common"\n'
JOB = '[tool.multi_env_lambda.jobs.nightly]\nentry = "a.b:c"\n'


def unit(name: str, table: str) -> Project:
    text = f'[project]\nname = "{name}"\nversion = "0.1.0"\n[tool.multi_env_lambda]\n{table}'
    folder = f"projects/{name}"
    return read_project(
        tomllib.loads(text), folder=folder, where=folder, environments=CONFIG.environments, devops=CONFIG.devops
    )


def refused(borrower: str, lender: str = LENDER, *others: Project) -> str:
    """Why the unit is broken; empty if it is not."""
    units = (unit("common", lender), unit("billing", borrower), *others)
    broken = broken_units([claims_of(each, CONFIG.environments) for each in units], (), CONFIG)
    return next((str(each.error) for each in broken if each.name == "billing"), "")


def test_a_unit_knows_the_one_whose_layer_it_gets() -> None:
    units = units_of([unit("common", LENDER), unit("billing", BORROWER)])

    assert refused(BORROWER) == ""
    assert {each.name: each.lender and each.lender.name for each in units} == {"billing": "common", "common": None}


def test_the_folders_of_the_other_unit_are_inputs() -> None:
    shared = 'shared = ["libs/both", "libs/of-common"]\n'
    billing = unit("billing", BORROWER + 'shared = ["libs/both"]\n')
    units = units_of([billing, unit("common", LENDER + shared)])
    expected = ("projects/billing", "libs/both", "libs/of-common", "projects/common")

    assert (folders_of(units.outlines[0]), folders_of(units[0])) == (expected, expected)
    assert folders_of(units.outlines[1]) == ("projects/common", "libs/both", "libs/of-common")


@pytest.mark.parametrize(
    ("borrower", "lender", "words"),
    [
        ('needs = ["common"]\nlayer_of = "comon"\n', LENDER, ("there is no unit `comon`", "did you mean `common`?")),
        ('layer_of = "common"\n', LENDER, ("does not need `common`", 'add "common" to `needs`')),
        (BORROWER, "", ("`common` has no layer for others", "add `layer_for_others = true` to common")),
        (BORROWER + LENDER, LENDER, ("has none for others", "remove one of")),
        (BORROWER + JOB, LENDER, ("a unit with Glue jobs needs a lock of its own",)),
        (BORROWER + 'runtime = "python3.12"\n', LENDER, ("`common` has runtime python3.13, this unit has python3.12",)),
        (BORROWER, LENDER + 'architecture = "arm64"\n', ("`common` has architecture arm64",)),
        (BORROWER, LENDER + 'needs = ["nobody"]\n', ("`common` cannot be read", "correct common first")),
        ('layer_of = "billing"\n', LENDER, ("a unit has its own layer anyway", "remove it, or name another unit")),
    ],
)
def test_a_layer_that_cannot_be_had_is_refused(borrower: str, lender: str, words: tuple[str, ...]) -> None:
    said = refused(borrower, lender)

    assert said.startswith("projects/billing/pyproject.toml [tool.multi_env_lambda]: layer_of: ")
    assert not [word for word in words if word not in said], said


@pytest.mark.parametrize("lends", [LENDER, ""])
def test_a_layer_is_not_passed_on(lends: str) -> None:
    base = unit("base", LENDER)

    said = refused(BORROWER, lends + 'needs = ["base"]\nlayer_of = "base"\n', base)

    assert said.endswith("""\
layer_of: `common` has no layer of its own: it gets that of `base`
hint: name that unit: `layer_of = "base"`""")
