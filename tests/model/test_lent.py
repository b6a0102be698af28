"""A unit gets the layer of another one that is meant for it, that it needs, and that fits."""

from __future__ import annotations

import tomllib

import pytest

from multi_env_lambda.model.broken import sound_units
from multi_env_lambda.model.lent import folders_of, lent
from multi_env_lambda.model.project import Project, read_project
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


def refused(borrower: str, lender: str = LENDER) -> str:
    """Why the unit is broken; empty if it is not."""
    sound, broken = sound_units([unit("common", lender), unit("billing", borrower)], (), CONFIG)
    assert {each.name for each in (*sound, *broken)} == {"common", "billing"}
    return next((str(each.error) for each in broken if each.name == "billing"), "")


def test_a_unit_knows_the_one_whose_layer_it_gets() -> None:
    sound, broken = sound_units([unit("common", LENDER), unit("billing", BORROWER)], (), CONFIG)

    assert broken == ()
    lenders = {each.name: each.lender and each.lender.name for each in sound}
    assert lenders == {"billing": "common", "common": None}


def test_the_folders_of_the_other_unit_are_inputs() -> None:
    shared = 'shared = ["libs/both", "libs/of-common"]\n'
    billing = unit("billing", BORROWER + 'shared = ["libs/both"]\n')
    _, found = lent([unit("common", LENDER + shared), billing])

    assert folders_of(found) == ("projects/billing", "libs/both", "libs/of-common", "projects/common")


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
    ],
)
def test_a_layer_that_cannot_be_had_is_refused(borrower: str, lender: str, words: tuple[str, ...]) -> None:
    said = refused(borrower, lender)

    assert said.startswith("projects/billing/pyproject.toml [tool.multi_env_lambda]: layer_of: ")
    assert not [word for word in words if word not in said], said
