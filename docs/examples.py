"""Record an example of each verb: what a new repository with one unit prints on the local cloud.

``python docs/examples.py`` runs them in their order and writes ``docs/examples.json``; the reference shows it, and a
test runs them again and compares.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

FILE = Path(__file__).parent / "examples.json"
PREPARED = "!"
"""Before a step that the reader does not see."""

_TABLE = "[[tool.multi_env_lambda.environments]]"
TEST_BEFORE_PROD = rf'0,/^name = .prod./s//name = "test"\naccount_id = "444444444444"\n\n{_TABLE}\n&/'
_ACME = 'repository = "acme/units", owner_id = 123456, repository_id = 456789'
_GRACE = 'approvers = ["arn:aws:iam::111111111111:user/grace"]'
GITHUB = rf"$ a [tool.multi_env_lambda.roles]\n{_GRACE}\n[tool.multi_env_lambda.ci]\ngithub = {{ {_ACME} }}"

STEPS = (
    "init",
    "new billing",
    "!git add -A",
    "!git commit -qm billing",
    f"!sed -i {shlex.quote(TEST_BEFORE_PROD)} pyproject.toml",
    "!local up",
    "plan",
    "build billing",
    "publish billing",
    "deploy billing sandbox --yes",
    "promote billing test --yes",
    'invoke billing main sandbox --payload \'{"name": "Ada"}\'',
    "logs billing sandbox",
    "status",
    "why billing sandbox",
    "open billing sandbox",
    "outputs billing sandbox",
    "diff billing sandbox test",
    "drift billing sandbox",
    "history billing sandbox",
    "board",
    "shell sandbox -- printenv AWS_REGION",
    "event sqs",
    "test billing",
    "lock billing",
    "!sed -i s/hello/welcome/ projects/billing/billing/main.py projects/billing/tests/test_billing.py",
    "!sed -i s/hello/welcome/ projects/billing/pyproject.toml",
    "!git add -A",
    "!git commit -qm welcome",
    "!deploy billing sandbox --yes",
    "rollback billing sandbox --yes --reason 'wrong greeting'",
    "repair billing sandbox --yes",
    "unfreeze billing sandbox",
    "freeze billing sandbox --reason 'inventory until Monday'",
    "bootstrap",
    "doctor",
    "explain Busy",
    "schema unit | head -4",
    "permissions sandbox | head -12",
    "!promote billing prod --out plan.json",
    "approve plan.json",
    "prune",
    "destroy billing test --yes --confirm billing",
    "local status",
    f"!sed -i {shlex.quote(GITHUB)} pyproject.toml",
    "ci write github",
)
"""In an order in which each has something to show; a pipe cuts what is long."""

OF_THE_MACHINE = (
    (r"\b3\.\d+\.\d+ at /\S+$", "3.11.7 at /home/ada/acme/.venv/bin/python"),
    (r"/\S+/uv$", "/home/ada/acme/.venv/bin/uv"),
    (r"/\S+/(git|python3\.\d+)$", r"/usr/bin/\1"),
    (
        r"!( +landlock +)none .*\n +hint: .*$",
        r"✓\1version 7; code of units sees neither this user's files nor the network",
    ),
    (r"( landlock +)version \d+;", r"\1version 7;"),
)
"""What ``doctor`` says of the machine, where its programs lie for example -> what is recorded on every machine."""

VARIES = (
    (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]+", "UUID"),
    (r"\b[0-9a-f]{7,64}\b", "DIGEST"),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?Z?", "TIME"),
    (r"\b\d+(\.\d+)? ?(ms|s|m|min|h|kB|MB|KB|bytes)\b", "AMOUNT"),
    (r"\(process \d+\)", "(process NUMBER)"),
    (r":\d{4,5}\b", ":PORT"),
    (r"\n[^\n]*(deploy: [A-Z_]+|retrying for up to)[^\n]*", ""),
    (r" +", " "),
)
"""What differs from one run to the next -> what a comparison has in its place. Which states of a stack are seen on
the way is chance."""


def recorded(folder: Path) -> dict[str, str]:
    """Verb -> the command and all that it prints in a new repository in this empty folder."""
    environment = _repository(folder)
    found: dict[str, str] = {}
    try:
        for step in STEPS:
            shown = step.removeprefix(PREPARED)
            done = _run(shown, folder, environment)
            if not step.startswith(PREPARED):
                found[shown.split()[0]] = f"$ multi-env-lambda {shown}\n{anywhere(done, folder).rstrip()}"
    finally:
        _run("local down", folder, environment)
    return found


def anywhere(text: str, folder: Path) -> str:
    """What a command prints, as it is on every machine, with ``folder`` as it might be called at the reader's."""
    text = text.replace(os.fspath(folder), "/home/ada/acme")
    for pattern, neutral in OF_THE_MACHINE:
        text = re.sub(pattern, neutral, text, flags=re.MULTILINE)
    return text


def _run(step: str, folder: Path, environment: dict[str, str]) -> str:
    command, _, pipe = step.partition(" | ")
    words = shlex.split(command)
    own = [] if words[0] in ("git", "sed") else [sys.executable, "-m", "multi_env_lambda"]
    done = subprocess.run(
        [*own, *words], cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    return "\n".join(lines[: int(pipe.rpartition("-")[2])] if pipe else lines)


def compared(text: str) -> str:
    for pattern, name in VARIES:
        text = re.sub(pattern, name, text)
    return text


def _repository(folder: Path) -> dict[str, str]:
    """An empty repository there, and the environment variables for what runs in it."""
    who = {"NAME": "Ada", "EMAIL": "ada@example.com", "DATE": "2026-11-02T09:00:00Z"}
    of_git = {f"GIT_{role}_{key}": text for role in ("AUTHOR", "COMMITTER") for key, text in who.items()}
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=folder, check=True)
    users = {name: value for name, value in os.environ.items() if name != "MULTI_ENV_LAMBDA_LOCAL_STRICT"}
    return {**users, **of_git, "MULTI_ENV_LAMBDA_LOCAL": "1", "COLUMNS": "160"}


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        found = recorded(Path(folder))
    FILE.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
