"""Whether a request to the receiver comes from the Git host: its form, its signature over the raw bytes, what it says.

The body is text of anybody until its signature is found right; nothing in it is read before. Headers are as a function
URL passes them: in small letters, and one that came twice as both values with a comma between, which no form accepts.

Sources: https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html (the request),
https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries,
https://support.atlassian.com/bitbucket-cloud/docs/manage-webhooks/ (the same under another name) and
https://docs.gitlab.com/user/project/integrations/webhooks/ (signing tokens; the form is that of standardwebhooks.com)
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from typing import Final

import attrs

from multi_env_lambda.ci.hosts.extracts import SHAPES, extract
from multi_env_lambda.model.webhook import KINDS, SOURCES, WebhookHost

__all__ = [
    "LARGEST_BODY",
    "LARGEST_DETAIL",
    "Arrived",
    "Delivery",
    "Ignored",
    "Refused",
    "arrived",
    "delivery_of",
    "is_signed",
    "knock",
    "secrets_of",
]

LARGEST_BODY: Final = 6 * 1024 * 1024
"""Bytes; a function gets no longer request."""

LARGEST_DETAIL: Final = 240 * 1024
"""Bytes of what goes to the bus. A hundred changes in one push, with names as long as Git takes them, have a fourth."""

_SHORTEST_SECRET: Final = 16
_MOST_SECRETS = 2
_FIVE_MINUTES = 300

_ID = re.compile(r"\{?[0-9A-Za-z][0-9A-Za-z-]{7,63}\}?")
_KIND = re.compile(r"[A-Za-z][A-Za-z0-9 _:-]{0,63}")
_HEXADECIMAL = re.compile(r"sha256=([0-9a-f]{64})")
_SECONDS = re.compile(r"[0-9]{1,12}")
_STANDARD = re.compile(r"v1,([A-Za-z0-9+/]{43}=)")
_GITLABS_SECRET = re.compile(r"whsec_([A-Za-z0-9+/]+={0,2})")


@attrs.frozen(kw_only=True)
class _Form:
    """The headers in which a host names the kind of event, the delivery, and the signature."""

    kind: str
    id: str
    signature: str
    time: str = ""


_FORMS: Final[Mapping[WebhookHost, _Form]] = {
    "bitbucket": _Form(kind="x-event-key", id="x-request-uuid", signature="x-hub-signature"),
    "github": _Form(kind="x-github-event", id="x-github-delivery", signature="x-hub-signature-256"),
    "gitlab": _Form(kind="x-gitlab-event", id="webhook-id", signature="webhook-signature", time="webhook-timestamp"),
}


@attrs.frozen(kw_only=True)
class Refused:
    """A request that is answered with this status, and read no further."""

    status: int
    reason: str


@attrs.frozen(kw_only=True)
class Arrived:
    """A request of the right form, from anybody.

    Args:
        signed: the bytes that the signatures are over. signatures: one, or several while a secret is replaced.
        sent: when it was signed, in seconds since 1970; None where a host does not sign that.
    """

    host: WebhookHost
    kind: str
    id: str
    body: bytes = attrs.field(repr=False)
    signed: bytes = attrs.field(repr=False)
    signatures: tuple[bytes, ...] = attrs.field(repr=False)
    sent: int | None = None


@attrs.frozen(kw_only=True)
class Delivery:
    """What goes to the bus."""

    source: str
    kind: str
    detail: Mapping[str, object]


@attrs.frozen(kw_only=True)
class Ignored:
    """A request of the host that no event follows from."""

    reason: str


def arrived(host: WebhookHost, request: object) -> Arrived | Refused:
    """Read a request as a function URL passes it. Nothing of it raises."""
    given = request if isinstance(request, Mapping) else {}
    headers = _headers(given.get("headers"))
    refused = _refused_for_its_form(given, headers)
    if refused is not None:
        return refused
    body = _body(given)
    if body is None:
        return Refused(status=400, reason="the body cannot be decoded")
    if len(body) > LARGEST_BODY:
        return Refused(status=413, reason=f"the body is longer than {LARGEST_BODY} bytes")
    return _arrived(host, headers, body)


def _headers(found: object) -> Mapping[str, str]:
    if not isinstance(found, Mapping):
        return {}
    return {key: value for key, value in found.items() if isinstance(key, str) and isinstance(value, str)}


def _refused_for_its_form(given: Mapping[object, object], headers: Mapping[str, str]) -> Refused | None:
    context = given.get("requestContext")
    http = context.get("http") if isinstance(context, Mapping) else None
    method = http.get("method") if isinstance(http, Mapping) else None
    if method != "POST":
        return Refused(status=405, reason="only POST is accepted")
    if given.get("rawPath") not in ("/", ""):
        return Refused(status=404, reason="there is nothing under this path")
    kind, _, parameters = headers.get("content-type", "").lower().partition(";")
    if kind.strip() != "application/json" or parameters.strip() not in ("", "charset=utf-8"):
        return Refused(status=415, reason="only application/json is accepted: choose it where the webhook is set up")
    if "content-encoding" in headers:
        return Refused(status=415, reason="no content encoding is accepted")
    return None


def _body(given: Mapping[object, object]) -> bytes | None:
    """The bytes that were sent; None if that cannot be known."""
    body = given.get("body", "")
    if not isinstance(body, str):
        return None
    try:
        return base64.b64decode(body, validate=True) if given.get("isBase64Encoded") is True else body.encode("utf-8")
    except (binascii.Error, UnicodeEncodeError, ValueError):
        return None


def _arrived(host: WebhookHost, headers: Mapping[str, str], body: bytes) -> Arrived | Refused:
    form = _FORMS[host]
    kind, name, signature = (headers.get(key, "") for key in (form.kind, form.id, form.signature))
    for key, value, pattern in ((form.kind, kind, _KIND), (form.id, name, _ID)):
        if not pattern.fullmatch(value):
            return Refused(status=400, reason=f"exactly one {key} is expected, in the form that the host sends")
    signatures = _signatures(host, signature)
    if not signatures:
        return Refused(status=401, reason=f"exactly one {form.signature} is expected, in the form that the host sends")
    if not form.time:
        return Arrived(host=host, kind=kind, id=name, body=body, signed=body, signatures=signatures)
    sent = headers.get(form.time, "")
    if not _SECONDS.fullmatch(sent):
        return Refused(status=400, reason=f"exactly one {form.time} is expected, in seconds")
    signed = b".".join((name.encode(), sent.encode(), body))
    return Arrived(host=host, kind=kind, id=name, body=body, signed=signed, signatures=signatures, sent=int(sent))


def _signatures(host: WebhookHost, text: str) -> tuple[bytes, ...]:
    """The digests that a header names; nothing unless all of it has the form."""
    if host != "gitlab":
        found = _HEXADECIMAL.fullmatch(text)
        return () if found is None else (bytes.fromhex(found[1]),)
    words = [_STANDARD.fullmatch(word) for word in text.split(" ")]
    if len(words) > _MOST_SECRETS:
        return ()
    return tuple(base64.b64decode(word[1]) for word in words if word is not None) if all(words) else ()


def knock(host: WebhookHost, now: float) -> tuple[Mapping[str, str], bytes]:
    """Headers and body of a request that the receiver has to refuse, once it has compared the signature."""
    form = _FORMS[host]
    wrong = f"v1,{base64.b64encode(bytes(32)).decode()}" if host == "gitlab" else f"sha256={bytes(32).hex()}"
    headers = {"content-type": "application/json", form.kind: "ping", form.id: "0" * 32, form.signature: wrong}
    return {**headers, **({form.time: str(int(now))} if form.time else {})}, b"{}"


def secrets_of(host: WebhookHost, text: str) -> tuple[bytes, ...]:
    """The keys in what is stored: one secret a line, two while one is replaced by the other.

    Raises:
        ValueError: it is nothing that signatures could be checked with; the text itself is not in the message.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not 0 < len(lines) <= _MOST_SECRETS:
        raise ValueError(f"found {len(lines)} lines; expected one secret, or two while it is replaced")
    if host == "gitlab":
        return tuple(_gitlabs(line) for line in lines)
    if any(len(line) < _SHORTEST_SECRET for line in lines):
        raise ValueError(f"a secret is shorter than {_SHORTEST_SECRET} characters")
    return tuple(line.encode("utf-8") for line in lines)


def _gitlabs(line: str) -> bytes:
    found = _GITLABS_SECRET.fullmatch(line)
    try:
        key = base64.b64decode(found[1], validate=True) if found is not None else b""
    except (binascii.Error, ValueError):
        key = b""
    if len(key) < _SHORTEST_SECRET:
        raise ValueError("a secret is no signing token of GitLab, which begins with `whsec_`")
    return key


def is_signed(request: Arrived, secrets: Iterable[bytes], now: float) -> bool:
    """Whether one of the secrets made one of the signatures, over exactly these bytes.

    Each pair is compared, in a time that does not depend on where they differ.
    """
    found = False
    for secret in secrets:
        right = hmac.new(secret, request.signed, hashlib.sha256).digest()
        for signature in request.signatures:
            found = hmac.compare_digest(right, signature) or found
    return found and (request.sent is None or abs(now - request.sent) <= _FIVE_MINUTES)


def delivery_of(request: Arrived) -> Delivery | Ignored | Refused:
    """What a request says whose signature is right."""
    if request.kind == "ping":
        return Ignored(reason="the webhook is set up")
    if request.kind not in KINDS[request.host]:
        return Ignored(reason="nothing follows from this kind of event")
    try:
        found = json.loads(request.body)
        detail = extract(found, SHAPES[request.host])
    except (ValueError, RecursionError):
        return Refused(status=400, reason="the body is no JSON")
    if not isinstance(found, dict) or not isinstance(detail, dict):
        return Refused(status=400, reason="the body is no JSON object")
    if len(json.dumps(detail, ensure_ascii=False).encode("utf-8")) > LARGEST_DETAIL:
        # An error of the receiver would ask for it again, and raise an alarm.
        return Refused(status=413, reason="it says more than an event may; the hourly check finds what it is about")
    return Delivery(source=SOURCES[request.host], kind=request.kind, detail=detail)
