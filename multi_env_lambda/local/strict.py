"""Rules of AWS that the local cloud applies on request, because they cost time or need special setup."""

from __future__ import annotations

from collections.abc import Mapping

from multi_env_lambda.errors import LocalCloudError

__all__ = [
    "CALLER_RIGHTS",
    "FUNCTION_ROLES",
    "GLUE_PYTHON",
    "LATE_ALIAS",
    "LATE_EVENTS",
    "LATE_METRICS",
    "LATE_RIGHTS",
    "RECENT_QUEUES",
    "RULES",
    "STALE_READS",
    "THROTTLING",
    "VARIABLE",
    "YOUNG_ACCOUNTS",
    "rules_of",
]

VARIABLE = "MULTI_ENV_LAMBDA_LOCAL_STRICT"
"""Names of rules separated by commas, or ``all``."""

CALLER_RIGHTS = "caller-rights"
"""CloudFormation creates, changes and deletes only what its caller may create, change and delete."""

LATE_ALIAS = "late-alias"
"""An alias that was just moved still uses its old version for a second."""

LATE_EVENTS = "late-events"
"""EventBridge gets a bucket's object events five minutes after that was enabled."""

LATE_METRICS = "late-metrics"
"""CloudWatch shows what Lambda measured in a minute when that minute is over, and one more."""

FUNCTION_ROLES = "function-roles"
"""Lambda, Glue, Scheduler and Step Functions accept only a role that lets them assume it, and Lambda
accepts a dead-letter queue only with a role that may send to it."""

GLUE_PYTHON = "glue-python"
"""A Glue Python shell job runs in Python 3.9 or not at all."""

LATE_RIGHTS = "late-rights"
"""What a template changes in a role's policies takes effect five seconds later."""

RECENT_QUEUES = "recent-queues"
"""SQS creates no queue under the name of one that was deleted less than a minute ago."""

STALE_READS = "stale-reads"
"""A stack that was just changed is described as it was before for a moment."""

THROTTLING = "throttling"
"""Lambda's control plane, CloudWatch and STS accept the requests per second that AWS publishes, and refuse the rest."""

YOUNG_ACCOUNTS = "young-accounts"
"""Lambda runs ten concurrent calls in an account, so that no function can reserve any of them."""

RULES = (
    CALLER_RIGHTS,
    FUNCTION_ROLES,
    GLUE_PYTHON,
    LATE_ALIAS,
    LATE_EVENTS,
    LATE_METRICS,
    LATE_RIGHTS,
    RECENT_QUEUES,
    STALE_READS,
    THROTTLING,
    YOUNG_ACCOUNTS,
)


def rules_of(environment: Mapping[str, str]) -> frozenset[str]:
    """The rules that ``environment`` asks for.

    >>> sorted(rules_of({"MULTI_ENV_LAMBDA_LOCAL_STRICT": "late-metrics"}))
    ['late-metrics']

    Raises:
        LocalCloudError: there is no such rule.
    """
    asked = {word.strip() for word in environment.get(VARIABLE, "").split(",")} - {""}
    wanted = frozenset(RULES if asked == {"all"} else asked)
    unknown = sorted(wanted - set(RULES))
    if unknown:
        hint = f"choose from {', '.join(RULES)}, or all"
        raise LocalCloudError(VARIABLE, f"there is no rule `{unknown[0]}`", hint=hint)
    return wanted
