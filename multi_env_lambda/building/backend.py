"""Build backends: a folder -> its wheel and sdist, built by untrusted code and the packages that it requires.

fetch (passwords and network, no code runs) -> build (code runs; no passwords, no network, nothing of this user's files)

uv's own backend is part of uv: it runs no code of the folder, and needs no environment.
"""

from __future__ import annotations

import json
import os
import re
import sys
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import attrs
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from multi_env_lambda.building.archive import LARGEST_ARCHIVE
from multi_env_lambda.building.index_logins import has_keyring
from multi_env_lambda.building.lock_formats import pins
from multi_env_lambda.building.stage import EPOCH
from multi_env_lambda.errors import BuildError, ConfigurationError, ToolError
from multi_env_lambda.host.confined import Bounds, Ended, run_confined
from multi_env_lambda.host.documents import read_toml
from multi_env_lambda.host.left import copy_left, read_left
from multi_env_lambda.host.private import private_folder
from multi_env_lambda.host.process import last_lines, run_uv, uv_program, uv_version
from multi_env_lambda.model.workspace import BUILD_CONSTRAINTS

__all__ = ["ask_backend", "build_environment", "fetching_environment", "made_file", "metadata_in", "run_backend"]

SECONDS = 600.0
_MEMORY, _OUTPUT = 8 << 30, 1 << 30
_PROGRAM = Path(__file__).with_name("backend_run.py")
_SYSTEM = (Path("/usr"), Path("/bin"))
"""A backend may start what every machine has; no home folder is visible."""
_ROUNDS = 3
_LARGEST_NEEDS = 1 << 20
_HINT = "correct [build-system] or the files it builds from"
_PASSED_ON = frozenset(
    {
        "PATH",
        "HOME",
        "USER",
        "TMPDIR",
        "NETRC",
        "HTTP_TIMEOUT",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "SSL_CLIENT_CERT",
        "XDG_CACHE_HOME",
        "XDG_CONFIG_HOME",
        "XDG_DATA_HOME",
    }
)
_PASSED_ON_TO_UV = frozenset(
    {
        "CACHE_DIR",
        "CONFIG_FILE",
        "CREDENTIALS_DIR",
        "DEFAULT_INDEX",
        "EXTRA_INDEX_URL",
        "FIND_LINKS",
        "HTTP_CONNECT_TIMEOUT",
        "HTTP_RETRIES",
        "HTTP_TIMEOUT",
        "INSECURE_HOST",
        "KEYRING_PROVIDER",
        "LINK_MODE",
        "NATIVE_TLS",
        "NO_INDEX",
        "OFFLINE",
        "REQUEST_TIMEOUT",
        "SYSTEM_CERTS",
    }
)
_EVERYWHERE = {"SOURCE_DATE_EPOCH": str(EPOCH), "LC_ALL": "C.UTF-8", "TZ": "UTC", "PYTHONHASHSEED": "0"}


def build_environment(inherited: Mapping[str, str]) -> dict[str, str]:
    """The environment for fetching packages: programs, certificates, indexes and their passwords, but no AWS keys."""
    return {**{name: value for name, value in inherited.items() if _is_passed_on(name)}, **_EVERYWHERE}


def fetching_environment(inherited: Mapping[str, str]) -> dict[str, str]:
    """The same for uv alone, while no code of a package runs: a keyring may log in with keys of the user's.

    Raises:
        ConfigurationError: a file of uv's settings cannot be read.
    """
    others = {name: value for name, value in inherited.items() if not name.startswith("UV_")}
    return {**(others if has_keyring(inherited) else {}), **build_environment(inherited)}


def _is_passed_on(name: str) -> bool:
    if name.startswith("UV_"):
        return name.startswith("UV_INDEX") or name.removeprefix("UV_") in _PASSED_ON_TO_UV
    return name in _PASSED_ON or name.lower().endswith("_proxy")


@attrs.frozen(kw_only=True)
class _System:
    """The table [build-system], or the default without it."""

    requires: tuple[str, ...]
    backend: str
    backend_path: tuple[str, ...] = ()

    @property
    def is_uvs_own(self) -> bool:
        """Whether uv builds it without running its code."""
        if self.backend != "uv_build" or self.backend_path or len(self.requires) != 1:
            return False
        wanted = Requirement(self.requires[0])
        plain = canonicalize_name(wanted.name) == "uv-build" and not (wanted.url or wanted.extras or wanted.marker)
        return plain and wanted.specifier.contains(uv_version(), prereleases=True)


def run_backend(
    folder: Path,
    out: Path,
    *,
    where: str,
    sdist: bool,
    tree: Path | None = None,
    constraints: Path | None = None,
    indexes: str = "",
) -> None:
    """Build the folder with its own backend: a wheel, and an sdist if asked for.

    Args:
        tree: what it may read, if that is more than the folder.
        constraints: only what this file names by version and hash takes part in the build.
        indexes: those of the workspace, as lines of ``[tool.uv]``.

    Raises:
        BuildError: the backend failed, or its requirements are not available without running code.
    """
    system = _system(folder, where)
    kinds = ["sdist", "wheel"] if sdist else ["wheel"]
    own = (folder if tree is None else tree,)
    bounds = Bounds(own=own, write=(folder, out), seconds=SECONDS, memory=_MEMORY, output=_OUTPUT)
    if system.is_uvs_own and (
        constraints is None or pins(constraints.read_text(encoding="utf-8")).get("uv-build") == uv_version()
    ):
        _by_uv(folder, out, kinds, bounds, where)
    else:
        _by_hooks(folder, out, kinds, system, bounds, constraints, indexes, where)


def ask_backend(
    folder: Path, out: Path, *, where: str, tree: Path, constraints: Path | None = None, indexes: str = ""
) -> bytes:
    """The metadata of a folder in ``tree``, as its own backend says it: from the hook for that, else from a wheel.

    Source: https://peps.python.org/pep-0517/#prepare-metadata-for-build-wheel

    Raises:
        BuildError: the backend failed, or its requirements are not available without running code.
    """
    bounds = Bounds(own=(tree,), write=(folder, out), seconds=SECONDS, memory=_MEMORY, output=_OUTPUT)
    system = _system(folder, where)
    _by_hooks(folder, out, ["wheel"], system, bounds, constraints, indexes, where, metadata=True)
    return metadata_in(out, where, system.backend)


def metadata_in(out: Path, where: str, backend: str) -> bytes:
    """What a hook has left there: a folder with metadata, or a wheel.

    Raises:
        BuildError: neither can be read.
    """
    made = [path for path in sorted(out.iterdir()) if path.name.endswith(".dist-info")]
    if not made:
        with suppress(zipfile.BadZipFile, zlib.error), zipfile.ZipFile(made_file(out, ".whl", where)) as wheel:
            names = [name for name in wheel.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name)]
            if len(names) == 1 and wheel.getinfo(names[0]).file_size <= _LARGEST_NEEDS:
                return wheel.read(names[0])
    elif len(made) == 1 and not made[0].is_symlink():
        with suppress(FileNotFoundError, NotADirectoryError):
            return read_left(made[0] / "METADATA", _LARGEST_NEEDS, where=where)
    raise BuildError(where, f"its backend {backend} left no metadata", hint="use another [build-system]")


def _system(folder: Path, where: str) -> _System:
    """As PEP 518 says; without a table, or without a backend in it, the default is setuptools."""
    path = folder / "pyproject.toml"
    try:
        found: Any = read_toml(path, f"{where}/{path.name}") if path.exists() else {}
        table = found.get("build-system", {})
        requires = tuple(str(Requirement(text)) for text in table.get("requires", ["setuptools>=40.8.0"]))
        inside = [(folder / text).resolve() for text in table.get("backend-path", ())]
        if not all(place.is_relative_to(folder.resolve()) for place in inside):
            raise ValueError("a folder in `backend-path` is outside the project")
        backend = table.get("build-backend", "setuptools.build_meta:__legacy__")
        if not isinstance(backend, str):
            raise TypeError(f"`build-backend` in {path.name}: found {backend!r}; expected text")
        return _System(requires=requires, backend=backend, backend_path=tuple(map(os.fspath, inside)))
    except (AttributeError, ConfigurationError, InvalidRequirement, TypeError, ValueError) as error:
        why = error.what if isinstance(error, ConfigurationError) else error
        raise BuildError(
            where,
            f"its [build-system] cannot be read: {why}",
            hint='for example `requires = ["uv_build>=0.9,<1"]` and `build-backend = "uv_build"`',
        ) from error


def _by_uv(folder: Path, out: Path, kinds: Sequence[str], bounds: Bounds, where: str) -> None:
    """By the command that the package ``uv_build`` starts for its hooks.

    ``uv build`` would first start a Python to ask for its version, which takes longer than to build.
    """
    uv = Path(uv_program()).resolve()
    commands: list[list[str | Path]] = [[uv, "build-backend", f"build-{kind}", out] for kind in kinds]
    *before, last = commands
    bounds = attrs.evolve(bounds, own=(*bounds.own, uv))
    ended = run_confined(last, bounds, where=where, cwd=folder, env=_EVERYWHERE, before=before)
    _check(ended, "uv build-backend", where)


def _by_hooks(
    folder: Path,
    out: Path,
    kinds: Sequence[str],
    system: _System,
    bounds: Bounds,
    constraints: Path | None,
    indexes: str,
    where: str,
    *,
    metadata: bool = False,
) -> None:
    known: tuple[str, ...] = ()
    with private_folder() as place:
        orders = {"folder": folder, "out": out, "kinds": kinds, "backend": system.backend, "metadata": metadata}
        for number in range(_ROUNDS):
            python = _environment(place / f"venv-{number}", (*system.requires, *known), constraints, indexes, where)
            needs = place / f"needs-{number}" / "needs"
            needs.parent.mkdir()
            more = {"backend_path": system.backend_path, "known": known, "needs": needs}
            (place / "orders.json").write_text(json.dumps({**orders, **more}, default=os.fspath), encoding="utf-8")
            own = (*bounds.own, *_SYSTEM, python.parents[1], _PROGRAM, place / "orders.json")
            ended = run_confined(
                # Not isolated, which would ignore the hash seed: nothing else in its environment affects Python.
                [python, "-P", "-s", _PROGRAM, place / "orders.json"],
                attrs.evolve(bounds, own=own, write=(*bounds.write, needs.parent)),
                where=where,
                cwd=folder,
                env={**_EVERYWHERE, "PATH": f"{python.parent}:/usr/bin:/bin"},
            )
            _check(ended, system.backend, where)
            asked = _asked(needs, where)
            if set(asked) <= set(known):
                return
            known = tuple(sorted({*known, *asked}))
    what = f"its backend {system.backend} keeps requiring more packages: {', '.join(known)}"
    raise BuildError(where, what, hint="list them in `requires` of [build-system]")


def _asked(needs: Path, where: str) -> tuple[str, ...]:
    """What it wrote down; a file of its own, with whatever it likes in it."""
    try:
        asked = tuple(read_left(needs, _LARGEST_NEEDS, where=where).decode("utf-8").splitlines())
        for text in asked:
            Requirement(text)
    except FileNotFoundError:
        return ()
    except (InvalidRequirement, RecursionError, UnicodeDecodeError) as error:
        what = f"its backend asks for something that is not a requirement: {error}"
        raise BuildError(
            where, what, hint="`get_requires_for_build_…` has to return requirements such as `setuptools>=77`"
        ) from error
    return asked


def made_file(out: Path, suffix: str, where: str) -> Path:
    """The one file of that kind which a backend left in ``out``, copied to where it could not write.

    Raises:
        BuildError: there are others, or it is no file that could be one.
    """
    found = sorted(path for path in out.iterdir() if path.name.endswith(suffix))
    if len(found) != 1:
        what = f"the backend made {len(found)} files that end with {suffix}, one is needed"
        raise BuildError(where, what, hint="use another [build-system]")
    place = out.with_name(f"{out.name}-made")
    place.mkdir(exist_ok=True)
    return copy_left(found[0], place, LARGEST_ARCHIVE, where=where)


def _environment(place: Path, requires: Sequence[str], constraints: Path | None, indexes: str, where: str) -> Path:
    """A venv with the packages that a build requires. They are wheels: none of their code runs here.

    Raises:
        BuildError: one is not available as a wheel, or does not come from a package index.
    """
    for text in requires:
        if Requirement(text).url is not None:
            what = f"{text} is required by URL, which would be fetched with the rights of the user who deploys"
            raise BuildError(where, what, hint="use a version from a package index in `requires` of [build-system]")
    python = place / "bin" / "python"
    env = fetching_environment(os.environ)
    hint = "check the names in `requires` of [build-system]; each needs a wheel, because building one would run code"
    try:
        run_uv(["venv", "--quiet", "--no-project", "--python", sys.executable, place], where=where, hint=hint, env=env)
        argv = ["pip", "install", "--quiet", "--no-build", "--python", os.fspath(python)]
        if constraints is not None:
            argv += ["--constraints", os.fspath(constraints)]
            hint = f"{hint}; does {BUILD_CONSTRAINTS} need to be renewed with `lock`?"
        if requires:
            run_uv([*argv, "--", *requires], where=where, hint=hint, settings=indexes, env=env)
    except ToolError as error:
        raise BuildError(where, error.what, hint=error.hint) from error
    if constraints is not None:
        _check_pinned(place, constraints, where, hint)
    return python


def _check_pinned(place: Path, constraints: Path, where: str, hint: str) -> None:
    """uv checks the hashes of what the constraints name, but accepts what they do not name unchecked.

    Raises:
        BuildError: something is installed that they do not name.
    """
    there = {path.name.partition("-")[0] for path in place.glob("lib/python*/site-packages/*.dist-info")}
    unnamed = sorted({canonicalize_name(name) for name in there} - pins(constraints.read_text(encoding="utf-8")).keys())
    if unnamed:
        what = f"{', '.join(unnamed)} would take part in its build, but {BUILD_CONSTRAINTS} has no hash for it"
        raise BuildError(where, what, hint=hint)


def _check(ended: Ended, program: str, where: str) -> None:
    if ended.status == 0:
        return
    said = f"{ended.said}\n{ended.answer.decode('utf-8', 'replace')}" if not ended.said.strip() else ended.said
    how = f"did not end within {SECONDS:g} seconds" if ended.status is None else f"ended with status {ended.status}"
    hint = _HINT if "Network is unreachable" not in said else "a build has no network: list what it needs in `requires`"
    raise BuildError(where, f"`{program}` {how}: {last_lines(said)}", hint=hint)
