"""An account that is full refuses here as on AWS, and says how full it is as AWS does."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from multi_env_lambda.aws.quotas import applied, read_quotas
from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.model.quota import BUILDS, QUOTAS, QuotaKind, Usage
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import client_of, set_quotas
from tests.tools.stacks import create_stack, function_resources

pytestmark = pytest.mark.local_cloud

RUNTIME = f"python{sys.version_info[0]}.{sys.version_info[1]}"
CODE = {"ZipFile": "def handler(event, context): return 1"}
RULE = {"Type": "AWS::Events::Rule", "Properties": {"ScheduleExpression": "rate(1 day)"}}
DEFAULTS = {"roles": 1000, "stacks": 2000, "rules": 300, "code": 75 * 1024**3, "builds": 1}
ClientOf = Callable[[str], Any]


@pytest.fixture(scope="module")
def client(local_cloud: LocalCloud, local_config: WorkspaceConfig) -> ClientOf:
    place = local_config.environment("test")
    return lambda service: client_of(local_cloud, place, service)


@pytest.fixture
def limit(local_cloud: LocalCloud) -> Iterator[Callable[..., object]]:
    yield lambda **limits: set_quotas(local_cloud, **limits)
    assert set_quotas(local_cloud, **DEFAULTS) == DEFAULTS


def usage(client: ClientOf, kind: QuotaKind) -> Usage:
    (found,) = read_quotas(client, [kind])
    assert isinstance(found, Usage), found
    return found


def test_an_account_says_what_it_has_and_may_have(client: ClientOf) -> None:
    found = {one.kind: one for one in read_quotas(client, list(QUOTAS)) if isinstance(one, Usage)}

    limits = {kind: one.limit for kind, one in found.items()}
    assert limits == {"roles": 1000, "stacks": 2000, "rules": 300, "code": 75 * 1024**3, "concurrency": 0}


def test_the_role_that_is_too_many_is_refused_through_both_doors(client: ClientOf, limit: Callable[..., Any]) -> None:
    before = usage(client, "roles").used
    limit(roles=before + 1)

    status, reasons = create_stack(
        client("cloudformation"), "roles-fit", function_resources("roles-fit", CODE, Runtime=RUNTIME)
    )
    assert (status, usage(client, "roles")) == (
        "CREATE_COMPLETE",
        Usage(kind="roles", used=before + 1, limit=before + 1),
    )
    resources = function_resources("roles-do-not", CODE, Runtime=RUNTIME)
    status, reasons = create_stack(client("cloudformation"), "roles-do-not", resources)
    assert status == "ROLLBACK_COMPLETE"
    assert f"Cannot exceed quota for RolesPerAccount: {before + 1} (Service: Iam, Status Code: 409" in reasons
    with pytest.raises(ClientError, match="LimitExceeded") as caught:
        client("iam").create_role(RoleName="one-more", AssumeRolePolicyDocument="{}")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409


def test_a_bus_takes_so_many_rules_and_a_rule_that_is_there_may_change(
    client: ClientOf, limit: Callable[..., Any]
) -> None:
    events = client("events")
    limit(rules=usage(client, "rules").used + 1)

    events.put_rule(Name="fits", ScheduleExpression="rate(1 day)")
    events.put_rule(Name="fits", ScheduleExpression="rate(2 days)")
    with pytest.raises(ClientError, match=r"LimitExceededException.*exceeds the maximum number allowed"):
        events.put_rule(Name="does-not", ScheduleExpression="rate(1 day)")
    status, reasons = create_stack(client("cloudformation"), "rules-do-not", {"Rule": RULE})
    assert (status, "exceeds the maximum number allowed" in reasons) == ("ROLLBACK_COMPLETE", True)
    found = usage(client, "rules")
    assert found.used == found.limit
    events.delete_rule(Name="fits")


def test_the_stack_that_is_too_many_is_refused_before_it_is_made(client: ClientOf, limit: Callable[..., Any]) -> None:
    there = usage(client, "stacks")
    limit(stacks=there.used)

    for call, more in (
        ("create_stack", {}),
        ("create_change_set", {"ChangeSetName": "one", "ChangeSetType": "CREATE"}),
    ):
        with pytest.raises(ClientError, match=r"LimitExceededException.*Limit for stack has been exceeded"):
            getattr(client("cloudformation"), call)(StackName="too-many", TemplateBody='{"Resources": {}}', **more)
    assert usage(client, "stacks") == there.__class__(
        kind="stacks", used=there.used, limit=there.used, names=there.names
    )


def test_each_version_needs_room_for_its_code(client: ClientOf, limit: Callable[..., Any]) -> None:
    functions = client("lambda")
    version = {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "Function"}}}
    resources = function_resources("stored", CODE, Runtime=RUNTIME) | {"One": version}
    before = usage(client, "code").used
    assert create_stack(client("cloudformation"), "stored", resources)[0] == "CREATE_COMPLETE"
    size = functions.get_function_configuration(FunctionName="stored")["CodeSize"]
    assert usage(client, "code").used == before + size
    limit(code=before + size)

    functions.update_function_configuration(FunctionName="stored", Timeout=31)
    with pytest.raises(ClientError, match="CodeStorageExceededException"):
        functions.publish_version(FunctionName="stored")
    status, reasons = create_stack(client("cloudformation"), "full", function_resources("full", CODE, Runtime=RUNTIME))
    assert (status, "Code storage limit exceeded. (Service: Lambda" in reasons) == ("ROLLBACK_COMPLETE", True)


def test_service_quotas_tells_the_default_where_nobody_asked_for_more(
    client: ClientOf, limit: Callable[..., Any]
) -> None:
    quotas = client("service-quotas")
    with pytest.raises(ClientError, match="NoSuchResourceException"):
        quotas.get_service_quota(ServiceCode="events", QuotaCode="L-244521F2")
    assert (applied(quotas, QUOTAS["rules"]), applied(quotas, BUILDS)) == (300, 1)
    limit(rules=500)
    assert quotas.get_service_quota(ServiceCode="events", QuotaCode="L-244521F2")["Quota"]["Value"] == 500.0
    with pytest.raises(ClientError, match="NoSuchResourceException"):
        quotas.get_aws_default_service_quota(ServiceCode="events", QuotaCode="L-00000000")


def test_a_quota_that_there_is_not_is_refused(local_cloud: LocalCloud) -> None:
    with pytest.raises(ValueError, match="the quotas are roles, stacks, rules, code, builds"):
        set_quotas(local_cloud, rolls=1)
