"""How this user reaches package indexes: logins, time-outs, proxies, certificates, from the settings of uv.

Source: https://docs.astral.sh/uv/reference/environment/
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, getproxies

import attrs

from multi_env_lambda.building.index_logins import Logins, is_on, named_indexes, server_of, user_settings
from multi_env_lambda.errors import ConfigurationError

__all__ = ["Access", "Redirects", "proxies"]

_SECONDS = 60.0
_TIMEOUTS = ("UV_HTTP_TIMEOUT", "UV_REQUEST_TIMEOUT", "HTTP_TIMEOUT")
_LONGEST = 1_000_000


@attrs.frozen(kw_only=True)
class Access:
    """What counts for each request.

    Args:
        seconds: how long a silent server is waited for.
        offline: no request is made.
        trusted: hosts, with or without a port, whose certificates are not checked.
        certificate: a file with the user's own certificate and its key.
    """

    logins: Logins = attrs.field(factory=Logins)
    seconds: float = _SECONDS
    offline: bool = False
    trusted: tuple[str, ...] = ()
    certificate: str = ""

    @classmethod
    def of_user(cls, settings: str = "", environment: Mapping[str, str] | None = None) -> Access:
        """As the current user has set it, for a workspace with these lines of ``[tool.uv]``.

        Raises:
            ConfigurationError: a variable, or a file of the user's, cannot be read.
        """
        env = dict(os.environ) if environment is None else environment
        tables = tuple(user_settings(env))
        told = [value for table in tables for value in _texts(table.get("allow-insecure-host"))]
        offline = any(table.get("offline") is True for table in tables)
        return cls(
            logins=Logins(named_indexes(settings, env), env),
            seconds=_seconds(env),
            offline=is_on(env["UV_OFFLINE"]) if "UV_OFFLINE" in env else offline,
            trusted=tuple(text.rpartition("//")[2] for text in (*env.get("UV_INSECURE_HOST", "").split(), *told)),
            certificate=env.get("SSL_CLIENT_CERT", ""),
        )

    def context(self, url: str) -> ssl.SSLContext:
        """Whom to trust, and who the user is, on a connection to this address.

        Raises:
            ConfigurationError: the user's certificate cannot be read.
        """
        made, host = ssl.create_default_context(), urlsplit(url).netloc.rpartition("@")[2]
        if self.certificate:
            try:
                made.load_cert_chain(self.certificate)
            except OSError as error:
                what = f"{self.certificate} is not a certificate with its key: {error.strerror or error}"
                raise ConfigurationError("SSL_CLIENT_CERT", what, hint="name a PEM file that has both") from None
        if host in self.trusted or urlsplit(url).hostname in self.trusted:
            made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
        return made


def _texts(value: object) -> tuple[str, ...]:
    return tuple(text for text in value if isinstance(text, str)) if isinstance(value, list) else ()


def _seconds(environment: Mapping[str, str]) -> float:
    for name in _TIMEOUTS:
        if text := environment.get(name):
            if not text.isdecimal() or not 0 < int(text) < _LONGEST:
                raise ConfigurationError(name, f"found {text!r}; expected seconds", hint="for example 120")
            return float(text)
    return _SECONDS


def proxies() -> ProxyHandler:
    """Those of the environment; ``ALL_PROXY`` for what has none of its own. ``NO_PROXY`` counts at each request.

    SOCKS is not known here: such a proxy is left out.
    """
    found = getproxies()
    common = {key: found["all"] for key in ("http", "https") if "all" in found}
    return ProxyHandler({key: value for key, value in {**common, **found}.items() if not value.startswith("socks")})


class Redirects(HTTPRedirectHandler):
    """To servers of the same kind only; urllib would follow to FTP as well.

    A login goes along to the same server and to no other; nor does one for a proxy.
    """

    def redirect_request(self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Request | None:
        if urlsplit(newurl).scheme not in ("http", "https"):
            raise HTTPError(req.full_url, code, msg, headers, fp)
        fp.close()  # urllib would read the rest of this answer first, however long it is
        made = super().redirect_request(req, fp, code, msg, headers, newurl)
        if made is None:
            return None
        made.remove_header("Proxy-authorization")
        made.remove_header("Authorization")
        login = req.unredirected_hdrs.get("Authorization")
        if login is not None and server_of(urlsplit(req.full_url)) == server_of(urlsplit(newurl)):
            made.add_unredirected_header("Authorization", login)
        return made
