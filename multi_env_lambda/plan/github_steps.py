"""What the jobs of the workflow for GitHub share: the actions of others, the library, and how texts are written.

No script has an expression of GitHub in it, and none depends on the table: what differs is in ``env``.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping

import attrs

from multi_env_lambda.model.ci_stack import PYTHON
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.plan.access_trust import AUDIENCE

__all__ = [
    "ACTIONS",
    "GIT",
    "INSTALL",
    "MINUTES",
    "PROGRAM",
    "RUNNER",
    "Library",
    "becoming",
    "indented",
    "literal",
    "outputs",
    "pinned",
    "quoted",
    "rights",
    "steps",
]

ACTIONS = {
    "actions/checkout": ("3d3c42e5aac5ba805825da76410c181273ba90b1", "v7.0.1"),
    "aws-actions/configure-aws-credentials": ("e6de054238d6b7531b4efff3b6587d9aade6a06c", "v6.2.3"),
}
"""The only actions of others, by the commit that the tag named when it was looked at."""

RUNNER = "ubuntu-24.04"
MINUTES = 55
"""Less than the hour that credentials last which GitHub's job gets from STS."""

INSTALL = f"""\
python=python3
for found in "$RUNNER_TOOL_CACHE"/Python/{PYTHON}.*/*/bin/python3; do
  if test -x "$found"; then python="$found"; fi
done
new="$(mktemp -d)"
wheel="$new/${{LIBRARY##*/}}"
{shlex.join(["aws", "s3", "cp", "--only-show-errors"])} "$LIBRARY" "$wheel"
echo "$SHA256  $wheel" | sha256sum --check --quiet
"$python" -m venv "$RUNNER_TEMP/multi-env-lambda"
"$RUNNER_TEMP/multi-env-lambda/bin/python" -m pip install --quiet --disable-pip-version-check "$wheel"
rm -rf "$new"
"""

PROGRAM = '"$RUNNER_TEMP/multi-env-lambda/bin/python" -P -m multi_env_lambda'

GIT = """\
export GIT_CONFIG_COUNT=1
export GIT_CONFIG_KEY_0="credential.$GITHUB_SERVER_URL.helper"
export GIT_CONFIG_VALUE_0='!f() { echo username=x-access-token; echo "password=$GITHUB_TOKEN"; }; f'
"""
"""Git asks with the token of the job, which stands in no file."""

_CHECK_OUT = """\
      - name: Check out
        uses: {checkout}
        with:
          fetch-depth: 0
          persist-credentials: false
"""

_STEPS = """\
      - name: Become {name}
        uses: {credentials}
        with:
          allowed-account-ids: {account}
          audience: {audience}
          aws-region: {region}
          role-session-name: github-${{{{ github.run_id }}}}-${{{{ github.run_attempt }}}}
          role-to-assume: {role}
      - name: Install the library
        shell: bash
        env:
          LIBRARY: {library}
          SHA256: {sha256}
        run: |
{install}
      - name: {does}{id}
        shell: bash
        env:
          GITHUB_TOKEN: ${{{{ github.token }}}}{more}
        run: |
{run}"""


@attrs.frozen(kw_only=True)
class Library:
    """The wheel that a job installs: where it lies, as ``s3://…``, and the digest of its bytes."""

    address: str
    sha256: str


_RIGHTS = """\
      actions: read # whether another run has ended
      contents: read # the repository
      id-token: write # to become {role}
      pull-requests: write # the comment that follows a change until it runs everywhere
      statuses: write # how a commit stands"""


def rights(role: str) -> str:
    """What the token of a job may do that acts for what is merged, in each of the jobs that do."""
    return _RIGHTS.format(role=role)


def outputs(names: tuple[str, ...]) -> str:
    """What a job that runs leaves for others, such as by environment the digest of the plan that waits."""
    lines = [f"\n      {name}: ${{{{ steps.run.outputs.{name} }}}}" for name in names]
    return "\n    outputs:" + "".join(lines) if lines else ""


def steps(
    config: WorkspaceConfig,
    role: str,
    library: Library,
    *,
    does: str,
    script: str,
    env: Mapping[str, str] | None = None,
    leaves: bool = False,
    checks_out: bool = True,
) -> str:
    """The steps of a job that does one thing with the library, as a role.

    Args:
        env: what its script gets besides the token; as YAML. leaves: whether it has outputs.
    """
    more = "".join(f"\n          {name}: {text}" for name, text in sorted((env or {}).items()))
    first = _CHECK_OUT.format(checkout=pinned("actions/checkout")) if checks_out else ""
    return first + _STEPS.format(
        name=role,
        library=quoted(library.address),
        sha256=quoted(library.sha256),
        install=indented(INSTALL),
        does=does,
        id="\n        id: run" if leaves else "",
        more=more,
        run=indented(script),
        **becoming(config, role),
    )


def becoming(config: WorkspaceConfig, role: str) -> dict[str, str]:
    """What a step says that gets the credentials of a role."""
    devops = config.devops
    return {
        "account": quoted(devops.account_id),
        "audience": quoted(AUDIENCE),
        "credentials": pinned("aws-actions/configure-aws-credentials"),
        "region": quoted(devops.region),
        "role": quoted(f"arn:aws:iam::{devops.account_id}:role/{role}"),
    }


def pinned(action: str) -> str:
    commit, version = ACTIONS[action]
    return f"{action}@{commit} # {version}"


def quoted(text: str) -> str:
    """A text of YAML, which takes what JSON writes."""
    return json.dumps(text)


def literal(text: str) -> str:
    """A text in an expression of GitHub.

    Source: https://docs.github.com/en/actions/reference/workflows-and-actions/expressions (literals)
    """
    return "'" + text.replace("'", "''") + "'"


def indented(script: str) -> str:
    return "\n".join(f"          {line}".rstrip() for line in script.splitlines())
