"""The page of a Git host, followed as a person would: its tables into the root table, its commands one after the other.

What is played is said where it is played; each command of the section is either run here, or handed to the test.
"""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Iterator
from typing import Any

import attrs

from tests.house import ROOT

from .bootstrapped import Bootstrapped

__all__ = ["HostPage", "aws", "in_one_stage"]

_TITLE = "From nothing to the first automatic deploy\n"
_SCRIPT = re.compile(r"bin/automation/(\w+)\.py")


@attrs.define
class HostPage:
    """One page.

    Args:
        host: as `ci write` calls it. tables: what is added to the root table.
        left: the commands that are still to follow, and what is shown below each.
    """

    host: str
    tables: str
    left: list[tuple[list[str], list[str]]]

    @classmethod
    def of(cls, name: str, host: str = "") -> HostPage:
        text = (ROOT / f"docs/source/02-How-To/{name}.rst").read_text("utf-8")
        section = re.split(r"\n[^\n]+\n-{5,}\n", text.partition(_TITLE)[2].partition("\n")[2], maxsplit=1)[0]
        tables = "\n".join(_tables(section))
        return cls(host or name, tables.replace("sha256:…", f"sha256:{'0' * 64}"), list(_commands(section)))

    def set_up(self, made: Bootstrapped) -> None:
        """All up to the file that `ci write` writes, as an administrator."""
        while True:
            words, shown = self.left.pop(0)
            script = _SCRIPT.fullmatch(words[1])
            assert words[0] == "python" and script is not None, words
            # `bootstrap` is told who is here; what writes a file asks no account.
            writes = words[2:4] == ["write", self.host]
            done = made.stage.script(script[1], *words[2:], local=False) if writes else made.run(script[1], *words[2:])
            assert done.code == 0, done.err
            for line in shown:
                assert line in done.err + done.out, (line, done.err)
            if writes:
                return

    def next(self, *words: str) -> list[str]:
        """The next command, which begins with these words."""
        found, _ = self.left.pop(0)
        assert tuple(found[: len(words)]) == words, found
        return found

    def approves(self, words: list[str]) -> None:
        """The command that a run has shown is the page's next one, but for the digest."""
        shown = self.next("python", "bin/automation/ci.py", "approve")
        assert shown[2:-1] == words[:-1] and len(shown[-1]) == len(words[-1]), (shown, words)


def _tables(section: str) -> Iterator[str]:
    """What is indented below each directive."""
    for part in re.split(r"^(?=[ ]*\.\. code-block:: toml\n)", section, flags=re.MULTILINE)[1:]:
        first, *lines = part.splitlines()
        yield textwrap.dedent("\n".join(_below(lines, len(first) - len(first.lstrip())))) + "\n"


def _below(lines: list[str], indent: int) -> Iterator[str]:
    for line in lines:
        if line and len(line) - len(line.lstrip()) <= indent:
            return
        yield line


def _commands(section: str) -> Iterator[tuple[list[str], list[str]]]:
    lines = [line.strip() for line in section.splitlines()]
    for number, line in enumerate(lines):
        if line.startswith("$ "):
            shown = []
            for other in lines[number + 1 :]:
                if not other or other.startswith("$ "):
                    break
                shown.append(other)
            yield shlex.split(line[2:]), shown


def in_one_stage(made: Bootstrapped, names: tuple[str, ...]) -> None:
    """Let these environments of the root table stand in one stage."""
    file = made.stage.root / "pyproject.toml"
    text = file.read_text("utf-8")
    for name in names:
        text = text.replace(f'name = "{name}"\n', f'name = "{name}"\nstage = "both"\n')
    file.write_text(text, "utf-8")


def aws(client: Any, words: list[str], **instead: str) -> Any:
    """``aws SERVICE OPERATION --a-b c``, by a client of the service; ``instead``: of a value in capitals."""
    operation, options = words[2], words[3:]
    given: dict[str, Any] = {}
    for option, value in zip(options[::2], options[1::2], strict=True):
        first, *rest = option.removeprefix("--").split("-")
        pairs = dict(pair.split("=", 1) for pair in value.split(",")) if "=" in value else None
        given[first + "".join(part.title() for part in rest)] = pairs or instead.get(value, value)
    return getattr(client, operation.replace("-", "_"))(**given)
