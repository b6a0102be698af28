"""The signature of a webhook: over the raw bytes, in one header, by one of the secrets; anything else is refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import inspect
import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multi_env_lambda.aws.event_bus import LARGEST_EVENT, put_event
from multi_env_lambda.ci import read_webhook
from multi_env_lambda.ci.happened import NotForUs
from multi_env_lambda.ci.hosts.extracts import SHAPES, extract
from multi_env_lambda.ci.read import HEARD
from multi_env_lambda.ci.webhook import (
    LARGEST_BODY,
    LARGEST_DETAIL,
    Arrived,
    Delivery,
    Ignored,
    Refused,
    arrived,
    delivery_of,
    is_signed,
    secrets_of,
)
from multi_env_lambda.model.webhook import KINDS, SOURCES, WebhookHost
from multi_env_lambda.plan.access_boundary import OF_HOSTS
from tests.ci.examples import EXPECTED, example

HOSTS: tuple[WebhookHost, ...] = get_args(WebhookHost)
SECRET = b"a-secret-of-32-characters-or-so."
NOW = 1_767_614_400
ID = "72d3162e-cc78-11e3-81ab-4c9367dc0958"
BODY = json.dumps(example("github-push")["detail"]).encode()


def request(
    body: bytes = BODY, *, secret: bytes = SECRET, base64_encoded: bool = False, **headers: str | None
) -> dict[str, Any]:
    """As a function URL passes what GitHub sends; ``headers`` with ``_`` for ``-``, None: left out."""
    found: dict[str, str | None] = {
        "content-type": "application/json",
        "x-github-event": "push",
        "x-github-delivery": ID,
        "x-hub-signature": "sha1=" + "0" * 40,
        "x-hub-signature-256": "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest(),
    }
    found |= {name.replace("_", "-"): value for name, value in headers.items()}
    return {
        "version": "2.0",
        "rawPath": "/",
        "headers": {name: value for name, value in found.items() if value is not None},
        "requestContext": {"http": {"method": "POST", "path": "/"}},
        "body": base64.b64encode(body).decode() if base64_encoded else body.decode("utf-8"),
        "isBase64Encoded": base64_encoded,
    }


def right(found: Arrived | Refused, secrets: tuple[bytes, ...] = (SECRET,), now: float = NOW) -> bool:
    return isinstance(found, Arrived) and is_signed(found, secrets, now)


# --- the bytes ---
@given(body=st.binary(max_size=400), secret=st.binary(min_size=16, max_size=64))
def test_whatever_the_bytes_are_the_secrets_signature_of_them_is_right(body: bytes, secret: bytes) -> None:
    assert right(arrived("github", request(body, secret=secret, base64_encoded=True)), (secret,))


@given(text=st.text(max_size=200))
def test_a_body_that_came_as_text_is_the_bytes_that_were_sent(text: str) -> None:
    assert right(arrived("github", request(text.encode("utf-8"))))


@given(body=st.binary(min_size=1, max_size=200), place=st.integers(min_value=0), other=st.integers(1, 255))
def test_one_other_byte_is_another_body(body: bytes, place: int, other: int) -> None:
    made = request(body, base64_encoded=True)
    changed = bytearray(body)
    changed[place % len(body)] ^= other
    for forged in (bytes(changed), body[:-1], body + b"\n", body + body):
        assert not right(arrived("github", {**made, "body": base64.b64encode(forged).decode()}))


def test_a_signature_that_only_begins_right_is_wrong() -> None:
    wrong = [GIVEN[:-1] + ("0" if GIVEN[-1] != "0" else "1"), GIVEN[:30] + "0" * (len(GIVEN) - 30)]
    assert [right(arrived("github", request(x_hub_signature_256=one))) for one in wrong] == [False, False]


@given(secret=st.binary(min_size=16, max_size=64))
def test_another_secret_signs_nothing(secret: bytes) -> None:
    assert right(arrived("github", request(secret=secret))) == (secret == SECRET)


@given(signature=st.text(max_size=80) | st.from_regex(r"(sha256|sha1|SHA256|)=?[0-9a-fA-F]{62,66}", fullmatch=True))
def test_no_other_text_is_a_signature(signature: str) -> None:
    assert not right(arrived("github", request(x_hub_signature_256=signature)))


@given(
    found=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda x: (
            st.lists(x, max_size=4)
            | st.dictionaries(
                st.sampled_from(["headers", "body", "requestContext", "http", "method", "rawPath", "isBase64Encoded"])
                | st.text(max_size=8),
                x,
                max_size=5,
            )
        ),
        max_leaves=20,
    )
)
@pytest.mark.parametrize("host", HOSTS)
def test_whatever_calls_is_refused_and_raises_nothing(host: WebhookHost, found: object) -> None:
    assert isinstance(arrived(host, found), Refused)


# --- the headers ---
GIVEN = request()["headers"]["x-hub-signature-256"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"x_hub_signature_256": None}, 401),
        ({"x_hub_signature_256": ""}, 401),
        ({"x_hub_signature_256": f"{GIVEN}, {GIVEN}"}, 401),
        ({"x_hub_signature_256": f"{GIVEN},sha256={'0' * 64}"}, 401),
        ({"x_hub_signature_256": f" {GIVEN}"}, 401),
        ({"x_hub_signature_256": GIVEN.upper()}, 401),
        ({"x_hub_signature_256": GIVEN[:-1]}, 401),
        ({"x_hub_signature_256": GIVEN + "0"}, 401),
        ({"x_hub_signature_256": GIVEN.removeprefix("sha256=")}, 401),
        ({"x_hub_signature_256": GIVEN.replace("sha256", "sha1")}, 401),
        ({"x_hub_signature_256": GIVEN.replace("=", "=\n")}, 401),
        ({"x_hub_signature_256": None, "X_Hub_Signature_256": GIVEN}, 401),
        ({"x_github_delivery": None}, 400),
        ({"x_github_delivery": f"{ID},{ID}"}, 400),
        ({"x_github_delivery": "../../protected"}, 400),
        ({"x_github_delivery": "a"}, 400),
        ({"x_github_event": None}, 400),
        ({"x_github_event": "push,push"}, 400),
        ({"x_github_event": "push\nping"}, 400),
        ({"content_type": None}, 415),
        ({"content_type": "application/x-www-form-urlencoded"}, 415),
        ({"content_type": "application/json, text/plain"}, 415),
        ({"content_type": "application/json; charset=utf-16"}, 415),
        ({"content_encoding": "gzip"}, 415),
    ],
)
def test_a_header_that_is_missing_double_or_of_another_form_is_refused(
    headers: Mapping[str, str | None], status: int
) -> None:
    found = arrived("github", request(**headers))
    assert isinstance(found, Refused)
    assert found.status == status


def test_a_charset_that_says_utf_8_is_no_other_content_type() -> None:
    assert right(arrived("github", request(content_type="Application/JSON; charset=UTF-8")))


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"requestContext": {"http": {"method": "GET"}}}, 405),
        ({"requestContext": {}}, 405),
        ({"rawPath": "/admin"}, 404),
        ({"body": "%%%", "isBase64Encoded": True}, 400),
        ({"body": "a b=", "isBase64Encoded": True}, 400),
        ({"body": "\ud800"}, 400),
        ({"body": 7}, 400),
        ({"body": "x" * (LARGEST_BODY + 1)}, 413),
    ],
)
def test_another_method_path_or_body_is_refused(changed: Mapping[str, Any], status: int) -> None:
    found = arrived("github", {**request(), **changed})
    assert isinstance(found, Refused)
    assert found.status == status


def test_a_body_that_is_not_there_is_refused_by_its_signature() -> None:
    made = request()
    del made["body"]
    assert not right(arrived("github", made))


def test_nothing_that_is_printed_has_the_body_or_a_signature_in_it() -> None:
    found = arrived("github", request())
    assert "refs/heads/main" not in repr(found)
    assert isinstance(found, Arrived)
    assert repr(found.signatures[0]) not in repr(found)


# --- the secrets ---
def test_two_secrets_are_right_at_once_while_one_replaces_the_other() -> None:
    new, old = secrets_of("github", "the-new-secret-0000\n" + "the-old-secret-0000\n")
    for secret in (new, old):
        assert right(arrived("github", request(secret=secret)), (new, old))
    assert not right(arrived("github", request(secret=old)), (new,))


@pytest.mark.parametrize("text", ["", "\n \n", "short", "a" * 16 + "\nshort", "\n".join(["a" * 16] * 3)])
def test_what_is_no_secret_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(ValueError, match="secret") as raised:
        secrets_of("github", text)
    assert "short" not in str(raised.value).replace("shorter", "")


@pytest.mark.parametrize("text", ["a" * 40, "whsec_", "whsec_AAAA", "whsec_%%%%", "whsec_" + "A" * 41])
def test_gitlabs_secret_is_a_signing_token(text: str) -> None:
    with pytest.raises(ValueError, match="signing token"):
        secrets_of("gitlab", text)


def test_signatures_are_compared_in_constant_time() -> None:
    """No test could time it, so the text of the function is looked at."""
    text = inspect.getsource(is_signed)
    assert text.count("hmac.compare_digest(") == 1
    assert "==" not in text


# --- the other hosts ---
def of_gitlab(body: bytes = b"{}", *, sent: str = str(NOW), **headers: str) -> dict[str, Any]:
    digest = hmac.new(SECRET, b".".join((ID.encode(), sent.encode(), body)), hashlib.sha256).digest()
    own = {
        "x_github_event": None,
        "x_gitlab_event": "Push Hook",
        "webhook_id": ID,
        "webhook_timestamp": sent,
        "webhook_signature": "v1," + base64.b64encode(digest).decode(),
    }
    return request(body, **{**own, **headers})


def test_gitlab_signs_the_delivery_and_its_time_as_well() -> None:
    assert secrets_of("gitlab", "whsec_" + base64.b64encode(SECRET).decode()) == (SECRET,)
    found = arrived("gitlab", of_gitlab())
    assert [right(found, now=NOW + late) for late in (0, 300, 301, -301)] == [True, True, False, False]
    assert not right(arrived("gitlab", of_gitlab(webhook_id=ID.replace("7", "8"))))
    assert not right(arrived("gitlab", of_gitlab(webhook_timestamp=str(NOW + 1))))


@pytest.mark.parametrize("value", ["", "v1", "v1,", "v2,{0}", "{0}", "v1,{0},v1,{0}", "v1,{0} x", "v1,{0}  v1,{0}"])
def test_gitlabs_header_has_one_or_two_signatures_and_nothing_else(value: str) -> None:
    one = of_gitlab()["headers"]["webhook-signature"].removeprefix("v1,")
    found = arrived("gitlab", of_gitlab(webhook_signature=value.format(one)))
    assert isinstance(found, Refused)
    assert found.status == 401
    both = arrived("gitlab", of_gitlab(webhook_signature=f"v1,{'A' * 43}= v1,{one}"))
    assert right(both)


def test_a_token_that_signs_nothing_is_not_enough_at_gitlab() -> None:
    plain = of_gitlab(webhook_signature="", x_gitlab_token=SECRET.decode())
    assert isinstance(arrived("gitlab", plain), Refused)


def test_bitbucket_signs_as_github_does_under_another_name() -> None:
    own = {"x_event_key": "repo:push", "x_request_uuid": ID}
    made = request(x_hub_signature=GIVEN, **own)
    assert right(arrived("bitbucket", made))
    assert not right(arrived("github", request(x_hub_signature_256=None, x_hub_signature=GIVEN)))


# --- what it says ---
OF_HOSTS_NAMES = [name for name in sorted(EXPECTED) if name.startswith(HOSTS)]


@pytest.mark.parametrize("name", OF_HOSTS_NAMES)
def test_an_event_goes_to_the_bus_as_an_extract_of_which_the_reader_says_the_same(name: str) -> None:
    event = example(name)
    host = next(one for one in HOSTS if name.startswith(one))
    kinds = {"push": "Push Hook", "tag_push": "Tag Push Hook", "merge_request": "Merge Request Hook"}
    kind = kinds.get(event["detail"].get("object_kind"), "Pipeline Hook") if host == "gitlab" else event["detail-type"]
    body = json.dumps(event["detail"]).encode()
    found = delivery_of(Arrived(host=host, kind=kind, id=ID, body=body, signed=body, signatures=()))

    if kind not in KINDS[host]:
        assert isinstance(found, Ignored)
        asked = event["detail-type"] in ("schedule", "workflow_dispatch")
        assert asked or all(isinstance(one, NotForUs) for one in EXPECTED[name])
    else:
        assert isinstance(found, Delivery)
        assert read_webhook(host, found.kind, json.dumps(found.detail)) == EXPECTED[name]
        assert "@" not in json.dumps(found.detail), "no address of anybody"


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.sampled_from(
        [
            "refs/heads/main",
            "refs/tags/v1",
            "0" * 40,
            "1" * 40,
            "branch",
            "tag",
            "opened",
            "closed",
            "approved",
            "push",
            "\ud800",
            "x" * 5000,
            "True",
            "12",
        ]
    )
)


def bodies(shape: Any) -> st.SearchStrategy[Any]:
    """Bodies with these keys, each missing, or of the right kind or another one, and some other keys."""
    if shape is None:
        return LEAVES
    inner = st.fixed_dictionaries({}, optional={key: bodies(below) for key, below in shape.items()})
    return (
        LEAVES
        | st.lists(inner, max_size=3)
        | st.builds(
            lambda one, more: {**more, **one},
            inner,
            st.dictionaries(st.sampled_from(["pusher", "email", "commits"]), LEAVES, max_size=2),
        )
    )


CASES = st.sampled_from([(host, kind) for host in HOSTS for kind in KINDS[host]])


@given(case=CASES, data=st.data())
def test_of_any_body_the_reader_says_what_it_says_of_the_extract(case: tuple[WebhookHost, str], data: Any) -> None:
    host, kind = case
    body = data.draw(bodies(SHAPES[host]))
    part = extract(body, SHAPES[host])

    assert read_webhook(host, kind, json.dumps(body)) == read_webhook(host, kind, json.dumps(part))
    assert len(json.dumps(part)) <= 256 * 1024


@pytest.mark.parametrize("depth", [100, 300, 500, 900])
def test_lists_in_lists_are_an_answer_however_deep_they_are(depth: int) -> None:
    """Some versions of Python read deeper JSON than a function of Python can follow."""
    body = b'{"repository":' + b"[" * depth + b"]" * depth + b"}"
    found = delivery_of(Arrived(host="github", kind="push", id=ID, body=body, signed=body, signatures=()))
    assert isinstance(found, Delivery | Refused)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"[" * 200_000, b"\xff", b'"x"', b"9" * 5000])
def test_a_signed_body_that_is_no_object_is_refused(body: bytes) -> None:
    found = delivery_of(Arrived(host="github", kind="push", id=ID, body=body, signed=body, signatures=()))
    assert isinstance(found, Refused)
    assert found.status == 400


def bitbucket(names: int, name: str) -> Arrived:
    """A push that moves so many branches of this name."""
    end = {"type": "branch", "name": name, "target": {"hash": "1" * 40}}
    detail = {"repository": {"full_name": "acme/units"}, "push": {"changes": [{"new": end, "old": end}] * names}}
    body = json.dumps(detail).encode()
    return Arrived(host="bitbucket", kind="repo:push", id=ID, body=body, signed=body, signatures=())


def test_a_push_of_a_hundred_branches_with_the_longest_names_is_an_event() -> None:
    found = delivery_of(bitbucket(150, "é" * 122))
    assert isinstance(found, Delivery)
    sent: list[Any] = []
    client = SimpleNamespace(put_events=lambda Entries: sent.extend(Entries) or {})
    put_event(client, found.source, found.kind, found.detail)
    assert len(read_webhook("bitbucket", found.kind, sent[0]["Detail"])) == 100


def test_what_is_longer_than_an_event_is_not_asked_for_again() -> None:
    """It would never fit, and anyone who may push could raise the alarm about the receiver."""
    found = delivery_of(bitbucket(100, "x" * 4000))
    assert isinstance(found, Refused)
    assert found.status == 413
    assert LARGEST_DETAIL + 1024 < LARGEST_EVENT


def test_the_sources_are_those_that_the_rules_hear_and_no_unit_may_use() -> None:
    assert set(SOURCES.values()) <= set(HEARD) & set(OF_HOSTS)
