"""Which bytes one run knows to lie in a bucket, and turns for sending what it does not know there."""

from __future__ import annotations

import threading
from collections import defaultdict

__all__ = ["Sent"]


class Sent:
    """By bucket and SHA-256, the key of an object that has these bytes. Thread-safe.

    It only says where to look: an entry is compared when it is used, and forgotten if it is wrong.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: dict[tuple[str, str], str] = {}
        self._turns: defaultdict[tuple[str, str], threading.Lock] = defaultdict(threading.Lock)

    def note(self, bucket: str, sha256: str, key: str) -> None:
        """The first key that was noted stays."""
        with self._lock:
            self._keys.setdefault((bucket, sha256), key)

    def forget(self, bucket: str, sha256: str, key: str) -> None:
        """Unless another key was noted meanwhile."""
        with self._lock:
            if self._keys.get((bucket, sha256)) == key:
                del self._keys[bucket, sha256]

    def where(self, bucket: str, sha256: str) -> str:
        """Empty if nothing is known."""
        with self._lock:
            return self._keys.get((bucket, sha256), "")

    def turn(self, bucket: str, sha256: str) -> threading.Lock:
        """Held by the one that sends these bytes; the others wait, and then know where they are."""
        with self._lock:
            return self._turns[bucket, sha256]
