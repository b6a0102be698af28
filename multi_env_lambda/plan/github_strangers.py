"""The jobs for changes of strangers at GitHub, where the table says ``strangers = "copy"``.

``copy`` runs for the protected branch and leaves the copy of the records, with the library, under a reference of the
repository that is neither a branch nor a tag, so nothing is started by it. ``stranger`` runs for a fork's pull
request, with a token that reads only, no environment and no role: GitHub gives a fork's job nothing else.
What it says is in its log. ``tell`` stands in a file of its own, which is always that of the default branch, and shows
it; no role of AWS lets that file in, nothing is checked out and no cache is used.

Source: https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows#workflow_run
(runs the default branch's file) and
https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#permissions (forks read only)
"""

from __future__ import annotations

import shlex

from multi_env_lambda.model.ci_stack import PYTHON
from multi_env_lambda.model.github import STRANGERS_JOB

__all__ = ["COPY", "COPY_REF", "JOBS", "LIBRARY_OF_COPY", "PREVIEW", "TELL", "TELLING_FILE"]

COPY_REF = "refs/multi-env-lambda/copy"
"""Where the copy is. A push with the token of a job starts no workflow, and this is no branch anyway."""

_TOKEN = """\
export GIT_CONFIG_COUNT=1
export GIT_CONFIG_KEY_0="credential.$GITHUB_SERVER_URL.helper"
export GIT_CONFIG_VALUE_0='!f() { echo username=x-access-token; echo "password=$GITHUB_TOKEN"; }; f'
"""

COPY = f"""\
new="$(mktemp -d)"
"$RUNNER_TEMP/multi-env-lambda/bin/python" -P -m multi_env_lambda ci copy "$new/copy"
{shlex.join(["aws", "s3", "cp", "--only-show-errors"])} "$LIBRARY" "$new/${{LIBRARY##*/}}"
{_TOKEN}\
git -C "$new" init --quiet
git -C "$new" add -f .
git -C "$new" -c user.name=multi-env-lambda -c user.email=multi-env-lambda@localhost commit --quiet --message "The copy"
git -C "$new" push --quiet "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY" +HEAD:{COPY_REF}
rm -rf "$new"
"""

LIBRARY_OF_COPY = f"""\
python=python3
for found in "$RUNNER_TOOL_CACHE"/Python/{PYTHON}.*/*/bin/python3; do
  if test -x "$found"; then python="$found"; fi
done
{_TOKEN}\
new="$RUNNER_TEMP/multi-env-lambda-copy"
git init --quiet "$new"
git -C "$new" fetch --quiet --depth 1 "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY" {COPY_REF}
wheel="$new/${{LIBRARY##*/}}"
for name in copy "${{LIBRARY##*/}}"; do git -C "$new" cat-file blob "FETCH_HEAD:$name" > "$new/$name"; done
echo "$SHA256  $wheel" | sha256sum --check --quiet
"$python" -m venv "$RUNNER_TEMP/multi-env-lambda"
"$RUNNER_TEMP/multi-env-lambda/bin/python" -m pip install --quiet --disable-pip-version-check "$wheel"
"""

PREVIEW = """\
copy="$RUNNER_TEMP/multi-env-lambda-copy/copy"
said="$RUNNER_TEMP/multi-env-lambda-preview"
"$RUNNER_TEMP/multi-env-lambda/bin/python" -P -m multi_env_lambda ci preview "$copy" "$said"
cat "$said"
"""

TELL = """\
"$RUNNER_TEMP/multi-env-lambda/bin/python" -P -m multi_env_lambda ci tell "$GITHUB_EVENT_PATH"
"""

JOBS = f"""
  # Leaves a copy of the records for the job below. It runs no code of a unit, and its role may only read.
  copy:
    needs: look
    if: >-
      !cancelled() && needs.look.result != 'skipped' &&
      github.repository == {{repository}} && github.ref == {{ref}}
    runs-on: {{runner}}
    timeout-minutes: 15
    environment:
      name: {{environment}}
      deployment: false
    permissions:
      contents: write # to leave the copy in the repository, under {COPY_REF}
      id-token: write # to become {{plan_name}}
    concurrency:
      group: multi-env-lambda-copy
    steps:
{{steps_copy}}

  # Plans the change of somebody who may not push. Its token reads, and it has no role: it runs the change's code.
  {STRANGERS_JOB}:
    if: >-
      github.repository == {{repository}} && github.event_name == 'pull_request' &&
      github.event.pull_request.head.repo.id != github.event.repository.id
    runs-on: {{runner}}
    timeout-minutes: 30
    permissions:
      contents: read # the change, and the copy
    steps:
      - name: Check out
        uses: {{checkout}}
        with:
          fetch-depth: 0
          persist-credentials: false
          ref: ${{{{{{{{ github.event.pull_request.head.sha }}}}}}}}
      - name: Take the library and the copy
        shell: bash
        env:
          GITHUB_TOKEN: ${{{{{{{{ github.token }}}}}}}}
          LIBRARY: {{library}}
          SHA256: {{sha256}}
        run: |
{{library_of_copy}}
      - name: Plan
        shell: bash
        run: |
{{preview}}
"""

TELLING_FILE = """\
{begin}
name: multi-env-lambda-strangers

on:
  # Runs this file as the default branch has it. It has no role, checks nothing out, and takes what it reads for a text.
  workflow_run: # zizmor: ignore[dangerous-triggers]
    workflows: [multi-env-lambda]
    types: [completed]

permissions: {{}}

jobs:
  tell:
    if: >-
      github.repository == {repository} && github.event.workflow_run.event == 'pull_request' &&
      github.event.workflow_run.head_repository.id != github.event.repository.id
    runs-on: {runner}
    timeout-minutes: 10
    permissions:
      actions: read # the log of the job
      contents: read # the library, which lies beside the copy
      pull-requests: write # which pull request it is, and its comment
    concurrency:
      # One at a time for each branch of a fork; of those that wait, the newest runs.
      group: ${{{{ github.event.workflow_run.head_repository.id }}}} ${{{{ github.event.workflow_run.head_branch }}}}
    steps:
      - name: Take the library
        shell: bash
        env:
          GITHUB_TOKEN: ${{{{ github.token }}}}
          LIBRARY: {library}
          SHA256: {sha256}
        run: |
{library_of_copy}
      - name: Tell
        shell: bash
        env:
          GITHUB_TOKEN: ${{{{ github.token }}}}
        run: |
{tell}
{end}
"""
