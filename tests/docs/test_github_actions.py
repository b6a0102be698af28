"""The page about GitHub Actions says what the written workflow has, and the trust policies let in."""

from __future__ import annotations

import json
import re
from pathlib import Path

import yaml

from multi_env_lambda.model.github import PLAN_ENVIRONMENT, WORKFLOW
from multi_env_lambda.plan.access import of_devops_roles
from multi_env_lambda.plan.access_trust import AUDIENCE
from multi_env_lambda.plan.github_workflow import _MINUTES, ACTIONS
from tests.plan.test_github_workflow import CONFIG, written

PAGE = (Path(__file__).parent.parent.parent / "docs/source/02-How-To/github-actions.rst").read_text("utf-8")


def test_each_job_has_its_row_with_its_permissions() -> None:
    table = PAGE[PAGE.index("Job        Started by") : PAGE.index("- ``ask`` runs the workflow file")]
    rows = re.split(r"^``(\w+)``", table, flags=re.MULTILINE)[1:]
    said = {
        name: dict(word.split(": ") for word in re.findall(r"``([a-z-]+: [a-z]+)``", text))
        for name, text in zip(rows[::2], rows[1::2], strict=True)
    }

    assert said == {name: job["permissions"] for name, job in yaml.safe_load(written())["jobs"].items()}


def test_names_and_numbers_are_those_of_the_code() -> None:
    assert f"{WORKFLOW}: written" in PAGE
    assert f"``{PLAN_ENVIRONMENT}``" in PAGE
    assert f"ends after {_MINUTES} minutes" in PAGE
    assert all(f"``{action}``" in PAGE for action in ACTIONS)


def test_the_claims_that_a_role_compares_are_named_and_are_compared_as_a_whole() -> None:
    trust = json.dumps(next(role.trust for role in of_devops_roles(CONFIG, CONFIG.roles) if role.key == "BuildRole"))  # type: ignore[arg-type]
    claims = set(re.findall(r"githubusercontent\.com:(\w+)", trust))

    assert claims == {"aud", "sub", "repository_id", "job_workflow_ref"}
    assert all(f"``{claim}``" in PAGE for claim in claims - {"aud"})
    assert f"``{AUDIENCE}``" in PAGE
    assert "*" not in trust and "StringLike" not in trust
