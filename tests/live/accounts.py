"""Whether these accounts may be used: they say so themselves, and nothing else is in them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from multi_env_lambda.aws.session import Sessions
from multi_env_lambda.errors import ConfigurationError, Refused
from multi_env_lambda.local.cloud import places
from multi_env_lambda.model.workspace import WorkspaceConfig, read_workspace

__all__ = ["CONSENT", "OURS", "check_accounts", "config_of", "stand_ins"]

CONSENT = "mel-live-ok"
"""An account alias that begins so says yes. A whole alias would not do: no two accounts of AWS may have the same.

https://docs.aws.amazon.com/IAM/latest/UserGuide/console-account-alias.html
"""

OURS = re.compile(r"live-[0-9a-f]{6}-[a-z0-9-]+")
"""The names that a run gives: the word, the run's id, the step."""


def config_of(path: Path) -> WorkspaceConfig:
    """The workspace of the live suite's FILE.

    Raises:
        ConfigurationError: it is none, has no id, fewer than two environments, or a bucket of another name.
    """
    config = read_workspace(tomllib.loads(path.read_text(encoding="utf-8")), where=str(path))
    if not config.devops.bucket.startswith("live-"):
        what = f"the bucket is `{config.devops.bucket}`; expected a name that begins with live-"
        raise ConfigurationError(str(path), what, hint="it is emptied and deleted; choose a name of its own")
    if not config.id or len(config.environments) < 2:
        what = f"found the id `{config.id}` and {len(config.environments)} environments, needed are an id and two"
        raise ConfigurationError(str(path), what, hint="copy the file of docs/source/02-How-To/try-it-on-real-aws.rst")
    return config


def check_accounts(sessions: Sessions, config: WorkspaceConfig) -> None:
    """Look only: consent of each account, and no stack of somebody else.

    Raises:
        Refused: an account does not say yes, or is in use.
    """
    for place in places(config):
        where = f"{place.name} ({place.account_id})"
        aliases = sessions.client(place, "iam").list_account_aliases()["AccountAliases"]
        if not any(alias.startswith(CONSENT) for alias in aliases):
            what = f"its account alias is `{', '.join(aliases) or 'none'}`, which does not begin with {CONSENT}"
            hint = (
                f"only for an account that may be thrown away: aws iam create-account-alias --account-alias {CONSENT}-…"
            )
            raise Refused(where, what, hint=hint)
        others = [name for name in _stacks(sessions.client(place, "cloudformation")) if not name.startswith("live-")]
        if others:
            what = f"it has the stack `{others[0]}` ({len(others)} in all), so somebody works there"
            raise Refused(where, what, hint="use accounts in which there is nothing else")


def stand_ins(config: WorkspaceConfig) -> dict[str, str]:
    """What stands in a cassette for each account: 111111111111 for devops, then in promotion order."""
    accounts = dict.fromkeys(place.account_id for place in places(config))
    return {account: str(number) * 12 for number, account in enumerate(accounts, 1)}


def _stacks(client: Any) -> list[str]:
    pages = client.get_paginator("describe_stacks").paginate()
    return [stack["StackName"] for page in pages for stack in page["Stacks"]]
