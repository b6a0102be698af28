"""Whether what runs is what a record calls running, or files that somebody has saved since."""

from __future__ import annotations

from multi_env_lambda.errors import Refused
from multi_env_lambda.model.record import Record
from multi_env_lambda.model.unreleased import Unreleased
from multi_env_lambda.wording import advice, unit_call

__all__ = ["not_promotable", "unreleased_in"]


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
