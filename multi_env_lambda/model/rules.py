"""The rules of an environment: what the work tree's table says, the strictest that ever applied, and what applies now.

What is committed counts as well: an uncommitted line cannot remove a rule that has not been remembered yet.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

import attrs

from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.model.document import FORMAT, read_document, structure, unknown_keys
from multi_env_lambda.model.record import current_prefix
from multi_env_lambda.model.workspace import WorkspaceConfig

__all__ = ["Bound", "Rules", "asks_of", "remembered", "rules_key", "rules_of"]


@attrs.frozen(kw_only=True)
class Rules:
    """What an environment requires; ``releases_only`` includes ``committed_only``."""

    approval: bool
    releases_only: bool
    committed_only: bool = False
    approvals_by_author: bool

    @property
    def any(self) -> bool:
        """Whether there is any rule; who may approve does not count if no approval is needed."""
        return self.approval or self.releases_only or self.committed_only

    @property
    def strictest(self) -> bool:
        """Whether nothing could be stricter."""
        return self.approval and self.releases_only and not self.approvals_by_author


@attrs.frozen(kw_only=True)
class Bound:
    """One environment and the rules that bind it.

    Args:
        table: what the root table of this work tree says.
        memory: the strictest rules of the past; None if there never was a rule.
        committed: what the root table of the last commit says; None if it does not have the environment, or if table
            and memory are already as strict as possible.
        order: what this work tree's table takes away from the committed order and places of environments.
        etag, unknown: the ETag of their object, and what a newer version wrote into it.
        unreadable: why the memory or the committed table cannot be read; then nothing may be changed.
    """

    environment: str
    table: Rules
    memory: Rules | None = None
    committed: Rules | None = None
    order: tuple[str, ...] = ()
    etag: str = ""
    unknown: tuple[tuple[str, str], ...] = ()
    unreadable: str = ""

    @property
    def rules(self) -> Rules:
        """The strictest of table, memory and committed table, rule by rule."""
        said = [rules for rules in (self.memory, self.committed) if rules is not None and rules.any] + [self.table]
        return Rules(
            approval=any(rules.approval for rules in said),
            releases_only=any(rules.releases_only for rules in said),
            committed_only=any(rules.committed_only for rules in said),
            approvals_by_author=all(rules.approvals_by_author for rules in said),
        )

    @property
    def weaker(self) -> tuple[str, ...]:
        """The rules that are weaker in the work tree's table than they were, or than they are committed."""
        table, rules = attrs.asdict(self.table), attrs.asdict(self.rules)
        return tuple(name for name in table if table[name] != rules[name])

    @property
    def news(self) -> bool:
        """Whether a rule of the table has yet to be remembered."""
        return self.rules.any and self.rules != self.memory

    @property
    def asks(self) -> bool:
        """Whether an approval can make a difference here."""
        return self.needs_approval or bool(self.weaker)

    @property
    def needs_approval(self) -> bool:
        """Whether nothing passes without an approval: by a rule, or because the order is not the committed one."""
        return self.rules.approval or bool(self.order)

    @property
    def may_be_typed(self) -> bool:
        """Whether the name of the environment, typed by the author, is the approval."""
        return self.rules.approval and self.rules.approvals_by_author and not self.order

    def lines(self) -> tuple[str, ...]:
        """What to know before anything is changed there."""
        if self.unreadable:
            return (f"{self.environment}: cannot be changed: {self.unreadable}",)
        table, rules = attrs.asdict(self.table), attrs.asdict(self.rules)
        committed = {} if self.committed is None or not self.committed.any else attrs.asdict(self.committed)
        stricter = [
            f"{self.environment}: {name} = {_word(rules[name])} is "
            f"{'committed' if committed.get(name) == rules[name] else 'remembered'}, "
            f"but this work tree's table says {_word(table[name])}"
            for name in self.weaker
        ]
        who = "an approval" if self.rules.approvals_by_author else "an approval by somebody else"
        needs = f"{self.environment}: this plan needs {who}" if self.needs_approval else ""
        weaker = " and ".join([*(["rules"] if stricter else []), *(["order"] if self.order else [])])
        verb = "apply" if stricter else "applies"
        change = f"{self.environment}: the table's {weaker} {verb} once there is {who} of this plan, as shown here"
        return (*stricter, *self.order, *filter(None, [needs, change if weaker else ""]))

    def to_bytes(self, rules: Rules) -> bytes:
        """The object that stores ``rules`` from now on."""
        news = {name: json.loads(text) for name, text in self.unknown}
        return canonical_json({**news, "format": FORMAT, **attrs.asdict(rules)}).encode("ascii")


def asks_of(bounds: Iterable[Bound]) -> dict[str, list[str]]:
    """What a saved plan says of the environments that ask for an approval; nothing where none does."""
    found = [bound.environment for bound in bounds if bound.asks and not bound.unreadable]
    return {"asks": found} if found else {}


def _word(value: bool) -> str:
    return "true" if value else "false"


def rules_key(environment: str) -> str:
    """The key of the object that stores the strictest rules of an environment."""
    return f"{current_prefix(environment)}.rules.json"


def rules_of(config: WorkspaceConfig, environment: str) -> Rules:
    """What the root table says."""
    place = config.environment(environment)
    return Rules(
        approval=place.approval,
        releases_only=place.releases_only,
        committed_only=place.committed_only,
        approvals_by_author=config.approvals_by_author,
    )


def remembered(table: Bound, body: bytes, etag: str) -> Bound:
    """The same environment with what its object has stored.

    Raises:
        DocumentError, UpgradeNeeded: the object is something else, or from a newer version.
    """
    where, kind = rules_key(table.environment), "the rules of an environment"
    document = read_document(body, where=where, kind=kind)
    memory = structure(Rules, document, where=where, kind=kind)
    return attrs.evolve(table, memory=memory, etag=etag, unknown=unknown_keys(Rules, document))
