"""Adds to the stack."""


def extent(template, context):
    """Nothing calls this."""
