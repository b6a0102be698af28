"""Write what the reference quotes: verbs, errors and answers, every key of the tables, and the JSON schemas of these.

``python docs/reference.py``. A test makes all of it again and compares it with the files, so what is shown is what is.
"""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path

import click
import configuration
import examples
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
    """One section per error: its code, what it means, and the pages about it."""
    from multi_env_lambda.cli.explain import PAGES, about
    from multi_env_lambda.cli.kinds import kinds

    sections = []
    for kind in kinds():
        name, said = kind.__name__, "\n".join(about(kind))
        more = ", ".join(f":doc:`../{page}`" for page in PAGES[name])
        title = f"{name}\n{'-' * len(name)}\n"
        sections.append(
            f"{title}Exit code {kind.exit_code}; ``explain {name}`` prints this text.\n\n{said}\n\nMore: {more}.\n"
        )
    return "\n".join(sections)


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
    pages = {REFERENCE / f"{name}.inc": configuration.text_of(name) for name in ("workspace", "unit")}
    lists = {REFERENCE / "errors.inc": errors_text(), REFERENCE / "answers.inc": answers_text()}
    return {VERBS_FILE: verbs_text(), **lists, **pages, **{path: f"{text}\n" for path, text in schemas.items()}}


def main() -> int:
    for path, text in made().items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
