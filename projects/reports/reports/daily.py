"""The scheduled function: sales of a day from the bucket, report of the day into the bucket."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from reports.table import summarise

__all__ = ["handler", "the_day"]


def the_day(event: dict[str, Any], today: date) -> str:
    """The day that is reported: the one asked for, else yesterday."""
    if "day" in event:
        return date.fromisoformat(event["day"]).isoformat()
    return (today - timedelta(days=1)).isoformat()


def _stored_sales(s3: Any, bucket: str, day: str) -> Iterator[dict[str, Any]]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"sales/{day}/")
    for entry in (entry for page in pages for entry in page.get("Contents", [])):
        text = s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read().decode("utf-8")
        yield from csv.DictReader(text.splitlines())


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    import boto3  # offered by the Lambda runtime, so it is not in the layer

    s3, bucket = boto3.client("s3"), os.environ["BUCKET"]
    day = the_day(event, datetime.now(UTC).date())
    sales = event.get("sales")
    table = summarise(list(_stored_sales(s3, bucket, day)) if sales is None else sales)
    key = f"reports/{day}.csv"
    s3.put_object(Bucket=bucket, Key=key, Body=table.to_csv(index=False).encode("utf-8"), ContentType="text/csv")
    return {"bucket": bucket, "key": key, "articles": len(table), "total": round(float(table["amount"].sum()), 2)}
