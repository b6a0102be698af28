"""Who may do what, as one line of a template says it, and what becomes of such a line."""

from __future__ import annotations

from typing import Literal, assert_never

import attrs

__all__ = ["Right", "RightChange"]

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
    """One statement of a policy, or what comes to the same.

    Texts are as they are written: ``${MainQueue.Arn}`` stands for what CloudFormation fills in, and what cannot be read
    (a condition, a mapping) is its JSON.

    Args:
        holder: the logical id of the resource that says it.
        who: roles, users and principals; of ``public`` nobody is named.
        effect: ``Allow``, ``Deny``, or the JSON of what may become either.
        actions: of ``other words`` the type of the resource.
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
        """Whether this takes a right away for certain; what may be either counts as giving it."""
        return self.effect == "Deny"

    def __str__(self) -> str:
        who, actions, things = ", ".join(self.who), ", ".join(self.actions), ", ".join(self.resources)
        may = {"Allow": "may", "Deny": "must not"}.get(self.effect, f"may or must not ({self.effect})")
        where = f", where {self.condition}" if self.condition else ""
        match self.kind:
            case "permission":
                return f"{who} {may} {actions} on {things}{where}"
            case "trust":
                return f"{who} {may} become {self.holder} ({actions}){where}"
            case "resource policy":
                return f"{who} {may} {actions} on {things} ({self.holder}){where}"
            case "managed policy":
                return f"{who} has the policy {things}"
            case "boundary":
                return f"{who} is bounded by {things}"
            case "public":
                return f"everybody may call {things} ({self.holder})"
            case "role":
                return f"{who} acts as {things}"
            case "other words":
                return f"{self.holder} gives rights in its own words: {actions} {things}"
            case "unread":
                return f"{self.holder}: what {things} allows is not read here"
            case _:
                assert_never(self.kind)


@attrs.frozen(kw_only=True)
class RightChange:
    """What happens to a right. ``before`` is what it is made from, where it became wider, narrower or another;
    a denial that is narrower lets more happen.

    ``alarms`` say what of it is more than ordinary work asks for; then a person has to agree.
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
