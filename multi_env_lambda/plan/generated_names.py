"""The names that CloudFormation generates for what a template does not name, as patterns for a policy.

``STACK-RESOURCE-RANDOM``; if that is longer than the service accepts, both parts are cut, so that the end of the
stack's name (the environment) may be missing. A few types are named differently.
Sources: IdentifierUtils of https://github.com/aws-cloudformation/cloudformation-cli-java-plugin; and, for older
handlers that leave one character more, https://github.com/convox/rack/issues/2297
"""

from __future__ import annotations

from multi_env_lambda.model.iam import LONGEST_NAMES

__all__ = ["patterns"]

_RANDOM = 15
"""Characters that older handlers leave for the random part and the hyphens."""

_OTHERWISE = {
    "AWS::SSM::Parameter": "CFN-{logical}-*",
    "AWS::SecretsManager::Secret": "{logical}-*",
    "AWS::StepFunctions::StateMachine": "{logical}-*",
}


def patterns(kind: str, stack: str, logical: str) -> tuple[str, ...]:
    """The names that a resource of this type may get, with ``*`` for what is unknown.

    >>> patterns("AWS::IAM::Role", "orders-prod", "CreateRole")
    ('orders-prod-CreateRole-*',)
    >>> patterns("AWS::IAM::Role", "customer-notification-service-prod", "SendReminderToCustomerRole")
    ('customer-notification-ser*SendReminderToCustomerRo*',)
    """
    if kind in _OTHERWISE:
        return (_OTHERWISE[kind].format(logical=logical),)
    if kind == "AWS::Glue::Database":
        # Glue stores its names in lower case.
        return tuple(dict.fromkeys(f"{name}*" for name in (logical, logical.lower())))
    name = f"{stack}-{logical}-*"
    if _is_cut(kind, stack, logical):
        first, second = _shares(kind, stack, logical)
        # One of the two forms has a character more.
        name = f"{first}{'-' if first == stack else '*'}{second}*"
    if kind.startswith("AWS::Glue::"):
        return (name, f"{logical}-*")
    return (name.lower() if kind == "AWS::S3::Bucket" else name,)


def _is_cut(kind: str, stack: str, logical: str) -> bool:
    """Whether a part of the name is lost."""
    return _shares(kind, stack, logical) != (stack, logical)


def _shares(kind: str, stack: str, logical: str) -> tuple[str, str]:
    free = LONGEST_NAMES.get(kind, 255) - _RANDOM
    first = min(len(stack), max(free - len(logical), free - free // 2))
    return stack[:first], logical[: free - first]
