"""The library as a wheel and as a function's code."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path

from multi_env_lambda.building.own_library import dispatcher_zip, pinned, wheel

_IMPORT = """
import sys
sys.path.insert(0, sys.argv[1])
import multi_env_lambda.dispatcher as found
ours = [name for name in sys.modules if name.partition(".")[0] in ("attr", "packaging", "multi_env_lambda")]
print(found.__file__.startswith(sys.argv[1]), all(sys.modules[name].__file__.startswith(sys.argv[1]) for name in ours))
"""


def test_the_same_installation_makes_the_same_bytes_under_the_same_name() -> None:
    again = (wheel.__wrapped__(), dispatcher_zip.__wrapped__())  # not what is remembered
    assert (wheel(), dispatcher_zip()) == again
    assert wheel().key == f"ci/library/{wheel().sha256}/{wheel().name}"


def test_the_dispatcher_needs_nothing_but_its_zip_and_boto3(tmp_path: Path) -> None:
    zipfile.ZipFile(BytesIO(dispatcher_zip().body)).extractall(tmp_path)
    # -S: nothing that is installed here
    done = subprocess.run(
        [sys.executable, "-S", "-E", "-c", _IMPORT, str(tmp_path)], capture_output=True, text=True, check=False
    )

    assert (done.stdout.strip(), done.stderr) == ("True True", "")


def test_the_wheel_asks_for_exactly_what_is_installed_here() -> None:
    files = zipfile.ZipFile(BytesIO(wheel().body))
    name = next(item for item in files.namelist() if item.endswith("/METADATA"))
    wants = {line.removeprefix("Requires-Dist: ") for line in files.read(name).decode().splitlines() if "Dist:" in line}

    assert wants == {f"{one}=={version}" for one, version in pinned().items()}
    assert {"attrs", "boto3", "botocore", "urllib3", "uv"} <= pinned().keys()
    assert not {"pytest", "ruff"} & pinned().keys()


def test_the_wheel_can_be_installed_and_is_whole(tmp_path: Path) -> None:
    path = tmp_path / wheel().name
    path.write_bytes(wheel().body)
    there = tmp_path / "there"
    words = ["pip", "install", "--quiet", "--no-deps", "--offline", "--target", str(there), str(path)]
    subprocess.run([sys.executable, "-m", "uv", *words], check=True, capture_output=True)

    own = Path(__file__).parent.parent.parent / "multi_env_lambda"
    mine = {item.relative_to(own.parent) for item in own.rglob("*.py")}
    assert {item.relative_to(there) for item in there.rglob("multi_env_lambda/**/*.py")} == mine
