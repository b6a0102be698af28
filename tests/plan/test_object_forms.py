"""Whoever deployed a table of a bucket under EventBridge's form is asked before its functions get another one."""

from __future__ import annotations

import attrs
import pytest

from multi_env_lambda.model.settings import (
    BucketEvents,
    BucketNotification,
    BucketPermission,
    Event,
    EventPattern,
    Existing,
    Function,
    Own,
)
from multi_env_lambda.plan.object_forms import form_questions
from tests.plan.template_values import EVERYTHING, project, text

SMALL = attrs.evolve(EVERYTHING, events=())
BY_EVENTBRIDGE, BY_S3 = BucketEvents(source=Own(key="inbox")), BucketNotification(key="inbox")


def unit(*events: Event, others: tuple[Event, ...] = ()) -> str:
    return text(project(attrs.evolve(SMALL, events=events), Function(key="other", handler="a.b", events=others)))


def test_a_function_that_gets_another_form_is_asked_about_once() -> None:
    (question,) = form_questions("orders", unit(BY_EVENTBRIDGE), unit(BY_S3))

    assert (question.kind, question.answer, question.short) == ("form", "form:orders", "form:orders")
    assert question.text.endswith("\nCreateAlias (InboxBucket)")
    assert '`form = "eventbridge"` keeps it' in question.text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, unit(BY_S3)),
        (unit(BY_EVENTBRIDGE), None),
        (unit(), unit(BY_S3)),
        (unit(BY_EVENTBRIDGE), unit(BY_EVENTBRIDGE)),
        (unit(BY_S3), unit(BY_EVENTBRIDGE)),
        (unit(BY_S3), unit(attrs.evolve(BY_S3, prefix="a/"))),
        (unit(BY_EVENTBRIDGE), unit(BY_EVENTBRIDGE, BY_S3)),
        (unit(BY_EVENTBRIDGE), unit(BY_EVENTBRIDGE, others=(BY_S3,))),
        (unit(BucketEvents(source=Existing(identifier="acme-raw"))), unit(BucketPermission(bucket="acme-raw"))),
        (unit(EventPattern(pattern='{"source":["aws.s3"]}')), unit(BY_S3)),
    ],
)
def test_nothing_else_is_a_question(before: str | None, after: str | None) -> None:
    assert form_questions("orders", before, after) == ()
