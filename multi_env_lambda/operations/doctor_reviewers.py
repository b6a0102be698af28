"""Whether GitHub asks somebody before a job that a review starts: what `doctor` can see of it, and what it cannot."""

from __future__ import annotations

from collections.abc import Mapping

from multi_env_lambda.host.github import PUBLIC
from multi_env_lambda.host.github_api import GitHubApi
from multi_env_lambda.model.finding import State
from multi_env_lambda.model.github import GitHub
from multi_env_lambda.operations.reviewed import PROTECT, unprotected

__all__ = ["TOKENS", "reviewers"]

TOKENS = ("GH_TOKEN", "GITHUB_TOKEN")
"""Variables with a token, as the program `gh` reads them."""


def reviewers(github: GitHub, variables: Mapping[str, str]) -> tuple[State, str, str]:
    """How it is, what was found, and a hint; nothing is asked without a token.

    Raises:
        ToolError: GitHub does not answer, or does not take the token.
    """
    token = next((variables[name] for name in TOKENS if variables.get(name)), "")
    named = " and ".join(f"`{name}`" for name in github.reviewed)
    if not token:
        what = f"GitHub was not asked how its environments {named} are protected"
        return "note", what, f"set GH_TOKEN (`gh auth token` prints one), or look there: {PROTECT}"
    api = variables.get("GITHUB_API_URL") or PUBLIC
    asks = GitHubApi.of({"GITHUB_API_URL": api, "GITHUB_REPOSITORY": github.repository, "GITHUB_TOKEN": token})
    wrong = {name: missing for name in github.reviewed if (missing := unprotected(asks.environment(name)))}
    if wrong:
        what = "; ".join(f"`{name}`: {', '.join(missing)}" for name, missing in wrong.items())
        return "problem", f"GitHub's environments do not protect: {what}", PROTECT
    return "ok", f"GitHub asks a reviewer before {named}", ""
