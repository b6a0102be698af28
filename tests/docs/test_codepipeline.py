"""The page about CodePipeline says what the written template has, and the roles let somebody do."""

from __future__ import annotations

import re
from pathlib import Path

from multi_env_lambda.flow.gate import APPROVAL_HOURS
from multi_env_lambda.model.codepipeline import TEMPLATE, said_of
from multi_env_lambda.plan.access_of_pipelines import artifacts_bucket
from multi_env_lambda.plan.codepipeline import MINUTES
from tests.plan.test_codepipeline import CONFIG, pipeline, stages

SOURCE = Path(__file__).parent.parent.parent / "docs/source"
PAGE = (SOURCE / "02-How-To/codepipeline.rst").read_text("utf-8")


def test_names_and_numbers_are_those_of_the_code() -> None:
    assert CONFIG.roles is not None
    assert f"{TEMPLATE}: written" in PAGE and f"--template-file {TEMPLATE}" in PAGE
    assert f"Builds end after {MINUTES} minutes" in PAGE
    assert f"An approval counts for {APPROVAL_HOURS} hours" in PAGE
    assert f"``{artifacts_bucket(CONFIG.devops, CONFIG.roles)}``" in PAGE
    assert said_of("prod", "3ccdb740e79d…", "2 units: billing, orders") in PAGE
    assert f"(execution mode ``{pipeline()['ExecutionMode']}``)" in PAGE


def test_the_stages_are_those_of_the_template() -> None:
    told = set(
        re.findall(r"^``([A-Za-z-]+)``", PAGE.partition("Stage  ")[2].partition("- Each build")[0], re.MULTILINE)
    )
    written = set(stages())

    assert told <= written and written - told == {"test", "staging"}, "each environment has a stage"


def test_the_approval_is_given_where_the_template_asks() -> None:
    name, stage, action = re.findall(r"--pipeline-name (\S+) --stage-name (\S+) --action-name (\S+)", PAGE)[0]
    assert name == pipeline()["Name"] and action in stages()[stage]


def test_the_template_makes_no_role_so_it_needs_no_capability() -> None:
    from tests.plan.test_codepipeline import made

    assert not [one for one in made()["Resources"].values() if one["Type"].startswith("AWS::IAM::")]
    assert "no ``--capabilities``" in PAGE.replace("needs no\n", "needs no ")
