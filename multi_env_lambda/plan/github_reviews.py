"""The jobs for an environment that the required reviewers of GitHub's environment of the same name open.

``show`` makes the plan that waits again, from what is published, and shows it; no code of a unit or of a change runs
beside it. ``approve`` starts after a reviewer's yes alone, and its token says so: its role may write approvals of this
environment and nothing else. ``deploy`` does what every run does, so it applies that digest or nothing.

Source: https://docs.github.com/en/actions/how-tos/deploy/configure-and-manage-deployments/review-deployments and
https://docs.github.com/en/actions/reference/workflows-and-actions/contexts#context-availability (``needs`` in names)
"""

from __future__ import annotations

from collections.abc import Sequence

from multi_env_lambda.model.ci_stack import ACCOUNT_VARIABLE, BUCKET_VARIABLE
from multi_env_lambda.model.github import GitHub, approving_job
from multi_env_lambda.model.roles import Roles
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.plan.github_steps import (
    GIT,
    MINUTES,
    PROGRAM,
    RUNNER,
    Library,
    literal,
    outputs,
    quoted,
    rights,
    steps,
)

__all__ = ["APPROVE", "DEPLOY", "SHOW", "reviews"]

SHOW = f"""\
{PROGRAM} ci show "$PLACE" "$DIGEST"
"""
APPROVE = f"""\
{PROGRAM} ci reviewed "$PLACE" "$DIGEST" "$BRANCH"
"""
DEPLOY = f"""\
{GIT}{PROGRAM} ci run --reviewed "$PLACE" "$DIGEST"
"""

_JOBS = """\

  # Shows what waits for {place}: made again from what is published, in a job that runs nobody's code.
  show-{place}:
    needs: [{needs}]
    if: >-
      !cancelled() && github.repository == {repository} && github.ref == {ref} &&
      ({waits})
    runs-on: {runner}
    timeout-minutes: {minutes}
    outputs:
      digest: ${{{{ steps.run.outputs.digest }}}}
    permissions:
      actions: read # what the environment requires, and whether another run asks already
      contents: read # the table
      id-token: write # to become {build_name}
    steps:
{steps_show}

  # Starts after a reviewer's yes to what it is called; no other job's token opens the role that writes her approval.
  approve-{place}:
    name: {name}
    needs: show-{place}
    if: >-
      !cancelled() && needs.show-{place}.result == 'success' && needs.show-{place}.outputs.digest != ''
    runs-on: {runner}
    timeout-minutes: 15
    environment:
      name: {environment}
    permissions:
      actions: read # what the environment requires, and who has agreed in this run
      contents: read # who pushed
      id-token: write # to become {reviewer_name}
    steps:
{steps_approve}

  # Applies what she agreed to, or nothing.
  deploy-{place}:
    needs: [show-{place}, approve-{place}]
    if: >-
      !cancelled() && needs.approve-{place}.result == 'success'
    runs-on: {runner}
    timeout-minutes: {minutes}
    permissions:
{rights}
    concurrency:
      group: multi-env-lambda
      queue: max{outputs}
    steps:
{steps_deploy}
"""


def reviews(config: WorkspaceConfig, github: GitHub, roles: Roles, library: Library, after: Sequence[str] = ()) -> str:
    """Three jobs for each environment with reviewers, in the order of the table; ``after``: jobs that run as well."""
    return "".join(_jobs(config, github, roles, library, name, after) for name in github.reviewed)


def _jobs(
    config: WorkspaceConfig, github: GitHub, roles: Roles, library: Library, place: str, after: Sequence[str]
) -> str:
    earlier = _before(config, place)
    # Of environments beside each other, none waits for the reviewers of another.
    runs = ["look", *after, *(f"deploy-{name}" for name in github.reviewed if name in earlier)]
    later = tuple(name for name in github.reviewed if place in _before(config, name))
    found = [f"needs.{job}.outputs.{place}" for job in reversed(runs)]
    devops = config.devops
    build, reviewer = roles.of_devops("build"), roles.reviewer(place)
    about = {"PLACE": quoted(place)}
    shown = {**about, "DIGEST": f"${{{{ needs.show-{place}.outputs.digest }}}}"}
    asked = {**about, "DIGEST": f"${{{{ {' || '.join(found)} }}}}"}
    told = {ACCOUNT_VARIABLE: quoted(devops.account_id), BUCKET_VARIABLE: quoted(devops.bucket)}
    told |= {**shown, "BRANCH": quoted(config.ci.branch)}
    return _JOBS.format(
        place=place,
        needs=", ".join(runs),
        waits=" || ".join(f"{one} != ''" for one in found),
        repository=literal(github.repository),
        ref=literal(f"refs/heads/{config.ci.branch}"),
        runner=RUNNER,
        minutes=MINUTES,
        name=approving_job(place, f"${{{{ needs.show-{place}.outputs.digest }}}}"),
        environment=quoted(place),
        build_name=build,
        rights=rights(build),
        reviewer_name=reviewer,
        outputs=outputs(later),
        steps_show=steps(config, build, library, does="Show the plan", script=SHOW, env=asked, leaves=True),
        steps_approve=steps(config, reviewer, library, does="Approve", script=APPROVE, env=told, checks_out=False),
        steps_deploy=steps(config, build, library, does="Deploy", script=DEPLOY, env=shown, leaves=bool(later)),
    )


def _before(config: WorkspaceConfig, name: str) -> set[str]:
    return {one.name for stage in config.earlier(config.environment(name)) for one in stage}
