"""Started by ``backend`` in the environment of a build: a folder and PEP 517 hooks in, files out.

It runs under the Python of the environment and must import nothing but the standard library. The backend is
untrusted code; the process is sandboxed before it starts.
Source: https://peps.python.org/pep-0517/
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any


def main(orders_path: str) -> int:
    """Ask each hook what else it needs, then build; each hook has its own process."""
    orders = json.loads(Path(orders_path).read_text(encoding="utf-8"))
    os.chdir(orders["folder"])
    sys.path[:0] = orders["backend_path"]
    try:
        backend = _backend(orders["backend"])
    except BaseException as error:
        _tell(error)
        return 1
    needs = Path(orders["needs"])
    for kind in orders["kinds"]:
        if status := _forked(lambda kind=kind: _ask(backend, kind, needs)):
            return status
    asked = needs.read_text(encoding="utf-8").splitlines() if needs.exists() else []
    if not set(asked) <= set(orders["known"]):
        return 0
    for kind in orders["kinds"]:
        hook = getattr(backend, "prepare_metadata_for_build_wheel", None) if orders["metadata"] else None
        hook = hook or getattr(backend, f"build_{kind}")
        if status := _forked(lambda hook=hook: hook(orders["out"], {})):
            return status
    return 0


def _backend(path: str) -> Any:
    module, _, inner = path.partition(":")
    backend: Any = importlib.import_module(module)
    for name in filter(None, inner.split(".")):
        backend = getattr(backend, name)
    return backend


def _tell(error: BaseException) -> None:
    """On stderr, from the first line that is the backend's own: the frames that called it do not help."""
    import traceback

    own = (__file__, importlib.__file__, "<frozen importlib._bootstrap>", "<frozen importlib._bootstrap_external>")
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename in own:
        trace = trace.tb_next
    traceback.print_exception(error.with_traceback(trace))


def _ask(backend: Any, kind: str, needs: Path) -> None:
    hook = getattr(backend, f"get_requires_for_build_{kind}", None)
    if hook is not None and (found := hook({})):
        with needs.open("a", encoding="utf-8") as file:
            file.write("".join(f"{text}\n" for text in found))


def _forked(run: Any) -> int:
    """What a hook leaves in its interpreter does not affect the next one."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            run()
            status = 0
        except BaseException as error:
            _tell(error)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
