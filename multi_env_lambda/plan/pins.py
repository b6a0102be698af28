"""Which version of an object in the bucket a stack uses: exactly the one that was compared with the manifest.

S3 gives a version its id only when it is written, so ids are not part of a template or of a release's name. A template
has a parameter for each, and a deploy passes the id that belongs to the bytes that were checked.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-lambda-function-code.html
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from multi_env_lambda.errors import PublishError
from multi_env_lambda.model.versions import ObjectPlace

if TYPE_CHECKING:
    from multi_env_lambda.model.record import ObjectReceipt
    from multi_env_lambda.model.release import Release

__all__ = [
    "LAYER_PIN",
    "SOURCE_PIN",
    "ExpectedCode",
    "code_of",
    "is_pin",
    "logical_ids",
    "pins",
    "places_of",
    "root_pin",
    "unsent",
    "untouched",
]

SOURCE_PIN = "SourceObjectVersion"
LAYER_PIN = "LayerObjectVersion"
_PIN = re.compile(r"(Source([0-9a-f]{8})?|Layer)ObjectVersion|LentLayer[0-9a-f]{12}")


def root_pin(root: str) -> str:
    """The parameter for the code of the functions with this root."""
    return f"Source{hashlib.sha256(root.encode()).hexdigest()[:8]}ObjectVersion"


def is_pin(name: str) -> bool:
    """Whether a parameter of a template is one that a deploy passes."""
    return _PIN.fullmatch(name) is not None


def pins(template: str, release: Release, receipts: Mapping[str, ObjectReceipt]) -> dict[str, str]:
    """The values of a template's parameters; none for one that 0.1.1 rendered.

    Raises:
        PublishError: the bucket keeps no versions.
    """
    keys = {SOURCE_PIN: release.source.wheel_key, **{root_pin(item.root): item.wheel_key for item in release.roots}}
    if release.layer is not None:
        keys[LAYER_PIN] = release.layer.layer_key
    wanted = json.loads(template).get("Parameters", {}).keys() & keys.keys()
    found = {name: receipts[keys[name]].version_id for name in sorted(wanted)}
    for name, version in found.items():
        if version in ("", "null"):
            what = "the bucket keeps no versions of it, so it would be unknown which bytes run"
            raise PublishError(keys[name], what, hint="switch versioning on with the verb `bootstrap`, then run again")
    return found


@attrs.frozen(kw_only=True)
class ExpectedCode:
    """What a template says about one function: whether it runs a wheel of the unit, and has the unit's own layer.

    ``key`` is that wheel's in the bucket.

    ``layers``: the ARNs in their order; empty for the unit's own, None for what only CloudFormation can resolve.
    """

    ours: bool
    layered: bool
    layers: tuple[str | None, ...] | None = None
    key: str = ""

    def has_other_layers(self, arns: Sequence[str], own: str) -> bool:
        """Whether a function with these layer versions got other ones; ``own`` is the name of the unit's layer."""
        if self.layers is None:
            return False
        pairs = zip(self.layers, arns, strict=False)
        known = (
            (arn.split(":")[6:7] == [own] if said == "" else arn == said) for said, arn in pairs if said is not None
        )
        return len(self.layers) != len(arns) or not all(known)


def code_of(template: str) -> dict[str, ExpectedCode]:
    """What a rendered template says about each function, by physical name."""
    resources = json.loads(template)["Resources"]
    layers = {name for name, body in resources.items() if body["Type"] == "AWS::Lambda::LayerVersion"}
    found = {}
    for name, properties in _functions(resources).items():
        said = _layers(properties.get("Layers"), layers)
        layered = said is not None and "" in said
        ours = _is_ours(properties.get("Code"))
        key = properties["Code"]["S3Key"] if ours else ""
        found[name] = ExpectedCode(ours=ours, layered=layered, layers=said, key=key)
    return found


def _layers(said: Any, own: Collection[str]) -> tuple[str | None, ...] | None:
    """As in ``ExpectedCode``; None if there is no list, or only CloudFormation can resolve it.

    CloudFormation ignores what a template does not name: it neither reports it as drift nor corrects it.
    """
    if not isinstance(said, list) or {"Ref": "AWS::NoValue"} in said or any(_may_vanish(item) for item in said):
        return None
    return tuple(
        item if isinstance(item, str) else "" if isinstance(item, dict) and item.get("Ref") in own else None
        for item in said
    )


def _may_vanish(item: Any) -> bool:
    """Whether it may be ``AWS::NoValue`` in the end."""
    return isinstance(item, dict) and "Fn::If" in item


def _is_ours(code: Any) -> bool:
    """Whether the code is a wheel out of ``projects/``; 0.1.1 did not name the version of the object."""
    key = code.get("S3Key") if isinstance(code, dict) else None
    return isinstance(key, str) and key.startswith("projects/") and key.endswith(".whl")


def places_of(template: str, parameters: Mapping[str, str]) -> dict[str, ObjectPlace]:
    """Where the code of each function is stored that runs the unit's own wheel, by physical name."""
    found = {}
    for name, code in _codes(template).items():
        if _is_ours(code):
            version = code.get("S3ObjectVersion", "")
            pin = parameters.get(version.get("Ref", ""), "") if isinstance(version, dict) else version
            found[name] = ObjectPlace(bucket=str(code.get("S3Bucket", "")), key=code["S3Key"], version_id=pin)
    return found


def unsent(template: str, before: str | None) -> tuple[str, ...]:
    """The functions whose code CloudFormation does not send, because the previous template names the same.

    If the previous template is unknown, it may be any of them.
    """
    codes, there = _codes(template), None if before is None else _codes(before)
    return tuple(name for name, code in codes.items() if there is None or there.get(name) == code)


def untouched(template: str, before: str | None) -> tuple[str, ...]:
    """The functions about which both templates say the same, so that CloudFormation does not send them.

    If the previous template is unknown, no function is certain.
    """
    there = {} if before is None else _functions(json.loads(before)["Resources"])
    return tuple(
        name for name, body in _functions(json.loads(template)["Resources"]).items() if there.get(name) == body
    )


def logical_ids(template: str) -> dict[str, str]:
    """The resource of each function that has a name, by that name."""
    resources = json.loads(template)["Resources"].items()
    return {physical: name for name, body in resources for physical in _functions({name: body})}


def _codes(template: str) -> dict[str, Any]:
    """The property ``Code`` of each function that has a name."""
    found = _functions(json.loads(template)["Resources"])
    return {name: properties.get("Code") for name, properties in found.items()}


def _functions(resources: Mapping[str, Any]) -> dict[str, Any]:
    """The properties of each function that has a name, by that name."""
    bodies = (body for body in resources.values() if body["Type"] == "AWS::Lambda::Function")
    found = (body.get("Properties", {}) for body in bodies)
    return {item["FunctionName"]: item for item in found if isinstance(item.get("FunctionName"), str)}
