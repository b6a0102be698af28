"""The pipelines for Bitbucket: the table in, the text of a file out.

One step, after a push to the protected branch and by the schedule, in one deployment environment, deploys: its token is
the only one that opens that role. A pull request has a step without that environment, which becomes the role that may
only read, and says nothing at Bitbucket: it leaves its plan in the bucket, and the other one says it. Pipelines of
another branch or a tag have no step.

A step has no variables of its own, so what differs is exported first, in quotes of the shell. The other scripts are
constants, and no text of Git is in any.

Source: https://support.atlassian.com/bitbucket-cloud/docs/step-options/,
https://support.atlassian.com/bitbucket-cloud/docs/deploy-on-aws-using-bitbucket-pipelines-openid-connect/ and
https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/
"""

from __future__ import annotations

import json
import shlex

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.bitbucket import PIPELINES, PULL_REQUEST
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.plan.github_steps import Library
from multi_env_lambda.plan.github_workflow import END
from multi_env_lambda.plan.gitlab_pipeline import INSTALL

__all__ = ["BECOME", "BEGIN", "PIPELINES", "RUN", "SCHEDULED", "pipelines"]

BEGIN = "# begin multi-env-lambda: `ci write bitbucket` writes what is between this line and the last one of its kind"
SCHEDULED = "multi-env-lambda"
"""The pipeline that the schedule starts."""
_MINUTES, _PLAN_MINUTES = 55, 30
"""Less than the hour that credentials last which the step gets from STS."""

BECOME = """\
set -e
umask 022
work="$(mktemp -d)"
printf '%s' "$BITBUCKET_STEP_OIDC_TOKEN" > "$work/token"
unset BITBUCKET_STEP_OIDC_TOKEN
aws sts assume-role-with-web-identity --role-arn "$MULTI_ENV_LAMBDA_ROLE" \
--role-session-name "bitbucket-$BITBUCKET_BUILD_NUMBER" \
--web-identity-token "file://$work/token" --output text \
--query 'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]' > "$work/keys"
read -r AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN < "$work/keys"
rm -f "$work/token" "$work/keys"
export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
"""

RUN = '"$work/library/bin/python" -P -m multi_env_lambda ci run --bitbucket\n'

_STEP = """\
      - step:
          name: multi-env-lambda
          image: {image}
          oidc: true # to become {name}
{deployment}          max-time: {minutes}
          clone:
            depth: full
          script:
            - {event}
{exports}
            - |
{become}
            - |
{install}
            - |
{run}
"""

_DEPLOYMENT = "          deployment: {} # its tokens name it, and the role compares that; one step at a time\n"

_PLANS = """\
  pull-requests:
    "**": # plans a change of somebody who may push; its role may only read
{plan}
"""

_FILE = """\
{begin}
# Brings what is merged as far as it may go; it looks at what the branch says now, whatever it was started by.
pipelines:
  custom:
    {scheduled}: # for the schedule, on the protected branch
{look}
{plans}  branches:
    {branch}:
{push}
{end}
"""


def pipelines(config: WorkspaceConfig, library: Library) -> str:
    """The marked part of the file.

    Raises:
        ConfigurationError: the table has no repository at Bitbucket.
    """
    if config.bitbucket is None or config.roles is None:
        hint = "the page about Bitbucket says what belongs in `[tool.multi_env_lambda.ci.bitbucket]`"
        raise ConfigurationError("pyproject.toml", "[tool.multi_env_lambda.ci] has no `bitbucket`", hint=hint)
    return _FILE.format(
        begin=BEGIN,
        end=END,
        scheduled=SCHEDULED,
        branch=json.dumps(config.ci.branch),
        look=_step(config, library, "schedule"),
        plans=_PLANS.format(plan=_step(config, library, PULL_REQUEST)) if config.bitbucket.plans else "",
        push=_step(config, library, "push"),
    )


def _step(config: WorkspaceConfig, library: Library, event: str) -> str:
    bitbucket, roles, devops = config.bitbucket, config.roles, config.devops
    assert bitbucket is not None and roles is not None, "see above"
    merged = event != PULL_REQUEST
    name = roles.of_devops("build" if merged else "plan")
    values = {
        "AWS_REGION": devops.region,
        "MULTI_ENV_LAMBDA_LIBRARY": library.address,
        "MULTI_ENV_LAMBDA_ROLE": f"arn:aws:iam::{devops.account_id}:role/{name}",
        "MULTI_ENV_LAMBDA_SHA256": library.sha256,
    }
    exports = (json.dumps(f"export {key}={shlex.quote(value)}") for key, value in values.items())
    return _STEP.format(
        image=json.dumps(bitbucket.image),
        name=name,
        deployment=_DEPLOYMENT.format(json.dumps(bitbucket.deployment)) if merged else "",
        minutes=_MINUTES if merged else _PLAN_MINUTES,
        event=json.dumps(f"export MULTI_ENV_LAMBDA_EVENT={event}"),
        exports="\n".join(f"            - {line}" for line in exports),
        become=_indented(BECOME),
        install=_indented(INSTALL),
        run=_indented(RUN),
    ).rstrip("\n")


def _indented(script: str) -> str:
    return "\n".join(f"              {line}" for line in script.splitlines())
