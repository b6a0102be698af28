"""The text of the script that Glue starts; it runs on Python 3.9 and later, and needs only what Glue has."""

from __future__ import annotations

__all__ = ["SCRIPT"]

SCRIPT = '''\
"""Start one entry of a unit's wheel as a Glue job.

The wheel, and the library of the unit's locked dependencies, are fetched, compared with the SHA-256 that was released,
and unpacked: nothing is installed, and no package index is asked.
Arguments are read from the command line, or from the environment where the job's host passes them that way.
"""

import hashlib
import importlib
import inspect
import json
import os
import sys
import sysconfig
import tempfile
import time
import zipfile

# IAM is a distributed system: the right of a role that was made just now is seen some seconds later.
WAITS = (2, 2, 2, 4, 5, 5, 10)


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


def fetched(name):
    """The folder with the files of what was released under a name; None where the job has none."""
    location, released = argument("unit-" + name), argument("unit-" + name + "-sha256")
    if not location:
        return None
    bucket, _, key = location[len("s3://") :].partition("/")
    place = tempfile.mkdtemp(prefix="unit-" + name + "-")
    found, archive = hashlib.sha256(), os.path.join(place, "released.zip")
    body = body_of(bucket, key)
    with open(archive, "wb") as file:
        for chunk in iter(lambda: body.read(1 << 20), b""):
            found.update(chunk)
            file.write(chunk)
    if found.hexdigest() != released:
        raise RuntimeError(f"{location}: its bytes have the SHA-256 {found.hexdigest()}, released were {released}")
    return unpacked(archive, os.path.join(place, "files"))


def body_of(bucket, key):
    # Both library sets of Python shell have botocore, but only one has boto3.
    import botocore.session

    client = botocore.session.get_session().create_client("s3")
    for seconds in WAITS:
        try:
            return client.get_object(Bucket=bucket, Key=key)["Body"]
        except Exception as error:
            answer = getattr(error, "response", None) or {}
            if answer.get("Error", {}).get("Code") != "AccessDenied":
                raise
            print(f"s3://{bucket}/{key} may not be read yet: {error}", file=sys.stderr)
        time.sleep(seconds)
    return client.get_object(Bucket=bucket, Key=key)["Body"]


def unpacked(archive, folder):
    with zipfile.ZipFile(archive) as released:
        for info in released.infolist():
            path = released.extract(info, folder)
            if info.external_attr >> 16 & 0o100:
                os.chmod(path, 0o755)
    os.unlink(archive)
    return folder


def is_standard(path):
    folders = {os.path.realpath(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")}
    path = os.path.realpath(path)
    if os.path.basename(path) == "python%d%d.zip" % sys.version_info[:2]:
        return True
    inside = [path[len(folder) :].split(os.sep) for folder in folders if (path + os.sep).startswith(folder + os.sep)]
    return any("site-packages" not in parts and "dist-packages" not in parts for parts in inside)


def put_first(folders):
    """The standard library, then what was released, then all that Glue has."""
    standard = [path for path in sys.path if is_standard(path)]
    rest = [path for path in sys.path if path not in standard]
    sys.path[:] = [*standard, *folders, *rest]
    importlib.invalidate_caches()
    # Glue, and this script, may have imported an older one of what was released.
    names = {name.partition(".")[0] for folder in folders for name in os.listdir(folder)}
    older = {name for name in names if is_foreign(sys.modules.get(name))}
    for name in [name for name in sys.modules if name.partition(".")[0] in older]:
        del sys.modules[name]


def is_foreign(module):
    origin = getattr(module, "__file__", None) or next(iter(getattr(module, "__path__", ())), None)
    return origin is not None and not is_standard(origin)


def takes(entry, *arguments):
    try:
        inspect.signature(entry).bind(*arguments)
    except TypeError:
        return False
    except ValueError:
        return True
    return True


def main():
    put_first([folder for folder in map(fetched, ("wheel", "library")) if folder])
    module, _, name = argument("unit-entry").partition(":")
    entry = getattr(importlib.import_module(module), name)
    arguments = {each: argument(each) for each in json.loads(argument("unit-arguments", "[]"))}
    if takes(entry, arguments):
        entry(arguments)
    else:
        entry()


if __name__ == "__main__":
    main()
'''
