"""What the job of a stranger's change says, and how much of it the protected branch's workflow believes: nothing.

The job runs the change's own code, so its answer is a text of the change's author, whatever wrote it. It is read as
data of a bounded size and shape, shown as code, under a title that is ours, and decides nothing. Number and commit are
not taken from it. It travels in the job's log, which the job can write without any permission.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import re
import zlib
from collections.abc import Iterable

import attrs

from multi_env_lambda.ci.comment import Comment, Row
from multi_env_lambda.ci.markdown import code
from multi_env_lambda.errors import DocumentError
from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.model.document import FORMAT, read_document, structure

__all__ = ["MOST_BYTES", "Preview", "from_log", "is_from_credentials", "not_planned", "to_log"]

_PLANNED = "A stranger's change, planned without credentials"
_NOT_PLANNED = "A stranger's change, which could not be planned"
_KIND = "a preview of a stranger's change"
_WHERE = "the log of the job"
_BEGIN, _END = "-----BEGIN MULTI-ENV-LAMBDA PREVIEW-----", "-----END MULTI-ENV-LAMBDA PREVIEW-----"
_WIDTH = 120
_LINE = re.compile(rf"[A-Za-z0-9+/=]{{1,{_WIDTH}}}")
_DIGEST = re.compile(r"[0-9a-f]{64}|")
_HINT = "run the job of the pull request again"
_MOST, _MOST_LINES, _LONGEST = 1000, 400, 400
MOST_BYTES = 1024 * 1024
"""Of the answer, packed and unpacked; of a log ten times as much is looked through."""


@attrs.frozen(kw_only=True)
class Preview:
    """What a plan against a copy says.

    Args:
        made: of which time the copy is, in words; ``digest``: of the plan.
        rows: (unit, environment, what, why). rights, failures, unknown, lines: a line each.
    """

    made: str
    digest: str = ""
    rows: tuple[tuple[str, str, str, str], ...] = ()
    rights: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()

    @classmethod
    def of(cls, comment: Comment, made: str, unknown: Iterable[str]) -> Preview:
        """Of what merging would do, as far as it fits."""
        return cls(
            made=made,
            digest=comment.digest,
            rows=tuple(
                (_cut(row.unit), _cut(row.environment), _cut(row.what), _cut(row.why)) for row in comment.rows[:_MOST]
            ),
            rights=_cut_all(comment.rights, _MOST),
            failures=_cut_all(comment.failures, _MOST),
            unknown=_cut_all(unknown, _MOST),
            lines=_cut_all(comment.lines, _MOST_LINES),
        )

    def comment(self, number: int, commit: str, link: str) -> Comment:
        """What is shown of it; number, commit and link are what the host says."""
        rows = (Row(unit=unit, environment=place, what=what, why=why) for unit, place, what, why in self.rows)
        said = (
            "This text comes from a job of the change itself, which nobody has to believe.",
            f"It is a plan against a copy of the records of {self.made}, which may be old.",
            *(f"Not known: {line}" for line in self.unknown[:4]),
        )
        return Comment(
            number=number,
            commit=commit,
            title=_PLANNED,
            rows=tuple(rows),
            rights=self.rights,
            failures=self.failures,
            notes=said,
            digest=self.digest,
            lines=self.lines,
            link=link,
        )


def not_planned(number: int, commit: str, link: str, why: str) -> Comment:
    """What is shown where the job has said nothing that can be shown. The plan of an older commit must not stay."""
    said = ("Its job has ended without a plan, and its log says why.", why)
    return Comment(number=number, commit=commit, title=_NOT_PLANNED, notes=said, link=link)


def is_from_credentials(body: str, commit: str) -> bool:
    """Whether a comment of ours is that of a run with credentials, about this commit: no stranger's word replaces it.

    Title and facts come first in it (``comment.py``), and are ours.
    """
    lines = body.splitlines()
    title = next((line for line in lines if line.startswith("### ")), "")
    facts = next((line for line in lines if line.startswith("Pull request ")), "")
    return title not in ("", f"### {_PLANNED}", f"### {_NOT_PLANNED}") and f" at {code(commit[:12], 20)}" in facts


def _cut(text: str) -> str:
    return text[:_LONGEST]


def _cut_all(lines: Iterable[str], most: int) -> tuple[str, ...]:
    return tuple(_cut(line) for line in list(lines)[:most])


def to_log(preview: Preview) -> str:
    """The lines that carry it; the log shows them as they are."""
    body = canonical_json({"format": FORMAT, **attrs.asdict(preview)}).encode("ascii")
    packed = base64.b64encode(gzip.compress(body, 9, mtime=0)).decode("ascii")
    lines = [packed[start : start + _WIDTH] for start in range(0, len(packed), _WIDTH)]
    return "\n".join((_BEGIN, *lines, _END))


def from_log(log: bytes) -> Preview:
    """The last one in a log, whose lines may begin with a time.

    Raises:
        UpgradeNeeded: it was written by a newer version of this library.
        DocumentError: there is none, or it is no such thing.
    """
    if len(log) > 10 * MOST_BYTES:
        raise DocumentError(_WHERE, f"it has {len(log)} bytes; {10 * MOST_BYTES} are read", hint=_HINT)
    found: list[str] | None = None
    last: list[str] | None = None
    for line in log.decode("ascii", "replace").splitlines():
        word = line.rpartition(" ")[2]
        if line.endswith(_BEGIN):
            found = []
        elif line.endswith(_END):
            last, found = found, None
        elif found is not None and _LINE.fullmatch(word):
            found.append(word)
        else:
            found = None
    if last is None:
        raise DocumentError(_WHERE, "it has no preview, or one that was cut", hint=_HINT)
    return _read("".join(last))


def _read(text: str) -> Preview:
    try:
        packed = base64.b64decode(text, validate=True)
        if len(packed) > MOST_BYTES:
            raise DocumentError(_WHERE, f"a preview of {len(packed)} bytes; {MOST_BYTES} are read", hint=_HINT)
        stream = zlib.decompressobj(wbits=31)
        body = stream.decompress(packed, MOST_BYTES + 1)
    except (binascii.Error, ValueError, zlib.error) as error:
        raise DocumentError(_WHERE, f"it is not {_KIND}: {type(error).__name__}", hint=_HINT) from error
    if len(body) > MOST_BYTES or not stream.eof:
        raise DocumentError(_WHERE, f"a preview that was cut, or unpacks to more than {MOST_BYTES} bytes", hint=_HINT)
    found = structure(Preview, read_document(body, where=_WHERE, kind=_KIND), where=_WHERE, kind=_KIND)
    texts = [*(cell for row in found.rows for cell in row), *found.rights, *found.failures, *found.unknown]
    texts += [*found.lines, found.made]
    longest = max(map(len, texts), default=0)
    most = max(len(found.rows), len(found.rights), len(found.failures), len(found.unknown), len(found.lines))
    if longest > _LONGEST or most > _MOST or not _DIGEST.fullmatch(found.digest):
        raise DocumentError(_WHERE, f"it is not {_KIND}: something in it is too long, or no digest", hint=_HINT)
    return found
