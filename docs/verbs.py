"""What the reference says about a verb in addition to its help: the pages with its tasks, and those of its options.

The example of each verb is recorded by ``docs/examples.py``.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

TASKS: dict[str, tuple[str, ...]] = {
    "plan": ("promote-and-approve", "push-to-prod", "permissions"),
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
    "--apply": "02-How-To/remove-and-prune",
    "--architecture": "02-How-To/add-a-unit",
    "--approve": "02-How-To/adopt",
    "--browser": "02-How-To/see-where-everything-is",
    "--confirm": "02-How-To/remove-and-prune",
    "--drift": "02-How-To/see-where-everything-is",
    "--environment": "02-How-To/adopt",
    "--files": "02-How-To/roles",
    "--filter": "02-How-To/read-the-logs",
    "--flat": "02-How-To/a-folder-of-functions",
    "--follow": "02-How-To/read-the-logs",
    "--force": "02-How-To/promote-and-approve",
    "--from": "02-How-To/promote-and-approve",
    "--here": "02-How-To/sample-events",
    "--json": "04-Reference/machine-formats",
    "--limit": "02-How-To/see-where-everything-is",
    "--local": "03-Concepts/local-cloud",
    "--only": "02-How-To/promote-and-approve",
    "--out": "02-How-To/promote-and-approve",
    "--payload": "02-How-To/sample-events",
    "--plan": "02-How-To/promote-and-approve",
    "--profile": "02-How-To/real-accounts",
    "--reason": "02-How-To/see-where-everything-is",
    "--remove": "02-How-To/roles",
    "--retain": "02-How-To/remove-and-prune",
    "--runtime": "02-How-To/add-a-unit",
    "--set": "02-How-To/sample-events",
    "--since": "02-How-To/read-the-logs",
    "--skip-order": "02-How-To/promote-and-approve",
    "--stack": "02-How-To/adopt",
    "--template": "02-How-To/roles",
    "--to": "02-How-To/promote-and-approve",
    "--unit": "02-How-To/adopt",
    "--until": "02-How-To/freeze",
    "--upgrade": "02-How-To/upgrade",
    "--wait": "02-How-To/two-people-at-once",
    "--watch": "02-How-To/watch-your-files",
}
"""Option -> the page that shows what it is for."""

OF_ONE_VERB: dict[tuple[str, str], str] = {
    ("lock", "--upgrade"): "02-How-To/lock-dependencies",
    ("rollback", "--force"): "02-How-To/put-right-what-was-done-by-hand",
    ("rollback", "--to"): "02-How-To/roll-back",
    ("rollback", "--reason"): "02-How-To/roll-back",
    ("repair", "--reason"): "02-How-To/put-right-what-was-done-by-hand",
    ("freeze", "--reason"): "02-How-To/freeze",
    ("destroy", "--reason"): "02-How-To/remove-and-prune",
    ("destroy", "--force"): "02-How-To/remove-and-prune",
    ("promote", "--reason"): "02-How-To/promote-and-approve",
    ("prune", "--only"): "02-How-To/remove-and-prune",
    ("adopt", "--set"): "02-How-To/adopt",
    ("adopt", "--plan"): "02-How-To/adopt",
    ("board", "--out"): "02-How-To/see-where-everything-is",
    ("invoke", "--event"): "02-How-To/sample-events",
    ("history", "--before"): "02-How-To/see-where-everything-is",
}
"""Options that mean something else with other verbs, or have a better page for one."""

CODES: dict[str, str] = {
    "plan": "1 if something is blocked, whatever blocks it; 0 if there is nothing to do",
    "drift": "1 if something was changed or deleted manually, 7 if a stack could not be compared",
    "doctor": "1 if one of its lines is a problem",
    "permissions": "1 if a unit could not be read",
    "invoke": "13 if the function raises an error, or the run of a job fails",
    "shell": "that of the program",
    "prune": "1 if ``--apply`` left something that it could not judge",
    "ci": "1 if something failed; waiting for an approval is 0",
}
"""Verb -> which exit codes mean something of its own."""


def more(verb: str, options: Iterable[str], example: str) -> str:
    """What follows the help of a verb."""
    parts = []
    if example:
        parts.append(f"Example::\n\n{textwrap.indent(example, '    ')}\n")
    if tasks := TASKS.get(verb):
        parts.append(f"How to use it: {', '.join(f':doc:`../02-How-To/{page}`' for page in tasks)}.\n")
    if links := links_of(verb, options):
        parts.append(f"Options: {'; '.join(links)}.\n")
    own = f": {CODES[verb]}; otherwise" if verb in CODES else ":"
    parts.append(f"Exit code{own} 0, or that of the error (:doc:`exit-codes`).\n")
    return "".join(f"\n{part}" for part in parts)


def links_of(verb: str, options: Iterable[str]) -> list[str]:
    """Each page once, after the options that it is about."""
    found: dict[str, list[str]] = {}
    for option in options:
        if page := OF_ONE_VERB.get((verb, option)) or OPTIONS.get(option):
            found.setdefault(page, []).append(f"``{option}``")
    return [f"{', '.join(names)}: :doc:`../{page}`" for page, names in found.items()]
