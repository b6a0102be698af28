"""Writes the files by which another host runs what a build does: ``ci write``."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, assert_never

from multi_env_lambda.building.own_library import dispatcher_zip, wheel
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.host.files import write_atomically
from multi_env_lambda.model.bitbucket import PIPELINES
from multi_env_lambda.model.ci_stack import PYTHON
from multi_env_lambda.model.codepipeline import TEMPLATE
from multi_env_lambda.model.github import TELLING, WORKFLOW
from multi_env_lambda.model.gitlab import PIPELINE
from multi_env_lambda.model.reading import did_you_mean, enumerated
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.operations.ci_file import CI_FILE
from multi_env_lambda.plan.bitbucket_pipeline import pipelines
from multi_env_lambda.plan.codepipeline import template_text
from multi_env_lambda.plan.github_steps import Library
from multi_env_lambda.plan.github_workflow import merged_file, plans_strangers, telling, workflow
from multi_env_lambda.plan.gitlab_pipeline import pipeline

__all__ = ["HOSTS", "write_ci"]

_Host = Literal["codepipeline", "github", "gitlab", "bitbucket"]
HOSTS: Mapping[_Host, str] = {
    "codepipeline": TEMPLATE,
    "github": WORKFLOW,
    "gitlab": PIPELINE,
    "bitbucket": PIPELINES,
}
"""The hosts, and the file of each."""


def write_ci(
    root: Path, config: WorkspaceConfig, host: str, *, really: bool, runtime: str = f"python{PYTHON}"
) -> tuple[str, ...]:
    """Write the file of a host, or say what would change in it; a line for it, nothing where it is as it should be.

    Args:
        runtime: of what runs in Lambda for it.

    Raises:
        ConfigurationError: there is no such host, the table does not mention it, or the file is not one of ours.
    """
    known = next((name for name in HOSTS if name == host), None)
    if known is None:
        what = f"found `{host}`; expected {enumerated(HOSTS)}"
        raise ConfigurationError("host", what, hint=did_you_mean(host, HOSTS, listed=True))
    if not (root / ".git").exists():
        hint = "move it there, or start it from a workflow of your own"
        raise ConfigurationError(HOSTS[known], "the workspace is not at the top of its repository", hint=hint)
    own = wheel()
    library = Library(address=f"s3://{config.devops.bucket}/{own.key}", sha256=own.sha256)
    parts = {HOSTS[known]: _part(root, config, known, library, runtime)}
    if known == "github" and plans_strangers(config):
        parts[TELLING] = telling(config, library)
    # All are read before the first is written: a file that is not ours stops both.
    texts = {where: _text(root / where, where) for where in parts}
    files = {where: merged_file(texts[where], part, where) for where, part in parts.items()}
    return tuple(
        _written(root, where, texts[where], text, really=really)
        for where, text in files.items()
        if text != texts[where]
    )


def _written(root: Path, where: str, there: str | None, text: str, *, really: bool) -> str:
    if really:
        (root / where).parent.mkdir(parents=True, exist_ok=True)
        write_atomically(root / where, text.encode("utf-8"))
    return f"{where}: {_said(there, text, really=really)}"


def _part(root: Path, config: WorkspaceConfig, host: _Host, library: Library, runtime: str) -> str:
    match host:
        case "codepipeline":
            return template_text(config, library, dispatcher_zip().key, runtime=runtime)
        case "github":
            return workflow(config, library, own_decisions=(root / CI_FILE).is_file())
        case "gitlab":
            return pipeline(config, library)
        case "bitbucket":
            return pipelines(config, library)
        case _:
            assert_never(host)


def _text(path: Path, where: str) -> str | None:
    try:
        return path.read_bytes().decode("utf-8") if path.is_file() else None
    except (OSError, UnicodeDecodeError) as error:
        hint = "correct it, or move it away and run `ci write` again"
        raise ConfigurationError(where, f"it cannot be read: {type(error).__name__}", hint=hint) from error


def _said(there: str | None, text: str, *, really: bool) -> str:
    if there is None:
        return "written" if really else "would be written"
    found = difflib.ndiff(there.splitlines(), text.splitlines())
    lines = [line for line in found if line.startswith(("+ ", "- "))]
    return f"{'changed' if really else 'would change'}: {'; '.join(line.strip() for line in lines[:6])}"
