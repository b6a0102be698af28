"""Finds a customer."""


def handler(event, context):
    return {"id": event.get("id")}
