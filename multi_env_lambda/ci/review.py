"""What a reviewer at GitHub reads before she lets a plan be applied, as Markdown: all of it, or nothing.

Foreign texts are code there, so none of them acts or looks like a word of ours.
"""

from __future__ import annotations

from collections.abc import Sequence

from multi_env_lambda.ci.comment import of_plan, table
from multi_env_lambda.ci.markdown import code, size, spelled
from multi_env_lambda.model.plan import Plan

__all__ = ["LARGEST", "page"]

LARGEST = 900_000
"""Characters; GitHub shows at most 1 MiB of what a step says.

Source: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands (job summaries)
"""
_LINE = 5_000


def page(environment: str, digest: str, plan: Plan, lines: Sequence[str]) -> str:
    """The page; empty if it would be too long to be shown as a whole.

    Args:
        lines: the plan as `approve` shows it, with each property that changes.
    """
    comment = of_plan(0, "", plan)
    rights = [f"- {code(line, _LINE)}" for line in comment.rights]
    whole = [spelled(line.rstrip(), _LINE) for line in lines]
    parts = [
        f"### {code(environment, 40)} waits for a review",
        f"Plan {code(digest, 80)}",
        table(comment.rows),
        *(["**Rights that grow**", "\n".join(rights)] if rights else []),
        "\n".join(["```text", *whole, "```"]),
        f"If you approve {code(environment, 40)} in this run, exactly this plan is applied, or nothing.",
    ]
    text = "\n\n".join(parts) + "\n"
    return text if size(text) <= LARGEST and all(len(line) < _LINE // 6 for line in lines) else ""
