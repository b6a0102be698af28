"""What a unit's stack creates beside its functions and jobs. Each has a key, by which the unit refers to it.

All values are frozen and hashable; the readers are in ``read_resources.py``.
"""

from __future__ import annotations

from typing import Literal

import attrs

from multi_env_lambda.model.event_kinds import Starting
from multi_env_lambda.model.statement import Statement

__all__ = [
    "KIND_OF",
    "DataBucket",
    "DataTable",
    "MessageQueue",
    "MessageTopic",
    "NetworkRule",
    "OwnParameter",
    "OwnResource",
    "OwnSecret",
    "PeerKind",
    "ResourceKind",
    "ResourceReference",
    "SecurityGroup",
    "StateMachine",
    "TableIndex",
    "kind_of",
]

ResourceKind = Literal[
    "table", "queue", "topic", "bucket", "parameter", "secret", "state_machine", "security_group", "function"
]
"""What a function may name of its own unit; functions are no resources of their own table."""


@attrs.frozen(kw_only=True)
class TableIndex:
    """A global secondary index of a DynamoDB table, with all attributes; an empty ``sort_key`` is none."""

    key: str
    partition_key: str
    sort_key: str = ""


@attrs.frozen(kw_only=True)
class DataTable:
    """A DynamoDB table that is paid for by request; an empty ``sort_key`` or ``expires`` is none.

    ``types`` are the attributes of keys that are not texts: ``number`` or ``binary``. ``stream`` is what a change
    tells, in DynamoDB's words, or None. ``expires`` is the attribute with the time at which an item is deleted.
    ``name`` is the one in AWS, if it is stated; as in the other kinds.
    """

    key: str
    partition_key: str
    sort_key: str = ""
    types: tuple[tuple[str, str], ...] = ()
    indexes: tuple[TableIndex, ...] = ()
    stream: str | None = None
    expires: str = ""
    point_in_time_recovery: bool = True
    deletion_protection: bool = False
    name: str = ""


@attrs.frozen(kw_only=True)
class MessageQueue:
    """An SQS queue and its dead-letter queue; times in seconds.

    ``visibility_timeout`` None is decided by the functions that read it. ``deduplicate``: by the message's content.
    """

    key: str
    fifo: bool = False
    deduplicate: bool = False
    visibility_timeout: int | None = None
    max_receive_count: int = 5
    retention_days: int = 4
    delay: int = 0
    name: str = ""


@attrs.frozen(kw_only=True)
class MessageTopic:
    """An SNS topic; ``queues`` of the unit get its messages, ``raw`` without SNS's envelope."""

    key: str
    fifo: bool = False
    deduplicate: bool = False
    queues: tuple[str, ...] = ()
    raw: bool = False
    name: str = ""


@attrs.frozen(kw_only=True)
class DataBucket:
    """An S3 bucket that nobody outside of the account can read; days are 0 for never.

    ``old_versions_days``: how long an object that was overwritten or deleted can be restored.
    """

    key: str
    versioning: bool = True
    old_versions_days: int = 30
    expire_days: int = 0
    name: str = ""


@attrs.frozen(kw_only=True)
class ResourceReference:
    """The value of a variable that names something of the unit's own stack; ``value`` says what of it.

    ``part``: the entry of a JSON secret that the function reads.
    """

    kind: ResourceKind
    key: str
    value: str
    part: str = ""


@attrs.frozen(kw_only=True)
class OwnParameter:
    """A parameter of Parameter Store, for the unit and for others; its value is a text, or names another resource."""

    key: str
    value: str | ResourceReference
    description: str = ""


@attrs.frozen(kw_only=True)
class OwnSecret:
    """A secret of Secrets Manager. It begins with a random value; nobody writes another one into a file."""

    key: str
    description: str = ""


@attrs.frozen(kw_only=True)
class StateMachine:
    """A workflow of Step Functions; ``definition`` is canonical JSON, in which ``${NAME}`` is a substitution.

    ``log_level`` is a word of CloudWatch's log levels, or ``OFF``. ``read``, ``write``, ``invoke`` and ``start`` are
    keys of what its role may use.
    """

    key: str
    definition: str
    substitutions: tuple[tuple[str, str | ResourceReference], ...] = ()
    type: str = "standard"
    log_level: str = "OFF"
    log_data: bool = False
    log_retention_days: int = 30
    tracing: bool = False
    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    invoke: tuple[str, ...] = ()
    start: tuple[str, ...] = ()
    policies: tuple[Statement, ...] = ()
    events: tuple[Starting, ...] = ()


PeerKind = Literal["ipv4", "ipv6", "prefix_list", "group", "own_group"]
"""With whom a rule allows traffic: a range of addresses, a list of them, a group by its id, or one of the unit."""


@attrs.frozen(kw_only=True)
class NetworkRule:
    """What a security group allows; ``protocol`` as EC2 has it, where ``-1`` is all of them."""

    protocol: str
    kind: PeerKind
    peer: str
    from_port: int | None = None
    to_port: int | None = None
    description: str = ""

    @property
    def identity(self) -> tuple[object, ...]:
        """What EC2 tells rules apart by."""
        return self.protocol, self.from_port, self.to_port, self.kind, self.peer


@attrs.frozen(kw_only=True)
class SecurityGroup:
    """A security group in a VPC: what may leave, and what may come in.

    Without ``description`` it says which unit's it is, and without ``name`` CloudFormation makes one.
    """

    key: str
    vpc_id: str
    allow_to: tuple[NetworkRule, ...]
    allow_from: tuple[NetworkRule, ...] = ()
    description: str = ""
    name: str = ""


OwnResource = (
    DataTable | MessageQueue | MessageTopic | DataBucket | OwnParameter | OwnSecret | StateMachine | SecurityGroup
)

KIND_OF: dict[type, ResourceKind] = {
    DataTable: "table",
    MessageQueue: "queue",
    MessageTopic: "topic",
    DataBucket: "bucket",
    OwnParameter: "parameter",
    OwnSecret: "secret",
    StateMachine: "state_machine",
    SecurityGroup: "security_group",
}
"""What people call each kind, and the name of a reference to it."""


def kind_of(resource: OwnResource) -> ResourceKind:
    return KIND_OF[type(resource)]
