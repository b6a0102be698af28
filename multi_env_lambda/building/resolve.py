"""``uv pip compile``: names and versions -> files and hashes, with no secret of this user in reach of a package's code.

Wheels and most sdists declare what they need. They are read with the user's passwords, and nothing runs. Some sdists
must be run to find out: then uv runs again without passwords, sandboxed, with access to the index.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from multi_env_lambda.building.backend import build_environment
from multi_env_lambda.building.index_logins import file_of_user
from multi_env_lambda.errors import ToolError
from multi_env_lambda.host.confined import Bounds, run_confined
from multi_env_lambda.host.documents import read_toml
from multi_env_lambda.host.left import read_left
from multi_env_lambda.host.private import private_folder
from multi_env_lambda.host.process import last_lines, run_uv, trusting, uv_folder, uv_program
from multi_env_lambda.model.toml import LARGEST_LOCK

__all__ = ["resolve"]

_SECONDS = 600.0
_SYSTEM = (Path("/usr"), Path("/bin"))
_NOT_BUILT = re.compile(r"(?i)building source distributions (for \S+ )?is disabled|no-build|no usable wheels")
_SECRET = ("_PASSWORD", "_USERNAME", "KEYRING_PROVIDER")


def resolve(
    argv: Sequence[str],
    *,
    where: str,
    hint: str,
    stdin: bytes,
    settings: str = "",
    folder: Path | None = None,
    output: Path | None = None,
) -> bytes:
    """Run it with these ``settings`` of ``[tool.uv]`` and those of the user; ``output`` is the file that it writes.

    ``folder`` is what a package that must run may read. Every path is absolute.

    Raises:
        ToolError: it failed; or a package must be run, and there is a password that it would see.
    """
    if output is not None and output.is_symlink():
        what = f"{output.name} is a link: what it leads to would be read, and written over"
        raise ToolError(where, what, hint="put an ordinary file there")
    env = build_environment(os.environ)
    words = [*argv, *([] if output is None else ["--output-file", os.fspath(output)])]
    try:
        # As the user, whose keyring may need what is in the environment.
        return run_uv([*words, "--no-build"], settings=settings, where=where, hint=hint, stdin=stdin)
    except ToolError as error:
        if _NOT_BUILT.search(error.what) is None:
            raise
        if (secret := _secret(env)) is not None:
            what = (
                f"{error.what}\nfinding out what it needs would run its code, which could read a password from {secret}"
            )
            raise ToolError(where, what, hint="choose a version that has a wheel") from error
    return _shut_in(argv, folder, where, hint, stdin, env, output, settings)


def _shut_in(
    argv: Sequence[str],
    folder: Path | None,
    where: str,
    hint: str,
    stdin: bytes,
    env: Mapping[str, str],
    output: Path | None,
    told: str,
) -> bytes:
    uv, settings = Path(uv_program()).resolve(), file_of_user(env)
    with private_folder() as scratch, uv_folder(told) as place:
        made = scratch / "out" / "pylock.toml"
        made.parent.mkdir()
        if output is not None and output.exists():
            made.write_bytes(read_left(output, LARGEST_LOCK, where=where))
        words = [*argv, *([] if output is None else ["--output-file", os.fspath(made)])]
        named = (Path(word) for word in (*argv, *env.get("UV_FIND_LINKS", "").split(",")) if os.path.isabs(word))
        read, listed = ([], []) if folder is None else _of_the_workspace(folder, told)
        own = (uv, place, settings, *_SYSTEM, *named, *read)
        bounds = Bounds(own=own, listed=tuple(listed), write=(made.parent,), network=True, seconds=_SECONDS)
        bounds = attrs.evolve(bounds, memory=8 << 30, output=1 << 30)
        kept = {name: value for name, value in env.items() if name not in ("HOME", "TMPDIR", "NETRC", "UV_CACHE_DIR")}
        more = {**trusting(env), **kept, "XDG_CONFIG_HOME": os.fspath(settings.parents[1])}
        more.pop("XDG_CACHE_HOME", None)
        ended = run_confined([uv, *words], bounds, where=where, cwd=place, stdin=stdin, env=more)
        if ended.status != 0:
            what = f"`uv {argv[0]}` ended with status {ended.status}: {last_lines(ended.said)}"
            raise ToolError(where, what, hint=hint)
        if output is not None:
            output.write_bytes(_left(made, where))
        return ended.answer


def _of_the_workspace(folder: Path, told: str) -> tuple[list[Path], list[Path]]:
    """What uv reads for a unit, and what it lists.

    The unit; the tables above it and those of a workspace of uv's, in which it looks for the unit's neighbours; and
    folders of packages, if they lie in the repository.
    """
    folder = folder.resolve()
    above = [parent for parent in folder.parents if (parent / "pyproject.toml").is_file()]
    read, listed = [folder, *(parent / "pyproject.toml" for parent in above)], []
    for parent in above:
        if members := _members(parent):
            listed.append(parent)
            read += [path for text in members for path in parent.glob(f"{text}/pyproject.toml")]
    found = tomllib.loads(told).get("find-links", [])
    links = [Path(link).resolve() for link in (found if isinstance(found, list) else [found]) if "://" not in link]
    return [*read, *(link for link in links if above and link.is_relative_to(above[0]))], listed


def _members(parent: Path) -> list[str]:
    table: Any = read_toml(parent / "pyproject.toml", "pyproject.toml")
    for step in ("tool", "uv", "workspace", "members"):
        table = table.get(step) if isinstance(table, dict) else None
    found = table if isinstance(table, list) else []
    return [text for text in found if isinstance(text, str) and text and text[0] != "/" and ".." not in text]


def _left(made: Path, where: str) -> bytes:
    try:
        return read_left(made, LARGEST_LOCK, where=where)
    except FileNotFoundError as error:
        raise ToolError(where, "uv wrote nothing", hint="run again; if it stays, report it") from error


def _secret(env: Mapping[str, str]) -> str | None:
    """A setting that may hold a password."""
    told = {name: value for name, value in env.items() if name.startswith("UV_") or name.lower().endswith("_proxy")}
    named = [name for name, value in told.items() if name.endswith(_SECRET) or "@" in value]
    files = [Path(env["UV_CONFIG_FILE"])] if "UV_CONFIG_FILE" in env else [file_of_user(env)]
    named += [os.fspath(path) for path in files if path.exists() and "@" in path.read_text(encoding="utf-8")]
    return min(named, default=None)
