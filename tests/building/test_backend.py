"""A build backend is code of whoever wrote the unit: fetched with passwords, run without."""

from __future__ import annotations

import json
import os
import tarfile
import zipfile
from pathlib import Path

import attrs
import pytest

from multi_env_lambda.building import backend
from multi_env_lambda.building.backend import run_backend
from multi_env_lambda.building.distribution import build_distributions
from multi_env_lambda.building.resolve import _secret, resolve
from multi_env_lambda.errors import BuildError, ToolError
from multi_env_lambda.host.confined import Bounds, Ended, clean_environment, holds, holds_with

HELD = pytest.mark.skipif(not holds(), reason="this kernel has no Landlock that allows renames")
OWN = '[build-system]\nrequires = []\nbuild-backend = "own"\nbackend-path = ["."]\n'
LOOKS = """
import json, os, socket, zipfile
def can(do):
    try:
        return do() is not None
    except BaseException:
        return False
def build_wheel(out, settings=None, folder=None):
    saw = {
        "variables": [name for name, value in os.environ.items() if "canary" in value],
        "seed": os.environ["PYTHONHASHSEED"],
        "beside": can(lambda: open("../secret").read()),
        "network": can(lambda: socket.socket()),
        "program": can(lambda: __import__("subprocess").run(["/usr/bin/env"], capture_output=True)),
        "outside": can(lambda: open("../planted", "w")),
    }
    with zipfile.ZipFile(out + "/a.whl", "w") as archive:
        archive.writestr("saw.json", json.dumps(saw))
    return "a.whl"
"""


def project(folder: Path, table: str, own: str = "") -> Path:
    place = folder / "unit"
    place.mkdir(parents=True)
    (place / "pyproject.toml").write_text(table)
    (place / "own.py").write_text(own)
    (folder / "out").mkdir()
    return place


@HELD
def test_a_backend_sees_what_it_builds_and_no_key_no_home_and_no_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "UV_INDEX_COMPANY_PASSWORD"):
        monkeypatch.setenv(name, "canary")
    (tmp_path / "secret").write_text("canary")
    run_backend(project(tmp_path, OWN, LOOKS), tmp_path / "out", where="w", sdist=False)

    with zipfile.ZipFile(tmp_path / "out" / "a.whl") as archive:
        saw = json.loads(archive.read("saw.json"))
    nothing = {"variables": [], "beside": False, "network": False, "outside": False}
    assert saw == {**nothing, "seed": "0", "program": True}
    assert sorted(os.listdir(tmp_path)) == ["out", "secret", "unit"]


def test_what_a_backend_asks_for_only_then_is_fetched_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    asks = "def get_requires_for_build_wheel(settings=None): return ['nowhere']\n"

    with pytest.raises(BuildError) as caught:
        run_backend(project(tmp_path, OWN, asks + LOOKS), tmp_path / "out", where="w", sdist=False)
    assert "nowhere" in caught.value.what
    assert "each needs a wheel" in caught.value.hint


def test_a_requirement_without_a_wheel_is_not_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(tmp_path))
    with tarfile.open(tmp_path / "x-1.0.tar.gz", "w:gz") as archive:
        place = project(
            tmp_path / "x", OWN.replace("[build-system]", '[project]\nname = "x"\nversion = "1.0"\n[build-system]')
        )
        (place / "PKG-INFO").write_text("Metadata-Version: 2.2\nName: x\nVersion: 1.0\n")
        archive.add(place, "x-1.0")
    table = '[build-system]\nrequires = ["x"]\nbuild-backend = "x"\n'

    with pytest.raises(BuildError, match="(?i)no usable wheels|building source distributions"):
        run_backend(project(tmp_path / "other", table), tmp_path / "other" / "out", where="w", sdist=False)


@pytest.mark.parametrize("address", ["file:///nowhere", "git+https://example.com/x", "https://example.com/x.whl"])
def test_a_requirement_that_is_an_address_is_not_fetched(tmp_path: Path, address: str) -> None:
    table = f'[build-system]\nrequires = ["x @ {address}"]\nbuild-backend = "x"\n'

    with pytest.raises(BuildError, match="is required by URL"):
        run_backend(project(tmp_path, table), tmp_path / "out", where="w", sdist=False)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("[build-system]\nrequires = 3", "cannot be read"),
        ('[build-system]\nrequires = ["=="]', "cannot be read"),
        ('build-system = ["x"]', "cannot be read"),
        ('[build-system]\nrequires = []\nbackend-path = ["../.."]', "is outside the project"),
        ("[build-system", "cannot be read"),
        ("a = " + "[" * 3000, "cannot be read"),
        ("[build-system]\nbuild-backend = nan", "`build-backend` in pyproject.toml: found nan; expected text"),
    ],
)
def test_a_build_system_that_is_none_is_refused(tmp_path: Path, table: str, said: str) -> None:
    with pytest.raises(BuildError, match=said):
        run_backend(project(tmp_path, table), tmp_path / "out", where="w", sdist=False)


@pytest.mark.parametrize(
    ("own", "first"),
    [
        ("1 / 0", 'Traceback (most recent call last):\n  File "{}", line 1, in <module>'),
        ("def build_wheel(*_): 1 / 0", 'Traceback (most recent call last):\n  File "{}", line 1, in build_wheel'),
        ("def", '  File "{}", line 1\n'),
    ],
)
def test_a_backend_that_breaks_shows_its_own_lines_and_none_of_ours(tmp_path: Path, own: str, first: str) -> None:
    folder = project(tmp_path, OWN, own)

    with pytest.raises(BuildError) as caught:
        run_backend(folder, tmp_path / "out", where="w", sdist=False)
    assert f"`own` ended with status 1: {first.format(folder / 'own.py').strip()}" in caught.value.what
    assert "backend_run" not in caught.value.what and "importlib" not in caught.value.what


@pytest.mark.parametrize(
    ("requires", "path", "is_own"),
    [
        (("uv_build>=0.1,<9",), (), True),
        (("uv-build",), (), True),
        (("uv_build<0.1",), (), False),
        (("uv_build", "evil"), (), False),
        (("uv_build @ file:///evil",), (), False),
        (("uv_build",), (".",), False),
    ],
)
def test_uvs_own_backend_is_nobody_elses(requires: tuple[str, ...], path: tuple[str, ...], is_own: bool) -> None:
    found = backend._System(requires=requires, backend="uv_build", backend_path=path)

    assert (found.is_uvs_own, attrs.evolve(found, backend="own").is_uvs_own) == (is_own, False)


def test_a_build_that_wants_a_network_is_told_that_there_is_none() -> None:
    with pytest.raises(BuildError) as caught:
        backend._check(Ended(status=1, answer=b"", said="OSError: [Errno 101] Network is unreachable"), "own", "w")
    assert caught.value.hint == "a build has no network: list what it needs in `requires`"


def test_bounds_are_those_that_the_kernel_is_told(tmp_path: Path) -> None:
    orders = Bounds(own=(tmp_path,), children=False, seconds=2.5).orders(tmp_path / "home")

    assert (orders["write"], orders["scratch"], orders["network"], orders["children"]) == (
        [str(tmp_path / "home")], False, False, False,
    )  # fmt: skip
    assert orders["limits"] == {"AS": 2 << 30, "CPU": 3, "FSIZE": 16 << 20, "CORE": 0}
    assert not [name for name in clean_environment(tmp_path) if "KEY" in name or "TOKEN" in name]


def test_a_kernel_that_holds_nothing_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    holds_with.cache_clear()

    assert [holds_with(1), holds_with(1)] == [False, False]
    assert [record.getMessage()[:28] for record in caplog.records] == ["this machine has no Landlock"]


@pytest.mark.parametrize(
    ("env", "secret"),
    [
        ({}, None),
        ({"UV_INDEX_URL": "https://index.example"}, None),
        ({"UV_INDEX_URL": "https://ada:pw@index.example"}, "UV_INDEX_URL"),
        ({"UV_INDEX_COMPANY_PASSWORD": "pw"}, "UV_INDEX_COMPANY_PASSWORD"),
        ({"UV_KEYRING_PROVIDER": "subprocess"}, "UV_KEYRING_PROVIDER"),
        ({"https_proxy": "http://ada:pw@proxy.example:3128"}, "https_proxy"),
        ({"https_proxy": "http://proxy.example:3128"}, None),
    ],
)
def test_a_package_that_has_to_run_to_say_what_it_needs_is_not_run_beside_a_password(
    env: dict[str, str], secret: str | None
) -> None:
    assert _secret(env) == secret


LEAVES = """
import glob, json, os, sys, zipfile
def needs():
    return json.load(open(sys.argv[1]))["needs"]
def wheel(out):
    with zipfile.ZipFile(out + "/a-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("a.py", "")
def build_wheel(out, settings=None, folder=None):
    {}
"""


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("wheel(out); os.symlink('/etc/hostname', needs())", "it left needs, which is not a regular file"),
        ("wheel(out); os.symlink('/proc/self/environ', needs())", "it left needs, which is not a regular file"),
        ("wheel(out); os.mkfifo(needs())", "it left needs, which is not a regular file"),
        ("wheel(out); open(needs(), 'wb').write(b'\\xff')", "asks for something that is not a requirement"),
        ("wheel(out); open(needs(), 'w').write('[no requirement')", "asks for something that is not a requirement"),
        ("wheel(out); open(needs(), 'w').write('a' * (2 << 20))", "it left needs, of 2097152 bytes"),
        ("os.symlink('/etc/hostname', out + '/a-1.0-py3-none-any.whl')", "it left a-1.0-py3-none-any.whl, which is no"),
        ("os.mkdir(out + '/a-1.0-py3-none-any.whl')", "it left a-1.0-py3-none-any.whl, which is not a regular file"),
        ("os.mkfifo(out + '/a-1.0-py3-none-any.whl')", "it left a-1.0-py3-none-any.whl, which is not a regular file"),
        ("pass", "made 0 files that end with .whl"),
    ],
)
def test_what_a_backend_leaves_is_read_as_what_it_is(tmp_path: Path, line: str, said: str) -> None:
    folder = project(tmp_path, OWN, LEAVES.format(line))

    with pytest.raises(BuildError) as caught:
        build_distributions(folder, tmp_path / "out", where="projects/u", sdist=False)
    assert caught.value.where == "projects/u" and said in caught.value.what


@pytest.mark.parametrize("is_made", [True, False])
def test_a_lock_that_is_a_link_is_neither_read_nor_written_through(tmp_path: Path, is_made: bool) -> None:
    secret = tmp_path / "secret"
    if is_made:
        secret.write_text("canary")
    (tmp_path / "pylock.toml").symlink_to(secret)

    with pytest.raises(ToolError, match="pylock.toml is a link"):
        resolve(["pip", "compile", "-"], where="u", hint="h", stdin=b"", output=tmp_path / "pylock.toml")
    assert secret.exists() == is_made
