"""What a stack wants to make and is there already: whether it may come into the stack, and whose word that takes.

CloudFormation imports what has a name of its own and a policy to be kept. What a record says was ours, and has the tags
of the unit's stack still, comes back without a question; for anything else somebody has to agree, by a word that names
it. A name alone proves nothing: what had it may be deleted, and somebody else may have made something new.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-automatically.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import attrs

from multi_env_lambda.model.plan import Question
from multi_env_lambda.model.record import PhysicalResource, Record
from multi_env_lambda.plan.changes import STAYS

__all__ = [
    "NAME_OF",
    "NO_STACK",
    "answer_for",
    "fixed",
    "import_question",
    "import_questions",
    "is_inside",
    "is_tagged",
    "known_of",
    "left_behind",
    "may_import",
    "returning",
    "short_name",
    "strangers",
]


_UNTAGGED = ("AWS::SQS::Queue",)
"""Types on which CloudFormation puts no tags of its own.
Source: https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/2079
"""

_SERVICES = {"KinesisFirehose": "firehose", "EFS": "elasticfilesystem", "OpenSearchService": "es"}
"""Services that ARNs call otherwise than types do."""

NAME_OF = {
    "AWS::SNS::Topic": ("TopicName", "TopicArn", "arn:aws:sns:{region}:{account}:{name}"),
    "AWS::SQS::Queue": ("QueueName", "QueueUrl", "https://sqs.{region}.amazonaws.com/{account}/{name}"),
}
"""Types that are known by an address: the property with the name, the identifier's key, and how the address is made."""

_CREATE_ONLY = {"AWS::SNS::Topic": ("TopicName", "FifoTopic"), "AWS::SQS::Queue": ("QueueName", "FifoQueue")}
"""Source: ``createOnlyProperties`` in AWS's schemas of the types."""


NO_STACK = '{"Resources":{}}'
"""What a stack that is gone is made from."""


def answer_for(project: str, item: PhysicalResource) -> str:
    """The word of consent: two units may want what is called by one name."""
    return f"import:{project}/{item.physical_id}"


def known_of(record: Record) -> tuple[PhysicalResource, ...]:
    """Everything that the record says this unit has made here, and that may be there still.

    What an attempt met under such a name, and nothing showed to be ours, is another's.
    """
    past = (record.running, record.latest)
    found = (item for entry in past if entry is not None for item in (*entry.resources, *entry.left))
    return tuple(item for item in found if not any(_is(item, other) for other in record.met))


def is_tagged(item: PhysicalResource, arns: Collection[str]) -> bool:
    """Whether it is among ``arns``, which have the tags of the unit's stack; never where ARNs name it otherwise."""
    service = item.type.split("::")[1]
    of_service = _SERVICES.get(service, service.lower())
    return any(
        arn == item.physical_id or (arn.split(":")[2] == of_service and _name_in(arn) == short_name(item))
        for arn in arns
        if item.type not in _UNTAGGED
    )


def _name_in(arn: str) -> str:
    """What stands behind the type of the resource, where an ARN names that.

    >>> _name_in("arn:aws:logs:us-east-1:222222222222:log-group:/acme/a"), _name_in("arn:aws:s3:::acme")
    ('/acme/a', 'acme')
    """
    return re.split("[:/]", arn.split(":", 5)[5], maxsplit=1)[-1]


def left_behind(record: Record, resources: Collection[PhysicalResource]) -> tuple[PhysicalResource, ...]:
    """What was ours and is not among what the stack has now: it was kept when its template or its stack went."""
    now = {item.physical_id for item in resources}
    found = {item.physical_id: item for item in known_of(record) if item.physical_id not in now}
    return tuple(sorted(found.values(), key=lambda item: (item.type, item.physical_id)))


def strangers(taken: Iterable[PhysicalResource], record: Record) -> tuple[PhysicalResource, ...]:
    """Those of ``taken`` that no record of ours knows."""
    ours = known_of(record)
    return tuple(item for item in taken if not any(_is(item, other) for other in ours))


def may_import(taken: Iterable[PhysicalResource], template: str) -> bool:
    """Whether CloudFormation would take them in: each has to be kept, and by its address only as it was made."""
    resources = json.loads(template)["Resources"]
    return all(_may_come_in(resources.get(item.logical_id, {})) for item in taken)


def fixed(body: Mapping[str, Any]) -> dict[str, Any]:
    """What cannot be changed of something known by its address; a change of it makes a new one in its place."""
    properties = body.get("Properties", {})
    return {key: properties[key] for key in _CREATE_ONLY.get(body.get("Type", ""), ()) if key in properties}


def import_question(project: str, item: PhysicalResource) -> Question:
    """The question about one thing. Its word may be another's, too: a bucket and a table may have one name."""
    text = (
        f"{project}: {item.logical_id} ({item.type} {item.physical_id}) was there at an earlier attempt, and nothing "
        "shows that it is this stack's; with what is in it, it would come into the stack; if it is gone since, it is "
        "made new"
    )
    return Question(kind="import", text=text, answer=answer_for(project, item))


def import_questions(
    record: Record | None, project: str, template: str | None, there: str | None = None
) -> tuple[Question, ...]:
    """What an earlier attempt met, as far as the template still wants it and it can come into the stack.

    And what was kept, where AWS has nothing that would show that it is the same. ``there``: what the stack is made
    from now, where that was looked at. What is in it is asked no more: an attempt brought it in, although it failed
    afterwards.
    """
    if record is None or template is None:
        return ()
    met = (
        item
        for item in record.met
        if may_import([item], template)
        and _may_be_called(json.loads(template)["Resources"][item.logical_id], item)
        and not _is_in(there, item)
    )
    wanted = (*met, *_wanted(_unproved(record, there), template))
    return tuple(dict.fromkeys(import_question(project, item) for item in wanted))


def is_inside(item: PhysicalResource, record: Record, there: str | None = None) -> bool:
    """Whether it is known by its address and in the stack, as far as is known: then the stack wants its name twice."""
    return item.type in NAME_OF and any(_is(item, other) for other in _inside(record, there))


def _inside(record: Record, there: str | None) -> tuple[PhysicalResource, ...]:
    """What runs by its record, and that the stack has still, where anybody looked what that is made from."""
    recorded = () if record.running is None else record.running.resources
    bodies = {} if there is None else json.loads(there).get("Resources", {})
    return tuple(item for item in recorded if there is None or item.logical_id in bodies or _is_named(item, bodies))


def _is_named(item: PhysicalResource, bodies: Mapping[str, Any]) -> bool:
    """Whether one of them has its name: an attempt that nobody saw the end of may call it otherwise."""
    key = NAME_OF.get(item.type, ("",))[0]
    names = (body.get("Properties", {}).get(key) for body in bodies.values() if body.get("Type") == item.type)
    return short_name(item) in names


def _outside(record: Record, there: str | None) -> tuple[PhysicalResource, ...]:
    inside = {item.physical_id for item in _inside(record, there)}
    return tuple(item for item in known_of(record) if item.physical_id not in inside)


def _unproved(record: Record, there: str | None) -> tuple[PhysicalResource, ...]:
    """What was kept and is of a type without tags, by the name that it is asked for by."""
    found = (item for item in _outside(record, there) if item.type in _UNTAGGED)
    return tuple(attrs.evolve(item, physical_id=short_name(item)) for item in found)


def _is_in(template: str | None, item: PhysicalResource) -> bool:
    """Whether a stack that was made from a template has this in it."""
    body = {} if template is None else json.loads(template).get("Resources", {}).get(item.logical_id, {})
    return body.get("Type") == item.type and _may_be_called(body, item)


def returning(
    template: str,
    record: Record,
    project: str,
    agreed: Collection[Question],
    is_ours: Callable[[PhysicalResource], bool],
    there: str | None = None,
) -> tuple[PhysicalResource, ...]:
    """What the template wants, is in no stack of ours as far as is known, and is known by its address only.

    It was ours and is (``is_ours``), or somebody was shown it and agreed (``agreed``: the questions). It goes by the
    template's logical id. ``there`` as in ``import_questions``.
    """
    outside = _wanted(_outside(record, there), template)
    ours = (item for item in outside if item.type not in _UNTAGGED and is_ours(item))
    kept = (item for item in _wanted(_unproved(record, there), template) if import_question(project, item) in agreed)
    shown = (item for item in record.met if import_question(project, item) in agreed)
    found = (*ours, *kept, *_wanted(shown, template))
    return tuple({item.logical_id: item for item in found}.values())


def _wanted(items: Iterable[PhysicalResource], template: str) -> tuple[PhysicalResource, ...]:
    """Those of them that are known by an address and may come into the stack, by the template's logical ids."""
    named = {(item.type, short_name(item)): item for item in items if item.type in NAME_OF}
    found = []
    for logical_id, body in json.loads(template)["Resources"].items():
        name = body.get("Properties", {}).get(NAME_OF.get(body["Type"], ("",))[0])
        item = named.get((body["Type"], name)) if isinstance(name, str) else None
        if item is not None and _may_come_in(body):
            found.append(attrs.evolve(item, logical_id=logical_id))
    return tuple(found)


def _may_come_in(body: Mapping[str, Any]) -> bool:
    """An import has no parameters of the new template, so what is fixed has to stand in it as it is."""
    return body.get("DeletionPolicy") in STAYS and not any(isinstance(value, dict) for value in fixed(body).values())


def _is(one: PhysicalResource, other: PhysicalResource) -> bool:
    """The same thing; CloudFormation names a queue by its URL in one place and by its name in another."""
    if one.type != other.type:
        return False
    is_named = short_name(one) == one.physical_id, short_name(other) == other.physical_id
    return one.physical_id == other.physical_id or (is_named[0] != is_named[1] and short_name(one) == short_name(other))


def short_name(item: PhysicalResource) -> str:
    """Only an address is shortened: a slash in any other name is a part of it."""
    if "://" in item.physical_id:  # the local cloud's begin with http
        return item.physical_id.rpartition("/")[2]
    return item.physical_id.rpartition(":")[2] if item.type == "AWS::SNS::Topic" else item.physical_id


def _may_be_called(body: Mapping[str, Any], item: PhysicalResource) -> bool:
    """Whether the template still gives it that name; where CloudFormation computes the name, it may."""
    names = [value for key, value in body.get("Properties", {}).items() if key.endswith("Name")]
    called = {item.physical_id, short_name(item), *item.physical_id.split("|")}
    return not names or any(isinstance(name, dict) or name in called for name in names)
