"""Starting is quick because nothing is imported that is not needed; counted, not timed."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

SLOW = {"boto3", "botocore", "cottonformation", "moto", "pathlib_mate", "rich", "hypothesis", "numpy", "asyncio"}
SAY = "import json, sys; print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})), file=sys.stderr)"


def modules_after(code: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", f"{code}\n{SAY}"], capture_output=True, text=True, check=True)
    return set(json.loads(done.stderr.splitlines()[-1]))


def help_of(*words: str) -> str:
    return f"from multi_env_lambda.cli.main import main\ntry: main({list(words)!r})\nexcept SystemExit: pass"


def test_importing_the_package_imports_nothing_slow() -> None:
    assert modules_after("import multi_env_lambda") & SLOW == set()


def test_the_list_of_verbs_imports_nothing_slow() -> None:
    assert modules_after(help_of("--help")) & SLOW == set()


@pytest.mark.parametrize("verb", ["deploy", "status", "local"])
def test_the_help_of_a_verb_does_not_reach_for_aws(verb: str) -> None:
    assert modules_after(help_of(verb, "--help")) & (SLOW - {"rich"}) == set()
