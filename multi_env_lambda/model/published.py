"""What the bucket holds of one unit: which layer numbers and source versions are taken, and by which content."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

__all__ = ["Published"]


@attrs.frozen(kw_only=True)
class Published:
    """Digests by layer number and by source version; ``keys`` are all keys below ``projects/<project>/lambda/``."""

    layers: Mapping[int, str]
    versions: Mapping[str, str]
    keys: frozenset[str]
