"""GitLab: which tokens open a role, what a job may become, and what is written."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

__all__ = ["MUTATIONS"]

_TRUST = "plan/test_access.py::test_gitlab_deploys_from_the_protected_branch_and_plans_from_any_branch_of_the_project"
_FILE = "plan/test_gitlab_pipeline.py"

MUTATIONS = (
    Mutation(
        "plan/access_trust.py",
        'aud = {f"{GITLAB}:aud": AUDIENCE}',
        "aud: dict[str, str] = {}",
        "A token of GitLab for another service opens nothing.",
        (_TRUST,),
    ),
    Mutation(
        "plan/access_trust.py",
        '    if merged:\n        return _federated("GitLab"',
        '    if not merged:\n        return _federated("GitLab"',
        "A job of GitLab that runs what is not merged gets the role that may only read.",
        (_TRUST,),
    ),
    Mutation(
        "plan/gitlab_pipeline.py",
        ' && $CI_COMMIT_REF_PROTECTED == "true"',
        "",
        "On a branch that is not protected the job does not run.",
        (f"{_FILE}::test_the_one_job_is_in_pipelines_of_the_protected_branch_alone",),
    ),
    Mutation(
        "plan/gitlab_pipeline.py",
        "    default: false # no cache",
        "    default: true # no cache",
        "No script that is meant for other jobs runs with the build's rights.",
        (f"{_FILE}::test_its_image_is_pinned_and_nothing_of_other_jobs_gets_into_it",),
    ),
    Mutation(
        "plan/gitlab_pipeline.py",
        """        f'$CI_MERGE_REQUEST_SOURCE_PROJECT_PATH == "{gitlab.project}" && '
""",
        "",
        "A merge request from a fork has no job that plans.",
        (f"{_FILE}::test_a_plan_is_in_pipelines_of_merge_requests_of_this_very_project_alone_and_may_only_read",),
    ),
    Mutation(
        "runs/voice.py",
        "(gitlab is not None and is_request_at_gitlab(variables))",
        "False",
        "A job that runs the code of a change says nothing at GitLab.",
        ("host/test_bitbucket.py::test_a_job_that_runs_the_code_of_a_change_says_nothing_even_if_it_has_a_token",),
    ),
    Mutation(
        "runs/previews.py",
        'f"ci/results/{REQUESTS}-preview/{number:d}/{commit[:_BEGINNING]}"',
        'f"ci/results/{REQUESTS}-preview/{number:d}/"',
        "What was left for another commit is not said.",
        ("runs/test_previews.py::test_what_has_moved_or_is_a_forks_or_goes_elsewhere_is_not_said",),
    ),
    Mutation(
        "host/gitlab_api.py",
        'one.get("source_project_id") == one.get("target_project_id")',
        "True",
        "What a fork's job may have left is not said.",
        ("runs/test_previews.py::test_what_has_moved_or_is_a_forks_or_goes_elsewhere_is_not_said",),
    ),
    Mutation(
        "host/gitlab.py",
        "    return BUILD.fullmatch(build) is not None\n",
        "    return True\n",
        "A job of GitLab takes over no build of another host.",
        ("host/test_gitlab.py::test_another_job_of_the_one_queue_has_ended_and_of_other_hosts_nothing_is_known",),
    ),
    Mutation(
        "aws/builds.py",
        " or AT_GITLAB.fullmatch(build)",
        "",
        "The dispatcher takes over no job of GitLab.",
        ("aws/test_builds.py",),
    ),
    Mutation(
        "plan/gitlab_pipeline.py",
        "  resource_group: multi-env-lambda # until the last of them has ended\n",
        "",
        "While jobs of cells run, no other pipeline deploys.",
        ("plan/test_gitlab_cells.py::test_the_job_leaves_a_pipeline_and_the_next_one_starts_it_and_keeps_others_out",),
    ),
    Mutation(
        "plan/gitlab_pipeline.py",
        '        when="\\n      when: always",\n',
        "",
        "A cell that fails does not keep the branch from going on.",
        ("plan/test_gitlab_cells.py::test_each_cell_has_a_job_and_one_goes_on_whatever_became_of_them",),
    ),
)
