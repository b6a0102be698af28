"""Finds a customer."""


def handler(event, context):
    return {"id": event.get("id")}


def main(arguments):
    return arguments
