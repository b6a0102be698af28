"""The verb ``schema``: prints what editors complete and check the TOML tables with."""

from __future__ import annotations

import click

from multi_env_lambda.cli.output import print_json

__all__ = ["schema_command"]


@click.command("schema")
@click.argument("file", metavar="workspace|unit")
def schema_command(file: str) -> int:
    """Print the JSON schema of [tool.multi_env_lambda]: of the workspace's pyproject.toml, or of a unit's.

    Editors use it to complete and check the keys.
    """
    from multi_env_lambda.api.schema import configuration_schema

    print_json(configuration_schema(file))
    return 0
