"""An event whose source is in another region is said, and the function is there without it."""

from __future__ import annotations

from multi_env_lambda.adopt.elsewhere import without_events_elsewhere
from multi_env_lambda.adopt.found import Carried, NotCarried, Place, Reading

FAR = "arn:aws:sqs:ap-southeast-1:111111111111:loyalty-cards-of-everybody"
HERE = "arn:aws:sqs:us-east-1:111111111111:orders"
OURS = "arn:aws:sqs:${region}:111111111111:orders"


def reading(*arns: str) -> Reading:
    table = {"handler": "app.handler", "events": [{"sqs": arn, "batch_size": 5} for arn in arns]}
    findings = tuple(
        Carried(function="processCard", what="event sqs", place=Place("serverless.yml", 10 + line), to=f'sqs = "{arn}"')
        for line, arn in enumerate(arns)
    )
    return Reading(table={"functions": {"process-card": table}}, findings=findings)


def test_only_the_event_in_another_region_is_left_out() -> None:
    found = without_events_elsewhere(reading(HERE, FAR, OURS), "us-east-1", "sandbox")

    events = found.table["functions"]["process-card"]["events"]
    assert [one["sqs"] for one in events] == [HERE, OURS]
    [said] = [one for one in found.findings if isinstance(one, NotCarried)]
    assert (said.function, said.place) == ("processCard", Place("serverless.yml", 11))
    assert said.reason.startswith("its source is in ap-southeast-1, but sandbox is in us-east-1")


def test_in_its_own_region_everything_stays() -> None:
    before = reading(FAR)
    assert without_events_elsewhere(before, "ap-southeast-1", "prod") is before
