"""One deployment unit: what its folder's ``pyproject.toml`` says, for every environment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import assert_never

import attrs
from packaging.specifiers import SpecifierSet

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.environment import Devops, Environment
from multi_env_lambda.model.keys.unit import ARCHITECTURES, UNIT
from multi_env_lambda.model.name import PROJECT_NAME, check_length, normalised
from multi_env_lambda.model.own_resources import own_buckets, own_queues
from multi_env_lambda.model.plain_secrets import read_not_secret
from multi_env_lambda.model.reach import reaching
from multi_env_lambda.model.read_shared import read_shared
from multi_env_lambda.model.reading import Table
from multi_env_lambda.model.resources import (
    DataBucket,
    DataTable,
    MessageQueue,
    MessageTopic,
    OwnParameter,
    OwnResource,
    OwnSecret,
    kind_of,
)
from multi_env_lambda.model.settings import (
    BucketEvents,
    BucketNotification,
    BucketPermission,
    DynamoDBStream,
    Event,
    EventPattern,
    FunctionUrl,
    HttpRoute,
    KinesisStream,
    Own,
    Queue,
    RestRoute,
    Schedule,
    SchedulerSchedule,
    SecurityGroup,
    Settings,
    StateMachine,
    Topic,
    stated_name,
)
from multi_env_lambda.model.standard import (
    read_dependencies,
    read_dynamic,
    read_name,
    read_requires_python,
    read_version,
    standard_table,
)
from multi_env_lambda.model.unit_settings import read_all_settings
from multi_env_lambda.model.workspace import tool_table

__all__ = ["ARCHITECTURES", "Project", "answered", "made_names", "name_of", "names_of_resource", "read_project"]

_IN_WORKSPACE = "set that in the root pyproject.toml"


def _copied(settings: Mapping[str, Settings]) -> Mapping[str, Settings]:
    return dict(settings)


@attrs.frozen(kw_only=True)
class Project:
    """A folder below ``projects/`` that is built, published and deployed separately.

    ``version`` is in the normal form of PEP 440; ``settings`` has one entry per environment, in promotion order.
    ``not_secret`` are files and variables that look like secrets, each with the reason why they are not.
    ``processor`` is what the code is built for if that is not ``architecture``: the machine of a local cloud.
    ``has_table``: whether its file has ``[project]``; else its name is the folder's.
    ``exclude`` and ``include`` are patterns of files that this library packs, or does not.
    ``layer_of`` is the unit whose layer its functions get, ``lender`` that unit itself; empty and None: its own.
    ``layer_for_others``: whether other units may get its layer.
    ``dynamic`` are the keys that only its build backend knows: until it is asked, they are empty (``answered``).
    """

    name: str
    folder: str
    version: str
    runtime: str = "python3.13"
    architecture: str = "x86_64"
    processor: str = ""
    needs: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    versioning: str = "post"
    dependencies: tuple[str, ...] = ()
    requires_python: str | None = None
    not_secret: tuple[tuple[str, str], ...] = ()
    has_table: bool = True
    exclude: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    dynamic: tuple[str, ...] = ()
    layer_of: str = ""
    layer_for_others: bool = False
    lender: Project | None = attrs.field(default=None, repr=False)
    settings: Mapping[str, Settings] = attrs.field(factory=dict, converter=_copied, hash=False)

    @property
    def lent_folders(self) -> tuple[str, ...]:
        """The folders that the layer of the other unit is built from."""
        return () if self.lender is None else (self.lender.folder, *self.lender.shared)

    @property
    def python(self) -> str:
        return self.runtime.removeprefix("python")

    @property
    def version_or_none(self) -> str:
        """For artifacts that are made up; ``0`` as long as only the backend knows the version."""
        return self.version or "0"

    @property
    def built_for(self) -> str:
        return self.processor or self.architecture

    @property
    def handlers(self) -> tuple[tuple[str, str], ...]:
        """Every (function key, handler) in any environment, sorted."""
        functions = (function for settings in self.settings.values() for function in settings.functions)
        return tuple(sorted({(function.key, function.handler) for function in functions}))

    @property
    def roots(self) -> tuple[str, ...]:
        """Every root that some function has in any environment, sorted; without the unit's own top."""
        functions = (function for settings in self.settings.values() for function in settings.functions)
        return tuple(sorted({function.root for function in functions} - {""}))

    @property
    def entries(self) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
        """Every (job key, entry) in any environment by the Python that Glue runs it in, sorted."""
        found: dict[str, set[tuple[str, str]]] = {}
        for job in (job for settings in self.settings.values() for job in settings.jobs):
            found.setdefault(job.python, set()).add((job.key, job.entry))
        return tuple((python, tuple(sorted(entries))) for python, entries in sorted(found.items()))

    @property
    def pythons(self) -> frozenset[str]:
        """The versions that functions and jobs run on."""
        return frozenset(({self.python} if self.handlers else set()) | {python for python, _ in self.entries})

    def stack_name(self, environment_name: str) -> str:
        return f"{self.name}-{environment_name}"

    def function_name(self, environment_name: str, key: str) -> str:
        settings = self.settings.get(environment_name)
        said = (function.name for function in settings.functions if function.key == key) if settings else ()
        return next(filter(None, said), f"{self.name}-{environment_name}-{key}")

    def job_name(self, environment_name: str, key: str) -> str:
        return f"{self.name}-{environment_name}-{key}"

    state_machine_name = api_key_name = job_name

    def _named(self, environment_name: str, key: str, kind: type) -> str:
        return stated_name(self.settings.get(environment_name), key, kind) or self.job_name(environment_name, key)

    def queue_name(self, environment_name: str, key: str) -> str:
        return self._named(environment_name, key, MessageQueue)

    def topic_name(self, environment_name: str, key: str) -> str:
        return self._named(environment_name, key, MessageTopic)

    def table_name(self, environment_name: str, key: str) -> str:
        return self._named(environment_name, key, DataTable)

    def parameter_name(self, environment_name: str, key: str) -> str:
        return f"/{self.name}/{environment_name}/{key}"

    def api_name(self, environment_name: str) -> str:
        return f"{self.name}-{environment_name}-http-api"

    def rest_api_name(self, environment_name: str) -> str:
        return f"{self.name}-{environment_name}-rest-api"

    def bucket_name(self, environment: Environment, key: str) -> str:
        """Bucket names are globally unique, so account and region are part of it."""
        stated, key = stated_name(self.settings.get(environment.name), key, DataBucket), key.replace("_", "-")
        return stated or f"{self.name}-{environment.name}-{key}-{environment.account_id}-{environment.region}"


def made_names(project: Project, environment: Environment) -> Iterator[tuple[str, str]]:
    """Everything to which this unit gives a fixed name in this environment, as (kind, name)."""
    settings = project.settings[environment.name]
    yield "stack", project.stack_name(environment.name)
    for function in settings.functions:
        yield "function", project.function_name(environment.name, function.key)
        for event in function.events:
            yield from _made_for(event, project, environment)
    declared = {resource.key for resource in settings.resources}
    for key in own_buckets(settings):
        if key not in declared:
            yield "bucket", project.bucket_name(environment, key)
    for queue in own_queues(settings):
        yield "queue", project.queue_name(environment.name, queue.key)
        yield "queue", project.queue_name(environment.name, f"{queue.key}-dlq")
    for resource in settings.resources:
        for name in names_of_resource(resource, project, environment):
            yield kind_of(resource), name
    yield from _made_for_apis(project, environment)
    for job in settings.jobs:
        yield "job", project.job_name(environment.name, job.key)


def _made_for_apis(project: Project, environment: Environment) -> Iterator[tuple[str, str]]:
    settings = project.settings[environment.name]
    if settings.http_api is not None:
        yield "API", project.api_name(environment.name)
    if settings.rest_api is not None:
        yield "API", project.rest_api_name(environment.name)
        for key in () if settings.rest_api.usage_plan is None else settings.rest_api.usage_plan.keys:
            yield "API key", project.api_key_name(environment.name, key)


def names_of_resource(resource: OwnResource, project: Project, environment: Environment) -> tuple[str, ...]:
    """What a resource of the unit is called in AWS; of a queue also its dead-letter queue."""
    match resource:
        case DataTable(key=key):
            return (project.table_name(environment.name, key),)
        case MessageQueue(key=key, fifo=fifo):
            name, end = project.queue_name(environment.name, key), ".fifo" if fifo else ""
            return f"{name}{end}", f"{project.queue_name(environment.name, f'{key}-dlq')}{end}"
        case OwnParameter(key=key):
            return (project.parameter_name(environment.name, key),)
        case OwnSecret():
            return ()  # CloudFormation makes one: a name stays taken for weeks after the secret is deleted
        case DataBucket(key=key):
            return (project.bucket_name(environment, key),)
        case StateMachine(key=key):
            return (project.state_machine_name(environment.name, key),)
        case SecurityGroup(name=name):
            return (name,) if name else ()  # else CloudFormation makes one: an old group may outlive its deploy
        case MessageTopic(key=key, fifo=fifo):
            return (project.topic_name(environment.name, key) + (".fifo" if fifo else ""),)
        case _:
            assert_never(resource)


def _made_for(event: Event, project: Project, environment: Environment) -> Iterator[tuple[str, str]]:
    match event:
        case Topic(source=Own(key=key)):
            yield "topic", project.topic_name(environment.name, key)
        case Topic() | BucketPermission():
            return  # exists apart from the unit
        case BucketNotification() | BucketEvents():
            return  # see ``own_buckets``
        case Queue() | Schedule() | SchedulerSchedule() | EventPattern() | DynamoDBStream() | KinesisStream():
            return  # nothing with a name of its own, except the queues of ``own_queues``
        case FunctionUrl() | HttpRoute() | RestRoute():
            return
        case _:
            assert_never(event)


def read_project(
    document: Mapping[str, object],
    *,
    folder: str,
    where: str,
    environments: tuple[Environment, ...],
    devops: Devops,
    unlisted: tuple[Environment, ...] = (),
) -> Project:
    """A project with its settings per environment, from the whole parsed ``pyproject.toml`` of a unit.

    Args:
        folder: relative to the root of the repository. where: the file's name in errors.
        unlisted: stands for environments that the table does not list, since branches have them.
    """
    standard = standard_table(document, where)
    table = tool_table(document, where=where, hint="add this table, with the unit's functions or jobs below it").of(
        UNIT
    )
    for_all = "that list is for the whole workspace; put differences into [tool.multi_env_lambda.environments.NAME]"
    elsewhere = {"devops": _IN_WORKSPACE, "keep": _IN_WORKSPACE, "approvals_by_author": _IN_WORKSPACE}
    table.allow(elsewhere=elsewhere)
    if isinstance(table.values.get("environments"), list):
        table.refuse("environments", "found a list; expected a table per environment", hint=for_all)
    table.flag("build")  # who packs the unit reads it from the file
    versioning, dynamic = table.choice("versioning"), read_dynamic(standard)
    project = Project(
        name=read_name(standard),
        folder=folder,
        version="" if "version" in dynamic else read_version(standard, versioning),
        runtime=table.choice("runtime"),
        architecture=table.choice("architecture"),
        needs=tuple(normalised(need) for need in table.texts("needs")),
        shared=read_shared(table, folder),
        versioning=versioning,
        exclude=tuple(sorted(table.texts("exclude"))),
        include=tuple(sorted(table.texts("include"))),
        dependencies=read_dependencies(standard),
        requires_python=read_requires_python(standard),
        not_secret=read_not_secret(table.table("not_secret")),
        dynamic=dynamic,
        layer_of=normalised(table.text_or("layer_of")),
        layer_for_others=table.flag("layer_for_others"),
    )
    if project.name in project.needs:
        table.refuse("needs", f"`{project.name}` needs itself", hint="remove it")
    settings = read_all_settings(
        table, environments, name=project.name, runtime=project.runtime, not_secret=project.not_secret
    )
    project = attrs.evolve(project, settings=settings)
    _check_python(standard, project)
    _check_names(project, environments, where)
    if unlisted:
        _check_names_in_branches(project, environments[0], where)
    _check_reach(project, environments, (*environments, *unlisted), where)
    return project


def name_of(document: object, folder: str) -> str:
    """The name of a unit if its document says so; else the name of its folder."""
    table = document.get("project") if isinstance(document, Mapping) else None
    said = table.get("name") if isinstance(table, Mapping) else None
    own = PurePosixPath(folder).name
    names = (normalised(text) for text in (said, own) if isinstance(text, str))
    return next(filter(PROJECT_NAME.accepts, names), own)


def answered(project: Project, answers: Mapping[str, object], where: str) -> Project:
    """The unit with what its build backend says: a table like ``[project]``.

    Raises:
        ConfigurationError: something in it could not be in ``[project]`` either.
    """
    table = Table(where=where, path="project", values={key: answers[key] for key in project.dynamic if key in answers})
    if "version" in project.dynamic:
        project = attrs.evolve(project, version=read_version(table, project.versioning))
    if "dependencies" in project.dynamic:
        project = attrs.evolve(project, dependencies=read_dependencies(table))
    if "requires-python" in project.dynamic:
        project = attrs.evolve(project, requires_python=read_requires_python(table))
    _check_python(table, project)
    return project


def _check_python(table: Table, project: Project) -> None:
    """The declared Python must fit what Lambda, or Glue, will run."""
    specifier = SpecifierSet(project.requires_python or "")
    for python in sorted(project.pythons):
        if not any(specifier.contains(f"{python}.{patch}") for patch in range(50)):
            of_functions = python == project.python and project.handlers
            who = f"the runtime {project.runtime}" if of_functions else f"Glue's Python {python}"
            what = f'found "{project.requires_python}", which excludes {who}'
            table.refuse("requires-python", what, hint="change one of them")


# --- names ---
def _check_names(project: Project, environments: Iterable[Environment], where: str) -> None:
    for environment in environments:
        for kind, name in made_names(project, environment):
            check_length(kind, name, where=f"{where} ({environment.name})")
        if project.name.startswith("sg-"):
            _check_groups(project.settings[environment.name], where=f"{where} ({environment.name})")


def _check_groups(settings: Settings, *, where: str) -> None:
    """CloudFormation's names begin with that of the stack, and EC2 takes none that begins like an id."""
    for group in (each for each in settings.resources if isinstance(each, SecurityGroup) and not each.name):
        what = f"security_groups.{group.key}: its name would begin with `sg-`, like an id, which EC2 refuses"
        raise ConfigurationError(where, what, hint="state another one with `name` in its table")


def _check_names_in_branches(project: Project, first: Environment, where: str) -> None:
    """A branch's environment has the settings of the first one, lies beside it, and needs names of its own."""
    for function in project.settings[first.name].functions:
        if function.name is not None and first.name not in function.name:
            what = (
                f"functions.{function.key}.name: in the environments of branches, the function would be called "
                f"`{function.name}` as well"
            )
            raise ConfigurationError(f"{where} ({first.name})", what, hint="write `${environment}` in it")


def _check_reach(
    project: Project, environments: Iterable[Environment], others: tuple[Environment, ...], where: str
) -> None:
    """No name of a unit lies within reach of the roles of another environment in the same account."""
    for place in environments:
        for kind, name in made_names(project, place):
            other = reaching(f"{name}-" if kind == "stack" else name, place, others)
            if other is not None:
                what = (
                    f"the {kind} would be called `{name}`, and the roles of `{other.name}` in the same account may "
                    f"change whatever is called `*-{other.name}-*`"
                )
                hint = f"rename the unit or the key, or let `{place.name}` have an account of its own"
                raise ConfigurationError(f"{where} ({place.name})", what, hint=hint)
