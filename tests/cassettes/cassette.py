"""A cassette: what AWS answered, one call a line, with nothing in it that belongs to anybody."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import attrs

__all__ = ["FOLDER", "Call", "cassettes", "read", "written"]

FOLDER = Path(__file__).parent

Origin = Literal["documented", "recorded"]


@attrs.frozen(kw_only=True)
class Call:
    """One call and its answer.

    Args:
        service, operation: as botocore names them: ``lambda``, ``UpdateAlias``.
        status: of HTTP; 0 where no answer came.
        answer: what botocore made of the body; empty for an error.
        code, message: of an error; empty for an answer.
        seconds: how long it took; 0.0 where nobody measured.
        origin: ``documented`` is what a page or an issue says, ``recorded`` what the live suite heard.
        source: the address of the page or issue, or step, date and region of the recording.
    """

    service: str
    operation: str
    parameters: dict[str, Any]
    status: int
    answer: dict[str, Any] = attrs.field(factory=dict)
    code: str = ""
    message: str = ""
    seconds: float = 0.0
    origin: Origin
    source: str

    @property
    def name(self) -> str:
        return f"{self.service}.{self.operation}"


def read(path: Path) -> tuple[Call, ...]:
    """All calls of a cassette, in their order."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return tuple(Call(**json.loads(line)) for line in lines)


def written(calls: Iterable[Call]) -> str:
    """The text of a cassette."""
    return "".join(f"{json.dumps(attrs.asdict(call), ensure_ascii=False)}\n" for call in calls)


def cassettes() -> tuple[Path, ...]:
    """Every cassette of the repository: ``documented/NAME.jsonl`` and ``recorded/STEP.jsonl``."""
    return tuple(sorted(FOLDER.glob("*/*.jsonl")))
