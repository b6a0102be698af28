"""Runs other people's code: a clean environment, limits, no network, and access only to what is named.

The kernel enforces this (``sandbox.py``): if it cannot, only the environment and the limits remain, and a warning is
logged once.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import attrs

from multi_env_lambda.errors import ToolError
from multi_env_lambda.host import sandbox
from multi_env_lambda.host.groups import group_of
from multi_env_lambda.host.private import private_folder
from multi_env_lambda.host.timing import timed

__all__ = ["Bounds", "Ended", "clean_environment", "holds", "holds_with", "run_confined"]

_MEGABYTE = 1 << 20
_MOST_SAID = _MEGABYTE


@attrs.frozen(kw_only=True)
class Bounds:
    """What such a program may use.

    Args:
        own: what it may read and start; the interpreter and the system's libraries are added.
        listed: folders of which it may read the names of all that is in them.
        write: folders that it may change; its ``HOME`` is added.
        programs: names of programs in ``/usr/bin`` and similar folders.
        children: whether it may start processes at all.
        attributes: whether it may change modes, owners and times of files; if so, of every file that this user owns.
        network: whether it has network access; never to other programs of this machine by sockets that are files.
        seconds: until it is killed, with everything that it started.
        memory: bytes of address space of each process.
        output: bytes of any file that it writes, including its output.
    """

    own: tuple[Path, ...] = ()
    listed: tuple[Path, ...] = ()
    write: tuple[Path, ...] = ()
    programs: tuple[str, ...] = ()
    children: bool = True
    attributes: bool = True
    network: bool = False
    seconds: float = 60.0
    memory: int = 2048 * _MEGABYTE
    output: int = 16 * _MEGABYTE

    def orders(self, home: Path) -> dict[str, object]:
        """The arguments of ``sandbox.py``."""
        processor = int(self.seconds) + 1
        return {
            "own": [os.fspath(path) for path in self.own],
            "listed": [os.fspath(path) for path in self.listed],
            "write": [os.fspath(path) for path in (*self.write, home)],
            "programs": list(self.programs),
            "scratch": False,
            "network": self.network,
            "local_sockets": False,
            "children": self.children,
            "attributes": self.attributes,
            "memory_files": False,
            "parent": os.getpid(),
            "limits": {"AS": self.memory, "CPU": processor, "FSIZE": self.output, "CORE": 0},
        }


@attrs.frozen(kw_only=True)
class Ended:
    """How it ended. ``status`` is None if it ran out of time; negative: the number of the signal that killed it."""

    status: int | None
    answer: bytes = attrs.field(repr=False)
    said: str = ""


def clean_environment(home: Path, **more: str) -> dict[str, str]:
    """Nothing of the user's: its own ``HOME``, where AWS finds no credentials."""
    return {
        "PATH": os.pathsep.join(sandbox.PROGRAM_FOLDERS),
        "HOME": os.fspath(home),
        "TMPDIR": os.fspath(home),
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        **more,
    }


def holds() -> bool:
    """Whether the kernel can confine such a program."""
    return holds_with(sandbox.landlock_version())


@cache
def holds_with(version: int) -> bool:
    """The same for a version of Landlock; if it cannot, a warning is logged once per process."""
    if version >= sandbox.FIRST_WITH_RENAMES:
        return True
    what = "this machine has no Landlock (Linux 5.19): code of the units can read this user's files while it is built"
    logging.getLogger(__name__).warning("%s; see whom-to-trust", what)
    return False


def run_confined(
    argv: Sequence[str | Path],
    bounds: Bounds,
    *,
    where: str,
    cwd: Path | None = None,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    before: Sequence[Sequence[str | Path]] = (),
) -> Ended:
    """Run a program until it ends or runs out of time; ``env`` is added to the clean environment.

    ``before`` are commands that run first, one after the other, and share everything with it, also its time. If one
    fails, it has ended like that one.

    Raises:
        ToolError: it could not be started.
    """
    holds()
    with private_folder() as folder:
        # The home is next to the arguments and the output, which it may not write to.
        home = folder / "home"
        home.mkdir()
        orders = {**bounds.orders(home), "before": [[os.fspath(word) for word in command] for command in before]}
        (folder / "orders.json").write_text(json.dumps(orders), encoding="utf-8")
        (folder / "stdin").write_bytes(stdin)
        words = [sys.executable, "-I", "-S", sandbox.__file__, folder / "orders.json", *argv]
        environment = {**clean_environment(home), **(env or {})}
        status = _run(words, folder, home if cwd is None else cwd, environment, bounds.seconds, where)
        said = _said(folder / "stderr")
        return Ended(status=status, answer=(folder / "stdout").read_bytes(), said=said)


def _said(path: Path) -> str:
    """Its beginning and its end, if it is a flood."""
    with path.open("rb") as stream:
        begin = stream.read(_MOST_SAID)
        size = stream.seek(0, os.SEEK_END)
        if size <= _MOST_SAID:
            return begin.decode("utf-8", "replace")
        stream.seek(-min(_MOST_SAID, size - _MOST_SAID), os.SEEK_END)
        end = stream.read()
    return f"{begin.decode('utf-8', 'replace')}\n…\n{end.decode('utf-8', 'replace')}"


def _run(
    words: Sequence[str | Path], folder: Path, cwd: Path, env: Mapping[str, str], seconds: float, where: str
) -> int | None:
    # Files instead of pipes: a flood hits the size limit, and no reader is needed.
    with (
        (folder / "stdin").open("rb") as stdin,
        (folder / "stdout").open("wb") as stdout,
        (folder / "stderr").open("wb") as stderr,
    ):
        argv = [os.fspath(word) for word in words]
        try:
            process = subprocess.Popen(
                argv, cwd=cwd, env=env, stdin=stdin, stdout=stdout, stderr=stderr, start_new_session=True
            )
        except OSError as error:
            what = f"`{argv[0]}` could not be started: {error.strerror}"
            raise ToolError(where, what, hint="does the Python that runs this still exist?") from error
        with group_of(process), timed("program", Path(argv[0]).name):
            try:
                return process.wait(timeout=seconds)
            except subprocess.TimeoutExpired:
                return None
