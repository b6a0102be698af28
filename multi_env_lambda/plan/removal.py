"""What deleting a unit's stack would do: which resources survive it, and which units still need it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import attrs

from multi_env_lambda.model.digest import digest
from multi_env_lambda.model.release import Release
from multi_env_lambda.model.rules import Bound, asks_of
from multi_env_lambda.model.shown import shown_as_text
from multi_env_lambda.model.visible import one_line
from multi_env_lambda.plan.stateful import body_holds_data

__all__ = ["NAMES", "Removal", "Retained", "changed_since", "kept_by", "lost", "needed_by", "retained"]

_POLICIES = {
    "Retain": "stays",
    "RetainExceptOnCreate": "stays",
    "Snapshot": "leaves a snapshot",
}
NAMES = (
    *("BucketName", "TableName", "QueueName", "TopicName", "LogGroupName", "RepositoryName", "LayerName"),
    *("DBInstanceIdentifier", "DBClusterIdentifier", "FunctionName", "RoleName", "Name"),
)


@attrs.frozen(kw_only=True, order=True)
class Retained:
    """One resource that remains after the stack was deleted; ``name`` is empty if CloudFormation chose it."""

    logical_id: str
    type: str
    fate: str
    name: str = ""

    def __str__(self) -> str:
        return one_line(f"{self.logical_id} ({self.type}{f' {self.name}' if self.name else ''}) {self.fate}")


@shown_as_text
@attrs.frozen(kw_only=True)
class Removal:
    """One unit that is to be deleted from one environment.

    Args:
        project: the name of the unit.
        environment: the name of the environment.
        stack_name: the stack that would be deleted.
        release: the digest of the release that runs; None: there is no record of it.
        version: the version of that release; None: there is no record of it.
        retained: resources that stay when the stack is deleted.
        needed_by: units that still need this one in the environment.
        gone: whether there is nothing to delete.
        lost: resources that hold data and are deleted with the stack.
        keep: logical ids that stay because an earlier deletion failed at them.
        place: account and region, if the table no longer has them.
        rules: the rules that apply to the environment, if they were read; they are not part of the request.
    """

    project: str
    environment: str
    stack_name: str
    release: str | None
    version: str | None
    retained: tuple[Retained, ...] = ()
    needed_by: tuple[str, ...] = ()
    gone: bool = False
    lost: tuple[Retained, ...] = ()
    keep: tuple[str, ...] = ()
    place: str = ""
    rules: Bound | None = attrs.field(default=None, eq=False)

    @property
    def answer(self) -> str:
        """The word that confirms it, among the ``allowed`` of a consent."""
        return f"destroy:{self.project}"

    @property
    def digest(self) -> str:
        """What an approval binds to, this unit at this release, with what stays and which units still need it."""
        return digest({"action": "destroy", **self._said()})

    def text(self) -> str:
        """What is deleted, what stays, and which units still need it, in a line each."""
        where = f"{self.project} in {self.environment}"
        if self.gone:
            return f"{where}: it does not run there"
        what = f"with version {self.version}" if self.version else "(of which there is no record)"
        what += f", in {self.place}, where the table does not say that it is," if self.place else ""
        lines = [f"{where}: stack {self.stack_name} {what} would be deleted"]
        lines += [f"  {item}" for item in self.retained]
        lines += [f"  ! {item}" for item in self.lost]
        needed = f"  ! still needed there by {', '.join(self.needed_by)}"
        return "\n".join([*lines, *([needed] if self.needed_by else [])])

    def to_dict(self) -> dict[str, Any]:
        """The request as a file, which ``approve`` reads like a saved plan."""
        asked = {"verb": "destroy", "target": self.environment, "only": self.project}
        asks = asks_of([] if self.rules is None else [self.rules])
        return {"format": 1, "digest": self.digest, "asked": asked, "removal": self._said(), **asks}

    def _said(self) -> dict[str, Any]:
        said = {name: value for name, value in attrs.asdict(self).items() if name != "rules"}
        return said if self.place else {name: value for name, value in said.items() if name != "place"}


def kept_by(document: Mapping[str, Any]) -> tuple[str, ...]:
    """The logical ids that stay according to a request written by ``to_dict``; 0.1.1 wrote none."""
    removal = document.get("removal")
    keep = removal.get("keep") if isinstance(removal, Mapping) else None
    return tuple(map(str, keep)) if isinstance(keep, list | tuple) else ()


def changed_since(document: Mapping[str, Any], now: Removal) -> str:
    """What a saved request says otherwise than the same request now, with both values; empty if nothing is known.

    Args:
        document: as somebody's file has it, so nothing in it needs to be what it should be.
    """
    removal = document.get("removal")
    then: Mapping[str, Any] = removal if isinstance(removal, Mapping) else {}
    said = now.to_dict()["removal"]
    if then.get("release", said["release"]) != said["release"]:
        return f"{_release(then)} ran there then, and {_release(said)} runs there now"
    for name, word in (("gone", "gone"), ("place", "place"), ("needed_by", "needed by"), ("lost", "lost")):
        before, after = _plain(then.get(name)), _plain(said.get(name))
        if name in then and before != after:
            return f"{word}: {before} then, {after} now"
    return ""


def _release(said: Mapping[str, Any]) -> str:
    return f"{said.get('version')} ({str(said.get('release'))[:12]})" if said.get("release") else "nothing"


def _plain(value: Any) -> str:
    if isinstance(value, list | tuple):
        named = [item.get("logical_id", item) if isinstance(item, Mapping) else item for item in value]
        return ", ".join(map(str, named)) or "nothing"
    words = {"True": "yes", "False": "no", "None": "nothing", "": "as in the table"}
    return words.get(str(value), str(value))


def retained(template: str, keep: Collection[str] = ()) -> tuple[Retained, ...]:
    """The resources of a template that survive its stack. A version is deleted with its function in any case."""
    resources: Mapping[str, Any] = json.loads(template)["Resources"]
    fates = {name: _fate(name, body, keep) for name, body in sorted(resources.items())}
    return tuple(
        Retained(logical_id=name, type=resources[name]["Type"], fate=fate, name=_name(resources[name]))
        for name, fate in fates.items()
        if fate is not None and not _goes_with_its_function(resources[name], resources)
    )


def _fate(name: str, body: Mapping[str, Any], keep: Collection[str]) -> str | None:
    return _POLICIES["Retain"] if name in keep else _POLICIES.get(body.get("DeletionPolicy", "Delete"))


def lost(template: str, keep: Collection[str] = ()) -> tuple[Retained, ...]:
    """The resources of a template that hold data and are deleted with its stack."""
    resources: Mapping[str, Any] = json.loads(template)["Resources"]
    return tuple(
        Retained(logical_id=name, type=body["Type"], fate="is deleted, with its content", name=_name(body))
        for name, body in sorted(resources.items())
        if body_holds_data(body) and _fate(name, body, keep) is None
    )


def _goes_with_its_function(body: Mapping[str, Any], resources: Mapping[str, Any]) -> bool:
    if body["Type"] != "AWS::Lambda::Version":
        return False
    function = body.get("Properties", {}).get("FunctionName")
    name = str(function.get("Ref")) if isinstance(function, dict) else ""
    return name in resources and resources[name].get("DeletionPolicy") not in _POLICIES


def _name(body: Mapping[str, Any]) -> str:
    properties = body.get("Properties", {})
    found = (properties.get(name) for name in NAMES)
    return next((value for value in found if isinstance(value, str)), "")


def needed_by(project: str, running: Iterable[Release]) -> tuple[str, ...]:
    """The units whose running releases need this one."""
    return tuple(sorted({release.project for release in running if project in release.needs} - {project}))
