"""Changes of strangers: planned against a copy of the records, without credentials, and shown as what they are."""

from __future__ import annotations

import gzip
import json
import tempfile
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multi_env_lambda import pipeline
from multi_env_lambda.ci.comment import of_plan, render
from multi_env_lambda.ci.strangers import Preview, from_log, to_log
from multi_env_lambda.errors import DocumentError, MultiEnvLambdaError, Refused, UpgradeNeeded
from multi_env_lambda.model.digest import canonical_json, digest
from multi_env_lambda.model.plan_copy import PlanCopy
from multi_env_lambda.model.record import Holder, current_key
from multi_env_lambda.model.request import Request
from multi_env_lambda.operations.copied import against
from multi_env_lambda.operations.copying import copied
from multi_env_lambda.testing.world import FakeTree, FakeWorld, fake_world

COMMIT = "c" * 40
SECRET = "AKIA" + "Q3EGRIWYBXMGZ5OT"


def request(fake: FakeWorld) -> Request:
    return Request(verb="deploy", target=fake.world.config.environments[-1].name, through=True)


def deployed(folder: Path, *places: str, **content: str) -> FakeWorld:
    """Units as they run in some environments, in order."""
    fake = fake_world(FakeTree(content or {"billing": "b1", "orders": "o1"}), folder)
    for number, place in enumerate(places):
        verb: Any = "promote" if number else "deploy"
        draft = pipeline.plan(fake.world, Request(verb=verb, target=place))
        assert all(one.good for one in pipeline.apply(fake.world, draft))
    return fake


def copy_of(fake: FakeWorld) -> PlanCopy:
    return PlanCopy.from_bytes(copied(fake.world, COMMIT), where="copy")


def planned(fake: FakeWorld, copy: PlanCopy, folder: Path) -> pipeline.PreparedPlan:
    return pipeline.plan(against(fake.world, copy, folder), request(fake))


STATES = st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), st.sampled_from(["1", "2", "3"]), min_size=1)


@settings(max_examples=25, deadline=None)
@given(before=STATES, reached=st.integers(0, 3), change=STATES, gone=st.booleans())
def test_a_copy_leads_to_the_plan_that_credentials_lead_to(
    before: dict[str, str], reached: int, change: dict[str, str], gone: bool
) -> None:
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        fake = deployed(folder / "own", *("sandbox", "test", "staging")[:reached], **before)
        body = copied(fake.world, COMMIT)
        if gone and len(before) > 1:
            fake.tree.content.pop(min(before))
        fake.tree.content.update(change)
        fake = fake_world(fake.tree, folder / "other", store=fake.store, platform=fake.platform)
        wanted, writes = pipeline.plan(fake.world, request(fake)).plan, len(fake.store.writes)

        found = planned(fake, PlanCopy.from_bytes(body, where="copy"), folder / "copy").plan

        assert (found.digest, found.steps) == (wanted.digest, wanted.steps)
        assert len(fake.store.writes) == writes


def test_the_same_records_make_the_same_bytes(tmp_path: Path) -> None:
    fake = deployed(tmp_path, "sandbox")
    assert copied(fake.world, COMMIT) == copied(attrs.evolve(fake.world, cache=tmp_path / "x"), COMMIT)


def test_there_are_no_artifacts_approvals_jobs_or_history_in_it(tmp_path: Path) -> None:
    fake = deployed(tmp_path, "sandbox", "test")
    for key in ("ci/wanted/0a.json", "environments/prod/approvals/1/2/3.json", "ci/protected.json"):
        fake.store.put_new(key, b"canary")
    copy = copy_of(fake)
    keys = [item.key for item in copy.objects]

    assert keys and all(
        key.startswith("environments/")
        and "/current" in key
        or key.startswith("projects/")
        and ("/release/" in key or key.endswith("/published.json.gz"))
        or key == "workspace.json"
        for key in keys
    )
    assert b"canary" not in gzip.decompress(copy.to_bytes())


def test_what_looks_like_a_secret_is_left_out_and_named(tmp_path: Path) -> None:
    fake = fake_world(FakeTree({"a": "1", "b": "1"}, properties={"a": {"Description": SECRET}}), tmp_path)
    pipeline.apply(fake.world, pipeline.plan(fake.world, Request(verb="deploy", target="sandbox")))
    body = copied(fake.world, COMMIT)
    copy = PlanCopy.from_bytes(body, where="copy")

    assert SECRET.encode() not in gzip.decompress(body)
    assert copy.hidden and all(key.startswith("projects/a/release/") for key in copy.hidden)
    fake.tree.content["b"] = "2"
    steps = planned(fake, copy, tmp_path / "copy").plan.steps
    assert [step.project for step in steps if step.environment == "sandbox"] == ["a", "b"]


def test_nobody_hears_on_which_machine_somebody_works(tmp_path: Path) -> None:
    fake = deployed(tmp_path, "sandbox")
    holder = Holder(
        nonce="7f", who="arn:aws:iam::111111111111:user/ada", host="adas-laptop", process="4711 1", since="", fencing=0
    )
    fake.world.ledger.acquire(
        "sandbox", "orders", holder, running=fake.world.ledger.records("sandbox")["orders"].release
    )

    assert b"adas-laptop" not in gzip.decompress(copied(fake.world, COMMIT))


def test_a_record_that_cannot_be_read_makes_no_new_unit_of_it(tmp_path: Path) -> None:
    fake = deployed(tmp_path, "sandbox")
    key = current_key("sandbox", "orders")
    fake.store.objects[key].body = b"junk"
    fake.store.objects[key].etag = "other"
    fake = fake_world(fake.tree, tmp_path / "other", store=fake.store, platform=fake.platform)

    blocked = planned(fake, copy_of(fake), tmp_path / "copy").plan.blocked
    assert "orders" in {step.project for step in blocked}


def test_nothing_can_be_written_and_no_account_is_asked(tmp_path: Path) -> None:
    fake = deployed(tmp_path, "sandbox")
    world = against(fake.world, copy_of(fake), tmp_path / "copy")
    for call in (
        lambda: world.store.put_new("x", b""),
        lambda: world.store.replace("x", b"", etag=""),
    ):
        with pytest.raises(Refused, match="nothing can be written"):
            call()
    with pytest.raises(MultiEnvLambdaError, match="no account is asked"):
        world.platform.writer()
    fake.tree.content["orders"] = "o2"
    draft = pipeline.plan(world, request(fake))
    with pytest.raises(MultiEnvLambdaError):
        results = pipeline.apply(world, draft)
        raise next(DocumentError("x", one.detail, hint="-") for one in results if not one.good)


# --- forged, cut, huge, of others ---
def forged(copy: PlanCopy, **changed: Any) -> bytes:
    document = {**attrs.asdict(copy), **changed}
    return gzip.compress(canonical_json({"format": 2, "copy": document, "sha256": digest(document)}).encode())


def test_a_copy_that_is_none_is_refused_with_what_is_wrong(tmp_path: Path) -> None:
    copy = copy_of(deployed(tmp_path, "sandbox"))
    body = copy.to_bytes()
    changed = json.loads(gzip.decompress(body))
    changed["copy"]["commit"] = "d" * 40
    twice = [attrs.asdict(one) for one in (copy.objects[0], copy.objects[0])]
    for junk, said in (
        (b"", "it was cut"),
        (body[:-9], "it was cut"),
        (body + b"x", "something follows"),
        (b"PK\x03\x04", "is not a copy"),
        (gzip.compress(b"[]"), "expected an object"),
        (gzip.compress(b"{}"), "no `copy`"),
        (gzip.compress(json.dumps(changed).encode()), "does not have the SHA-256"),
        (gzip.compress(b" " * (64 * 1024 * 1024 + 1)), "unpacks to more"),
        (forged(copy, objects=twice), "there twice"),
        (forged(copy, objects=[{"key": "x", "text": "€"}]), "no bytes"),
        (forged(copy, made="now"), "made"),
    ):
        with pytest.raises(DocumentError, match=said):
            PlanCopy.from_bytes(junk, where="copy")
    with pytest.raises(UpgradeNeeded):
        PlanCopy.from_bytes(gzip.compress(b'{"format": 99}'), where="copy")


def test_a_copy_of_another_workspace_is_told_from_ones_own(tmp_path: Path) -> None:
    fake = deployed(tmp_path, "sandbox")
    copy, config = copy_of(fake), fake.world.config

    assert copy.another(config) == ""
    assert "the bucket" in attrs.evolve(copy, bucket="others").another(config)
    moved = tuple((name, "9" * 12) for name, _ in copy.places)
    assert "the environment sandbox" in attrs.evolve(copy, places=moved).another(config)


# --- what the job of a stranger says ---
def preview(tmp_path: Path) -> Preview:
    fake = deployed(tmp_path, "sandbox")
    fake.tree.content["orders"] = "o2"
    plan = planned(fake, copy_of(fake), tmp_path / "copy").plan
    return Preview.of(of_plan(7, COMMIT, plan), "2026-01-01T00:00:00Z", ("drift",))


def test_a_preview_comes_through_a_log_as_it_was(tmp_path: Path) -> None:
    said = preview(tmp_path)
    log = "\n".join(f"2026-01-01T00:00:00.0000000Z {line}" for line in ("building", *to_log(said).splitlines(), "done"))

    assert from_log(log.encode()) == said
    text = render(said.comment(7, COMMIT, "https://github.com/acme/units/actions/runs/1"), 65_536)
    assert "nobody has to believe" in text and "copy of the records of 2026-01-01T00:00:00Z" in text
    assert said.digest[:12] in text and "To agree for" not in text


def test_a_log_without_a_sound_preview_shows_nothing(tmp_path: Path) -> None:
    lines = to_log(preview(tmp_path)).splitlines()
    cut, swapped = "\n".join(lines[:-1]), "\n".join((lines[0], "$(id)", *lines[1:]))
    bomb = Preview(made="x" * 500)
    rows = Preview(made="", digest="not hexadecimal")
    for log in ("", cut, swapped, to_log(bomb), to_log(rows), "\n".join((lines[0], "AAAA", lines[-1]))):
        with pytest.raises(DocumentError):
            from_log(log.encode())
    with pytest.raises(DocumentError, match="are read"):
        from_log(b"x" * (10 * 1024 * 1024 + 1))


def outside_of_code(text: str) -> str:
    """What of a comment a host reads as Markdown: all but code spans and the block."""
    return "".join(part for number, part in enumerate(text.split("`")) if number % 2 == 0).replace("–", "")


@given(st.text(min_size=1, max_size=60))
def test_nothing_that_a_stranger_writes_acts_in_the_comment(text: str) -> None:
    def shown(word: str) -> str:
        said = Preview(made=word, rows=((word,) * 4,), rights=(word,), failures=(word,), unknown=(word,))
        return render(from_log(to_log(said).encode()).comment(7, COMMIT, ""), 65_536)

    assert outside_of_code(shown(text)) == outside_of_code(shown("x"))
