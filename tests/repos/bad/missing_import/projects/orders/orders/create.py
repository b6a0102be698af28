"""Takes an order."""

import pydantic


def handler(event, context):
    return pydantic.VERSION
