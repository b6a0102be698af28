"""A unit's own ``stack.py`` is other people's code: it has no keys, and breaks nothing but its own unit."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import attrs
import pytest

from multi_env_lambda.errors import BuildError, ConfigurationError
from multi_env_lambda.host.confined import Ended, holds
from multi_env_lambda.make.stack_file import _read, templates_of
from multi_env_lambda.make.stack_run import load_extend
from multi_env_lambda.plan.template import StackInput, render
from tests.plan.template_values import BUCKET, LAYER, SANDBOX, SMALL, SOURCE, project

PROJECT = project(SMALL)
UNIT = StackInput(project=PROJECT, environment=SANDBOX, bucket=BUCKET, source=SOURCE, layer=LAYER)
HELD = pytest.mark.skipif(not holds(), reason="this kernel has no Landlock that allows renames")


def stack_file(root: Path, text: str) -> Path:
    folder = root / PROJECT.folder
    folder.mkdir(parents=True)
    (folder / "stack.py").write_text(text, encoding="utf-8")
    return root


def refusal(root: Path, text: str, seconds: float = 20.0) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        templates_of(stack_file(root, text), [UNIT], seconds=seconds)
    assert caught.value.where == "projects/orders/stack.py"
    return caught.value


ADDS = """
print("\\x1b[2Jone ghp_" + "a1B2" * 9)
def extend(template, context):
    print("two")
    context.set_environment("create", "PLACE", context.environment.name)
    context.allow("create", ["s3:GetObject"], ["arn:aws:s3:::there/*"])
"""


def test_one_child_gives_what_the_same_file_gives_here(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    root = stack_file(tmp_path, ADDS)
    of_child = templates_of(root, [UNIT])
    said = capfd.readouterr()
    here = render(PROJECT, SANDBOX, bucket=BUCKET, source=SOURCE, layer=LAYER, extend=load_extend(root, PROJECT))

    assert of_child == {"sandbox": here}
    # What it prints is for stderr, without secrets, and is no order to a terminal.
    assert (said.out, said.err) == ("", "\\x1b[2Jone ***\ntwo\n")


def test_a_unit_without_one_starts_no_process(tmp_path: Path) -> None:
    def start(*_: object, **__: object) -> Ended:
        raise AssertionError("a process is started")

    assert templates_of(tmp_path, [UNIT], start=start)["sandbox"] == render(
        PROJECT, SANDBOX, bucket=BUCKET, source=SOURCE, layer=LAYER
    )
    with pytest.raises(AssertionError, match="a process is started"):
        templates_of(stack_file(tmp_path, ADDS), [UNIT], start=start)


def test_reading_it_leaves_nothing_behind_that_would_count_as_an_edit(tmp_path: Path) -> None:
    templates_of(stack_file(tmp_path, "def extend(template, context): pass\n"), [UNIT])

    assert [path.name for path in (tmp_path / PROJECT.folder).iterdir()] == ["stack.py"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import sys; sys.exit(3)", "cannot be imported: SystemExit: 3"),
        ("import nowhere", "cannot be imported: ModuleNotFoundError"),
        ("def extend(: pass", "cannot be imported: SyntaxError"),
        ("extend = 3", "has no function `extend`"),
    ],
)
def test_a_file_that_gives_no_function_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(ConfigurationError, match="projects/orders/stack.py") as caught:
        load_extend(stack_file(tmp_path, text), PROJECT)
    assert reason in caught.value.what


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        ("import os; os._exit(0)", "ended its process without an answer", "os._exit"),
        ("class Worse(BaseException): pass\nraise Worse('no')", "ended with Worse: no (line 2)", "raise an Exception"),
        ("def extend(t, c):\n    c.role('nobody')", "has no 'nobody' in sandbox (line 2)", "it has: create"),
        ("def extend(t, c):\n    {}['x']", "failed for sandbox with KeyError: 'x' (line 2)", "add each name once"),
        ("big = bytearray(3 << 30)", "MemoryError", "correct the file"),
        (
            "def extend(t, c):\n    c.merge('Odd', {'Type': 'AWS::SNS::Topic', 'Properties': 7})",
            "did not produce a valid template",
            "what CloudFormation accepts",
        ),
    ],
)
def test_whatever_it_does_is_one_error_of_its_own_unit(tmp_path: Path, text: str, what: str, hint: str) -> None:
    error = refusal(tmp_path, text)

    assert what in error.what and hint in error.hint


SILENT = "class Silent({}):\n    def __str__(self): {}\n"


@pytest.mark.parametrize("kind", ["Exception", "BaseException", "PermissionError", "SyntaxError"])
@pytest.mark.parametrize("says", ["raise ValueError('x')", "return 5", "raise SystemExit(0)", "return str(self)"])
@pytest.mark.parametrize("raises", ["raise Silent('x')", "def extend(t, c): raise Silent('x')"])
def test_an_error_that_cannot_say_what_it_is_is_one_as_well(
    tmp_path: Path, kind: str, says: str, raises: str, capfd: pytest.CaptureFixture[str]
) -> None:
    error = refusal(tmp_path, SILENT.format(kind, says) + raises)

    assert "Silent: nothing, since its __str__ failed" in error.what
    assert "Traceback" not in capfd.readouterr().err + error.what


@pytest.mark.slow
def test_boto3_finds_no_credentials_there_and_is_told_why(tmp_path: Path) -> None:
    error = refusal(tmp_path, "def extend(t, c):\n    import boto3; boto3.client('s3').list_buckets()")

    assert "NoCredentialsError: Unable to locate credentials (line 2)" in error.what
    assert "without credentials and without network" in error.hint


@pytest.mark.parametrize(
    ("status", "what"),
    [
        (7, "ended its process with status 7: last words"),
        (-24, "was ended by signal 24, as more than 30 seconds of processor time are: last words"),
    ],
)
def test_an_end_of_the_process_is_said(status: int, what: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        _read(Ended(status=status, answer=b"", said="last words\n"), 1, "orders/stack.py", 30.0)
    assert caught.value.what == what


def test_one_that_does_not_end_is_ended(tmp_path: Path) -> None:
    assert refusal(tmp_path, "while True: pass", seconds=0.6).what == "did not end within 0.6 seconds"


FORGED = """
import json, os
def extend(template, context):
    for number in range(3, 20):
        try:
            os.write(number, {answer})
        except OSError:
            pass
    os._exit(0)
"""


@pytest.mark.parametrize(
    "answer",
    [b'{"documents": []}', b'{"documents": [{"Resources": {"A": []}}]}', b"[NaN]", b"[" * 100_000, b'{"error": 1}'],
)
def test_an_answer_of_its_own_making_is_looked_at_like_any_other(answer: bytes) -> None:
    with pytest.raises(ConfigurationError):
        _read(Ended(status=0, answer=answer), 1, "projects/orders/stack.py", 30.0)


def test_a_forged_answer_passes_no_check_of_templates(tmp_path: Path) -> None:
    forged = {"Resources": {"A": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Ref": "Nobody"}}}}}
    text = FORGED.format(answer=json.dumps({"documents": [forged]}).encode())

    assert "was removed from the template but is still needed" in refusal(tmp_path, text).what


LOOKS = """
import os, socket, subprocess
def said(do):
    try:
        return repr(do())
    except BaseException as error:
        return type(error).__name__
own = os.path.dirname(__file__)
print("environment", "canary" in repr(dict(os.environ)))
print("aws", [name for name in os.environ if name.startswith("AWS_") and "KEY" in name])
print("own", said(lambda: open(own + "/rates.csv").read()))
print("parent", said(lambda: open(f"/proc/{os.getppid()}/environ").read()))
for place in SECRETS:
    print("secret", said(lambda: open(place).read()))
for folder in ("/tmp", own, os.path.expanduser("~")):
    print("write", said(lambda: open(folder + "/planted", "w").write("x")))
start = lambda: subprocess.run(["/bin/true"])
for do in (socket.socket, lambda: socket.socket(socket.AF_UNIX), os.fork, start):
    print("out", said(do))
def extend(template, context): pass
"""


@HELD
def test_it_has_no_key_no_file_no_network_and_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "canary")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")
    home, secret = tmp_path / "home", tmp_path / "secret"
    home.mkdir()
    (home / "credentials").write_text("canary")
    secret.write_text("canary")
    root = stack_file(tmp_path / "root", f"SECRETS = {[str(secret), str(home / 'credentials'), '/etc/shadow']}{LOOKS}")
    (root / PROJECT.folder / "rates.csv").write_text("1")
    templates_of(root, [UNIT])

    assert capfd.readouterr().err.splitlines() == [
        "environment False",
        "aws []",
        "own '1'",
        "parent PermissionError",
        *["secret PermissionError"] * 3,
        *["write PermissionError"] * 2,
        "write 1",
        *["out OSError"] * 2,
        *["out PermissionError"] * 2,
    ]
    assert os.listdir(root / PROJECT.folder) and not (root / PROJECT.folder / "planted").exists()


@pytest.mark.parametrize("link", ["libs/common", "libs", "projects/orders"])
def test_a_folder_that_it_names_is_no_link_to_where_it_may_not_read(tmp_path: Path, link: str) -> None:
    home, root = tmp_path / "home", tmp_path / "root"
    for path in ("common", "orders"):
        (home / path).mkdir(parents=True)
    (home / "orders" / "stack.py").write_text("def extend(template, context): pass\n", encoding="utf-8")
    if not link.startswith("projects"):
        stack_file(root, "def extend(template, context): pass\n")
    (root / link).parent.mkdir(parents=True, exist_ok=True)
    (root / link).symlink_to(home / Path(link).name if "/" in link else home)

    with pytest.raises(BuildError, match=f"{link} is a symbolic link to"):
        templates_of(root, [attrs.evolve(UNIT, project=attrs.evolve(PROJECT, shared=("libs/common",)))])


@pytest.mark.skipif(sys.platform != "linux", reason="seccomp is of Linux")
def test_it_changes_no_mode_of_a_file_that_it_cannot_read(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    secret = tmp_path / "credentials"
    secret.touch(0o600)
    tries = (
        "import os\ndef extend(template, context):\n    try:\n"
        f"        os.chmod({str(secret)!r}, 0o666)\n    except OSError as error:\n        print(type(error).__name__)\n"
    )
    templates_of(stack_file(tmp_path / "root", tries), [UNIT])

    assert (capfd.readouterr().err, secret.stat().st_mode & 0o777) == ("PermissionError\n", 0o600)


def test_all_environments_share_one_child(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    units = [attrs.evolve(UNIT, environment=attrs.evolve(SANDBOX, name=name)) for name in ("sandbox", "test")]
    both = attrs.evolve(PROJECT, settings={name: PROJECT.settings["sandbox"] for name in ("sandbox", "test")})
    units = [attrs.evolve(unit, project=both) for unit in units]
    found = templates_of(stack_file(tmp_path, ADDS), units)

    assert capfd.readouterr().err == "\\x1b[2Jone ***\ntwo\ntwo\n"
    assert ['"PLACE":"sandbox"' in found["sandbox"], '"PLACE":"test"' in found["test"]] == [True, True]
