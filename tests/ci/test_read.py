"""From an event to what happened: what is documented is read, anything else is a reason and never a traceback."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multi_env_lambda.ci import (
    ApprovalGiven,
    BranchGone,
    BranchMoved,
    Happened,
    NotForUs,
    PullRequestChanged,
    TagMade,
    read_event,
    read_webhook,
)
from multi_env_lambda.ci.happened import Host
from multi_env_lambda.ci.names import commit_id, is_ref_name
from multi_env_lambda.ci.read import LARGEST
from multi_env_lambda.flow.gate import approval_key
from tests.ci.examples import EVENTS, EXPECTED, example

NAMES = sorted(EXPECTED)
HOSTS: tuple[Host, ...] = get_args(Host)


@pytest.mark.parametrize("name", NAMES)
def test_an_event_as_its_host_documents_it_is_read(name: str) -> None:
    assert read_event(example(name)) == EXPECTED[name]


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith(("github", "gitlab", "bitbucket"))])
def test_a_webhook_is_read_like_the_event_that_carries_it(name: str) -> None:
    event, host = example(name), next(host for host in HOSTS if name.startswith(host))

    assert read_webhook(host, event["detail-type"], json.dumps(event["detail"])) == EXPECTED[name]


def test_every_example_has_an_expectation() -> None:
    assert {path.stem for path in EVENTS.glob("*.json")} == set(EXPECTED)


def test_every_kind_of_what_happened_has_an_example() -> None:
    assert {type(one) for found in EXPECTED.values() for one in found} == set(get_args(Happened))


def test_the_key_of_an_approval_is_the_one_that_is_written() -> None:
    event = example("approval")
    digest = "5438c74cb320fbfc392e6e1589260112212030f4cb1ce43425aae635ff84130d"
    event["detail"]["object"]["key"] = approval_key("prod-eu", digest, "arn:aws:iam::111111111111:user/ada", "AIDAX")

    assert read_event(event) == (
        ApprovalGiven(bucket="acme-artifacts", environment="prod-eu", digest=digest, user_id="AIDAX"),
    )


@pytest.mark.parametrize(
    "key",
    [
        "environments/../approvals/{0}/{1}/a.json",
        "environments/prod/approvals/{0}/{1}/a/b.json",
        "x/{0}/{1}/a.json",
        "",
    ],
)
def test_another_key_is_no_approval(key: str) -> None:
    event = example("approval")
    event["detail"]["object"]["key"] = key.format("0" * 64, "0" * 16)

    assert isinstance(read_event(event)[0], NotForUs)


HOSTILE = ["feat/$(id)", 'a"b', "<kind>", "main\u202e", "`id`", "a;rm", "a|b", "a&b", "$IFS", "ünïcode/日本", "a" * 200]
NO_NAMES = [
    "",
    " ",
    "a b",
    "../x",
    "a..b",
    "-n",
    "--upload-pack=x",
    "a\nb",
    "a\0b",
    "a~1",
    "x.lock",
    "@",
    "@{u}",
    "a//b",
]


@pytest.mark.parametrize("branch", HOSTILE)
@pytest.mark.parametrize("name", ["codecommit-branch-updated", "github-push", "gitlab-push"])
def test_a_hostile_name_that_git_takes_is_kept_as_it_is(name: str, branch: str) -> None:
    event = example(name)
    event["detail"]["ref"] = event["detail"]["referenceFullName"] = f"refs/heads/{branch}"
    (found,) = read_event(event)

    assert isinstance(found, BranchMoved) and found.branch == branch


@pytest.mark.parametrize("branch", [*NO_NAMES, "\ud800", "a" * 245])
@pytest.mark.parametrize("name", ["codecommit-branch-updated", "github-push", "gitlab-push", "github-delete"])
def test_what_git_takes_for_no_name_is_nobodys_branch(name: str, branch: str) -> None:
    event = example(name)
    ref = branch if name == "github-delete" else f"refs/heads/{branch}"
    event["detail"]["ref"] = event["detail"]["referenceFullName"] = ref

    assert isinstance(read_event(event)[0], NotForUs)


def test_a_branch_whose_name_begins_like_a_ref_is_not_taken_for_another() -> None:
    event = example("github-delete")
    event["detail"]["ref"] = "refs/heads/main"

    assert [one.branch for one in read_event(event) if isinstance(one, BranchGone)] == ["refs/heads/main"]


def test_a_reference_that_is_called_two_things_is_neither() -> None:
    event = example("codecommit-branch-updated")
    event["detail"]["referenceType"] = "tag"

    assert read_event(event) == (NotForUs(reason="`refs/heads/main` is called a tag"),)


def test_a_reference_without_its_full_name_is_read_by_its_short_one() -> None:
    event = example("codecommit-branch-updated")
    del event["detail"]["referenceFullName"]

    assert read_event(event) == EXPECTED["codecommit-branch-updated"]


@pytest.mark.parametrize("merged", [True, "True", "true"])
def test_a_truth_may_be_a_word(merged: object) -> None:
    event = example("codecommit-pull-request-merged")
    event["detail"]["isMerged"] = merged

    assert read_event(event) == EXPECTED["codecommit-pull-request-merged"]


@pytest.mark.parametrize("names", [[], ["units", "others"], "units", None, [7]])
def test_a_pull_request_is_one_repositorys(names: object) -> None:
    event = example("codecommit-pull-request-created")
    event["detail"]["repositoryNames"] = names

    assert isinstance(read_event(event)[0], NotForUs)


@pytest.mark.parametrize("field", ["head", "base"])
@pytest.mark.parametrize("value", [None, {}, {"id": None}, {"id": "0"}, {"id": True}, "x", []])
def test_a_pull_request_from_who_knows_where_is_a_strangers(field: str, value: object) -> None:
    event = example("github-pull-request-opened")
    event["detail"]["pull_request"][field]["repo"] = value
    (found,) = read_event(event)

    assert isinstance(found, PullRequestChanged) and found.stranger


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b"[" * 100_000, b"1" * 5000, b'"' + b"a" * LARGEST + b'"', "\ud800", b"NaN", b"null"]
)
def test_whatever_comes_as_a_webhook_has_a_reason(body: bytes | str) -> None:
    for host in HOSTS:
        (found,) = read_webhook(host, "push", body)
        assert isinstance(found, NotForUs) and found.reason


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from([*HOSTILE, *NO_NAMES, "0" * 40]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)


def places(value: object, *above: Any) -> Iterator[tuple[Any, ...]]:
    """Where something stands in an event."""
    yield above
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from places(one, *above, key)


@st.composite
def mutated(draw: st.DrawFn) -> object:
    """An example of which up to three places were left out, or say something else."""
    event: Any = copy.deepcopy(example(draw(st.sampled_from(NAMES))))
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from([place for place in places(event) if place] or [()]))
        if not place:
            return draw(JSON)
        holder = event
        for key in place[:-1]:
            holder = holder[key]
        if draw(st.booleans()):
            holder[place[-1]] = draw(JSON)
        else:
            del holder[place[-1]]
    return event


@settings(max_examples=400)
@given(event=mutated())
def test_any_json_says_what_happened_or_why_it_is_not_for_us(event: object) -> None:
    found = read_event(event)

    assert found and all(isinstance(one, get_args(Happened)) for one in found)
    for one in found:
        match one:
            case NotForUs(reason=reason):
                assert reason and reason.isprintable()
            case BranchMoved(branch=name, repository=repository) | BranchGone(branch=name, repository=repository):
                assert is_ref_name(name) and repository
            case TagMade(tag=name, commit=commit):
                assert is_ref_name(name) and commit == commit_id(commit)
            case PullRequestChanged(number=number, branch=name, into=into):
                assert number > 0 and is_ref_name(name) and is_ref_name(into)
            case _:
                pass


@settings(max_examples=200)
@given(event=JSON, name=st.sampled_from(["push", "pull_request", "repo:push", "pullrequest:created", ""]))
def test_any_json_is_a_webhook_of_any_host_that_says_something(event: object, name: str) -> None:
    for host in HOSTS:
        assert all(isinstance(one, get_args(Happened)) for one in read_webhook(host, name, json.dumps(event)))
