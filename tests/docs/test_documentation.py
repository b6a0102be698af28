"""What the documentation says exists."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import multi_env_lambda
import multi_env_lambda.errors
from multi_env_lambda.building.locked import LOCK_NAMES
from multi_env_lambda.cli.main import VERBS
from multi_env_lambda.model.plan import ANSWERS
from multi_env_lambda.plan.scaffold import SCRIPTS, new_unit

ROOT = Path(__file__).parent.parent.parent
REFERENCE = ROOT / "docs/source/04-Reference"
PAGES = [ROOT / "README.rst", ROOT / "CONTRIBUTING.rst", *sorted((ROOT / "docs").rglob("*.rst"))]


_MAKE = """
import json, sys
sys.path.insert(0, 'docs')
import reference
print(json.dumps({str(path): text for path, text in reference.made().items()}))
"""

WITHOUT_SCRIPT = {
    "init": "writes the scripts",
    "adopt": "done once for a project, not automated",
    "event": "prints an example, and automates nothing",
    "explain": "explains, and automates nothing",
    "schema": "prints what an editor reads, and automates nothing",
    "local": "the local cloud is no part of what a team automates",
    "demo": "a walk through the local cloud, for whoever is new",
}
"""Verb -> why ``bin/automation`` has no script for it."""


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_command_is_a_verb(path: Path) -> None:
    found = re.findall(r"(?<![\w/])(?:bin/automation/)?([a-z]+)\.py [A-Za-z-]|-m multi_env_lambda ([a-z]+)", text(path))

    assert {script or verb for script, verb in found} - {*VERBS, "stack"} == set()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_named_file_is_there(path: Path) -> None:
    named = re.findall(r"``((?:docs|tests|projects|libs|bin|multi_env_lambda)/[\w./-]+)``", text(path))

    assert [
        name for name in named if not (ROOT / name).exists() and not {"NAME", "billing"} & set(name.split("/"))
    ] == []


def test_the_reference_lists_every_verb() -> None:
    rows = re.findall(r"^``([a-z]+)``", text(ROOT / "docs/source/04-Reference/commands.rst"), re.MULTILINE)

    assert rows == list(VERBS)


def test_the_reference_lists_every_answer() -> None:
    rows = re.findall(r"\* - ``([a-z-]+):", text(ROOT / "docs/source/04-Reference/answers.inc"))

    assert tuple(rows) == ANSWERS


def test_verbs_keys_and_schemas_are_shown_as_they_are() -> None:
    made = json.loads(subprocess.check_output([sys.executable, "-c", _MAKE], cwd=ROOT, text=True))

    tables = {str(path) for form in ("unit-*.rst", "workspace-*.rst") for path in REFERENCE.glob(form)}
    assert len(tables) > 15
    assert tables - set(made) == set(), "pages of tables that there are no longer"
    for path, shown in made.items():
        assert shown == text(Path(path)), f"{path}: run `python docs/reference.py`"


def test_the_reference_says_which_verbs_need_no_environment() -> None:
    usages = re.findall(r"Usage: multi-env-lambda ([a-z]+) (.*)", text(ROOT / "docs/source/04-Reference/verbs.inc"))
    optional = {verb for verb, words in usages if re.search(r"\[ENVIRONMENT[\]|]", words) and verb != "local"}
    said = (
        text(ROOT / "docs/source/04-Reference/commands.rst").partition("leave out ENVIRONMENT")[2].partition("\n\n")[0]
    )

    assert set(re.findall(r"``([a-z]+)``", said)) == optional


def test_every_public_name_is_in_the_reference() -> None:
    pages = "\n".join(map(text, REFERENCE.glob("api*.rst")))

    shown = set(re.findall(r"^\.\. auto\w+:: multi_env_lambda\.(\w+)$", pages, re.MULTILINE))
    assert shown == set(multi_env_lambda.__all__) - {"__version__"}


def parameters_of(public: type) -> Iterator[tuple[str, str, str]]:
    """(method, parameter, what the method says) of a class."""
    for name, each in vars(public).items():
        method = inspect.unwrap(getattr(each, "__func__", each)) if not isinstance(each, property) else None
        if not name.startswith("_") and inspect.isfunction(method):
            said = inspect.getdoc(getattr(public, name)) or ""
            yield from (
                (name, word, said) for word in inspect.signature(method).parameters if word not in ("self", "cls")
            )


def test_every_parameter_is_described_by_its_method_or_for_all_of_them() -> None:
    page = text(ROOT / "docs/source/04-Reference/api.rst").partition("Arguments that many methods have")[2]
    for_all = set(re.findall(r"^``(\w+)`` ", page, re.MULTILINE))
    named = ((name, getattr(multi_env_lambda, name)) for name in multi_env_lambda.__all__)
    kinds = {
        name: one
        for name, one in named
        if isinstance(one, type) and not issubclass(one, Exception) and not getattr(one, "_is_protocol", False)
    }
    silent = {
        f"{kind}.{method}({word})"
        for kind, public in kinds.items()
        for method, word, said in parameters_of(public)
        if word not in for_all and not re.search(rf"\b{word}\b", said)
    }
    asked = {word for public in kinds.values() for _, word, _ in parameters_of(public)}

    assert silent == set()
    assert for_all - asked == set(), "no method has these"


def test_every_decision_is_in_the_list() -> None:
    pages = {path.name for path in (ROOT / "docs/adr").iterdir()} - {"README.rst"}

    assert pages == set(re.findall(r"<(\S+)>`_", text(ROOT / "docs/adr/README.rst")))
    for name in pages:
        found = re.findall(r"^(.+)\n-+$", text(ROOT / "docs/adr" / name), re.MULTILINE)
        assert [title for title in found if title in ("Context", "Choice", "Given up")] == [
            "Context",
            "Choice",
            "Given up",
        ], name


def test_every_verb_has_a_script_or_a_reason_to_have_none() -> None:
    assert set(VERBS) - set(SCRIPTS) == set(WITHOUT_SCRIPT)
    assert set(SCRIPTS) - set(VERBS) == set()


def test_every_lock_format_is_on_its_page() -> None:
    page = text(ROOT / "docs/source/02-How-To/lock-dependencies.rst")

    assert [name for name in LOCK_NAMES if f"``{name}``" not in page] == []


def test_the_unit_of_the_readme_is_the_one_that_new_makes() -> None:
    shown = re.search(r"code-block:: toml\n\n((?:    .*\n|\n)+)", text(ROOT / "README.rst"))
    made = tomllib.loads(dict(new_unit("billing"))["projects/billing/pyproject.toml"])
    made["project"].pop("description")

    assert shown and tomllib.loads(shown.group(1).replace("\n    ", "\n")) == made


@pytest.mark.parametrize("name", ["README.rst", "CONTRIBUTING.rst"])
def test_every_link_of_a_page_that_the_host_shows_leads_to_a_file(name: str) -> None:
    links = re.findall(r"`[^`<]+ <([^`>]+)>`__?", text(ROOT / name))

    assert len(links) > (10 if name == "README.rst" else 3)
    assert [link for link in links if not link.startswith("https://") and not (ROOT / link).is_file()] == []


def test_the_readme_begins_with_the_demo_and_the_installation() -> None:
    commands = re.findall(r"^    ([^#\n].*)", text(ROOT / "README.rst"), re.MULTILINE)

    assert commands[:3] == ["./bin/demo", "pip install ../multi_env_lambda", "multi-env-lambda init"]
