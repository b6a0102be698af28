"""The version of this library, read as text by ``setup.py``."""

__version__ = "0.2.0"
