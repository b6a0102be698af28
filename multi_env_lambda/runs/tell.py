"""After a look: tell people what they do not know. What cannot be said fails nothing; the report has a note of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import attrs

from multi_env_lambda.ci.comment import MARKER, Comment, of_plan, render
from multi_env_lambda.ci.markdown import spelled
from multi_env_lambda.ci.subject import Branch, PullRequest, Subject
from multi_env_lambda.ci.telling import Now, message_of
from multi_env_lambda.errors import MultiEnvLambdaError
from multi_env_lambda.host.bitbucket_api import AtBitbucket
from multi_env_lambda.host.github import GitHub
from multi_env_lambda.host.gitlab_api import AtGitLab
from multi_env_lambda.host.unexpected import as_ours
from multi_env_lambda.model.waiting import command_for
from multi_env_lambda.operations.ci_told import read_told, write_told
from multi_env_lambda.runs.follow import follow
from multi_env_lambda.runs.hands import Hands
from multi_env_lambda.runs.look import Seen
from multi_env_lambda.runs.previews import leave_preview
from multi_env_lambda.runs.report import Report
from multi_env_lambda.runs.voice import Later, Nowhere, Voice

__all__ = ["tell"]


def tell(hands: Hands, seen: Seen, subject: Subject, done: Report) -> tuple[str, ...]:
    """Tell them; what could not be said, a line each."""
    notes: list[str] = []
    voice = Voice()
    try:
        voice = hands.voice(seen.protected.config)
    except MultiEnvLambdaError as error:
        notes.append(f"nothing could be said: {error.where}: {error.what}")
    steps: dict[str, Callable[[], None]] = {
        "what changed": lambda: _people(hands, voice, seen, subject, done),
        "the way of what was merged": lambda: _followed(hands, voice, seen, subject, done),
        "the status": lambda: _status(voice, seen, done),
    }
    if isinstance(subject, PullRequest):
        steps = {"the plan": lambda: _comment(voice, seen, subject, done), "the status": steps["the status"]}
    for what, step in steps.items():
        try:
            step()
        except Exception as raised:  # also an answer of a shape that nobody has seen: no reason to stop a deploy
            ours = as_ours("ci run", raised)
            notes.append(f"{what} was not said: {ours.where}: {ours.what}")
    return tuple(notes)


def _comment(voice: Voice, seen: Seen, subject: PullRequest, done: Report) -> None:
    if isinstance(voice.host, Later):
        if done.plan is not None:
            leave_preview(seen.protected.store, _about(voice, seen, subject.number, done))
    elif not isinstance(voice.host, Nowhere):
        text = render(_about(voice, seen, subject.number, done), voice.host.limit)
        voice.host.comment(subject.number, MARKER, text)


def _about(voice: Voice, seen: Seen, number: int, done: Report) -> Comment:
    if done.plan is None:
        notes = (*done.stops, *done.notes)
        title = "Nothing of this was run"
        return Comment(
            number=number, commit=seen.commit, title=title, notes=notes, failures=done.failures, link=voice.link
        )
    return attrs.evolve(
        of_plan(number, seen.commit, done.plan, failures=done.failures),
        agrees=tuple(_agrees(seen, done)),
        notes=("After the merge this comment says how far it has come.",),
        link=voice.link,
    )


def _agrees(seen: Seen, done: Report) -> Iterator[tuple[str, str]]:
    """What will be asked after the merge, as long as nothing else changes until then."""
    changed = {step.environment for step in done.plan.deploys} if done.plan else set()
    for place in seen.protected.config.environments:
        if done.plan is not None and place.approval and place.name in changed:
            yield place.name, f"{command_for(place.name, done.plan.digest_of(place.name))} (after the merge)"


def _people(hands: Hands, voice: Voice, seen: Seen, subject: Subject, done: Report) -> None:
    """The message first and what they know then: of a run that is killed between, they hear twice."""
    store = seen.protected.store
    before = read_told(store, subject.key)
    waits = tuple((wait.environment, wait.digest, str(wait.command)) for wait in done.waits)
    now = Now(commit=seen.commit, failures=done.failures, waits=waits, link=voice.link)
    told, message = message_of(before, now)
    if message is not None and voice.topic is not None:
        voice.topic(message.subject, message.text)
    write_told(store, told)


def _followed(hands: Hands, voice: Voice, seen: Seen, subject: Subject, done: Report) -> None:
    """Kept only after all of it was said: what a host did not take is said by the next look."""
    if isinstance(voice.host, Later | Nowhere) or subject != Branch(name=seen.line.branch):
        return
    store = seen.protected.store
    after, comments = follow(hands, voice.host, seen, read_told(store, subject.key), done)
    for comment in comments:
        text = render(attrs.evolve(comment, link=voice.link), voice.host.limit)
        voice.host.comment(comment.number, MARKER, text)
    write_told(store, after)


def _status(voice: Voice, seen: Seen, done: Report) -> None:
    """Of the commit that was looked at, where a host has such a thing. Stopping at an approval is success."""
    if isinstance(voice.host, GitHub | AtGitLab | AtBitbucket) and seen.commit:
        text = spelled(" ".join(done.line.split()), 140)
        voice.host.status(seen.commit, "failure" if done.failures else "success", text, voice.link)
