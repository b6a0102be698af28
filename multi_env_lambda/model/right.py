"""Who may do what, as one statement of a template says it, and how such a statement changes."""

from __future__ import annotations

from typing import Literal, assert_never

import attrs

from multi_env_lambda.model.visible import one_line

__all__ = ["ELSEWHERE", "Right", "RightChange"]

ELSEWHERE = " (defined elsewhere)"
"""Behind the name of a role, user or group that gets a policy of the stack and is not in it."""

Kind = Literal[
    "permission",
    "trust",
    "resource policy",
    "managed policy",
    "boundary",
    "public",
    "role",
    "other words",
    "unread",
]


@attrs.frozen(kw_only=True, order=True)
class Right:
    """One statement of a policy, or its equivalent.

    Texts are as written: ``${MainQueue.Arn}`` is what CloudFormation fills in, and what cannot be read
    (a condition, a mapping) is its JSON.

    Args:
        holder: the logical id of the resource that says it.
        who: roles, users and principals; empty for ``public``.
        effect: ``Allow``, ``Deny``, or the JSON of what may turn out to be either.
        actions: for ``other words`` the type of the resource.
        condition: canonical JSON; empty: none.
    """

    kind: Kind
    holder: str
    who: tuple[str, ...] = ()
    effect: str = "Allow"
    actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    condition: str = ""

    @property
    def denies(self) -> bool:
        """Whether this certainly denies a right; what may be either counts as granting it."""
        return self.effect == "Deny"

    def __str__(self) -> str:
        """One line, whatever is in the template."""
        return one_line(self._said())

    def _said(self) -> str:
        who, things = ", ".join(self.who), ", ".join(self.resources)
        actions = ", ".join(self.actions)
        may = {"Allow": "may", "Deny": "must not"}.get(self.effect, f"may or must not ({self.effect})")
        where = f", where {self.condition}" if self.condition else ""
        match self.kind:
            case "permission":
                return f"{who} {may} {actions or '(no action is named)'} on {things}{where}"
            case "trust":
                return f"{who} {may} become {self.holder} ({actions}){where}"
            case "resource policy":
                return f"{who} {may} {actions} on {things} ({self.holder}){where}"
            case "managed policy":
                return f"{who} has the policy {things}"
            case "boundary":
                return f"{who} has the permissions boundary {things}"
            case "public":
                return f"anyone may call {things} ({self.holder})" + (f": {actions}" if actions else "")
            case "role":
                return f"{who} acts as {things}"
            case "other words":
                return f"{self.holder} grants rights in its own way: {actions} {things}"
            case "unread":
                return f"{self.holder}: what {things} allows is not read here"
            case _:
                assert_never(self.kind)


@attrs.frozen(kw_only=True)
class RightChange:
    """What happens to a right. ``before`` is the old right, if it became wider, narrower or another one; a narrower
    denial allows more.

    ``alarms`` say which part of it goes beyond ordinary work; then a person has to agree.
    """

    change: Literal["added", "removed", "wider", "narrower", "changed"]
    right: Right
    before: Right | None = None
    alarms: tuple[str, ...] = ()

    def __str__(self) -> str:
        match self.change:
            case "added":
                return f"+ {self.right}"
            case "removed":
                return f"- {self.right}"
            case "wider" | "narrower" | "changed":
                word = f"the denial is {self.change}" if self.right.denies else self.change
                return f"~ {word}: {self.right}; was: {self.before}"
            case _:
                assert_never(self.change)
