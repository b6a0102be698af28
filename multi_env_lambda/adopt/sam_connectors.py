"""Connectors of SAM: what a function may do with another resource of the template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from multi_env_lambda.adopt.cfn_draft import Draft
from multi_env_lambda.adopt.document import Node

__all__ = ["connect"]

_WORDS = {"Read": "read", "Write": "write"}


def connect(draft: Draft, name: str, node: Node) -> None:
    """From a function to a resource that has a table of ours, or to another function; everything else is said."""
    properties = draft.values.of(node.get("Properties")) or {}
    source, permissions = _id(properties.get("Source")), properties.get("Permissions", [])
    targets = properties.get("Destination")
    for target in targets if isinstance(targets, list) else [targets]:
        own, called = draft.own.get(_id(target)), draft.functions.get(_id(target))
        what = f"{name} (AWS::Serverless::Connector)"
        if source in draft.functions and (own is not None or called is not None) and set(permissions) <= set(_WORDS):
            word = own.key if own is not None else str(called)
            wanted = ["invoke"] if own is None else [_WORDS[one] for one in permissions]
            for one in wanted:
                draft.append(source, one, word)
            draft.carried(source, what, node, ", ".join(f'{one} = ["{word}"]' for one in wanted))
        else:
            draft.left(source, what, node, "write what it allows as `policies` of the function")


def _id(value: Any) -> str:
    return str(value.get("Id", "")) if isinstance(value, Mapping) else ""
