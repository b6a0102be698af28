"""The reference of the commands: each verb has an example that was run, its pages, and those of its options."""

from __future__ import annotations

import json
from difflib import ndiff
from pathlib import Path

import click
import pytest

from multi_env_lambda.cli.main import VERBS, _group
from tests.house import ROOT
from tests.pages import of_docs

examples, verbs = of_docs("examples"), of_docs("verbs")
RECORDED: dict[str, str] = json.loads(examples.FILE.read_text("utf-8"))
WITHOUT_EXAMPLE = {
    "adopt": "it needs a project of another tool; the page about moving in shows it",
    "demo": "it deploys the sample units for minutes; the tutorial shows it",
}


def command_of(verb: str) -> click.Command:
    found = _group.get_command(click.Context(_group), verb)
    assert found is not None
    return found


def options_of(command: click.Command) -> set[str]:
    own = {name for parameter in command.params for name in parameter.opts}
    inner = command.commands.values() if isinstance(command, click.Group) else ()
    return own.union(*map(options_of, inner))


def page(name: str) -> str:
    return (ROOT / f"docs/source/{name}.rst").read_text("utf-8")


def test_every_verb_has_an_example_and_no_example_is_an_error() -> None:
    assert set(VERBS) - set(RECORDED) == set(WITHOUT_EXAMPLE)
    assert [verb for verb, text in RECORDED.items() if "\nerror" in text or "Traceback" in text] == []
    assert [verb for verb, text in RECORDED.items() if "\n" not in text] == []


def test_the_examples_are_those_of_the_steps() -> None:
    shown = [step for step in examples.STEPS if not step.startswith(examples.PREPARED)]

    assert [text.partition("\n")[0] for text in RECORDED.values()] == [f"$ multi-env-lambda {step}" for step in shown]


def test_every_verb_has_its_pages_and_they_are_about_it() -> None:
    assert list(verbs.TASKS) == list(VERBS)
    for verb, names in verbs.TASKS.items():
        assert verb in ("schema", "demo") or names, verb
        said = [name for name in names if verb in page(f"02-How-To/{name}")]
        assert said == list(names), verb


@pytest.mark.parametrize(("option", "name"), [*verbs.OPTIONS.items()])
def test_the_page_of_an_option_shows_it(option: str, name: str) -> None:
    assert option in page(name)
    assert any(option in options_of(command_of(verb)) for verb in VERBS)


@pytest.mark.parametrize(("verb", "option", "name"), [(*key, name) for key, name in verbs.OF_ONE_VERB.items()])
def test_the_page_of_an_option_of_one_verb_shows_it(verb: str, option: str, name: str) -> None:
    assert option in page(name)
    assert option in options_of(command_of(verb))


SANDBOXED = "✓  landlock            version 4; code of units sees neither this user's files nor the network"
UNCONFINED = (
    "!  landlock            none in this kernel: code of units, which is run to make them, can read this user's files\n"
    f"{' ' * 26}hint: make units where Linux is 5.19 or newer, if you do not trust who wrote them"
)


@pytest.mark.parametrize(("home", "landlock"), [("/opt/pyenv/3.13.0", SANDBOXED), ("/usr/local", UNCONFINED)])
def test_every_machine_records_the_same(home: str, landlock: str, tmp_path: Path) -> None:
    said = (
        f"machine  ✓  python              3.12.1 at {home}/bin/python3.12\n"
        f"         ✓  git                 {home}/bin/git\n"
        f"         ✓  uv                  {home}/bin/uv\n"
        f"         {landlock}\n"
        f"         ✓  python 3.13         {home}/bin/python3.13\n"
        f"you      ✓  clock               as AWS's in {tmp_path}/units\n"
    )

    machine, _, rest = examples.anywhere(said, tmp_path).rpartition("\nyou ")

    assert f"\n{machine}\n" in RECORDED["doctor"]
    assert rest == "     ✓  clock               as AWS's in /home/ada/acme/units\n"


@pytest.mark.long
@pytest.mark.local_cloud
def test_the_examples_are_what_the_commands_print(tmp_path: Path) -> None:
    found = examples.recorded(tmp_path)

    lines = [[examples.compared(each[verb]) for verb in RECORDED] for each in (RECORDED, found)]
    different = [line for line in ndiff(*("\n".join(each).splitlines() for each in lines)) if line[0] in "+-"]
    assert different == [], "\n".join(different)
