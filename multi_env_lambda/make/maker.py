"""Make: the releases that the work tree wants, built on this machine and named by what they are built from.

Input: a unit, and what is published of it. Output: a release, the templates of every environment, and the objects that
the bucket lacks. Nothing is written to AWS.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from multi_env_lambda.aws.index import DIGEST
from multi_env_lambda.building.asked import completed
from multi_env_lambda.building.distribution import content_digest_of
from multi_env_lambda.building.layer import check_together
from multi_env_lambda.building.lock import Target
from multi_env_lambda.building.preflight import check_handlers, check_jobs
from multi_env_lambda.building.shared_objects import image_of
from multi_env_lambda.building.source import BuiltSource, build_source, stage_source
from multi_env_lambda.errors import DocumentError
from multi_env_lambda.host.files import read_json, write_atomically
from multi_env_lambda.host.made import MadeRelease, Upload
from multi_env_lambda.make.dependencies import Dependencies, build_dependencies, has_no_other_layer
from multi_env_lambda.make.existing_roles import notes_on_roles
from multi_env_lambda.make.handlers import handlers_of
from multi_env_lambda.make.stack_file import templates_of
from multi_env_lambda.model.artifact import PublishedObject, RootArtifact, ScriptArtifact, SourceArtifact, root_wheel
from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.model.plain_secrets import excuses
from multi_env_lambda.model.reference import references_of
from multi_env_lambda.model.release import Release, ReleasedFunction, ReleaseTemplate
from multi_env_lambda.model.runtime import end_of, not_imported
from multi_env_lambda.model.settings import Canary, Function
from multi_env_lambda.plan.template import StackInput, job_scripts
from multi_env_lambda.plan.version import source_version

if TYPE_CHECKING:
    from multi_env_lambda.model.environment import Environment
    from multi_env_lambda.model.project import Project
    from multi_env_lambda.model.published import Published, PublishedName
    from multi_env_lambda.model.store import Stored
    from multi_env_lambda.model.workspace import WorkspaceConfig

__all__ = ["UnitMaker"]


@attrs.frozen(kw_only=True)
class UnitMaker:
    """Makes the releases of units. The fields are those of ``TreeMaker``, which has more to do with the work tree."""

    root: Path
    cache: Path
    config: WorkspaceConfig
    interpreter: Callable[[str], Path | None]
    fetch: Callable[[str], Stored | None]
    today: Callable[[], date]

    def made(self, project: Project, published: Published) -> MadeRelease:
        """Build, name, render and check one unit.

        Raises:
            ConfigurationError: the unit cannot be released as written.
            BuildError: an artifact cannot be built.
        """
        project = completed(self.root, project)
        dependencies = build_dependencies(self.root, self.cache, project, published)
        built, source = self._source(project, published)
        roots = _roots(project, built, source, published)
        stacks = self._stacks(project, source, roots, dependencies)
        templates = templates_of(self.root, stacks)
        slow = self._check(project, built, dependencies, templates)
        release = self._release(project, source, roots, dependencies, templates)
        uploads = _uploads(project, release, built, dependencies, published)
        ending = end_of(project.runtime, self.today())
        said = (*([ending] if ending else []), *excuses(project.not_secret), *dependencies.notes, *slow)
        said += (*notes_on_roles(stacks), *_not_here(project))
        notes = (*said, *self._jobs_not_imported(project))
        return MadeRelease(release=release, templates=templates, uploads=uploads, published=published, notes=notes)

    def _source(self, project: Project, published: Published) -> tuple[BuiltSource, SourceArtifact]:
        """Built with the project's own version first: its content decides which version it gets."""
        where = f"{project.folder}/pyproject.toml: project.version"
        strict = project.versioning == "strict"
        with stage_source(self.root, project) as staged:
            built = build_source(staged, version=project.version, cache=self.cache)
            known = published.source_digests
            version = source_version(project.version, built.digest, known, strict=strict, where=where)
            if version != project.version:
                built = build_source(staged, version=version, cache=self.cache)
        artifact = SourceArtifact(
            project=project.name,
            version=version,
            digest=built.digest,
            wheel_sha256=built.wheel_sha256,
            wheel_size=built.wheel_size,
            sdist_sha256=built.sdist_sha256,
            sdist_size=built.sdist_size,
            files=built.files,
        )
        return built, self._source_as_published(project, artifact, published.sources.get(version))

    def _source_as_published(
        self, project: Project, artifact: SourceArtifact, name: PublishedName | None
    ) -> SourceArtifact:
        """The stored wheel of the version, which an older library may have compressed, and the first sdist."""
        there = {} if name is None else {item.key: item for item in name.objects}
        wheel, sdist = there.get(artifact.wheel_key), there.get(artifact.sdist_key)
        if wheel is not None and wheel.sha256 not in ("", artifact.wheel_sha256):
            self._check_content(project, artifact, wheel)
            artifact = attrs.evolve(artifact, wheel_sha256=wheel.sha256, wheel_size=wheel.size)
        # An sdist may have more than the wheel (tests, a README): the first one under a version stays.
        if sdist is not None and sdist.sha256:
            artifact = attrs.evolve(artifact, sdist_sha256=sdist.sha256, sdist_size=sdist.size)
        return artifact

    def _check_content(self, project: Project, artifact: SourceArtifact, wheel: PublishedObject) -> None:
        """A published wheel with other bytes is ours only if its content is what was built here.

        Raises:
            DocumentError: it is not.
        """
        path = self.cache / "content" / f"{wheel.sha256}.json"
        known = read_json(path, None)
        if known == {"digest": artifact.digest, "base": project.version}:
            return
        stored = self.fetch(wheel.key)
        body = None if stored is None else stored.body
        if body is None or hashlib.sha256(body).hexdigest() != wheel.sha256:
            what = f"its bytes do not have the SHA-256 {wheel.sha256} of the index of published names"
            raise DocumentError(wheel.key, what, hint="somebody changed it; restore the older version")
        found = content_digest_of(body, artifact.version, project.version)
        if found != artifact.digest:
            what = f"its content has the digest {found}; the work tree builds {artifact.digest}"
            raise DocumentError(wheel.key, what, hint="its metadata disagrees: somebody wrote it by hand")
        write_atomically(path, canonical_json({"digest": found, "base": project.version}).encode("ascii"))

    def _check(
        self, project: Project, built: BuiltSource, dependencies: Dependencies, templates: Mapping[str, str]
    ) -> tuple[str, ...]:
        """Import it as it will start in each stack: what `stack.py` sets is in the templates alone."""
        where = f"{project.folder}/pyproject.toml"
        layer = dependencies.layer
        handlers = handlers_of(project, self.config.environments, templates)
        interpreter = self.interpreter(project.python) if project.handlers else None
        slow: list[str] = []
        for root in ("", *project.roots):
            slow += check_handlers(
                built.wheel_of(root),
                None if layer is None else layer.built.layer,
                [handler for handler in handlers if handler.root == root],
                interpreter=interpreter,
                where=where,
                image=image_of(Target(python=project.python, architecture=project.built_for)),
                unloadable=layer.built.unloadable if layer is not None and has_no_other_layer(project) else {},
                cache=self.cache,
            )
            if layer is not None:
                check_together(built.wheel_of(root), layer.built, where=f"{project.folder}/{root}".rstrip("/"))
        for python, entries in project.entries:
            found = self.interpreter(python)
            library = dependencies.library(python)
            check_jobs(built.wheel, library, entries, python=python, interpreter=found, where=where, cache=self.cache)
        return tuple(dict.fromkeys(slow))

    def _jobs_not_imported(self, project: Project) -> tuple[str, ...]:
        lacking = [python for python, _ in project.entries if self.interpreter(python) is None]
        return tuple(f"python {python}: {not_imported('jobs of Glue')}" for python in lacking)

    def _stacks(
        self, project: Project, source: SourceArtifact, roots: tuple[RootArtifact, ...], dependencies: Dependencies
    ) -> list[StackInput]:
        """The unit in each environment."""
        devops = self.config.devops
        return [
            StackInput(
                project=project,
                environment=item,
                bucket=devops.at(item.region).bucket,
                source=source,
                layer=None if dependencies.own is None else dependencies.own.artifact,
                lent=dependencies.lent,
                libraries=tuple(library.artifact for library in dependencies.libraries),
                roots=roots,
            )
            for item in self.config.environments
        ]

    def _release(
        self,
        project: Project,
        source: SourceArtifact,
        roots: tuple[RootArtifact, ...],
        dependencies: Dependencies,
        templates: dict[str, str],
    ) -> Release:
        layer = () if dependencies.own is None else (dependencies.own.artifact,)
        libraries = (library.artifact for library in dependencies.libraries)
        return Release(
            project=project.name,
            artifacts=(source, *roots, *layer, *libraries, *_scripts(project)),
            stages=tuple(_stage(project, item, templates[item.name]) for item in self.config.environments),
            needs=project.needs,
        )


def _not_here(project: Project) -> tuple[str, ...]:
    """What functions in the local cloud run without."""
    functions = (function for settings in project.settings.values() for function in settings.functions)
    arns = sorted({arn for function in functions for arn in function.layers}) if project.processor else []
    text = "the local cloud cannot download {}: functions run without it, unless you have published it there"
    return tuple(text.format(arn) for arn in arns)


def _roots(
    project: Project, built: BuiltSource, source: SourceArtifact, published: Published
) -> tuple[RootArtifact, ...]:
    """Each under the version that first had its content, so that a function stays as it is if others change."""
    there, found = published.roots, []
    for made in built.roots:
        version, build = source.version, made.build
        sha256, size = made.wheel_sha256, made.wheel_size
        known = there.get(made.digest)
        named = None if known is None else root_wheel(known.key)
        if known is not None and named is not None:
            version, build = named
            sha256, size = known.sha256, known.size
        found.append(
            RootArtifact(
                project=project.name,
                root=made.root,
                version=version,
                build=build,
                digest=made.digest,
                wheel_sha256=sha256,
                wheel_size=size,
                files=made.files,
            )
        )
    return tuple(found)


def _scripts(project: Project) -> tuple[ScriptArtifact, ...]:
    return tuple(
        ScriptArtifact(project=project.name, key=key, sha256=hashlib.sha256(body).hexdigest(), size=len(body))
        for key, body in job_scripts(project)
    )


def _stage(project: Project, environment: Environment, template: str) -> ReleaseTemplate:
    functions = project.settings[environment.name].functions
    return ReleaseTemplate(
        environment=environment.name,
        account_id=environment.account_id,
        region=environment.region,
        stack_name=project.stack_name(environment.name),
        template_sha256=hashlib.sha256(template.encode("ascii")).hexdigest(),
        functions=tuple(_released(project, environment, function) for function in functions),
        references=references_of(project.settings[environment.name], environment),
    )


def _released(project: Project, environment: Environment, function: Function) -> ReleasedFunction:
    traffic = function.traffic
    kind = "canary" if isinstance(traffic, Canary) else "linear"
    return ReleasedFunction(
        key=function.key,
        name=project.function_name(environment.name, function.key),
        smoke=function.smoke,
        traffic=None if traffic is None else (kind, traffic.percent, traffic.minutes),
    )


def _uploads(
    project: Project, release: Release, built: BuiltSource, dependencies: Dependencies, published: Published
) -> tuple[Upload, ...]:
    """All objects of the release's artifacts; what claims a name comes before what is stored under it."""
    source, layer = release.source, dependencies.own
    uploads: list[Upload] = []
    if layer is not None:
        artifact, made, labels = layer.artifact, layer.built, {DIGEST: layer.artifact.digest}
        uploads.append(Upload(key=artifact.requirements_key, content=made.requirements, metadata=labels, claims=True))
        uploads.append(Upload(key=artifact.layer_key, content=made.layer))
    uploads.append(Upload(key=source.wheel_key, content=built.wheel, metadata={DIGEST: source.digest}, claims=True))
    uploads.append(Upload(key=source.sdist_key, content=built.sdist))
    own = {item.root: item for item in release.roots if item.version == source.version}
    for root in (made for made in built.roots if made.root in own):
        uploads.append(Upload(key=own[root.root].wheel_key, content=root.wheel, metadata={DIGEST: root.digest}))
    for library in dependencies.libraries:
        uploads.append(Upload(key=library.artifact.requirements_key, content=library.built.requirements))
        uploads.append(Upload(key=library.artifact.library_key, content=library.built.layer))
    uploads += [Upload(key=key, content=body) for key, body in job_scripts(project)]
    there = published.objects
    return tuple(attrs.evolve(upload, known=upload.key in there) for upload in uploads)
