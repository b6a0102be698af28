"""What a build does before the library takes over: lines for the shell of CodeBuild, which are the project's own.

They are not in the repository, so that no change that is judged can change them. Nothing in them comes from an event:
the one variable that a build is started with is read by the library, and never by the shell.

Source: https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html
"""

from __future__ import annotations

import shlex

from multi_env_lambda.model.ci_stack import PYTHON, CiStack
from multi_env_lambda.model.digest import canonical_json

__all__ = ["build_spec"]

_THERE = ("--quiet", "--force", "--detach")


def build_spec(stack: CiStack, *, region: str, branch: str, library: str, sha256: str) -> str:
    """The build spec, as JSON, which is YAML.

    Args:
        branch: the protected branch. Whatever a build was told to check out, the library starts from this one.
        library: where the wheel of this library lies, as ``s3://…``; ``sha256``: of its bytes.
    """
    wheel = library.rpartition("/")[2]
    git = [
        'cd "$CODEBUILD_SRC_DIR"',
        *([f"git clone --quiet -- {shlex.quote(stack.address(region))} ."] if stack.kind == "NO_SOURCE" else []),
        f"git fetch --quiet --no-tags -- origin {shlex.quote(f'+refs/heads/{branch}:refs/remotes/origin/{branch}')}",
        shlex.join(["git", "checkout", *_THERE, f"refs/remotes/origin/{branch}", "--"]),
    ]
    # A shell of its own, which ends at the first line that fails.
    install = [
        "( set -eu",
        'if ! test -x "$library/bin/multi-env-lambda"; then',
        '  new="$(mktemp -d)"',
        f'  {shlex.join(["aws", "s3", "cp", "--only-show-errors", library])} "$new/{wheel}"',
        f'  echo "{sha256}  $new/{wheel}" | sha256sum --check --quiet',
        '  mkdir -p "$(dirname "$library")"',
        '  rm -rf "$library"',
        "  if command -v uv >/dev/null; then",
        '    uv venv --quiet --python python3 "$library"',
        f'    uv pip install --quiet --python "$library" "$new/{wheel}"',
        "  else",
        '    python3 -m venv "$library"',
        f'    "$library/bin/python" -m pip install --quiet --disable-pip-version-check "$new/{wheel}"',
        "  fi",
        '  rm -rf "$new"',
        "fi )",
    ]
    place = f'library="${{XDG_CACHE_HOME:-$HOME/.cache}}/multi_env_lambda/ci/{sha256[:32]}"'
    # -P: what the repository has in its root is no part of the library.
    run = '"$library/bin/python" -P -m multi_env_lambda ci run'
    return canonical_json(
        {
            "version": 0.2,
            "env": {"shell": "bash", "git-credential-helper": "no" if stack.kind == "NO_SOURCE" else "yes"},
            "phases": {
                "install": {"runtime-versions": {"python": PYTHON}},
                "build": {"commands": [place, "\n".join(install), *git, run]},
            },
        }
    )
