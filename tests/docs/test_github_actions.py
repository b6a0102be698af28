"""The page about GitHub Actions says what the written workflow has, and the trust policies let in."""

from __future__ import annotations

import json
import re
from pathlib import Path

import attrs
import yaml

from multi_env_lambda.model.ci import CiRules
from multi_env_lambda.model.github import PLAN_ENVIRONMENT, TELLING, WORKFLOW
from multi_env_lambda.operations.reviewed import unprotected
from multi_env_lambda.plan.access import of_devops_roles
from multi_env_lambda.plan.access_trust import AUDIENCE
from multi_env_lambda.plan.github_steps import ACTIONS, MINUTES
from multi_env_lambda.plan.github_strangers import COPY_REF
from multi_env_lambda.plan.github_workflow import telling
from multi_env_lambda.runs.strangers import MOST_DAYS
from tests.plan.test_github_cells import config as with_cells
from tests.plan.test_github_reviews import config, jobs
from tests.plan.test_github_workflow import CONFIG, LIBRARY, written

PAGE = (Path(__file__).parent.parent.parent / "docs/source/02-How-To/github-actions.rst").read_text("utf-8")


def test_each_job_has_its_row_with_its_permissions() -> None:
    first = rows(PAGE[PAGE.index("Job        Started by") : PAGE.index("- ``ask`` runs the workflow file")])
    of_strangers = PAGE[PAGE.index("Plan pull requests from forks\n---") :]
    more = rows(of_strangers[: of_strangers.index("- ``copy`` assumes")])
    copying = attrs.evolve(CONFIG, ci=CiRules(strangers="copy"))
    there = yaml.safe_load(written(copying))["jobs"] | yaml.safe_load(telling(copying, LIBRARY))["jobs"]

    assert first | more == {name: job["permissions"] for name, job in there.items()}
    assert set(first) == set(yaml.safe_load(written())["jobs"])
    assert f"``{TELLING}``" in PAGE and f"``{COPY_REF}``" in PAGE and f"more than {MOST_DAYS} days old" in PAGE


def test_the_jobs_for_reviewers_have_their_rows_and_the_page_names_what_they_are_asked_for() -> None:
    table = PAGE[PAGE.index("Job               Started by") : PAGE.index("- ``show-prod`` creates")]
    found = {name: job for name, job in jobs(config("prod")).items() if name.endswith("-prod")}

    assert rows(table) == {name: job["permissions"] for name, job in found.items()}
    assert found["approve-prod"]["steps"][0]["name"] == "Become acme-prod-reviewer"
    assert all(word in PAGE for word in ("``acme-prod-reviewer``", "*Required reviewers*", "*Prevent self-review*"))
    assert len(unprotected({})) == 2 and "Allow administrators to bypass" in PAGE


def test_the_jobs_for_cells_have_their_rows() -> None:
    table = PAGE[PAGE.index("``cells-1``   work in") : PAGE.index("- ``cells-1`` is a matrix")]
    found = {name: job for name, job in jobs(with_cells("prod")).items() if name.endswith("-1")}

    assert rows(table) == {name: job["permissions"] for name, job in found.items()}


def rows(table: str) -> dict[str, dict[str, str]]:
    """Which permissions a table of the page gives to each job."""
    found = re.split(r"^``([\w-]+)``", table, flags=re.MULTILINE)[1:]
    return {
        name: dict(word.split(": ") for word in re.findall(r"``([a-z-]+: [a-z]+)``", text))
        for name, text in zip(found[::2], found[1::2], strict=True)
    }


def test_names_and_numbers_are_those_of_the_code() -> None:
    assert f"{WORKFLOW}: written" in PAGE
    assert f"``{PLAN_ENVIRONMENT}``" in PAGE
    assert f"ends after {MINUTES} minutes" in PAGE
    assert all(f"``{action}``" in PAGE for action in ACTIONS)


def test_the_claims_that_a_role_compares_are_named_and_are_compared_as_a_whole() -> None:
    trust = json.dumps(next(role.trust for role in of_devops_roles(CONFIG, CONFIG.roles) if role.key == "BuildRole"))  # type: ignore[arg-type]
    claims = set(re.findall(r"githubusercontent\.com:(\w+)", trust))

    assert claims == {"aud", "sub", "repository_id", "job_workflow_ref"}
    assert all(f"``{claim}``" in PAGE for claim in claims - {"aud"})
    assert f"``{AUDIENCE}``" in PAGE
    assert "*" not in trust and "StringLike" not in trust
