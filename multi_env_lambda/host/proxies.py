"""Servers on this machine: which addresses lead there, and how a process reaches them past its proxy."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

__all__ = ["LOCAL_HOSTS", "is_here", "never_for_local_hosts"]

LOCAL_HOSTS = "127.0.0.1,localhost"
"""What no proxy can reach, as ``NO_PROXY`` lists it."""


def never_for_local_hosts(own: Mapping[str, str]) -> dict[str, str]:
    """The variables that keep this machine from the proxy of ``own``, beside the hosts that ``own`` keeps from it.

    Both spellings: a program that knows both reads the lower one first.
    """
    hosts = ",".join(filter(None, [own.get("NO_PROXY") or own.get("no_proxy"), LOCAL_HOSTS]))
    return {"NO_PROXY": hosts, "no_proxy": hosts}


def is_here(url: str) -> bool:
    """Whether the URL leads to a server on this machine, by its name alone."""
    return urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1")
