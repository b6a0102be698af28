"""What no unit of an environment may go beyond, whatever its file or its ``stack.py`` says."""

from __future__ import annotations

import attrs

from multi_env_lambda.model.reading import Rule, Table

__all__ = ["Bounds", "read_bounds"]

_KEYS = ("actions", "managed_policies", "resource_types", "permissions_boundary")

_ACTION = Rule(
    pattern=r"\*|[a-z0-9-]+:[A-Za-z0-9*?]+",
    allowed='an action or a pattern such as "s3:Get*"',
    hint="write the service, a colon and the name of the call; `*` and `?` stand for what may differ",
)
_TYPE = Rule(
    pattern=r"\*|[A-Za-z0-9]+::[A-Za-z0-9:*?]+",
    allowed='a type of CloudFormation or a pattern such as "AWS::Lambda::*"',
    hint="write it as in a template",
)
_POLICY = Rule(
    pattern=r"arn:[a-z-]+:iam::[a-z0-9*?]*:policy/.+",
    allowed='the ARN of a policy or a pattern such as "arn:aws:iam::aws:policy/*ReadOnlyAccess"',
    hint="`*` and `?` stand for what may differ",
)
_BOUNDARY = Rule(
    pattern=r"arn:[a-z-]+:iam::([0-9]{12}|aws):policy/[A-Za-z0-9+=,.@_/-]+|[A-Za-z0-9+=,.@_-]{1,128}",
    allowed='the ARN of a policy, or its name such as "unit-boundary"',
    hint="a name is one of the environment's own account",
)


@attrs.frozen(kw_only=True)
class Bounds:
    """The table ``bounds`` of an environment.

    Args:
        actions: patterns; what roles and users of a stack are allowed has to be in them. None: anything.
        managed_policies: patterns of ARNs. Where actions are bounded, no other policy may be attached: what such a
            policy allows is written somewhere else.
        resource_types: patterns; a stack may consist of these only. None: anything.
        permissions_boundary: a policy, by ARN or name, that every role and user of a stack must be bounded by.
    """

    actions: tuple[str, ...] | None = None
    managed_policies: tuple[str, ...] = ()
    resource_types: tuple[str, ...] | None = None
    permissions_boundary: str = ""

    def boundary_arn(self, partition: str, account_id: str) -> str:
        """The ARN of the boundary in an account; empty where none is asked for.

        >>> Bounds(permissions_boundary="unit").boundary_arn("aws", "555555555555")
        'arn:aws:iam::555555555555:policy/unit'
        """
        name = self.permissions_boundary
        return name if not name or name.startswith("arn:") else f"arn:{partition}:iam::{account_id}:policy/{name}"


def read_bounds(table: Table) -> Bounds | None:
    """The table ``bounds`` of an environment's ``table``; None where there is none."""
    if not table.has("bounds"):
        return None
    found = table.table("bounds")
    found.allow(_KEYS)
    if not found.values:
        table.refuse("bounds", "it bounds nothing", hint=f"give one of {', '.join(_KEYS)}, or leave it out")
    if found.has("managed_policies") and not found.has("actions"):
        found.refuse("managed_policies", "it counts with `actions` only", hint="give the actions that are allowed, too")
    return Bounds(
        actions=found.texts("actions", rule=_ACTION) if found.has("actions") else None,
        managed_policies=found.texts("managed_policies", rule=_POLICY),
        resource_types=found.texts("resource_types", rule=_TYPE) if found.has("resource_types") else None,
        permissions_boundary=found.named_or("permissions_boundary", _BOUNDARY, ""),
    )
