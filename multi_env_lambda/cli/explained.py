"""What AWS says that people search for, and exit codes without an error: what it means, what is done, what to do."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

__all__ = ["AWS_SAYS", "OTHER_CODES", "AwsSays"]


@attrs.frozen(kw_only=True)
class AwsSays:
    """``means``, ``done`` (by this library) and ``advice`` are paragraphs in RST; ``also``: words for the same."""

    means: str
    done: str
    advice: str
    pages: tuple[str, ...]
    also: tuple[str, ...] = ()


_FAILS, _STACK = "02-How-To/when-something-fails", "02-How-To/put-right-what-was-done-by-hand"

AWS_SAYS: Mapping[str, AwsSays] = {
    "UPDATE_ROLLBACK_FAILED": AwsSays(
        means="An update of the stack failed, and so did its rollback: some resources are new, some are old.",
        done="""\
The next ``deploy``, ``promote``, ``rollback`` or ``repair`` calls ContinueUpdateRollback once, and skips no resource.
If this succeeds, the stack is as it was before the update, and the command makes its own change.
If not, it ends with StackError (exit code 7) and the reason of the first resource that failed.""",
        advice="""\
Remove the cause that the message names, such as a missing permission or a resource that somebody deleted, and run
the same command again.
If the cause cannot be removed, continue the rollback in the CloudFormation console (``open`` prints the link), and
skip that resource there; then run the same command again, and compare with ``drift``.""",
        pages=(_FAILS, _STACK),
        also=("ContinueUpdateRollback",),
    ),
    "ROLLBACK_COMPLETE": AwsSays(
        means="The first deployment of a stack failed, and CloudFormation rolled it back; only a deletion is possible.",
        done="""\
The next ``deploy`` deletes the stack, by its id and only if it is the unit's own, and creates it again.
Nothing in it ever worked, so nobody is asked. The same is done for ROLLBACK_FAILED.""",
        advice="""\
Remove the cause that the first error named (``history`` shows it again), and run the same command again.
If the stack has termination protection, the command ends with StackError; only you can disable that.""",
        pages=(_FAILS,),
        also=("ROLLBACK_FAILED",),
    ),
    "DELETE_FAILED": AwsSays(
        means="A deletion of the stack failed halfway: some of its resources are gone, others are still there.",
        done="A ``deploy`` ends with StackError (exit code 7), and changes nothing.",
        advice="""\
Run ``destroy`` again when the cause is removed, such as a bucket that is not empty; or keep what cannot be deleted
with ``--retain LOGICAL-ID``. After that, the unit can be deployed again.""",
        pages=("02-How-To/remove-and-prune",),
    ),
    "REVIEW_IN_PROGRESS": AwsSays(
        means="Somebody began to create the stack, but the change set was never executed; the stack has no resources.",
        done="""\
It counts as no stack: the next ``deploy`` uses it for its own change set, no matter who left it behind.
A deploy that is refused before anything is created deletes the empty stack that it made itself.""",
        advice="Nothing; deploy the unit. To get rid of it without a deploy, delete it in the console.",
        pages=(_FAILS,),
    ),
    "Rate exceeded": AwsSays(
        means="AWS limits how often an account may call a service, and this account called too often for a moment.",
        done="""\
A call is repeated for up to five minutes, with growing pauses, and the command says at its end how many were.
If a service throttled CloudFormation inside a stack, and the stack is back as it was, the unit begins again, up to
five attempts in all; other units in that account begin more slowly.""",
        advice="""\
Usually nothing. If a unit fails with it, run the same command again; it does only what is missing.
If it happens every day, deploy fewer units at once, or raise the quota in Service Quotas.""",
        pages=(_FAILS, "04-Reference/limits"),
        also=("Throttling", "ThrottlingException", "TooManyRequestsException"),
    ),
    "AccessDenied": AwsSays(
        means="""\
The caller is known, but a policy does not allow the action. The text says which kind of policy: ``no identity-based
policy allows``, ``no permissions boundary allows``, or ``an explicit deny``.""",
        done="""\
If it happens while a stack changes, CloudFormation rolls the change back, and the command ends with StackError
(exit code 7), the action, and who may not do it.
If a function gets it while a smoke check calls it, the unit is rolled back, and CheckFailed (13) has its log.""",
        advice="""\
``no permissions boundary allows``: the boundary limits every role of the unit, whatever its policies say. Change the
boundary, which is ``bounds.permissions_boundary`` of the environment or the one that ``bootstrap`` made, or let
something outside of the unit do this.
Otherwise, add the action: to the function with ``policies``, to the role that deploys with what ``permissions``
prints. ``doctor`` shows which role you use.""",
        pages=("02-How-To/rights-and-bounds", "02-How-To/permissions", "02-How-To/roles"),
        also=("AccessDeniedException", "not authorized to perform", "permissions boundary"),
    ),
}
"""What AWS says -> about it."""

OTHER_CODES: Mapping[str, str] = {
    "0": """\
Success. Also if there was nothing to do, if a newer release runs than that of the work tree, or if ``ci run`` waits
for an approval.""",
    "2": """\
The command line was wrong: an unknown verb or option, or an argument that is missing or does not go with another
one. Nothing was written. The hint has the usage; ``VERB --help`` says more.""",
    "130": """\
You interrupted the command (Ctrl-C). Run the same command again: what is done is not done twice, and what was under
way is finished, also with ``--plan``.""",
}
"""Exit code that no error has -> what it means."""
