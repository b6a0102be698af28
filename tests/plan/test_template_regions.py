"""What a region does not have is refused by name, and so is what Lambda takes from its own region only."""

from __future__ import annotations

import json
from pathlib import Path

import attrs
import pytest

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.settings import Alarms, DynamoDBStream, Event, Existing, FunctionUrl, Queue, Topic
from multi_env_lambda.plan.template import render
from multi_env_lambda.plan.template.regions import LACKING
from tests.plan.template_values import ALL_EVENTS, BUCKET, LAYER, SANDBOX, SMALL, SOURCE, STREAM_ARN, project

ROOT = Path(__file__).parent.parent.parent
ELSEWHERE = "eu-west-1:222222222222"


def rendered(region: str = "us-east-1", **changes: object) -> str:
    place = attrs.evolve(SANDBOX, region=region)
    found = project(attrs.evolve(SMALL, **changes))
    return render(found, place, bucket=BUCKET, source=SOURCE, layer=LAYER)


def test_the_regions_without_a_type_are_those_that_cfn_lint_has() -> None:
    from cfnlint.helpers import REGIONS
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER, ResourceNotFoundError

    made = json.loads((ROOT / "multi_env_lambda/plan/handlers.json").read_text("ascii"))
    found: dict[str, set[str]] = {}
    for region in (region for region in REGIONS if not region.startswith(("cn-", "us-gov-", "us-iso", "eu-iso"))):
        for name in ("AWS::Lambda::Url", *(name for name in made if "Lambda" in name or "SQS" in name)):
            try:
                PROVIDER_SCHEMA_MANAGER.get_resource_schema(region, name)
            except ResourceNotFoundError:
                found.setdefault(name, set()).add(region)
    assert found == {name: set(regions) for name, regions in LACKING.items()}


def test_a_url_where_there_are_none_is_refused_by_name() -> None:
    with pytest.raises(ConfigurationError) as caught:
        rendered("eu-central-2", events=(FunctionUrl(),))
    assert "CreateUrl is of type AWS::Lambda::Url, which eu-central-2 (sandbox) does not have" in str(caught.value)
    assert rendered("eu-central-2")


def reads_from_an_arn(event: Event) -> bool:
    """Whether Lambda itself reads from something that exists apart from the unit."""
    found = json.loads(rendered(events=(event,)))["Resources"].values()
    return any(
        body["Type"] == "AWS::Lambda::EventSourceMapping" and isinstance(body["Properties"]["EventSourceArn"], str)
        for body in found
    )


def elsewhere(event: Event) -> Event:
    """The same event of the same source in another region."""
    if isinstance(event, DynamoDBStream):
        return attrs.evolve(event, source=Existing(identifier=STREAM_ARN.replace("us-east-1", "eu-west-1")))
    if isinstance(event, Queue):
        return attrs.evolve(event, source=Existing(identifier=f"arn:aws:sqs:{ELSEWHERE}:jobs"))
    arn: str = attrs.asdict(event)["arn"]
    changed: Event = attrs.evolve(event, **{"arn": arn.replace("us-east-1", "eu-west-1")})
    return changed


@pytest.mark.parametrize("event", list(filter(reads_from_an_arn, ALL_EVENTS)), ids=lambda event: type(event).__name__)
def test_a_source_in_another_region_is_refused_with_both(event: Event) -> None:
    with pytest.raises(ConfigurationError, match=r"create\.events: arn:aws:.* is in eu-west-1, but sandbox is in us-"):
        rendered(events=(elsewhere(event),))


@pytest.mark.parametrize(
    ("key", "changes"),
    [
        ("dead_letter_arn", {"dead_letter_arn": f"arn:aws:sqs:{ELSEWHERE}:jobs"}),
        ("on_failure_arn", {"on_failure_arn": f"arn:aws:lambda:{ELSEWHERE}:function:other"}),
        ("alarms.notify", {"alarms": Alarms(notify=(f"arn:aws:sns:{ELSEWHERE}:news",))}),
    ],
)
def test_what_is_sent_to_another_region_is_refused(key: str, changes: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError, match=rf"functions\.create\.{key}: arn:aws:.* is in eu-west-1, but sandbox"):
        rendered(**changes)


def test_a_bucket_has_no_region_in_its_arn() -> None:
    assert rendered(on_failure_arn="arn:aws:s3:::acme-failed")


def test_a_layer_of_another_region_is_refused_and_a_topic_is_not() -> None:
    with pytest.raises(ConfigurationError, match=r"functions\.create\.layers: .* is in eu-west-1"):
        rendered(layers=(f"arn:aws:lambda:{ELSEWHERE}:layer:other:1",))
    topic = rendered(events=(Topic(source=Existing(identifier=f"arn:aws:sns:{ELSEWHERE}:news")),))
    assert '"Region":"eu-west-1"' in topic


def test_another_account_of_the_same_region_is_taken() -> None:
    assert rendered(events=(Queue(source=Existing(identifier="arn:aws:sqs:us-east-1:999999999999:jobs")),))
