"""What an environment refuses to receive, whoever asks."""

from __future__ import annotations

from packaging.version import Version

from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.release import Release

__all__ = ["refusal"]


def refusal(release: Release, target: Environment) -> tuple[str, str] | None:
    """(what is wrong, hint), or None where the environment takes the release."""
    version = Version(release.version)
    if target.releases_only and (version.is_postrelease or version.is_prerelease):
        return (
            f"{target.name} takes releases only, and {release.version} is not one",
            "raise `version` in [project] of the unit and deploy it to the first environment",
        )
    stage = release.stage(target.name)
    if stage is None:
        return (
            f"the release {release.digest[:12]} was made before {target.name} was an environment",
            "deploy the unit to the first environment again, which makes a release for all",
        )
    if (stage.account_id, stage.region) != (target.account_id, target.region):
        return (
            f"{target.name} is {target.account_id} {target.region} now, "
            f"the release was made for {stage.account_id} {stage.region}",
            "deploy the unit to the first environment again, which makes a release for the new place",
        )
    return None
