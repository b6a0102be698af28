"""A layer is unpacked once per account, however many functions and versions use it.

Reason: ministack unpacks all layers again at each cold start, which takes seconds for pandas, and discards the compiled
modules of the first import with each worker. Functions may write such modules, but none may write what a function of
another account runs.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import types
import zipfile
from contextlib import suppress
from pathlib import Path

from .function_environment import starting
from .names import load, original

__all__ = ["patch"]


def patch(cache: Path) -> None:
    """Give the module that starts workers a ``zipfile`` whose layers come from ``cache``."""
    runtime = load("ministack.core.lambda_runtime")
    place = original(runtime, "_account_region_from_function_config")

    class Archive(zipfile.ZipFile):
        def extractall(self, path: object = None, members: object = None, pwd: bytes | None = None) -> None:
            target = Path(str(path))
            if target.name.startswith("layer_"):
                account_id, _ = place(starting.config)
                unpacked = _unpacked(self, cache / str(account_id))
                target.rmdir()
                target.symlink_to(unpacked, target_is_directory=True)
            else:
                super().extractall(target)

    module = types.ModuleType("zipfile")
    vars(module).update(vars(original(runtime, "zipfile")))
    vars(module)["ZipFile"] = Archive
    runtime.zipfile = module


def _unpacked(archive: zipfile.ZipFile, cache: Path) -> Path:
    table = [(member.filename, member.CRC, member.file_size) for member in archive.infolist()]
    folder = cache / hashlib.sha256(repr(table).encode()).hexdigest()
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        scratch = tempfile.mkdtemp(dir=cache)
        zipfile.ZipFile.extractall(_plain(archive), scratch)
        # Functions may write bytecode only, so its folders have to be there.
        for parent in {Path(scratch, name).parent for name in archive.namelist() if name.endswith(".py")}:
            (parent / "__pycache__").mkdir(exist_ok=True)
        with suppress(OSError):  # another cold start was faster
            os.rename(scratch, folder)
    return folder


def _plain(archive: zipfile.ZipFile) -> zipfile.ZipFile:
    return zipfile.ZipFile(str(archive.filename))
