"""The page about webhooks names every resource, statement, status and number that there is."""

from __future__ import annotations

import json
import re
from pathlib import Path

import attrs

from multi_env_lambda.model.ci_stack import DELIVERIES, CiStack
from multi_env_lambda.model.github import SENT, GitHub
from multi_env_lambda.model.roles import Roles
from multi_env_lambda.model.webhook import Webhook
from multi_env_lambda.operations.ci_stack import RUNTIME, ci_of
from multi_env_lambda.plan.access import of_devops_roles
from multi_env_lambda.plan.bucket import lifecycle_rules
from multi_env_lambda.testing.local_cloud import sample_config

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs/source/02-How-To/webhooks.rst").read_text("utf-8")
ROLES = Roles(prefix="acme")
PLAIN = attrs.evolve(
    sample_config(), roles=ROLES, ci_stack=CiStack(repository="https://github.com/acme/units", people=("a@b.cd",))
)
CONFIG = attrs.evolve(
    PLAIN,
    webhook=Webhook(host="github", secret="acme/webhook"),
    github=GitHub(repository="acme/units", owner_id=1, repository_id=2, jobs="send"),
)


def test_each_resource_of_the_receiver_has_its_row() -> None:
    stacks = [ci_of(config, runtime=RUNTIME) for config in (CONFIG, PLAIN)]
    with_it, without = (set(json.loads(stack.template)["Resources"]) for stack in stacks if stack is not None)
    table = PAGE[PAGE.index("Logical id") : PAGE.index("Whom you trust")]

    assert set(re.findall(r"^``(\w+)``", table, re.MULTILINE)) == with_it - without


def test_each_statement_of_the_two_roles_has_its_row() -> None:
    roles = [role for role in of_devops_roles(CONFIG, ROLES) if role.name in (ROLES.receiver, ROLES.sender)]
    there = {(role.name, grant.sid) for role in roles for grant in role.grants}

    assert set(re.findall(r"^``(acme-\w+)`` +``(\w+)``", PAGE, re.MULTILINE)) == there


def test_each_status_that_is_answered_has_its_row() -> None:
    code = "".join(
        (ROOT / "multi_env_lambda" / name).read_text() for name in ("ci/webhook.py", "operations/receive.py")
    )
    answered = set(re.findall(r"status=(\d{3})|_said\([^)]*?, (\d{3}),", code))
    documented = set(re.findall(r"^(\d{3})  ", PAGE, re.MULTILINE))

    assert {one or other for one, other in answered} | {"429"} == documented


def test_the_numbers_are_those_of_the_code() -> None:
    (rule,) = [one for one in lifecycle_rules(deliveries=True) if one["Filter"]["Prefix"] == DELIVERIES]
    assert rule["Expiration"]["Days"] == 7, "the page says a week"
    assert all(f"``{kind}``" in PAGE for kind in SENT)
    assert f"``{DELIVERIES}``" in PAGE
