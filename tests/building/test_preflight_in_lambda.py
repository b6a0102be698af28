"""The process that imports handlers is, as far as it can be, one of Lambda."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from multi_env_lambda.building.handler import Handler
from multi_env_lambda.building.preflight import check_handlers
from multi_env_lambda.host.interpreter import find_python
from multi_env_lambda.model.lambda_image import OF_EVERY_FUNCTION, variables_of
from multi_env_lambda.model.runtime import ENDS
from tests.building.test_preflight import HANDLER, KERNEL, LINUX, PYTHON, check, packed, refused, wheel_of

pytestmark = LINUX

OWN = variables_of(name="orders-prod-create", handler="orders.create.handler", memory_size=512, log_format="JSON")


@pytest.fixture
def cache() -> Iterator[Path]:
    """Not below the folder for scratch, as the cache of a user."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        yield Path(folder)


def test_it_has_the_variables_that_aws_documents(tmp_path: Path) -> None:
    code = (
        "import os\n"
        f"wanted = {OF_EVERY_FUNCTION | OWN!r}\n"
        "assert {name: os.environ.get(name) for name in wanted} == wanted, os.environ\n"
        "assert os.environ['LAMBDA_TASK_ROOT'] == os.environ['PWD'] == os.getcwd()\n"
        f"assert os.environ['AWS_EXECUTION_ENV'] == 'AWS_Lambda_python{sys.version_info[0]}.{sys.version_info[1]}'\n"
        "assert os.environ['LD_LIBRARY_PATH'].endswith(':/opt/lib')\n"
        "assert 'HOME' not in os.environ and 'LC_CTYPE' not in wanted\n"
        "assert os.path.expanduser('~') == '/home/sbx_user1051'\n"
        "import locale; locale.setlocale(locale.LC_ALL, '')\n"
    )
    handler = Handler(key="f0", text="orders.create.handler", runtime=OWN)
    wheel = wheel_of(tmp_path, code + HANDLER)
    check_handlers(wheel, None, [handler], interpreter=PYTHON, where="projects/orders")


def test_it_has_keys_that_open_nothing_and_sends_nothing(tmp_path: Path) -> None:
    code = (
        "import boto3, botocore.exceptions, sys\n"
        "keys = boto3.Session().get_credentials().get_frozen_credentials()\n"
        "assert keys.access_key and keys.secret_key and keys.token\n"
        "def hook(event, arguments):\n"
        "    if event in ('socket.getaddrinfo', 'socket.connect'): print('SENT', arguments); import os; os._exit(9)\n"
        "sys.addaudithook(hook)\n"
        "try:\n    boto3.client('ssm').get_parameter(Name='x')\n"
        "except botocore.exceptions.NoCredentialsError:\n    pass\n"
    )
    check(wheel_of(tmp_path, code + HANDLER))


def test_python_is_a_program_that_has_boto3(tmp_path: Path) -> None:
    code = (
        "import shutil, subprocess\n"
        "for name in ('python3', 'python', shutil.which('python3')):\n"
        "    subprocess.run([name, '-c', 'import boto3'], check=True)\n"
        "subprocess.run('python3 -c pass', shell=True, check=True)\n"
    )
    check(wheel_of(tmp_path, code + HANDLER))


def test_a_thread_that_goes_on_is_not_waited_for(tmp_path: Path) -> None:
    code = "import threading\nthreading.Thread(target=threading.Event().wait).start()\n"
    started = time.monotonic()
    check(wheel_of(tmp_path, code + HANDLER), seconds=30)
    assert time.monotonic() - started < 20


@pytest.mark.parametrize(
    "change",
    [
        "os.chmod(__file__, 0o777)",
        "os.utime(__file__)",
        "os.rename(__file__, __file__ + '.old')",
        "os.remove(here + '/not-there')",
        "import shutil; shutil.rmtree(here)",
    ],
)
def test_its_code_cannot_be_changed(tmp_path: Path, change: str) -> None:
    text = refused(wheel_of(tmp_path, f"import os\nhere = os.path.dirname(__file__)\n{change}\n{HANDLER}"))
    assert "Read-only file system" in text and "only below /tmp" in text


WITH_SQLITE = """
import os, sqlite3
{}
try:
    sqlite3.connect(os.path.join(os.path.dirname({}.__file__), "own.db")).execute("CREATE TABLE own (key)")
except sqlite3.OperationalError:
    pass
else:
    raise AssertionError("it was written")
"""


@KERNEL
def test_c_code_cannot_write_beside_the_code_wherever_the_cache_lies(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as below_scratch:
        code = WITH_SQLITE.format("import orders", "orders")
        check(wheel_of(tmp_path, code + HANDLER), cache=Path(below_scratch))


@KERNEL
def test_c_code_cannot_write_in_the_layer(tmp_path: Path, cache: Path) -> None:
    layer = packed(tmp_path / "layer.zip", {"python/rate.py": "value = 7\n"})
    check(wheel_of(tmp_path, WITH_SQLITE.format("import rate", "rate") + HANDLER), layer=layer, cache=cache)


@pytest.mark.parametrize("module", ["tkinter", "turtle", "_tkinter"])
def test_tkinter_is_not_there(tmp_path: Path, module: str) -> None:
    text = refused(wheel_of(tmp_path, f"import {module}\n{HANDLER}"))
    assert "the module `_tkinter` is missing" in text
    assert "hint: Lambda's Python has no tkinter" in text


def test_whether_a_file_is_there_is_answered_for_lambda(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, shutil\n"
        "for path in ('/usr/bin/git', '/usr/bin/gcc', '/etc/debian_version', '/usr/local/bin/uv', '/root/.bashrc'):\n"
        "    assert not os.path.exists(path) and not pathlib.Path(path).is_file(), path\n"
        "    assert not os.access(path, os.R_OK), path\n"
        "assert shutil.which('git') is None and shutil.which('/usr/bin/git') is None\n"
        "for path in ('/usr/bin/env', '/bin/sh', '/etc/os-release', '/usr', '/usr/bin', '/tmp', __file__):\n"
        "    assert os.path.exists(path) and pathlib.Path(path).resolve(), path\n"
        "assert shutil.which('sh')\n"
        "assert not [path for path in pathlib.Path('/usr/lib').glob('*/libGL.so*') if path.exists()]\n"
    )
    check(wheel_of(tmp_path, code + HANDLER))


def test_a_library_beside_the_code_is_found_by_its_name(tmp_path: Path) -> None:
    wheel = packed(
        tmp_path / "orders.whl",
        {"orders/__init__.py": "", "lib/libown.so": "no library", "orders/create.py": "", "libtop.so": ""}
        | {
            "orders/create.py": "import ctypes\nfor name in ('libown.so', 'libtop.so'):\n"
            "    try:\n        ctypes.CDLL(name)\n"
            "    except OSError as error:\n        assert 'No such file' not in str(error), error\n" + HANDLER
        },
    )
    check(wheel)


def test_its_log_has_a_handler_and_the_format_of_lambda(tmp_path: Path) -> None:
    code = (
        "import io, logging, sys\n"
        "logging.basicConfig(level='DEBUG', format='mine')\n"
        "root = logging.getLogger()\n"
        "assert root.level == logging.WARNING and type(root.handlers[0]).__name__ == 'LambdaLoggerHandler'\n"
        "assert len(root.handlers) == 1\n"
        "sys.stdout, out = io.StringIO(), sys.stdout\n"
        "root.warning('a %s', 'b')\n"
        "level, at, request, message = sys.stdout.getvalue().split('\\t')\n"
        "sys.stdout = out\n"
        "assert (level, at[-1], request, message) == ('[WARNING]', 'Z', '', 'a b\\n')\n"
    )
    check(wheel_of(tmp_path, code + HANDLER))


@pytest.mark.parametrize("version", sorted(runtime.removeprefix("python") for runtime in ENDS))
def test_files_are_looked_for_in_every_python_of_lambda(tmp_path: Path, version: str) -> None:
    python = find_python(version)
    if python is None:
        pytest.skip(f"this machine has no Python {version}")
    code = "import pathlib\nassert pathlib.Path('/usr').is_dir() and not pathlib.Path('/usr/bin/git').exists()\n"
    check(wheel_of(tmp_path, code + HANDLER), interpreter=python)
