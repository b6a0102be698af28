"""Projects as plain values, for the tests of templates."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from multi_env_lambda.model.api_settings import JwtAuthorizer, LambdaAuthorizer
from multi_env_lambda.model.artifact import LayerArtifact, SourceArtifact
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.project import Project
from multi_env_lambda.model.rest_settings import (
    PoolAuthorizer,
    RequestAuthorizer,
    RestApi,
    TokenAuthorizer,
    UsagePlan,
)
from multi_env_lambda.model.route import Route
from multi_env_lambda.model.settings import (
    Alarms,
    BucketEvents,
    BucketNotification,
    BucketPermission,
    Cors,
    DataBucket,
    DataTable,
    Declared,
    DynamoDBStream,
    Event,
    EventPattern,
    Existing,
    Function,
    FunctionUrl,
    GlueJob,
    HttpApi,
    HttpRoute,
    KinesisStream,
    MessageQueue,
    MessageTopic,
    NetworkRule,
    Own,
    OwnParameter,
    OwnQueue,
    OwnResource,
    OwnSecret,
    ParameterReference,
    PlainValue,
    Queue,
    ResourceReference,
    RestRoute,
    Schedule,
    SchedulerSchedule,
    SecretReference,
    SecurityGroup,
    Settings,
    Spark,
    StateMachine,
    Statement,
    TableIndex,
    Topic,
    UnitValue,
    Vpc,
)
from multi_env_lambda.plan.template import made_up_roots, render

SANDBOX = Environment(name="sandbox", account_id="222222222222", region="us-east-1")
BUCKET = "acme-artifacts-111111111111-us-east-1"
SOURCE = SourceArtifact(project="orders", version="0.1.1", digest="d" * 64, wheel_sha256="ab" * 32)
LAYER = LayerArtifact(project="orders", number=3, digest="1" * 64, python="3.13", architecture="arm64")
QUEUE_ARN = "arn:aws:sqs:us-east-1:222222222222:failed"
TOPIC_ARN = "arn:aws:sns:us-east-1:222222222222:news"
STREAM_ARN = "arn:aws:dynamodb:us-east-1:222222222222:table/orders/stream/2026-01-01T00:00:00.000"
KINESIS_ARN = "arn:aws:kinesis:us-east-1:222222222222:stream/clicks"

ALL_EVENTS: tuple[Event, ...] = (
    Schedule(expression="rate(5 minutes)", payload='{"a":1}'),
    SchedulerSchedule(
        expression="cron(0 8 ? * MON-FRI *)",
        time_zone="Europe/Berlin",
        window_minutes=15,
        start="2026-12-01T00:00:00Z",
        end="2027-12-01T00:00:00Z",
        dead_letter_queue=Existing(identifier=QUEUE_ARN),
        payload='{"a":1}',
    ),
    Queue(source=OwnQueue(key="create", visibility_timeout=60), window=1, maximum_concurrency=5),
    Queue(source=Existing(identifier=QUEUE_ARN.replace("failed", "incoming"))),
    Topic(source=Own(key="news"), filter_policy='{"kind":["order"]}'),
    Topic(source=Existing(identifier=TOPIC_ARN)),
    BucketNotification(key="inbox", prefix="in/", suffix=".csv"),
    BucketPermission(bucket="acme-inbox"),
    BucketEvents(source=Own(key="archive"), prefix="in/", suffix=".csv"),
    BucketEvents(source=Existing(identifier="acme-inbox")),
    EventPattern(pattern='{"source":["shop"]}', bus="shop"),
    EventPattern(pattern='{"source":["shop"]}'),
    DynamoDBStream(
        source=Existing(identifier=STREAM_ARN),
        on_failure_arn=QUEUE_ARN,
        filters=('{"eventName":["INSERT"]}',),
        window=2,
    ),
    KinesisStream(arn=KINESIS_ARN, starting_position="TRIM_HORIZON", bisect=True, retries=3),
    HttpRoute(route=Route("GET", "/orders/{id}"), authorizer="customers", scopes=("orders/read",)),
    RestRoute(route=Route("GET", "/orders/{id}"), authorizer="members", scopes=("orders/read",), api_key=True),
    RestRoute(route=Route("ANY", "/files/{path+}"), authorizer="partners", api_key=False),
    FunctionUrl(auth="NONE", cors=Cors(allow_origins=("https://acme.example",), max_age=60)),
)
EVERYTHING = Function(
    key="create",
    handler="orders.create.handler",
    memory_size=256,
    timeout=30,
    environment=(
        ("DB_PASSWORD", SecretReference(name="orders/db", key="password")),
        ("TABLE", PlainValue(text="orders-sandbox")),
        ("URL", ParameterReference(name="/orders/url")),
    ),
    description="Creates orders",
    reserved_concurrency=5,
    log_format="JSON",
    tracing="Active",
    vpc=Vpc(subnet_ids=("subnet-0a1b2c3d",), security_group_ids=("sg-0a1b2c3d",)),
    dead_letter_arn=QUEUE_ARN,
    on_failure_arn=TOPIC_ARN,
    snap_start=True,
    layers=("arn:aws:lambda:us-east-1:333333333333:layer:other:7",),
    managed_policies=("arn:aws:iam::aws:policy/AmazonSSMReadOnlyAccess",),
    policies=(
        Statement(
            actions=("dynamodb:PutItem",),
            resources=("arn:aws:dynamodb:*:*:table/orders-sandbox",),
            condition='{"Bool":{"aws:SecureTransport":"true"}}',
        ),
    ),
    events=ALL_EVENTS,
    alarms=Alarms(notify=(TOPIC_ARN,)),
)
RESOURCES: tuple[OwnResource, ...] = (
    DataTable(
        key="sales",
        partition_key="customer",
        sort_key="created",
        types=(("created", "number"),),
        indexes=(TableIndex(key="by-status", partition_key="status", sort_key="created"),),
        stream="NEW_AND_OLD_IMAGES",
        expires="until",
    ),
    MessageQueue(key="jobs", visibility_timeout=30, delay=5),
    MessageQueue(key="ordered", fifo=True, deduplicate=True, visibility_timeout=30),
    MessageTopic(key="told", queues=("jobs",), raw=True),
    MessageTopic(key="in-turn", fifo=True, queues=("ordered",)),
    OwnParameter(key="limit", value="100", description="orders a day"),
    OwnParameter(key="where", value=ResourceReference(kind="table", key="sales", value="name")),
    OwnSecret(key="bank", description="of the payments"),
    StateMachine(
        key="checkout",
        definition='{"StartAt":"Pay","States":{"Pay":{"End":true,"Resource":"${Pay}","Type":"Task"}}}',
        substitutions=(("Pay", ResourceReference(kind="function", key="create", value="arn")), ("Stage", "sandbox")),
        type="express",
        log_level="ERROR",
        tracing=True,
        write=("sales",),
        start=("refund",),
        events=(
            Schedule(expression="rate(1 day)", payload="{}"),
            EventPattern(pattern='{"source":["shop"]}', bus="shop"),
            SchedulerSchedule(expression="rate(2 days)", dead_letter_queue=Declared(key="jobs")),
        ),
    ),
    StateMachine(key="refund", definition='{"StartAt":"Done","States":{"Done":{"Type":"Succeed"}}}'),
    SecurityGroup(
        key="outbound",
        vpc_id="vpc-0a1b2c3d",
        allow_to=(
            NetworkRule(protocol="tcp", from_port=5432, to_port=5432, kind="own_group", peer="database"),
            NetworkRule(protocol="tcp", from_port=443, to_port=443, kind="prefix_list", peer="pl-63a5400a"),
        ),
        description="to the database",
    ),
    SecurityGroup(
        key="database",
        vpc_id="vpc-0a1b2c3d",
        allow_to=(),
        allow_from=(
            NetworkRule(protocol="tcp", from_port=5432, to_port=5432, kind="own_group", peer="outbound"),
            NetworkRule(protocol="icmp", from_port=-1, to_port=-1, kind="ipv4", peer="10.0.0.0/16", description="ping"),
        ),
    ),
    DataBucket(key="reports", expire_days=365),
    DataBucket(key="uploads", versioning=False, old_versions_days=0),
)
USES = Function(
    key="sell",
    handler="orders.sell.handler",
    environment=(
        ("CREATE", ResourceReference(kind="function", key="create", value="arn")),
        ("BANK", ResourceReference(kind="secret", key="bank", value="arn", part="token")),
        ("JOBS", ResourceReference(kind="queue", key="jobs", value="url")),
        ("LIMIT", ResourceReference(kind="parameter", key="limit", value="value")),
        ("THEIRS", UnitValue(unit="customers", parameter="list")),
        ("REPORTS", ResourceReference(kind="bucket", key="reports", value="name")),
        ("SALES", ResourceReference(kind="table", key="sales", value="name")),
        ("TOLD", ResourceReference(kind="topic", key="told", value="arn")),
        ("GROUP", ResourceReference(kind="security_group", key="outbound", value="id")),
        ("CHECKOUT", ResourceReference(kind="state_machine", key="checkout", value="arn")),
    ),
    vpc=Vpc(subnet_ids=("subnet-0a1b2c3d",), security_groups=("outbound",)),
    read=("sales", "ordered", "uploads", "limit"),
    write=("sales", "jobs", "told", "reports"),
    invoke=("create",),
    start=("checkout",),
    events=(
        DynamoDBStream(source=Declared(key="sales"), starting_position="TRIM_HORIZON"),
        Queue(source=Declared(key="jobs")),
        Topic(source=Declared(key="told")),
        BucketNotification(key="uploads"),
        SchedulerSchedule(expression="rate(1 hour)", dead_letter_queue=Declared(key="jobs")),
    ),
)
"""What names the unit's own resources."""
SMALL = Function(key="create", handler="orders.create.handler")
JOB = GlueJob(
    key="nightly", entry="orders.nightly:main", arguments=(("--day", "monday"),), schedule="cron(0 3 * * ? *)"
)

SPARK_JOB = GlueJob(key="nightly", entry="orders.nightly:main", runs_on=Spark(worker_type="G.2X", number_of_workers=3))


API = HttpApi(
    cors=Cors(allow_origins=("https://acme.example",), max_age=60),
    authorizers=(
        JwtAuthorizer(key="customers", issuer="https://login.acme.example/", audience=("shop",)),
        LambdaAuthorizer(key="partners", function="create"),
    ),
    rate=50,
    burst=100,
)

REST_API = RestApi(
    cors=Cors(allow_origins=("https://acme.example",), max_age=60),
    authorizers=(
        PoolAuthorizer(
            key="members", user_pools=("arn:aws:cognito-idp:us-east-1:222222222222:userpool/us-east-1_AbCdEfGhI",)
        ),
        RequestAuthorizer(key="partners", function="create", headers=("X-Partner",), query=("token",), cache_seconds=5),
        TokenAuthorizer(key="robots", function="create", pattern="robot .+"),
    ),
    usage_plan=UsagePlan(keys=("acme",), rate=5, burst=10, quota=1000),
    binary_types=("image/*",),
    rate=50,
    burst=100,
    log_retention_days=30,
)


def project(
    *functions: Function,
    jobs: tuple[GlueJob, ...] = (),
    tags: tuple[tuple[str, str], ...] = (),
    http_api: HttpApi | None = None,
    rest_api: RestApi | None = None,
    resources: tuple[OwnResource, ...] = (),
) -> Project:
    kinds = {type(event) for function in functions for event in function.events}
    settings = Settings(
        functions=functions,
        jobs=jobs,
        tags=tags,
        http_api=http_api or (API if HttpRoute in kinds else None),
        rest_api=rest_api or (REST_API if RestRoute in kinds else None),
        resources=resources,
    )
    return Project(
        name="orders",
        folder="projects/orders",
        version="0.1.1",
        runtime="python3.13",
        architecture="arm64",
        settings={"sandbox": settings},
    )


def maximal() -> Project:
    iam_url = Function(key="read-back", handler="orders.read.handler", events=(FunctionUrl(),))
    return project(EVERYTHING, iam_url, USES, jobs=(JOB,), tags=(("team", "sales"),), resources=RESOURCES)


def text(
    found: Project,
    *,
    source: SourceArtifact = SOURCE,
    layer: LayerArtifact | None = LAYER,
    bucket: str = BUCKET,
    extend: Callable[[Any, Any], None] | None = None,
) -> str:
    roots = made_up_roots(found, "cd" * 32)
    return render(found, SANDBOX, bucket=bucket, source=source, layer=layer, roots=roots, extend=extend)


def template(found: Project, **changes: Any) -> Any:
    return json.loads(text(found, **changes))


def of_type(document: Any, type_: str) -> dict[str, Any]:
    """The properties of all resources of one type, by logical id."""
    return {name: body["Properties"] for name, body in document["Resources"].items() if body["Type"] == type_}


def one(document: Any, type_: str) -> Any:
    """The properties of the only resource of one type."""
    (properties,) = of_type(document, type_).values()
    return properties


def statements(document: Any, role: str = "CreateRole") -> list[Any]:
    found: list[Any] = document["Resources"][role]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    return found
