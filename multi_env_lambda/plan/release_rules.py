"""What an environment never accepts.

``committed_only``: the release was built from what is committed. ``releases_only``: that too, and it has its own
number. Its version is final (no ``.postN``, ``rc`` or ``.devN``), and no other release under that version ever ran
there.
"""

from __future__ import annotations

from collections.abc import Iterable

from packaging.version import Version

from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.label import label
from multi_env_lambda.model.plan import Breach, Origin
from multi_env_lambda.model.record import Deployment
from multi_env_lambda.model.release import Release
from multi_env_lambda.plan.affected import Inputs, is_upgrade
from multi_env_lambda.wording import advice, option

__all__ = ["breaches", "in_force", "refusal"]

_RAISE = "raise `version` in [project] of the unit and deploy it to the first environment"

_TAKE_THE_COMMIT_ALONG = (
    "commit, and redeploy it to the first environment with `{}`; "
    "then, with `{}` as well, to every other one before {} that runs it"
)


def refusal(release: Release, target: Environment) -> tuple[str, str] | None:
    """(what is wrong, hint), or None if the release has a template for the environment as it is."""
    stage = release.stage(target.name)
    if stage is None:
        return (
            f"the release {release.digest[:12]} was made before {target.name} was an environment",
            "redeploy the unit to the first environment, which makes a release for all environments",
        )
    if (stage.account_id, stage.region) != (target.account_id, target.region):
        return (
            f"{target.name} is {target.account_id} {target.region} now, but "
            f"the release was made for {stage.account_id} {stage.region}",
            "redeploy the unit to the first environment, which makes a release for the new account and region",
        )
    return None


def in_force(target: Environment, found: Iterable[Breach]) -> tuple[str, str] | None:
    """(what is wrong, hint) of the first rule in the environment's table that the release breaks."""
    rules = {"releases_only": target.releases_only, "committed_only": target.committed_only}
    return next(((breach.what, breach.hint) for breach in found if rules[breach.rule]), None)


def breaches(
    environment: str, release: Release, origin: Origin, inputs: Inputs, past: Iterable[Deployment]
) -> tuple[Breach, ...]:
    """The rules that a release would break in an environment if it had them.

    Args:
        past: the known deployments there, oldest first. A release that has run there may run there again.
    """
    found: list[Breach] = []
    version, takes = Version(release.version), f"{environment} accepts only releases"
    if version.is_postrelease or version.is_prerelease:
        found.append(Breach(rule="releases_only", what=f"{takes}, but {version} is not one", hint=_RAISE))
    if origin.dirty or not origin.commit:
        made = f"but {release.version} was made from {_uncommitted(origin)}"
        hint = advice(_TAKE_THE_COMMIT_ALONG, option("force"), option("force"), environment)
        found.append(Breach(rule="releases_only", what=f"{takes}, {made}", hint=hint))
        found.append(
            Breach(rule="committed_only", what=f"{environment} accepts only what is committed, {made}", hint=hint)
        )
    owner = _owner(release, inputs, past)
    if owner is not None:
        pair = [(owner.version, owner.release), (release.version, release.digest)]
        what = (
            f"{takes}, but the number of {label(*pair[1], pair)} is taken: "
            f"{label(*pair[0], pair)} was deployed there at {owner.when}"
        )
        found.append(Breach(rule="releases_only", what=what, hint=_RAISE))
    return tuple(found)


def _uncommitted(origin: Origin) -> str:
    if not origin.commit:
        return "a repository without a commit"
    # Who noted no time of the commit noted uncommitted changes of any unit.
    whose = "" if origin.committed else ", of this unit or of another: 0.1.1 did not note whose"
    return f"uncommitted changes on top of {origin.commit[:10]}{whose}"


def _owner(release: Release, inputs: Inputs, past: Iterable[Deployment]) -> Deployment | None:
    """The deployment of another release that this one's version belongs to.

    A change of only this library or the workspace's settings is the same thing under the same number.
    """
    done = [item for item in past if item.outcome == "succeeded" and item.version == release.version]
    if any(item.release == release.digest for item in done):
        return None
    return next((item for item in done if not is_upgrade(inputs, item.inputs)), None)
