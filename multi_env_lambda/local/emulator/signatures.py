"""Whether a request is signed by a principal that the local cloud knows.

Reason: ministack verifies some signatures on some paths, and never those of an account's root. Here every request is
verified, in its header or query, before ministack sees it, using ministack's own computation.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from .names import load, original

__all__ = ["Request", "body_failure", "failure", "is_signed", "needs_body", "request_of"]

_V4 = "AWS4-HMAC-SHA256"
_ROOT = re.compile(r"\d{12}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_IN_QUERY = ("x-amz-algorithm", "x-amz-credential", "x-amz-signature", "awsaccesskeyid")
_LONGEST_SECONDS = 7 * 24 * 3600

_MISSING = ("MissingAuthenticationToken", "Missing Authentication Token")
_UNKNOWN = ("UnrecognizedClientException", "The security token included in the request is invalid.")
_EXPIRED = ("AccessDenied", "Request has expired")
_AMBIGUOUS = (
    "InvalidArgument",
    "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or "
    "the Authorization header should be specified",
)
_OTHER_BODY = (
    "XAmzContentSHA256Mismatch",
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
)
_WRONG_SERVICE = ("SignatureDoesNotMatch", "Credential should be scoped to correct service")

Failure = tuple[str, str]
"""Code and message, as AWS words them."""


class Request(NamedTuple):
    """The parts of a request that are signed. ``service`` is the one that ministack will route it to."""

    method: str
    raw_path: str
    headers: dict[str, str]
    query: dict[str, list[str]]
    service: str


def request_of(scope: Mapping[str, Any]) -> Request:
    """The request in an ASGI scope; a repeated header is its values joined by a comma, as in the signature."""
    decode = original(load("ministack.core.sigv4"), "decode_header_value")
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), decode(value)
        headers[key] = f"{headers[key]},{text}" if key in headers else text
    query = parse_qs(scope.get("query_string", b"").decode("utf-8", "replace"), keep_blank_values=True)
    service = original(load("ministack.core.router"), "detect_service")(scope["method"], scope["path"], headers, query)
    raw_path = (scope.get("raw_path") or scope["path"].encode("utf-8")).decode("latin-1")
    return Request(scope["method"], raw_path, headers, query, service)


def is_signed(request: Request) -> bool:
    """Whether it claims an identity, rightly or not."""
    if request.headers.get("authorization", "").startswith("AWS"):
        return True
    names = {name.lower() for name in request.query}
    return any(name in names for name in _IN_QUERY) or bool(_claimed_key(request))


def needs_body(request: Request) -> bool:
    """Whether the signature covers a digest of the body that no header contains."""
    if not request.headers.get("authorization", "").startswith(_V4):
        return request.service != "s3"
    stated = request.headers.get("x-amz-content-sha256", "")
    return not stated or stated.startswith("STREAMING-AWS4-HMAC-SHA256-PAYLOAD")


def failure(request: Request, body: bytes, root_secret: str) -> Failure | None:
    """Why this request is not from the principal that it names; None if it is."""
    sigv4 = load("ministack.core.sigv4")
    in_header = request.headers.get("authorization", "")
    in_query = any(name.lower() in _IN_QUERY for name in request.query)
    if in_header and in_query:
        return _AMBIGUOUS
    if in_query and "AWSAccessKeyId" in request.query:
        return _failure_of_old_link(request)
    presigned = in_query and _one(request, "X-Amz-Algorithm") == _V4
    if not presigned and not in_header.startswith(f"{_V4} "):
        return _MISSING
    signature = (
        sigv4.parse_query_signature(request.query) if presigned else sigv4.parse_header_signature(request.headers)
    )
    if isinstance(signature, tuple):
        return signature
    if signature.access_key_id != _claimed_key(request):
        return _UNKNOWN
    if presigned and signature.service == "s3" and request.service != "s3":
        return _WRONG_SERVICE  # the body of such a link is not signed
    late = _late(request, signature) if presigned else sigv4.request_time_failure(signature)
    if late:
        return (str(late[0]), str(late[1]))
    token = _one(request, "X-Amz-Security-Token") if presigned else request.headers.get("x-amz-security-token", "")
    secret = _secret_of(signature.access_key_id, token, root_secret)
    if isinstance(secret, tuple):
        return secret
    found: Failure | None = sigv4.header_signature_failure(
        signature,
        secret,
        request.method,
        request.raw_path,
        request.query,
        request.headers,
        body,
        presigned=presigned,
    )
    return found


def body_failure(request: Request, chunks: Iterable[bytes]) -> Failure | None:
    """Whether the body differs from the digest in the header."""
    stated = request.headers.get("x-amz-content-sha256", "")
    if not _DIGEST.fullmatch(stated):
        return None  # there is none, or it is of chunks, which ministack reads
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return None if digest.hexdigest() == stated else _OTHER_BODY


def _claimed_key(request: Request) -> str:
    """The access key that ministack will attribute the request to."""
    return str(original(load("ministack.core.router"), "extract_access_key_id")(request.headers, request.query))


def _one(request: Request, name: str) -> str:
    return request.query.get(name, [""])[0]


def _late(request: Request, signature: Any) -> Failure | None:
    expires = _one(request, "X-Amz-Expires")
    sigv4 = load("ministack.core.sigv4")
    if not expires and request.service != "s3":
        found: Failure | None = sigv4.request_time_failure(signature)
        return found
    if not expires.isascii() or not expires.isdigit() or not 0 < int(expires) <= _LONGEST_SECONDS:
        return ("AuthorizationQueryParametersError", "X-Amz-Expires must be between 1 and 604800 seconds")
    try:
        return _EXPIRED if sigv4.presigned_request_is_expired(signature.amz_date, expires) else None
    except ValueError:
        return ("AuthorizationQueryParametersError", "X-Amz-Date must be in the ISO8601 Long Format")


def _secret_of(access_key_id: str, token: str, root_secret: str) -> str | Failure:
    """Root keys have no session token; anything else that ministack accepts as root (the key ``test``, no key) is
    nobody.
    """
    evaluator, responses = load("ministack.core.iam_evaluator"), load("ministack.core.responses")
    if _ROOT.fullmatch(access_key_id):
        return _UNKNOWN if token else root_secret
    if evaluator.is_root_access_key(access_key_id):
        return _UNKNOWN
    account = responses._account_from_sts_session(access_key_id) or evaluator.find_iam_access_key_account(access_key_id)
    found = evaluator.resolve_credential(access_key_id, account, token)
    if hasattr(found, "secret_access_key"):
        return str(found.secret_access_key)
    if found.code == "InvalidToken" and not token:
        return _UNKNOWN  # a session key without its token is an unknown key
    return (str(found.code), str(found.message))


def _failure_of_old_link(request: Request) -> Failure | None:
    """Links with a version 2 signature, which boto3 still creates for S3 in us-east-1."""
    evaluator = load("ministack.core.iam_evaluator")
    key = _claimed_key(request)
    if request.service != "s3" or evaluator.is_root_access_key(key):
        return _UNKNOWN
    account = evaluator.find_iam_access_key_account(key)
    signed = evaluator.SignedRequest(
        key, request.method, request.raw_path, request.query, request.headers, sigv2=True, auth_path=request.raw_path
    )
    found = evaluator._sigv2_check(signed, account or "")
    return (str(found.code), str(found.message)) if isinstance(found, evaluator.AuthError) else None
