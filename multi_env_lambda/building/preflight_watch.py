"""Hides from an import check the files, libraries and programs of this machine that Lambda does not have.

Loaded by `preflight_run` in a clean interpreter, and so it imports nothing but the standard library. A hook sees what
Python does and answers as Lambda would; the kernel refuses what it does not see (programs behind a shell, other code).
Checking whether a file exists is neither an event nor a right: there the functions of `os` answer for Lambda.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any

_STARTS = ("subprocess.Popen", "os.posix_spawn", "os.exec", "os.spawn")
_LISTS = ("os.listdir", "os.scandir")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_LIBRARY_FOLDERS = ("/lib64", "/usr/lib64")
_lstat = os.lstat

_CHANGES: dict[str, tuple[tuple[int, int | None], ...]] = {
    "os.chmod": ((0, 2),),
    "os.chown": ((0, 3),),
    "os.link": ((1, 3),),
    "os.remove": ((0, 1),),
    "os.removexattr": ((0, None),),
    "os.rename": ((0, 2), (1, 3)),
    "os.rmdir": ((0, 1),),
    "os.setxattr": ((0, None),),
    "os.symlink": ((1, 2),),
    "os.truncate": ((0, None),),
    "os.utime": ((0, 3),),
}
"""Which arguments of an event are changed, and which one is the open folder to which a relative name refers.

Source: https://docs.python.org/3/library/audit_events.html
"""

_TO_WHAT_IS_THERE = ("os.chmod", "os.chown", "os.removexattr", "os.setxattr", "os.truncate", "os.utime")
"""The other events concern a folder, so Linux refuses them on a read-only system before it looks for the file."""

_FOLDERS_OF_LAMBDA = ("/usr/bin", "/usr/sbin", "/usr/local", "/usr/local/bin", "/usr/share", "/usr/libexec")
_NOT_LISTED = frozenset({*_FOLDERS_OF_LAMBDA, "/", "/bin", "/etc", "/home", "/opt", "/sbin", "/usr", "/var"})
"""Folders that Lambda has, too; the full content of none is known."""

_HIDDEN = ("/bin/", "/etc/", "/home/", "/media/", "/mnt/", "/opt/", "/root/", "/sbin/", "/snap/", "/srv/", "/usr/")
_LIBRARIES = ("/lib/", "/lib32/", "/lib64/", "/usr/lib/", "/usr/lib32/", "/usr/lib64/", "/usr/local/lib/")
"""Read by the interpreter, and so not refused as a whole; but a library that is requested by name is not in Lambda."""


class Machine:
    """Which paths, libraries and programs of this machine represent those of Lambda."""

    def __init__(self, orders: dict[str, Any], sandbox: Any) -> None:
        interpreter = sandbox.interpreter_folders()
        self.prefix = os.path.realpath(interpreter[0])
        self.libraries = frozenset(orders["libraries"])
        self.programs = frozenset(orders["programs"])
        self.program_folders = (*sandbox.PROGRAM_FOLDERS, orders["bin"])
        self.library_folders: tuple[str, ...] = tuple(orders["library_folders"])
        self.code = _roots(orders["own"])
        self.writable = _roots([*orders["write"], sandbox.SCRATCH, "/dev", "/proc"])
        self.loadable = self.code + self.writable + _roots(interpreter)
        self.readable = self.loadable + _roots([*sandbox.SYSTEM, *sandbox.certificates()])
        self.above = frozenset(_above(self.readable))

    def may_read(self, path: str) -> bool:
        return _is_in(path, self.readable)

    def may_write(self, path: str) -> bool:
        return _is_in(path, self.writable) and not _is_in(path, self.code)

    def may_load(self, path: str) -> bool:
        folder, name = os.path.split(path)
        if not folder:
            is_brought = any(os.path.exists(os.path.join(place, name)) for place in self.library_folders)
            return is_brought or name in self.libraries or name in {os.path.basename(one) for one in mapped()}
        is_lambdas = folder in _LIBRARY_FOLDERS and name in self.libraries
        return is_lambdas or _is_in(path, self.loadable) or path in mapped()

    def may_start(self, path: str) -> bool:
        folder, name = os.path.split(path)
        is_lambdas = folder in ("", *self.program_folders) and name in self.programs
        is_python = os.path.realpath(path) == os.path.realpath(sys.executable)
        return is_lambdas or is_python or (folder != "" and _is_in(path, self.code + self.writable))

    def has(self, path: str) -> bool:
        """By its name alone: following its links would recurse."""
        folder, name = os.path.split(path)
        if path.startswith(_LIBRARIES) and ".so" in name and not (path + os.sep).startswith(self.loadable):
            return (folder in _LIBRARY_FOLDERS and name in self.libraries) or path in mapped()
        if not path.startswith(_HIDDEN) or path in self.above or (path + os.sep).startswith(self.readable):
            return True
        return folder in self.program_folders and name in self.programs


def _roots(paths: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one + os.sep for path in paths for one in (path, os.path.realpath(path))))


def _above(roots: Iterable[str]) -> Iterable[str]:
    yield from _FOLDERS_OF_LAMBDA
    for root in roots:
        parts = root.strip(os.sep).split(os.sep)
        yield from (os.sep + os.sep.join(parts[:end]) for end in range(1, len(parts)))


def _is_in(path: str, roots: tuple[str, ...]) -> bool:
    # As written, first: following links takes longer, and most files that an import opens are in the layer. What
    # escapes from there by a link is refused by the kernel.
    return (path + os.sep).startswith(roots) or (os.path.realpath(path) + os.sep).startswith(roots)


def leave_out(orders: dict[str, Any], refused: list[str], sandbox: Any) -> Machine:
    """From now on the process has what it would have in Lambda. What it fails to find is added to ``refused``."""
    import ctypes.util

    machine = Machine(orders, sandbox)

    def find_library(name: str) -> str | None:
        return next((one for one in sorted(machine.libraries) if one.startswith(f"lib{name}.so")), None)

    ctypes.util.find_library = find_library
    # Bytecode of the layer is kept, in folders that exist already; everything else is as in Lambda.
    changed = [*orders["write"], *orders["bytecode"]]
    sandbox.shut_in(own=orders["own"], write=changed, programs=orders["programs"], network=False)
    if orders["first"]:
        for name in ("stat", "lstat", "access"):
            setattr(os, name, _Answering(getattr(os, name), machine, answers_no=name == "access"))
    sys.addaudithook(lambda event, arguments: _watch(event, arguments, machine, refused))
    return machine


def _watch(event: str, arguments: tuple[Any, ...], machine: Machine, refused: list[str]) -> None:
    if event == "open" or event in _LISTS or event == "os.mkdir":
        _watch_files(event, arguments, machine, refused)
    elif event in _CHANGES:
        _watch_changes(event, arguments, machine, refused)
    elif event == "socket.connect" and isinstance(arguments[1], (str, bytes)):
        _watch_files("connect", (arguments[1],), machine, refused)
    elif event == "ctypes.dlopen" and arguments[0]:
        path = os.fsdecode(arguments[0])
        if not machine.may_load(path):
            refused.append(path if os.path.basename(path) in machine.libraries else os.path.basename(path))
            raise OSError(f"{path}: cannot open shared object file: No such file or directory")
    elif event in _STARTS and not isinstance(arguments[0], int):
        path = os.fsdecode(arguments[0])
        if not machine.may_start(path):
            refused.append(os.path.basename(path))
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)


class _Answering:
    """One of `os.stat`, `os.lstat` and `os.access`, which sees only what Lambda has.

    Not a function: as an attribute of a class, where Python 3.10 keeps them, a function would become a method.
    """

    def __init__(self, ask: Callable[..., Any], machine: Machine, *, answers_no: bool) -> None:
        self.ask, self.machine, self.answers_no = ask, machine, answers_no
        for features in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks, os.supports_effective_ids):
            if ask in features:
                features.add(self)

    def __call__(self, path: Any, *args: Any, **named: Any) -> Any:
        if not isinstance(path, int):
            name = os.fsdecode(path)
            if name[:1] == "/" and not self.machine.has(os.path.normpath(name)):
                if self.answers_no:
                    return False
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
        return self.ask(path, *args, **named)


def _watch_files(event: str, arguments: tuple[Any, ...], machine: Machine, refused: list[str]) -> None:
    """Refuse as Lambda would: it does not have the file, or does not allow changes."""
    if not isinstance(arguments[0], (str, bytes)):
        return  # already open
    path = os.fsdecode(arguments[0])
    if event != "open":
        in_other = event == "os.mkdir" and arguments[2] != -1
        # What exists only on this machine would have to be created in Lambda.
        writes = event == "os.mkdir" and not (machine.has(os.path.abspath(path)) and _is_there(path))
    else:
        # A relative name may refer to an open folder, which the event does not say.
        in_other = arguments[1] is None and not os.path.isabs(path)
        writes = bool(arguments[2] & _WRITES)
    if in_other or (writes and "__pycache__" in path):
        return
    path = os.path.abspath(path)
    if writes and not machine.may_write(path) and _is_there(os.path.dirname(path)):
        _refuse_change(path, refused)
    if not writes and not machine.may_read(path) and _is_there(path):
        refused.append(path)
        if event in _LISTS and path in _NOT_LISTED:
            raise OSError(errno.ENOTSUP, "the full content of this folder in Lambda is unknown", path)
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)


def _watch_changes(event: str, arguments: tuple[Any, ...], machine: Machine, refused: list[str]) -> None:
    for number, begins in _CHANGES[event]:
        if not isinstance(arguments[number], (str, bytes)):
            continue  # already open: the kernel decided whether it may be written
        path = os.path.abspath(os.path.join(_folder(arguments, begins), os.fsdecode(arguments[number])))
        if "__pycache__" in path or machine.may_write(path):
            continue
        if _is_there(path if event in _TO_WHAT_IS_THERE else os.path.dirname(path)):
            _refuse_change(path, refused)


def _folder(arguments: tuple[Any, ...], begins: int | None) -> str:
    number = -1 if begins is None else arguments[begins]
    return os.readlink(f"/proc/self/fd/{number}") if isinstance(number, int) and number >= 0 else ""


def _is_there(path: str) -> bool:
    """On this machine, regardless of Lambda."""
    try:
        _lstat(path)
    except (OSError, ValueError):
        return False
    return True


def _refuse_change(path: str, refused: list[str]) -> None:
    refused.append(path)
    raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)


def mapped() -> list[str]:
    """The shared objects in this process; none if the system does not say."""
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="replace") as lines:
            paths = {line.rstrip("\n").partition("/")[2] for line in lines if ".so" in line}
    except OSError:
        return []
    return sorted("/" + path for path in paths if path)
