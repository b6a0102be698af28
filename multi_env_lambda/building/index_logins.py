"""Who the user is at a package index, as uv finds it: (root's settings, environment, uv's own files) -> a login.

The same sources in the same order count for what uv resolves and for what is downloaded here. A login is for an index
that the user or the workspace names, and for addresses of the same scheme, host and port; a lock cannot name one.
Source: https://docs.astral.sh/uv/concepts/authentication/http/ and https://docs.astral.sh/uv/concepts/indexes/
"""

from __future__ import annotations

import base64
import netrc
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import attrs

from multi_env_lambda.errors import ToolError
from multi_env_lambda.host.documents import read_toml
from multi_env_lambda.host.private import private_folder
from multi_env_lambda.host.process import run
from multi_env_lambda.host.proxies import is_here

__all__ = ["Logins", "Named", "file_of_user", "has_keyring", "is_on", "named_indexes", "server_of", "user_settings"]

_PORTS = {"http": 80, "https": 443}
_SIMPLE = re.compile(r"/\+?simple/?$")
_SYSTEM = (Path("/etc/xdg/uv/uv.toml"), Path("/etc/uv/uv.toml"))


@attrs.frozen(kw_only=True)
class Named:
    """An index: its address without login, and the login that its address or the environment has for it."""

    url: str
    user: str = ""
    password: str | None = attrs.field(default=None, repr=False)
    always: bool = False

    def is_above(self, url: SplitResult) -> int:
        """How many parts of its path this address shares, or -1 if it is on another server."""
        own = urlsplit(self.url)
        if server_of(own) is None or server_of(own) != server_of(url):
            return -1
        pairs = list(zip(_SIMPLE.sub("", own.path).split("/"), url.path.split("/"), strict=False))
        return next((number for number, (one, other) in enumerate(pairs) if one != other), len(pairs))


def server_of(url: SplitResult) -> tuple[str, str, int] | None:
    """Scheme, host and port: who gets a login for one address of it may get it for all."""
    try:
        port = url.port or _PORTS.get(url.scheme)
    except ValueError:
        return None
    return (url.scheme, url.hostname, port) if url.hostname and port else None


def is_on(text: str) -> bool:
    """As uv reads its switches."""
    return text.strip().lower() in ("1", "true", "t", "yes", "y", "on")


def file_of_user(environment: Mapping[str, str]) -> Path:
    """Where a user configures uv, its indexes and logins included."""
    return _folder(environment, "XDG_CONFIG_HOME", ".config") / "uv.toml"


def _folder(environment: Mapping[str, str], variable: str, default: str) -> Path:
    home = environment.get("HOME", "/nonexistent")
    return Path(environment.get(variable) or os.path.join(home, default), "uv")


def user_settings(environment: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    """The tables of uv's own files, the user's before the machine's.

    Source: https://docs.astral.sh/uv/concepts/configuration-files/

    Raises:
        ConfigurationError: one cannot be read.
    """
    if is_on(environment.get("UV_NO_CONFIG", "")):
        return
    files = (file_of_user(environment), next((path for path in _SYSTEM if path.exists()), _SYSTEM[0]))
    for path in (Path(environment["UV_CONFIG_FILE"]),) if "UV_CONFIG_FILE" in environment else files:
        try:
            table = read_toml(path, os.fspath(path))
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            continue
        yield table
        if isinstance(table.get("pip"), dict):
            yield table["pip"]


def named_indexes(settings: str, environment: Mapping[str, str]) -> tuple[Named, ...]:
    """All indexes that uv would use with these lines of ``[tool.uv]``, those of the environment first.

    Raises:
        ConfigurationError: a file of the user's cannot be read.
    """
    found = [_named(text, "", False, environment) for text in _of_the_environment(environment)]
    for table in (tomllib.loads(settings), *user_settings(environment)):
        found += [_named(*one, environment) for one in _of_a_table(table)]
    return tuple(found)


def _of_the_environment(environment: Mapping[str, str]) -> Iterator[str]:
    for name in ("UV_INDEX", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL"):
        yield from environment.get(name, "").split()
    yield from environment.get("UV_FIND_LINKS", "").replace(",", " ").split()


def _of_a_table(table: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    entries = table.get("index")
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get("url"), str) and entry.get("authenticate") != "never":
            yield entry["url"], str(entry.get("name", "")), entry.get("authenticate") == "always"
    for key in ("index-url", "extra-index-url", "find-links"):
        value = table.get(key)
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str):
                yield text, "", False


def _named(text: str, name: str, always: bool, environment: Mapping[str, str]) -> Named:
    """``text`` is an address, or a name and an address: ``company=https://…``."""
    before, equals, after = text.partition("=")
    if not name and equals and re.fullmatch(r"[A-Za-z0-9._-]+", before):
        name, text = before, after
    parts = _split(text)
    user, password = unquote(parts.username or ""), None if parts.password is None else unquote(parts.password)
    if name:
        prefix = f"UV_INDEX_{re.sub(r'[^A-Z0-9]', '_', name.upper())}_"
        user = environment.get(f"{prefix}USERNAME") or user
        password = environment.get(f"{prefix}PASSWORD") or password
    url = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    return Named(url=url, user=user, password=password, always=always)


def _split(text: str) -> SplitResult:
    try:
        return urlsplit(text)
    except ValueError:
        return urlsplit("")  # uv refuses it with its own words


@attrs.define
class Logins:
    """Answers of one command; the user's keyring is asked once for an index, and only for one that has no password."""

    indexes: tuple[Named, ...] = ()
    environment: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    _kept: dict[Named, str | None] = attrs.field(factory=dict, init=False, repr=False)
    _lock: Any = attrs.field(factory=Lock, init=False, repr=False)

    def header(self, url: str) -> str | None:
        """The value of ``Authorization`` for a request to this address, or None without a login.

        Raises:
            ConfigurationError: uv's file with logins cannot be read.
        """
        parts = urlsplit(url)
        if parts.username:
            return _basic(unquote(parts.username), unquote(parts.password or ""))
        nearest = sorted(self.indexes, key=lambda index: index.is_above(parts), reverse=True)
        near = [index for index in nearest if index.is_above(parts) >= 0]
        sources: Iterable[Callable[[], str | None]] = (
            partial(_of_index, near),
            partial(_of_netrc, parts, self.environment),
            partial(_of_store, parts, near, self.environment),
            partial(self._of_keyring, near),
        )
        return next((found for source in sources if (found := source()) is not None), None)

    def _of_keyring(self, near: Iterable[Named]) -> str | None:
        for index in near:
            with self._lock:
                if index not in self._kept:
                    self._kept[index] = _ask_keyring(index, self.environment)
            if (found := self._kept[index]) is not None:
                return found
        return None


def _basic(user: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode('ascii')}"


def _of_index(near: Iterable[Named]) -> str | None:
    return next((_basic(index.user, index.password) for index in near if index.password is not None), None)


def _of_netrc(url: SplitResult, environment: Mapping[str, str]) -> str | None:
    """The user's credentials for this host.

    Its address comes from a lock, so nothing is sent that is for any host, or in clear text to another machine.
    """
    host = url.hostname or ""
    if url.scheme != "https" and not is_here(url.geturl()):
        return None
    try:
        found = netrc.netrc(environment.get("NETRC")).hosts.get(host)
    except (OSError, UnicodeDecodeError, netrc.NetrcParseError):
        return None
    return None if found is None else _basic(found[0], found[2] or "")


def _of_store(url: SplitResult, near: Iterable[Named], environment: Mapping[str, str]) -> str | None:
    """What ``uv auth login`` has kept for this server.

    Source: https://docs.astral.sh/uv/concepts/authentication/cli/
    """
    own = _folder(environment, "XDG_DATA_HOME", ".local/share")
    path = Path(environment.get("UV_CREDENTIALS_DIR") or own / "credentials", "credentials.toml")
    try:
        entries = read_toml(path, os.fspath(path)).get("credential")
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return None
    users = {index.user for index in near} - {""}
    found: dict[int, str] = {}
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and isinstance(service := entry.get("service"), str):
            shared = Named(url=service).is_above(url)
            if shared >= 0 and (not users or entry.get("username") in users) and (login := _stored(entry)):
                found[shared] = login
    return found[max(found)] if found else None


def _stored(entry: Mapping[str, Any]) -> str | None:
    match entry:
        case {"scheme": "bearer", "token": str(token)}:
            return f"Bearer {token}" if token.isascii() and token.isprintable() else None
        case {"password": str(password)}:
            return _basic(str(entry.get("username") or ""), password)
        case _:
            return None


def has_keyring(environment: Mapping[str, str]) -> bool:
    """Whether uv asks a program of the user's for passwords.

    Raises:
        ConfigurationError: a file of the user's cannot be read.
    """
    provider = environment.get("UV_KEYRING_PROVIDER")
    if provider is None:
        tables = (table.get("keyring-provider") for table in user_settings(environment))
        provider = next((value for value in tables if isinstance(value, str)), None)
    return provider == "subprocess"


def _ask_keyring(index: Named, environment: Mapping[str, str]) -> str | None:
    """As uv asks it: for an index whose user is known, or which always wants a login."""
    if not has_keyring(environment) or not (index.user or index.always):
        return None
    more = [index.user] if index.user else ["--mode", "creds"]
    for service in (index.url, urlsplit(index.url).netloc):
        words = ["keyring", "get", service, *more] if index.user else ["keyring", "get", *more, service]
        try:
            with private_folder() as folder:
                said = run(words, where="keyring", hint="", cwd=folder, env=environment, stdin=b"").decode(
                    "utf-8", "replace"
                )
        except ToolError:
            continue  # it has none for this name, or is not installed
        user, _, password = said.rstrip("\r\n").rpartition("\n")
        return _basic(index.user or user, password)
    return None
