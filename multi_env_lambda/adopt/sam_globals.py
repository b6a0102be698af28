"""``Globals`` of a template of SAM: what all of its functions have, unless they say otherwise."""

from __future__ import annotations

from multi_env_lambda.adopt.document import Node

__all__ = ["with_globals"]

_CONCATENATED = ("Layers", "Policies")


def with_globals(globals_: Node | None, own: Node | None) -> dict[str, Node]:
    """Tables are merged, layers and policies are put together, everything else is replaced, as SAM does."""
    base = dict(globals_.table) if globals_ is not None else {}
    for key, node in own.table.items() if own is not None else ():
        known = base.get(key)
        if known is not None and key in _CONCATENATED:
            base[key] = Node((*known.items, *node.items), node.line, node.file)
        elif known is not None and _is_table(known) and _is_table(node):
            base[key] = _merged(known, node)
        else:
            base[key] = node
    return base


def _is_table(node: Node) -> bool:
    return bool(node.table) and not any(key == "Ref" or key.startswith("Fn::") for key in node.table)


def _merged(base: Node, own: Node) -> Node:
    both = dict(base.table)
    for key, node in own.table.items():
        known = both.get(key)
        both[key] = _merged(known, node) if known is not None and _is_table(known) and _is_table(node) else node
    return Node(both, own.line, own.file)
