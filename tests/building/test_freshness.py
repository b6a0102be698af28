"""A lock that was made from other requirements is refused with what was added and what was dropped."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from multi_env_lambda.building.freshness import check_asked_for, check_made_from, normal_requirement
from multi_env_lambda.building.lock import Lock, LockedPackage, Target, check_covers, read_lock, write_lock
from multi_env_lambda.building.requirements import asked_elsewhere, lock_inputs, third_party
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.project import Project
from tests.building.test_lock import pylock, read, uv_lock, uv_package, vendored

ARM = Target(python="3.13", architecture="arm64")


def workspace(root: Path, *dependencies: str, more: str = "", shared: Mapping[str, str] | None = None) -> Project:
    quoted = ", ".join(f'"{one}"' for one in dependencies)
    unit = f'[project]\nname = "orders"\nversion = "0.1.0"\ndependencies = [{quoted}]\n{more}'
    for folder, text in {"projects/orders": unit, **(shared or {})}.items():
        (root / folder).mkdir(parents=True, exist_ok=True)
        (root / folder / "pyproject.toml").write_text(text, encoding="utf-8")
    return Project(
        name="orders", folder="projects/orders", version="0.1.0", dependencies=dependencies, shared=tuple(shared or ())
    )


def money(*dependencies: str) -> dict[str, str]:
    quoted = ", ".join(f'"{one}"' for one in dependencies)
    return {"libs/money": f'[project]\nname = "money"\nversion = "1"\ndependencies = [{quoted}]\n'}


def refusal(lock: Lock, root: Path, project: Project) -> str:
    with pytest.raises(ConfigurationError) as caught:
        check(lock, root, project)
    return str(caught.value)


def check(lock: Lock, root: Path, project: Project) -> None:
    check_made_from(lock, lock_inputs(root, project), third_party(root, project), ARM)


def recorded(root: Path, project: Project) -> Lock:
    """What the verb `lock` would have written now; every version in it is allowed whatever is edited later."""
    packages = (LockedPackage(name="privlib", version="1.0"), LockedPackage(name="a", version="1.0"))
    path = root / "projects/orders/pylock.toml"
    return Lock(path=path, where="pylock.toml", packages=packages, made_from=lock_inputs(root, project))


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (["privlib"], ["privlib[fast]"], ["added since: privlib[fast]", "dropped since: privlib"]),
        (["privlib", "a"], ["privlib"], ["dropped since: a"]),
        (["privlib"], ["privlib", "a"], ["added since: a"]),
        (["a; sys_platform == 'win32'"], ["a"], ["added since: a;", 'dropped since: a; sys_platform == "win32"']),
        (["a>=1"], ["a>=0.5"], ["added since: a>=0.5", "dropped since: a>=1"]),
    ],
)
def test_every_change_of_a_requirement_makes_the_lock_an_old_one(
    tmp_path: Path, before: list[str], after: list[str], words: list[str]
) -> None:
    lock = recorded(tmp_path, workspace(tmp_path, *before))
    text = refusal(lock, tmp_path, workspace(tmp_path, *after))
    for word in words:
        assert word in f"{text.splitlines()[0]};"
    assert text.endswith("hint: run the verb `lock`")


@pytest.mark.parametrize("after", ["Priv_Lib [b,a]<2,>=1", "privlib"])
def test_another_way_of_writing_the_same_changes_nothing(tmp_path: Path, after: str) -> None:
    before = {"Priv_Lib [b,a]<2,>=1": "priv-lib[a, b] >=1, <2"}.get(after, after)
    lock = recorded(tmp_path, workspace(tmp_path, before))
    check(lock, tmp_path, workspace(tmp_path, after))


def test_what_shared_folders_ask_for_is_part_of_it_with_extras_and_the_folders_themselves_are_not(
    tmp_path: Path,
) -> None:
    lock = recorded(tmp_path, workspace(tmp_path, "money", shared=money("a")))
    check(lock, tmp_path, workspace(tmp_path, shared=money("a")))
    assert "added since: a[x]" in refusal(lock, tmp_path, workspace(tmp_path, shared=money("a[x]")))
    assert "dropped since: a" in refusal(lock, tmp_path, workspace(tmp_path, shared=money()))


@pytest.mark.parametrize("kind", ["constraint", "override"])
def test_what_uv_is_told_beside_the_requirements_is_part_of_it(tmp_path: Path, kind: str) -> None:
    lock = recorded(tmp_path, workspace(tmp_path, "a", more=f'[tool.uv]\n{kind}-dependencies = ["b<2"]\n'))
    assert f"dropped since: {kind}: b<2" in refusal(lock, tmp_path, workspace(tmp_path, "a"))


def test_the_verb_writes_the_record_and_reading_it_back_gives_the_same(tmp_path: Path) -> None:
    indexes = vendored(tmp_path, tmp_path / "wheels")
    inputs = ("override: x<2", 'tiny; python_version < "4"', "ä @ https://x.org/ä.whl")
    first = write_lock(tmp_path, python="3.13", made_from=inputs, indexes=indexes).read_bytes()
    lock = read_lock(tmp_path, where="projects/orders")
    assert lock is not None and lock.made_from == tuple(sorted(inputs))
    path = tmp_path / "pylock.toml"
    os.utime(path, ns=(1, 1))
    assert write_lock(tmp_path, python="3.13", made_from=inputs, indexes=indexes).read_bytes() == first
    assert path.stat().st_mtime_ns == 1, "`make` and editors would take it for another file"


def test_a_record_that_is_no_list_of_texts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="`made-from` is not a list of texts"):
        read(tmp_path, "pylock.toml", pylock("") + "[tool.multi_env_lambda]\nmade-from = [1]\n")


def test_the_tables_of_other_tools_are_left_alone(tmp_path: Path) -> None:
    assert read(tmp_path, "pylock.toml", pylock("") + "[tool.pdm]\nhashes = {}\n").made_from is None


# --- uv.lock says who needs whom ---


def graph(root: Path, own: str, *packages: str) -> Lock:
    return read(root / "projects/orders", "uv.lock", uv_lock(own, "".join(packages)), shared=("../../libs/money",))


FAST = '[package.optional-dependencies]\nfast = [{ name = "fastlib" }]\n'


def test_a_uv_lock_without_an_extra_that_is_asked_for_now_is_refused(tmp_path: Path) -> None:
    lock = graph(tmp_path, '{ name = "privlib" }', uv_package("privlib"))
    text = refusal(lock, tmp_path, workspace(tmp_path, "privlib[fast]"))
    assert "added since: privlib[fast]" in text and "run `uv lock`" in text
    own = '{ name = "privlib", extra = ["fast"] }'
    check(
        graph(tmp_path, own, uv_package("privlib", more=FAST), uv_package("fastlib")),
        tmp_path,
        workspace(tmp_path, "privlib[fast]"),
    )


def test_a_uv_lock_with_an_extra_that_nothing_asks_for_any_more_is_refused(tmp_path: Path) -> None:
    own = '{ name = "privlib", extra = ["fast"] }'
    lock = graph(tmp_path, own, uv_package("privlib", more=FAST), uv_package("fastlib"))
    assert "dropped since: privlib[fast]" in refusal(lock, tmp_path, workspace(tmp_path, "privlib"))


def test_a_uv_lock_with_something_that_was_dropped_is_refused(tmp_path: Path) -> None:
    lock = graph(tmp_path, '{ name = "a" }, { name = "b" }', uv_package("a"), uv_package("b"))
    assert "dropped since: b" in refusal(lock, tmp_path, workspace(tmp_path, "a"))


def test_a_uv_lock_in_which_only_another_machine_needs_it_is_refused(tmp_path: Path) -> None:
    lock = graph(tmp_path, '{ name = "a", marker = "sys_platform == \'win32\'" }', uv_package("a"))
    with pytest.raises(ConfigurationError, match="a is not locked"):
        check_covers(lock, ["a"], "projects/orders", target=ARM)
    check_covers(lock, ["a; sys_platform == 'win32'"], "projects/orders", target=ARM)


def test_a_uv_lock_that_installs_what_is_asked_for_elsewhere_only_is_refused(tmp_path: Path) -> None:
    lock = graph(tmp_path, '{ name = "a" }', uv_package("a"))
    assert "dropped since: a" in refusal(lock, tmp_path, workspace(tmp_path, "a; sys_platform == 'win32'"))


def test_what_a_shared_folder_dropped_is_seen_in_a_uv_lock(tmp_path: Path) -> None:
    common = uv_package("money", source='editable = "../../libs/money"', more='dependencies = [{ name = "a" }]\n')
    lock = graph(tmp_path, '{ name = "money" }', common, uv_package("a"))
    check(lock, tmp_path, workspace(tmp_path, "money", shared=money("a")))
    assert "dropped since: a" in refusal(lock, tmp_path, workspace(tmp_path, "money", shared=money()))


# --- a lock that says nothing: the packages themselves are asked ---


def layer(folder: Path, **needs: list[str]) -> Path:
    with zipfile.ZipFile(folder / "layer.zip", "w") as archive:
        for name, texts in needs.items():
            lines = "".join(f"Requires-Dist: {text}\n" for text in texts)
            body = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{lines}\nRequires-Dist: not-this\n"
            archive.writestr(f"python/{name}-1.0.dist-info/METADATA", body)
            archive.writestr(f"python/{name}/vendored/x-1.dist-info/METADATA", "Name: x\n")
    return folder / "layer.zip"


def silent(*, name: str = "requirements.txt") -> Lock:
    return Lock(path=Path(name), where=f"projects/orders/{name}", packages=())


PRIVLIB = [
    "fastlib>=2; extra == 'fast'",
    "winlib; extra == 'fast' and sys_platform == 'win32'",
    "boto3; extra == 'aws'",
]


def test_an_extra_whose_own_requirement_is_not_locked_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        check_asked_for(silent(), layer(tmp_path, privlib=PRIVLIB), ["privlib[fast]"], ARM)
    assert "privlib[fast] needs fastlib>=2, which is not locked" in str(caught.value)
    check_asked_for(silent(), layer(tmp_path, privlib=PRIVLIB, fastlib=[]), ["privlib[fast]"], ARM)


@pytest.mark.parametrize("name", ["requirements.txt", "pylock.toml"])
def test_what_a_locked_package_requires_must_be_locked_too(tmp_path: Path, name: str) -> None:
    found = layer(tmp_path, a=["b"], b=["Far_Lib>=2", "c[d]"], c=["e; extra == 'd'"])

    with pytest.raises(ConfigurationError, match="b needs far-lib>=2, which is not locked") as caught:
        check_asked_for(silent(name=name), found, ["a"], ARM)
    assert caught.value.where == silent(name=name).where
    with pytest.raises(ConfigurationError, match=r"c\[d\] needs e, which is not locked"):
        check_asked_for(silent(name=name), found, ["a"], ARM, ours=["far-lib"])


@pytest.mark.parametrize(
    "need", ["b; sys_platform == 'win32'", "b; extra == 'x'", "setuptools>=70", "boto3", "Our_Own"]
)
def test_what_is_not_needed_there_or_comes_from_elsewhere_need_not_be_locked(tmp_path: Path, need: str) -> None:
    check_asked_for(silent(), layer(tmp_path, a=[need]), ["a"], ARM, ours=["our-own"])


def test_what_a_requirement_for_other_machines_needs_is_not_asked_for(tmp_path: Path) -> None:
    check_asked_for(silent(), layer(tmp_path, a=[], b=["c"]), ["a", "b; sys_platform == 'win32'"], ARM)


def test_what_lambda_offers_may_be_left_out_of_a_lock(tmp_path: Path) -> None:
    check_asked_for(silent(), layer(tmp_path, privlib=PRIVLIB), ["privlib[aws]"], ARM)


@pytest.mark.parametrize("name", ["requirements.txt", "pylock.toml"])
def test_a_package_that_nothing_asks_for_any_more_is_refused(tmp_path: Path, name: str) -> None:
    found = layer(tmp_path, a=["b"], b=[], c=["d"], d=[])
    check_asked_for(silent(name=name), found, ["a", "c"], ARM)
    with pytest.raises(ConfigurationError, match="nothing requires what is locked as c, d"):
        check_asked_for(silent(name=name), found, ["a"], ARM)


def test_an_extra_that_is_no_longer_asked_for_leaves_its_requirement_behind(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="locked as fastlib"):
        check_asked_for(silent(), layer(tmp_path, privlib=PRIVLIB, fastlib=[]), ["privlib"], ARM)


@pytest.mark.parametrize("need", ["b; python_version < '3.9'", "b; sys_platform == 'win32'", "B>=1"])
def test_what_is_locked_for_other_machines_too_is_asked_for(tmp_path: Path, need: str) -> None:
    check_asked_for(silent(), layer(tmp_path, a=[need], b=[]), ["a"], ARM)


def test_extras_of_extras_are_followed(tmp_path: Path) -> None:
    needs = ["a[small]; extra == 'all'", "b; extra == 'small'"]
    check_asked_for(silent(), layer(tmp_path, a=needs, b=[]), ["a[all]"], ARM)


def test_packages_whose_needs_cannot_be_read_prove_nothing(tmp_path: Path) -> None:
    check_asked_for(silent(), layer(tmp_path, a=["???"], b=[]), ["a"], ARM)


@pytest.mark.parametrize("marker", ["os_name ~= 'x'", "'a' == 'b'", f"python_version > '{'9' * 5000}'"])
def test_a_package_whose_marker_has_no_answer_proves_nothing(tmp_path: Path, marker: str) -> None:
    check_asked_for(silent(), layer(tmp_path, a=["b", f"c; {marker}"], d=[]), ["a"], ARM)


def test_what_the_project_asks_for_in_extras_and_groups_may_be_locked(tmp_path: Path) -> None:
    more = (
        '[project.optional-dependencies]\nx = ["b"]\n'
        '[dependency-groups]\ndev = ["c", { include-group = "y" }]\ny = ["d", "???"]\n'
    )
    project = workspace(tmp_path, "a", more=more, shared={"libs/money": "[dependency-groups]\nz = ['e']\n"})
    assert asked_elsewhere(tmp_path, project) == ("b", "c", "d", "e")
    found = layer(tmp_path, a=[], b=[], c=[], d=[])
    check_asked_for(silent(), found, ["a"], ARM, also=asked_elsewhere(tmp_path, project))


def test_a_lock_with_a_record_or_a_graph_needs_no_questions(tmp_path: Path) -> None:
    found = layer(tmp_path, a=[], b=[])
    project = workspace(tmp_path, "a")
    check_asked_for(recorded(tmp_path, project), found, ["a"], ARM)
    check_asked_for(graph(tmp_path, '{ name = "a" }', uv_package("a")), found, ["a"], ARM)


def test_a_requirement_has_one_normal_form() -> None:
    assert normal_requirement("Priv_Lib [B,a] >=1,<2 ; os_name=='posix'") == 'priv-lib[a,b]<2,>=1; os_name == "posix"'
