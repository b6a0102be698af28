"""The locked dependencies of a unit's jobs are part of its release: named, compared, copied, kept and freed with it."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path

import attrs
import pytest

from multi_env_lambda import pipeline
from multi_env_lambda.api.workspace import Workspace
from multi_env_lambda.aws.index import list_published, read_published, read_release
from multi_env_lambda.errors import ConfigurationError, DocumentError
from multi_env_lambda.flow.publish import claim
from multi_env_lambda.flow.replicate import replicate
from multi_env_lambda.host.made import MadeRelease
from multi_env_lambda.make.dependencies import build_dependencies
from multi_env_lambda.model.published import Published
from multi_env_lambda.model.release import Release
from multi_env_lambda.model.request import Request
from multi_env_lambda.operations.difference import package_changes
from multi_env_lambda.operations.prune import find_prunable, prune
from multi_env_lambda.plan.prune import GRACE_SECONDS
from multi_env_lambda.testing.memory import MemoryStore
from multi_env_lambda.testing.memory_store import MemoryStore as RegionStore
from multi_env_lambda.world import World
from tests.bad_repositories import copy_of, world_of

FUNCTION = '\n[tool.multi_env_lambda.functions.create]\nhandler = "orders.create.handler"\n'
SPARK = '\n[tool.multi_env_lambda.jobs.cluster]\nkind = "glueetl"\nentry = "orders.job:main"\n'
DEPLOY = Request(verb="deploy", target="sandbox", only=("orders",))


def repository(folder: Path, more: str = "") -> Path:
    """With a unit `orders` that has a Python shell job and the dependency `small`, locked for every Python."""
    root = copy_of(folder, "lock_without_the_python_of_glue")
    edit(root, "pylock.toml", '">=3.13"', '">=3.9"')
    path = root / "projects/orders/pyproject.toml"
    path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
    return root


def edit(root: Path, name: str, old: str, new: str) -> None:
    path = root / "projects/orders" / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def opened(root: Path, cache: Path) -> tuple[World, MemoryStore]:
    return world_of(Workspace.open(root, local=False), cache)


def made(root: Path, cache: Path, published: Published | None = None) -> MadeRelease:
    world, _ = opened(root, cache)
    project = next(project for project in world.projects if project.name == "orders")
    return world.maker.make(project, (), published or Published())


def deploy(world: World) -> Release:
    results = pipeline.apply(world, pipeline.plan(world, DEPLOY))
    assert [item.outcome for item in results] == ["deployed"], results
    record = world.ledger.records("sandbox")["orders"]
    assert record.release is not None
    return read_release(world.store, world.cache, "orders", record.release)


def test_a_unit_of_jobs_has_a_library_and_no_layer(tmp_path: Path) -> None:
    found = made(repository(tmp_path / "r"), tmp_path / "cache")

    (library,) = found.release.libraries
    assert (found.release.layer, library.python, library.architecture) == (None, "3.9", "x86_64")
    assert library.library_key == f"projects/orders/glue/library/{library.digest}/library.zip"
    uploads = {upload.key: upload.read() for upload in found.uploads}
    for item in library.objects:
        assert (hashlib.sha256(uploads[item.key]).hexdigest(), len(uploads[item.key])) == (item.sha256, item.size)
    with zipfile.ZipFile(io.BytesIO(uploads[library.library_key])) as archive:
        assert "shared.py" in archive.namelist()
    job = json.loads(found.templates["sandbox"])["Resources"]["NightlyJob"]["Properties"]["DefaultArguments"]
    assert job["--unit-library"].endswith(library.library_key)
    assert job["--unit-library-sha256"] == library.library_sha256


def test_functions_and_jobs_of_several_pythons_have_what_is_theirs(tmp_path: Path) -> None:
    release = made(repository(tmp_path / "r", FUNCTION + SPARK), tmp_path / "cache").release

    assert release.layer is not None
    assert [library.python for library in release.libraries] == ["3.11", "3.9"]
    assert len({release.layer.digest, *(library.digest for library in release.libraries)}) == 3
    assert sorted(release.packages) == ["small", "small (jobs, Python 3.11)", "small (jobs, Python 3.9)"]


def test_equal_inputs_are_equal_bytes_and_a_changed_lock_is_another_library_that_the_plan_names(tmp_path: Path) -> None:
    root = repository(tmp_path / "r")
    one, other = (made(root, tmp_path / name).release for name in ("one", "other"))
    edit(root, "pyproject.toml", '["small"]', '["same"]')
    for old, new in (('"small"', '"same"'), ("small-1.0", "same-1.0")):
        edit(root, "pylock.toml", old, new)
    wheel = root / "projects/orders/wheels/small-1.0-py3-none-any.whl"
    body = wheel.read_bytes()
    renamed = io.BytesIO()
    with zipfile.ZipFile(wheel) as old_zip, zipfile.ZipFile(renamed, "w") as new_zip:
        for info in old_zip.infolist():
            data = old_zip.read(info).replace(b"small-1.0", b"same-1.0").replace(b"Name: small", b"Name: same")
            new_zip.writestr(info.filename.replace("small-1.0", "same-1.0"), data)
    wheel.with_name("same-1.0-py3-none-any.whl").write_bytes(renamed.getvalue())
    old_sha, new_sha = (hashlib.sha256(content).hexdigest() for content in (body, renamed.getvalue()))
    edit(root, "pylock.toml", old_sha, new_sha)
    changed = made(root, tmp_path / "one").release

    assert one == other
    assert one.libraries[0].digest != changed.libraries[0].digest
    assert [(item.action, item.name) for item in package_changes(one, changed)] == [
        ("added", "same (jobs, Python 3.9)"),
        ("removed", "small (jobs, Python 3.9)"),
    ]


def test_it_is_published_once_and_the_index_says_what_the_listing_says(tmp_path: Path) -> None:
    world, store = opened(repository(tmp_path / "r"), tmp_path / "cache")
    release = deploy(world)

    index, listing = read_published(store, "orders"), list_published(store, "orders")
    assert {item.key for item in index.libraries} == {item.key for item in release.libraries[0].objects}
    assert set(index.libraries) == set(listing.libraries)
    known = {upload.key: upload.known for upload in made(world.maker.root, tmp_path / "cache", index).uploads}  # type: ignore[attr-defined]
    assert all(known.values())


def test_another_byte_in_the_bucket_is_refused_before_anything_is_deployed(tmp_path: Path) -> None:
    world, store = opened(repository(tmp_path / "r"), tmp_path / "cache")
    release = deploy(world)
    store.objects[release.libraries[0].library_key].body += b"\0"

    with pytest.raises(DocumentError, match="library.zip: its bytes have the SHA-256"):
        claim(world, release, None)


def test_it_is_copied_to_the_bucket_of_another_region_without_its_lock(tmp_path: Path) -> None:
    world, store = opened(repository(tmp_path / "r"), tmp_path / "cache")
    release, copies = deploy(world), RegionStore()

    replicate(attrs.evolve(world, elsewhere=lambda _: copies), release, claim(world, release, None), "eu-central-1")

    key = release.libraries[0].library_key
    assert copies.objects[key].body == store.objects[key].body
    assert release.libraries[0].requirements_key not in copies.objects


def test_it_stays_while_a_kept_release_has_it_and_goes_with_the_last(tmp_path: Path) -> None:
    root = repository(tmp_path / "r")
    world, store = opened(root, tmp_path / "cache")
    world = attrs.evolve(world, config=attrs.evolve(world.config, keep=1))
    (old,) = deploy(world).libraries
    edit(root, "pyproject.toml", 'dependencies = ["small"]', "dependencies = []")
    (root / "projects/orders/pylock.toml").unlink()
    for number in (1, 2):
        edit(root, "orders/job.py", "A job.", f"A job. Change {number}.")
        again, _ = opened(root, tmp_path / "cache")
        store.time += GRACE_SECONDS
        world = attrs.evolve(world, maker=again.maker, projects=again.projects)
        found = find_prunable(world, only=["orders"])
        assert "library" not in {candidate.kind for candidate in found.candidates}
        deploy(world)
    store.time += GRACE_SECONDS

    prune(world, find_prunable(world, only=["orders"]))

    assert old.library_key not in store.objects and old.requirements_key not in store.objects


def test_a_rollback_brings_back_the_library_that_ran_before(tmp_path: Path) -> None:
    root = repository(tmp_path / "r")
    world, _ = opened(root, tmp_path / "cache")
    before = deploy(world)
    edit(root, "pyproject.toml", 'dependencies = ["small"]', "dependencies = []")
    (root / "projects/orders/pylock.toml").unlink()
    after = deploy(attrs.evolve(world, projects=opened(root, tmp_path / "cache")[0].projects))
    assert (len(before.libraries), after.libraries) == (1, ())

    back = Request(verb="rollback", target="sandbox", only=("orders",))
    (result,) = pipeline.apply(world, pipeline.plan(world, back))

    assert (result.outcome, result.release) == ("deployed", before.digest)


def test_another_pyspark_than_glues_is_refused(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", SPARK)
    edit(root, "pyproject.toml", '["small"]', '["small", "py4j"]')
    entry = '\n[[packages]]\nname = "py4j"\nversion = "1.0"\n'
    wheel = (
        f'wheels = [{{ name = "py4j-1.0-py3-none-any.whl", path = "x.whl", hashes = {{ sha256 = "{"0" * 64}" }} }}]\n'
    )
    path = root / "projects/orders/pylock.toml"
    path.write_text(path.read_text(encoding="utf-8") + entry + wheel, encoding="utf-8")
    (project,) = [one for one in Workspace.open(root, local=False).configs if one.name == "orders"]
    spark_alone = attrs.evolve(
        project,
        settings={
            name: attrs.evolve(settings, jobs=tuple(job for job in settings.jobs if job.key == "cluster"))
            for name, settings in project.settings.items()
        },
    )

    with pytest.raises(ConfigurationError, match="py4j 1.0 is locked, but the Spark job `cluster`"):
        build_dependencies(root, tmp_path / "cache", spark_alone, Published())
