"""One locked file over HTTP: within its locked size, not slower than a least speed, and with errors in words."""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPHandler, HTTPSHandler, Request, build_opener

import attrs

from multi_env_lambda.building.archive import LARGEST_ARCHIVE, too_large
from multi_env_lambda.building.index_access import Access, Redirects, proxies
from multi_env_lambda.building.index_logins import Logins
from multi_env_lambda.building.locked import LockedFile
from multi_env_lambda.errors import BuildError
from multi_env_lambda.host.retrying import Retrying

__all__ = ["Patience", "check_size", "download", "request_of"]

_LARGEST_HEAD = 8 << 20
"""Bytes of headers. http.client reads a hundred lines of 64 KB, but provisional answers without an end."""
_REDIRECTS = (301, 302, 303, 307, 308)
_HINT_NETWORK = (
    "check the address in the lock, the connection and the proxy settings, then run again; finished downloads are kept"
)
_HINT_REFUSED = (
    "if the file was removed, renew the lock; if a password is needed, set UV_INDEX_<NAME>_USERNAME and "
    "UV_INDEX_<NAME>_PASSWORD for its index, or put it into ~/.netrc"
)
_HINT_MOVED = "lock the address of the file itself"
_HINT_SIZE = "the file was replaced at its source, or the lock was edited; find out why before you renew the lock"


@attrs.frozen(kw_only=True)
class Patience:
    """How long a file may take. After ``seconds``, it must have come with the least speed on average.

    A silent server is given up by a timeout, but one that sends a byte now and then is not. ``most_seconds`` is for
    all attempts together; when ``is_over``, it is given up at once. ``clock`` exists for tests.
    """

    seconds: float = 60
    bytes_per_second: int = 16 << 10
    most_seconds: float = 3600
    is_over: Callable[[], bool] = lambda: False
    clock: Callable[[], float] = time.monotonic


class _TooSlow(OSError):
    """The server sends, but hardly anything."""


class _Malformed(OSError):
    """The answer is not HTTP, or never comes to the file, or redirects to what is not an address."""


class _TooShort(OSError):
    """Perhaps the connection ended, perhaps the file is another one: the server did not say how long it is."""

    def __init__(self, body: bytes, size: int) -> None:
        super().__init__(f"the connection ended after {len(body)} of {size} bytes")
        self.body = body


def download(
    where: str,
    file: LockedFile,
    url: str,
    retrying: Retrying,
    patience: Patience | None = None,
    access: Access | None = None,
) -> bytes:
    """The bytes of the file at this address, at most as many as are locked; with ``access``, as the user has set it.

    Raises:
        BuildError: it is not to be had there, has another size, or comes too slowly.
    """
    host, allowed, reached = urlsplit(url).hostname or "", patience or Patience(), access or Access()
    if reached.offline:
        what = f"{file.filename} is not in the cache, and nothing is downloaded while UV_OFFLINE is set"
        raise BuildError(where, what, hint="unset it, then run again; finished downloads are kept")
    until, tries, before = allowed.clock() + allowed.most_seconds, 0, None

    def once() -> bytes:
        nonlocal tries
        tries += 1
        try:
            return _read(where, file, url, reached, _Pace(patience=allowed, since=allowed.clock(), until=until))
        except (ValueError, http.client.InvalidURL) as error:  # from urllib and http.client
            raise _Malformed from error

    def passes(error: Exception) -> bool:
        nonlocal before
        if isinstance(error, _TooShort):
            if error.body == before:
                check_size(where, file, len(before))
            before = error.body
        return _may_pass(error) and allowed.clock() < until and not allowed.is_over()

    errors = (OSError, http.client.HTTPException)
    reason = partial(_reason, seconds=reached.seconds)
    try:
        return retrying.run(once, what=f"{file.filename} from {host}", errors=errors, passes=passes, reason=reason)
    except errors as error:
        attempts = "1 attempt" if tries == 1 else f"{tries} attempts"
        raise _failed(where, file.filename, host, error, f"in {attempts}: {reason(error)}") from None


def _failed(where: str, name: str, host: str, error: BaseException, last: str) -> BuildError:
    if isinstance(error, HTTPError) and error.code in _REDIRECTS:
        what = f"{name}: {host} redirects again and again, or to an address that is neither https nor http"
        return BuildError(where, what, hint=_HINT_MOVED)
    if isinstance(error, _Malformed):
        what = f"{name}: {host} answers with what is not HTTP, or redirects to what is not an address"
        return BuildError(where, what, hint=_HINT_MOVED)
    if isinstance(error, HTTPError) and not _may_pass(error):
        return BuildError(where, f"{name}: {host} answered with HTTP status {error.code}", hint=_HINT_REFUSED)
    return BuildError(where, f"{name} could not be downloaded from {host} {last}", hint=_HINT_NETWORK)


def check_size(where: str, file: LockedFile, size: int) -> None:
    """Refuse a file of another size than is locked.

    Raises:
        BuildError: with both values.
    """
    if file.size is not None and size != file.size:
        what = f"{file.filename} has {size} bytes, but {file.size} are locked"
        raise BuildError(where, what, hint=_HINT_SIZE)


def _read(where: str, file: LockedFile, url: str, access: Access, pace: _Pace) -> bytes:
    most = LARGEST_ARCHIVE if file.size is None else file.size
    pace.most = 2 * most + _LARGEST_HEAD
    opener = build_opener(proxies(), _Http(pace), _Https(pace, access), Redirects)
    with opener.open(request_of(url, access.logins), timeout=access.seconds) as answer:
        if answer.length is not None:
            check_size(where, file, answer.length)
        body: bytes = answer.read(most + 1)
        if len(body) > most:
            if file.size is None:
                raise too_large(f"{where}: {file.filename}", most)
            raise BuildError(where, f"{file.filename} has more bytes than the {most} that are locked", hint=_HINT_SIZE)
        if answer.length:  # a read with a limit does not report that the rest never came
            raise http.client.IncompleteRead(body, answer.length)
        if answer.chunked:  # it said where the file ends
            check_size(where, file, len(body))
        if file.size is not None and len(body) < file.size:
            raise _TooShort(body, file.size)
        return body


@attrs.define(kw_only=True)
class _Pace:
    """What has come since when, at most how much; and when the time is up for all attempts."""

    patience: Patience
    since: float
    until: float
    got: int = 0
    most: int = 0

    def more(self, size: int) -> None:
        self.got += size
        if self.got > self.most:
            raise _Malformed
        if self.patience.is_over():
            raise _TooSlow("something else has failed, or ended the command")
        now = self.patience.clock()
        seconds = now - self.since
        if now > self.until:
            raise _TooSlow(f"it was not complete after {self.patience.most_seconds:.0f} seconds")
        if seconds > self.patience.seconds and self.got < seconds * self.patience.bytes_per_second:
            least = self.patience.bytes_per_second
            raise _TooSlow(f"it sent {self.got} bytes in {seconds:.0f} seconds; at least {least} a second are expected")


class _Paced(io.RawIOBase):
    """What comes from a socket, counted: headers and body."""

    def __init__(self, raw: io.RawIOBase, pace: _Pace) -> None:
        super().__init__()
        self._raw, self._pace = raw, pace

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        size = self._raw.readinto(buffer)
        self._pace.more(size or 0)
        return size

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, *words: Any, pace: _Pace, **named: Any) -> None:
        super().__init__(*words, **named)
        self.fp = io.BufferedReader(_Paced(self.fp.detach(), pace))


def _connection(kind: Callable[..., http.client.HTTPConnection], pace: _Pace) -> Callable[..., Any]:
    def connected(*words: Any, **named: Any) -> http.client.HTTPConnection:
        made = kind(*words, **named)
        made.response_class = partial(_Response, pace=pace)  # type: ignore[assignment]
        return made

    return connected


class _Http(HTTPHandler):
    def __init__(self, pace: _Pace) -> None:
        super().__init__()
        self._pace = pace

    def http_open(self, req: Request) -> http.client.HTTPResponse:
        return self.do_open(_connection(http.client.HTTPConnection, self._pace), req)


class _Https(HTTPSHandler):
    def __init__(self, pace: _Pace, access: Access) -> None:
        super().__init__()
        self._pace, self._access = pace, access

    def https_open(self, req: Request) -> http.client.HTTPResponse:
        context = self._access.context(req.full_url)
        return self.do_open(_connection(http.client.HTTPSConnection, self._pace), req, context=context)


def _may_pass(error: BaseException) -> bool:
    if isinstance(error, HTTPError):
        return error.code >= 500 or error.code in (408, 429)
    return not isinstance(error, _Malformed)


def _reason(error: BaseException, seconds: float) -> str:
    """In words, without the numbers of the system."""
    match error:
        case HTTPError():
            return f"HTTP status {error.code}"
        case URLError(reason=BaseException() as inner):
            return _reason(inner, seconds)
        case URLError():
            return str(error.reason)
        case socket.gaierror():
            return "no host of this name was found"
        case ConnectionRefusedError():
            return "the connection was refused"
        case TimeoutError():
            return f"there was no answer within {seconds:.0f} seconds"
        case ssl.SSLCertVerificationError():
            return f"its certificate is not accepted: {error.verify_message}"
        case http.client.IncompleteRead():
            whole = f" of {len(error.partial) + error.expected}" if error.expected else ""
            return f"the connection ended after {len(error.partial)}{whole} bytes"
        case OSError(strerror=str(text)):
            return text[:1].lower() + text[1:]
        case _:
            return str(error) or type(error).__name__


def request_of(url: str, logins: Logins) -> Request:
    """The request for this address, with the password that it names or that the user has for its server."""
    parts = urlsplit(url)
    request = Request(parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl())
    request.add_header("User-Agent", "multi_env_lambda")
    if (login := logins.header(url)) is not None:
        request.add_unredirected_header("Authorization", login)
    return request
