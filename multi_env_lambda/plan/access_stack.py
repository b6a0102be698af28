"""The stacks that `bootstrap` makes: the roles of one place and, in an environment, the boundary of what units make.

Written with cottonformation's types; the same bytes for the same workspace, so that a comparison says what differs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.plan.access import DEVOPS_STACK, RoleAccess, access_stack_name, boundary
from multi_env_lambda.plan.grant import documents
from multi_env_lambda.plan.permissions import MOST_POLICIES, too_many
from multi_env_lambda.plan.template.cotton import document_of, import_cottonformation

__all__ = ["AccessStack", "access_stack", "differences"]


@attrs.frozen(kw_only=True)
class AccessStack:
    """One stack of ``bootstrap``: where it belongs, its name and its template as JSON."""

    place: str
    name: str
    template: str


def access_stack(
    config: WorkspaceConfig, prefix: str, place: Environment | None, roles: Iterable[RoleAccess]
) -> AccessStack:
    """The stack of an environment, or of the devops account (None).

    Raises:
        ConfigurationError: a role would have more policies than IAM takes.
    """
    cf: Any = import_cottonformation()
    name = DEVOPS_STACK if place is None else place.name
    template = cf.Template(Description=f"Who may do what in {name}: made by `bootstrap {name}`")
    template._system_pre_serialize_hook = _nothing
    # The environment's own bounds may name a boundary that somebody else has made.
    if place is not None and place.boundary_arn.endswith(f":policy/{place.boundary_name}"):
        template.add_one(_policy("Boundary", boundary(config), ManagedPolicyName=place.boundary_name))
    for role in roles:
        for resource in _resources(role):
            template.add_one(resource)
    text = canonical_json(document_of(template))
    return AccessStack(place=name, name=access_stack_name(prefix, name), template=text)


def _resources(role: RoleAccess) -> Iterator[Any]:
    from cottonformation.res import iam

    texts = documents(role.grants)
    if len(texts) > MOST_POLICIES:
        what, _, hint = too_many(len(texts)).partition("; hint: ")
        raise ConfigurationError(f"role {role.name}", what, hint=hint)
    keys = [f"{role.key}Policy{number}" for number in range(1, len(texts) + 1)]
    for number, (key, text) in enumerate(zip(keys, texts, strict=True), start=1):
        yield _policy(key, text, ManagedPolicyName=f"{role.name}-{number}")
    yield iam.Role(
        role.key,
        rp_AssumeRolePolicyDocument=role.trust,
        p_RoleName=role.name,
        p_ManagedPolicyArns=[{"Ref": key} for key in keys],
    )


def _policy(key: str, document: Mapping[str, Any], **more: str) -> Any:
    from cottonformation.res import iam

    return iam.ManagedPolicy(
        key, rp_PolicyDocument=dict(document), **{f"p_{name}": value for name, value in more.items()}
    )


def differences(found: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> tuple[str, ...]:
    """What would change, resource by resource and statement by statement; nothing where a stack is as it should be.

    >>> differences(None, {"Resources": {"DeployRole": {"Type": "AWS::IAM::Role"}}})
    ('make DeployRole (AWS::IAM::Role)',)
    """
    before = {} if found is None else dict(found.get("Resources", {}))
    after = wanted["Resources"]
    lines = [f"make {key} ({body['Type']})" for key, body in after.items() if key not in before]
    lines += [
        f"change {key}{_statements(before[key], body)}" for key, body in after.items() if _differs(key, before, body)
    ]
    lines += [f"delete {key} ({body.get('Type', '')})" for key, body in before.items() if key not in after]
    return tuple(lines)


def _differs(key: str, before: Mapping[str, Any], body: Any) -> bool:
    return key in before and canonical_json(before[key]) != canonical_json(body)


def _statements(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """The statements of a policy that come, go or say something else; nothing of what has none."""
    old, new = _by_sid(before), _by_sid(after)
    words = {
        "with": sorted(new.keys() - old.keys()),
        "without": sorted(old.keys() - new.keys()),
        "in": sorted(sid for sid in old.keys() & new.keys() if old[sid] != new[sid]),
    }
    said = [f"{word} {', '.join(sids)}" for word, sids in words.items() if sids]
    return f": {'; '.join(said)}" if said else ""


def _by_sid(body: Mapping[str, Any]) -> dict[str, str]:
    properties = body.get("Properties", {})
    document = properties.get("PolicyDocument", properties.get("AssumeRolePolicyDocument", {}))
    return {str(one.get("Sid", "")): canonical_json(one) for one in document.get("Statement", [])}


def _nothing() -> None:
    pass
