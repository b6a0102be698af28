"""What a build of the pipeline does before the library takes over: the build spec of its project, the same for all.

It is in the template, so that no change that is judged can change it. What differs is in variables, which no shell
reads but in quotes; and of what the library found, three words go on to the next actions.

Source: https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html (``exported-variables``) and
https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodeBuild.html
"""

from __future__ import annotations

import shlex

from multi_env_lambda.model.ci_stack import PYTHON
from multi_env_lambda.model.codepipeline import BRANCH_VARIABLE, FOUND, LIBRARY_VARIABLE, SHA256_VARIABLE

__all__ = ["CHECK_OUT", "INSTALL", "RUN", "SPEC"]

INSTALL = f"""\
library="${{XDG_CACHE_HOME:-$HOME/.cache}}/multi_env_lambda/ci/${SHA256_VARIABLE}"
( set -eu
if ! test -x "$library/bin/multi-env-lambda"; then
  new="$(mktemp -d)"
  wheel="$new/${{{LIBRARY_VARIABLE}##*/}}"
  {shlex.join(["aws", "s3", "cp", "--only-show-errors"])} "${LIBRARY_VARIABLE}" "$wheel"
  echo "${SHA256_VARIABLE}  $wheel" | sha256sum --check --quiet
  mkdir -p "$(dirname "$library")"
  rm -rf "$library"
  if command -v uv >/dev/null; then
    uv venv --quiet --python python3 "$library"
    uv pip install --quiet --python "$library" "$wheel"
  else
    python3 -m venv "$library"
    "$library/bin/python" -m pip install --quiet --disable-pip-version-check "$wheel"
  fi
  rm -rf "$new"
fi )
"""

CHECK_OUT = f"""\
( set -eu
cd "$CODEBUILD_SRC_DIR"
ref="refs/remotes/origin/${BRANCH_VARIABLE}"
git fetch --quiet --no-tags -- origin "+refs/heads/${BRANCH_VARIABLE}:$ref"
{shlex.join(["git", "checkout", "--quiet", "--force", "--detach"])} "$ref" -- )
"""

RUN = f"""\
found="$(mktemp)" &&
cd "$CODEBUILD_SRC_DIR" &&
"$library/bin/python" -P -m multi_env_lambda ci run --codepipeline > "$found" &&
{{ {" && ".join(f"read -r {name}" for name in FOUND)}; }} < "$found" &&
rm -f "$found" &&
export {" ".join(FOUND)}
"""


def _block(script: str) -> str:
    first, *rest = script.splitlines()
    return "\n".join([f"      - |\n        {first}", *(f"        {line}" for line in rest)])


SPEC = f"""\
version: 0.2
env:
  shell: bash
  git-credential-helper: yes
  exported-variables:
{chr(10).join(f"    - {name}" for name in FOUND)}
phases:
  install:
    runtime-versions:
      python: "{PYTHON}"
  build:
    commands:
{_block(INSTALL)}
{_block(CHECK_OUT)}
{_block(RUN)}
"""
