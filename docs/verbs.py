"""What the reference says about a verb in addition to its help: the pages with its tasks, and those of its options.

The example of each verb is recorded by ``docs/examples.py``.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

TASKS: dict[str, tuple[str, ...]] = {
    "plan": ("push-to-prod", "permissions"),
    "build": ("lock-dependencies",),
    "publish": ("push-to-prod",),
    "deploy": ("add-a-unit", "watch-your-files", "checks-and-traffic", "when-something-fails"),
    "promote": ("promote-and-approve",),
    "rollback": ("roll-back",),
    "repair": ("put-right-what-was-done-by-hand",),
    "approve": ("promote-and-approve",),
    "freeze": ("freeze",),
    "unfreeze": ("freeze", "roll-back"),
    "status": ("see-where-everything-is",),
    "history": ("see-where-everything-is",),
    "why": ("see-where-everything-is",),
    "diff": ("see-where-everything-is",),
    "drift": ("put-right-what-was-done-by-hand",),
    "open": ("see-where-everything-is",),
    "outputs": ("own-resources", "answer-http-requests"),
    "board": ("see-where-everything-is",),
    "shell": ("use-another-tool",),
    "invoke": ("sample-events",),
    "event": ("sample-events",),
    "logs": ("read-the-logs",),
    "test": ("test-your-own",),
    "lock": ("lock-dependencies",),
    "new": ("add-a-unit",),
    "adopt": ("adopt", "move-in"),
    "init": ("another-repository",),
    "bootstrap": ("real-accounts", "roles"),
    "doctor": ("real-accounts",),
    "explain": ("when-something-fails",),
    "schema": (),
    "permissions": ("roles", "real-accounts"),
    "destroy": ("remove-and-prune", "environments"),
    "prune": ("remove-and-prune",),
    "ci": ("push-to-prod", "github-actions", "gitlab", "bitbucket", "codepipeline"),
    "local": ("test-your-own",),
    "demo": (),
}
"""Verb -> how-to pages."""

OPTIONS: dict[str, str] = {
    "--agree": "02-How-To/promote-and-approve",
    "--all": "02-How-To/see-where-everything-is",
    "--confirm": "02-How-To/remove-and-prune",
    "--flat": "02-How-To/a-folder-of-functions",
    "--follow": "02-How-To/read-the-logs",
    "--from": "02-How-To/promote-and-approve",
    "--here": "02-How-To/sample-events",
    "--local": "03-Concepts/local-cloud",
    "--out": "02-How-To/promote-and-approve",
    "--plan": "02-How-To/promote-and-approve",
    "--profile": "02-How-To/real-accounts",
    "--retain": "02-How-To/remove-and-prune",
    "--set": "02-How-To/sample-events",
    "--skip-order": "02-How-To/promote-and-approve",
    "--upgrade": "02-How-To/upgrade",
    "--watch": "02-How-To/watch-your-files",
    "--wait": "02-How-To/two-people-at-once",
}
"""Option -> the page that shows what it is for."""

OF_ONE_VERB: dict[tuple[str, str], str] = {
    ("lock", "--upgrade"): "02-How-To/lock-dependencies",
    ("rollback", "--force"): "02-How-To/put-right-what-was-done-by-hand",
    ("rollback", "--to"): "02-How-To/roll-back",
    ("invoke", "--event"): "02-How-To/sample-events",
    ("history", "--before"): "02-How-To/see-where-everything-is",
}
"""Options that mean something else with other verbs."""


def more(verb: str, options: Iterable[str], example: str) -> str:
    """What follows the help of a verb."""
    parts = []
    if example:
        parts.append(f"Example::\n\n{textwrap.indent(example, '    ')}\n")
    if tasks := TASKS.get(verb):
        parts.append(f"How to use it: {', '.join(f':doc:`../02-How-To/{page}`' for page in tasks)}.\n")
    if links := list(dict.fromkeys(filter(None, (_link(verb, option) for option in options)))):
        parts.append(f"Options: {'; '.join(links)}.\n")
    return "".join(f"\n{part}" for part in parts)


def _link(verb: str, option: str) -> str:
    page = OF_ONE_VERB.get((verb, option)) or OPTIONS.get(option, "")
    return f"``{option}``: :doc:`../{page}`" if page else ""
