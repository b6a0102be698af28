"""Lambda code, layers and templates can come from a bucket of another account if its bucket policy allows it.

Reason: ministack looks only in the caller's account; if it finds nothing, it creates a function that answers "Mock
response". It also ignores the requested version of a layer or template. Here a missing or forbidden object fails with
AWS's error, and the requested version is used.
Text: https://github.com/buildkite/elastic-ci-stack-for-aws/issues/564
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .artifact_readers import as_caller
from .names import load, original

__all__ = ["patch"]

_DENIED = (
    "Your access has been denied by S3, please make sure your request credentials have permission to GetObject for "
    "{bucket}/{key}. S3 Error Code: AccessDenied. S3 Error Message: Access Denied"
)
_MISSING = (
    "Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: The specified {what} does not exist."
)

_pinned: ContextVar[str | None] = ContextVar("pinned", default=None)


class _Denied(ValueError):
    """The bucket's policy does not let this account read."""


class _Missing(ValueError):
    """There is no such bucket, key or version."""


def patch() -> None:
    """Replace how S3 objects are read for CloudFormation and Lambda."""
    s3, functions = load("ministack.services.s3"), load("ministack.services.lambda_svc")
    for name in ("_bucket_owner_account", "_foreign_bucket_allows"):
        original(s3, name)
    original(functions, "_fetch_code_from_s3")
    s3._get_object_data = _reader(s3, original(s3, "_get_object_data"))
    functions._fetch_code_from_s3 = _fetcher(s3)
    for name in ("_create_function", "_update_code", "_publish_layer_version"):
        setattr(functions, name, _answering_errors(original(functions, name)))
    _patch_layer_resource(functions)
    _patch_template_url()


def _reader(s3: Any, read_own: Callable[..., bytes | None]) -> Callable[..., bytes | None]:
    responses = load("ministack.core.responses")
    read_once = _sharing(s3, read_own)

    def read(bucket: str, key: str, version_id: str | None = None) -> bytes | None:
        version_id = version_id or _pinned.get()
        reader, owner = responses.get_account_id(), s3._bucket_owner_account(bucket)
        if owner is None or owner == reader:
            return read_once(bucket, key, version_id)
        query = {"versionId": [version_id]} if version_id else {}
        if not s3._foreign_bucket_allows(owner, bucket, key, "GET", query, reader):
            raise _Denied(_DENIED.format(bucket=bucket, key=key))
        with responses.request_scope(owner, responses.get_region()):
            return read_once(bucket, key, version_id)

    return read


def _sharing(s3: Any, read_own: Callable[..., bytes | None]) -> Callable[..., bytes | None]:
    """Equal objects share memory: 100 units with one layer in 4 accounts would otherwise be 400 copies."""
    buckets, versions = original(s3, "_buckets"), original(s3, "_object_versions")
    known: dict[tuple[object, ...], bytes] = {}

    def identity(bucket: str, key: str, version_id: str | None) -> tuple[object, ...] | None:
        """Content that never changes; None if the name guarantees nothing, or if the object no longer exists."""
        if version_id:
            kept = version_id != "null" and any(v["version_id"] == version_id for v in versions.get((bucket, key), ()))
            return (bucket, key, version_id) if kept else None
        found = (buckets.get(bucket) or {}).get("objects", {}).get(key) or {}
        return (bucket, key, found["etag"], found.get("size", 0)) if found.get("etag") else None

    def read(bucket: str, key: str, version_id: str | None) -> bytes | None:
        name = identity(bucket, key, version_id)
        if name is None or name not in known:
            content = read_own(bucket, key, version_id=version_id)
            if content is None or name is None:
                return content
            known[name] = content
        return known[name]

    return read


def _fetcher(s3: Any) -> Callable[..., bytes]:
    def fetch(bucket: str, key: str, version_id: str | None = None) -> bytes:
        content: bytes | None = s3._get_object_data(bucket, key, version_id=version_id)
        if content is not None:
            return content
        if s3._bucket_owner_account(bucket) is None:
            raise _Missing(_MISSING.format(code="NoSuchBucket", what="bucket"))
        if version_id:
            raise _Missing(_MISSING.format(code="NoSuchVersion", what="version"))
        raise _Missing(_MISSING.format(code="NoSuchKey", what="key"))

    return fetch


def _answering_errors(operation: Callable[..., Any]) -> Callable[..., Any]:
    """For calls to the Lambda API; CloudFormation turns the same exceptions into the resource's status reason."""
    responses = load("ministack.core.responses")

    def answer(*args: Any, **kwargs: Any) -> Any:
        try:
            return operation(*args, **kwargs)
        except _Denied as error:
            return responses.error_response_json("AccessDeniedException", str(error), 403)
        except _Missing as error:
            return responses.error_response_json("InvalidParameterValueException", str(error), 400)

    return answer


def _patch_layer_resource(functions: Any) -> None:
    """CloudFormation creates a layer version from the object's latest version, or fails if there is no object."""
    provisioners = load("ministack.services.cloudformation.provisioners")
    create = original(provisioners, "_lambda_layer_create")

    def create_layer(logical_id: str, properties: dict[str, Any], stack_name: str) -> Any:
        content = properties.get("Content", {})
        bucket, key, version_id = (content.get(name) for name in ("S3Bucket", "S3Key", "S3ObjectVersion"))
        functions._fetch_code_from_s3(bucket or "", key or "", version_id=version_id)
        with _pinned_to(version_id):
            return create(logical_id, properties, stack_name)

    for table in vars(provisioners).values():
        if isinstance(table, dict) and isinstance(table.get("AWS::Lambda::LayerVersion"), dict):
            table["AWS::Lambda::LayerVersion"]["create"] = create_layer


def _patch_template_url() -> None:
    """``TemplateURL`` may end in ``?versionId=``."""
    helpers = load("ministack.services.cloudformation.helpers")
    resolve, parameter = original(helpers, "_resolve_document"), original(helpers, "_p")

    def resolve_version(params: Any, body_key: str, url_key: str, label: str) -> Any:
        query = parse_qs(urlsplit(parameter(params, url_key)).query)
        with _pinned_to(query.get("versionId", [None])[0]), as_caller():
            return resolve(params, body_key, url_key, label)

    helpers._resolve_document = resolve_version


@contextmanager
def _pinned_to(version_id: str | None) -> Iterator[None]:
    """Inside the block, objects requested without a version are read in this version."""
    token = _pinned.set(version_id)
    try:
        yield
    finally:
        _pinned.reset(token)
