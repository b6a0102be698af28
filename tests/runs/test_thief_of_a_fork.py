"""Somebody who may not push, and writes all of what her job says: what the job of the protected branch makes of it.

GitHub is a server that answers as it does; the event is the one that it gives to `tell`.
"""

from __future__ import annotations

import base64
import gzip
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from multi_env_lambda.ci.comment import MARKER, Comment, render
from multi_env_lambda.ci.strangers import Preview, to_log
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.runs.strangers import tell_preview
from tests.tools.github_server import TOKEN, GitHubServer, github_server

COMMIT, OLDER = "c" * 40, "d" * 40
FORK, OURS = 33, 22
BEGIN, END = to_log(Preview(made="")).splitlines()[0], to_log(Preview(made="")).splitlines()[-1]
SOUND = to_log(Preview(made="2026-01-01T00:00:00Z", rows=(("orders", "prod", "update", "because"),))).encode()


@pytest.fixture
def github() -> Iterator[GitHubServer]:
    with github_server() as found:
        yield found


def head(commit: str = COMMIT, repository: int | None = FORK) -> dict[str, Any]:
    return {"ref": "feature", "sha": commit, "repo": None if repository is None else {"id": repository}}


def answers(github: GitHubServer, log: bytes | None, *requests: Mapping[str, Any]) -> None:
    """What GitHub says of the run: its job and log, and the pull requests from that owner and branch."""
    jobs = {"jobs": [] if log is None else [{"id": 6, "name": "stranger"}]}
    found: dict[str, tuple[int, dict[str, str], bytes]] = {
        "/actions/runs/5/jobs": (200, {}, json.dumps(jobs).encode()),
        "/actions/jobs/6/logs": (302, {"Location": f"{github.address}/blob"}, b""),
        "/blob": (200, {}, log or b""),
        "/units/pulls": (200, {}, json.dumps(requests or [{"number": 8, "head": head()}]).encode()),
    }
    github.answers.update(found)


def told(github: GitHubServer, folder: Path, **changed: Any) -> str:
    fork = {"id": FORK, "owner": {"login": "eve"}}
    run = {"id": 5, "head_branch": "feature", "head_sha": COMMIT, "head_repository": fork, **changed}
    file = folder / "event.json"
    file.write_text(json.dumps({"workflow_run": run}), "utf-8")
    variables = {"GITHUB_API_URL": github.address, "GITHUB_REPOSITORY": "acme/units", "GITHUB_TOKEN": TOKEN}
    return tell_preview(file, variables)


def shown(github: GitHubServer) -> str:
    (one,) = github.comments[8]
    return str(one["body"])


def packed(body: bytes) -> bytes:
    lines = base64.b64encode(body).decode()
    return "\n".join((BEGIN, *(lines[at : at + 120] for at in range(0, len(lines), 120)), END)).encode()


def document(**changed: Any) -> bytes:
    return packed(gzip.compress(json.dumps({"format": 2, "made": "x", **changed}).encode()))


def preview_of(text: str) -> bytes:
    rows = ((text,) * 4,) * 3
    said = Preview(made=text, rows=rows, rights=(text,), failures=(text,), unknown=(text,), lines=(text,))
    return to_log(said).encode()


HUGE = b"[" * 400_000 + b"]" * 400_000
UNSOUND = {
    "nothing": b"the build has failed",
    "cut": SOUND[:-20],
    "no gzip": packed(b"PK\x03\x04" * 100),
    "a bomb": packed(gzip.compress(b" " * 100_000_000)),
    "a bomb in a bomb": packed(gzip.compress(gzip.compress(b"0" * 100_000_000))),
    "deep": packed(gzip.compress(HUGE)),
    "a number of 100,000 digits": packed(gzip.compress(b'{"format":' + b"9" * 100_000 + b"}")),
    "another format": document(format=99),
    "other types": document(rows=[[1, 2, 3, 4]]),
    "too many rows": document(rows=[["a", "b", "c", "d"]] * 1001),
    "too long": document(lines=["x" * 401]),
    "no digest": document(digest="0" * 63 + "`"),
    "half a character": packed(gzip.compress(b'{"format": 2, "made": "\\ud800"}')),
    "two megabytes of base64": BEGIN.encode() + b"\n" + (b"A" * 120 + b"\n") * 20_000 + END.encode(),
    "eleven megabytes": b"x\n" * 5_500_000,
    "only beginnings": (BEGIN + "\n").encode() * 100_000,
    "only ends": (END + "\n").encode() * 100_000,
    "no text": bytes(range(256)) * 1000,
}


@pytest.mark.parametrize("log", UNSOUND.values(), ids=UNSOUND)
def test_what_is_no_preview_is_told_as_that_and_makes_no_run_red(
    github: GitHubServer, tmp_path: Path, log: bytes
) -> None:
    answers(github, log)
    began = time.process_time()
    assert told(github, tmp_path) == "pull request 8: said"

    assert time.process_time() - began < 5
    assert "which could not be planned" in shown(github) and f"`{COMMIT[:12]}`" in shown(github)
    assert len(shown(github)) < 1500


def test_the_plan_of_an_older_commit_does_not_stay_when_the_next_one_says_nothing(
    github: GitHubServer, tmp_path: Path
) -> None:
    answers(github, SOUND, {"number": 8, "head": head(OLDER)})
    told(github, tmp_path, head_sha=OLDER)
    assert OLDER[:12] in shown(github) and "`orders`" in shown(github)

    answers(github, b"nothing")
    told(github, tmp_path)
    assert OLDER[:12] not in shown(github) and "`orders`" not in shown(github)


@pytest.mark.parametrize(
    "requests",
    [
        [{"number": 7, "head": head(OLDER)}],
        [{"number": 7, "head": head(repository=OURS)}],
        [{"number": 7, "head": head(repository=None)}],
        [{"number": "8; rm -rf /", "head": head()}],
        [{"number": 7}, {"head": head()}, None, 7],
        {"message": "no list"},
    ],
)
def test_a_run_speaks_in_its_own_pull_request_only(github: GitHubServer, tmp_path: Path, requests: Any) -> None:
    """A member's of the same owner, branch and commit is not hers, and a number in her log is no number."""
    answers(github, to_log(Preview(made="Pull request 1")).encode())
    github.answers["/units/pulls"] = (200, {}, json.dumps(requests).encode())

    assert "nothing is said" in told(github, tmp_path)
    assert github.writes == []


def test_a_fork_that_is_gone_and_a_run_without_the_job_say_nothing(github: GitHubServer, tmp_path: Path) -> None:
    answers(github, None)
    assert "the fork is gone" in told(github, tmp_path, head_repository=None)
    assert "no log of a job" in told(github, tmp_path)
    assert github.writes == []


@pytest.mark.parametrize("changed", [{"id": "5"}, {"head_sha": None}, {"head_repository": {}}, {"head_branch": 7}])
def test_another_event_is_none(github: GitHubServer, tmp_path: Path, changed: Mapping[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="no `workflow_run`"):
        told(github, tmp_path, **changed)
    assert github.asked == []


TRUSTED = render(Comment(number=8, commit=COMMIT, title="Merging this changes", lines=(f"### {COMMIT}",)), 65_536)


def test_no_word_of_hers_replaces_a_plan_with_credentials_of_the_same_commit(
    github: GitHubServer, tmp_path: Path
) -> None:
    """A maintainer has agreed to the commit; closing and opening the pull request again runs her job once more."""
    github.written(8, TRUSTED)
    answers(github, SOUND)
    assert told(github, tmp_path) == "pull request 8: nothing new"
    assert shown(github) == TRUSTED

    answers(github, SOUND, {"number": 8, "head": head(OLDER)})
    assert told(github, tmp_path, head_sha=OLDER) == "pull request 8: said"
    assert "nobody has to believe" in shown(github), "of another commit the plan says nothing"


ACTING = (
    "@acme/admins [x](https://evil.example) ![x](https://evil.example/x.png) <img src=x> <!-- x --> #1 a/b#1",
    "```\n# Approved\n```\n- [x] merge",
    "| a | b |\n| --- | --- |\n\n***bold*** ~~x~~ :tada: $$x$$ [^1] <details><summary>",
    f"{MARKER}\n\n### Merging this changes\n\nPull request 1 at `{COMMIT[:12]}`",
    "</code></pre><script>alert(1)</script>&lt;&#96;",
    "javascript:alert(1) https://evil.example www.evil.example mailto:a@b.c",
    "\u202e\u2066\u200b\u200d\ufeff\u00ad\u2028\u2029\x1b[2J\x00\x08\x7f\r",
    "\\`\\`x``y```z````",
)


@pytest.mark.parametrize("text", ACTING)
def test_nothing_of_hers_is_more_than_code(github: GitHubServer, tmp_path: Path, text: str) -> None:
    answers(github, preview_of(text))
    told(github, tmp_path)
    hers = shown(github)
    answers(github, preview_of("x"))
    told(github, tmp_path)

    def ours(body: str) -> str:
        return "".join(part for number, part in enumerate(body.split("`")) if number % 2 == 0)

    assert ours(hers) == ours(shown(github)), "all that differs stands in code"
    assert hers.startswith(f"{MARKER}\n\n### A stranger's change, planned without credentials\n")
    assert all(sign.isprintable() or sign == "\n" for sign in hers)


@pytest.mark.parametrize("text", ["e" + "\u0301" * 60, "\u3164" * 10, "a\ufe0f\U000e0101b", "\u2800\u115f"])
def test_nothing_covers_or_hides_the_lines_that_are_ours(github: GitHubServer, tmp_path: Path, text: str) -> None:
    answers(github, preview_of(text))
    told(github, tmp_path)

    assert "\u0301" * 3 not in shown(github)
    assert not set(text) - {"e", "a", "b", "\u0301"} & set(shown(github))


def test_the_token_goes_to_the_api_alone(github: GitHubServer, tmp_path: Path) -> None:
    answers(github, SOUND)
    told(github, tmp_path)
    sent = {token for (_, path), token in zip(github.asked, github.tokens, strict=True) if path.endswith("blob")}
    assert sent == {""}
    assert TOKEN not in shown(github)
