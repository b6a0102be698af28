"""The report of an adoption: per function what was carried over, what changed, and what was not carried over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from multi_env_lambda.adopt.found import Carried, Changed, Finding, NotCarried
from multi_env_lambda.adopt.written import Decided
from multi_env_lambda.masking import masked

__all__ = ["adoption_document", "adoption_text", "finding_text"]

_SIGNS = {Carried: "✓", Changed: "~", NotCarried: "✗"}


def adoption_text(unit: str, folder: str, source: str, files: Iterable[Decided], findings: Iterable[Finding]) -> str:
    """The whole report. What belongs to no function stands first."""
    return "\n".join(map(_one_line, _lines(unit, folder, source, list(files), list(findings))))


def _lines(unit: str, folder: str, source: str, files: list[Decided], findings: list[Finding]) -> Iterator[str]:
    yield f"{unit} from {source}"
    for function in dict.fromkeys(["", *(one.function for one in findings)]):
        own = [one for one in findings if one.function == function]
        if own:
            yield f"  {_one_line(function) or 'the whole project'}"
            yield from (f"    {finding_text(one)}" for one in own)
    counts = {kind: sum(isinstance(one, kind) for one in findings) for kind in _SIGNS}
    said = f"{counts[Carried]} carried over, {counts[Changed]} changed, {counts[NotCarried]} not carried over"
    yield f"  {said}"
    yield f"files in {folder}"
    for one in files:
        note = "; you changed it, so it stays as it is" if one.what == "kept" else ""
        yield f"  {one.what:<9} {one.path}{note}"


def finding_text(finding: Finding) -> str:
    """One line, with its place; a secret that the other tool's file shows is masked."""
    return _one_line(masked(_said(finding)))


def _one_line(text: str) -> str:
    """A name with a line break, or a file's, does not look like another line of the report."""
    return " ".join(text.splitlines())


def _said(finding: Finding) -> str:
    match finding:
        case Carried():
            return f"✓ {finding.place} {finding.what} → {finding.to}"
        case Changed():
            return f"~ {finding.place} {finding.what} → {finding.to}: {finding.reason}"
        case NotCarried():
            return f"✗ {finding.place} {finding.what}: not carried over: {finding.reason}"


def adoption_document(unit: str, folder: str, files: Iterable[Decided], findings: Iterable[Finding]) -> dict[str, Any]:
    """The same for machines."""
    kinds = {Carried: "carried", Changed: "changed", NotCarried: "not carried"}
    return {
        "unit": unit,
        "folder": folder,
        "files": [{"path": one.path, "what": one.what} for one in files],
        "findings": [
            {
                "kind": kinds[type(one)],
                "function": one.function,
                "what": one.what,
                "file": one.place.file,
                "line": one.place.line,
                "to": masked(getattr(one, "to", "")),
                "reason": getattr(one, "reason", ""),
            }
            for one in findings
        ],
    }
