"""The proxy settings of a process that reaches a server on this machine."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["LOCAL_HOSTS", "never_for_local_hosts"]

LOCAL_HOSTS = "127.0.0.1,localhost"
"""What no proxy can reach, as ``NO_PROXY`` lists it."""


def never_for_local_hosts(own: Mapping[str, str]) -> dict[str, str]:
    """The variables that keep this machine from the proxy of ``own``, beside the hosts that ``own`` keeps from it.

    Both spellings: a program that knows both reads the lower one first.
    """
    hosts = ",".join(filter(None, [own.get("NO_PROXY") or own.get("no_proxy"), LOCAL_HOSTS]))
    return {"NO_PROXY": hosts, "no_proxy": hosts}
