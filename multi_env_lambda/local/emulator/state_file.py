"""The state of all services is one file, which is replaced as a whole.

Reason: ministack writes one file per service, one after the other. After a kill in between, a stack would exist without
its function, and no command could repair that. Function code, layers and other large bytes are separate files, named by
content and written before the state refers to them.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from .names import load, original
from .threads import repeated

__all__ = ["patch"]

_BLOB = "__blob__"
_LARGE = 16 * 1024
_ENDED = "the local cloud was ended before the operation was"

Save = Callable[[Mapping[str, Callable[[], Any]]], None]


def patch(state: Path, blobs: Path) -> Save:
    """Must be called before the gateway is loaded. Returns a function that saves the state of some services; the rest
    stays.
    """
    persistence = load("ministack.core.persistence")
    for name in ("save_all", "load_state"):
        original(persistence, name)
    blobs.mkdir(exist_ok=True)
    file = state / "all.jsonl"
    known: dict[str, str] = _lines(file)
    persistence.load_state = _loader(persistence, known, file.exists())

    def save(services: Mapping[str, Callable[[], Any]]) -> None:
        for name, get_state in services.items():
            text = repeated(lambda get_state=get_state: _text(persistence, get_state))  # type: ignore[misc]
            if text is not None:
                known[name] = text
        _write(file, known)
        prune()

    persistence.save_all = save
    _patch_blobs(persistence, blobs)
    _keep_sessions(load("ministack.services.sts"))
    _patch_copies()
    prune = _prune_later()
    return save


def _text(persistence: Any, get_state: Callable[[], Any]) -> str | None:
    """None if a service has no state to report: its known state stays."""
    found = get_state()
    return None if found is None else json.dumps(found, default=persistence._json_default)


def _lines(file: Path) -> dict[str, str]:
    if not file.exists():
        return {}
    lines = file.read_text(encoding="utf-8").splitlines()
    return dict((name, text) for name, _, text in (line.partition("\t") for line in lines))


def _write(file: Path, known: Mapping[str, str]) -> None:
    scratch = file.with_suffix(".tmp")
    with open(scratch, "w", encoding="utf-8") as out:
        for name, text in known.items():
            out.write(f"{name}\t{text}\n")
    os.replace(scratch, file)
    for old in file.parent.glob("*.json"):
        old.unlink()


def _loader(persistence: Any, known: Mapping[str, str], there: bool) -> Callable[[str], Any]:
    """From the one file; if there is none yet, from the files of a release that had one per service."""
    load_file = persistence.load_state

    def load_state(service: str) -> Any:
        if not there:
            found = load_file(service)
        elif service in known:
            found = json.loads(known[service], object_hook=persistence._json_object_hook)
        else:
            found = None
        return _ended(found) if service == "cloudformation" and found else found

    return load_state


def _ended(state: Any) -> Any:
    """Operations of a server that has exited cannot continue."""
    for stack in getattr(state.get("stacks"), "_data", {}).values():
        status = str(stack.get("StackStatus", ""))
        if status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS":
            kind = status.partition("_")[0]
            stack["StackStatus"] = f"{kind if kind in ('CREATE', 'DELETE') else 'UPDATE'}_FAILED"
            stack["StackStatusReason"] = _ENDED
    return state


def _patch_copies() -> None:
    """The state is written on the event loop: copying it first would take as long as writing it."""
    cloudformation = load("ministack.services.cloudformation")
    original(cloudformation, "copy")
    cloudformation.copy = SimpleNamespace(deepcopy=lambda value: value)


def _prune_later() -> Callable[[], None]:
    """ministack deletes unused code before the state that referred to it is replaced."""
    functions = load("ministack.services.lambda_svc")
    remove = original(functions, "_prune_orphan_code_blobs")
    needed: list[Collection[str]] = []
    functions._prune_orphan_code_blobs = needed.append

    def prune() -> None:
        if needed:
            remove(needed[-1])
            needed.clear()

    return prune


def _patch_blobs(persistence: Any, folder: Path) -> None:
    """Large byte strings in the state go to separate files in ``folder``, named by content and written once."""
    encode, decode = original(persistence, "_json_default"), original(persistence, "_json_object_hook")
    written: dict[int, tuple[bytes, str]] = {}  # by identity: hashing 60 MB for each save would be slow
    loaded: dict[str, bytes] = {}

    def to_json(value: Any) -> Any:
        if not isinstance(value, bytes) or len(value) < _LARGE:
            return encode(value)
        if id(value) not in written:
            written[id(value)] = (value, _write_blob(folder, value))
        return {_BLOB: written[id(value)][1]}

    def from_json(value: dict[str, Any]) -> Any:
        if set(value) != {_BLOB}:
            return decode(value)
        name = value[_BLOB]
        if name not in loaded:
            loaded[name] = (folder / name).read_bytes()
            written[id(loaded[name])] = (loaded[name], name)
        return loaded[name]

    persistence._json_default, persistence._json_object_hook = to_json, from_json


def _keep_sessions(sts: Any) -> None:
    """A role session continues to work after the server is restarted.

    Sessions of functions do not expire, and are created again by the next call with the secret of that start.
    """
    sessions, is_expired = original(sts, "_sessions"), original(sts, "_session_expired")
    for name in ("get_state", "load_persisted_state"):
        original(sts, name)

    def lasting(found: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in found.items() if "Expiration" in value and not is_expired(value)}

    sts.get_state = lambda: {"sessions": lasting(dict(sessions))}
    sts.load_persisted_state = lambda data: sessions.update(lasting(data.get("sessions", {})))


def _write_blob(folder: Path, content: bytes) -> str:
    name = hashlib.sha256(content).hexdigest()
    if not (folder / name).exists():
        scratch = folder / f"{name}.tmp"
        scratch.write_bytes(content)
        scratch.replace(folder / name)
    return name
