"""Whether the receiver of webhooks answers, and can read its secret: it is asked itself, as anybody may ask it.

The request has the form of one, and a signature that is not right. So a receiver that works says 401, and no right of
the caller is needed for it, least of all to the secret.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from multi_env_lambda.ci.webhook import knock
from multi_env_lambda.host.posting import post
from multi_env_lambda.model.finding import State
from multi_env_lambda.model.webhook import Webhook
from multi_env_lambda.wording import Advice, advice

__all__ = ["Post", "check_webhook"]

Post = Callable[[str, bytes, Mapping[str, str]], tuple[int, str]]

_FORBIDDEN = "does a policy of the organisation forbid function URLs without authentication?"


def check_webhook(webhook: Webhook, address: str, send: Post = post) -> tuple[State, str, str]:
    """How it is, what was found, and a hint; ``address``: of the receiver; empty if the stack has none."""
    if not address:
        own = Advice("bootstrap devops", 'workspace.bootstrap("devops")')
        return "problem", "there is no receiver, so no webhook is heard of", advice("`{}`", own)
    headers, body = knock(webhook.host, time.time())
    status, _ = send(address, body, headers)
    match status:
        case 401:
            return "ok", f"webhooks of {webhook.host} are received at {address}", ""
        case 403:
            return "problem", f"{address}: AWS lets nobody call it", _FORBIDDEN
        case 429:
            what = f"{address}: it is busy with as many requests as it may handle at once"
            return "problem", what, "look at its log; `concurrency` in the table says how many"
        case 503:
            what = f"{address}: the receiver cannot read {webhook.where}, or what is stored there is no secret"
            return "problem", what, "store it in the devops account and region; the receiver's log says what is missing"
        case _:
            return "problem", f"{address}: it answers {status}", "look at the receiver's log"
