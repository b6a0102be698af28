"""The text of the script that Glue starts; it runs on Python 3.9 and later, and needs only what Glue has."""

from __future__ import annotations

__all__ = ["SCRIPT"]

SCRIPT = '''\
"""Start one entry of a unit's wheel as a Glue job.

Glue installs the wheel (--extra-py-files, or --additional-python-modules where it runs Spark) before it starts this
script. Where that did not happen, it is fetched.
Arguments are read from the command line, or from the environment where the job's host passes them that way.
"""

import importlib
import inspect
import json
import os
import sys
import tempfile


def is_flag(word):
    return word.startswith("--")


def command_line():
    """A value may look like a flag. But Glue leaves empty values out: a flag before a flag with a value has none."""
    found, words = {}, sys.argv[1:]
    while words:
        word = words.pop(0)
        if not is_flag(word):
            continue
        name, equals, value = word[2:].partition("=")
        has_none = len(words) > 1 and is_flag(words[0]) and not is_flag(words[1])
        if words and not equals and not has_none:
            value = words.pop(0)
        found[name] = value
    return found


def argument(name, default=""):
    return command_line().get(name, os.environ.get(name, default))


def fetch_wheel():
    import boto3

    wheel = argument("extra-py-files") or argument("additional-python-modules")
    bucket, _, key = wheel[len("s3://") :].partition("/")
    path = os.path.join(tempfile.mkdtemp(), key.rpartition("/")[2])
    boto3.client("s3").download_file(bucket, key, path)
    sys.path.insert(0, path)
    importlib.invalidate_caches()


def load(module):
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module.partition(".")[0]:
            raise
    fetch_wheel()
    return importlib.import_module(module)


def main():
    module, _, name = argument("unit-entry").partition(":")
    entry = getattr(load(module), name)
    arguments = {each: argument(each) for each in json.loads(argument("unit-arguments", "[]"))}
    if inspect.signature(entry).parameters:
        entry(arguments)
    else:
        entry()


if __name__ == "__main__":
    main()
'''
