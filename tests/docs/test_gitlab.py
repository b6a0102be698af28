"""The page about GitLab says what the written pipeline has, and the trust policy lets in."""

from __future__ import annotations

import json
from pathlib import Path

from multi_env_lambda.model.gitlab import CELLS_FILE, PIPELINE
from multi_env_lambda.plan.access import of_devops_roles
from multi_env_lambda.plan.access_trust import AUDIENCE
from multi_env_lambda.plan.gitlab_pipeline import _MINUTES, JOB, PLAN_JOB, TELL_JOB, TELL_SOON
from tests.plan.test_gitlab_cells import CELLS, NAMES, child
from tests.plan.test_gitlab_pipeline import CONFIG, GITLAB

PAGE = (Path(__file__).parent.parent.parent / "docs/source/02-How-To/gitlab.rst").read_text("utf-8")


def test_names_and_numbers_are_those_of_the_code() -> None:
    assert f"{PIPELINE}: written" in PAGE and f"local: /{PIPELINE}" in PAGE
    assert f"One job, ``{JOB}``" in PAGE
    assert f"ends after {_MINUTES} minutes" in PAGE
    assert all(f"``{name}``" in PAGE for name in (PLAN_JOB, TELL_JOB, TELL_SOON))


def test_the_jobs_for_several_cells_are_named() -> None:
    assert f"``{JOB}-cells``" in PAGE and f"``{CELLS_FILE}``" in PAGE
    assert set(child(*CELLS)) - {"go-on"} == set(NAMES) and "``go-on``" in PAGE
    assert set(child()) == {"nothing"} and "``nothing``" in PAGE


def test_what_the_role_compares_is_named_and_is_compared_as_a_whole() -> None:
    assert CONFIG.roles is not None
    trusts = {role.key: json.dumps(role.trust) for role in of_devops_roles(CONFIG, CONFIG.roles)}

    assert f"``{AUDIENCE}``" in PAGE and f"``{GITLAB.subject('main')}``" in PAGE
    assert f"``{GITLAB.members}``" in PAGE and GITLAB.members in trusts["PlanRole"]
    assert "*" not in trusts["BuildRole"] and "StringLike" not in trusts["BuildRole"]
    assert [key for key, trust in trusts.items() if "gitlab.com" in trust] == ["BuildRole", "PlanRole"]
