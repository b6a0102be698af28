"""What somebody asks for, before anything is read."""

from __future__ import annotations

from typing import Any, Literal

import attrs

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.record import Action
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.wording import Advice, advice, option

__all__ = ["Request"]


@attrs.frozen(kw_only=True)
class Request:
    """One request.

    Args:
        verb: ``deploy`` takes the work tree to the first environment and what runs in one to the next; ``promote``
            starts from what runs before the target; ``rollback`` takes an older deployment of the target; ``repair``
            sends again what its record says is running.
        target: the environment to reach, or the stage of which all environments are.
        through: walk all environments up to the target; otherwise only the target changes.
        only: names of units; empty means every unit.
        everything: compare every unit by its content, even one whose inputs are unchanged.
        upgrade: only units for which nothing has changed but this library and the workspace's settings.
        force: redeploy units that already run the release.
        release: for a rollback: the version of a release that ran there, or at least 7 characters of its digest.
        skip_from: take the release of this environment instead of the one before the target (``--skip-order``).
        reason: why; stored in the record.
    """

    verb: Literal["deploy", "promote", "rollback", "repair"]
    target: str
    through: bool = False
    only: tuple[str, ...] = ()
    everything: bool = False
    upgrade: bool = False
    force: bool = False
    release: str | None = None
    skip_from: str | None = None
    reason: str = ""

    def targets(self, config: WorkspaceConfig) -> tuple[Environment, ...]:
        """The environments that change, in promotion order: not those beside the target, unless its stage is named."""
        reached = config.reached(self.target)
        if not self.through:
            return reached
        earlier = config.earlier(reached[0])
        if self.verb != "deploy":
            earlier, reached = earlier[1:], reached if earlier else ()
        return (*(place for stage in earlier for place in stage), *reached)

    def sources(self, config: WorkspaceConfig) -> tuple[Environment, ...]:
        """The environments whose records say what the first target is to run; none: the work tree says it.

        Raises:
            ConfigurationError: promotion into the first environment, which has none before it.
        """
        first = self.targets(config)[:1]
        before = config.before(first[0]) if first else ()
        if self.skip_from is not None:
            return (config.environment(self.skip_from),)
        if self.verb == "promote" and not before:
            raise ConfigurationError(
                f"promote to {self.target}",
                "it is the first environment, so there is none before it",
                hint=advice(
                    "deploy the work tree there: `{}`",
                    Advice(
                        f"deploy.py {self.target}", f"workspace.deploy({option('environment', self.target).python})"
                    ),
                ),
            )
        return before

    @property
    def is_of_one_place(self) -> bool:
        """Whether what the target is to run comes from neither the work tree nor another environment."""
        return self.verb in ("rollback", "repair")

    def action_in(self, target: Environment) -> Action:
        """The verb for the record of a change there: the work tree is only deployed to the first environment."""
        return "promote" if self.verb == "deploy" and target.position else self.verb

    @property
    def recorded_reason(self) -> str:
        return f"order skipped, from {self.skip_from}: {self.reason}" if self.skip_from else self.reason

    def asked(self) -> tuple[tuple[str, str], ...]:
        """This request as stored in a plan; ``from_asked`` reads it back."""
        fields = attrs.asdict(self)
        return tuple((name, _text(value)) for name, value in sorted(fields.items()) if value)

    @classmethod
    def from_asked(cls, asked: dict[str, str]) -> Request:
        """The request that a saved plan was made for.

        Raises:
            ConfigurationError: it is not a valid request.
        """
        unknown = sorted(asked.keys() - {field.name for field in attrs.fields(cls)})
        missing = sorted({"verb", "target"} - asked.keys())
        if unknown or missing or asked["verb"] not in ("deploy", "promote", "rollback", "repair"):
            what = f"found the request {asked}; expected deploy, promote, rollback or repair with their options"
            raise ConfigurationError(
                "the saved plan", what, hint=advice("write it again with `{}`", Advice("--out", "save"))
            )
        given: dict[str, Any] = dict(asked)
        given |= {name: True for name in ("through", "everything", "upgrade", "force") if name in asked}
        return cls(**{**given, "only": tuple(asked.get("only", "").split())})


def _text(value: object) -> str:
    return " ".join(value) if isinstance(value, tuple) else str(value)
