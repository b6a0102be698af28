"""The fixed words of the most frequent messages, by which a pasted message is explained, and what to do about each."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["MESSAGES", "OTHER_WORDS"]

MESSAGES: Mapping[str, Mapping[str, str]] = {
    "ConfigurationError": {
        "unknown key": "Correct the spelling; the hint has the most similar key: :doc:`configuration`.",
        "there is no environment": "Use a name of the root ``pyproject.toml``: :doc:`workspace-environments`.",
        "is missing; it is imported by": (
            "Add the package to ``dependencies`` and run ``lock UNIT``; Python calls this ``ModuleNotFoundError``:"
            " :doc:`../02-How-To/lock-dependencies`."
        ),
        "there is no module": "The module of ``handler`` is not in the package: :ref:`key.unit.functions.handler`.",
        "is not locked": "Run ``lock UNIT`` and commit the file: :doc:`../02-How-To/lock-dependencies`.",
        "circular dependency": "Remove one of the ``needs`` that it lists: :ref:`key.unit.needs`.",
        "not a TOML document": "Correct the file at the line that it names.",
    },
    "BuildError": {
        "has no wheel for": (
            "Lock another version of the package, or choose another runtime or architecture:"
            " :doc:`../02-How-To/lock-dependencies`."
        ),
        "could not load": "A compiled library is for another processor, or needs one that Lambda lacks.",
        "bytes unzipped; Lambda allows": "Code and layer are over Lambda's 250 MB: :doc:`limits`.",
        "secrets would be published": "Remove the secret: :doc:`../02-How-To/secrets-and-parameters`.",
        "leaves its folder": "Copy the file, or list its folder in ``shared``: :doc:`../02-How-To/shared-code`.",
    },
    "PublishError": {
        "but it is not in the bucket": "Restore the object, or deploy the commit of the release again.",
    },
    "AccountError": {
        "Unable to locate credentials": "Set ``AWS_PROFILE``, pass ``--profile``, or use ``--local``.",
        "but the configuration says": "The credentials are those of another account than the one in the table.",
    },
    "StackError": {
        "is not authorized to perform": "The role lacks a permission: :ref:`error.AccessDenied`.",
        "already exists": "Something else has the name: :doc:`../02-How-To/when-a-name-is-taken`.",
        "termination protection": "Disable it, if the stack may really be deleted.",
        "by stack policy": "Remove the change, or ask the owner of the policy to allow it.",
        "You must wait 60 seconds": "SQS reserves the name of a deleted queue for a minute.",
        "HandlerErrorCode: NotFound": (
            "Somebody deleted it manually; ``repair`` creates it again:"
            " :doc:`../02-How-To/put-right-what-was-done-by-hand`."
        ),
    },
    "PlanStale": {
        "the same request now makes": "Save the plan again, and have it approved again.",
        "is running now": "Somebody deployed meanwhile; run the command again.",
        "somebody else took over": "Another process has the unit now; run the command again.",
    },
    "Refused": {
        "still needed there by": "Destroy the other unit first: :doc:`../02-How-To/remove-and-prune`.",
        "has not been approved": "Have the plan approved: :doc:`../02-How-To/promote-and-approve`.",
        "accepts only releases": "Raise ``version``: :doc:`../02-How-To/promote-and-approve`.",
        "accepts only what is committed": "Commit, and deploy again: :doc:`../02-How-To/promote-and-approve`.",
    },
    "Busy": {"has been deploying it since": "Wait with ``--wait 5m``: :doc:`../02-How-To/two-people-at-once`."},
    "LocalCloudError": {
        "the server ended with status": "Read the end of its log; ``local reset`` starts with an empty cloud.",
        "it does not run": "Start it with ``local up``.",
    },
    "ToolError": {"could not be started": "Install the program that it names, or put it on your ``PATH``."},
    "DocumentError": {"not a record": "Restore the older version of the object: :doc:`../02-How-To/recover`."},
    "UpgradeNeeded": {
        "reads formats up to": "Install the version that your colleagues have: :doc:`../02-How-To/upgrade`."
    },
    "SessionEnded": {
        "this machine's clock says": "Set the clock: :doc:`../02-How-To/when-something-fails`.",
        "has ended": "Sign in again: :doc:`../02-How-To/when-something-fails`.",
    },
}
"""Error -> words -> what to do, in RST."""

OTHER_WORDS: Mapping[str, tuple[str, ...]] = {
    "ConfigurationError": ("ModuleNotFoundError", "No module named"),
    "SessionEnded": ("ExpiredToken", "ExpiredTokenException", "UnauthorizedSSOTokenError"),
}
"""Error -> what Python and AWS call the same."""
