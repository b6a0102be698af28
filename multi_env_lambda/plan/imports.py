"""What a stack wants to create but exists already: whether to import it into the stack, and whose consent that needs.

CloudFormation imports what has an explicit name and a policy to be retained. What a record says was ours, and still has
the tags of the unit's stack, comes back without a question; anything else needs consent that names it. A name alone
proves nothing: the old resource may have been deleted, and somebody else may have created a new one.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-automatically.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from multi_env_lambda.model.plan import Question
from multi_env_lambda.model.visible import one_line
from multi_env_lambda.plan.changes import STAYS
from multi_env_lambda.plan.resources import resources_of

if TYPE_CHECKING:
    from multi_env_lambda.model.record import PhysicalResource, Record

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
"""Types to which CloudFormation adds no tags.
Source: https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/2079
"""

_SERVICES = {"KinesisFirehose": "firehose", "EFS": "elasticfilesystem", "OpenSearchService": "es"}
"""Services whose name in ARNs differs from that in types."""

NAME_OF = {
    "AWS::SNS::Topic": ("TopicName", "TopicArn", "arn:aws:sns:{region}:{account}:{name}"),
    "AWS::SQS::Queue": ("QueueName", "QueueUrl", "https://sqs.{region}.amazonaws.com/{account}/{name}"),
}
"""Types that are identified by an address: the property with the name, the identifier's key, the address's form."""

_CREATE_ONLY = {"AWS::SNS::Topic": ("TopicName", "FifoTopic"), "AWS::SQS::Queue": ("QueueName", "FifoQueue")}
"""Source: ``createOnlyProperties`` in AWS's schemas of the types."""


NO_STACK = '{"Resources":{}}'
"""The template of a stack that no longer exists."""


def answer_for(project: str, item: PhysicalResource) -> str:
    """The answer that gives consent: two units may want something with the same name."""
    return f"import:{project}/{item.physical_id}"


def known_of(record: Record) -> tuple[PhysicalResource, ...]:
    """Everything that this unit created here according to the record, and that may still exist.

    What an attempt found under such a name, and nothing showed to be ours, belongs to somebody else.
    """
    past = (record.running, record.latest)
    found = (item for entry in past if entry is not None for item in (*entry.resources, *entry.left))
    return tuple(item for item in found if not any(_is(item, other) for other in record.met))


def is_tagged(item: PhysicalResource, arns: Collection[str]) -> bool:
    """Whether it is among ``arns``, which have the tags of the unit's stack; never if its ARN has another name."""
    service = item.type.split("::")[1]
    of_service = _SERVICES.get(service, service.lower())
    return any(
        arn == item.physical_id or (arn.split(":")[2] == of_service and _name_in(arn) == short_name(item))
        for arn in arns
        if item.type not in _UNTAGGED
    )


def _name_in(arn: str) -> str:
    """What follows the type of the resource, if an ARN has one.

    >>> _name_in("arn:aws:logs:us-east-1:222222222222:log-group:/acme/a"), _name_in("arn:aws:s3:::acme")
    ('/acme/a', 'acme')
    """
    return re.split("[:/]", arn.split(":", 5)[5], maxsplit=1)[-1]


def left_behind(record: Record, resources: Collection[PhysicalResource]) -> tuple[PhysicalResource, ...]:
    """What was ours and is no longer in the stack: it was retained when it left the template or the stack went."""
    now = {item.identity for item in resources}
    found = {item.identity: item for item in known_of(record) if item.identity not in now}
    return tuple(sorted(found.values(), key=lambda item: (item.type, item.physical_id)))


def strangers(taken: Iterable[PhysicalResource], record: Record) -> tuple[PhysicalResource, ...]:
    """Those of ``taken`` that are in no record of ours."""
    ours = known_of(record)
    return tuple(item for item in taken if not any(_is(item, other) for other in ours))


def may_import(taken: Iterable[PhysicalResource], template: str) -> bool:
    """Whether CloudFormation would import them: each has to be retained and, if identified by an address, unchanged."""
    resources = json.loads(template)["Resources"]
    return all(_may_come_in(resources.get(item.logical_id, {})) for item in taken)


def fixed(body: Mapping[str, Any]) -> dict[str, Any]:
    """What cannot be changed in something identified by its address; a change would replace it."""
    properties = body.get("Properties", {})
    return {key: properties[key] for key in _CREATE_ONLY.get(body.get("Type", ""), ()) if key in properties}


def import_question(project: str, item: PhysicalResource) -> Question:
    """The question about one thing. Another thing may have the same answer: a bucket and a table may share a name."""
    text = (
        f"{project}: {item.logical_id} ({item.type} {item.physical_id}) existed at an earlier attempt, and nothing "
        "shows that it is this stack's; it would be imported with its content; if it no longer exists, it is "
        "made new"
    )
    return Question(kind="import", text=one_line(text), answer=answer_for(project, item))


def import_questions(
    record: Record | None, project: str, template: str | None, there: str | None = None
) -> tuple[Question, ...]:
    """What an earlier attempt found, as far as the template still wants it and it can be imported.

    And what was retained, if AWS has nothing to show that it is the same. ``there``: the stack's current template, if
    it was read. What is in it needs no question: an attempt imported it, although it failed afterwards.
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
    """Whether it is identified by its address and known to be in the stack: then the stack wants its name twice."""
    return item.type in NAME_OF and any(_is(item, other) for other in _inside(record, there))


def _inside(record: Record, there: str | None) -> tuple[PhysicalResource, ...]:
    """What runs according to its record, and that the stack still has if its template was read."""
    recorded = () if record.running is None else record.running.resources
    bodies = resources_of(there)
    return tuple(item for item in recorded if there is None or item.logical_id in bodies or _is_named(item, bodies))


def _is_named(item: PhysicalResource, bodies: Mapping[str, Any]) -> bool:
    """Whether one of them has its name: an attempt with an unknown outcome may name it differently."""
    key = NAME_OF.get(item.type, ("",))[0]
    names = (body.get("Properties", {}).get(key) for body in bodies.values() if body.get("Type") == item.type)
    return short_name(item) in names


def _outside(record: Record, there: str | None) -> tuple[PhysicalResource, ...]:
    inside = {item.identity for item in _inside(record, there)}
    return tuple(item for item in known_of(record) if item.identity not in inside)


def _unproved(record: Record, there: str | None) -> tuple[PhysicalResource, ...]:
    """What was retained and has a type without tags, by the name in its question."""
    found = (item for item in _outside(record, there) if item.type in _UNTAGGED)
    return tuple(attrs.evolve(item, physical_id=short_name(item)) for item in found)


def _is_in(template: str | None, item: PhysicalResource) -> bool:
    """Whether a stack with this template contains it."""
    body = resources_of(template).get(item.logical_id, {})
    return body.get("Type") == item.type and _may_be_called(body, item)


def returning(
    template: str,
    record: Record,
    project: str,
    agreed: Collection[Question],
    is_ours: Callable[[PhysicalResource], bool],
    there: str | None = None,
) -> tuple[PhysicalResource, ...]:
    """What the template wants, is not known to be in a stack of ours, and is identified only by its address.

    It was and is ours (``is_ours``), or somebody was shown it and agreed (``agreed``: the questions). It has the
    template's logical id. ``there`` as in ``import_questions``.
    """
    outside = _wanted(_outside(record, there), template)
    ours = (item for item in outside if item.type not in _UNTAGGED and is_ours(item))
    kept = (item for item in _wanted(_unproved(record, there), template) if import_question(project, item) in agreed)
    shown = (item for item in record.met if import_question(project, item) in agreed)
    found = (*ours, *kept, *_wanted(shown, template))
    return tuple({item.logical_id: item for item in found}.values())


def _wanted(items: Iterable[PhysicalResource], template: str) -> tuple[PhysicalResource, ...]:
    """Those of them that are identified by an address and may be imported, by the template's logical ids."""
    named = {(item.type, short_name(item)): item for item in items if item.type in NAME_OF}
    found = []
    for logical_id, body in json.loads(template)["Resources"].items():
        name = body.get("Properties", {}).get(NAME_OF.get(body["Type"], ("",))[0])
        item = named.get((body["Type"], name)) if isinstance(name, str) else None
        if item is not None and _may_come_in(body):
            found.append(attrs.evolve(item, logical_id=logical_id))
    return tuple(found)


def _may_come_in(body: Mapping[str, Any]) -> bool:
    """An import has no parameters of the new template, so what is fixed must be in it literally."""
    return body.get("DeletionPolicy") in STAYS and not any(isinstance(value, dict) for value in fixed(body).values())


def _is(one: PhysicalResource, other: PhysicalResource) -> bool:
    """Whether they are the same; CloudFormation names a queue by its URL in one place and by its name in another."""
    if one.type != other.type:
        return False
    is_named = short_name(one) == one.physical_id, short_name(other) == other.physical_id
    return one.identity == other.identity or (is_named[0] != is_named[1] and short_name(one) == short_name(other))


def short_name(item: PhysicalResource) -> str:
    """Only an address is shortened: a slash in any other name is part of it."""
    if "://" in item.physical_id:  # those of the local cloud start with http
        return item.physical_id.rpartition("/")[2]
    return item.physical_id.rpartition(":")[2] if item.type == "AWS::SNS::Topic" else item.physical_id


def _may_be_called(body: Mapping[str, Any], item: PhysicalResource) -> bool:
    """Whether the template still gives it that name; if CloudFormation computes the name, it may."""
    names = [value for key, value in body.get("Properties", {}).items() if key.endswith("Name")]
    called = {item.physical_id, short_name(item), *item.physical_id.split("|")}
    return not names or any(isinstance(name, dict) or name in called for name in names)
