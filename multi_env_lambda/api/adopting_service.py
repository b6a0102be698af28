"""Adopts a service of Serverless: which file it is in, and what it is in each environment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from multi_env_lambda.adopt.document import Node
from multi_env_lambda.adopt.found import Reading
from multi_env_lambda.adopt.serverless import NAMES, Placed, read_service
from multi_env_lambda.adopt.serverless_given import chosen_for, missing_values, refusal
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.host.documents import read_bounded
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.runtime import RUNTIMES

__all__ = ["nearby", "service_in", "service_readings"]

_PROGRAMS = ("serverless.ts", "serverless.js", "serverless.mjs", "serverless.cjs")
_LARGEST = 5 * 1024 * 1024


def service_in(folder: Path, templates: Collection[Path]) -> Path | None:
    """The file of the service in a folder, if there is one.

    Raises:
        ConfigurationError: there are several, there is a template too, or the service is a program.
    """
    found = [folder / name for name in NAMES if (folder / name).is_file()]
    if not found and not templates and (program := next((one for one in _PROGRAMS if (folder / one).is_file()), None)):
        what = "the service is a program, which does not run here"
        raise ConfigurationError(program, what, hint="save what `serverless print` shows as `serverless.yml`")
    both = [*found, *templates]
    if found and len(both) > 1:
        names = ", ".join(one.name for one in both)
        raise ConfigurationError(folder.name, f"it has several projects: {names}", hint="name the file to adopt")
    return found[0] if found else None


def nearby(folder: Path, top: Path) -> Callable[[str], str | None]:
    """Reads a file that a service names, which may be beside its folder, but is in the same repository."""
    limit = top if folder.is_relative_to(top) else folder

    def read(name: str) -> str | None:
        where = (folder / name).resolve()
        if not where.is_relative_to(limit) or not where.is_file():
            return None
        return read_bounded(where, name, _LARGEST).decode("utf-8", "replace")

    return read


def service_readings(
    document: Node,
    folder: str,
    there: Collection[str],
    longest: int,
    environments: Sequence[Environment],
    given: Mapping[str, Mapping[str, str]],
    files: Callable[[str], str | None],
    runtimes: tuple[str, ...] = RUNTIMES,
) -> dict[str, Reading]:
    """The service in each environment.

    Args:
        folder: of the unit, relative to the top of the repository. there: the files of the service.
        longest: of a key. runtimes: that AWS creates functions with, the one to take instead of others first.

    Raises:
        ConfigurationError: it is no service on AWS, or somebody has to give a value.
    """
    chosen = {one.name: chosen_for(given, one.name) for one in environments}
    stages = {chosen[one.name].get("stage", one.name) for one in environments}
    homes = Counter((one.account_id, one.region) for one in environments)
    places = [
        Placed(
            environment=one.name,
            region=one.region,
            account_id=one.account_id,
            stages=stages,
            crowded=homes[one.account_id, one.region] > 1,
            folder=folder,
            there=there,
            longest=longest,
            runtimes=runtimes,
        )
        for one in environments
    ]
    if missing := missing_values(document, places, given, files):
        raise refusal(missing, document.file, len(environments))
    return {place.environment: read_service(document, place, chosen[place.environment], files) for place in places}
