"""Layers: those of the template are shared folders here, and what is known to hold a package is that dependency."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from multi_env_lambda.adopt.cfn_draft import Draft
from multi_env_lambda.adopt.document import Node

__all__ = ["KNOWN", "has_files", "layer_folders", "path_in", "read_layers", "steps_out"]

_PATHS = ("CodeUri", "ContentUri", "DefinitionUri")
_ARN = r"arn:aws:lambda:([a-z0-9-]+|\$\{region\}):([0-9]{12}|\$\{account_id\}):layer:[A-Za-z0-9_-]+:[0-9]+"

KNOWN: Mapping[str, str] = {
    r"layer:AWSLambdaPowertoolsPython.*": "aws-lambda-powertools[all]",
    r"layer:AWSSDKPandas-Python.*": "awswrangler",
    r"layer:Datadog-Python.*": "datadog-lambda",
}
"""Layers of others that hold a package from the index, by the end of their ARN."""


def read_layers(draft: Draft, function: str, node: Node) -> None:
    """``Layers`` of one function."""
    for one in node.items:
        value = draft.values.of(one)
        text = draft.text(value)
        layer = draft.referred(value)
        package = next((known for pattern, known in KNOWN.items() if re.search(pattern, text or str(value))), None)
        if package is not None:
            if package not in draft.packages:
                draft.packages.append(package)
            reason = "the package is locked with the unit's other dependencies"
            draft.changed(function, "Layers", one, f"requirements.txt: {package}", reason)
        elif draft.layers.get(layer) == "":
            reason = "the packages in it are locked with the unit's other dependencies"
            draft.changed(function, f"Layers: {layer}", one, "requirements", reason)
        elif layer in draft.layers:
            reason = "what is in the layer is part of every function's code"
            draft.changed(function, f"Layers: {layer}", one, f"shared: {draft.layers[layer]}", reason)
        elif text is not None and re.fullmatch(_ARN, text):
            draft.tables[draft.functions[function]].setdefault("layers", []).append(text)
            draft.carried(function, "Layers", one, f"layers: {text}")
        elif layer:
            draft.left(
                function, f"Layers: {layer}", one, "the project has no files of this layer: some build makes them"
            )
        elif value is not None:
            draft.left(function, "Layers", one, "a layer here is named by its whole ARN, of one region")


def path_in(at: str, uri: str) -> str | None:
    """A path that a template in the folder ``at`` says, from the top of the project; None if it is outside."""
    found = posixpath.normpath(posixpath.join(at, uri.replace("\\", "/")))
    return None if found.startswith(("..", "/")) else found


def has_files(files: Iterable[str], folder: str) -> bool:
    return folder == "." or any(path.startswith(f"{folder}/") for path in files)


def steps_out(template: Node) -> int:
    """How many folders above the template its code begins: ``../src`` is one."""
    uris = [node.value for one in template.walk() for key, node in one.table.items() if key in _PATHS]
    found = [posixpath.normpath(str(uri).replace("\\", "/")) for uri in uris if "://" not in str(uri)]
    return max((path.split("/").count("..") for path in found), default=0)


def layer_folders(
    resources: Node, values: Any, at: str, files: Collection[str], packages: Collection[str] = ()
) -> dict[str, str]:
    """The folders with modules of the layers of a template, by logical id, relative to the project, if it has them.

    Empty for a layer that has only installed packages; ``packages`` are their files.
    """
    found = {}
    for name, node in resources.table.items():
        if node.text("Type") in ("AWS::Serverless::LayerVersion", "AWS::Lambda::LayerVersion"):
            uri = values.of(node.get("Properties", "ContentUri") or node.get("Properties", "Content"))
            inside = path_in(at, uri) if isinstance(uri, str) and "://" not in uri else None
            if inside is not None:
                path = PurePosixPath(inside)
                is_built = node.get("Metadata", "BuildMethod") is not None
                folder = str(path) if is_built else str(path / "python")
                if has_files(files, folder):
                    found[name] = folder
                elif has_files(packages, folder):
                    found[name] = ""
    return found
