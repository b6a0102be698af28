"""Starting is quick because nothing is imported that is not needed; counted, not timed."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from multi_env_lambda.cli.main import COLLECT_AFTER, VERBS
from tests.late_imports import imported_too_early

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


NEEDED_TO_DECLARE = {"cli", "_version", "errors", "wording", "masking", "show", "host", "model", "api"}
"""The first words of what declaring options and texts takes; plans, AWS and everything that acts are not among them."""

LIGHT = {
    "api": {"answers", "failed", "listing", "names", "tables"},
    "host": {"groups"},
    "model": {"answer", "name", "nearest", "result", "rule", "visible"},
    "show": {"terminal"},
}
"""Of those folders that have more in them, the modules that may be there."""


def test_the_help_of_no_verb_imports_what_acts_or_draws() -> None:
    each = "\n".join(help_of(verb, "--help") for verb in VERBS)
    say = "import json, sys; print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", f"{each}\n{say}"], capture_output=True, text=True, check=True)
    loaded = json.loads(done.stderr.splitlines()[-1])
    assert not {name.split(".")[0] for name in loaded} & SLOW
    ours = [name.split(".")[1:3] for name in loaded if name.startswith("multi_env_lambda.")]
    heavy = [name for name in ours if name[0] not in NEEDED_TO_DECLARE]
    heavy += [name for name in ours if len(name) == 2 and name[1] not in LIGHT.get(name[0], {name[1]})]
    assert not heavy


OPENS = {"_version", "api", "errors", "host", "masking", "model", "show", "wording"}
"""What the handles and the tables of a workspace take."""

UNIT = {"project", "settings", "event_kinds", "unit_settings", "plain_secrets", "claims"}
"""Modules of ``model`` that only somebody needs who reads the settings of a unit."""


def test_importing_the_handles_imports_nothing_that_they_do() -> None:
    say = "import json, sys; print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    code = f"from multi_env_lambda import Workspace\n{say}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    ours = [name.split(".") for name in json.loads(done.stderr) if name.startswith("multi_env_lambda.")]

    assert {name[1] for name in ours} == OPENS
    assert not {name[2] for name in ours if name[1:2] == ["model"] and name[2:]} & UNIT


NOTHING_TO_DO = ("api.carry_out", "api.opened", "aws.bucket", "aws.ledger", "aws.platform", "make.tree", "pipeline")
"""Where a run begins that finds nothing to do: what `connect` makes, and what the verbs call."""

LOOKS = ("api.looking", "aws.stack", "operations.newer", "operations.without_record")
"""What `status` calls besides: it asks CloudFormation for stacks without a record."""


@pytest.mark.parametrize(
    ("begins", "calls"), [(NOTHING_TO_DO, set()), ((*NOTHING_TO_DO, *LOOKS), {"aws.stack"})], ids=["a deploy", "status"]
)
def test_what_changes_nothing_imports_nothing_that_builds_or_changes(begins: tuple[str, ...], calls: set[str]) -> None:
    say = "import json, sys; print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    names = ", ".join(f"multi_env_lambda.{name}" for name in begins)
    code = f"from multi_env_lambda import Workspace\nimport {names}\n{say}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found = json.loads(done.stderr)

    assert imported_too_early(found).keys() - {"aws.stack_listing"} == calls
    assert not {name.split(".")[0] for name in found} & (SLOW | {"tarfile", "zipfile"})


@pytest.mark.story
def test_a_command_looks_for_forgotten_objects_rarely_and_a_caller_from_python_as_they_like() -> None:
    script = "import gc, sys; from multi_env_lambda.cli.main import main, run; "
    commands = {
        "main(['--help'])": 700,
        "sys.argv = ['x', '--help']; main()": COLLECT_AFTER,
        "sys.argv = ['x', '--help']; run('status', 'bin/automation/status.py')": COLLECT_AFTER,
    }
    for command, threshold in commands.items():
        say = "print(gc.get_threshold()[0], gc.isenabled())"
        done = subprocess.run([sys.executable, "-c", f"{script}{command}; {say}"], capture_output=True, text=True)
        assert done.stdout.splitlines()[-1] == f"{threshold} True", command
