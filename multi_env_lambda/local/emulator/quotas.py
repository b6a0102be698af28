"""An account has a limited number of roles, stacks and rules, and limited storage for code; Service Quotas and the
services themselves say how many.

Reason: ministack accepts any number, so the deploy that AWS ends half way succeeds here; it has no Service Quotas, does
not answer DescribeAccountLimits, and counts neither versions nor layers as stored code.
Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html,
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html,
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html,
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html,
https://docs.aws.amazon.com/lambda/latest/operatorguide/code-storage-best-practice.html (what is stored) and
https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetServiceQuota.html
Texts: https://github.com/serverless-nextjs/serverless-next.js/issues/2234 (roles),
https://github.com/aws-amplify/amplify-cli/issues/5221 (stacks), https://github.com/tmobile/pacbot/issues/253 (rules)
and https://github.com/newjersey/navigator.business.nj.gov/pull/8318 (code)

Whether a function's newest code counts beside a version with the same code is not published; here it does not.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from .lambda_refusal import LambdaRefusal, unless_refused
from .messages import answer, joined, read
from .names import load, original

__all__ = ["DOOR", "LIMITS", "patch", "wrap"]

DOOR = "/_ministack/quotas"
"""POST ``{"roles": N, …}`` sets the limits of all accounts; it answers with all of them."""

LIMITS = {"roles": 1000, "stacks": 2000, "rules": 300, "code": 75 * 1024**3, "builds": 1}
"""What AWS gives by default; storage in bytes."""

_Application = Callable[..., Awaitable[None]]
_Limits = dict[str, int]

_HANDLER = 'Resource handler returned message: "{text} (Service: {service}, Status Code: {status}, Request ID: 0)"'
_ROLES = "Cannot exceed quota for RolesPerAccount: {limit}"
_STACKS = "Limit for stack has been exceeded"
_RULES = "The requested resource exceeds the maximum number allowed."
_CODE = "Code storage limit exceeded."
_GONE = ("DELETE_COMPLETE",)

_SERVICE, _TARGET = "servicequotas", "ServiceQuotasV20190624"
_QUOTAS = {("events", "L-244521F2"): "rules", ("codebuild", "L-2DC20C30"): "builds"}
_NO_QUOTA = "The request failed because the specified service does not exist."


def patch() -> _Limits:
    """Enforce the limits, and tell them; returns them, to be changed while it serves."""
    limits = dict(LIMITS)
    _limit_roles(limits)
    _limit_stacks(limits)
    _limit_rules(limits)
    _limit_code(limits)
    _serve_service_quotas(limits)
    return limits


def wrap(application: _Application, limits: _Limits) -> _Application:
    """The same ASGI application with a door that changes the limits; the caller has been authorised already."""

    async def with_door(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] != DOOR:
            return await application(scope, receive, send)
        asked = json.loads(joined(await read(receive)) or b"{}")
        if not all(name in limits and isinstance(value, int) for name, value in asked.items()):
            text = json.dumps({"message": f"the quotas are {', '.join(LIMITS)}, each a whole number"})
            return await answer(send, 400, {"Content-Type": "application/json"}, text)
        limits.update(asked)
        await answer(send, 200, {"Content-Type": "application/json"}, json.dumps(limits))

    return with_door


def _before_creation(kind: str, check: Callable[[Mapping[str, Any]], None]) -> None:
    """Check a resource of this type before a stack creates it."""
    handlers = original(load("ministack.services.cloudformation.provisioners"), "_RESOURCE_HANDLERS")
    create = handlers[kind]["create"]

    def checked(logical_id: str, properties: Any, *more: Any) -> Any:
        check(properties)
        return create(logical_id, properties, *more)

    handlers[kind] = {**handlers[kind], "create": checked}


def _refused(text: str, service: str, status: int, code: str = "ServiceLimitExceeded") -> ValueError:
    """As a stack's event says it."""
    said = _HANDLER.format(text=text, service=service, status=status)
    return ValueError(f"{said} (RequestToken: 0, HandlerErrorCode: {code})")


def _limit_roles(limits: _Limits) -> None:
    iam = load("ministack.services.iam")
    calls, roles, refuse = original(iam, "_IAM_HANDLERS"), original(iam, "_roles"), original(iam, "_error")
    create, summary = calls["CreateRole"], calls["GetAccountSummary"]

    def full() -> bool:
        return len(list(roles)) >= limits["roles"]

    def created(parameters: Any) -> Any:
        if full():
            return refuse(409, "LimitExceeded", _ROLES.format(limit=limits["roles"]), ns="iam")
        return create(parameters)

    def told(parameters: Any) -> Any:
        status, headers, body = summary(parameters)
        entry = b"<key>RolesQuota</key><value>%d</value>"
        text = body if isinstance(body, bytes) else body.encode("utf-8")
        return status, headers, text.replace(entry % 1000, entry % limits["roles"])

    def check(_: Mapping[str, Any]) -> None:
        if full():
            raise _refused(_ROLES.format(limit=limits["roles"]), "Iam", 409)

    calls["CreateRole"], calls["GetAccountSummary"] = created, told
    _before_creation("AWS::IAM::Role", check)


def _limit_stacks(limits: _Limits) -> None:
    handlers = load("ministack.services.cloudformation.handlers")
    stacks = original(load("ministack.services.cloudformation"), "_stacks")
    actions, parameter = original(handlers, "_ACTION_HANDLERS"), original(handlers, "_p")
    refuse, xml = original(handlers, "_error"), original(handlers, "_xml")

    def limited(run: Callable[[Any], Any], creates: Callable[[Any], bool]) -> Callable[[Any], Any]:
        def checked(params: Any) -> Any:
            there = [name for name, stack in stacks.items() if stack.get("StackStatus") not in _GONE]
            is_new = creates(params) and parameter(params, "StackName") not in there
            if is_new and len(there) >= limits["stacks"]:
                return refuse("LimitExceededException", _STACKS)
            return run(params)

        return checked

    def told(_: Any) -> Any:
        values = {"StackLimit": limits["stacks"], "StackOutputsLimit": 200, "ConcurrentResourcesLimit": 2500}
        members = "".join(
            f"<member><Name>{name}</Name><Value>{value}</Value></member>" for name, value in values.items()
        )
        result = f"<DescribeAccountLimitsResult><AccountLimits>{members}</AccountLimits></DescribeAccountLimitsResult>"
        return xml(200, "DescribeAccountLimitsResponse", result)

    actions["CreateStack"] = limited(actions["CreateStack"], lambda _: True)
    # A change set of the type IMPORT makes a stack, too.
    actions["CreateChangeSet"] = limited(
        actions["CreateChangeSet"], lambda params: parameter(params, "ChangeSetType", "UPDATE") != "UPDATE"
    )
    actions["DescribeAccountLimits"] = told


def _limit_rules(limits: _Limits) -> None:
    events = load("ministack.services.eventbridge")
    put, rules = original(events, "_put_rule"), original(events, "_rules")
    key_of, respond = original(events, "_rule_key"), original(events, "error_response_json")
    bus_of = original(load("ministack.services.cloudformation.provisioners"), "_eb_rule_bus_name")

    def full(bus: str) -> bool:
        there = [name for name, rule in rules.items() if rule.get("EventBusName", "default") == bus]
        return len(there) >= limits["rules"]

    def checked(data: dict[str, Any]) -> Any:
        bus = data.get("EventBusName", "default")
        if key_of(data.get("Name"), bus) not in rules and full(bus):
            return respond("LimitExceededException", _RULES, 400)
        return put(data)

    def check(properties: Mapping[str, Any]) -> None:
        if full(bus_of(properties)):
            raise _refused(_RULES, "EventBridge", 400)

    events._put_rule = checked
    _before_creation("AWS::Events::Rule", check)


def _limit_code(limits: _Limits) -> None:
    functions = load("ministack.services.lambda_svc")
    stored, layers = original(functions, "_functions"), original(functions, "_layers")
    publish, settings = original(functions, "_publish_version"), original(functions, "_get_account_settings")
    respond = original(functions, "error_response_json")

    def used() -> int:
        versions = [item for layer in layers.values() for item in layer["versions"] if not item.get("_deleted")]
        return sum(map(_size_of, stored.values())) + sum(len(item.get("_zip_data") or b"") for item in versions)

    def check(more: int) -> None:
        if used() + more > limits["code"]:
            raise LambdaRefusal("CodeStorageExceededException", 400, _CODE)

    def published(name: str, data: dict[str, Any]) -> Any:
        function = stored.get(name) or {}
        # Its newest code is counted already, until a version has it.
        more = len(function.get("code_zip") or b"") if _newest_is_published(function) else 0
        return unless_refused(lambda: check(more), lambda: publish(name, data), respond)

    def told() -> Any:
        status, headers, body = settings()
        document = json.loads(body)
        document["AccountLimit"]["TotalCodeSize"] = limits["code"]
        document["AccountUsage"]["TotalCodeSize"] = used()
        return status, headers, json.dumps(document).encode("utf-8")

    def check_code(of: str) -> Callable[[Mapping[str, Any]], None]:
        def checked(properties: Mapping[str, Any]) -> None:
            try:
                check(_length(properties.get(of) or {}))
            except LambdaRefusal as refusal:
                raise _refused(str(refusal), "Lambda", 400, "GeneralServiceException") from refusal

        return checked

    functions._publish_version, functions._get_account_settings = published, told
    _before_creation("AWS::Lambda::Function", check_code("Code"))
    _before_creation("AWS::Lambda::LayerVersion", check_code("Content"))
    _refuse_code_that_is_changed(check_code("Code"))


def _refuse_code_that_is_changed(check: Callable[[Mapping[str, Any]], None]) -> None:
    """Of a function in a stack: its newest code is stored beside the versions that it has."""
    handlers = original(load("ministack.services.cloudformation.provisioners"), "_RESOURCE_HANDLERS")
    steps = handlers["AWS::Lambda::Function"]
    update = steps["update"]

    def updated(physical_id: str, old: Any, new: Any, *more: Any, **named: Any) -> Any:
        if old.get("Code") != new.get("Code"):
            check(new)
        return update(physical_id, old, new, *more, **named)

    handlers["AWS::Lambda::Function"] = {**steps, "update": updated}


def _size_of(function: Mapping[str, Any]) -> int:
    """Of all versions, and of the newest code if no version has it."""
    versions = sum(len(item.get("code_zip") or b"") for item in function.get("versions", {}).values())
    return versions + (0 if _newest_is_published(function) else len(function.get("code_zip") or b""))


def _newest_is_published(function: Mapping[str, Any]) -> bool:
    newest = function.get("code_zip")
    return newest is not None and any(item.get("code_zip") == newest for item in function.get("versions", {}).values())


def _length(code: Mapping[str, Any]) -> int:
    """Of code that lies in a bucket."""
    if not code.get("S3Bucket") or not code.get("S3Key"):
        return len(str(code.get("ZipFile") or ""))
    found = original(load("ministack.services.s3"), "_get_object_data")(code["S3Bucket"], code["S3Key"])
    return len(found or b"")


def _serve_service_quotas(limits: _Limits) -> None:
    patterns = original(load("ministack.core.router"), "SERVICE_PATTERNS")
    patterns[_SERVICE] = {
        "target_prefixes": [_TARGET],
        "host_patterns": [r"servicequotas\."],
        "credential_scope": _SERVICE,
    }
    original(load("ministack.core.iam_actions"), "SERVICE_TO_IAM_NAMESPACE")[_SERVICE] = _SERVICE
    responses = load("ministack.core.responses")

    async def served(method: str, path: str, headers: Any, body: bytes, query_params: Any) -> Any:
        target = next((str(value) for name, value in headers.items() if name.lower() == "x-amz-target"), "")
        asked = json.loads(body or b"{}")
        kind = _QUOTAS.get((asked.get("ServiceCode", ""), asked.get("QuotaCode", "")))
        operation = target.partition(".")[2]
        is_default = operation == "GetAWSDefaultServiceQuota"
        if operation not in ("GetServiceQuota", "GetAWSDefaultServiceQuota"):
            said = f"The local cloud's Service Quotas cannot answer {operation}."
            return responses.error_response_json("InvalidActionException", said, 400)
        if kind is None or (not is_default and limits[kind] == LIMITS[kind]):
            # Who has never asked for another value has no applied one.
            return responses.error_response_json("NoSuchResourceException", _NO_QUOTA, 400)
        value = float(LIMITS[kind] if is_default else limits[kind])
        quota = {"ServiceCode": asked["ServiceCode"], "QuotaCode": asked["QuotaCode"], "Value": value}
        return responses.json_response({"Quota": quota})

    original(load("ministack.app"), "SERVICE_HANDLERS")[_SERVICE] = served
