"""Makes the sample repositories of `tests/repos`: a good one, with the files of one mistake laid over it."""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

from multi_env_lambda.api.workspace import Workspace
from multi_env_lambda.aws.ledger import Ledger
from multi_env_lambda.make.tree import TreeMaker
from multi_env_lambda.testing.memory import MemoryPlatform, MemoryStore
from multi_env_lambda.testing.world import FakeTree, code_sha256, fake_world
from multi_env_lambda.world import World
from tests.building.test_shared_objects import elf

__all__ = ["BAD", "add_wheels", "copy_of", "world_of"]

REPOS = Path(__file__).parent / "repos"
BAD = tuple(sorted(path.name for path in (REPOS / "bad").iterdir()))

_HEADER_OF_ARM = b"\x7fELF\x02\x01\x01" + bytes(9) + (3).to_bytes(2, "little") + (183).to_bytes(2, "little")


def copy_of(folder: Path, mistake: str | None = None) -> Path:
    """The repository with two units, in Git; with a mistake, if one is named."""
    shutil.copytree(REPOS / "two_units", folder)
    if mistake is not None:
        shutil.copytree(REPOS / "bad" / mistake, folder, dirs_exist_ok=True, symlinks=True)
    for lock in folder.rglob("pylock.toml"):
        add_wheels(lock)
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    return folder


def world_of(workspace: Workspace, cache: Path) -> tuple[World, MemoryStore]:
    """Real building, over accounts in memory; handlers are only read, so that every machine says the same."""
    store = MemoryStore()
    platform = MemoryPlatform(lambda key: code_sha256(store, key) if key in store.objects else "")
    fake = fake_world(FakeTree(content={}), cache, config=workspace.config, store=store, platform=platform)
    maker = TreeMaker(
        root=Path(workspace.root),
        cache=cache,
        config=workspace.config,
        interpreter=lambda _: None,
        fetch=lambda _: None,
    )
    parts = {name: getattr(fake.world, name) for name in ("holder", "holder_is_dead", "reported", "now", "library")}
    world = World(
        config=workspace.config,
        projects=workspace.configs,
        broken=workspace._opened.broken,
        store=store,
        ledger=Ledger(store, cache),
        platform=platform,
        maker=maker,
        cache=cache,
        **parts,
    )
    return world, store


def add_wheels(lock: Path) -> None:
    """Make the wheels that a lock names, so that no archive has to lie in this repository.

    A hash of the form @name@ stands for one that is made here.
    """
    text = lock.read_text(encoding="utf-8")
    for name, files in WHEELS.items():
        if f"wheels/{name}" in text:
            body = _wheel(name, files())
            path = lock.parent / "wheels" / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(body)
            text = text.replace(f"@{name}@", hashlib.sha256(body).hexdigest())
    lock.write_text(text, encoding="utf-8")


def _wheel(filename: str, files: dict[str, bytes]) -> bytes:
    name, version, tags = filename.removesuffix(".whl").split("-", 2)
    info = f"{name}-{version}.dist-info"
    record = "".join(f"{path},,\n" for path in (*files, f"{info}/METADATA", f"{info}/WHEEL", f"{info}/RECORD"))
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(zipfile.ZipInfo(path), content, zipfile.ZIP_DEFLATED)
        archive.writestr(
            zipfile.ZipInfo(f"{info}/METADATA"), f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        archive.writestr(zipfile.ZipInfo(f"{info}/WHEEL"), f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tags}\n")
        archive.writestr(zipfile.ZipInfo(f"{info}/RECORD"), record)
    return body.getvalue()


WHEELS: dict[str, Callable[[], dict[str, bytes]]] = {
    "small-1.0-py3-none-any.whl": lambda: {"shared.py": b"WHO = 'small'\n"},
    "same-1.0-py3-none-any.whl": lambda: {"shared.py": b"WHO = 'same'\n"},
    "escaping-1.0-py3-none-any.whl": lambda: {"../../outside.py": b"print('here I am')\n"},
    "huge-1.0-py3-none-any.whl": lambda: {"huge/model.bin": bytes(263_000_000)},
    "display-1.0-cp313-cp313-manylinux_2_28_x86_64.whl": lambda: {
        "display.cpython-313-x86_64-linux-gnu.so": elf(needed=("libGL.so.1",))
    },
    "compiled-1.0-cp313-cp313-manylinux_2_28_x86_64.whl": lambda: {
        "compiled.cpython-313-x86_64-linux-gnu.so": _HEADER_OF_ARM + bytes(200)
    },
    "native-1.0-cp39-abi3-manylinux_2_17_x86_64.whl": lambda: {"native.abi3.so": elf()},
    "windows-1.0-cp313-cp313-win_amd64.whl": lambda: {"windows.pyd": b"MZ"},
}
