"""Write what the reference quotes: the help of every verb, every key of the tables, and the JSON schemas of these.

``python docs/reference.py``. A test makes all of it again and compares it with the files, so what is shown is what is.
"""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path

import click
import configuration

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "source" / "04-Reference"
VERBS_FILE = REFERENCE / "verbs.inc"
WIDTH = 110


def verbs_text() -> str:
    """One section per verb, also for those below ``local``, with the text of its ``--help``."""
    from multi_env_lambda.cli.main import VERBS, _group

    top = click.Context(_group, info_name="multi-env-lambda", max_content_width=WIDTH, terminal_width=WIDTH)
    sections = []
    for verb in VERBS:
        command = _group.get_command(top, verb)
        assert command is not None
        sections.append(_section(command, verb, top))
    return "\n".join(sections)


def _section(command: click.Command, name: str, parent: click.Context) -> str:
    context = click.Context(command, info_name=name, parent=parent)
    title = context.command_path.partition(" ")[2]
    text = f"{title}\n{'-' * len(title)}\n::\n\n{textwrap.indent(command.get_help(context), '    ')}\n"
    if isinstance(command, click.Group):
        text += "".join(f"\n{_section(command.commands[inner], inner, context)}" for inner in command.commands)
    return text


def made() -> dict[Path, str]:
    """What each file has to say."""
    from multi_env_lambda.model.schema import schema_of

    schemas = {
        ROOT / "multi_env_lambda" / "schema" / f"{name}.json": json.dumps(schema_of(name), indent=1, ensure_ascii=False)
        for name in ("unit", "workspace")
    }
    pages = {REFERENCE / f"{name}.inc": configuration.text_of(name) for name in ("workspace", "unit")}
    return {VERBS_FILE: verbs_text(), **pages, **{path: f"{text}\n" for path, text in schemas.items()}}


def main() -> int:
    for path, text in made().items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
