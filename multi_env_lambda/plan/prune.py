"""What nothing of one unit refers to any more, and no rollback within `keep` could need. Values in, values out.

Kept are the releases that run, were tried last, may run because the outcome of an attempt is unknown, or are among the
newest `keep` that ran well in any environment, and what a rollback from there would take; with everything that their
manifests and templates name.

The order of deletion survives a killed process: a manifest is the list by which the rest of its release is found, so
it is deleted last. A release whose wheel no longer exists does no harm: ``flow.publish.claim`` refuses to deploy it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import attrs

from multi_env_lambda.model.record import Deployment, Record
from multi_env_lambda.model.release import Release
from multi_env_lambda.model.shown import shown_as_text
from multi_env_lambda.model.store import Listed
from multi_env_lambda.model.versions import KeptFunction, KeptLayer
from multi_env_lambda.plan.lent import lent_digests
from multi_env_lambda.plan.rollback import release_before

__all__ = ["GRACE_SECONDS", "Candidate", "Inventory", "in_flight", "kept_releases", "named_keys", "prunable"]

GRACE_SECONDS = 7 * 86_400
"""What was published but never deployed is kept this long: somebody may be about to."""

Kind = Literal["release", "layer", "source", "script", "library", "function version", "layer version"]

_KEYS = re.compile(r"projects/[A-Za-z0-9_./+-]+")
_RELEASE = re.compile(r"projects/[^/]+/release/([0-9a-f]{64})/[^/]+")
_LAYER = re.compile(r"projects/[^/]+/lambda/layer/(\d{6,})/layer\.zip")
_SOURCE = re.compile(r"projects/[^/]+/lambda/source/([^/]+)/[^/]+\.(?:whl|tar\.gz)")
_SCRIPT = re.compile(r"projects/[^/]+/glue/([^/]+)/run\.py")
_LIBRARY = re.compile(r"projects/[^/]+/glue/library/([^/]+)/(?:requirements|library)\.zip")
_KINDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("layer", _LAYER),
    ("source", _SOURCE),
    ("script", _SCRIPT),
    ("library", _LIBRARY),
)


@attrs.frozen(kw_only=True)
class Inventory:
    """Everything that exists of one unit.

    Args:
        objects: everything below ``projects/<project>/``.
        claims: the digest of each published version; one without a digest was stored by hand.
        records, histories: by environment.
        releases: every release with a manifest in the bucket, by digest.
        named: the keys that templates of kept releases name, also those of other units.
        functions, layers: what Lambda keeps, by environment.
        now: by the store's clock.
    """

    project: str
    objects: tuple[Listed, ...]
    claims: Mapping[str, str]
    records: Mapping[str, Record]
    histories: Mapping[str, tuple[Deployment, ...]]
    releases: Mapping[str, Release]
    named: frozenset[str]
    functions: Mapping[str, tuple[KeptFunction, ...]]
    layers: Mapping[str, tuple[KeptLayer, ...]]
    keep: int
    now: float


@shown_as_text
@attrs.frozen(kw_only=True)
class Candidate:
    """One thing that can be deleted.

    Args:
        project: the unit.
        kind: ``release``, ``layer``, ``source``, ``script``, ``library``, ``function version`` or ``layer version``.
        name: its digest, version or number; that of a version in Lambda is ``name:number``.
        size: in bytes; 0 for a layer version.
        objects: (key, ETag) in the order of deletion; empty for a version in Lambda.
        environment: where the version in Lambda is; empty for objects of the bucket.
        owner: the function or layer that the version in Lambda belongs to.
    """

    project: str
    kind: Kind
    name: str
    size: int
    objects: tuple[tuple[str, str], ...] = ()
    environment: str = ""
    owner: str = ""

    def text(self) -> str:
        """What it is, and how big."""
        from multi_env_lambda.show.prune import prune_line

        return prune_line(self)

    def to_dict(self) -> dict[str, Any]:
        """JSON-compatible data."""
        return attrs.asdict(self)


def in_flight(records: Iterable[Record]) -> str | None:
    """Why nothing of a unit may be touched now; None if nobody is changing it."""
    for record in records:
        if record.holder is not None:
            return f"{record.holder.who} has been changing it in {record.environment} since {record.holder.since}"
        if record.latest is not None and record.latest.outcome == "shifting":
            return f"its traffic is being moved in {record.environment}"
    return None


def kept_releases(
    records: Mapping[str, Record],
    histories: Mapping[str, tuple[Deployment, ...]],
    published: Mapping[str, float],
    *,
    keep: int,
    now: float,
) -> frozenset[str]:
    """The digests that must stay. ``published``: when each release in the bucket was written."""
    kept: set[str] = set()
    for record in records.values():
        kept |= {item.release for item in (record.running, record.latest) if item is not None}
        kept |= {item.release for item in record.taken_away}
        kept |= {record.unsure} if record.unsure is not None else set()
    for environment, past in histories.items():
        kept |= set(_newest(past, keep))
        current = records.get(environment)
        away = {mark.release for mark in current.taken_away} if current is not None else set()
        before = release_before(None if current is None else current.running, reversed(past), away=away)
        kept |= {before.release} if before is not None else set()
    deployed = _deployed(histories)
    kept |= {digest for digest, when in published.items() if digest not in deployed and now - when < GRACE_SECONDS}
    return frozenset(kept)


def _newest(past: tuple[Deployment, ...], keep: int) -> list[str]:
    """The releases that ran with success, newest first, each once."""
    found = dict.fromkeys(item.release for item in reversed(past) if item.outcome == "succeeded")
    return list(found)[:keep]


def _deployed(histories: Mapping[str, tuple[Deployment, ...]]) -> set[str]:
    return {item.release for past in histories.values() for item in past if item.outcome == "succeeded"}


def named_keys(template: str) -> frozenset[str]:
    """Keys in the bucket that occur anywhere in a template, as a key or inside an S3 address."""
    found = _KEYS.findall(template)
    return frozenset((*found, *(key.rstrip(".") for key in found)))


def prunable(holdings: Inventory) -> tuple[Candidate, ...]:
    """Everything that can be deleted, in the order of deletion: what a manifest refers to before the manifest."""
    if in_flight(holdings.records.values()) is not None:
        return ()
    published = _published(holdings)
    kept = kept_releases(holdings.records, holdings.histories, published, keep=holdings.keep, now=holdings.now)
    going = published.keys() - kept
    return (
        *_function_versions(holdings, kept),
        *_layer_versions(holdings, kept),
        *_artifacts(holdings, kept, going),
        *_releases(holdings, kept, going),
    )


def _published(holdings: Inventory) -> dict[str, float]:
    """When the newest object of each release was written."""
    found: dict[str, float] = {}
    for item in holdings.objects:
        match = _RELEASE.fullmatch(item.key)
        if match is not None:
            found[match[1]] = max(found.get(match[1], 0.0), item.modified)
    return found


def _releases(holdings: Inventory, kept: frozenset[str], going: set[str]) -> list[Candidate]:
    folders: dict[str, list[Listed]] = {}
    for item in holdings.objects:
        match = _RELEASE.fullmatch(item.key)
        if match is not None and match[1] in going:
            folders.setdefault(match[1], []).append(item)
    # Without its manifest a release does not exist: it is deleted first in its folder.
    return [
        _candidate(holdings, "release", digest, sorted(items, key=lambda item: not item.key.endswith("/manifest.json")))
        for digest, items in sorted(folders.items())
    ]


def _artifacts(holdings: Inventory, kept: frozenset[str], going: set[str]) -> list[Candidate]:
    needed = set(holdings.named)
    for digest in kept & holdings.releases.keys():
        needed |= _keys_of(holdings.releases[digest])
    known = {key for digest in going & holdings.releases.keys() for key in _keys_of(holdings.releases[digest])}
    found: dict[tuple[Kind, str], list[Listed]] = {}
    for item in holdings.objects:
        kind, name = _kind_of(item.key)
        if kind is not None:
            found.setdefault((kind, name), []).append(item)
    return [
        _candidate(holdings, kind, name, items)
        for (kind, name), items in sorted(found.items())
        if not any(item.key in needed for item in items)
        and (kind != "source" or holdings.claims.get(name))
        and all(item.key in known or holdings.now - item.modified >= GRACE_SECONDS for item in items)
    ]


def _keys_of(release: Release) -> set[str]:
    layer = set() if release.layer is None else {release.layer.layer_key}
    scripts = {script.key for script in release.scripts}
    libraries = {item.key for library in release.libraries for item in library.objects}
    return {*release.wheels, release.source.sdist_key, *layer, *scripts, *libraries}


def _kind_of(key: str) -> tuple[Kind | None, str]:
    """What an object is. A layer's ``requirements.zip`` holds its number permanently, so it can never be deleted."""
    return next(((kind, found[1]) for kind, pattern in _KINDS if (found := pattern.fullmatch(key))), (None, ""))


def _function_versions(holdings: Inventory, kept: frozenset[str]) -> list[Candidate]:
    of_kept = (holdings.releases[digest] for digest in kept & holdings.releases.keys())
    code = {sha256 for release in of_kept for sha256 in release.wheels.values()}
    return [
        Candidate(
            project=holdings.project,
            kind="function version",
            name=f"{function.name}:{version.number}",
            size=version.size,
            environment=environment,
            owner=function.name,
        )
        for environment, functions in sorted(holdings.functions.items())
        for function in functions
        for version in function.versions
        if version.number not in _kept_versions(function, code, holdings.keep)
    ]


def _kept_versions(function: KeptFunction, code: set[str], keep: int) -> set[str]:
    """What any alias points at, the newest one, and the newest of those that run a kept release's code."""
    of_kept = [version.number for version in function.versions if version.code_sha256 in code]
    newest = [version.number for version in function.versions[-1:]]
    return {*function.aliased, *newest, *of_kept[-max(keep, 1) :]}


def _layer_versions(holdings: Inventory, kept: frozenset[str]) -> list[Candidate]:
    """Layers that no function uses any more, and that do not have the content of a kept release."""
    going = {(item.environment, item.name) for item in _function_versions(holdings, kept)}
    releases = [holdings.releases[digest] for digest in kept & holdings.releases.keys()]
    digests = {release.layer.digest[:12] for release in releases if release.layer is not None}
    # The functions of other units may use any version with this content, and CloudFormation may go back to it.
    lent = {digest[:12] for digest in lent_digests(holdings.named, holdings.project)}
    found = []
    for environment, layers in sorted(holdings.layers.items()):
        functions = holdings.functions.get(environment, ())
        used = _used_layers(environment, functions, going)
        running = holdings.records[environment].running is not None
        newest = {layer.description: layer.number for layer in sorted(layers, key=lambda layer: layer.number)}
        for layer in layers:
            content = layer.description.rpartition(" ")[2]
            wanted = content in lent or (content in digests and newest[layer.description] == layer.number)
            if layer.arn not in used and not (running and wanted):
                name = f"{layer.name}:{layer.number}"
                found.append(
                    Candidate(
                        project=holdings.project,
                        kind="layer version",
                        name=name,
                        size=0,
                        environment=environment,
                        owner=layer.name,
                    )
                )
    return found


def _used_layers(environment: str, functions: Iterable[KeptFunction], going: set[tuple[str, str]]) -> set[str]:
    used: set[str] = set()
    for function in functions:
        used |= set(function.layers)
        for version in function.versions:
            if (environment, f"{function.name}:{version.number}") not in going:
                used |= set(version.layers)
    return used


def _candidate(holdings: Inventory, kind: Kind, name: str, items: Iterable[Listed]) -> Candidate:
    listed = tuple(items)
    return Candidate(
        project=holdings.project,
        kind=kind,
        name=name,
        size=sum(item.size for item in listed),
        objects=tuple((item.key, item.etag) for item in listed),
    )
