"""Every handler is imported in a clean interpreter before anything is published."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from multi_env_lambda.building.borrowed import borrowed, missing_here
from multi_env_lambda.building.handler import Handler
from multi_env_lambda.building.preflight import check_handlers
from multi_env_lambda.building.preflight_watch import mapped
from multi_env_lambda.building.shared_objects import Missing
from multi_env_lambda.errors import BuildError, ConfigurationError, ToolError
from multi_env_lambda.host.private import private_folder
from multi_env_lambda.host.process import uv_folder
from multi_env_lambda.host.sandbox import landlock_version
from multi_env_lambda.model.lambda_image import AMAZON_LINUX_2023
from tests.building.test_shared_objects import elf
from tests.host.test_confined import OF_THIS_PACKAGE, end, started, waiting
from tests.tools.polling import until

HANDLER = "def handler(event, context):\n    return event\n"
PYTHON = Path(sys.executable)


def packed(path: Path, files: Mapping[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def wheel_of(folder: Path, text: str = HANDLER, **others: str) -> Path:
    more = {f"orders/{name}.py": content for name, content in others.items()}
    return packed(folder / "orders.whl", {"orders/__init__.py": "", "orders/create.py": text, **more})


def check(
    wheel: Path,
    *handlers: str,
    layer: Path | None = None,
    interpreter: Path | None = PYTHON,
    environment: Mapping[str, str] | None = None,
    unloadable: Mapping[str, tuple[Missing, ...]] | None = None,
    layered: tuple[str, ...] = (),
    cache: Path | None = None,
    seconds: float = 60,
) -> tuple[str, ...]:
    found = [
        Handler(key=f"f{number}", text=text, is_layered=f"f{number}" in layered, variables=environment or {})
        for number, text in enumerate(handlers or ("orders.create.handler",))
    ]
    return check_handlers(
        wheel,
        layer,
        found,
        interpreter=interpreter,
        where="projects/orders",
        unloadable=unloadable,
        cache=cache,
        seconds=seconds,
    )


def refused(*args: object, **named: object) -> str:
    with pytest.raises(ConfigurationError) as caught:
        check(*args, **named)  # type: ignore[arg-type]
    return str(caught.value)


@pytest.fixture
def scratch() -> Iterator[Path]:
    """The folder that Lambda lets a function write to, whatever this machine's own one is."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        yield Path(folder)


@contextmanager
def variables(**values: str) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def test_a_good_handler_passes(tmp_path: Path) -> None:
    check(wheel_of(tmp_path))


# --- what is seen without an interpreter ---
def test_a_misspelled_function_is_refused_with_the_likely_one(tmp_path: Path) -> None:
    text = refused(wheel_of(tmp_path), "orders.create.handlr", interpreter=None)
    assert "function `f0`, handler `orders.create.handlr`" in text
    assert "did you mean `handler`?" in text


def test_a_misspelled_module_is_refused_with_the_likely_one(tmp_path: Path) -> None:
    text = refused(wheel_of(tmp_path), "orders.craete.handler", interpreter=None)
    assert "no module `orders.craete`" in text
    assert "did you mean `orders.create`?" in text


@pytest.mark.parametrize(
    "text",
    [
        "from json import dumps as handler\n",
        "handler = print\n",
        "if True:\n    def handler(e, c): ...\n",
        "try:\n    from json import dumps as handler\nexcept ImportError:\n    handler = None\n",
        "import asyncio\n@asyncio.to_thread\nasync def handler(e, c): ...\n",
        "class handler: ...\n",
        "from json import *\n",
    ],
)
def test_every_way_to_define_a_function_counts(tmp_path: Path, text: str) -> None:
    check(wheel_of(tmp_path, text), interpreter=None)


def test_a_function_inside_another_does_not_count(tmp_path: Path) -> None:
    text = "def outer():\n    def handler(e, c): ...\n"
    assert "does not define `handler`" in refused(wheel_of(tmp_path, text), interpreter=None)


def test_a_coroutine_is_refused(tmp_path: Path) -> None:
    assert "async def" in refused(wheel_of(tmp_path, "async def handler(e, c): ...\n"), interpreter=None)


def test_a_missing_module_is_seen_where_no_interpreter_is(tmp_path: Path) -> None:
    wheel = wheel_of(tmp_path, "from orders import db\n" + HANDLER, db="import json\nimport pydantic.fields\n")
    text = refused(wheel, interpreter=None)
    assert "`pydantic.fields` is missing; it is imported by orders/db.py line 2" in text
    assert "add what provides `pydantic` to `dependencies`" in text


def test_a_module_of_the_unit_that_was_left_out_is_seen(tmp_path: Path) -> None:
    wheel = wheel_of(tmp_path, "from .datebase import open\n" + HANDLER, database="")
    assert "did you mean `orders.database`?" in refused(wheel, interpreter=None)


def test_imports_that_may_fail_are_left_alone(tmp_path: Path) -> None:
    text = "try:\n    import nothing_here\nexcept ImportError:\n    pass\n" + HANDLER
    check(wheel_of(tmp_path, text))


def test_modules_of_the_layer_and_of_lambda_are_there(tmp_path: Path) -> None:
    layer = packed(tmp_path / "layer.zip", {"python/rate/__init__.py": "value = 7\n"})
    check(wheel_of(tmp_path, "import boto3\nfrom rate import value\n" + HANDLER), layer=layer)


def test_a_handler_may_lie_in_the_layer(tmp_path: Path) -> None:
    layer = packed(tmp_path / "layer.zip", {"python/lib/python3.11/site-packages/wrap/main.py": HANDLER})
    check(wheel_of(tmp_path), "wrap.main.handler", layer=layer)


def test_a_handler_with_slashes_is_found_as_lambda_finds_it(tmp_path: Path) -> None:
    check(wheel_of(tmp_path), "orders/create.handler")


# --- what is seen by importing ---
def test_a_missing_module_is_named_with_the_line_that_wants_it(tmp_path: Path) -> None:
    wheel = wheel_of(tmp_path, "import importlib\nimportlib.import_module('pydanticc')\n" + HANDLER)
    text = refused(wheel)
    assert "`pydanticc` is missing; it is imported by orders/create.py line 2" in text


def test_a_function_that_is_made_at_run_time_is_found(tmp_path: Path) -> None:
    check(wheel_of(tmp_path, "globals()['handler'] = print\n"))


def test_a_function_that_was_deleted_is_missed(tmp_path: Path) -> None:
    assert "does not define `handler`" in refused(wheel_of(tmp_path, HANDLER + "del handler\n"))


def test_what_cannot_be_called_is_refused(tmp_path: Path) -> None:
    assert "is of type int" in refused(wheel_of(tmp_path, "handler = 7\n"))


def test_an_error_at_import_is_shown_with_its_line(tmp_path: Path) -> None:
    text = refused(wheel_of(tmp_path, "import os\nTABLE = os.environ['TABLE']\n" + HANDLER))
    assert "KeyError: 'TABLE' (orders/create.py line 2)" in text


@pytest.mark.parametrize("kind", ["Exception", "BaseException", "SyntaxError"])
def test_an_error_at_import_that_cannot_say_what_it_is_is_shown_with_its_line(tmp_path: Path, kind: str) -> None:
    silent = f"class Silent({kind}):\n    def __str__(self): raise ValueError\n"
    text = refused(wheel_of(tmp_path, f"{silent}raise Silent\n{HANDLER}"))

    assert "nothing, since its __str__ failed" in text
    assert "Traceback" not in text


def test_the_variables_of_the_function_are_set(tmp_path: Path) -> None:
    text = "import os\nassert os.environ['TABLE'] == 'orders-prod' and os.environ['AWS_REGION']\n" + HANDLER
    check(wheel_of(tmp_path, text), environment={"TABLE": "orders-prod"})


def test_a_function_does_not_start_with_the_variables_of_another_one(tmp_path: Path) -> None:
    reads = "import os\nTABLE = os.environ['TABLE']\n" + HANDLER
    wheel = wheel_of(tmp_path, "from orders.other import TABLE\n" + HANDLER, other=reads)
    has = Handler(key="has", text="orders.create.handler", variables={"TABLE": "t"}, environments=("test", "prod"))
    lacks = Handler(key="lacks", text="orders.create.handler", environments=("test",))

    check_handlers(wheel, None, [has], interpreter=PYTHON, where="projects/orders")
    with pytest.raises(ConfigurationError) as caught:
        check_handlers(wheel, None, [has, lacks], interpreter=PYTHON, where="projects/orders")

    assert caught.value.what == (
        "function `lacks`, handler `orders.create.handler`: importing its module raises KeyError: 'TABLE' "
        "(orders/other.py line 2)"
    )
    assert caught.value.hint == (
        "`lacks` has no variable `TABLE` in test: set it in `environment` of the function, or in stack.py with "
        "`context.set_environment`"
    )


def test_a_key_that_no_variable_lacks_is_an_error_of_the_module(tmp_path: Path) -> None:
    text = refused(wheel_of(tmp_path, "{}['TABLE']\n" + HANDLER), environment={"TABLE": "orders"})

    assert "it would raise in Lambda too: correct the module" in text


def test_nothing_of_the_user_is_seen(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "secret_module.py").write_text("")
    text = (
        "import os, sys\n"
        "assert os.environ['AWS_ACCESS_KEY_ID'] != 'canary' != os.environ['AWS_SECRET_ACCESS_KEY']\n"
        "try:\n    import secret_module\nexcept ImportError:\n    pass\nelse:\n    raise AssertionError\n"
    )
    with variables(AWS_SECRET_ACCESS_KEY="canary", AWS_ACCESS_KEY_ID="canary", PYTHONPATH=str(tmp_path / "mine")):
        check(wheel_of(tmp_path, text + HANDLER))


def test_a_call_to_aws_at_import_time_is_not_held_against_it(tmp_path: Path) -> None:
    text = "import boto3\nboto3.client('ssm').get_parameter(Name='x')\n"
    check(wheel_of(tmp_path, text + HANDLER))


@pytest.mark.skipif(sys.platform != "linux", reason="only there a network can be taken away")
def test_there_is_no_network_at_import_time_which_is_not_held_against_it(tmp_path: Path) -> None:
    reached = "import socket\ntry:\n    socket.socket()\nexcept OSError as error:\n    assert error.errno == 101\n"
    check(wheel_of(tmp_path, f"{reached}else:\n    raise AssertionError('a network')\n{HANDLER}"))
    (tmp_path / "other").mkdir()
    check(wheel_of(tmp_path / "other", f"import socket\nsocket.socket().connect(('192.0.2.1', 80))\n{HANDLER}"))


@pytest.mark.parametrize("end", ["import os; os._exit(3)", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"])
def test_a_module_that_ends_the_process_is_named(tmp_path: Path, end: str) -> None:
    text = refused(
        wheel_of(tmp_path, HANDLER, broken=f"{end}\n{HANDLER}"), "orders.create.handler", "orders.broken.handler"
    )
    assert "function `f1`" in text and "ended the interpreter with status" in text


def test_system_exit_at_import_is_an_error(tmp_path: Path) -> None:
    assert "SystemExit" in refused(wheel_of(tmp_path, "raise SystemExit(0)\n" + HANDLER))


def test_a_module_that_does_not_end_is_given_up(tmp_path: Path) -> None:
    text = "import subprocess, threading\nsubprocess.Popen(['sleep', '600'])\nthreading.Event().wait()\n"
    assert "did not end within 0.5 seconds" in refused(wheel_of(tmp_path, text + HANDLER), seconds=0.5)


def test_a_start_that_lambda_would_stop_is_noted_each_time(tmp_path: Path) -> None:
    # As if it had taken that long, for whoever looks at the clock afterwards.
    text = "import time\nreal = time.monotonic\ntime.monotonic = lambda: real() + 16\n"
    wheel = wheel_of(tmp_path, text + HANDLER)
    (note,) = check(wheel, cache=tmp_path / "cache")
    assert re.fullmatch(r"function `f0`, handler `\S+`: importing its module took 1\d\.\d s here, and .* 10 s .*", note)
    assert check(wheel, cache=tmp_path / "cache") == (note,)
    assert check(wheel_of(tmp_path), cache=tmp_path / "cache") == ()


def test_an_import_has_nothing_to_read_from_its_input(tmp_path: Path) -> None:
    check(wheel_of(tmp_path, f"import sys\nassert sys.stdin.read() == ''\n{HANDLER}"))


def test_two_handlers_under_one_key_are_both_judged(tmp_path: Path) -> None:
    wheel = wheel_of(tmp_path, "raise ValueError('first')\n" + HANDLER, other=HANDLER)
    handlers = [Handler(key="create", text=f"orders.{module}.handler") for module in ("create", "other")]
    with pytest.raises(ConfigurationError, match="ValueError: first"):
        check_handlers(wheel, None, handlers, interpreter=PYTHON, where="projects/orders")


def test_a_layer_for_another_processor_is_not_imported(tmp_path: Path) -> None:
    foreign = b"\x7fELF" + bytes(14) + (8).to_bytes(2, "little") + bytes(8)  # MIPS, which Lambda does not have
    layer = packed(tmp_path / "layer.zip", {"python/fast.abi3.so": foreign})
    check(wheel_of(tmp_path, "import fast\n" + HANDLER), layer=layer)


# --- the cache ---
def test_a_success_is_remembered(tmp_path: Path, desk: Path, scratch: Path) -> None:
    trace = scratch / "trace"
    wheel = wheel_of(tmp_path, f"open({str(trace)!r}, 'a').write('x')\n" + HANDLER)
    check(wheel, cache=desk)
    check(wheel, cache=desk)
    assert trace.read_text() == "x"


def test_another_layer_is_imported_again(tmp_path: Path) -> None:
    wheel = wheel_of(tmp_path, "from rate import value\n" + HANDLER)
    good = packed(tmp_path / "good.zip", {"python/rate.py": "value = 7\n"})
    bad = packed(tmp_path / "bad.zip", {"python/rate.py": "other = 7\n"})
    check(wheel, layer=good, cache=tmp_path / "cache")
    assert "cannot import name 'value'" in refused(wheel, layer=bad, cache=tmp_path / "cache")


def test_a_failure_is_not_remembered(tmp_path: Path, desk: Path, scratch: Path) -> None:
    gate = scratch / "gate"
    wheel = wheel_of(tmp_path, f"open({str(gate)!r})\n" + HANDLER)
    assert "FileNotFoundError" in refused(wheel, cache=desk)
    gate.touch()
    check(wheel, cache=desk)


# --- hostile input ---
def test_an_entry_that_escapes_is_refused_and_not_written(tmp_path: Path) -> None:
    layer = packed(tmp_path / "layer.zip", {"python/../../../evil.py": "x"})
    with pytest.raises(BuildError, match="climbs out"):
        check(wheel_of(tmp_path), layer=layer)


def test_a_wheel_that_is_no_zip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "orders.whl").write_bytes(b"PK but not really")
    with pytest.raises(BuildError, match="not a readable zip"):
        check(tmp_path / "orders.whl")


def test_an_interpreter_that_is_not_there_is_an_error_of_the_tool(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="could not be started"):
        check(wheel_of(tmp_path), interpreter=tmp_path / "nowhere")


@pytest.mark.parametrize("handler", ["handler", ".handler", "orders.create.", "orders.create.a-b", "orders.create:"])
def test_what_is_not_a_handler_is_refused(tmp_path: Path, handler: str) -> None:
    assert "write it as `package.module.function`" in refused(wheel_of(tmp_path), handler, interpreter=None)


# --- nothing is borrowed from this machine ---
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what a process has loaded")
KERNEL = pytest.mark.skipif(landlock_version() < 2, reason="this kernel has no Landlock that allows renames")
NO_GIT = "Lambda has no `/usr/bin/git`: use a package that brings it, or correct the module"


@pytest.fixture
def desk() -> Iterator[Path]:
    """A folder of the developer, outside of /tmp."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        (Path(folder) / "secret.txt").write_text("canary")
        yield Path(folder)


@LINUX
@pytest.mark.parametrize(
    "load",
    [
        "import ctypes; ctypes.CDLL('libmagic.so.1')",
        "import ctypes, glob; ctypes.CDLL('/usr/lib/x86_64-linux-gnu/libmagic.so.1')",
        "import ctypes.util; assert ctypes.util.find_library('magic') is None; ctypes.CDLL('libmagic.so.1')",
    ],
)
def test_a_library_of_this_machine_is_not_found_by_its_name(tmp_path: Path, load: str) -> None:
    text = refused(wheel_of(tmp_path, f"{load}\n{HANDLER}"))
    assert "libmagic.so.1: cannot open shared object file" in text
    assert "hint: Lambda has no `libmagic.so.1`: use a package that brings it, or correct the module" in text


@LINUX
def test_a_package_that_says_it_in_its_own_words_gets_the_same_hint(tmp_path: Path) -> None:
    code = (
        "import ctypes\ntry:\n    ctypes.CDLL('libmagic.so.1')\n"
        "except OSError:\n    raise ImportError('failed to find libmagic') from None\n"
    )
    text = refused(wheel_of(tmp_path, code + HANDLER))
    assert text.splitlines() == [
        "projects/orders: function `f0`, handler `orders.create.handler`: "
        "importing its module raises ImportError: failed to find libmagic (orders/create.py line 5)",
        "hint: Lambda has no `libmagic.so.1`: use a package that brings it, or correct the module",
    ]


@LINUX
@pytest.mark.parametrize(
    "load",
    [
        "import ctypes; ctypes.CDLL('libc.so.6'); ctypes.CDLL(None)",
        "import ctypes, ctypes.util; ctypes.CDLL(ctypes.util.find_library('m'))",
        "import sqlite3, ssl, lzma, bz2, uuid, readline, decimal, zlib, hashlib; ssl.create_default_context()",
        "import socket, pwd, os; pwd.getpwuid(os.getuid()); 'a'.encode('utf-7')",
        "import subprocess, sys; subprocess.run([sys.executable, '-c', '']); subprocess.run('echo', shell=True)",
        "import platform; platform.platform(); platform.processor()",
    ],
)
def test_what_lambda_has_is_found(tmp_path: Path, load: str) -> None:
    check(wheel_of(tmp_path, f"{load}\n{HANDLER}"))


@LINUX
@pytest.mark.parametrize(
    "start",
    [
        "import subprocess; subprocess.run(['git', '--version'])",
        "import subprocess; subprocess.run(['/usr/bin/git', '--version'])",
        "import os; os.posix_spawn('/usr/bin/git', ['git'], {})",
        "import shutil; assert shutil.which('git'), 'no git'",
    ],
)
def test_a_program_of_the_developer_is_not_found(tmp_path: Path, start: str) -> None:
    text = refused(wheel_of(tmp_path, f"{start}\n{HANDLER}"))
    assert "FileNotFoundError" in text or "no git" in text


@LINUX
def test_an_object_that_lambda_could_not_load_is_refused_if_the_handler_loads_it(tmp_path: Path) -> None:
    library = next(Path(path) for path in mapped() if "libz" in path or "libm" in path)
    layer = packed(tmp_path / "layer.zip", {"python/a/_a.so": library.read_bytes(), "python/a/__init__.py": ""})
    load = "import ctypes, a, os; ctypes.CDLL(os.path.join(os.path.dirname(a.__file__), '_a.so'))\n"
    lost = {"python/a/_a.so": (Missing(library="libGL.so.1", needed_by="python/a.libs/libqt.so"),)}

    check(wheel_of(tmp_path, load + HANDLER), layer=layer)
    with pytest.raises(ConfigurationError) as caught:
        check(wheel_of(tmp_path, load + HANDLER), layer=layer, unloadable=lost)
    assert str(caught.value).splitlines() == [
        "projects/orders: function `f0`, handler `orders.create.handler`: importing its module loads a/_a.so, "
        "and a.libs/libqt.so needs libGL.so.1, which neither the layer nor Lambda has",
        "hint: use a package that includes its libraries, or a variant that does not need them (a display, a driver)",
    ]
    check(wheel_of(tmp_path), layer=layer, unloadable=lost)


@LINUX
@pytest.mark.parametrize("folder", ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/home/ada"])
def test_a_library_of_lambda_is_not_found_in_a_folder_that_lambda_does_not_have(tmp_path: Path, folder: str) -> None:
    text = refused(wheel_of(tmp_path, f"import ctypes; ctypes.CDLL('{folder}/libz.so.1')\n{HANDLER}"))
    assert f"hint: Lambda has no `{folder}/libz.so.1`: use a package that brings it, or correct the module" in text


@LINUX
@pytest.mark.parametrize("folder", ["/lib64", "/usr/lib64"])
def test_a_library_of_lambda_is_asked_for_where_lambda_has_it(tmp_path: Path, folder: str) -> None:
    check(wheel_of(tmp_path, f"import ctypes; ctypes.CDLL('{folder}/libcurl.so.4')\n{HANDLER}"))


@LINUX
@pytest.mark.parametrize("look", ["open({!r} + '/secret.txt')", "import os; os.listdir({!r})"])
def test_a_file_of_the_developer_is_not_there(tmp_path: Path, desk: Path, look: str) -> None:
    text = refused(wheel_of(tmp_path, look.format(str(desk)) + "\n" + HANDLER))
    assert f"raises FileNotFoundError: [Errno 2] No such file or directory: '{desk}" in text
    assert f"hint: Lambda has no `{desk}" in text


@LINUX
@pytest.mark.parametrize("look", ["os.listdir('/usr/bin')", "list(os.scandir('/'))"])
def test_a_folder_that_lambda_has_too_is_not_said_to_be_missing(tmp_path: Path, look: str) -> None:
    text = refused(wheel_of(tmp_path, f"import os; {look}\n{HANDLER}"))
    assert "raises OSError: [Errno 95] the full content of this folder in Lambda is unknown: '/" in text
    assert "hint: check for the file that you need (`os.path.exists`, `shutil.which`), or list the folder" in text


@LINUX
def test_a_module_may_look_whether_a_file_of_the_developer_is_there(tmp_path: Path, desk: Path) -> None:
    look = f"try:\n    open('{desk}/secret.txt')\nexcept FileNotFoundError:\n    pass\n"
    check(wheel_of(tmp_path, look + HANDLER))
    text = refused(wheel_of(tmp_path, look + "{}['table of']\n" + HANDLER))
    assert "hint: it would raise in Lambda too: correct the module" in text


@LINUX
@pytest.mark.parametrize(
    "change",
    [
        "open({!r} + '/mine', 'w')",
        "import os; os.mkdir({!r} + '/mine')",
        "import os; os.mkdir('mine')",
        "import os; open(os.path.dirname(__file__) + '/mine', 'w')",
    ],
)
def test_nothing_but_scratch_can_be_changed(tmp_path: Path, desk: Path, change: str) -> None:
    text = refused(wheel_of(tmp_path, change.format(str(desk)) + "\n" + HANDLER))
    assert "raises OSError: [Errno 30] Read-only file system" in text
    assert "hint: Lambda lets a function write only below /tmp: correct the module" in text
    assert [path.name for path in desk.iterdir()] == ["secret.txt"]


@LINUX
def test_scratch_is_there_by_every_name(tmp_path: Path) -> None:
    code = (
        "import os, shutil, tempfile\n"
        "with tempfile.TemporaryDirectory() as own, tempfile.TemporaryDirectory(dir='/tmp') as shared:\n"
        "    open(own + '/a', 'w').write('x')\n"
        "    shutil.move(own + '/a', shared + '/b')\n"
        "    assert open(shared + '/b').read() == 'x'\n"
        "    os.rename(shared + '/b', shared + '/c')\n"
        "    shutil.move(shared + '/c', own + '/c')\n"
    )
    check(wheel_of(tmp_path, code + HANDLER))


@LINUX
@KERNEL
def test_nothing_of_ours_lies_where_a_handler_may_write(tmp_path: Path, scratch: Path) -> None:
    """Neither what other programs of ours are told, nor a cache that somebody keeps there."""
    kept = scratch / "cache"
    kept.mkdir()
    (kept / "wheel").write_text("right")
    code = (
        "import os\n"
        "ours = []\n"
        "for folder, folders, files in os.walk('/tmp'):\n"
        "    ours += [name for name in folders if name.startswith('multi_env_lambda-')]\n"
        "assert not ours, ours\n"
        f"open({str(kept / 'wheel')!r}, 'w').write('changed')\n"
    )
    with private_folder(), uv_folder(""):
        check(wheel_of(tmp_path, code + HANDLER), cache=kept)

    assert (kept / "wheel").read_text() == "right"


@LINUX
def test_bytecode_of_a_layer_is_kept(tmp_path: Path, desk: Path) -> None:
    layer = packed(tmp_path / "layer.zip", {"python/rate.py": "value = 7\n", "python/other.py": ""})
    check(wheel_of(tmp_path, "import rate\n" + HANDLER), layer=layer, cache=desk)
    assert [path.name.partition(".")[0] for path in desk.rglob("*.pyc")] == ["rate"]


@LINUX
@KERNEL
def test_bytecode_of_a_layer_is_of_its_sources_whatever_was_imported_before(tmp_path: Path, desk: Path) -> None:
    layer = packed(tmp_path / "layer.zip", {"python/rate.py": "value = 7\n"})
    poisons = (
        "import importlib._bootstrap_external as made, importlib.util, os, sys\n"
        "source = next(p for p in (os.path.join(f, 'rate.py') for f in sys.path) if os.path.exists(p))\n"
        "told = os.stat(source)\n"
        "code = compile('value = 8', source, 'exec')\n"
        "body = made._code_to_timestamp_pyc(code, int(told.st_mtime), told.st_size)\n"
        "try:\n"
        "    os.makedirs(os.path.dirname(importlib.util.cache_from_source(source)), exist_ok=True)\n"
        "    open(importlib.util.cache_from_source(source), 'wb').write(body)\n"
        "except OSError:\n"
        "    pass\n"
        "import rate\n"
    )
    reads = "import rate\nassert rate.value == 7\n"
    for number, code in enumerate([reads + poisons, reads, poisons, reads]):
        (tmp_path / str(number)).mkdir()
        check(wheel_of(tmp_path / str(number), code + HANDLER), layer=layer, cache=desk)


@LINUX
def test_a_layer_cannot_be_changed_where_its_cache_lies_in_scratch_either(
    tmp_path: Path, desk: Path, scratch: Path
) -> None:
    layer = packed(tmp_path / "layer.zip", {"python/rate.py": "value = 7\n"})
    write = "import os, rate; open(os.path.dirname(rate.__file__) + '/mine', 'w')\n"
    for cache in (desk, scratch):
        assert "Read-only file system" in refused(wheel_of(tmp_path, write + HANDLER), layer=layer, cache=cache)


@LINUX
@KERNEL
@pytest.mark.parametrize(
    "start",
    [
        "import subprocess; subprocess.run('/usr/bin/git --version', shell=True, check=True)",
        "import subprocess; subprocess.run('/usr/bin/git --version', shell=True, check=True, capture_output=True)",
        "import subprocess; subprocess.run(['env', '/usr/bin/git', '--version'], check=True)",
        "import os; assert os.system('/usr/bin/git --version') == 0",
        "import os; assert os.popen('/usr/bin/git --version').read()",
    ],
)
def test_a_program_of_the_developer_is_not_started_by_others_either(tmp_path: Path, start: str) -> None:
    assert NO_GIT in refused(wheel_of(tmp_path, f"{start}\n{HANDLER}"))


@LINUX
@KERNEL
def test_a_script_does_not_start_a_program_of_the_developer(tmp_path: Path, desk: Path) -> None:
    code = (
        "import os, subprocess\npath = os.environ['TMPDIR'] + '/tool'\n"
        "with open(path, 'w') as file:\n    file.write('#!/usr/bin/git version')\n"
        f"os.chmod(path, {stat.S_IRWXU})\nsubprocess.run([path], check=True)\n"
    )
    text = refused(wheel_of(tmp_path, code + HANDLER))
    assert "needs /usr/bin/git, which is on this machine but not in Lambda (Amazon Linux 2023)" in text
    assert NO_GIT in text


@LINUX
@KERNEL
@pytest.mark.parametrize(
    "use",
    [
        "import os; os.symlink('x', {!r} + '/secret.txt')",
        "import os; os.truncate({!r} + '/secret.txt', 0)",
        "import os; os.remove({!r} + '/secret.txt')",
    ],
)
def test_what_python_does_not_tell_is_refused_by_the_kernel(tmp_path: Path, desk: Path, use: str) -> None:
    text = refused(wheel_of(tmp_path, use.format(str(desk)) + "\n" + HANDLER))
    assert f"{desk}/secret.txt" in text
    assert (desk / "secret.txt").read_text() == "canary"


@LINUX
@KERNEL
def test_a_program_of_lambda_shows_no_file_of_the_developer(tmp_path: Path, desk: Path) -> None:
    code = f"import subprocess; subprocess.run(['cat', '{desk}/secret.txt'], check=True)\n"
    text = refused(wheel_of(tmp_path, code + HANDLER))
    assert f"Lambda has no `{desk}/secret.txt`" in text


@LINUX
def test_processes_of_the_handler_are_started_and_end(tmp_path: Path) -> None:
    code = (
        "import multiprocessing, os\n"
        "if multiprocessing.parent_process() is None:\n"
        "    for method in ('fork', 'spawn'):\n"
        "        process = multiprocessing.get_context(method).Process(target=os.getpid)\n"
        "        process.start()\n        process.join()\n"
        "        assert process.exitcode == 0, method\n"
    )
    check(wheel_of(tmp_path, code + HANDLER))


WAITS = """import os, subprocess, sys
if __name__ == "orders.create":
    subprocess.run([sys.executable, "-c", "import signal; signal.pause()", os.environ["MARKER"]])
"""
CHECKS = """
import sys
from pathlib import Path
from multi_env_lambda.building.handler import Handler
from multi_env_lambda.building.preflight import check_handlers
handler = Handler(key="f", text="orders.create.handler", variables={"MARKER": sys.argv[2]})
check_handlers(Path(sys.argv[1]), None, [handler], interpreter=Path(sys.executable), where="projects/orders")
"""


@LINUX
def test_processes_of_the_handler_end_with_a_command_that_is_killed(tmp_path: Path) -> None:
    marker = f"canary-{os.getpid()}-{tmp_path.name}"
    words = [sys.executable, "-c", CHECKS, wheel_of(tmp_path, WAITS + HANDLER), marker]

    with subprocess.Popen(words, env=OF_THIS_PACKAGE, cwd="/") as running:
        try:
            until(lambda: len(waiting(marker)), 1)
            running.kill()
            running.wait(timeout=20)
            until(lambda: started(marker), [])
        finally:
            end(running, marker)


MAPPED = ("/py/lib/lib-dynload/_x.cpython-313-x86_64-linux-gnu.so", "/usr/lib/libc.so.6")


@pytest.mark.parametrize(
    ("path", "is_borrowed"),
    [
        ("/usr/lib/libodbc.so.2.0.0", True),
        ("/usr/lib/libz.so.1.3.1", False),
        ("/usr/lib/libnss_sss.so.2", False),
        ("/usr/lib/gconv/ISO8859-1.so", False),
        ("/layer/a.libs/libodbc.so.2", False),
    ],
)
def test_a_library_that_was_loaded_by_other_code_is_looked_at_too(path: str, is_borrowed: bool) -> None:
    answer = {"mapped": [*MAPPED, path], "prefix": "/py"}
    found = borrowed(answer, AMAZON_LINUX_2023, {}, Path("/layer"))
    assert (found is not None) is is_borrowed


def test_what_the_interpreter_itself_needs_is_not_borrowed(tmp_path: Path) -> None:
    dynload, system = tmp_path / "py/lib-dynload/_dbm.so", tmp_path / "usr/libdb.so.5.3"
    for path, body in ((dynload, elf(needed=("libdb.so.5",))), (system, elf())):
        path.parent.mkdir(parents=True)
        path.write_bytes(body)
    answer = {"mapped": [str(dynload), str(system)], "prefix": str(tmp_path / "py")}
    assert borrowed(answer, AMAZON_LINUX_2023, {}, None) is None
    dynload.unlink()
    assert borrowed(answer, AMAZON_LINUX_2023, {}, None) is not None


def test_a_library_that_lambda_has_and_this_machine_lacks_decides_nothing() -> None:
    text = "ImportError: {}: cannot open shared object file: No such file or directory"
    assert missing_here(text.format("libcurl.so.4"), AMAZON_LINUX_2023)
    assert not missing_here(text.format("libGL.so.1"), AMAZON_LINUX_2023)


# --- what Lambda has and this machine has not ---
HANDLER = "def handler(e, c): ...\n"


@pytest.mark.parametrize(
    "text",
    [
        "import awswrangler\n",
        "from nowhere_at_all import something\n",
        "import ctypes\nctypes.CDLL('libodbc.so.2')\n",
        "open('/opt/data.json')\n",
        "import subprocess\nsubprocess.run(['/opt/bin/ffmpeg'], check=True)\n",
    ],
)
@pytest.mark.parametrize("interpreter", [None, PYTHON], ids=["read", "imported"])
def test_what_a_layer_of_somebody_else_may_bring_is_not_decided(
    tmp_path: Path, text: str, interpreter: Path | None
) -> None:
    check(wheel_of(tmp_path, text + HANDLER), interpreter=interpreter, layered=("f0",))


@pytest.mark.parametrize("text", ["1 / 0\n", "from orders import nothing_there\n", "import orders.nothing_there\n"])
def test_what_no_layer_can_bring_is_refused_all_the_same(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError):
        check(wheel_of(tmp_path, text + HANDLER), layered=("f0",))


def test_a_function_without_such_a_layer_is_held_to_what_it_has(tmp_path: Path) -> None:
    assert "`awswrangler`" in refused(wheel_of(tmp_path, "import awswrangler\n" + HANDLER), layered=("another",))


@pytest.mark.parametrize(
    "text",
    [
        "from snapshot_restore_py import register_before_snapshot\n",
        "import logging\nlogging.getLogger().handlers[0].setFormatter(logging.Formatter('%(message)s'))\n",
    ],
)
def test_what_the_runtime_brings_is_there(tmp_path: Path, text: str) -> None:
    check(wheel_of(tmp_path, text + HANDLER))


def test_a_home_cannot_be_written_to_as_on_lambda(tmp_path: Path) -> None:
    text = "import os\nos.makedirs(os.path.expanduser('~/.cache/model'))\n" + HANDLER
    assert "Read-only file system" in refused(wheel_of(tmp_path, text))
