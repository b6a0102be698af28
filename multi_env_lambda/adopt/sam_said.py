"""What no reader has said anything about is said here: nothing of a template is lost in silence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from multi_env_lambda.adopt.cfn_draft import Draft
from multi_env_lambda.adopt.document import Node
from multi_env_lambda.adopt.found import Finding

__all__ = ["say_parts", "say_the_rest"]

_HELD_ANYWAY: Mapping[str, tuple[Any, ...]] = {
    "AutoPublishAlias": ("live",),
    "DeploymentPreference": ({"Type": "AllAtOnce"},),
    "Description": ("",),
    "LoggingConfig": ({"LogFormat": "Text"},),
    "PackageType": ("Zip",),
    "SnapStart": ({"ApplyOn": "None"},),
    "Tracing": ("PassThrough", "Disabled"),
    "TracingConfig": ({"Mode": "PassThrough"},),
}
"""What a function has here, too, if nothing is said."""

_NOT_HERE = "it has no counterpart: write it in stack.py"
_NOT_UNDERSTOOD = "it is not understood: write it in stack.py"
_GLOBALS = ("Function", "Api", "HttpApi")


def say_parts(draft: Draft, function: str, what: str, node: Node, known: Iterable[str]) -> None:
    """The entries of a table that its reader does not know."""
    for key, found in node.table.items():
        if key not in known:
            draft.left(function, f"{what}: {key}", found, _NOT_HERE)


def say_the_rest(
    draft: Draft, template: Node, functions: Mapping[str, Mapping[str, Node]], resources: Mapping[str, Node]
) -> None:
    """``resources`` are those that this environment has."""
    for name, properties in functions.items():
        for key, node in properties.items():
            about = [one for one in draft.findings if one.function == name]
            is_lost = key == "Environment" and any(one.what.startswith("variable ") for one in about)
            if not is_lost and not _is_said(node, about):
                _property(draft, name, key, node, "Role" in properties)
    for name, node in (template.get("Resources") or template).table.items():
        if node.text("Type") is not None and not name.startswith("Fn::"):
            _resource(draft, name, node, resources)
    for key, node in (template.get("Globals") or Node({}, 1, "")).table.items():
        if key not in _GLOBALS:
            draft.left("", f"Globals.{key}", node, _NOT_HERE)
    if (outputs := template.get("Outputs")) is not None and outputs.table:
        reason = "it shows the names, ARNs and URLs of all that the unit made"
        draft.changed("", "Outputs", outputs, "the verb `outputs`", reason)


def _is_said(node: Node, findings: Iterable[Finding]) -> bool:
    lines = {one.line for one in node.walk()}
    return any(one.place.line in lines and one.place.file == node.file for one in findings)


def _property(draft: Draft, function: str, key: str, node: Node, has_role: bool) -> None:
    value = draft.values.of(node)
    if value in (None, {}, []):
        return
    if value in _HELD_ANYWAY.get(key, ()):
        draft.carried(function, key, node, "what holds here anyway")
    elif key == "Policies" and has_role:
        draft.left(function, key, node, "SAM does not use it for a function that has a role")
    else:
        draft.left(function, key, node, _NOT_UNDERSTOOD)


def _resource(draft: Draft, name: str, node: Node, resources: Mapping[str, Node]) -> None:
    kind = str(node.text("Type"))
    what = f"{name} ({kind})"
    if name not in resources:
        reason = f"its condition `{node.text('Condition')}` does not hold in {draft.environment}"
        draft.changed("", what, node, "nothing", reason)
    elif name in draft.functions or _is_said(node, draft.findings):
        return
    elif name in draft.layers:
        draft.carried("", what, node, f"shared: {draft.layers[name]}" if draft.layers[name] else "requirements")
    elif name in draft.apis:
        draft.carried("", what, node, "the API of the unit")
    elif name in draft.aliases:
        draft.carried("", what, node, "the alias `live`")
    elif kind in ("AWS::Lambda::Version", "AWS::Lambda::LayerVersionPermission"):
        draft.left("", what, node, "versions are published by the deploy")
    elif name in draft.roles:
        draft.carried("", what, node, "the role that the unit makes for each function")
    else:
        draft.left(
            "", what, node, "its code is outside of the project, or in a bucket" if "Layer" in kind else _NOT_HERE
        )
