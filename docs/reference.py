"""Write what the reference quotes: verbs, errors and answers, every key of the tables, and the JSON schemas of these.

``python docs/reference.py``. A test makes all of it again and compares it with the files, so what is shown is what is.
"""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterable
from pathlib import Path

import click
import configuration
import examples
import failures
import verbs

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "source" / "04-Reference"
VERBS_FILE = REFERENCE / "verbs.inc"
WIDTH = 110


def verbs_text() -> str:
    """One section per verb, also for those below ``local``, with the text of its ``--help``."""
    from multi_env_lambda.cli.main import VERBS, _group

    top = click.Context(_group, info_name="multi-env-lambda", max_content_width=WIDTH, terminal_width=WIDTH)
    sections = []
    shown = json.loads(examples.FILE.read_text("utf-8"))
    for verb in VERBS:
        command = _group.get_command(top, verb)
        assert command is not None
        options = [name for parameter in command.params for name in parameter.opts]
        sections.append(_section(command, verb, top) + verbs.more(verb, options, shown.get(verb, "")))
    return "\n".join(sections)


def _section(command: click.Command, name: str, parent: click.Context) -> str:
    context = click.Context(command, info_name=name, parent=parent)
    title = context.command_path.partition(" ")[2]
    text = f"{title}\n{'-' * len(title)}\n::\n\n{textwrap.indent(command.get_help(context), '    ')}\n"
    if isinstance(command, click.Group):
        text += "".join(f"\n{_section(command.commands[inner], inner, context)}" for inner in command.commands)
    return text


def errors_text() -> str:
    """One section per error: its code, what it means, an example, its messages, and the pages about it."""
    from multi_env_lambda.cli.explain import PAGES, about
    from multi_env_lambda.cli.kinds import kinds

    sections = []
    for kind in kinds():
        name, said = kind.__name__, "\n".join(about(kind))
        messages = failures.MESSAGES.get(name, {})
        begin = _begin(name, name, (*messages, *failures.OTHER_WORDS.get(name, ())))
        example = f"{failures.WHEN[name]}::\n\n{textwrap.indent(failures.example(name), '    ')}\n"
        frequent = "".join(f"- ``{words}``: {advice}\n" for words, advice in messages.items())
        frequent = f"\nFrequent messages:\n\n{frequent}" if messages else ""
        sections.append(
            f"{begin}Exit code {kind.exit_code}; ``explain {name}`` prints this text.\n\n{said}\n\n"
            f"{example}{frequent}\n{_more(PAGES[name])}"
        )
    return "\n".join(sections)


def aws_says_text() -> str:
    """One section for each thing that AWS says and people search for."""
    from multi_env_lambda.cli.explained import AWS_SAYS

    sections = []
    for word, told in AWS_SAYS.items():
        parts = "\n\n".join((told.means, f"**What this library does.** {told.done}", f"**What you do.** {told.advice}"))
        sections.append(f"{_begin(word, word.replace(' ', '-'), (word, *told.also))}{parts}\n\n{_more(told.pages)}")
    return "\n".join(sections)


def _begin(title: str, label: str, indexed: Iterable[str]) -> str:
    """What the search finds, the label, and the title of a section."""
    entries = "".join(f"   single: {words}\n" for words in indexed)
    found = f".. index::\n{entries}\n" if entries else ""
    return f"{found}.. _error.{label}:\n\n{title}\n{'-' * len(title)}\n"


def _more(pages: Iterable[str]) -> str:
    return f"More: {', '.join(f':doc:`../{page}`' for page in pages)}.\n"


def answers_text() -> str:
    """One row per answer, and when its question is asked."""
    from multi_env_lambda.model.answer import ANSWER_OF

    rows = [".. list-table::\n   :header-rows: 1\n\n   * - Answer\n     - What you agree to\n"]
    for answer in ANSWER_OF.values():
        text = f"{answer.agrees} (:doc:`../{answer.page}`).\n       {answer.asked}"
        rows.append(f"   * - ``{answer.form}``\n     - {text}\n")
    return "".join(rows)


def made() -> dict[Path, str]:
    """What each file has to say."""
    from multi_env_lambda.model.schema import schema_of

    schemas = {
        ROOT / "multi_env_lambda" / "schema" / f"{name}.json": json.dumps(schema_of(name), indent=1, ensure_ascii=False)
        for name in ("unit", "workspace")
    }
    pages = {
        REFERENCE / file: text for name in ("workspace", "unit") for file, text in configuration.pages_of(name).items()
    }
    texts = {"errors": errors_text(), "aws-says": aws_says_text(), "answers": answers_text()}
    lists = {REFERENCE / f"{name}.inc": text for name, text in texts.items()}
    return {VERBS_FILE: verbs_text(), **lists, **pages, **{path: f"{text}\n" for path, text in schemas.items()}}


def main() -> int:
    for path, text in made().items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
