"""The models of services, from which botocore makes clients."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["models"]


@cache
def models() -> Any:
    """What has been parsed, for all sessions of the process: parsing it again costs 70 ms each time."""
    from botocore.loaders import Loader

    class NamedModels(Loader):  # type: ignore[misc]
        """A service that does not exist is noticed when its model is loaded; nobody looks into the folder of each."""

        def list_available_services(self, type_name: str) -> list[str]:
            folders = (Path(folder) for folder in self.search_paths)
            return sorted({name for folder in folders if folder.is_dir() for name in os.listdir(folder)})

    return NamedModels()
