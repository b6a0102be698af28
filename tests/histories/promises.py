"""What is promised whatever happens, told from the bucket and the accounts as they are, past all code that is tested.

Of the library only keys and the shapes of its documents are known here.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

import attrs

__all__ = ["Place", "Snapshot", "Stack", "Table", "broken_references", "changed_objects", "lost", "past_of", "wrong"]

Place = tuple[str, str]
"""(environment, unit)."""

Table = tuple[str, str, str, str]
"""(environment, unit, logical id, name) of what holds data."""

Objects = Mapping[str, bytes]

_RENEWED = re.compile(
    r"projects/[^/]+/published\.json\.gz|environments/[^/]+/(current|approvals|rules).*|workspace.json"
)
"""What is written again on purpose: an index, states, approvals, the memory of rules."""

_RECORD = re.compile(r"environments/([^/]+)/current/([^/]+)\.json")


@attrs.frozen(kw_only=True)
class Stack:
    """Codes as base64 SHA-256. ``calls``: what all callers through the alias get; empty where that is not one code.

    ``sent``: what the function itself has, which the next version would be; ``drifted``: CloudFormation says so.
    """

    id: str
    template: str
    tags: Mapping[str, str]
    calls: str
    sent: str
    drifted: bool = False

    @property
    def resources(self) -> dict[str, Any]:
        return dict(json.loads(self.template)["Resources"])


@attrs.frozen(kw_only=True)
class Snapshot:
    """The world between two commands."""

    objects: Objects
    stacks: Mapping[Place, Stack]
    tables: frozenset[Table]

    @cached_property
    def records(self) -> dict[Place, dict[str, Any]]:
        found = ((_RECORD.fullmatch(key), body) for key, body in self.objects.items())
        return {(match[1], match[2]): json.loads(body) for match, body in found if match is not None}

    def running(self, place: Place) -> str | None:
        """The release that runs by the record."""
        running = self.records.get(place, {}).get("running")
        return None if running is None else str(running["release"])

    def is_open(self, place: Place) -> bool:
        """Whether the record itself says that what is there is not known, or on its way."""
        record = self.records.get(place, {})
        shifting = (record.get("latest") or {}).get("outcome") == "shifting"
        return record.get("unsure") is not None or shifting

    def is_held(self, place: Place) -> bool:
        return self.records.get(place, {}).get("holder") is not None


def changed_objects(known: dict[str, bytes], now: Objects) -> list[str]:
    """The keys that were published with other bytes once; ``known`` remembers all that ever were, also what is gone."""
    found = [key for key, body in now.items() if known.get(key, body) != body and not _RENEWED.fullmatch(key)]
    known.update(now)
    return found


def broken_references(now: Snapshot, keep: int) -> list[str]:
    """What records and stacks name and is not in the bucket, and what a rollback to the newest ``keep`` would miss."""
    wanted: dict[tuple[str, str], str] = {}
    for (environment, unit), record in now.records.items():
        for name in ("running", "rolled_back"):
            if record.get(name) is not None:
                wanted[unit, record[name]["release"]] = f"{name} of {unit} in {environment}"
        for release in _newest(now.objects, environment, unit)[:keep]:
            wanted.setdefault((unit, release), f"one of the newest of {unit} in {environment}")
    found = [f"{who}: {key}" for (unit, release), who in wanted.items() for key in _missing(now.objects, unit, release)]
    for place, stack in now.stacks.items():
        keys = set(re.findall(r"projects/[\w./+-]+", stack.template))
        found += [f"the stack of {place}: {key}" for key in keys - now.objects.keys()]
    return found


def _newest(objects: Objects, environment: str, unit: str) -> list[str]:
    past = reversed(past_of(objects, environment, unit))
    return list(dict.fromkeys(item["release"] for item in past if item["outcome"] == "succeeded"))


def _missing(objects: Objects, unit: str, release: str) -> Iterator[str]:
    """What of a release is not in the bucket, or is not what its manifest says."""
    folder = f"projects/{unit}/release/{release}/"
    manifest = _manifest(objects, unit, release)
    if manifest is None:
        yield f"{folder}manifest.json"
        return
    wanted = {f"{folder}{item['environment']}.template.json": item["template_sha256"] for item in manifest["stages"]}
    source = _source(manifest)
    below = f"projects/{unit}/lambda/source/{source['version']}/{unit}-{source['version']}"
    wanted |= {f"{below}-py3-none-any.whl": source["wheel_sha256"], f"{below}.tar.gz": source["sdist_sha256"]}
    yield from (key for key, sha in wanted.items() if hashlib.sha256(objects.get(key, b"")).hexdigest() != sha)


def _manifest(objects: Objects, unit: str, release: str) -> dict[str, Any] | None:
    body = objects.get(f"projects/{unit}/release/{release}/manifest.json")
    return None if body is None else dict(json.loads(body))


def _source(manifest: Mapping[str, Any]) -> dict[str, Any]:
    return next(item for item in manifest["artifacts"] if item["kind"] == "source")


def past_of(objects: Objects, environment: str, unit: str) -> list[dict[str, Any]]:
    """The history, oldest first, with the newest deployment, which is in the record until the next one.

    Without their numbers: those of a record that somebody deleted begin anew, until they are found to be taken.
    """
    prefix = f"environments/{environment}/history/{unit}/"
    found = [json.loads(objects[key]) for key in sorted(objects) if key.startswith(prefix)]
    record = objects.get(f"environments/{environment}/current/{unit}.json")
    latest = None if record is None else json.loads(record)["latest"]
    past = found if latest is None else [*found, latest]
    return [{name: value for name, value in item.items() if name not in ("format", "sequence")} for item in past]


def wrong(now: Snapshot, place: Place) -> list[str]:
    """How what is there differs from what its record says, word for word; nothing where nothing is recorded to run."""
    record, stack = now.records.get(place, {}), now.stacks.get(place)
    running = record.get("running")
    if running is None:
        gone = (record.get("latest") or {}).get("outcome") in (None, "destroyed")
        return ["there is a stack that no record knows of"] if stack is not None and gone else []
    if stack is None:
        return [f"{running['version']} runs by the record, and there is no stack"]
    release = _manifest(now.objects, place[1], running["release"])
    if release is None:
        return [f"the release {running['release']} is not in the bucket"]
    sha = base64.b64encode(bytes.fromhex(_source(release)["wheel_sha256"])).decode()
    return [
        *_wrong_owner(stack, place),
        *_wrong_template(now, place, running, stack),
        *([f"callers get {stack.calls or 'nothing, or not one code'}, not {sha}"] if stack.calls != sha else []),
        *([f"the function has the code {stack.sent}, not {sha}"] if stack.sent != sha else []),
        *(["properties were changed by hand"] if stack.drifted else []),
    ]


def _wrong_owner(stack: Stack, place: Place) -> list[str]:
    wanted = {"multi_env_lambda:environment": place[0], "multi_env_lambda:project": place[1]}
    return [] if wanted.items() <= dict(stack.tags).items() else [f"the stack's tags are {stack.tags}"]


def _wrong_template(now: Snapshot, place: Place, running: Mapping[str, Any], stack: Stack) -> list[str]:
    """What was kept of an earlier release is in the record by its name; of one that was taken back, what holds data."""
    key = f"projects/{place[1]}/release/{running['release']}/{place[0]}.template.json"
    wanted, there = json.loads(now.objects[key])["Resources"], stack.resources
    kept = {item["logical_id"] for item in running["resources"]}
    if now.records[place]["latest"]["outcome"] == "went back":
        kept |= {name for environment, unit, name, _ in now.tables if (environment, unit) == place}
    return [
        f"{name} of the stack is {there.get(name)}, released was {wanted.get(name)}"
        for name in sorted({*wanted, *there})
        if there.get(name) != wanted.get(name) and (name in wanted or name not in kept)
    ]


def lost(before: Iterable[Table], after: Iterable[Table], agreed: Iterable[str]) -> list[str]:
    """What held data and is gone without its word (``UNIT/LOGICAL ID``)."""
    said, gone = set(agreed), set(before) - set(after)
    return [f"{unit}/{name} ({table} in {place})" for place, unit, name, table in gone if f"{unit}/{name}" not in said]
