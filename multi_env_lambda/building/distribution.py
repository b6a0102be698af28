"""Wheels and sdists: a staged folder -> any PEP 517 backend -> the same bytes every time."""

from __future__ import annotations

import base64
import csv
import gzip
import hashlib
import io
import re
import tarfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import attrs
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from multi_env_lambda.building.archive import content, of_unit, parse_zip, read_zip, too_large, write_tar_gz, write_zip
from multi_env_lambda.building.backend import made_file, run_backend
from multi_env_lambda.errors import BuildError
from multi_env_lambda.model.digest import digest
from multi_env_lambda.model.lambda_image import MAX_UNZIPPED_BYTES

__all__ = [
    "File",
    "Wheel",
    "build_distributions",
    "content_digest",
    "content_digest_of",
    "listed_files",
    "merge",
    "read_sdist",
    "read_wheel",
    "write_sdist",
    "write_wheel",
]

_WHEEL = b"Wheel-Version: 1.0\nGenerator: multi_env_lambda\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
_WRITTEN_AGAIN = frozenset({"RECORD", "RECORD.jws", "RECORD.p7s", "WHEEL"})
_LARGEST_SDIST, _MOST_IN_SDIST = 512 << 20, 0xFFFF
_PURE = frozenset({"py3-none-any", "py2-none-any"})


@attrs.frozen(kw_only=True)
class File:
    """One file of a wheel, with its path relative to the folder it is unpacked in."""

    path: str
    body: bytes = attrs.field(repr=False)
    executable: bool = False

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()


@attrs.frozen(kw_only=True)
class Wheel:
    """A pure wheel: the files that are imported, and those of its dist-info folder by their path in it.

    RECORD and WHEEL are left out: they are rewritten from the rest.
    """

    name: str
    version: str
    files: tuple[File, ...]
    info: tuple[File, ...]


def build_distributions(
    folder: Path,
    out: Path,
    *,
    where: str,
    sdist: bool,
    tree: Path | None = None,
    constraints: Path | None = None,
    indexes: str = "",
) -> tuple[Path, Path | None]:
    """Build the staged folder with its own backend; returns the wheel and, if requested, the sdist.

    With ``constraints``, only what they name by version and hash takes part. ``indexes`` are those of
    the workspace, as lines of ``[tool.uv]``.
    """
    run_backend(folder, out, where=where, sdist=sdist, tree=tree, constraints=constraints, indexes=indexes)
    wheel = made_file(out, ".whl", where)
    return wheel, made_file(out, ".tar.gz", where) if sdist else None


def read_wheel(path: Path, *, where: str, name: str | None = None, version: str | None = None) -> Wheel:
    """Read what a backend made, and refuse what Lambda could not run as it is."""
    found_name, found_version = _pure_name(path.name, where)
    for kind, wanted, found in (("name", name, found_name), ("version", version, found_version)):
        if wanted is not None and wanted != found:
            what = f"the wheel has the {kind} {found!r}, but {wanted!r} was to be built"
            raise BuildError(where, what, hint=f"write the {kind} in [project] in its normal form, and nowhere else")
    try:
        with of_unit(where):
            members = read_zip(path).members
            _check_unzipped(sum(member.size for member in members), where)
            files = [File(path=m.name, body=m.read(), executable=m.executable) for m in members]
    except zlib.error as error:
        raise BuildError(where, f"the wheel {path.name} is damaged: {error}", hint="build it again") from error
    folder = _info_folder(files, path.name, where)
    own, info = _split(files, folder)
    _check_content(own, {file.path: file.body for file in files}, folder, where)
    return Wheel(name=found_name, version=found_version, files=own, info=info)


def _split(files: Sequence[File], folder: str) -> tuple[tuple[File, ...], tuple[File, ...]]:
    """The files that are imported, and those of the dist-info folder without what is rewritten."""
    inside = f"{folder}/"
    own = tuple(file for file in files if not file.path.startswith(inside))
    info = (attrs.evolve(f, path=f.path.removeprefix(inside)) for f in files if f.path.startswith(inside))
    return own, tuple(file for file in info if file.path not in _WRITTEN_AGAIN)


def _pure_name(file_name: str, where: str) -> tuple[str, str]:
    try:
        name, version, _, tags = parse_wheel_filename(file_name)
    except InvalidWheelFilename as error:
        raise BuildError(
            where, f"the backend made a wheel without a valid name: {error}", hint="use another [build-system]"
        ) from error
    texts = {str(tag) for tag in tags}
    if "py3-none-any" not in texts or not texts <= _PURE:
        what = f"the wheel {file_name} is not pure: it is made for {', '.join(sorted(texts))}; expected py3-none-any"
        raise BuildError(
            where,
            what,
            hint="put compiled code into a dependency, which is installed in the layer for Lambda's platform",
        )
    return name, str(version)


def _info_folder(files: Iterable[File], file_name: str, where: str) -> str:
    tops = sorted({file.path.partition("/")[0] for file in files if "/" in file.path})
    data = [top for top in tops if top.endswith(".data")]
    if data:
        what = f"the wheel has a folder {data[0]}, which an installer would move, but Lambda does not"
        raise BuildError(where, what, hint="make scripts and data files part of the package instead")
    info = [top for top in tops if top.endswith(".dist-info")]
    if len(info) != 1:
        what = f"the wheel {file_name} has {len(info)} dist-info folders; expected one"
        raise BuildError(where, what, hint="use another [build-system], or do not package installed packages")
    return info[0]


def _check_content(own: Sequence[File], bodies: Mapping[str, bytes], folder: str, where: str) -> None:
    is_pure = b"Root-Is-Purelib: true" in bodies.get(f"{folder}/WHEEL", b"")
    if not is_pure or f"{folder}/METADATA" not in bodies:
        what = "the wheel's dist-info does not say `Root-Is-Purelib: true`, or has no METADATA"
        raise BuildError(where, what, hint="use another [build-system]")
    if not own:
        hint = "the backend did not find the package: check its setting for the package's folder, such as module-root"
        raise BuildError(where, "the wheel is empty", hint=hint)


def _check_unzipped(size: int, where: str) -> None:
    """Before anything is inflated: a backend can write a gigabyte that takes no room."""
    if size > MAX_UNZIPPED_BYTES:
        what = f"the wheel has {size} bytes unzipped; Lambda accepts up to {MAX_UNZIPPED_BYTES} with its layer"
        raise BuildError(where, what, hint="remove large files, and read them from S3")


def merge(wheel: Wheel, others: Sequence[tuple[str, Wheel]], *, where: str) -> Wheel:
    """Add the files of the shared folders' wheels to those of the unit; a file that both have is added once."""
    owners = {file.path.casefold(): (where, file) for file in wheel.files}
    for folder, other in others:
        for file in other.files:
            first, same = owners.setdefault(file.path.casefold(), (folder, file))
            if first != folder and same != file:
                what = f"{first} and {folder} both put {file.path} into the wheel"
                raise BuildError(
                    where, what, hint="rename one of the packages, or do not include a shared folder twice"
                )
    files = [file for _, file in owners.values()]
    names = frozenset(other.name for _, other in others)
    info = (
        attrs.evolve(file, body=_without_requirements(file.body, names)) if file.path == "METADATA" else file
        for file in wheel.info
    )
    return attrs.evolve(wheel, files=tuple(files), info=tuple(info))


def _header(metadata: bytes) -> tuple[list[bytes], bytes]:
    head, separator, body = metadata.partition(b"\n\n")
    return head.split(b"\n"), separator + body


def _without_requirements(metadata: bytes, names: frozenset[str]) -> bytes:
    # An installer would look up the shared folder's name in a public index, where anybody may have taken it.
    def is_kept(line: bytes) -> bool:
        match = re.match(rb"(?i)requires-dist:\s*([A-Za-z0-9._-]+)", line)
        return match is None or canonicalize_name(match[1].decode("ascii")) not in names

    lines, rest = _header(metadata)
    return b"\n".join(line for line in lines if is_kept(line)) + rest


def write_wheel(wheel: Wheel, path: Path) -> str:
    """Write the wheel with members sorted, 1980 dates and fixed modes; returns its hexadecimal SHA-256."""
    folder = f"{wheel.name.replace('-', '_')}-{wheel.version}.dist-info"
    info = [*wheel.info, File(path="WHEEL", body=_WHEEL)]
    files = [*wheel.files, *(attrs.evolve(file, path=f"{folder}/{file.path}") for file in info)]
    record = io.StringIO(newline="")
    rows = csv.writer(record, lineterminator="\n")
    for file in sorted(files, key=lambda file: file.path):
        packed = base64.urlsafe_b64encode(bytes.fromhex(file.sha256)).rstrip(b"=").decode("ascii")
        rows.writerow((file.path, f"sha256={packed}", len(file.body)))
    rows.writerow((f"{folder}/RECORD", "", ""))
    files.append(File(path=f"{folder}/RECORD", body=record.getvalue().encode("utf-8")))
    return write_zip(path, [content(file.path, file.body, executable=file.executable) for file in files])


def listed_files(wheel: Wheel) -> tuple[tuple[str, str], ...]:
    """The files that are imported, as (path, hexadecimal SHA-256)."""
    return tuple(sorted((file.path, file.sha256) for file in wheel.files))


def content_digest(wheel: Wheel, *, base_version: str) -> str:
    """What makes two builds the same content: everything except the version that the wheel was given."""
    rows = [(file.path, file.sha256, file.executable) for file in wheel.files]
    for file in wheel.info:
        body = _without_version(file.body) if file.path == "METADATA" else file.body
        rows.append((f"dist-info/{file.path}", hashlib.sha256(body).hexdigest(), False))
    return digest({"version": base_version, "files": sorted(rows)})


def content_digest_of(wheel: bytes, version: str, base_version: str) -> str:
    """The content digest of a published wheel, from its bytes alone, compressed or not.

    Raises:
        BuildError: these bytes are not a wheel of ``version`` that this library wrote.
    """
    where = f"the published wheel of {version}"
    try:
        files = [
            File(path=m.name, body=m.read(), executable=m.executable) for m in parse_zip(wheel, name=where).members
        ]
    except zlib.error as error:
        raise BuildError(where, f"is damaged: {error}", hint="publish it again") from error
    tops = (file.path.split("/") for file in files)
    folders = {parts[0] for parts in tops if len(parts) == 2 and parts[0].endswith(".dist-info")}
    if len(folders) != 1 or not (folder := folders.pop()).endswith(f"-{version}.dist-info"):
        raise BuildError(where, f"has no dist-info folder of {version}", hint="was it written by something else?")
    own, info = _split(files, folder)
    name = folder.removesuffix(f"-{version}.dist-info")
    return content_digest(Wheel(name=name, version=version, files=own, info=info), base_version=base_version)


def _without_version(metadata: bytes) -> bytes:
    return _metadata_with(metadata, b"Version:")


def _metadata_with(metadata: bytes, version: bytes) -> bytes:
    lines, rest = _header(metadata)
    return b"\n".join(version if line.lower().startswith(b"version:") else line for line in lines) + rest


def with_version(wheel: Wheel, version: str) -> Wheel:
    """The same wheel, which says that it has this version."""
    return attrs.evolve(wheel, version=version, info=_said(wheel.info, "METADATA", version))


def sdist_with_version(files: tuple[File, ...], version: str) -> tuple[File, ...]:
    """The same for the files of an sdist; what its backend reads stays as it is."""
    return _said(files, "PKG-INFO", version)


def _said(files: Iterable[File], name: str, version: str) -> tuple[File, ...]:
    line = f"Version: {version}".encode("ascii")
    return tuple(
        File(path=file.path, body=_metadata_with(file.body, line), executable=file.executable)
        if file.path == name
        else file
        for file in files
    )


def read_sdist(path: Path, *, where: str, largest: int = _LARGEST_SDIST) -> tuple[File, ...]:
    """The files of a backend's sdist, without the folder around them."""
    files: dict[str, File] = {}
    try:
        with gzip.open(path) as packed:
            plain = packed.read(largest + 1)
        if len(plain) > largest:
            raise too_large(f"{where}: {path.name}", largest)
        with tarfile.open(fileobj=io.BytesIO(plain), mode="r:") as archive:
            for number, member in enumerate(archive):
                if member.issparse() or number >= _MOST_IN_SDIST:
                    what = f"the sdist's entry {member.name!r} has gaps, or is one of more than {_MOST_IN_SDIST}"
                    raise BuildError(where, what, hint="use another [build-system]")
                if member.isdir():
                    continue
                stream = archive.extractfile(member) if member.isreg() else None
                if stream is None:
                    what = f"the sdist's entry {member.name!r} is not a regular file"
                    raise BuildError(where, what, hint="replace links with files")
                name = member.name.partition("/")[2]
                files[name] = File(path=name, body=stream.read(), executable=bool(member.mode & 0o100))
    except (tarfile.TarError, OSError, EOFError, zlib.error, ValueError, OverflowError, KeyError) as error:
        raise BuildError(
            where, f"the backend made an sdist that cannot be read: {error}", hint="use another [build-system]"
        ) from error
    # Newer releases of uv rewrite pyproject.toml and add the repository's own as another file, older ones do not.
    original = files.pop("pyproject.toml.orig", None)
    if original is not None:
        files["pyproject.toml"] = attrs.evolve(original, path="pyproject.toml")
    return tuple(files.values())


def write_sdist(files: Iterable[File], path: Path) -> str:
    """Write an sdist sorted and without times, owners and umask; returns its hexadecimal SHA-256."""
    top = path.name.removesuffix(".tar.gz")
    return write_tar_gz(path, ((f"{top}/{file.path}", file.body, file.executable) for file in files))
