"""Removes what older runs left, and what this one leaves: only what has a run's name and carries our tag."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import attrs

from multi_env_lambda.aws.error_codes import aws_errors, text_of
from multi_env_lambda.aws.session import Sessions
from multi_env_lambda.local.cloud import places
from multi_env_lambda.model.environment import Devops, Environment
from multi_env_lambda.model.workspace import WorkspaceConfig
from tests.tools.policies import take_away

from .accounts import OURS

__all__ = ["TAG", "Item", "clean", "inventory"]

TAG = "mel-live"
"""On everything that a step makes: the run's id."""

_WORKSPACE = "multi_env_lambda:workspace"
_AT_ONCE = 16
"""Deletions at the same time: one of a small stack takes half a minute on AWS."""
_OLD_ANSWERS_SECONDS = 2.0


@attrs.frozen(kw_only=True)
class Item:
    """Something of a run that is there: which, where, and how it is removed."""

    place: str
    kind: str
    name: str
    remove: Callable[[], object] = attrs.field(eq=False, repr=False)

    def __str__(self) -> str:
        return f"{self.kind} {self.name} in {self.place}"


@attrs.frozen
class _Account:
    place: Devops | Environment
    client: Callable[[str], Any]
    workspace: str

    def item(self, kind: str, name: str, remove: Callable[[], object]) -> Item:
        return Item(place=self.place.name, kind=kind, name=name, remove=remove)

    def ours(self, name: str, tags: dict[str, str]) -> bool:
        return bool(OURS.search(name)) and (TAG in tags or tags.get(_WORKSPACE) == self.workspace)


def inventory(sessions: Sessions, config: WorkspaceConfig) -> tuple[Item, ...]:
    """What is there of any run, stacks first: their deletion removes most of the rest."""
    found: dict[tuple[str, str, str], Item] = {}
    for place in places(config):

        def client(service: str, place: Devops | Environment = place) -> Any:
            return sessions.client(place, service)

        account = _Account(place, client, config.id)
        for kind in (_stacks, _log_groups, _queues, _roles, _layers, _buckets):
            for item in kind(account):
                # Places may share an account.
                found.setdefault((place.account_id, item.kind, item.name), item)
    return tuple([*found.values(), *_artifacts(sessions, config)])


def clean(sessions: Sessions, config: WorkspaceConfig) -> tuple[str, ...]:
    """Remove all of it, and say what could not be removed."""
    failed: list[str] = []
    # A stack with a full bucket can be deleted when the bucket is gone, and what stacks retain is there afterwards.
    for _ in range(2):
        items = inventory(sessions, config)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            stacks = pool.map(_removed, (item for item in items if item.kind == "stack"))
            failed = [text for text in stacks if text]
            others = pool.map(_removed, (item for item in items if item.kind != "stack"))
            failed += [text for text in others if text]
    return tuple(failed)


def _removed(item: Item) -> str:
    """Why it could not be removed; empty where it could."""
    try:
        item.remove()
    except aws_errors() as error:
        return f"{item}: {text_of(error)}"
    return ""


def _stacks(account: _Account) -> Iterator[Item]:
    client = account.client("cloudformation")
    for page in client.get_paginator("describe_stacks").paginate():
        for stack in page["Stacks"]:
            tags = {tag["Key"]: tag["Value"] for tag in stack.get("Tags", ())}
            if account.ours(stack["StackName"], tags):

                def remove(stack_id: str = stack["StackId"]) -> None:
                    client.delete_stack(StackName=stack_id)
                    _wait_until_gone(client, stack_id)

                yield account.item("stack", stack["StackName"], remove)


def _wait_until_gone(client: Any, stack_id: str) -> None:
    waiter = client.get_waiter("stack_delete_complete")
    try:
        waiter.wait(StackName=stack_id)
    except aws_errors():
        # Right after the call a stack may be described as it was before: by an earlier deletion, which failed.
        time.sleep(_OLD_ANSWERS_SECONDS)
        waiter.wait(StackName=stack_id)


def _log_groups(account: _Account) -> Iterator[Item]:
    client = account.client("logs")
    for page in client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix="/aws/lambda/live-"):
        for group in page["logGroups"]:
            name = group["logGroupName"]
            if account.ours(name, client.list_tags_log_group(logGroupName=name).get("tags", {})):
                yield account.item("log group", name, lambda name=name: client.delete_log_group(logGroupName=name))


def _queues(account: _Account) -> Iterator[Item]:
    client = account.client("sqs")
    for url in client.list_queues(QueueNamePrefix="live-").get("QueueUrls", ()):
        name = url.rpartition("/")[2]
        if account.ours(name, client.list_queue_tags(QueueUrl=url).get("Tags", {})):
            yield account.item("queue", name, lambda url=url: client.delete_queue(QueueUrl=url))


def _roles(account: _Account) -> Iterator[Item]:
    client = account.client("iam")
    for page in client.get_paginator("list_roles").paginate():
        for name in (role["RoleName"] for role in page["Roles"] if OURS.match(role["RoleName"])):
            tags = client.list_role_tags(RoleName=name).get("Tags", ())
            if account.ours(name, {tag["Key"]: tag["Value"] for tag in tags}):
                yield account.item("role", name, lambda name=name: _remove_role(client, name))


def _layers(account: _Account) -> Iterator[Item]:
    """A layer version cannot have tags, so the run's name has to do."""
    client = account.client("lambda")
    for page in client.get_paginator("list_layers").paginate():
        for name in (layer["LayerName"] for layer in page["Layers"] if OURS.match(layer["LayerName"])):
            for version in client.list_layer_versions(LayerName=name)["LayerVersions"]:
                wanted = {"LayerName": name, "VersionNumber": version["Version"]}
                shown = f"{name}:{version['Version']}"
                yield account.item("layer", shown, lambda wanted=wanted: client.delete_layer_version(**wanted))


def _buckets(account: _Account) -> Iterator[Item]:
    client = account.client("s3")
    for name in (bucket["Name"] for bucket in client.list_buckets()["Buckets"] if OURS.match(bucket["Name"])):
        try:
            tags = client.get_bucket_tagging(Bucket=name)["TagSet"]
        except aws_errors():
            continue  # none, or a bucket of another region
        if account.ours(name, {tag["Key"]: tag["Value"] for tag in tags}):
            yield account.item("bucket", name, lambda name=name: _remove_bucket(client, name))


def _artifacts(sessions: Sessions, config: WorkspaceConfig) -> Iterator[Item]:
    """The bucket that FILE names, whose own name begins with ``live-``."""
    client, name = sessions.client(config.devops, "s3"), config.devops.bucket
    try:
        client.head_bucket(Bucket=name, ExpectedBucketOwner=config.devops.account_id)
    except aws_errors():
        return
    yield Item(place="devops", kind="bucket", name=name, remove=lambda: _remove_bucket(client, name))


def _remove_bucket(client: Any, name: str) -> None:
    for page in client.get_paginator("list_object_versions").paginate(Bucket=name):
        for line in [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]:
            client.delete_object(Bucket=name, Key=line["Key"], VersionId=line["VersionId"])
    client.delete_bucket(Bucket=name)


def _remove_role(client: Any, name: str) -> None:
    take_away(client, name)
    for policy in client.list_role_policies(RoleName=name)["PolicyNames"]:
        client.delete_role_policy(RoleName=name, PolicyName=policy)
    client.delete_role(RoleName=name)
