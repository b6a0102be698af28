"""A function runs in the interpreter of its runtime, and sees its own code, its layers and what Lambda offers.

Reason: ministack runs each Python function in its own interpreter with its own site-packages, so that a dependency
that is missing in the layer is not missing here, and it lets layers win over the function's own code.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .answers import with_error_details
from .names import load, original

__all__ = ["patch"]

_AFTER_LAYERS = "    _ms_install_invoke_depth()\n    try:\n"
_OWN_CODE_FIRST = "    sys.path.remove(code_dir)\n    sys.path.insert(0, code_dir)\n"


def patch(table: Path) -> None:
    """``table`` is a JSON file, runtime -> interpreter. It is read at each cold start, so that it may grow."""
    runtime = load("ministack.core.lambda_runtime")
    detect = original(runtime, "_detect_runtime_binary")
    worker = original(runtime, "_PYTHON_WORKER_SCRIPT")
    if worker.count(_AFTER_LAYERS) != 1:
        raise SystemExit("the worker script of ministack.core.lambda_runtime has changed: it cannot be patched")
    worker = with_error_details(worker.replace(_AFTER_LAYERS, _OWN_CODE_FIRST + _AFTER_LAYERS))

    def interpreter_and_worker(name: str) -> Any:
        if not name.startswith("python"):
            return detect(name)
        interpreters = json.loads(table.read_text(encoding="utf-8"))
        if name not in interpreters:
            known = ", ".join(sorted(interpreters)) or "none"
            raise RuntimeError(f"the local cloud has no interpreter for the runtime {name} (it has: {known})")
        return interpreters[name], worker

    runtime._detect_runtime_binary = interpreter_and_worker
