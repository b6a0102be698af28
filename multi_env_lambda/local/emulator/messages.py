"""Helpers for ASGI messages, for code that responds before ministack is called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["answer", "joined", "read"]


async def read(receive: Any) -> list[Any]:
    """The messages that carry the body; at least one."""
    messages = [await receive()]
    while messages[-1]["type"] == "http.request" and messages[-1].get("more_body"):
        messages.append(await receive())
    return messages


def joined(messages: list[Any]) -> bytes:
    """The body that they carry."""
    return b"".join(message.get("body", b"") for message in messages)


async def answer(send: Any, status: int, headers: Mapping[str, str], body: bytes | str) -> None:
    """A complete response; the connection ends with it."""
    content = body.encode() if isinstance(body, str) else body
    lines = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    lines = [line for line in lines if line[0] != b"content-length"]
    lines += [(b"content-length", str(len(content)).encode()), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": lines})
    await send({"type": "http.response.body", "body": content})
