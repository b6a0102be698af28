"""What is published under a version is taken as it is if its content is ours, however it was compressed."""

from __future__ import annotations

import hashlib
import io
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from multi_env_lambda.api.workspace import Workspace
from multi_env_lambda.errors import ConfigurationError, DocumentError, ToolError
from multi_env_lambda.host.made import MadeRelease
from multi_env_lambda.model.artifact import PublishedObject
from multi_env_lambda.model.published import Published, PublishedName
from multi_env_lambda.model.settings import GlueJob, Settings
from multi_env_lambda.model.store import Stored
from multi_env_lambda.world import World
from tests.bad_repositories import copy_of, world_of


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("make")
    return world_of(Workspace.open(copy_of(folder / "repository"), local=False), folder / "cache")[0]


def made(world: World, wheel: bytes | None = None, said: bytes | None = None) -> MadeRelease:
    """Make `customers`, with this wheel in the bucket; ``said``: the one that the index tells of."""
    project = next(project for project in world.projects if project.name == "customers")
    stored = None if wheel is None else Stored(key="", body=wheel, etag="e", metadata={})
    maker: Any = attrs.evolve(world.maker, fetch=lambda _: stored)
    first = maker.make(project, (), Published())
    if said is None:
        return first
    source = first.release.source
    there = PublishedObject(key=source.wheel_key, sha256=hashlib.sha256(said).hexdigest(), size=len(said))
    names = {source.version: PublishedName(digest=source.digest, objects=(there,))}
    return maker.make(project, (), Published(sources=names, etag="e"))


def own_wheel(world: World) -> bytes:
    first = made(world)
    return next(upload.read() for upload in first.uploads if upload.key == first.release.source.wheel_key)


def deflated(wheel: bytes, changed: str = "") -> bytes:
    """As an older library wrote it; with a remark more in each module, if that is asked for."""
    body = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(wheel)) as old, zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            extra = changed.encode() if info.filename.endswith(".py") else b""
            new.writestr(info.filename, old.read(info) + extra, zipfile.ZIP_DEFLATED)
    return body.getvalue()


def test_a_wheel_of_the_same_content_that_was_compressed_by_others_is_the_one_that_is_released(world: World) -> None:
    theirs = deflated(own_wheel(world))

    source = made(world, theirs, theirs).release.source
    assert (source.wheel_sha256, source.wheel_size) == (hashlib.sha256(theirs).hexdigest(), len(theirs))


def test_a_wheel_of_another_content_is_refused_although_its_name_says_ours(world: World) -> None:
    forged = deflated(own_wheel(world), changed="# EVIL\n")

    with pytest.raises(DocumentError, match="its content has the digest"):
        made(world, forged, forged)


def test_a_wheel_that_is_not_the_one_of_the_index_is_refused(world: World) -> None:
    said = deflated(own_wheel(world), changed="")
    other = own_wheel(world)

    with pytest.raises(DocumentError, match="do not have the SHA-256"):
        made(world, other, said + b"\0")


def test_a_wheel_that_is_gone_is_refused(world: World) -> None:
    with pytest.raises(DocumentError, match="do not have the SHA-256"):
        made(world, None, b"gone")


def test_what_somebody_has_excused_is_said_with_every_build(world: World) -> None:
    customers = next(project for project in world.projects if project.name == "customers")
    project = attrs.evolve(customers, not_secret=(("lookup.CSRF_TOKEN", "the name of a header"),))
    maker: Any = world.maker

    said = "lookup.CSRF_TOKEN is not a secret according to pyproject.toml: the name of a header"
    assert said in maker.make(project, (), Published()).notes


def test_a_job_is_imported_by_the_python_of_glue_or_the_plan_says_that_it_was_not(world: World) -> None:
    customers = next(project for project in world.projects if project.name == "customers")
    jobs = (GlueJob(key="tidy", entry=f"{customers.handlers[0][1].rpartition('.')[0]}:main"),)
    project = attrs.evolve(customers, settings={name: Settings(jobs=jobs) for name in customers.settings})
    asked: list[str] = []
    maker: Any = attrs.evolve(world.maker, interpreter=lambda version: asked.append(version))

    notes = maker.make(project, (), Published()).notes
    assert set(asked) == {"3.9"}
    assert "python 3.9: this machine has none: jobs of Glue are read but not imported" in notes

    missing = Path("/there/is/no/python3.9")
    with pytest.raises(ToolError, match=str(missing)):
        attrs.evolve(maker, interpreter=lambda _: missing, cache=world.cache / "other").make(project, (), Published())


STACK = """
def extend(template, context):
    context.merge("Invoices", {"Type": "AWS::SQS::Queue"})
    if context.environment.name != "prod":
        context.set_environment("lookup", "INVOICES", {"Ref": "Invoices"})
    else:
        WHAT
"""
READS = "\nimport os\n\nassert os.environ['INVOICES'].startswith('https://sqs.us-east-1.amazonaws.com/')\n"


@pytest.fixture
def reading(tmp_path: Path) -> Callable[[str], MadeRelease]:
    """Makes `customers`, whose handler reads at import what `stack.py` sets; ``text``: what that does for prod."""

    def make(text: str) -> MadeRelease:
        root = copy_of(tmp_path / "repository")
        with (root / "projects/customers/customers/lookup.py").open("a", encoding="utf-8") as module:
            module.write(READS)
        (root / "projects/customers/stack.py").write_text(STACK.replace("WHAT", text), "utf-8")
        world, _ = world_of(Workspace.open(root, local=False), tmp_path / "cache")
        maker: Any = attrs.evolve(world.maker, interpreter=lambda _: Path(sys.executable))
        project = next(project for project in world.projects if project.name == "customers")
        return maker.make(project, (), Published())

    return make


def test_a_handler_reads_at_import_what_stack_py_sets(reading: Callable[[str], MadeRelease]) -> None:
    made = reading('context.set_environment("lookup", "INVOICES", {"Fn::GetAtt": ["Invoices", "QueueUrl"]})')

    assert made.release.project == "customers"


def test_a_variable_that_one_environment_lacks_is_missed_there(reading: Callable[[str], MadeRelease]) -> None:
    with pytest.raises(ConfigurationError, match="KeyError: 'INVOICES'") as caught:
        reading("pass")

    assert "has no variable `INVOICES` in prod: set it in" in caught.value.hint
