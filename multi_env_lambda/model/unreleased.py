"""Code that `deploy --watch` has sent into a function: it runs, and no release has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from multi_env_lambda.errors import Refused
from multi_env_lambda.wording import advice, unit_call

if TYPE_CHECKING:
    from multi_env_lambda.model.record import Record

__all__ = ["Unreleased", "not_promotable", "unreleased_in"]


@attrs.frozen(kw_only=True)
class Unreleased:
    """Saved files of a work tree that run in an environment, and what they were sent on top of.

    Args:
        after: when the deployment was made on top of which they were sent. Any other that runs has replaced them.
        watch: the command that sent them, unlike any other; ``saves`` counts how often it has.
        codes: by function, the base64 SHA-256 of what was sent.
    """

    who: str
    host: str
    when: str
    after: str
    watch: str
    saves: int = 1
    codes: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return f"files that {self.who.rpartition('/')[2]} saved on {self.host.partition(' ')[0]} at {self.when}"


def unreleased_in(record: Record | None) -> Unreleased | None:
    """What runs besides the release that is recorded; None: nothing else was sent since that was deployed."""
    if record is None or record.running is None or record.unreleased is None:
        return None
    return record.unreleased if record.unreleased.after == record.running.when else None


def not_promotable(record: Record) -> Refused | None:
    """Why what runs there goes no further; None: it is a release."""
    found = unreleased_in(record)
    if found is None:
        return None
    hint = advice(
        "`{}` makes a release of the files; `{}` brings back what was deployed",
        unit_call("deploy", record.project, record.environment),
        unit_call("repair", record.project, record.environment),
    )
    return Refused(f"{record.project} in {record.environment}", f"{found} run there, and are no release", hint=hint)
