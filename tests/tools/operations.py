"""Which AWS operation a plain HTTP request is: the request in, its name, what it is about and its protocol out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.message import Message
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

import attrs

__all__ = ["Operation", "Protocol", "operation_of"]

Protocol = Literal["query", "json", "rest-json", "rest-xml"]

_SCOPE = re.compile(r"Credential=([^/]+)/\d+/[^/]+/([^/]+)/aws4_request")
_SUBJECTS = ("StackName", "RoleArn", "ChangeSetName", "FunctionName")
_LAMBDA = re.compile(r"^/\d{4}-\d\d-\d\d/functions/([^/]+)(/[a-z]+)?")
_LAMBDA_NAMES = {
    ("POST", "/invocations"): "Invoke",
    ("GET", None): "GetFunction",
    ("GET", "/configuration"): "GetFunctionConfiguration",
    ("GET", "/aliases"): "GetAlias",
    ("PUT", "/aliases"): "UpdateAlias",
    ("GET", "/versions"): "ListVersionsByFunction",
    ("PUT", "/code"): "UpdateFunctionCode",
    ("DELETE", None): "DeleteFunction",
}
_OBJECT = {"GET": "GetObject", "HEAD": "HeadObject", "DELETE": "DeleteObject", "PUT": "PutObject", "POST": "PostObject"}
_BUCKET = {
    "GET": "ListObjects",
    "HEAD": "HeadBucket",
    "DELETE": "DeleteBucket",
    "PUT": "CreateBucket",
    "POST": "DeleteObjects",
}
_MULTIPART = {
    ("POST", "uploads"): "CreateMultipartUpload",
    ("POST", "uploadId"): "CompleteMultipartUpload",
    ("PUT", "uploadId"): "UploadPart",
    ("DELETE", "uploadId"): "AbortMultipartUpload",
}
_SUBRESOURCES = ("policy", "versioning", "versions", "tagging", "acl", "lifecycle", "encryption", "location")


@attrs.frozen(kw_only=True)
class Operation:
    """``label`` is what patterns are compared with: ``PutObject projects/orders/…``, ``CreateChangeSet orders``."""

    name: str
    subject: str
    protocol: Protocol
    access_key_id: str

    @property
    def label(self) -> str:
        return f"{self.name} {self.subject}".rstrip()


def operation_of(method: str, target: str, headers: Message, body: bytes) -> Operation:
    """``headers`` as an HTTP server has read them: names in any case."""
    scope = _SCOPE.search(headers.get("authorization") or "")
    key, service = scope.groups() if scope else ("", "")
    url = urlsplit(target)
    query = parse_qs(url.query, keep_blank_values=True)
    amz_target = headers.get("x-amz-target")
    if amz_target:
        name, subject, protocol = amz_target.rpartition(".")[2], "", _protocol("json")
    elif service == "s3":
        name, subject = _of_s3(method, unquote(url.path), query, "x-amz-copy-source" in headers)
        protocol = _protocol("rest-xml")
    elif (form := _form(body, query)).get("Action"):
        name, protocol = form["Action"][0], _protocol("query")
        subject = next((form[field][0] for field in _SUBJECTS if field in form), "")
    else:
        name, subject = _of_rest_json(method, unquote(url.path))
        protocol = _protocol("rest-json")
    return Operation(name=name, subject=subject, protocol=protocol, access_key_id=key)


def _protocol(protocol: Protocol) -> Protocol:
    return protocol


def _form(body: bytes, query: Mapping[str, list[str]]) -> Mapping[str, list[str]]:
    try:
        return {**query, **parse_qs(body.decode("utf-8"))}
    except (UnicodeDecodeError, ValueError):
        return query


def _of_s3(method: str, path: str, query: Mapping[str, list[str]], is_copy: bool) -> tuple[str, str]:
    _, _, key = path.lstrip("/").partition("/")  # path style, as always with an address instead of a name
    for (verb, parameter), name in _MULTIPART.items():
        if verb == method and parameter in query:
            return f"{name}Copy" if is_copy else name, key
    for subresource in _SUBRESOURCES:
        if subresource in query:
            return f"{method.title()}{'Object' if key else 'Bucket'}{subresource.title()}", key
    if key:
        return ("CopyObject" if is_copy and method == "PUT" else _OBJECT.get(method, method)), key
    if method == "GET" and query.get("list-type") == ["2"]:
        return "ListObjectsV2", query.get("prefix", [""])[0]
    return _BUCKET.get(method, method), ""


def _of_rest_json(method: str, path: str) -> tuple[str, str]:
    match = _LAMBDA.match(path)
    if match and (method, match.group(2)) in _LAMBDA_NAMES:
        return _LAMBDA_NAMES[(method, match.group(2))], match.group(1)
    return method, path
