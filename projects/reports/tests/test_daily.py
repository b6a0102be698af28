from __future__ import annotations

from datetime import date

import pytest
from reports.daily import handler, the_day
from reports.table import summarise


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch):
    boto3, moto = pytest.importorskip("boto3"), pytest.importorskip("moto")
    for name, value in {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "BUCKET": "reports"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with moto.mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="reports")
        yield s3


def test_articles_are_summed_and_the_biggest_comes_first() -> None:
    table = summarise([{"sku": "cake", "amount": 1}, {"sku": "tea", "amount": "2"}, {"sku": "tea", "amount": 1.0}])

    assert table.to_dict("records") == [
        {"sku": "tea", "sold": 2, "amount": 3.0, "share": 0.75},
        {"sku": "cake", "sold": 1, "amount": 1.0, "share": 0.25},
    ]


def test_a_day_without_sales_is_an_empty_table() -> None:
    assert len(summarise([])) == 0


def test_yesterday_is_reported_unless_a_day_is_asked_for() -> None:
    assert the_day({}, date(2026, 3, 1)) == "2026-02-28"
    assert the_day({"day": "2026-01-05"}, date(2026, 3, 1)) == "2026-01-05"


def test_the_sales_of_the_day_become_its_report(bucket) -> None:
    bucket.put_object(Bucket="reports", Key="sales/2026-01-05/a.csv", Body=b"sku,amount\ntea,4.2\n")
    said = handler({"day": "2026-01-05"}, None)

    written = bucket.get_object(Bucket="reports", Key=said["key"])["Body"].read()
    assert written == b"sku,sold,amount,share\ntea,1,4.2,1.0\n"
