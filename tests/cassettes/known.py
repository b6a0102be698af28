"""Where the local cloud is known to part from a cassette: the lines that the comparison prints, and the row about it.

A line that is no longer printed is red as well: then the local cloud has become better, and the entry goes.
"""

from __future__ import annotations

__all__ = ["KNOWN", "KNOWN_OF_STEPS"]

KNOWN: dict[str, tuple[tuple[str, ...], str]] = {
    "change-of-a-stack-that-failed": (
        ("code: AWS says ValidationError, here no error",),
        "cannot update a stack whose creation failed, only delete it",
    ),
    "code-in-a-bucket-of-another-region": (
        (
            "text: AWS says 'Error occurred while GetObject. SN Error Code: PermanentRedirect. SN Error Message: The "
            "bucket is in this region: us-east-N. Please use this region to retry the request', here 'Error occurred "
            "while GetObject. SN Error Code: PermanentRedirect. SN Error Message: The bucket you are attempting to "
            "access must be addressed using the specified endpoint. Please send all future requests to this endpoint'",
        ),
        "names the bucket's region when it rejects code from another region",
    ),
    "role-that-trusts-somebody-else": (
        (
            "text: AWS says 'User: ARN is not authorized to perform: sts:AssumeRole on resource: ARN', here 'User: ARN "
            "is not authorized to perform: sts:AssumeRole because no identity-based policy allows the sts:AssumeRole "
            "action'",
        ),
        "does not say whose policy denies a role across accounts",
    ),
}

KNOWN_OF_STEPS: dict[str, tuple[tuple[str, ...], str]] = {}
"""The same by step of the live suite, for what was recorded on AWS: nobody has recorded any yet."""
