"""The limits for every unit of an environment, whatever its file or its ``stack.py`` says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from multi_env_lambda.model.reading import Table

__all__ = ["Bounding", "Bounds", "read_bounds"]


@attrs.frozen(kw_only=True)
class Bounds:
    """The ``bounds`` table of an environment.

    Args:
        actions: patterns; roles and users of a stack, and those of the account by a resource policy of the stack, may
            be allowed only what matches. None: anything.
        managed_policies: patterns of ARNs. If actions are bounded, no other policy may be attached: what it
            allows is defined elsewhere.
        resource_types: patterns; a stack may consist only of these. None: anything.
        permissions_boundary: a policy, by ARN or name, that every role and user of a stack must have as its boundary.
    """

    actions: tuple[str, ...] | None = None
    managed_policies: tuple[str, ...] = ()
    resource_types: tuple[str, ...] | None = None
    permissions_boundary: str = ""

    def boundary_arn(self, partition: str, account_id: str) -> str:
        """The ARN of the boundary in an account; empty if none is required.

        >>> Bounds(permissions_boundary="unit").boundary_arn("aws", "555555555555")
        'arn:aws:iam::555555555555:policy/unit'
        """
        name = self.permissions_boundary
        return name if not name or name.startswith("arn:") else f"arn:{partition}:iam::{account_id}:policy/{name}"


@attrs.frozen(kw_only=True)
class Bounding:
    """What is known about the bounds of an environment in addition to the work tree's table.

    Args:
        committed: what the committed table says, if that is different.
        texts: files that a message points into, by path; read only if there is something to point at.
    """

    committed: Mapping[str, Bounds] = attrs.field(factory=dict)
    texts: Mapping[str, str] = attrs.field(factory=dict)


def read_bounds(table: Table) -> Bounds | None:
    """The ``bounds`` table inside an environment's ``table``; None if there is none."""
    if not table.has("bounds"):
        return None
    found = table.table("bounds")
    found.allow()
    if not found.values:
        table.refuse("bounds", "the table is empty", hint=f"set one of {', '.join(found.keys)}, or remove the table")
    if found.has("managed_policies") and not found.has("actions"):
        found.refuse("managed_policies", "it requires `actions`", hint="set the allowed actions, too")
    return Bounds(
        actions=found.texts("actions") if found.has("actions") else None,
        managed_policies=found.texts("managed_policies"),
        resource_types=found.texts("resource_types") if found.has("resource_types") else None,
        permissions_boundary=found.named_or("permissions_boundary"),
    )
