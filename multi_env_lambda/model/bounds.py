"""The limits for every unit of an environment, whatever its file or its ``stack.py`` says."""

from __future__ import annotations

import attrs

from multi_env_lambda.model.reading import Rule, Table

__all__ = ["Bounds", "read_bounds"]

_KEYS = ("actions", "managed_policies", "resource_types", "permissions_boundary")

_ACTION = Rule(
    pattern=r"\*|[a-z0-9-]+:[A-Za-z0-9*?]+",
    allowed='an action or a pattern such as "s3:Get*"',
    hint="write the service, a colon and the name of the call; use `*` and `?` as wildcards",
)
_TYPE = Rule(
    pattern=r"\*|[A-Za-z0-9]+::[A-Za-z0-9:*?]+",
    allowed='a CloudFormation resource type or a pattern such as "AWS::Lambda::*"',
    hint="write it as in a template",
)
_POLICY = Rule(
    pattern=r"arn:[a-z-]+:iam::[a-z0-9*?]*:policy/.+",
    allowed='the ARN of a policy or a pattern such as "arn:aws:iam::aws:policy/*ReadOnlyAccess"',
    hint="use `*` and `?` as wildcards",
)
_BOUNDARY = Rule(
    pattern=r"arn:[a-z-]+:iam::([0-9]{12}|aws):policy/[A-Za-z0-9+=,.@_/-]+|[A-Za-z0-9+=,.@_-]{1,128}",
    allowed='the ARN of a policy, or its name such as "unit-boundary"',
    hint="a plain name refers to the environment's own account",
)


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


def read_bounds(table: Table) -> Bounds | None:
    """The ``bounds`` table inside an environment's ``table``; None if there is none."""
    if not table.has("bounds"):
        return None
    found = table.table("bounds")
    found.allow(_KEYS)
    if not found.values:
        table.refuse("bounds", "the table is empty", hint=f"set one of {', '.join(_KEYS)}, or remove the table")
    if found.has("managed_policies") and not found.has("actions"):
        found.refuse("managed_policies", "it requires `actions`", hint="set the allowed actions, too")
    return Bounds(
        actions=found.texts("actions", rule=_ACTION) if found.has("actions") else None,
        managed_policies=found.texts("managed_policies", rule=_POLICY),
        resource_types=found.texts("resource_types", rule=_TYPE) if found.has("resource_types") else None,
        permissions_boundary=found.named_or("permissions_boundary", _BOUNDARY, ""),
    )
