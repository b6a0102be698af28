"""The verb that runs the units' own tests."""

from __future__ import annotations

import click

from multi_env_lambda.cli.complete import names_argument
from multi_env_lambda.cli.output import json_option, open_workspace, unit_of
from multi_env_lambda.cli.results import finish

__all__ = ["test_command"]


@click.command("test")
@names_argument("names", nargs=-1, metavar="[UNIT]...")
@json_option
def test_command(names: tuple[str, ...], as_json: bool) -> int:
    """Run the tests of UNIT, or of all units, with their locked dependencies, as the CI does before it deploys.

    They get no credentials, no network and none of your files. The table `dependency-groups` of the unit says what the
    tests need, under `test`; without it, that is pytest.
    """
    unit = unit_of()
    workspace = open_workspace(False)
    return finish(lambda: workspace.test(*((unit,) if unit else names)), as_json)
