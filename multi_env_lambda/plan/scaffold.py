"""What a new unit, or a repository that is new to this library, starts with: names in, texts of files out."""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Iterable, Mapping

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.name import PROJECT_NAME, normalised
from multi_env_lambda.model.reading import did_you_mean, enumerated
from multi_env_lambda.model.runtime import RUNTIMES
from multi_env_lambda.model.units_folder import DEFAULT_FOLDER, unit_folder

__all__ = ["SCRIPTS", "UNIT_SCRIPTS", "WORKSPACE_TABLE", "init_files", "new_unit", "script"]

File = tuple[str, str]

SCRIPTS: Mapping[str, str] = {
    "approve": "Approve one saved plan: ``python bin/automation/approve.py plan.json``.",
    "board": "Write the page that shows what runs where: ``python bin/automation/board.py``.",
    "bootstrap": "Make the artifact bucket, once: ``python bin/automation/bootstrap.py``.",
    "build": "Build wheels and layers on this machine only: ``python bin/automation/build.py``.",
    "ci": "Run a job of the CI, or agree to what waits: ``python bin/automation/ci.py approve prod DIGEST``.",
    "deploy": "Build, publish and deploy what changed: ``python bin/automation/deploy.py staging``.",
    "destroy": "Remove a unit from an environment: ``python bin/automation/destroy.py NAME sandbox``.",
    "diff": "Compare a unit in two environments: ``python bin/automation/diff.py orders staging prod``.",
    "doctor": "Look at who you are, and at what is missing where: ``python bin/automation/doctor.py``.",
    "drift": "Show what was changed by hand: ``python bin/automation/drift.py prod``.",
    "freeze": "Let nothing change in an environment, for a reason: ``python bin/automation/freeze.py prod``.",
    "history": "Show who put what where, and when: ``python bin/automation/history.py orders``.",
    "invoke": "Call a function through its alias: ``python bin/automation/invoke.py orders create sandbox``.",
    "lock": "Lock the dependencies with hashes: ``python bin/automation/lock.py``.",
    "logs": "Show what a unit has logged: ``python bin/automation/logs.py orders sandbox``.",
    "new": "Make a new unit: ``python bin/automation/new.py NAME``.",
    "open": "Print links to the console: ``python bin/automation/open.py orders prod``.",
    "outputs": "Show what a unit made: ``python bin/automation/outputs.py orders sandbox``.",
    "permissions": "Print the policies that a role needs: ``python bin/automation/permissions.py prod``.",
    "plan": "Show what a deploy would do, and why: ``python bin/automation/plan.py staging``.",
    "promote": "Take over what runs one environment before: ``python bin/automation/promote.py staging``.",
    "prune": "Show or remove what nothing refers to any more: ``python bin/automation/prune.py``.",
    "publish": "Build, and put the artifacts into the bucket: ``python bin/automation/publish.py``.",
    "repair": "Undo what was changed by hand: ``python bin/automation/repair.py orders prod``.",
    "rollback": "Go back to what ran before: ``python bin/automation/rollback.py orders prod``.",
    "shell": "Use another tool in an account: ``python bin/automation/shell.py sandbox -- aws s3 ls``.",
    "status": "Show which version runs where: ``python bin/automation/status.py``.",
    "test": "Run the tests of units as the CI does: ``python bin/automation/test.py orders``.",
    "unfreeze": "Let it go on: ``python bin/automation/unfreeze.py prod``.",
    "why": "Explain why a unit will be deployed or not: ``python bin/automation/why.py orders staging``.",
}
"""Every script in ``bin/automation`` with its one line of help."""

UNIT_SCRIPTS = ("build", "deploy", "invoke", "lock", "plan", "publish", "status")
"""The scripts in every unit's own ``bin/automation``; the location of a file decides which unit it is about."""

_SCRIPT = '''#!/usr/bin/env python
"""{line}"""
from multi_env_lambda import run

if __name__ == "__main__":
    raise SystemExit(run("{verb}", __file__))
'''

_PYPROJECT = """[project]
name = "{name}"
version = "0.1.0"
description = "What this unit is for."
requires-python = ">={least_python}"
dependencies = []

{backend}[tool.multi_env_lambda]
runtime = "{runtime}"
architecture = "{architecture}"

[tool.multi_env_lambda.functions.main]
handler = "{module}.handler"
smoke = {{ payload = {{ name = "world" }}, expect = {{ greeting = "hello world" }} }}
"""

_BACKEND = """[build-system]
requires = ["uv_build>=0.9,<1"]
build-backend = "uv_build"

[tool.uv.build-backend]
module-root = ""

"""

_INIT = '''"""What this unit is for."""
'''

_MAIN = '''"""The function ``main``: an event in, an answer out."""

from __future__ import annotations

from typing import Any


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    return {{"greeting": f"hello {{event['name']}}"}}
'''

_TEST = """from {module} import handler


def test_the_answer_greets_by_name() -> None:
    assert handler({{"name": "world"}}, None) == {{"greeting": "hello world"}}
"""

WORKSPACE_TABLE = """[tool.multi_env_lambda.devops]            # artifacts, records and CI live here
account_id = "111111111111"
region     = "us-east-1"
bucket     = "artifacts-111111111111-us-east-1"

[[tool.multi_env_lambda.environments]]    # in promotion order
name = "sandbox"
account_id = "222222222222"

[[tool.multi_env_lambda.environments]]
name = "prod"
account_id = "333333333333"
approval = true                           # nobody deploys here without an approval of this very plan
"""
"""What ``init`` adds to the root ``pyproject.toml``; the account numbers are meant to be replaced."""

_ID_TABLE = """[tool.multi_env_lambda]
id = "{id}"                       # every stack of this workspace carries it; never change it

"""

_IGNORED = "/.multi_env_lambda/"


def script(verb: str) -> str:
    """The text of ``bin/automation/<verb>.py``, which is the same everywhere."""
    return _SCRIPT.format(verb=verb, line=SCRIPTS[verb])


def new_unit(
    name: str,
    runtime: str = "python3.13",
    architecture: str = "arm64",
    units: str = DEFAULT_FOLDER,
    *,
    flat: bool = False,
) -> tuple[File, ...]:
    """The files to edit, and the scripts, relative to the root of the repository; the unit can be deployed as it is.

    Args:
        units: the folder of the units. flat: modules that lie side by side, which nothing builds, instead of a package.

    Raises:
        ConfigurationError: AWS or Python would not accept the name.
    """
    package = _checked_package(name)
    for what, given, allowed in (("runtime", runtime, RUNTIMES), ("architecture", architecture, ("arm64", "x86_64"))):
        if given not in allowed:
            raise ConfigurationError(
                "new",
                f"found the {what} `{given}`; expected {enumerated(allowed)}",
                hint=did_you_mean(given, allowed, listed=True),
            )
    folder = unit_folder(units, name)
    words = {"name": name, "package": package, "runtime": runtime, "architecture": architecture}
    # The local cloud runs a unit on the available Python if the machine does not have the unit's own.
    least = min(runtime.removeprefix("python"), "3.11", key=lambda version: int(version.partition(".")[2]))
    module = "main" if flat else f"{package}.main"
    built = "" if flat else _BACKEND
    code = [("main.py", _MAIN)] if flat else [(f"{package}/__init__.py", _INIT), (f"{package}/main.py", _MAIN)]
    files = (
        ("pyproject.toml", _PYPROJECT.format(least_python=least, module=module, backend=built, **words)),
        *((path, text.format()) for path, text in code),
        (f"tests/test_{package}.py", _TEST.format(module=module)),
        *((f"bin/automation/{verb}.py", script(verb)) for verb in UNIT_SCRIPTS),
    )
    return tuple((f"{folder}/{path}", text) for path, text in files)


def _checked_package(name: str) -> str:
    if not PROJECT_NAME.accepts(name):
        what = f"found the name `{name}`; expected {PROJECT_NAME.allowed}"
        raise ConfigurationError("new", what, hint=PROJECT_NAME.hint)
    package = normalised(name).replace("-", "_")
    if keyword.iskeyword(package) or package in sys.stdlib_module_names:
        what = f"found the name `{name}`, but `{package}` already means something else to Python"
        raise ConfigurationError("new", what, hint=f"choose a longer name, for example `{name}-job`")
    return package


def init_files(
    pyproject: str | None, gitignore: str | None, existing: Iterable[str] = (), *, id: str
) -> tuple[File, ...]:
    """What ``init`` writes into a repository: the table, the ignored folder, and the missing scripts.

    ``pyproject`` and ``gitignore`` are the texts of the files at the root, None if there is none; ``existing`` are the
    scripts that the repository has, ``id`` is for a table that does not exist yet. Existing files are only appended to.
    """
    there = frozenset(existing)
    files = [(f"bin/automation/{verb}.py", script(verb)) for verb in SCRIPTS]
    found = [file for file in files if file[0] not in there]
    if _IGNORED not in (gitignore or "").splitlines():
        found.insert(0, (".gitignore", _appended(gitignore, f"{_IGNORED}\n", blank=False)))
    if not re.search(r"^\s*\[+\s*tool\s*\.\s*multi_env_lambda\b", pyproject or "", re.MULTILINE):
        found.insert(0, ("pyproject.toml", _appended(pyproject, _ID_TABLE.format(id=id) + WORKSPACE_TABLE, blank=True)))
    return tuple(found)


def _appended(text: str | None, addition: str, *, blank: bool) -> str:
    if not text or not text.strip():
        return addition
    return text.rstrip("\n") + ("\n\n" if blank else "\n") + addition
