"""Turns what a person approved in CodePipeline into an approval of ours: for that digest, in her name, or not at all.

All that counts is what CodePipeline itself says of the approval: whose credentials gave it, when, and the text that was
shown. Who asks the witness decides nothing but which execution it looks at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

import attrs

from multi_env_lambda.errors import Refused
from multi_env_lambda.flow.gate import Approval, write_approval
from multi_env_lambda.model.codepipeline import APPROVE, digest_in, digests_in
from multi_env_lambda.model.record import WITNESSED
from multi_env_lambda.model.store import ObjectStore

__all__ = ["MOST_SECONDS", "ApprovalActions", "Witness", "bear_witness"]

MOST_SECONDS = 3600.0
"""How long ago she may have agreed: the witness is the next action, and an old yes is not to be had again by asking."""

_MOST_AHEAD = 300.0
"""Clocks differ."""

_EXECUTION = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PLACE = re.compile(r"[a-z][a-z0-9-]{0,40}")
_HINT = "start the pipeline again, and approve what it shows then"


class ApprovalActions(Protocol):
    """What CodePipeline says of the actions of one execution (``aws/pipelines.py``); a test has one in memory."""

    def actions(self, execution: str) -> Iterable[Mapping[str, Any]]: ...


@attrs.frozen(kw_only=True)
class Witness:
    """What the witness knows of itself.

    Args:
        account_id: of devops. role: the name of the role as which people approve; IAM knows who is in it.
    """

    store: ObjectStore
    pipeline: ApprovalActions
    account_id: str
    role: str


def bear_witness(
    witness: Witness, environment: str, execution: str, several: Sequence[str] = ()
) -> tuple[Approval, ...]:
    """Write the approval that a person gave there: one of each plan that she was shown.

    Args:
        environment: the stage of the pipeline, which has the name of its environment. several: the environments of it,
            where it is for more than one.

    Raises:
        Refused: nobody has approved, or it is not known who, or of what; nothing is written.
        MultiEnvLambdaError: CodePipeline or the bucket does not answer.
    """
    named = all(_PLACE.fullmatch(name) for name in (environment, *several))
    if not named or not _EXECUTION.fullmatch(execution):
        raise _refused("the witness", "it was asked about no environment of an execution")
    found = _last_of(witness.pipeline.actions(execution), environment)
    if found is None or found.get("status") != "Succeeded":
        raise _refused(environment, "nobody has approved it in this execution")
    said_at = _seconds(found.get("lastUpdateTime"))
    age = witness.store.now() - said_at
    if not -_MOST_AHEAD <= age <= MOST_SECONDS:
        raise _refused(
            environment, f"it was approved {age / 3600:.1f} hours ago, and the witness has to see it at once"
        )
    who = found.get("updatedBy")
    if not isinstance(who, str) or not _is_person(witness, who):
        what = f"it was approved by {who!r:.200}, and not by somebody in the role {witness.role}"
        raise Refused(
            environment, what, hint=f"become {witness.role} first, then approve; nobody else who agrees is known"
        )
    said = _said(found)
    digests = digests_in(said, environment, several) if several else {environment: digest_in(said, environment)}
    if not all(digests.values()) or not digests:
        each = " for each environment" if several else ""
        raise _refused(environment, f"the text that was approved does not name exactly one plan{each}")
    # When she said it: asked again about the same yes, the witness writes the same, and that renews nothing.
    when = datetime.fromtimestamp(said_at, tz=UTC).isoformat(timespec="seconds")
    approvals = [
        Approval(environment=place, digest=digest, who=who, when=when, user_id=WITNESSED)
        for place, digest in digests.items()
    ]
    return tuple(write_approval(witness.store, approval, renews=False) for approval in approvals)


def _last_of(actions: Iterable[Mapping[str, Any]], environment: str) -> Mapping[str, Any] | None:
    """A stage may have been tried again: what was said last counts."""
    mine = [one for one in actions if (one.get("stageName"), one.get("actionName")) == (environment, APPROVE)]
    return max(mine, key=lambda one: _seconds(one.get("startTime")), default=None)


def _seconds(when: Any) -> float:
    return when.timestamp() if isinstance(when, datetime) else 0.0


def _is_person(witness: Witness, arn: str) -> bool:
    """The trust policy of this role gives sessions the names of those who are in them, and lets in nobody else."""
    role = re.escape(f"arn:aws:sts::{witness.account_id}:assumed-role/{witness.role}/")
    return re.fullmatch(rf"{role}[\w+=,.@-]{{2,64}}", arn, re.ASCII) is not None


def _said(action: Mapping[str, Any]) -> str:
    """With its variables replaced, as the approver has read it."""
    given = action.get("input")
    said = given.get("resolvedConfiguration") if isinstance(given, Mapping) else None
    text = said.get("CustomData") if isinstance(said, Mapping) else None
    return text if isinstance(text, str) else ""


def _refused(where: str, what: str) -> Refused:
    return Refused(where, what, hint=_HINT)
