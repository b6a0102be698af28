"""Whether a lock still matches the current requirements: what was added to them and what was dropped.

Version bounds alone do not show that: after an added extra, a wider marker or a removed dependency every locked version
is still allowed. The verb `lock` therefore writes down what it was asked for, and ``uv.lock`` has the dependency graph.
For a lock that has neither, the built layer is checked: each package in it says what it needs.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from email.parser import BytesHeaderParser
from pathlib import Path

from packaging.markers import Marker, UndefinedEnvironmentName
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from multi_env_lambda.building.locked import Lock
from multi_env_lambda.building.select import Target, holding_needs, marker_holds
from multi_env_lambda.errors import ConfigurationError

__all__ = ["check_asked_for", "check_made_from", "normal_requirement"]

_OFFERED = frozenset({"boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3"})
"""What Lambda has anyway, so that people deliberately leave it out of their locks."""

_OF_INSTALLERS = frozenset({"distribute", "pip", "setuptools", "wheel"})
"""What `pip-compile` leaves out by default."""


def normal_requirement(text: str) -> str:
    """The normal form in which requirements are compared.

    >>> normal_requirement("Priv_Lib [b,a] >=1,<2 ; os_name=='posix'")
    'priv-lib[a,b]<2,>=1; os_name == "posix"'
    """
    requirement = Requirement(text)
    requirement.name = canonicalize_name(requirement.name)
    requirement.extras = {canonicalize_name(extra) for extra in requirement.extras}
    return str(requirement)


def check_made_from(lock: Lock, inputs: Collection[str], requirements: Iterable[str], target: Target) -> None:
    """Refuse a lock that says that it was made from something else than ``inputs``, the current requirements.

    Raises:
        ConfigurationError: with what was added and what was dropped since.
    """
    if lock.made_from is not None:
        _refuse(lock, sorted({*inputs} - {*lock.made_from}), sorted({*lock.made_from} - {*inputs}))
    elif lock.roots is not None:
        _check_graph(lock, [Requirement(text) for text in requirements], target)


def _refuse(lock: Lock, added: Collection[str], dropped: Collection[str]) -> None:
    if not added and not dropped:
        return
    words = (("added since", added), ("dropped since", dropped))
    changes = "; ".join(f"{word}: {', '.join(texts)}" for word, texts in words if texts)
    raise ConfigurationError(lock.where, f"was made from other requirements; {changes}", hint=lock.how_to_renew)


def _check_graph(lock: Lock, requirements: Iterable[Requirement], target: Target) -> None:
    """A ``uv.lock``: its project and shared folders require names; each extra is one more edge."""
    needs = holding_needs(lock, target)
    local = [package for package in lock.packages if package.name in lock.local]
    direct = {need for need in (*(lock.roots or ()), *(need for package in local for need in package.needs))} & needs
    asked = {one for need in direct if need.name not in lock.local for one in _with_extras(need.name, need.extras)}
    locked = {one for need in needs for one in _with_extras(need.name, need.extras)}
    written: set[str] = set()
    added: set[str] = set()
    for requirement in requirements:
        if marker_holds(str(requirement.marker) if requirement.marker else None, target, lock.where):
            wanted = set(_with_extras(requirement.name, requirement.extras))
            written |= wanted
            added |= {one for one in wanted - locked if one.endswith("]")}
    _refuse(lock, sorted(added), sorted(asked - written))


def _with_extras(name: str, extras: Iterable[str]) -> Iterator[str]:
    yield canonicalize_name(name)
    yield from (f"{canonicalize_name(name)}[{canonicalize_name(extra)}]" for extra in extras)


def check_asked_for(
    lock: Lock,
    layer: Path,
    requirements: Iterable[str],
    target: Target,
    *,
    also: Collection[str] = (),
    ours: Collection[str] = (),
) -> None:
    """For a lock that does not say what it was made from: compare what its packages need with what it has.

    ``also`` are names that the project requires elsewhere, in its extras and groups, which some tools lock too.
    ``ours`` are those of the unit's own folders, which need no lock.

    Raises:
        ConfigurationError: what a package requires is not locked, or something is locked that nothing requires.
    """
    if lock.made_from is not None or lock.roots is not None:
        return
    needs = _needs_in(layer, target)
    wanted = [Requirement(text) for text in requirements]
    left_out = {*_OFFERED, *_OF_INSTALLERS, *lock.local, *map(canonicalize_name, ours)}
    for text in _lacking(wanted, needs, target, left_out):
        raise ConfigurationError(lock.where, f"{text} is not locked", hint=lock.how_to_renew)
    reached = _reached([*wanted, *map(Requirement, also)], needs)
    lost = sorted(needs.keys() - reached)
    if lost and None not in needs.values():
        what = f"nothing requires what is locked as {', '.join(lost)}"
        hint = f"{lock.how_to_renew}; or add what you need to [project].dependencies"
        raise ConfigurationError(lock.where, what, hint=hint)


def _needs_in(layer: Path, target: Target) -> dict[str, list[Requirement] | None]:
    """What each package says that it needs; None if that cannot be read, or has a marker without an answer."""
    found: dict[str, list[Requirement] | None] = {}
    with zipfile.ZipFile(layer) as archive:
        for name in archive.namelist():
            if re.fullmatch(r"(python/)?[^/]+\.dist-info/METADATA", name):
                head = BytesHeaderParser().parsebytes(archive.read(name))
                try:
                    needs: list[Requirement] | None = [Requirement(text) for text in head.get_all("Requires-Dist", [])]
                    for need in needs or ():
                        _holds(need.marker, target, "")
                except (ValueError, UndefinedEnvironmentName, RecursionError):
                    needs = None
                found[canonicalize_name(str(head.get("Name", "")))] = needs
    return found


def _lacking(
    wanted: Iterable[Requirement],
    needs: Mapping[str, list[Requirement] | None],
    target: Target,
    left_out: Collection[str],
) -> Iterator[str]:
    """What is required on this target and missing, with who requires it; followed from package to package."""
    waiting = [one for one in wanted if _holds(one.marker, target, "")]
    seen: set[tuple[str, str]] = set()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        for extra in sorted(
            {"", *map(canonicalize_name, requirement.extras)} - {one for of, one in seen if of == name}
        ):
            seen.add((name, extra))
            for need in needs.get(name) or ():
                if not _holds(need.marker, target, extra):
                    continue
                if canonicalize_name(need.name) in needs:
                    waiting.append(need)
                elif canonicalize_name(need.name) not in left_out:
                    who = f"{name}[{extra}]" if extra else name
                    yield f"{who} needs {normal_requirement(str(need)).partition(';')[0]}, which"


def _holds(marker: Marker | None, target: Target, extra: str) -> bool:
    environment = {name: value for name, value in target.environment.items() if isinstance(value, str)}
    return marker is None or marker.evaluate({**environment, "extra": extra})


def _reached(wanted: Iterable[Requirement], needs: Mapping[str, list[Requirement] | None]) -> set[str]:
    """Everything that is required, on any machine: a lock may have been made for others too."""
    waiting, seen = list(wanted), set[tuple[str, frozenset[str]]]()
    while waiting:
        requirement = waiting.pop()
        extras = frozenset(map(canonicalize_name, requirement.extras))
        key = (canonicalize_name(requirement.name), extras)
        if key not in seen:
            seen.add(key)
            waiting += [need for need in needs.get(key[0]) or () if _is_followed(need.marker, extras)]
    return {name for name, _ in seen}


def _is_followed(marker: Marker | None, extras: Collection[str]) -> bool:
    text = str(marker or "")
    return "extra" not in text or any(f'"{extra}"' in text.replace("_", "-").lower() for extra in extras)
