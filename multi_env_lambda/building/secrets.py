"""Secrets in what would be published (wheel, sdist): by a file's name and by its content.

Names: the files in which well-known programs keep credentials, according to common ignore templates, npm's list of what
is never packed, and gitleaks. Content: ``masking.py``. Neither is about the packages of a layer, which their authors
have published already.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import PurePosixPath

import attrs

from multi_env_lambda.errors import BuildError
from multi_env_lambda.masking import IN_ADDRESS, forms_in

__all__ = ["Leak", "is_named_so", "leaks_in", "refuse_secrets"]

LONGEST_TEXT = 8 << 20
"""How many bytes of a file are searched; longer files are data."""
LONGEST_BINARY = 1 << 20
"""The same for a file that Git would not call text."""

_FOLDERS = frozenset({".aws", ".azure", ".git", ".gnupg", ".kube", ".ssh", ".terraform"})
_NAMES = (
    *(".env", ".env.*", "*.env", ".envrc", ".netrc", "_netrc", ".npmrc", ".pypirc", ".pgpass", ".my.cnf", ".htpasswd"),
    *(".git-credentials", ".dockercfg", ".s3cfg", ".boto", ".vault-token", ".vault_pass*", ".*_history"),
    *("credentials", "credentials.json", "credentials.csv", "client_secret*.json", "accesskeys.csv"),
    *("*service[-_]account*.json", "secrets.json", "secrets.toml", "secrets.yaml", "secrets.yml"),
    *("id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*"),
    *("*.p8", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.kdbx", "*.ppk"),
    *("pgpass.conf", ".flaskenv", "my.cnf", "wp-config.php", "kubeconfig", "*.kubeconfig", "kubeconfig.y*ml"),
    *("*.tfstate", "*.tfstate.*", "*.tfvars"),
)
_HARMLESS_NAMES = (
    *("*.example", "*.sample", "*.template", "*.dist", "*.defaults", "*.pub"),
    "example.env",
    "sample.env",
)
_OF_GIT = 8000  # bytes in which Git looks for a NUL
_MOST_SHOWN = 5
_MOST_OF_A_FILE = 100
# Addresses in documentation and tests: nobody's host, or a password that is obviously an example.
_NO_HOST = re.compile(
    r"(?i)@(?:[^./\s:]*(?=$|[/:?#\s\"'`<>)\\])|127\.|0\.0\.0\.0|\[::1\]|(?:[\w.-]+\.)?example\.(?:com|org|net)\b"
    r"|[\w.-]+\.(?:test|example|invalid|localhost|local)\b|host\.com\b|[\w.-]*domain\.)"
)
_EXAMPLE = re.compile(
    r"(?i).{0,7}|\d+,.*|pass\w*|(?:my|your|some|the|db)[-_]?\w*|\w*(?:password|secret|token|example)\w*|changeme"
)


# A private key without PEM around it: version 0 and an algorithm (PKCS #8, RFC 5958, 2), version 0 and a modulus
# (PKCS #1, RFC 8017, A.1.2), or version 1 and the 28 to 66 bytes of a number (RFC 5915, section 3).
_SEQUENCE = rb"\x30(?:[\x20-\x7f]|\x81.|\x82..)"
_DER = re.compile(
    _SEQUENCE + rb"\x02\x01(?:\x00\x30[\x05-\x7f]\x06|\x00\x02(?:\x81.|\x82..)\x00|\x01\x04[\x1c-\x42])", re.DOTALL
)


@attrs.frozen(kw_only=True)
class Leak:
    """A secret in a file: what it is, and its line (None: the file's name says it). ``value`` is never shown."""

    path: str
    kind: str
    line: int | None = None
    value: str = attrs.field(default="", repr=False)

    def __str__(self) -> str:
        return self.path + (f" ({self.kind})" if self.line is None else f" line {self.line} ({self.kind})")


def leaks_in(path: str, body: bytes) -> Iterator[Leak]:
    """Every secret of one file; for a file with such a name, only that."""
    if is_named_so(path):
        yield Leak(path=path, kind="by its name", value=body.decode("latin-1"))
        return
    if _DER.match(body):
        yield Leak(path=path, kind="a private key", line=1, value=body.decode("latin-1"))
        return
    for text in _texts(body):
        for kind, start, end in forms_in(text):
            value = text[start:end]
            if not _is_example(text, start, end, kind):
                yield Leak(path=path, kind=kind, line=text.count("\n", 0, start) + 1, value=value)


def _texts(body: bytes) -> Iterator[str]:
    """The text that is searched: every byte is one character, so that nothing is skipped for its encoding.

    Text with two bytes per character, as some Windows programs write it, is searched as such, too.
    """
    begin = body[:_OF_GIT]
    yield body[: LONGEST_BINARY if b"\0" in begin else LONGEST_TEXT].decode("latin-1")
    for encoding, mark, zeros in (("utf-16-le", b"\xff\xfe", begin[1::2]), ("utf-16-be", b"\xfe\xff", begin[0::2])):
        if begin.startswith(mark) or (any(begin) and not any(zeros)):
            yield body[:LONGEST_TEXT].decode(encoding, "replace")


def is_named_so(path: str) -> bool:
    """Whether programs keep credentials in files with this name."""
    parts = PurePosixPath(path.lower()).parts
    if _FOLDERS & set(parts[:-1]):
        return True
    name = parts[-1]
    return _matches(name, _NAMES) and not _matches(name, _HARMLESS_NAMES)


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _is_example(text: str, start: int, end: int, kind: str) -> bool:
    """Whether it is an address as used in documentation; any other form is never an example."""
    if kind != IN_ADDRESS:
        return False
    value, user = text[start:end], text[max(0, start - 200) : start - 1].rpartition("/")[2]
    return value == user or _EXAMPLE.fullmatch(value) is not None or _NO_HOST.match(text, end) is not None


def refuse_secrets(files: Iterable[tuple[str, bytes]], not_secret: Mapping[str, str], *, where: str) -> None:
    """Search everything that would be published; ``not_secret`` are the files that somebody has excused, with a reason.

    A secret in an excused file may also be in what a backend made of it (the text of a README in the metadata).

    Raises:
        BuildError: with every file, line and kind, never with a value.
    """
    every = dict(files)
    for path in sorted(not_secret):
        if "/" in path and path not in every:
            what = f"not_secret names {path}, which is in neither the wheel nor the sdist"
            raise BuildError(where, what, hint="remove it from `not_secret`")
    found = [leak for path, body in every.items() for leak in islice(leaks_in(path, body), _MOST_OF_A_FILE)]
    excused = {leak.value for leak in found if leak.path in not_secret}
    left = {str(leak): leak for leak in found if leak.value not in excused}
    if left:
        shown = [*list(left)[:_MOST_SHOWN], *([f"{len(left) - _MOST_SHOWN} more"] if len(left) > _MOST_SHOWN else [])]
        path = next(iter(left.values())).path
        hint = (
            "remove it from the package, and revoke it if it was ever committed; a function gets the name "
            'of one with `environment.NAME = { secret = "…" }`. If it is not a secret: '
            f'not_secret."{path}" = "why"'
        )
        raise BuildError(where, f"secrets would be published: {', '.join(shown)}", hint=hint)
