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

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.gitlab import PIPELINE, GitLab
from multi_env_lambda.model.roles import Acting
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.plan.access_trust import AUDIENCE
from multi_env_lambda.plan.github_steps import Library
from multi_env_lambda.plan.github_workflow import END

__all__ = [
    "BECOME",
    "BEGIN",
    "INSTALL",
    "JOB",
    "PIPELINE",
    "PLAN_JOB",
    "RUN",
    "TAG_JOB",
    "TELL_JOB",
    "TELL_SOON",
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

RUN = """\
export GIT_CONFIG_COUNT=1
export GIT_CONFIG_KEY_0="credential.$CI_SERVER_URL.helper"
export GIT_CONFIG_VALUE_0='!f() { echo username=gitlab-ci-token; echo "password=$CI_JOB_TOKEN"; }; f'
git remote set-url origin "$CI_PROJECT_URL.git"
"$work/library/bin/python" -P -m multi_env_lambda ci run --gitlab
"""

_MERGED = (
    "# Brings what is merged as far as it may go; it looks at what the branch says now, whatever it was started by."
)
_NOT_MERGED = "# Plans a change of somebody who may push, before the merge. Its role may only read."

_JOB = """\
{job}:
  image: {image}
  rules:
    - if: {rule}
  needs: [] # it waits for no other job, and reads nothing that one has left
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
    MULTI_ENV_LAMBDA_LIBRARY: {library}
    MULTI_ENV_LAMBDA_ROLE: {role}
    MULTI_ENV_LAMBDA_SHA256: {sha256}
  script:
    - |
{become}
    - |
{install}
    - |
{run}
"""

_QUEUE = """\
  resource_group: multi-env-lambda # one at a time, and a job that waits stays
  interruptible: false"""
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
    return _job(config, library, "build", job=JOB, rule=rule, queue=_QUEUE, minutes=_MINUTES)


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
    config: WorkspaceConfig, library: Library, acting: Acting, *, job: str, rule: str, queue: str, minutes: int
) -> str:
    gitlab, roles, devops = config.gitlab, config.roles, config.devops
    assert gitlab is not None and roles is not None, "see above"
    name = roles.of_devops(acting)
    return _JOB.format(
        job=job,
        image=json.dumps(gitlab.image),
        rule=json.dumps(rule),
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
        run=_indented(RUN),
    )


def _indented(script: str) -> str:
    return "\n".join(f"      {line}" for line in script.splitlines())
