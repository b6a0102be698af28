"""A Glue job is imported in a clean interpreter of Glue's own version before anything is published."""

from __future__ import annotations

from pathlib import Path

import pytest

from multi_env_lambda.building.preflight import check_jobs
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.host.interpreter import find_python, runtime_python
from tests.building.test_preflight import packed, wheel_of

SHELL, SPARK = find_python("3.9"), find_python("3.10")
needs_39 = pytest.mark.skipif(SHELL is None, reason="this machine has no Python 3.9")
needs_310 = pytest.mark.skipif(SPARK is None, reason="this machine has no Python 3.10")
MAIN = "def main(arguments): ...\n"
NEWER = {
    "unpacked subscript": "x = {}\ny = x[*[1]]\n",
    "nested quotes": "x = {'a': 1}\ny = f'{x['a']}'\n",
    "exception groups": "try:\n    x = 1\nexcept* ValueError:\n    pass\n",
    "match": "match 1:\n    case 1: pass\n",
    "type": "type X = int\n",
    "type parameters": "def f[T](x: T) -> T: ...\n",
}


def check(
    wheel: Path,
    interpreter: Path | None = SHELL,
    python: str = "3.9",
    entry: str = "orders.create:main",
    library: Path | None = None,
) -> None:
    check_jobs(wheel, library, (("load", entry),), python=python, interpreter=interpreter, where="projects/nightly")


def refused(
    wheel: Path,
    interpreter: Path | None = SHELL,
    python: str = "3.9",
    entry: str = "orders.create:main",
    library: Path | None = None,
) -> str:
    with pytest.raises(ConfigurationError) as caught:
        check(wheel, interpreter, python, entry, library)
    return str(caught.value)


# --- by an interpreter of Glue's version ---
@needs_39
@pytest.mark.parametrize("text", NEWER.values(), ids=NEWER.keys())
@pytest.mark.parametrize("importer", ["import orders.new\n", "def later():\n    from orders import new\n"])
def test_newer_syntax_is_refused_wherever_it_is_imported(tmp_path: Path, text: str, importer: str) -> None:
    text = refused(wheel_of(tmp_path, importer + MAIN, new=text))

    assert "job `load`, handler `orders.create:main`: orders/new.py line " in text
    assert "is not Python 3.9, which Glue runs" in text


@needs_39
def test_newer_syntax_behind_a_module_that_only_glue_has_is_refused(tmp_path: Path) -> None:
    text = "import pandas\nfrom orders import new\n" + MAIN

    assert "orders/new.py line 2" in refused(wheel_of(tmp_path, text, new=NEWER["unpacked subscript"]))


@needs_39
@pytest.mark.parametrize(
    "text",
    [
        "import boto3, pandas\n" + MAIN,
        "import awswrangler.s3\n" + MAIN,
        "import awsglue.utils\n" + MAIN,
        "def load():\n    import redshift_connector\n" + MAIN,
        "try:\n    import tomllib\nexcept ImportError:\n    tomllib = None\n" + MAIN,
        "import sys\nif sys.version_info >= (3, 11):\n    import tomllib\n" + MAIN,
        "def main(): raise SystemExit('it was called')\n",
        "import ctypes\nctypes.CDLL('libonlyglue.so.1')\n" + MAIN,
    ],
)
def test_what_glue_may_have_and_what_may_fail_is_not_refused(tmp_path: Path, text: str) -> None:
    check(wheel_of(tmp_path, text))


@needs_39
@pytest.mark.parametrize("text", ["import tomllib\n", "def read():\n    with open('x'):\n        import tomllib\n"])
def test_a_module_of_a_newer_standard_library_is_missing(tmp_path: Path, text: str) -> None:
    text = refused(wheel_of(tmp_path, text + MAIN))

    assert "the module `tomllib` is missing; it is imported by orders/create.py line " in text
    assert "Glue's Python 3.9 has no `tomllib`" in text


@needs_39
def test_an_error_at_import_is_shown_with_its_line(tmp_path: Path) -> None:
    text = refused(wheel_of(tmp_path, "x: dict = {} | {}\nint | None\n" + MAIN))

    assert "importing its module raises TypeError: unsupported operand" in text
    assert "(orders/create.py line 2)\nhint: it would raise in Glue too" in text


@needs_39
def test_a_job_finds_the_standard_library_before_its_own_code_and_nothing_of_lambda(tmp_path: Path) -> None:
    text = "import os, wave\nwave.open\nassert not [name for name in os.environ if 'LAMBDA' in name]\n" + MAIN

    check(
        packed(tmp_path / "orders.whl", {"orders/__init__.py": "", "orders/create.py": text, "wave.py": "open = 0 / 0"})
    )


@needs_39
def test_a_home_is_no_folder_of_this_machine(tmp_path: Path) -> None:
    check(wheel_of(tmp_path, "import os\nassert not os.path.exists(os.path.expanduser('~'))\n" + MAIN))


@needs_39
def test_a_success_is_remembered_and_another_job_is_imported_again(tmp_path: Path) -> None:
    wheel, cache = wheel_of(tmp_path, "import os\nprint(os)\n" + MAIN), tmp_path / "cache"
    for entry in ("orders.create:main", "orders.create:main", "orders.create:os"):
        jobs = (("load", entry),)
        if entry.endswith("os"):
            with pytest.raises(ConfigurationError, match="is of type module"):
                check_jobs(wheel, None, jobs, python="3.9", interpreter=SHELL, where="w", cache=cache)
        else:
            check_jobs(wheel, None, jobs, python="3.9", interpreter=SHELL, where="w", cache=cache)
    assert len(list((cache / "preflight").iterdir())) == 1


@needs_310
def test_a_spark_job_is_imported_in_the_python_of_its_glue(tmp_path: Path) -> None:
    check(wheel_of(tmp_path, NEWER["match"] + "from pyspark.sql import SparkSession\n" + MAIN), SPARK, "3.10")
    text = refused(wheel_of(tmp_path, NEWER["unpacked subscript"] + MAIN), SPARK, "3.10")
    assert "orders/create.py line 2 is not Python 3.10, which Glue runs" in text


# --- without one ---
def test_without_an_interpreter_a_job_is_read_and_never_run(tmp_path: Path) -> None:
    wheel = wheel_of(tmp_path, "raise SystemExit\nimport awsglue\ndef main(): ...\n")

    check(wheel, None)
    assert "did you mean `main`?" in refused(wheel, None, entry="orders.create:mian")
    assert "did you mean `orders.create`?" in refused(wheel, None, entry="orders.crate:main")
    assert "which Glue does not await" in refused(wheel_of(tmp_path, "async def main(): ...\n"), None)


def test_without_an_interpreter_the_syntax_that_this_python_can_tell_is_refused(tmp_path: Path) -> None:
    text = refused(wheel_of(tmp_path, "def later():\n    from . import new\n" + MAIN, new=NEWER["match"]), None)

    assert "orders/new.py line 2 is not Python 3.9, which Glue runs" in text


def test_without_an_interpreter_a_module_that_nothing_brings_is_missing_inside_a_function_too(tmp_path: Path) -> None:
    text = refused(wheel_of(tmp_path, "def later():\n    import pydantic\n" + MAIN), None)

    assert "the module `pydantic` is missing; it is imported by orders/create.py line 2" in text
    assert "Glue's Python 3.9 has no `pydantic`: add it to `dependencies`, then run `lock.py`" in text


def test_spark_has_other_modules_than_python_shell(tmp_path: Path) -> None:
    wheel = wheel_of(tmp_path, "import pyspark\n" + MAIN)

    check(wheel, None, "3.11")
    assert "the module `pyspark` is missing" in refused(wheel, None, "3.9")


@needs_39
@pytest.mark.parametrize(
    "importer",
    [
        "def later(day):\n    try:\n        from orders import new\n    except ValueError:\n        raise\n",
        "def later(day):\n    if day:\n        from orders import new\n",
        "try:\n    from orders import new\nexcept ImportError:\n    new = None\n",
    ],
)
def test_own_code_has_to_compile_where_its_import_may_fail_too(tmp_path: Path, importer: str) -> None:
    text = refused(wheel_of(tmp_path, importer + MAIN, new=NEWER["match"]))
    assert "orders/new.py line 2 is not Python 3.9" in text


def test_what_only_a_type_checker_imports_may_be_newer(tmp_path: Path) -> None:
    text = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from orders import new\n" + MAIN
    check(wheel_of(tmp_path, text, new=NEWER["match"]))


@pytest.mark.parametrize(
    "text",
    [
        "from contextlib import suppress\nwith suppress(ImportError):\n    import nowhere_at_all\n",
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('--year', required=True)\np.parse_args()\n",
        "import sys\nyear = sys.argv[sys.argv.index('--year') + 1]\n",
        "import __main__\n",
    ],
)
def test_what_a_job_reads_when_it_starts_decides_nothing(tmp_path: Path, text: str) -> None:
    check(wheel_of(tmp_path, text + MAIN))


@needs_310
def test_a_module_of_glue_for_spark_is_there(tmp_path: Path) -> None:
    text = "from awsgluedq.transforms import EvaluateDataQuality\n" + MAIN
    check(wheel_of(tmp_path, text), interpreter=SPARK, python="3.10")


# --- with the library of the locked dependencies ---
@needs_39
def test_what_is_locked_can_be_imported_and_nothing_else(tmp_path: Path) -> None:
    library = packed(tmp_path / "library.zip", {"locked/__init__.py": "", "single.py": "WHO = 1\n"})

    check(wheel_of(tmp_path, "import locked, single\nassert single.WHO == 1\n" + MAIN), library=library)
    text = refused(wheel_of(tmp_path, "import locked, unlocked\n" + MAIN), library=library)
    assert "the module `unlocked` is missing" in text and "add it to `dependencies`, then run `lock.py`" in text


def test_without_an_interpreter_the_library_is_looked_into(tmp_path: Path) -> None:
    library = packed(tmp_path / "library.zip", {"locked/__init__.py": ""})

    check(wheel_of(tmp_path, "import locked\n" + MAIN), None, library=library)
    text = refused(wheel_of(tmp_path, "from unlocked import x\n" + MAIN), None, library=library)
    assert "the module `unlocked` is missing" in text


@needs_39
def test_what_is_locked_comes_after_the_units_own_code_and_before_what_glue_has(tmp_path: Path) -> None:
    text = "import boto3, helper, wave\nassert boto3.WHO == 'locked' and helper.WHO == 'own'\nwave.open\n" + MAIN
    wheel = packed(
        tmp_path / "orders.whl",
        {"orders/__init__.py": "", "orders/create.py": text, "helper.py": "WHO = 'own'\n"},
    )
    other = {"boto3/__init__.py": "WHO = 'locked'\n", "helper.py": "WHO = 'locked'\n", "wave.py": "0 / 0\n"}

    check_jobs(
        wheel,
        packed(tmp_path / "library.zip", other),
        (("load", "orders.create:main"),),
        python="3.9",
        interpreter=runtime_python("3.9"),
        where="w",
    )


def test_a_library_for_another_processor_is_looked_at_and_not_imported(tmp_path: Path) -> None:
    other = b"\x7fELF\x02\x01\x01" + bytes(9) + (3).to_bytes(2, "little") + (8).to_bytes(2, "little")
    library = packed(tmp_path / "library.zip", {"locked/__init__.py": "0 / 0\n", "locked/fast.so": other})

    check(wheel_of(tmp_path, "import locked\n" + MAIN), library=library)


# --- how an entry is called ---
@pytest.mark.parametrize("interpreter", [None, pytest.param(SHELL, marks=needs_39)], ids=["read", "imported"])
@pytest.mark.parametrize("signature", ["(a, b)", "(a, *, b)", "(*, a)", "(a, b, c=1)"])
def test_an_entry_that_needs_more_than_its_arguments_is_refused(
    tmp_path: Path, signature: str, interpreter: Path | None
) -> None:
    text = refused(wheel_of(tmp_path, f"def main{signature}: ...\n"), interpreter)

    assert f"`main{signature}` must accept the one mapping that it is called with" in text


@pytest.mark.parametrize("body", ["yield", "for a in arguments: yield from a", "x = yield"])
def test_an_entry_that_is_a_generator_is_refused(tmp_path: Path, body: str) -> None:
    text = refused(wheel_of(tmp_path, f"def main(arguments):\n    {body}\n"), None)
    assert "job `load`, handler `orders.create:main`: `main` is a generator, so calling it runs nothing" in text


def test_an_entry_with_a_generator_inside_is_none(tmp_path: Path) -> None:
    check(wheel_of(tmp_path, "def main():\n    def each():\n        yield 1\n    return list(each())\n"), None)


@needs_39
@pytest.mark.parametrize(("kind", "text"), [("a generator", "def f(): yield"), ("`async def`", "async def f(): ...")])
def test_an_entry_from_elsewhere_that_would_run_nothing_is_refused(tmp_path: Path, kind: str, text: str) -> None:
    assert f"`main` is {kind}" in refused(wheel_of(tmp_path, "from orders.f import f as main\n", f=text + "\n"))


@needs_39
def test_the_signature_of_what_is_no_plain_function_is_asked_of_the_interpreter(tmp_path: Path) -> None:
    text = "import functools\ndef run(a, b, c): ...\nmain = functools.partial(run, 1)\n"

    assert "`main(b, c)` must accept the one mapping" in refused(wheel_of(tmp_path, text))


@pytest.mark.parametrize("interpreter", [None, pytest.param(SHELL, marks=needs_39)], ids=["read", "imported"])
@pytest.mark.parametrize("signature", ["()", "(a)", "(a, b=1)", "(*a)", "(**a)", "(*, a=1)", "(a=None)"])
def test_an_entry_that_can_be_called_with_its_arguments_or_with_nothing_passes(
    tmp_path: Path, signature: str, interpreter: Path | None
) -> None:
    check(wheel_of(tmp_path, f"def main{signature}: ...\n"), interpreter)
