"""GitLab: which tokens open a role, what a job may become, and what is written."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

__all__ = ["MUTATIONS"]

_TRUST = "plan/test_access.py::test_gitlab_comes_in_by_the_protected_branch_and_what_plans_hears_of_nobody_there"
_FILE = "plan/test_gitlab_pipeline.py"

MUTATIONS = (
    Mutation(
        "plan/access_trust.py",
        '{"aud": AUDIENCE, "sub": gitlab.subject(branch)}',
        '{"sub": gitlab.subject(branch)}',
        "A token of GitLab for another service opens nothing.",
        (_TRUST,),
    ),
    Mutation(
        "plan/access.py",
        'gitlab = config.gitlab if acting == "build" else None',
        "gitlab = config.gitlab",
        "No role that plans lets a job of GitLab in.",
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
)
