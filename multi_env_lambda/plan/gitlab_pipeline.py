"""The pipeline for GitLab: the table in, the text of a file out.

One job, and only in pipelines of the protected branch: its token is the only one that opens a role. Pipelines of a
merge request or another branch run the file of their own commit, and have no job here. That of a tag starts one of the
protected branch, in the name of who has pushed it, and hands over nothing.

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
from multi_env_lambda.model.gitlab import PIPELINE
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.plan.access_trust import AUDIENCE
from multi_env_lambda.plan.github_steps import Library
from multi_env_lambda.plan.github_workflow import END

__all__ = ["BECOME", "BEGIN", "INSTALL", "JOB", "PIPELINE", "RUN", "TAG_JOB", "pipeline"]

BEGIN = "# begin multi-env-lambda: `ci write gitlab` writes what is between this line and the last one of its kind"
JOB = "multi-env-lambda"
TAG_JOB = "multi-env-lambda-tag"
_MINUTES = 55
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

_FILE = """\
{begin}
# Brings what is merged as far as it may go; it looks at what the branch says now, whatever it was started by.
{job}:
  image: {image}
  rules:
    - if: {rule}
  needs: [] # it waits for no other job, and reads nothing that one has left
  inherit:
    default: false # no cache and no script that is meant for others
    variables: false
  resource_group: multi-env-lambda # one at a time, and a job that waits stays
  interruptible: false
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
{tag_job}:
  rules:
    - if: {tag_rule}
  needs: []
  inherit:
    default: false
    variables: false
  allow_failure: true # who may push a tag may not start the other one; the schedule finds the tag as well
  trigger:
    project: {project}
    branch: {branch}
    forward:
      yaml_variables: false
      pipeline_variables: false
{end}
"""


def pipeline(config: WorkspaceConfig, library: Library) -> str:
    """The marked part of the file.

    Raises:
        ConfigurationError: the table has no project at GitLab.
    """
    gitlab, roles, devops = config.gitlab, config.roles, config.devops
    if gitlab is None or roles is None:
        hint = 'for example `gitlab = { project = "acme/units", image = "public.ecr.aws/…@sha256:…" }`'
        raise ConfigurationError("pyproject.toml", "[tool.multi_env_lambda.ci] has no `gitlab`", hint=hint)
    name = roles.of_devops("build")
    rule = (
        f'$CI_COMMIT_BRANCH == "{config.ci.branch}" && $CI_COMMIT_REF_PROTECTED == "true" && '
        f'$CI_PROJECT_PATH == "{gitlab.project}"'
    )
    return _FILE.format(
        begin=BEGIN,
        end=END,
        job=JOB,
        tag_job=TAG_JOB,
        tag_rule=json.dumps(f'$CI_COMMIT_TAG && $CI_PROJECT_PATH == "{gitlab.project}"'),
        project=json.dumps(gitlab.project),
        branch=json.dumps(config.ci.branch),
        image=json.dumps(gitlab.image),
        rule=json.dumps(rule),
        minutes=_MINUTES,
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
