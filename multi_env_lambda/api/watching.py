"""`deploy --watch`: deploy, then bring every file that is saved into the first environment.

Every save is planned like a deploy, with all that may stand in its way. If the plan changes nothing but the code of
functions, and asks nothing, the code is sent as it is (``flow/unreleased.py``); otherwise the plan is shown and
applied, and what it asks stays unanswered.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

import attrs

from multi_env_lambda import pipeline
from multi_env_lambda.api import carry_out
from multi_env_lambda.api.dialog import Asked, Dialog
from multi_env_lambda.api.names import Names
from multi_env_lambda.api.opened import Opened
from multi_env_lambda.errors import Busy, ConfigurationError, MultiEnvLambdaError, PlanStale, Refused
from multi_env_lambda.flow.consent import NO_CONSENT, Consent
from multi_env_lambda.flow.gate import gate
from multi_env_lambda.flow.unreleased import Sending, send, sending_of
from multi_env_lambda.host.git import ROOT_TABLE
from multi_env_lambda.host.saved_files import SavedFiles
from multi_env_lambda.host.unexpected import as_ours
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.order import in_order
from multi_env_lambda.model.outline import folders_of
from multi_env_lambda.model.plan import DeployStep, Plan
from multi_env_lambda.model.record import Holder, Record
from multi_env_lambda.model.request import Request
from multi_env_lambda.model.result import Result
from multi_env_lambda.model.saved_there import unreleased_in
from multi_env_lambda.model.watch_round import WatchRound
from multi_env_lambda.model.workspace import BUILD_CONSTRAINTS, WorkspaceConfig
from multi_env_lambda.plan.affected import tracked_paths
from multi_env_lambda.plan.removal import Removal

if TYPE_CHECKING:
    from multi_env_lambda.pipeline import PreparedPlan

__all__ = ["watch"]

BUSY_SECONDS = 1.0
"""How often to look again at a unit that somebody else is changing."""

PATIENCE = 120.0
"""For how many seconds: a deploy of somebody else takes about one minute."""

_OF_ALL = (ROOT_TABLE, BUILD_CONSTRAINTS)
"""Files that belong to every unit."""


def watch(
    opened: Opened, names: Names, environment: str | None, agree: Iterable[str], wait: float | str
) -> Iterator[WatchRound]:
    """Deploy, and then go on with every save, until nobody asks for the next round.

    Raises:
        ConfigurationError: this is no environment that gets the work tree.
        Refused: it takes releases or committed files only, or needs an approval.
        UnitsFailed: the deploy at the beginning did not succeed; nothing is watched then.
    """
    request = carry_out.request(opened, "deploy", names, environment, None)
    place = _watchable(opened.config, request)
    return _rounds(opened, request, place, tuple(carry_out.several(agree)), wait)


def _watchable(config: WorkspaceConfig, request: Request) -> Environment:
    targets = request.targets(config)
    if len(targets) != 1 or request.sources(config):
        first = config.environments[0].name
        what = f"found {request.target}; only the first environment gets the files of a work tree"
        raise ConfigurationError("watch", what, hint=f"watch {first}, or one of the environments beside it")
    place = targets[0]
    for rule in ("approval", "releases_only", "committed_only"):
        if getattr(place, rule):
            what = f"its table says `{rule}`, and a saved file is neither approved nor committed"
            raise Refused(f"watching {place.name}", what, hint="watch an environment without this rule, or deploy")
    return place


def _rounds(
    opened: Opened, request: Request, place: Environment, agree: tuple[str, ...], wait: float | str
) -> Iterator[WatchRound]:
    watched = _Watch(opened, request, place, opened.world.holder())
    for result in carry_out.deploy(opened, request, agree, (), wait):
        yield WatchRound(number=0, files=(), result=result)
    watched.look_at_records()
    opened.progress(f"watching {len(watched.files)} files; Ctrl-C ends it")
    while True:
        yield from watched.next_rounds()


@attrs.define
class _Watch:
    """What a watch knows from one round to the next.

    ``after``: when the deployment of each unit was made that this watch has made or found; ``brought``: the release
    that the files would be which it has brought last.
    """

    opened: Opened
    request: Request
    place: Environment
    watcher: Holder
    number: int = 0
    after: dict[str, str] = attrs.field(factory=dict)
    brought: dict[str, str] = attrs.field(factory=dict)
    files: SavedFiles = attrs.field(init=False)

    @files.default
    def _all_files(self) -> SavedFiles:
        return SavedFiles.of(self.opened.root, self._paths())

    def _paths(self) -> tuple[str, ...]:
        units = tuple(unit for unit in self.opened.projects.outlines if self._is_meant(unit.name))
        broken = (unit.folder for unit in self.opened.broken if self._is_meant(unit.name))
        return (*tracked_paths(units), *broken, *_OF_ALL)

    def _is_meant(self, unit: str) -> bool:
        return not self.request.only or unit in self.request.only

    def look_at_records(self, *units: str) -> None:
        """What has just been deployed, of these units or of all, is what later saves lie on."""
        records = self.opened.world.ledger.records(self.place.name)
        for name, record in records.items():
            if record.running is not None and (name in units or not units):
                self.after[name], self.brought[name] = record.running.when, record.running.release

    def next_rounds(self) -> Iterator[WatchRound]:
        """Wait for the next save, and bring it into every unit that is made from it."""
        saved = self.files.wait(self.opened.world.sleep)
        self.number += 1
        began, before = time.monotonic(), self._names()
        try:
            self._read_again()
            bring: Callable[[str], _Found] = self._bring
        except MultiEnvLambdaError as error:
            bring = partial(self._failed, error=error)
        gone = sorted(before - self._names())
        for unit in (*self._made_from(saved), *gone):
            with self.opened.world.endings.raised():  # every later save would only end in the same way
                found = self._gone(unit) if unit in gone else bring(unit)
            result = attrs.evolve(found.result, seconds=round(time.monotonic() - began, 3))
            yield WatchRound(
                number=self.number,
                files=saved,
                result=result,
                functions=found.functions,
                why=found.why,
                notes=found.notes,
            )

    def _read_again(self) -> None:
        """A folder that went away is watched on: a branch without it may be checked out only for a moment."""
        self.opened = self.opened.read_again()
        paths = {*self.files.paths, *self._paths()}
        if paths != set(self.files.paths):
            self.files = SavedFiles.of(self.opened.root, paths)

    def _names(self) -> set[str]:
        read, broken = self.opened.projects.outlines, self.opened.broken
        return {name for name in (*(one.name for one in read), *(one.name for one in broken)) if self._is_meant(name)}

    def _gone(self, unit: str) -> _Found:
        hint = f"nothing was changed there: put the folder back, or `destroy {unit} {self.place.name}`"
        self.brought.pop(unit, None)
        return self._failed(unit, error=ConfigurationError(unit, "its folder is gone", hint=hint))

    def _made_from(self, saved: Iterable[str]) -> tuple[str, ...]:
        """The units that are made from one of these files, each after those that it needs."""
        parts = {unit.name: (*folders_of(unit), *_OF_ALL) for unit in self.opened.projects.outlines}
        parts |= {unit.name: (unit.folder, *_OF_ALL) for unit in self.opened.broken}
        below = [f"{file}/" for file in saved]
        found = {
            name
            for name, paths in parts.items()
            if self._is_meant(name) and any(file.startswith(f"{path}/") for file in below for path in paths)
        }
        ordered = chain.from_iterable(in_order(unit for unit in self.opened.projects.outlines if unit.name in found))
        return tuple(dict.fromkeys((*ordered, *sorted(found))))

    def _bring(self, unit: str) -> _Found:
        """A mistake in a file ends a round, and not the watch."""
        try:
            return self._with_patience(unit)
        except Exception as raised:
            self.brought.pop(unit, None)
            return self._failed(unit, error=as_ours(f"{unit} in {self.place.name}", raised))

    def _failed(self, unit: str, *, error: MultiEnvLambdaError) -> _Found:
        return _Found(result=Result.of_error(unit, self.place.name, error))

    def _with_patience(self, unit: str) -> _Found:
        """Wait while somebody else changes the unit, and plan again if she has."""
        until = time.monotonic() + PATIENCE
        told = ""
        while True:
            try:
                return self._planned(unit)
            except (Busy, PlanStale) as error:
                if time.monotonic() >= until:
                    raise
                if error.where != told:
                    self.opened.progress(f"{error.where}: {error.what}; going on as soon as possible")
                told = error.where
                self.opened.world.sleep(BUSY_SECONDS)

    def _planned(self, unit: str) -> _Found:
        world = self.opened.world
        draft = pipeline.plan(world, attrs.evolve(self.request, only=(unit,)), soon=True)
        step = next(each for each in draft.plan.steps if each.project == unit)
        made = draft.made.get(unit)
        if not isinstance(step, DeployStep) or made is None:
            return _Found(result=pipeline.apply(world, draft)[0])
        record = draft.known.records.get((self.place.name, unit))
        if self._is_there(unit, step.release.digest, record):
            why = "what you saved changes the code of no function"
            return _Found(result=Result(project=unit, environment=self.place.name, outcome="unchanged", detail=why))
        sending = sending_of(world, step, made, draft.known, self.after.get(unit, ""))
        if isinstance(sending, str):
            return self._deployed(unit, draft, sending)
        if step.questions:
            return self._deployed(unit, draft, "")
        return self._sent(step, draft, sending)

    def _is_there(self, unit: str, digest: str, record: Record | None) -> bool:
        """Whether this watch was the last to bring anything, and brought just that."""
        if record is None or record.running is None or self.brought.get(unit) != digest:
            return False
        sent = unreleased_in(record)
        return record.running.when == self.after[unit] and (sent is None or sent.watch == self.watcher.nonce)

    def _sent(self, step: DeployStep, draft: PreparedPlan, sending: Sending) -> _Found:
        world = self.opened.world
        gate(world, draft.plan, step.environment, NO_CONSENT).check(step)
        sent = send(world, step, step.release, sending, self.watcher)
        self.brought[step.project] = step.release.digest
        others = () if sent.replaced is None else (f"this replaced {sent.replaced}, which may be saved again",)
        result = Result(project=step.project, environment=step.environment, outcome="sent")
        return _Found(result=result, functions=sent.functions, notes=others)

    def _deployed(self, unit: str, draft: PreparedPlan, why: str) -> _Found:
        """The ordinary way: the plan is shown, and what it asks keeps it from being applied."""
        shown = self.opened.dialog
        opened = self.opened if shown is None else self.opened.shown_to(_Unanswered(shown))
        (result,) = carry_out.carried_out(opened, draft, NO_CONSENT, PATIENCE)
        if result.outcome == "deployed":
            self.look_at_records(unit)
        else:
            self.brought.pop(unit, None)
        return _Found(result=result, why=why)


@attrs.frozen(kw_only=True)
class _Found:
    """What became of one unit in one round; as in ``WatchRound``."""

    result: Result
    functions: tuple[str, ...] = ()
    why: str = ""
    notes: tuple[str, ...] = ()


@attrs.frozen
class _Unanswered:
    """Shows every plan, and agrees to nothing: a save is no answer to a question."""

    shown_by: Dialog

    def show(self, plan: Plan | Removal) -> None:
        self.shown_by.show(plan)

    def agree(self, asked: Asked) -> Consent:
        return asked.given
