"""The pipeline for GitLab: the table in, the text of a file out.

One job, and only in pipelines of the protected branch, deploys: its token is the only one that opens that role. A
merge request's pipeline runs the file of its own commit, so its job becomes the role that may only read, and says
nothing at GitLab: it leaves its plan in the bucket, and the job of the protected branch says it. The pipeline of a tag
starts one of the protected branch, in the name of who has pushed it, and hands over nothing; a merge request's does so
where the project wishes it.

No text of the table or of Git is in a script: what differs is in ``variables``. What a project sets for all jobs
(``default``, ``variables``) does not get into this one; what it sets at GitLab comes before what the file says, so all
names here are our own.

Source: https://docs.gitlab.com/ci/yaml/ (``id_tokens``, ``inherit``, ``interruptible``, ``resource_group``, ``rules``)
and https://docs.gitlab.com/ci/variables/predefined_variables/
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.gitlab import CELLS_FILE, PIPELINE, GitLab
from multi_env_lambda.model.roles import Acting
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.plan.access_trust import AUDIENCE
from multi_env_lambda.plan.github_cells import stages_with_cells
from multi_env_lambda.plan.github_steps import Library
from multi_env_lambda.plan.github_workflow import END

__all__ = [
    "BECOME",
    "BEGIN",
    "CELL",
    "GO_ON",
    "INSTALL",
    "JOB",
    "PIPELINE",
    "PLAN_JOB",
    "RUN",
    "RUN_LEAVING",
    "TAG_JOB",
    "TELL_JOB",
    "TELL_SOON",
    "cells_pipeline",
    "pipeline",
]

BEGIN = "# begin multi-env-lambda: `ci write gitlab` writes what is between this line and the last one of its kind"
JOB = "multi-env-lambda"
TAG_JOB = "multi-env-lambda-tag"
PLAN_JOB, TELL_JOB = "multi-env-lambda-plan", "multi-env-lambda-tell"
TELL_SOON = "MULTI_ENV_LAMBDA_TELL_SOON"
"""A variable of the project, by which a merge request's plan is said there at once, and not only by the schedule."""
_MINUTES, _PLAN_MINUTES = 55, 30
"""Less than the hour that credentials last which the job gets from STS."""

BECOME = """\
set -e
umask 022
work="$(mktemp -d)"
printf '%s' "$MULTI_ENV_LAMBDA_TOKEN" > "$work/token"
unset MULTI_ENV_LAMBDA_TOKEN
aws sts assume-role-with-web-identity --role-arn "$MULTI_ENV_LAMBDA_ROLE" --role-session-name "gitlab-$CI_JOB_ID" \
--web-identity-token "file://$work/token" --output text \
--query 'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]' > "$work/keys"
read -r AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN < "$work/keys"
rm -f "$work/token" "$work/keys"
export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
"""

INSTALL = f"""\
wheel="$work/${{MULTI_ENV_LAMBDA_LIBRARY##*/}}"
{shlex.join(["aws", "s3", "cp", "--only-show-errors"])} "$MULTI_ENV_LAMBDA_LIBRARY" "$wheel"
echo "$MULTI_ENV_LAMBDA_SHA256  $wheel" | sha256sum --check --quiet
python3 -m venv "$work/library"
"$work/library/bin/python" -m pip install --quiet --disable-pip-version-check "$wheel"
rm -f "$wheel"
"""

_GIT = """\
export GIT_CONFIG_COUNT=1
export GIT_CONFIG_KEY_0="credential.$CI_SERVER_URL.helper"
export GIT_CONFIG_VALUE_0='!f() { echo username=gitlab-ci-token; echo "password=$CI_JOB_TOKEN"; }; f'
git remote set-url origin "$CI_PROJECT_URL.git"
"""
_PROGRAM = '"$work/library/bin/python" -P -m multi_env_lambda'
RUN = f"""\
{_GIT}{_PROGRAM} ci run --gitlab
"""
RUN_LEAVING = f"""\
{_GIT}{_PROGRAM} ci run --gitlab --leave-cells
"""
CELL = f"""\
{_GIT}{_PROGRAM} ci cell "$MULTI_ENV_LAMBDA_CELL"
"""
GO_ON = f"""\
{_GIT}{_PROGRAM} ci go-on
"""

_MERGED = (
    "# Brings what is merged as far as it may go; it looks at what the branch says now, whatever it was started by."
)
_NOT_MERGED = "# Plans a change of somebody who may push, before the merge. Its role may only read."

_JOB = """\
{job}:
  image: {image}
  rules:
    - if: {rule}{when}
  needs: {needs}
  inherit:
    default: false # no cache and no script that is meant for others
    variables: false
{queue}
  timeout: {minutes} minutes
  id_tokens:
    MULTI_ENV_LAMBDA_TOKEN: # to become {name}
      aud: {audience}
  variables:
    AWS_REGION: {region}
    GIT_DEPTH: "0"
    GIT_STRATEGY: clone
    {cell}MULTI_ENV_LAMBDA_LIBRARY: {library}
    MULTI_ENV_LAMBDA_ROLE: {role}
    MULTI_ENV_LAMBDA_SHA256: {sha256}
  script:
    - |
{become}
    - |
{install}
    - |
{run}
{artifacts}"""

_ARTIFACTS = f"""\
  artifacts: # which accounts and regions are left to jobs of their own
    expire_in: 1 day
    paths: [{CELLS_FILE}]
    when: always
"""
_ALONE = "[] # it waits for no other job, and reads nothing that one has left"

_CELLS = """\
# Starts a job for each account and region that is left, and one that goes on; no other pipeline runs beside them.
{job}-cells:
  rules:
    - if: {rule}
      when: always
  needs: [{job}]
  resource_group: multi-env-lambda # until the last of them has ended
  inherit:
    default: false
    variables: false
  trigger:
    include:
      - artifact: {file}
        job: {job}
    strategy: depend
    forward:
      yaml_variables: false
      pipeline_variables: false
"""
_NOTHING = """\
nothing: # a pipeline has a job at least
  image: {image}
  inherit:
    default: false
    variables: false
  variables:
    GIT_STRATEGY: none
  script: ["true"]
"""

_QUEUE = """\
  resource_group: multi-env-lambda # one at a time, and a job that waits stays
  interruptible: false"""
_CELL_QUEUE = """\
  interruptible: false"""
_IN_CELLS = '$CI_PIPELINE_SOURCE == "parent_pipeline"'
_PLAN_QUEUE = """\
  resource_group: multi-env-lambda-plan-$CI_MERGE_REQUEST_IID # one at a time, of the newest commit
  interruptible: true"""

_STARTS = """\
{job}:
  rules:
    - if: {rule}
{when}  needs: {needs}
  inherit:
    default: false
    variables: false
  allow_failure: true # {why}
  trigger:
    project: {project}
    branch: {branch}
    forward:
      yaml_variables: false
      pipeline_variables: false
"""


def pipeline(config: WorkspaceConfig, library: Library) -> str:
    """The marked part of the file.

    Raises:
        ConfigurationError: the table has no project at GitLab.
    """
    gitlab = config.gitlab
    if gitlab is None or config.roles is None:
        hint = 'for example `gitlab = { project = "acme/units", image = "public.ecr.aws/…@sha256:…" }`'
        raise ConfigurationError("pyproject.toml", "[tool.multi_env_lambda.ci] has no `gitlab`", hint=hint)
    parts = [BEGIN, _MERGED, _deploys(config, gitlab, library)]
    if gitlab.plans:
        parts += [_NOT_MERGED, _plans(config, gitlab, library), _tells(config, gitlab)]
    return "\n".join((*(part.rstrip("\n") for part in (*parts, _tags(config, gitlab))), END)) + "\n"


def _deploys(config: WorkspaceConfig, gitlab: GitLab, library: Library) -> str:
    rule = (
        f'$CI_COMMIT_BRANCH == "{config.ci.branch}" && $CI_COMMIT_REF_PROTECTED == "true" && '
        f'$CI_PROJECT_PATH == "{gitlab.project}"'
    )
    if not stages_with_cells(config):
        return _job(config, library, "build", job=JOB, rule=rule, queue=_QUEUE, minutes=_MINUTES)
    job = _job(
        config,
        library,
        "build",
        job=JOB,
        rule=rule,
        queue=_QUEUE,
        minutes=_MINUTES,
        run=RUN_LEAVING,
        artifacts=_ARTIFACTS,
    )
    return f"{job}{_CELLS.format(job=JOB, rule=json.dumps(rule), file=CELLS_FILE)}"


def cells_pipeline(config: WorkspaceConfig, library: Library, cells: Sequence[tuple[str, str]]) -> str:
    """The pipeline that the job of the protected branch leaves: a job for each cell, and one that goes on after them.

    Args:
        cells: what each is called, and its id; without any, the pipeline does nothing.
    """
    assert config.gitlab is not None, "there is a project"
    if not cells:
        return _NOTHING.format(image=json.dumps(config.gitlab.image))
    names = [json.dumps(f"{number} {name}") for number, (name, _) in enumerate(cells, 1)]
    jobs = [
        _job(
            config, library, "build", job=name, rule=_IN_CELLS, queue=_CELL_QUEUE, minutes=_MINUTES, run=CELL, cell=id_
        )
        for name, (_, id_) in zip(names, cells, strict=True)
    ]
    after = _job(
        config,
        library,
        "build",
        job="go-on",
        rule=_IN_CELLS,
        queue=_CELL_QUEUE,
        minutes=_MINUTES,
        run=GO_ON,
        needs=f"[{', '.join(names)}]",
        when="\n      when: always",
    )
    return "\n".join((*jobs, after))


def _plans(config: WorkspaceConfig, gitlab: GitLab, library: Library) -> str:
    rule = _of_members(config, gitlab)
    return _job(config, library, "plan", job=PLAN_JOB, rule=rule, queue=_PLAN_QUEUE, minutes=_PLAN_MINUTES)


def _of_members(config: WorkspaceConfig, gitlab: GitLab) -> str:
    """Of a branch of this very project; a fork's job would get a token that no role lets in."""
    return (
        f'$CI_PIPELINE_SOURCE == "merge_request_event" && $CI_PROJECT_PATH == "{gitlab.project}" && '
        f'$CI_MERGE_REQUEST_SOURCE_PROJECT_PATH == "{gitlab.project}" && '
        f'$CI_MERGE_REQUEST_TARGET_BRANCH_NAME == "{config.ci.branch}"'
    )


def _tags(config: WorkspaceConfig, gitlab: GitLab) -> str:
    rule = f'$CI_COMMIT_TAG && $CI_PROJECT_PATH == "{gitlab.project}"'
    why = "who may push a tag may not start the other one; the schedule finds the tag as well"
    return _starts(config, gitlab, job=TAG_JOB, rule=rule, when="", needs="[]", why=why)


def _tells(config: WorkspaceConfig, gitlab: GitLab) -> str:
    rule = f'{_of_members(config, gitlab)} && ${TELL_SOON} == "1"'
    why = "who may push a branch may not start the other one; the schedule says it as well"
    when = "      when: always\n"
    return _starts(config, gitlab, job=TELL_JOB, rule=rule, when=when, needs=f"[{PLAN_JOB}]", why=why)


def _starts(config: WorkspaceConfig, gitlab: GitLab, *, rule: str, **said: str) -> str:
    branch, project = json.dumps(config.ci.branch), json.dumps(gitlab.project)
    return _STARTS.format(rule=json.dumps(rule), branch=branch, project=project, **said)


def _job(
    config: WorkspaceConfig,
    library: Library,
    acting: Acting,
    *,
    job: str,
    rule: str,
    queue: str,
    minutes: int,
    run: str = RUN,
    needs: str = _ALONE,
    when: str = "",
    cell: str = "",
    artifacts: str = "",
) -> str:
    gitlab, roles, devops = config.gitlab, config.roles, config.devops
    assert gitlab is not None and roles is not None, "see above"
    name = roles.of_devops(acting)
    return _JOB.format(
        job=job,
        image=json.dumps(gitlab.image),
        rule=json.dumps(rule),
        when=when,
        needs=needs,
        cell=f"MULTI_ENV_LAMBDA_CELL: {json.dumps(cell)}\n    " if cell else "",
        artifacts=artifacts,
        queue=queue,
        minutes=minutes,
        name=name,
        audience=json.dumps(AUDIENCE),
        region=json.dumps(devops.region),
        library=json.dumps(library.address),
        role=json.dumps(f"arn:aws:iam::{devops.account_id}:role/{name}"),
        sha256=json.dumps(library.sha256),
        become=_indented(BECOME),
        install=_indented(INSTALL),
        run=_indented(run),
    )


def _indented(script: str) -> str:
    return "\n".join(f"      {line}" for line in script.splitlines())
