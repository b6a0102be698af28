"""A whole world in memory: units as values, stacks as texts, and a kill switch after every write."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import attrs

from multi_env_lambda.aws.index import DIGEST
from multi_env_lambda.aws.ledger import Ledger
from multi_env_lambda.errors import MultiEnvLambdaError
from multi_env_lambda.host.git import Snapshot
from multi_env_lambda.host.lineage import Asked
from multi_env_lambda.host.made import MadeRelease, Upload
from multi_env_lambda.model.ancestry import Past
from multi_env_lambda.model.artifact import LayerArtifact, SourceArtifact
from multi_env_lambda.model.broken import BrokenUnit
from multi_env_lambda.model.digest import canonical_json, digest
from multi_env_lambda.model.environment import Devops, Environment
from multi_env_lambda.model.lent import LentLayer
from multi_env_lambda.model.project import Project
from multi_env_lambda.model.published import Published
from multi_env_lambda.model.record import Holder
from multi_env_lambda.model.reference import Reference
from multi_env_lambda.model.release import Release, ReleasedFunction, ReleaseTemplate
from multi_env_lambda.model.settings import Settings, Smoke
from multi_env_lambda.model.units_folder import unit_folder
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.plan.affected import Inputs
from multi_env_lambda.plan.lent import describe, lent_pin
from multi_env_lambda.plan.version import layer_number, source_version
from multi_env_lambda.testing.memory import MemoryPlatform, MemoryStore
from multi_env_lambda.testing.memory_stack import layer_resource
from multi_env_lambda.world import ProgressEvent, World

__all__ = ["FakeTree", "FakeWorld", "code_sha256", "fake_config", "fake_world"]


@attrs.define
class FakeTree:
    """A work tree: the content of each unit is a text. ``broken`` units cannot be built, for the given reason, and not
    even the file of ``unreadable`` ones can be parsed.

    ``loose`` is what a commit changes without changing the wheel (tests, a README). ``left_out`` are folders that a
    sparse checkout leaves out. ``properties`` are added to a unit's function, and ``resources`` to a unit. ``locked``
    is the content of the layer of units that have one, and ``lent`` says which of them lends it to whom: unit ->
    lender. ``committed`` is what the committed table says, if it is read;
    an error means that it cannot be. ``commit`` is what is checked out, from the time ``committed_at``, without the
    files in ``changed``; ``pasts`` is what Git says about other commits, and ``asked`` what it was asked. ``texts`` are
    files by path that messages point into.
    """

    content: dict[str, str]
    loose: dict[str, str] = attrs.field(factory=dict)
    needs: dict[str, tuple[str, ...]] = attrs.field(factory=dict)
    shared: dict[str, tuple[str, ...]] = attrs.field(factory=dict)
    libraries: dict[str, str] = attrs.field(factory=dict)
    smoke: dict[str, Smoke] = attrs.field(factory=dict)
    broken: dict[str, MultiEnvLambdaError] = attrs.field(factory=dict)
    unreadable: dict[str, MultiEnvLambdaError] = attrs.field(factory=dict)
    data: dict[str, str] = attrs.field(factory=dict)
    properties: dict[str, Mapping[str, object]] = attrs.field(factory=dict)
    resources: dict[str, Mapping[str, object]] = attrs.field(factory=dict)
    locked: dict[str, str] = attrs.field(factory=dict)
    lent: dict[str, str] = attrs.field(factory=dict)
    traffic: dict[str, tuple[str, int, int]] = attrs.field(factory=dict)
    references: dict[str, tuple[Reference, ...]] = attrs.field(factory=dict)
    left_out: set[str] = attrs.field(factory=set)
    committed: WorkspaceConfig | MultiEnvLambdaError | None = None
    texts: dict[str, str] = attrs.field(factory=dict)
    made: list[str] = attrs.field(factory=list)
    commit: str = "c" * 40
    committed_at: str = "2026-01-01T00:00:00Z"
    changed: set[str] = attrs.field(factory=set)
    pasts: dict[str, Past] = attrs.field(factory=dict)
    asked: list[Asked] = attrs.field(factory=list)

    def version_id(self, content: str) -> str:
        """The logical id of the version that a unit without shared folders has with this content."""
        return "Version" + hashlib.sha256(canonical_json([content]).encode()).hexdigest()[:12]

    def projects(self, config: WorkspaceConfig) -> tuple[Project, ...]:
        return tuple(
            Project(
                name=name,
                folder=unit_folder(config.units, name),
                version="0.1.0",
                needs=self.needs.get(name, ()),
                shared=self.shared.get(name, ()),
                layer_of=self.lent.get(name, ""),
                layer_for_others=name in self.lent.values(),
                settings={environment.name: Settings() for environment in config.environments},
            )
            for name in sorted(self.content.keys() - self.unreadable.keys())
        )


@attrs.frozen
class _FakeMaker:
    tree: FakeTree
    config: WorkspaceConfig

    def snapshot(self, paths: Sequence[str]) -> Snapshot:
        ids = {}
        there = {*self.tree.libraries, *(unit_folder(self.config.units, name) for name in self.tree.content)}
        for path in sorted(there.intersection(paths)):
            name = path.rpartition("/")[2]
            parts = (self.tree.content, self.tree.loose, self.tree.data, self.tree.locked)
            own = [part.get(name, "") for part in parts]
            more = [part[name] for part in (self.tree.properties, self.tree.resources) if name in part]
            text = self.tree.libraries.get(path, "".join([*own, *map(canonical_json, more)]))
            ids[path] = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
        tree = self.tree
        return Snapshot(commit=tree.commit, committed=tree.committed_at, changed=tuple(sorted(tree.changed)), ids=ids)

    def pasts(self, asked: Asked) -> Mapping[str, Past]:
        self.tree.asked.append(asked)
        return self.tree.pasts

    def restored(self, asked: Mapping[str, Mapping[str, str]]) -> Mapping[str, frozenset[str]]:
        return {}

    def left_out(self, folders: Iterable[str]) -> frozenset[str]:
        return frozenset(folders) & frozenset(self.tree.left_out)

    def committed(self) -> WorkspaceConfig | None:
        if isinstance(self.tree.committed, MultiEnvLambdaError):
            raise self.tree.committed
        return self.tree.committed

    def text(self, path: str) -> str:
        return self.tree.texts.get(path, "")

    def make(self, project: Project, inputs: Inputs, published: Published) -> MadeRelease:
        self.tree.made.append(project.name)
        if project.name in self.tree.broken:
            raise self.tree.broken[project.name]
        shared = [self.tree.libraries[path] for path in project.shared]
        wheel = canonical_json([self.tree.content[project.name], *shared]).encode()
        name = digest([project.version, wheel.decode()])
        version = source_version(project.version, name, published.source_digests, strict=False, where=project.folder)
        sdist = b"sdist of " + wheel
        source = SourceArtifact(
            project=project.name,
            version=version,
            digest=name,
            wheel_sha256=hashlib.sha256(wheel).hexdigest(),
            wheel_size=len(wheel),
            sdist_sha256=hashlib.sha256(sdist).hexdigest(),
            sdist_size=len(sdist),
            files=((f"{project.name}/main.py", hashlib.sha256(wheel).hexdigest()),),
        )
        layer = self._layer(project.name, published)
        templates = {item.name: self._template(project, item, source, layer) for item in self.config.environments}
        release = Release(
            project=project.name,
            artifacts=(source, *layer),
            stages=tuple(self._stage(project, item, templates[item.name]) for item in self.config.environments),
            needs=project.needs,
        )
        uploads = [
            *(upload for each in layer for upload in self._uploads(each)),
            Upload(key=source.wheel_key, content=wheel, metadata={DIGEST: name}, claims=True),
            Upload(key=source.sdist_key, content=sdist),
        ]
        known = tuple(attrs.evolve(upload, known=upload.key in published.objects) for upload in uploads)
        return MadeRelease(release=release, templates=templates, uploads=known, published=published)

    def _layer(self, name: str, published: Published) -> tuple[LayerArtifact, ...]:
        if name not in self.tree.locked:
            return ()
        body, made_from = self.tree.locked[name].encode(), digest(self.tree.locked[name])
        sha256 = hashlib.sha256(body).hexdigest()
        layer = LayerArtifact(
            project=name,
            number=layer_number(made_from, published.layer_digests),
            digest=made_from,
            python="3.13",
            architecture="arm64",
            layer_sha256=sha256,
            layer_size=len(body),
            requirements_sha256=hashlib.sha256(made_from.encode()).hexdigest(),
            requirements_size=len(made_from),
        )
        return (layer,)

    def _uploads(self, layer: LayerArtifact) -> tuple[Upload, ...]:
        lock = Upload(
            key=layer.requirements_key,
            content=layer.digest.encode(),
            metadata={DIGEST: layer.digest},
            claims=True,
        )
        return lock, Upload(key=layer.layer_key, content=self.tree.locked[layer.project].encode())

    def forget(self, inputs: Inputs) -> None:
        raise AssertionError("the tree changed while it was made")

    def _lent(self, project: Project) -> LentLayer | None:
        if not project.layer_of:
            return None
        (layer,) = self._layer(project.layer_of, Published())
        return LentLayer(unit=project.layer_of, digest=layer.digest, sha256=layer.layer_sha256)

    def _template(
        self, project: Project, environment: Environment, source: SourceArtifact, layers: tuple[LayerArtifact, ...]
    ) -> str:
        lent = self._lent(project)
        function = {
            "FunctionName": project.function_name(environment.name, "main"),
            "Code": {"S3Key": source.wheel_key},
            **({} if lent is None else {"Layers": [{"Ref": lent_pin(lent)}]}),
            **self.tree.properties.get(project.name, {}),
        }
        version = "Version" + source.wheel_sha256[:12]
        reference = {"FunctionName": {"Ref": "MainFunction"}}
        alias: dict[str, object] = {
            **reference,
            "Name": "live",
            "FunctionVersion": {"Fn::GetAtt": [version, "Version"]},
        }
        if project.name in self.tree.traffic:
            alias["RoutingConfig"] = {"AdditionalVersionWeights": []}
        resources: dict[str, object] = {
            "MainFunction": {"Type": "AWS::Lambda::Function", "Properties": function},
            version: {"Type": "AWS::Lambda::Version", "Properties": reference, "DeletionPolicy": "Retain"},
            "MainAlias": {"Type": "AWS::Lambda::Alias", "Properties": alias},
            **{
                f"Layer{layer.digest[:12]}": layer_resource(project.stack_name(environment.name), layer)
                for layer in (layers if project.layer_for_others else ())
            },
            **self.tree.resources.get(project.name, {}),
        }
        if project.name in self.tree.data:
            table = {"TableName": self.tree.data[project.name]}
            resources["Data"] = {"Type": "AWS::DynamoDB::Table", "Properties": table}
        parameters = {} if lent is None else {lent_pin(lent): {"Type": "String", "Description": describe(lent)}}
        return canonical_json({"Resources": resources, **({"Parameters": parameters} if parameters else {})})

    def _stage(self, project: Project, environment: Environment, template: str) -> ReleaseTemplate:
        smoke = self.tree.smoke.get(project.name)
        name = project.function_name(environment.name, "main")
        return ReleaseTemplate(
            environment=environment.name,
            account_id=environment.account_id,
            region=environment.region,
            stack_name=project.stack_name(environment.name),
            template_sha256=hashlib.sha256(template.encode()).hexdigest(),
            functions=(
                ReleasedFunction(key="main", name=name, smoke=smoke, traffic=self.tree.traffic.get(project.name)),
            ),
            references=self.tree.references.get(project.name, ()),
        )


@attrs.frozen(kw_only=True)
class FakeWorld:
    """The world under test, and the parts of it that a test inspects and changes."""

    world: World
    tree: FakeTree
    store: MemoryStore
    platform: MemoryPlatform
    events: list[ProgressEvent]


def fake_config(approvals_by_author: bool = False, **rules: Mapping[str, bool]) -> WorkspaceConfig:
    """Four environments; ``rules`` by environment name: ``prod={"approval": True}``."""
    names = ("sandbox", "test", "staging", "prod")
    return WorkspaceConfig(
        id="0fa4e0000001",
        approvals_by_author=approvals_by_author,
        devops=Devops(account_id="111111111111", region="us-east-1", bucket="artifacts"),
        environments=tuple(
            Environment(
                name=name,
                account_id=str(position + 2) * 12,
                region="us-east-1",
                position=position,
                approval=rules.get(name, {}).get("approval", False),
                releases_only=rules.get(name, {}).get("releases_only", False),
                committed_only=rules.get(name, {}).get("committed_only", False),
            )
            for position, name in enumerate(names)
        ),
    )


def fake_world(
    tree: FakeTree,
    folder: Path,
    *,
    config: WorkspaceConfig | None = None,
    store: MemoryStore | None = None,
    platform: MemoryPlatform | None = None,
    alive: Callable[[Holder], bool] = lambda _: False,
) -> FakeWorld:
    """A world around a tree. With ``store`` and ``platform``, it is another machine that uses the same accounts.

    Args:
        folder: where this machine's cache is.
        alive: whether the process of a lease's holder is alive; by default everybody else is dead.
    """
    settings = fake_config() if config is None else config
    bucket = MemoryStore() if store is None else store
    accounts = MemoryPlatform(lambda key: code_sha256(bucket, key)) if platform is None else platform
    events: list[ProgressEvent] = []
    world = World(
        config=settings,
        projects=tree.projects(settings),
        broken=tuple(
            BrokenUnit(name=name, folder=unit_folder(settings.units, name), error=error)
            for name, error in tree.unreadable.items()
        ),
        store=bucket,
        ledger=Ledger(bucket, folder),
        platform=accounts,
        maker=_FakeMaker(tree, settings),
        cache=folder,
        library="0.1.1",
        holder=lambda: Holder(
            nonce="n", who=accounts.who, host="laptop", process="1 1", since="2026-01-01T00:00:00Z", fencing=0
        ),
        holder_is_dead=lambda holder: not alive(holder),
        reported=events.append,
        now=lambda: "2026-01-01T00:00:00Z",
    )
    return FakeWorld(world=world, tree=tree, store=bucket, platform=accounts, events=events)


def code_sha256(store: MemoryStore, key: str) -> str:
    """What Lambda says of code that it got from this object."""
    return base64.b64encode(hashlib.sha256(store.objects[key].body).digest()).decode()
