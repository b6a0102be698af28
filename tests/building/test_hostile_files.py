"""Lock files and wheels that were damaged, or made by somebody who means harm: read, or refused with a reason."""

from __future__ import annotations

import io
import tomllib
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multi_env_lambda.building.archive import read_zip
from multi_env_lambda.building.distribution import read_wheel
from multi_env_lambda.building.handler import Handler
from multi_env_lambda.building.lock import Target, check_covers, read_lock, select
from multi_env_lambda.building.preflight import check_handlers
from multi_env_lambda.building.shared_objects import audit
from multi_env_lambda.building.wheel import installed
from multi_env_lambda.errors import BuildError, ConfigurationError

TARGET = Target(python="3.13", architecture="arm64")
SHA256 = "a" * 64
URL = "https://files.example.org/a-1.0-py3-none-any.whl"
PYLOCK = f"""lock-version = "1.0"
created-by = "uv"
requires-python = ">=3.11"
environments = ["sys_platform == 'linux'"]
[[packages]]
name = "a"
version = "1.0"
marker = "python_version >= '3.11'"
requires-python = ">=3.9"
sdist = {{ url = "https://files.example.org/a-1.0.tar.gz", size = 3, hashes = {{ sha256 = "{SHA256}" }} }}
wheels = [{{ url = "{URL}", upload-time = 2026-01-01T00:00:00Z, size = 9, hashes = {{ sha256 = "{SHA256}" }} }}]
[[packages]]
name = "money"
directory = {{ path = "../money", editable = false }}
"""
UV_LOCK = f"""version = 1
revision = 3
requires-python = ">=3.11"
resolution-markers = ["python_full_version >= '3.12'"]
[[package]]
name = "orders"
version = "0.1.0"
source = {{ editable = "." }}
dependencies = [{{ name = "a", extra = ["x"], marker = "sys_platform == 'linux'" }}]
[[package]]
name = "a"
version = "1.0"
source = {{ registry = "https://pypi.org/simple" }}
dependencies = [{{ name = "b" }}]
sdist = {{ url = "https://files.example.org/a-1.0.tar.gz", hash = "sha256:{SHA256}", size = 3 }}
wheels = [{{ url = "{URL}", hash = "sha256:{SHA256}", size = 9 }}]
[package.optional-dependencies]
x = [{{ name = "b", version = "1.0" }}]
[[package]]
name = "b"
version = "1.0"
source = {{ registry = "../wheels" }}
wheels = [{{ path = "b-1.0-py3-none-any.whl", hash = "sha256:{SHA256}" }}]
"""
REQUIREMENTS = f"""a==1.0 ; python_version >= "3.11" \\
    --hash=sha256:{SHA256} \\
    --hash=sha256:{"b" * 64}
    # via orders
b[x]==2.0 --hash=sha256:{SHA256}
"""
LOCKS = {"pylock.toml": PYLOCK, "uv.lock": UV_LOCK, "requirements.txt": REQUIREMENTS}
PIECES = [
    "",
    "\0",
    '"',
    "'",
    "[[package]]\n",
    "{",
    "= 1",
    "= []",
    "= [1]",
    "= {}",
    "é",
    "\r\n",
    "==",
    "../",
    "/",
    " ; ",
    "a",
]


@st.composite
def damaged_text(draw: st.DrawFn, text: str) -> str:
    """The text with up to three parts replaced by what hurts, or by another part of itself."""
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 40)))
        text = text[:start] + draw(st.sampled_from([*PIECES, text[end : end + 30]])) + text[end:]
    return text


@st.composite
def damaged_toml(draw: st.DrawFn, text: str) -> str:
    """TOML that can still be read, with one value of another type."""
    lines = text.splitlines()
    numbers = [number for number, line in enumerate(lines) if " = " in line]
    for number in draw(st.lists(st.sampled_from(numbers), min_size=1, max_size=2)):
        value = draw(st.sampled_from(["1", "-1.5", '""', '"x"', "[]", "[1]", "[{}]", "{}", "{ name = 1 }", "nan"]))
        lines[number] = f"{lines[number].partition(' = ')[0]} = {value}"
    return "\n".join(lines)


def assert_used_or_refused(folder: Path, name: str, text: str) -> None:
    for other in LOCKS:
        (folder / other).unlink(missing_ok=True)
    (folder / name).write_text(text, encoding="utf-8", newline="")
    try:
        lock = read_lock(folder, where="projects/orders")
        assert lock is not None
        check_covers(lock, ["a>=1"], "projects/orders/pyproject.toml", target=TARGET)
        select(lock, TARGET)
    except (ConfigurationError, BuildError) as error:
        assert error.where.startswith("projects/orders") and error.what and error.hint


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("orders")


@settings(max_examples=200)
@given(data=st.data(), name=st.sampled_from(sorted(LOCKS)))
def test_a_damaged_lock_is_used_or_refused(folder: Path, data: st.DataObject, name: str) -> None:
    assert_used_or_refused(folder, name, data.draw(damaged_text(LOCKS[name])))


@settings(max_examples=150)
@given(data=st.data(), name=st.sampled_from(["pylock.toml", "uv.lock"]))
def test_a_lock_with_values_of_other_types_is_used_or_refused(folder: Path, data: st.DataObject, name: str) -> None:
    text = data.draw(damaged_toml(LOCKS[name]))
    tomllib.loads(text)

    assert_used_or_refused(folder, name, text)


# --- wheels ---
def wheel_bytes(extra: dict[str, bytes] | None = None) -> bytes:
    files: dict[str, bytes] = {
        "a/__init__.py": b"def handler(event, context):\n    return event\n",
        "a/data.json": b"{}" * 40,
        "a-1.0.data/scripts/run": b"#!python\n",
        "a-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: a\nVersion: 1.0\n",
        "a-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "a-1.0.dist-info/RECORD": b'a/__init__.py,,\n"a/data.json",sha256=x,4\na-1.0.dist-info/RECORD,,\n',
        **(extra or {}),
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(zipfile.ZipInfo(name), body, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


WHEEL = wheel_bytes()


@st.composite
def damaged_bytes(draw: st.DrawFn, body: bytes) -> bytes:
    """Some bytes changed, some taken out, some twice."""
    changed = bytearray(body)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, max(0, len(changed) - 1)))
        end = start + draw(st.sampled_from([1, 1, 1, 2, 8, 64]))
        changed[start:end] = draw(st.sampled_from([b"\0", b"\xff", b"\xff" * 4, b"", bytes(changed[:60]), b"PK"]))
    return bytes(changed)


def use_wheel(path: Path) -> None:
    members = installed(read_zip(path), name="a").members
    audit({path.name: members}, TARGET)
    for member in members:
        assert not member.name.startswith("/") and ".." not in member.name.split("/")


def assert_wheel_used_or_refused(path: Path, body: bytes) -> None:
    path.write_bytes(body)
    for use in (use_wheel, lambda one: read_wheel(one, where="a", name="a", version="1.0")):
        try:
            use(path)
        except BuildError as error:
            assert error.where and error.what and error.hint


@settings(max_examples=300)
@given(body=damaged_bytes(WHEEL))
def test_a_damaged_wheel_is_used_or_refused(folder: Path, body: bytes) -> None:
    assert_wheel_used_or_refused(folder / "a-1.0-py3-none-any.whl", body)


NAMES = st.lists(
    st.sampled_from(["a", "..", ".", "", "C:", "A", "a\\b", "é", "e\u0301", "a-1.0.data", "x.so", "\u202e"]), max_size=4
)


@settings(max_examples=150)
@given(names=st.lists(NAMES.map("/".join).filter(bool), min_size=1, max_size=3, unique=True))
def test_a_wheel_with_hostile_names_is_used_or_refused(folder: Path, names: list[str]) -> None:
    body = wheel_bytes({name: b"\x7fELF" if name.endswith(".so") else b"" for name in names})

    assert_wheel_used_or_refused(folder / "a-1.0-py3-none-any.whl", body)


@settings(max_examples=100)
@given(body=damaged_bytes(WHEEL))
def test_handlers_of_a_damaged_wheel_are_found_or_refused(folder: Path, body: bytes) -> None:
    path = folder / "a-1.0-py3-none-any.whl"
    path.write_bytes(body)
    try:
        check_handlers(path, None, [Handler(key="f", text="a.handler")], interpreter=None, where="a")
    except (ConfigurationError, BuildError) as error:
        assert error.where and error.what and error.hint
