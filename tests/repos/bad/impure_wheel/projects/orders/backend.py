"""A build backend that makes a wheel for one processor."""

import io
import tarfile
import zipfile
from pathlib import Path

METADATA = "Metadata-Version: 2.1\nName: orders\nVersion: 0.1.0\n"
TAG = "cp313-cp313-linux_x86_64"


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    name = f"orders-0.1.0-{TAG}.whl"
    with zipfile.ZipFile(Path(wheel_directory) / name, "w") as wheel:
        wheel.writestr("orders/__init__.py", "")
        wheel.writestr("orders-0.1.0.dist-info/METADATA", METADATA)
        wheel.writestr("orders-0.1.0.dist-info/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {TAG}\n")
        wheel.writestr("orders-0.1.0.dist-info/RECORD", "")
    return name


def build_sdist(sdist_directory, config_settings=None):
    name = "orders-0.1.0.tar.gz"
    with tarfile.open(Path(sdist_directory) / name, "w:gz") as sdist:
        for member in ("pyproject.toml", "backend.py"):
            sdist.add(member, f"orders-0.1.0/{member}")
        info = tarfile.TarInfo("orders-0.1.0/PKG-INFO")
        info.size = len(METADATA)
        sdist.addfile(info, io.BytesIO(METADATA.encode()))
    return name
