"""Lambda code, layers and templates from a bucket of another account, as its bucket policy allows.

Reason: ministack looks for the object in the caller's account only, and where it finds none it makes a function that
answers "Mock response". Here a missing object and a denied one fail with AWS's own words.
Text: https://github.com/buildkite/elastic-ci-stack-for-aws/issues/564
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .names import load, original

__all__ = ["patch"]

_DENIED = (
    "Your access has been denied by S3, please make sure your request credentials have permission to GetObject for "
    "{bucket}/{key}. S3 Error Code: AccessDenied. S3 Error Message: Access Denied"
)
_MISSING = (
    "Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: The specified {what} does not exist."
)


class _Denied(ValueError):
    """The bucket's policy does not let this account read."""


class _Missing(ValueError):
    """There is no such bucket or key."""


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


def _reader(s3: Any, read_own: Callable[..., bytes | None]) -> Callable[..., bytes | None]:
    responses = load("ministack.core.responses")
    read_once = _sharing(s3, read_own)

    def read(bucket: str, key: str, version_id: str | None = None) -> bytes | None:
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
    """The same object is the same bytes in memory: 100 units with one layer in 4 accounts would else be 400 copies."""
    buckets = original(s3, "_buckets")
    known: dict[tuple[str, str, str, int], bytes] = {}

    def read(bucket: str, key: str, version_id: str | None) -> bytes | None:
        found = (buckets.get(bucket) or {}).get("objects", {}).get(key) or {}
        if version_id or not found.get("etag"):
            return read_own(bucket, key, version_id=version_id)
        name = (bucket, key, found["etag"], found.get("size", 0))
        if name not in known:
            content = read_own(bucket, key)
            if content is None:
                return None
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
        raise _Missing(_MISSING.format(code="NoSuchKey", what="key"))

    return fetch


def _answering_errors(operation: Callable[..., Any]) -> Callable[..., Any]:
    """For calls of the Lambda API itself; CloudFormation turns the same exceptions into the resource's reason."""
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
    """CloudFormation makes layer versions without reading their content; a missing one is noticed by nobody."""
    provisioners = load("ministack.services.cloudformation.provisioners")
    create = original(provisioners, "_lambda_layer_create")

    def create_layer(logical_id: str, properties: dict[str, Any], stack_name: str) -> Any:
        content = properties.get("Content", {})
        functions._fetch_code_from_s3(content.get("S3Bucket", ""), content.get("S3Key", ""))
        return create(logical_id, properties, stack_name)

    for table in vars(provisioners).values():
        if isinstance(table, dict) and isinstance(table.get("AWS::Lambda::LayerVersion"), dict):
            table["AWS::Lambda::LayerVersion"]["create"] = create_layer
