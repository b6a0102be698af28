"""Policies that say more than an action and a name allow and deny here what they do on AWS."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import client_of

pytestmark = pytest.mark.local_cloud

BUCKET = "conditions-of-policies"
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
_numbers = itertools.count()

Statement = dict[str, Any]
Acting = Callable[..., Callable[[str], Any]]
"""Statements in, clients of a new role with them out."""


def document(*statements: Statement) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.fixture
def acting(local_cloud: LocalCloud, local_config: WorkspaceConfig) -> Acting:
    place = local_config.environment("sandbox")
    iam, sts = (client_of(local_cloud, place, service) for service in ("iam", "sts"))

    def role(*statements: Statement, path: str = "/", session: str = "ada") -> Callable[[str], Any]:
        name = f"conditions-{next(_numbers)}"
        account = {"AWS": f"arn:aws:iam::{place.account_id}:root"}
        trust = document({"Effect": "Allow", "Principal": account, "Action": "sts:AssumeRole"})
        made = iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=trust)["Role"]
        iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=document(*statements))
        keys = sts.assume_role(RoleArn=made["Arn"], RoleSessionName=session)["Credentials"]
        return lambda service: boto3.client(
            service,
            endpoint_url=local_cloud.endpoint,
            region_name=place.region,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )

    return role


@pytest.fixture
def bucket(local_cloud: LocalCloud, local_config: WorkspaceConfig) -> Any:
    """The owner's client of an empty bucket."""
    s3 = client_of(local_cloud, local_config.environment("sandbox"), "s3")
    s3.create_bucket(Bucket=BUCKET)
    yield s3
    s3.delete_bucket_policy(Bucket=BUCKET)
    for item in s3.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        s3.delete_object(Bucket=BUCKET, Key=item["Key"])
    s3.delete_bucket(Bucket=BUCKET)


def is_denied(call: Callable[..., Any], **parameters: Any) -> bool:
    try:
        call(**parameters)
    except ClientError as error:
        assert error.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException"), error
        return True
    return False


ONLY_NEW = {
    "Effect": "Deny",
    "Action": "s3:PutObject",
    "Resource": f"arn:aws:s3:::{BUCKET}/*",
    "Condition": {"Null": {"s3:if-none-match": "true"}, "Bool": {"s3:ObjectCreationOperation": "true"}},
}


@pytest.mark.parametrize("where", ["of the role", "of the bucket"])
def test_who_may_write_only_what_is_not_there_needs_the_condition(acting: Acting, bucket: Any, where: str) -> None:
    if where == "of the bucket":
        bucket.put_bucket_policy(Bucket=BUCKET, Policy=document({**ONLY_NEW, "Principal": "*"}))
        s3 = acting(EVERYTHING)("s3")
    else:
        s3 = acting(EVERYTHING, ONLY_NEW)("s3")

    one = {"Bucket": BUCKET, "Key": "one"}
    assert is_denied(s3.put_object, **one)
    assert is_denied(s3.put_object, **one, IfMatch='"0"')
    assert not is_denied(s3.put_object, **one, IfNoneMatch="*")
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="parts")["UploadId"]
    parts = {"Bucket": BUCKET, "Key": "parts", "UploadId": upload}
    sent = [{"PartNumber": 1, "ETag": s3.upload_part(**parts, PartNumber=1, Body=b"x")["ETag"]}]
    assert is_denied(s3.complete_multipart_upload, **parts, MultipartUpload={"Parts": sent})
    assert not is_denied(s3.complete_multipart_upload, **parts, MultipartUpload={"Parts": sent}, IfNoneMatch="*")


def test_where_writes_must_be_conditional_nothing_is_copied(acting: Acting, bucket: Any) -> None:
    enforced = {**ONLY_NEW, "Principal": "*", "Resource": f"arn:aws:s3:::{BUCKET}/enforced/*"}
    bucket.put_bucket_policy(Bucket=BUCKET, Policy=document(enforced))
    bucket.put_object(Bucket=BUCKET, Key="one", Body=b"x")
    s3, copied = acting(EVERYTHING)("s3"), {"Bucket": BUCKET, "CopySource": f"{BUCKET}/one"}

    assert is_denied(s3.copy_object, **copied, Key="enforced/two")
    with pytest.raises(ClientError) as caught:
        s3.copy_object(**copied, Key="enforced/two", IfNoneMatch="*")
    assert caught.value.response["Error"]["Code"] == "NotImplemented"
    s3.copy_object(**copied, Key="two", IfNoneMatch="*")
    s3.put_object(Bucket=BUCKET, Key="enforced/two", Body=b"x", IfNoneMatch="*")


def test_where_writes_must_be_conditional_an_object_is_copied_as_the_part_of_another(
    acting: Acting, bucket: Any
) -> None:
    bucket.put_bucket_policy(Bucket=BUCKET, Policy=document({**ONLY_NEW, "Principal": "*"}))
    bucket.put_object(Bucket=BUCKET, Key="one", Body=b"x", IfNoneMatch="*")
    s3 = acting(EVERYTHING)("s3")

    parts = {"Bucket": BUCKET, "Key": "two"}
    parts["UploadId"] = s3.create_multipart_upload(**parts)["UploadId"]
    part = s3.upload_part_copy(**parts, PartNumber=1, CopySource=f"{BUCKET}/one")["CopyPartResult"]
    sent = {"MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}}
    assert is_denied(s3.complete_multipart_upload, **parts, **sent)
    assert not is_denied(s3.complete_multipart_upload, **parts, **sent, IfNoneMatch="*")
    assert s3.get_object(Bucket=BUCKET, Key="two")["Body"].read() == b"x"


def test_who_may_not_read_an_object_copies_no_part_of_it(acting: Acting, bucket: Any) -> None:
    bucket.put_object(Bucket=BUCKET, Key="one", Body=b"x")
    own = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{BUCKET}/*"}
    blind, seeing = acting(own)("s3"), acting({**own, "Action": ["s3:PutObject", "s3:GetObject"]})("s3")

    parts = {"Bucket": BUCKET, "Key": "two"}
    parts["UploadId"] = blind.create_multipart_upload(**parts)["UploadId"]
    source = {"PartNumber": 1, "CopySource": f"{BUCKET}/one"}
    assert is_denied(blind.upload_part_copy, **parts, **source)
    assert not is_denied(seeing.upload_part_copy, **parts, **source)


def test_a_variable_of_a_resource_is_the_callers_own_value(acting: Acting, bucket: Any) -> None:
    own = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{BUCKET}/${{aws:userid}}.json"}
    clients = acting(own)
    name = clients("sts").get_caller_identity()["UserId"]

    assert not is_denied(clients("s3").put_object, Bucket=BUCKET, Key=f"{name}.json")
    assert is_denied(clients("s3").put_object, Bucket=BUCKET, Key=f"{name.partition(':')[0]}:bob.json")
    assert is_denied(clients("s3").put_object, Bucket=BUCKET, Key="${aws:userid}.json")


def test_a_variable_of_a_condition_is_the_callers_own_value(acting: Acting, bucket: Any) -> None:
    listing = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{BUCKET}"}
    clients = acting({**listing, "Condition": {"StringEquals": {"s3:prefix": "of/${aws:PrincipalAccount}"}}})

    assert not is_denied(clients("s3").list_objects_v2, Bucket=BUCKET, Prefix="of/222222222222")
    assert is_denied(clients("s3").list_objects_v2, Bucket=BUCKET, Prefix="of/333333333333")


def test_a_denial_of_all_but_one_role_by_its_arn_denies_the_others(acting: Acting, bucket: Any) -> None:
    one, other = acting(EVERYTHING, path="/deployers/"), acting(EVERYTHING)
    name = one("sts").get_caller_identity()["Arn"].split("/")[1]
    role = f"arn:aws:iam::222222222222:role/deployers/{name}"
    denial = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{BUCKET}/*"}
    guard = {**denial, "Condition": {"ArnNotEquals": {"aws:PrincipalArn": role}}}
    bucket.put_bucket_policy(Bucket=BUCKET, Policy=document(guard))

    assert not is_denied(one("s3").put_object, Bucket=BUCKET, Key="one")
    assert is_denied(other("s3").put_object, Bucket=BUCKET, Key="other")


def test_a_role_is_made_and_changed_under_its_boundary_or_not_at_all(acting: Acting) -> None:
    boundary = "arn:aws:iam::aws:policy/PowerUserAccess"
    under = {"StringEquals": {"iam:PermissionsBoundary": boundary}}
    actions = ["iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy"]
    iam = acting({"Effect": "Allow", "Action": actions, "Resource": "*", "Condition": under})("iam")
    free = acting(EVERYTHING)("iam")

    made = {"AssumeRolePolicyDocument": document()}
    free.create_role(RoleName="without-a-boundary", **made)
    assert is_denied(iam.create_role, RoleName="another", **made)
    assert not is_denied(iam.create_role, RoleName="with-a-boundary", **made, PermissionsBoundary=boundary)
    for name, denied in (("with-a-boundary", False), ("without-a-boundary", True)):
        policy = {"RoleName": name, "PolicyName": "p", "PolicyDocument": document(EVERYTHING)}
        assert is_denied(iam.put_role_policy, **policy) is denied
        assert is_denied(iam.attach_role_policy, RoleName=name, PolicyArn=boundary) is denied


def test_a_role_may_be_given_one_policy_and_no_other(acting: Acting) -> None:
    reader = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    only = {"ArnEquals": {"iam:PolicyARN": reader}}
    iam = acting({"Effect": "Allow", "Action": "iam:AttachRolePolicy", "Resource": "*", "Condition": only})("iam")
    acting(EVERYTHING)("iam").create_role(RoleName="to-be-given", AssumeRolePolicyDocument=document())

    assert not is_denied(iam.attach_role_policy, RoleName="to-be-given", PolicyArn=reader)
    administrator = "arn:aws:iam::aws:policy/AdministratorAccess"
    assert is_denied(iam.attach_role_policy, RoleName="to-be-given", PolicyArn=administrator)


ACCOUNT = "arn:aws:iam::222222222222:root"
POWER_USER = "arn:aws:iam::aws:policy/PowerUserAccess"


@pytest.mark.parametrize(
    ("account", "with_role", "boundary", "denied"),
    [
        (ACCOUNT, True, "", False),
        ("222222222222", True, "", False),
        ("", True, "", True),
        (ACCOUNT, False, "", True),
        (ACCOUNT, True, POWER_USER, True),
    ],
    ids=["all named", "the account by its number", "no account", "no role", "with a boundary"],
)
def test_a_denial_of_all_but_one_spares_whom_it_names_with_account_and_role(
    acting: Acting, bucket: Any, account: str, with_role: bool, boundary: str, denied: bool
) -> None:
    one, other = acting(EVERYTHING), acting(EVERYTHING)
    arn = one("sts").get_caller_identity()["Arn"]
    name = arn.split("/")[1]
    names = [arn, *([account] if account else []), *([f"arn:aws:iam::222222222222:role/{name}"] if with_role else [])]
    if boundary:
        other("iam").put_role_permissions_boundary(RoleName=name, PermissionsBoundary=boundary)
    denial = {"Effect": "Deny", "NotPrincipal": {"AWS": names}, "Action": "s3:PutObject"}
    bucket.put_bucket_policy(Bucket=BUCKET, Policy=document({**denial, "Resource": f"arn:aws:s3:::{BUCKET}/*"}))

    assert is_denied(one("s3").put_object, Bucket=BUCKET, Key="one") is denied
    assert is_denied(other("s3").put_object, Bucket=BUCKET, Key="other")


@pytest.mark.parametrize("where", ["of the role", "of the bucket"])
@pytest.mark.parametrize("version", [{"Version": "2008-10-17"}, {}], ids=["2008", "none"])
def test_what_looks_like_a_variable_is_only_letters_in_a_document_of_the_first_version(
    acting: Acting, bucket: Any, version: dict[str, str], where: str
) -> None:
    clients = acting({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"})
    s3, name = clients("s3"), clients("sts").get_caller_identity()["UserId"]
    role = clients("sts").get_caller_identity()["Arn"].split("/")[1]
    own = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{BUCKET}/${{aws:userid}}.json"}
    if where == "of the bucket":
        told = {**own, "Principal": {"AWS": f"arn:aws:iam::222222222222:role/{role}"}}
        bucket.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps({**version, "Statement": [told]}))
    else:
        text = json.dumps({**version, "Statement": [own]})
        acting(EVERYTHING)("iam").put_role_policy(RoleName=role, PolicyName="own", PolicyDocument=text)

    assert is_denied(s3.put_object, Bucket=BUCKET, Key=f"{name}.json")
    assert not is_denied(s3.put_object, Bucket=BUCKET, Key="${aws:userid}.json")


def test_a_user_is_made_and_changed_under_its_boundary_or_not_at_all(acting: Acting) -> None:
    under = {"StringEquals": {"iam:PermissionsBoundary": POWER_USER}}
    actions = ["iam:CreateUser", "iam:PutUserPolicy"]
    iam = acting({"Effect": "Allow", "Action": actions, "Resource": "*", "Condition": under})("iam")
    acting(EVERYTHING)("iam").create_user(UserName="user-without")

    assert is_denied(iam.create_user, UserName="another")
    assert not is_denied(iam.create_user, UserName="user-within", PermissionsBoundary=POWER_USER)
    for name, denied in (("user-within", False), ("user-without", True)):
        policy = {"UserName": name, "PolicyName": "p", "PolicyDocument": document(EVERYTHING)}
        assert is_denied(iam.put_user_policy, **policy) is denied


def test_a_role_with_a_path_is_assumed_by_its_whole_name_and_acts_by_its_last(acting: Acting) -> None:
    sts = acting(EVERYTHING, path="/deployers/data/")("sts")

    assert sts.get_caller_identity()["Arn"].split(":", 5)[5].startswith("assumed-role/conditions-")


@pytest.mark.parametrize(
    ("resource", "expected"),
    [("arn:aws:s3:::*", False), ("*", False), ("arn:aws:s3:::a*", True), ("arn:aws:s3:::*/*", True)],
)
def test_all_buckets_are_listed_by_who_may_do_so_on_all_buckets(acting: Acting, resource: str, expected: bool) -> None:
    statement = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": resource}

    assert is_denied(acting(statement)("s3").list_buckets) is expected
