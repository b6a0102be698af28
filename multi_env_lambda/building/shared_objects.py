"""All shared objects of a layer: members of wheels in, reasons why Lambda could not load some of them out.

An object that Lambda cannot load is refused if the whole wheel depends on it. If others of the wheel can be loaded, it
may be meant to fail (numba's pool for a library that few have): then it is noted, and the import check decides, which
sees what handlers really load.
"""

from __future__ import annotations

import posixpath
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import attrs

from multi_env_lambda.building.archive import Member
from multi_env_lambda.building.elf import FILE_NAME, MAGIC, SharedObject, read_shared_object
from multi_env_lambda.building.select import Target
from multi_env_lambda.model.lambda_image import AMAZON_LINUX_2, AMAZON_LINUX_2023, LambdaImage

__all__ = ["Audit", "Missing", "audit", "image_of", "missing_library_hint"]

_EXTENSION = re.compile(r"(?P<stem>[^/]*?)\.(?P<tag>(?:cpython-|pypy|graalpy)[^/]*)\.so$")
_STDCXX = "libstdc++.so.6"
_PRIVATE = ".libs/"
"""How the name of a folder ends in which `auditwheel` puts what only one wheel needs."""

_ORIGIN = re.compile(r"\$ORIGIN|\$\{ORIGIN\}")


@attrs.frozen(kw_only=True)
class Missing:
    """A library that neither the layer nor Lambda has, and the object of the layer that needs it."""

    library: str
    needed_by: str


@attrs.frozen(kw_only=True)
class Audit:
    """Sentences by wheel, and what a loader would not find, by object.

    ``problems`` are about wrong objects; ``useless`` are about wheels from which nothing can be loaded, unless another
    layer of the function has what they need.
    """

    problems: tuple[tuple[str, str], ...] = ()
    useless: tuple[tuple[str, str], ...] = ()
    unloadable: Mapping[str, tuple[Missing, ...]] = attrs.field(factory=dict)


def image_of(target: Target) -> LambdaImage:
    """The operating system on which the target's functions run."""
    return AMAZON_LINUX_2023 if target.version >= (3, 12) else AMAZON_LINUX_2


def missing_library_hint(text: str) -> str:
    """What to do about ``text``, which names an object and the library that it does not find."""
    if "opencv" in text or "cv2" in text:
        return "`opencv-python-headless` is the same module without windows, and needs none of them"
    return "use a package that includes its libraries, or a variant that does not need them (a display, a driver)"


def audit(wheels: Mapping[str, Iterable[Member]], target: Target) -> Audit:
    """Check every shared object of the members, by wheel; names are those in the layer."""
    read = {wheel: _read(members, target) for wheel, members in wheels.items()}
    layer = _together({wheel: found for wheel, (found, _) in read.items()})
    problems = [(wheel, problem) for wheel, (_, unread) in read.items() for problem in unread]
    useless: list[tuple[str, str]] = []
    unloadable: dict[str, tuple[Missing, ...]] = {}
    for wheel, (found, _) in read.items():
        missing = {item.name: lost for item in found if (lost := _missing(item, layer, target))}
        unloadable |= missing
        problems += [(wheel, text) for item in found for text in _too_new(item, layer, target)]
        useless += [(wheel, text) for text in _useless(found, missing, target)]
    return Audit(problems=tuple(sorted(problems)), useless=tuple(sorted(useless)), unloadable=unloadable)


@attrs.frozen(kw_only=True)
class _Layer:
    """Objects by the names under which they are requested, and the wheels that they came with."""

    provided: Mapping[str, tuple[SharedObject, ...]]
    wheels: Mapping[str, str]

    def find(self, library: str, asking: SharedObject) -> SharedObject | None:
        """What ``asking`` gets, its own wheel's first.

        Packages load libraries before others need them, but none that another wheel has only for itself.
        """
        found = [item for item in self.provided.get(library, ()) if self._is_found(item, asking)]
        return min(found, key=lambda item: self.wheels[item.name] != self.wheels[asking.name], default=None)

    def _is_found(self, item: SharedObject, asking: SharedObject) -> bool:
        folder, origin = posixpath.dirname(item.name), posixpath.dirname(asking.name)
        if self.wheels[item.name] == self.wheels[asking.name] or _PRIVATE not in item.name:
            return True
        return folder in {posixpath.normpath(_ORIGIN.sub(origin, path)) for path in asking.search}


def _together(wheels: Mapping[str, tuple[SharedObject, ...]]) -> _Layer:
    provided: dict[str, tuple[SharedObject, ...]] = {}
    for item in (item for found in wheels.values() for item in found):
        for name in {item.file_name, item.soname or item.file_name}:
            provided[name] = (*provided.get(name, ()), item)
    return _Layer(provided=provided, wheels={item.name: wheel for wheel, found in wheels.items() for item in found})


def _read(members: Iterable[Member], target: Target) -> tuple[tuple[SharedObject, ...], tuple[str, ...]]:
    """What can be loaded there, and the sentences about the rest."""
    shared = [member for member in members if FILE_NAME.search(member.name) or _starts_like_one(member)]
    loadable = [member for member in shared if _tag_fits(member.name, target)]
    problems = list(_without_a_fitting_tag(shared, loadable, target))
    objects: list[SharedObject] = []
    foreign: dict[str, str] = {}
    # zlib releases the GIL while it inflates.
    with ThreadPoolExecutor(2) as pool:
        for member, found in zip(loadable, pool.map(_read_one, loadable), strict=True):
            is_named_so = FILE_NAME.search(member.name) is not None
            match found:
                case str() if is_named_so:
                    problems.append(f"{member.name} is not a readable shared object: {found}")
                case SharedObject(machine=machine) if machine == target.architecture:
                    # Some libraries can also be started, to print their version, such as libQt5Core.
                    objects += [found] if is_named_so or not found.is_program else []
                case SharedObject() if is_named_so:
                    foreign[member.name] = found.machine
                case _:
                    pass  # a program, or data that only starts like an object: nothing loads it
    # A package that has the same object for several machines chooses one of them when it runs.
    chosen = {item.file_name for item in objects}
    lost = {name: machine for name, machine in foreign.items() if posixpath.basename(name) not in chosen}
    problems += [f"{name} is for {machine}; expected {target.architecture}" for name, machine in lost.items()]
    return tuple(objects), tuple(problems)


def _read_one(member: Member) -> SharedObject | str:
    try:
        return read_shared_object(member.name, member.read())
    except (ValueError, zlib.error) as error:
        return str(error)


def _starts_like_one(member: Member) -> bool:
    try:
        return member.head(len(MAGIC)) == MAGIC
    except zlib.error:
        return False


def _tag_fits(name: str, target: Target) -> bool:
    found = _EXTENSION.search(name)
    if found is None:
        return True
    python = f"cpython-{target.python.replace('.', '')}"
    return found["tag"] == python or found["tag"].startswith(f"{python}-{target.machine}-")


def _without_a_fitting_tag(shared: list[Member], loadable: list[Member], target: Target) -> Iterator[str]:
    """Python looks for its own tag and ignores the others, so one that fits is enough."""
    served = {_module(member.name) for member in loadable}
    for member in shared:
        if _module(member.name) not in served and (found := _EXTENSION.search(member.name)) is not None:
            allowed = f"cpython-{target.python.replace('.', '')}-{target.machine}-linux-gnu or abi3"
            yield f"{member.name} is built for {found['tag']}; expected {allowed}"


def _module(name: str) -> str:
    folder, _, file = name.rpartition("/")
    return f"{folder}/{file.partition('.')[0]}"


def _too_new(item: SharedObject, layer: _Layer, target: Target) -> Iterator[str]:
    image = image_of(target)
    if item.glibc > target.glibc:
        yield f"{item.name} needs glibc {_dotted(item.glibc)}; the limit is {_dotted(target.glibc)} ({_title(target)})"
    if item.libstdcxx > image.libstdcxx and layer.find(_STDCXX, item) is None:
        allowed = _dotted(image.libstdcxx)
        yield f"{item.name} needs GLIBCXX_{_dotted(item.libstdcxx)}; the limit is {allowed} ({_title(target)})"


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _title(target: Target) -> str:
    return f"Python {target.python}"


def _missing(item: SharedObject, layer: _Layer, target: Target) -> tuple[Missing, ...]:
    """What is missing when ``item`` is loaded with everything that it needs, recursively."""
    image = image_of(target)
    seen = {item.name}
    waiting, missing = [item], []
    while waiting:
        asking = waiting.pop()
        for library in asking.needed:
            other = layer.find(library, asking)
            if other is not None and other.name not in seen:
                seen.add(other.name)
                waiting.append(other)
            elif other is None and library not in image.libraries:
                missing.append(Missing(library=library, needed_by=asking.name))
    return tuple(sorted(missing, key=lambda one: (one.library, one.needed_by)))


def _useless(
    objects: tuple[SharedObject, ...], missing: Mapping[str, tuple[Missing, ...]], target: Target
) -> Iterator[str]:
    """Whether nothing of a wheel could be loaded: what Python imports from it, or else every library in it."""
    modules = [item for item in objects if _is_module(item)] or list(objects)
    if not modules or any(item.name not in missing for item in modules):
        return
    lost = {one.library: one for item in modules for one in missing[item.name]}
    for library, one in sorted(lost.items()):
        yield f"{one.needed_by} needs {library}, which neither the layer nor Lambda ({image_of(target).title}) has"


def _is_module(item: SharedObject) -> bool:
    if _PRIVATE in item.name or item.file_name.startswith("lib"):
        return False
    return item.file_name.endswith(".so") and item.file_name.count(".so") == 1
