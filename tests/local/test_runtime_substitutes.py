"""A unit runs in the Python it asks for, or in the one at hand."""

from __future__ import annotations

import sys
from pathlib import Path

import attrs

from multi_env_lambda.local.runtime_substitutes import (
    machine_architecture,
    news_of_substitutes,
    on_this_machine,
    substitutes,
)
from multi_env_lambda.model.project import Project
from multi_env_lambda.plan.affected import inputs_of

OWN = f"python{sys.version_info[0]}.{sys.version_info[1]}"


def test_a_version_that_no_machine_has_is_replaced_by_the_one_at_hand() -> None:
    assert substitutes(["python3.99", OWN, "python3.99"]) == {"python3.99": OWN}


def test_other_languages_are_left_alone() -> None:
    assert substitutes(["nodejs22.x"]) == {}


def test_the_machine_has_an_architecture_that_lambda_knows() -> None:
    assert machine_architecture() in ("arm64", "x86_64")


def test_a_unit_says_its_own_architecture_and_is_built_for_this_machine() -> None:
    others = {"arm64": "x86_64", "x86_64": "arm64"}[machine_architecture()]
    unit = Project(name="orders", folder="projects/orders", version="0.1.0", runtime="python3.99", architecture=others)

    (here,) = on_this_machine((unit,))

    assert (unit.built_for, here.architecture, here.built_for) == (others, others, machine_architecture())
    assert here.runtime == OWN
    assert inputs_of(here, {}, settings="", library="")[-1][1] == f"{OWN} {others}"


def test_the_unit_whose_layer_another_one_gets_is_built_for_the_same() -> None:
    common = Project(name="common", folder="projects/common", version="0.1.0", runtime="python3.99")
    billing = attrs.evolve(common, name="billing", folder="projects/billing", layer_of="common")

    here = on_this_machine((billing, common))

    assert (here[0].runtime, here[0].built_for) == (OWN, machine_architecture())
    assert here[0].lender == here[1]
    assert here.outlines[0].lent_folders == ("projects/common",)


def test_each_substitute_is_told_once(tmp_path: Path) -> None:
    first = news_of_substitutes(tmp_path, {"python3.98": OWN})
    second = news_of_substitutes(tmp_path, {"python3.98": OWN, "python3.99": OWN})

    assert first == (f"this machine has no python3.98; the local cloud builds for and runs {OWN} instead",)
    assert len(second) == 1 and "python3.99" in second[0]
    assert news_of_substitutes(tmp_path, {"python3.98": OWN, "python3.99": OWN}) == ()
