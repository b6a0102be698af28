"""Takes an order."""


def handler(event, context):
    return {"ok": True}
