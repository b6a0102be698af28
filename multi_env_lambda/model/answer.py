"""The words that answer a question of a plan: what each of them agrees to, when it is asked, and what to check first.

The reference and ``explain`` show what is declared here.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

__all__ = ["ANSWER_OF"]


@attrs.frozen(kw_only=True)
class Answer:
    """``form`` is what to type; ``page`` is the how-to that has an example, below ``docs/source``."""

    form: str
    agrees: str
    asked: str
    check: str
    page: str


_WHEN_TAKEN = "02-How-To/when-a-name-is-taken"
_APPROVE = "02-How-To/promote-and-approve"

ANSWER_OF: Mapping[str, Answer] = {
    "again": Answer(
        form="again:UNIT",
        agrees="deploy a release that was rolled back there",
        asked="Somebody rolled this release back in this environment, so it is held back there.",
        check="Read in `history` why it was rolled back, and make sure that the cause is gone.",
        page="02-How-To/roll-back",
    ),
    "form": Answer(
        form="form:UNIT",
        agrees="deliver the objects of a bucket in S3's own form",
        asked="The function would get events of a bucket in another form than the release that runs there.",
        check="Make sure that the handler reads this form, or choose the other one with `form` in the event's table.",
        page="04-Reference/what-your-handler-gets",
    ),
    "frozen": Answer(
        form="frozen:UNIT",
        agrees="change something that is frozen",
        asked="Somebody froze the unit or its environment, or a rollback holds it.",
        check="Ask the person who froze it: the plan says who, since when and why. `unfreeze` lifts it for everybody.",
        page="02-How-To/freeze",
    ),
    "import": Answer(
        form="import:UNIT/NAME",
        agrees="import an existing resource into the stack",
        asked="A resource with the name that the unit needs exists, and nothing proves that it was the unit's own.",
        check="Make sure that nobody else uses it. From then on, the unit's stack manages it.",
        page=_WHEN_TAKEN,
    ),
    "older": Answer(
        form="older:UNIT",
        agrees="replace a newer release with an older one",
        asked="The running release was made from a commit that your work tree does not contain.",
        check="Pull first, if you can. If you agree, the changes of that commit no longer run there.",
        page="02-How-To/two-people-at-once",
    ),
    "replace": Answer(
        form="replace:UNIT/NAME",
        agrees="lose the data in a resource",
        asked="CloudFormation would delete or replace something that holds data, such as a table.",
        check="Back up the data, or undo the change that causes it. What is deleted does not come back.",
        page=_APPROVE,
    ),
    "rights": Answer(
        form="rights:UNIT",
        agrees="grant unusual permissions",
        asked="The release grants more than ordinary work needs, such as all actions, or access for the public.",
        check="Read each line that the plan marks, and narrow `policies` where you can.",
        page="02-How-To/rights-and-bounds",
    ),
    "take-over": Answer(
        form="take-over:STACK",
        agrees="take over a stack that is not yours",
        asked="A stack with this name exists, and neither its tags nor a record says that it is this unit's.",
        check="Read in the plan whose it is, and what of it would be lost.",
        page=_WHEN_TAKEN,
    ),
    "traffic": Answer(
        form="traffic:UNIT",
        agrees="restart a traffic shift after a manual change",
        asked="Somebody moved the traffic of an alias manually while it was divided between two versions.",
        check="Ask why it was moved. The shift begins again with its first step.",
        page="02-How-To/checks-and-traffic",
    ),
}
"""By the kind, which stands before the colon."""
