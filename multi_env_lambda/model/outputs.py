"""What a unit made in an environment: functions, queues, buckets, URLs, and the outputs of its stack."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import attrs

from multi_env_lambda.masking import MASKED
from multi_env_lambda.model.shown import shown_as_text

__all__ = ["Output", "OutputKind", "Outputs"]

OutputKind = Literal[
    "function",
    "job",
    "queue",
    "bucket",
    "table",
    "topic",
    "stream",
    "state machine",
    "security group",
    "API",
    "output",
]


@attrs.frozen(kw_only=True)
class Output:
    """One thing that somebody can use.

    Args:
        key: what it is called in the unit: the key of a function or job, else its name in the stack's template.
        name: what AWS calls it; None for an output of the template.
        alias_arn: of a function: the ARN of what callers should call.
        url: of a queue, an API, or a function with a URL.
        value: of an output of the template; ``***`` if it may be secret.
        link: where the AWS console shows it; None if no page does.
    """

    kind: OutputKind
    key: str
    name: str | None = None
    arn: str | None = None
    alias_arn: str | None = None
    url: str | None = None
    value: str | None = None
    link: str | None = None

    @property
    def shown(self) -> str:
        """The one thing that most people look for."""
        return self.value or self.url or self.name or self.arn or ""

    def lines(self) -> Iterator[str]:
        """All about it; the first line has what most people look for."""
        yield f"{self.kind} {self.key}: {self.shown}"
        more = {"name": self.name, "URL": self.url, "ARN": self.arn, "alias": self.alias_arn, "console": self.link}
        for label, text in more.items():
            if text and text != self.shown:
                yield f"  {label}: {text}"


@shown_as_text
@attrs.frozen(kw_only=True, repr=False)
class Outputs:
    """All that a unit made in one environment, as its stack is now."""

    project: str
    environment: str
    items: tuple[Output, ...]

    def __iter__(self) -> Iterator[Output]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def text(self) -> str:
        """Every name, ARN, URL and link, a line for each; no output that only repeats one of them."""
        lines = [f"{self.project} in {self.environment}{'' if self.items else ' made nothing that others can use'}"]
        lines += [f"  {line}" for item in self._news() for line in item.lines()]
        return "\n".join(lines)

    def short(self) -> str:
        """A line for each that has more than a name that follows the rule; empty if none has."""
        whose = f"{self.project} in {self.environment}"
        found = (item for item in self._news() if item.url or item.kind not in ("function", "job"))
        return "\n".join(f"{whose}: {item.kind} {item.key}: {item.shown}" for item in found if item.value != MASKED)

    def _news(self) -> Iterator[Output]:
        """Without outputs of the template that only repeat what is said about a resource."""
        said = {text for item in self for text in (item.name, item.arn, item.alias_arn, item.url)}
        return (item for item in self if item.value is None or item.value not in said)

    def to_dict(self) -> dict[str, Any]:
        """JSON-compatible data."""
        return attrs.asdict(self)
