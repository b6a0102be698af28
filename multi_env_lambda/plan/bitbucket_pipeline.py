"""The pipelines for Bitbucket: the table in, the text of a file out.

One step, after a push to the protected branch and by the schedule, in one deployment environment: its token is the only
one that opens a role. Pipelines of another branch, a tag or a pull request have no such step.

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
from multi_env_lambda.model.bitbucket import PIPELINES
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.plan.github_steps import Library
from multi_env_lambda.plan.github_workflow import END
from multi_env_lambda.plan.gitlab_pipeline import INSTALL

__all__ = ["BECOME", "BEGIN", "PIPELINES", "RUN", "SCHEDULED", "pipelines"]

BEGIN = "# begin multi-env-lambda: `ci write bitbucket` writes what is between this line and the last one of its kind"
SCHEDULED = "multi-env-lambda"
"""The pipeline that the schedule starts."""
_MINUTES = 55
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
          deployment: {deployment} # its tokens name it, and the role compares that; one step at a time
          max-time: {minutes}
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

_FILE = """\
{begin}
# Brings what is merged as far as it may go; it looks at what the branch says now, whatever it was started by.
pipelines:
  custom:
    {scheduled}: # for the schedule, on the protected branch
{look}
  branches:
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
        push=_step(config, library, "push"),
    )


def _step(config: WorkspaceConfig, library: Library, event: str) -> str:
    bitbucket, roles, devops = config.bitbucket, config.roles, config.devops
    assert bitbucket is not None and roles is not None, "see above"
    name = roles.of_devops("build")
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
        deployment=json.dumps(bitbucket.deployment),
        minutes=_MINUTES,
        event=json.dumps(f"export MULTI_ENV_LAMBDA_EVENT={event}"),
        exports="\n".join(f"            - {line}" for line in exports),
        become=_indented(BECOME),
        install=_indented(INSTALL),
        run=_indented(RUN),
    ).rstrip("\n")


def _indented(script: str) -> str:
    return "\n".join(f"              {line}" for line in script.splitlines())
