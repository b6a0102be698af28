"""What ``pip install -t`` put next to the code is a package of the lock; what is not that any more is code."""

from __future__ import annotations

import base64
import hashlib

import pytest

from multi_env_lambda.adopt.joined import Adopted
from multi_env_lambda.adopt.vendored import Copy, copies_in, with_pins, without_copies

MODULE = b"A = 1\n"
METADATA = b"Metadata-Version: 2.1\nName: Text\nVersion: 1.0\nSummary: of\n\nVersion: 9\n"


def digest(body: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=").decode("ascii")


def package(top: str = "src/", module: bytes = MODULE) -> dict[str, bytes]:
    record = f"text/__init__.py,sha256={digest(MODULE)},6\n../../bin/text,,\ntext.dist-info/RECORD,,\n"
    return {
        f"{top}app.py": b"import text\n",
        f"{top}text/__init__.py": module,
        f"{top}text.dist-info/METADATA": METADATA,
        f"{top}text.dist-info/RECORD": record.encode(),
    }


def found(files: dict[str, bytes]) -> tuple[Copy, ...]:
    return copies_in(files, files.get)


@pytest.mark.parametrize("top", ["", "src/", "layer/python/"])
def test_a_package_says_its_name_its_version_and_its_files(top: str) -> None:
    files = package(top)

    [copy] = found(files)

    assert (copy.pin, copy.changed, str(copy.place)) == ("Text==1.0", "", f"{top}text.dist-info/METADATA:2")
    assert without_copies(files, [copy]) == (f"{top}app.py",)


def test_a_package_that_an_older_pip_installed_says_it_elsewhere() -> None:
    files = {
        "app.py": b"",
        "text.py": MODULE,
        "text.egg-info/PKG-INFO": METADATA,
        "text.egg-info/installed-files.txt": b"../text.py\nPKG-INFO\n",
    }
    assert without_copies(files, found(files)) == ("app.py",)


def test_git_may_have_changed_the_ends_of_lines() -> None:
    [copy] = found(package(module=b"A = 1\r\n"))
    assert copy.changed == ""


def test_a_package_that_somebody_has_edited_is_code() -> None:
    files = package(module=b"A = 2\n")

    [copy] = found(files)

    assert copy.changed == "src/text/__init__.py" and set(without_copies(files, [copy])) == set(files)


@pytest.mark.parametrize(
    "files",
    [
        {**package(), "src/text.dist-info/direct_url.json": b"{}"},
        {path: body for path, body in package().items() if not path.endswith("RECORD")},
        {path: body for path, body in package().items() if not path.endswith("METADATA")},
        {
            "shop.egg-info/PKG-INFO": METADATA,
            "shop.egg-info/SOURCES.txt": b"shop/__init__.py\n",
            "shop/__init__.py": b"",
        },
    ],
    ids=["from a folder", "no list", "no name", "the project's own"],
)
def test_what_does_not_say_which_package_it_is_is_code(files: dict[str, bytes]) -> None:
    assert found(files) == ()


def adopted(files: dict[str, str] | None = None) -> Adopted:
    table = {"runtime": "python3.13", "functions": {"send": {"handler": "app.handler"}}}
    return Adopted(table=table, stacks={}, findings=(), folders=(".",), files=files or {})


def test_the_version_is_required_and_the_copy_is_not_packed() -> None:
    files = package()

    one = with_pins(adopted(), found(files), "projects/shop", files, is_listed=False)

    assert one.files == {"requirements.txt": "Text==1.0\n"}
    assert list(one.table) == ["runtime", "exclude", "functions"]
    assert one.table["exclude"] == ["src/text.dist-info/**", "src/text/**"]
    assert [(finding.what, str(finding.place)) for finding in one.findings] == [
        ("package Text 1.0 next to the code", "src/text.dist-info/METADATA:2")
    ]


def test_a_list_that_the_project_has_stays_and_a_copied_unit_excludes_nothing() -> None:
    files = package()

    one = with_pins(adopted(), found(files), "projects/shop", (), is_listed=True)

    assert one.files == {"more-packages/requirements.txt": "Text==1.0\n"}
    assert one.table["shared"] == ["projects/shop/more-packages"] and "exclude" not in one.table


def test_a_folder_with_something_else_in_it_is_excluded_by_its_files() -> None:
    files = {**package(), "src/text/own.py": b""}

    one = with_pins(adopted(), found(files), "projects/shop", files, is_listed=False)

    assert one.table["exclude"] == ["src/text.dist-info/**", "src/text/__init__.py"]


def test_an_edited_package_is_said_and_stays() -> None:
    files = package(module=b"A = 2\n")

    one = with_pins(adopted(), found(files), "projects/shop", files, is_listed=False)

    assert one.files == {} and one.table == adopted().table
    assert [type(finding).__name__ for finding in one.findings] == ["NotCarried"]
