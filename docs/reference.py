"""Write what the reference quotes: the help of every verb. ``python docs/reference.py``

A test makes it again and compares it with the file, so what is shown is what is.
"""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent
VERBS_FILE = ROOT / "docs" / "source" / "04-Reference" / "verbs.inc"
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


def main() -> int:
    VERBS_FILE.write_text(verbs_text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
