"""Security groups that CloudFormation could not delete after an update: a published version of a function uses them.

It tries for up to 40 minutes while the stack is in progress, and then leaves the group in the account. So a deploy is
refused, with the way that has no such end. A rollback is not: it has to help at once.
Sources: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-securitygroup.html
(what replaces a group), https://repost.aws/knowledge-center/lambda-hyperplane-vpc (versions) and
https://github.com/aws/aws-sam-cli/issues/5084 (the update that hangs)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from multi_env_lambda.plan.resources import resources_of

__all__ = ["stays_behind", "stuck_group"]

Json = Mapping[str, Any]
_GROUP, _FUNCTION = "AWS::EC2::SecurityGroup", "AWS::Lambda::Function"
_REPLACING = {"VpcId": "its VPC", "GroupName": "its name", "GroupDescription": "its description"}


def stuck_group(old: str | None, new: str | None) -> tuple[str, str] | None:
    """The first that would be replaced or removed too early, and the way around it."""
    before, after = resources_of(old), resources_of(new)
    groups = (name for name, body in before.items() if body["Type"] == _GROUP)
    return next((found for name in sorted(groups) for found in _problems(name, before, after)), None)


def stays_behind(what: str, _: str) -> str:
    """What a rollback tells about it."""
    return f"{what}; the stack may be in progress for 40 minutes, and the group then stays in the account"


def _problems(name: str, before: Mapping[str, Json], after: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    if after.get(name, {}).get("Type") == _GROUP:
        old, new = (each[name].get("Properties", {}) for each in (before, after))
        for key, word in _REPLACING.items():
            if old.get(key) != new.get(key):
                what = (
                    f"{name}: {word} changes from {old.get(key)} to {new.get(key)}, which replaces the group; the old"
                )
                hint = "give the new one another key, let the functions name that one, and remove the old one later"
                yield f"{what} one could not go while a version of a function uses it", hint
        return
    for function in _attached(name, before):
        if after.get(function, {}).get("Type") == _FUNCTION and _is_published(function, before):
            what = f"{name} is removed, but the published version of {function} that runs now uses it until it goes"
            hint = "keep the group and take it out of `vpc`; remove it when `prune` has deleted the old versions"
            yield what, hint


def _attached(group: str, resources: Mapping[str, Json]) -> Iterator[str]:
    """The functions that name it."""
    for name, body in sorted(resources.items()):
        found = body.get("Properties", {}).get("VpcConfig") if body["Type"] == _FUNCTION else None
        groups = found.get("SecurityGroupIds") if isinstance(found, Mapping) else None
        if any(each in ({"Fn::GetAtt": [group, "GroupId"]}, {"Ref": group}) for each in _items(groups)):
            yield name


def _is_published(function: str, resources: Mapping[str, Json]) -> bool:
    """Of one that is not, nothing uses the group once it has changed, although CloudFormation waits for it."""
    versions = (body for body in resources.values() if body["Type"] == "AWS::Lambda::Version")
    return any(body.get("Properties", {}).get("FunctionName") == {"Ref": function} for body in versions)


def _items(found: object) -> list[Any]:
    return found if isinstance(found, list) else []
