"""What GitLab, Bitbucket and GitHub alone can show: whether they take what runs say, and what their tokens claim.

Off by default: without the variables of a host, these tests run against a stand-in on this machine that answers as the
host documents, so that they work when somebody needs them. The page `try-it-on-real-aws` says what switches each on,
and what it costs. A test makes a repository of its own, and deletes it; what a killed one left, the next deletes.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from fnmatch import fnmatchcase

import attrs
import pytest

from multi_env_lambda.host.bitbucket_api import BITBUCKET_API, AtBitbucket
from multi_env_lambda.host.github import PUBLIC
from multi_env_lambda.host.gitlab_api import GITLAB_API, AtGitLab
from tests.plan.test_gitlab_pipeline import written

from . import stand_in_hosts as stand_ins
from .git_hosts import PREFIX, TAG, BitbucketRepository, GitHubRepository, GitLabProject, LiveRepository
from .web import Web

MARKER = "[multi-env-lambda]: # "
Made = Callable[..., LiveRepository]


@attrs.frozen
class Kind:
    """A host. ``switch`` names the variable with the owner of what is made; the token's name begins with it."""

    switch: str
    public: str
    made: Made
    stand_in: Callable[[], AbstractContextManager[str]]


KINDS = {
    "gitlab": Kind("MULTI_ENV_LAMBDA_LIVE_GITLAB", GITLAB_API, GitLabProject, stand_ins.gitlab),
    "bitbucket": Kind("MULTI_ENV_LAMBDA_LIVE_BITBUCKET", BITBUCKET_API, BitbucketRepository, stand_ins.bitbucket),
    "github": Kind("MULTI_ENV_LAMBDA_LIVE_GITHUB", PUBLIC, GitHubRepository, stand_ins.github),
}


@pytest.fixture(scope="module", params=sorted(KINDS))
def repository(request: pytest.FixtureRequest) -> Iterator[LiveRepository]:
    """A new one, and nothing of it afterwards."""
    kind = KINDS[request.param]
    owner = os.environ.get(kind.switch, "")
    there = nullcontext(kind.public) if owner else kind.stand_in()
    with there as address:
        token = os.environ[f"{kind.switch}_TOKEN"] if owner else stand_ins.TOKEN
        web = Web(address=address, token=token)
        name = f"{PREFIX}{secrets.token_hex(3)}"
        found = kind.made(web=web, owner=owner or "acme", name=name, api=address)
        for old in found.left():
            found.remove(old)
        try:
            found.begin()
            yield found
        finally:
            found.end()
        assert found.left() == [], "a live test leaves nothing behind"


def test_it_takes_what_runs_say_and_finds_what_was_merged(repository: LiveRepository) -> None:
    host = repository.speaker()
    commit = repository.commit("change", "one")
    number = repository.open("change")
    texts = [f"{MARKER}\n\n### {text}\n\n| a | b |\n| --- | --- |\n| `c` | d |\n" for text in ("one", "one", "two")]

    assert [host.comment(number, MARKER, text) for text in texts] == [True, False, True]
    assert [host.status(commit, "success", text, "https://example.org/1") for text in ("a", "a", "b")] == [
        True,
        False,
        True,
    ]
    if isinstance(host, AtGitLab | AtBitbucket):
        (there,) = host.open_requests("main", 50).items()
        assert there[0] == number and commit.startswith(there[1])
    merge = repository.merge(number)
    assert host.merged([merge], "main") == {number: merge}
    if isinstance(host, AtGitLab | AtBitbucket):
        assert host.open_requests("main", 50) == {}


def test_its_tokens_claim_what_the_roles_compare(repository: LiveRepository) -> None:
    deploys, reads = repository.subjects()
    merged = repository.commit("main", "a commit of the protected branch")
    claims = repository.claims("main", merged)

    assert fnmatchcase(claims["sub"], deploys), claims
    change = repository.commit("other", "a change")
    repository.open("other")
    theirs = repository.claims("change", change)
    assert fnmatchcase(theirs["sub"], reads) and not fnmatchcase(theirs["sub"], deploys), theirs
    if isinstance(repository, GitLabProject | GitHubRepository):
        repository.tag(TAG)
        tagged = repository.claims("tag", merged)
        assert not fnmatchcase(tagged["sub"], deploys) and not fnmatchcase(tagged["sub"], reads), tagged


def test_its_own_grammar_has_nothing_against_what_is_written(repository: LiveRepository) -> None:
    if isinstance(repository, GitLabProject):
        assert repository.lint(written()) == []
        assert repository.lint("job: {script: 7, rules: 8}\n"), "a grammar that takes everything shows nothing"
