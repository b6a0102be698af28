"""Lambda's own environment: the libraries, programs and space that a function has without bringing them.

Sources:
    Python 3.12 and later run on Amazon Linux 2023, earlier ones on Amazon Linux 2:
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
    What the base images have installed (`rpm -qa` of public.ecr.aws/lambda/python:3.12):
    https://github.com/amazonlinux/amazon-linux-2023/issues/585
    What a manylinux wheel may expect from the system, of which X11, GL, glib and nsl are missing:
    https://peps.python.org/pep-0600/ and https://github.com/pypa/auditwheel (policy.json)
    Which variables a runtime sets ("Defined runtime environment variables"), and what AWS was seen to set:
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    https://github.com/localstack/localstack (tests/aws/services/lambda_/test_lambda_common.snapshot.json)
"""

from __future__ import annotations

import attrs

__all__ = [
    "AMAZON_LINUX_2",
    "AMAZON_LINUX_2023",
    "LIBRARY_FOLDERS",
    "MAX_UNZIPPED_BYTES",
    "OFFERED_MODULES",
    "OF_EVERY_FUNCTION",
    "LambdaImage",
    "variables_of",
]

OFFERED_MODULES = frozenset({"boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3"})
"""boto3, and what it needs: every runtime of Python has them."""

MAX_UNZIPPED_BYTES = 262_144_000
"""For a function's code and all its layers together.

Source: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

LIBRARY_FOLDERS = ("/var/lang/lib", "/lib64", "/usr/lib64", "/var/runtime", "/var/runtime/lib")
"""Where the loader looks before the function's own folders."""

_TRACER = ("169.254.79.129", "2000")
OF_EVERY_FUNCTION = {
    "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
    "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001",
    "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
    "AWS_XRAY_DAEMON_ADDRESS": ":".join(_TRACER),
    "LAMBDA_RUNTIME_DIR": "/var/runtime",
    "LANG": "en_US.UTF-8",
    "PYTHONPATH": "/var/runtime",
    "SHLVL": "0",
    "TZ": ":UTC",
    "_AWS_XRAY_DAEMON_ADDRESS": _TRACER[0],
    "_AWS_XRAY_DAEMON_PORT": _TRACER[1],
}
"""Variables with the same value in every function, without HOME. Those with paths are `LAMBDA_TASK_ROOT`, `PWD`,
`PATH` and `LD_LIBRARY_PATH`; `_X_AMZN_TRACE_ID` comes with a call."""


def variables_of(*, name: str, handler: str, memory_size: int, log_format: str) -> dict[str, str]:
    """The variables of one function, as a version of it sees them; ``memory_size`` in MB."""
    as_json = {"AWS_LAMBDA_LOG_FORMAT": "JSON"} if log_format == "JSON" else {}
    return {
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory_size),
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": "1",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": f"2026/01/01/[1]{'0' * 32}",
        "_HANDLER": handler,
        **as_json,
    }


# What comes with the C library, its loader under both architectures' names, and the runtime of C++.
_GLIBC = (
    "ld-linux-aarch64.so.1 ld-linux-x86-64.so.2 libBrokenLocale.so.1 libanl.so.1 libc.so.6 libc_malloc_debug.so.0 "
    "libdl.so.2 libgcc_s.so.1 libm.so.6 libmvec.so.1 libnss_compat.so.2 libnss_dns.so.2 libnss_files.so.2 "
    "libpthread.so.0 libresolv.so.2 librt.so.1 libstdc++.so.6 libthread_db.so.1 libutil.so.1 linux-vdso.so.1"
)
# What the shell, its tools and curl are linked with. What only the package manager needs is left out deliberately
# (file, glib2, gpgme, librepo): a container image has it, but not a function that is deployed as a zip.
_TOOLS = (
    "libacl.so.1 libattr.so.1 libbz2.so.1 libcap.so.2 libcom_err.so.2 libcurl.so.4 libgmp.so.10 libgssapi_krb5.so.2 "
    "libidn2.so.0 libk5crypto.so.3 libkeyutils.so.1 libkrb5.so.3 libkrb5support.so.0 liblzma.so.5 libmpfr.so.{mpfr} "
    "libncurses.so.6 libncursesw.so.6 libnghttp2.so.14 libpsl.so.5 libreadline.so.{readline} libselinux.so.1 "
    "libsqlite3.so.0 libtinfo.so.6 libunistring.so.{unistring} libuuid.so.1 libz.so.1"
)
_ONLY_2 = "libcrypt.so.1 libcrypto.so.10 libexpat.so.1 libffi.so.6 libnsl.so.1 libpcre.so.1 libssl.so.10"
_ONLY_2023 = "libcrypt.so.2 libcrypto.so.3 libffi.so.8 libpcre2-8.so.0 libssl.so.3 libzstd.so.1"
_PROGRAMS = (
    "arch awk base32 base64 basename bash cat chmod chown cksum comm cp curl cut date dd df dirname du echo env "
    "expr false gawk getconf getent grep head hostname iconv id install ldconfig ln locale ls md5sum mkdir mkfifo "
    "mktemp mv nice nohup nproc od paste printenv printf pwd readlink realpath rm rmdir sed seq sh sha1sum "
    "sha256sum sha512sum shuf sleep sort split stat sum sync tac tail tee test timeout touch tr true truncate uname "
    "uniq wc whoami yes"
)


@attrs.frozen(kw_only=True)
class LambdaImage:
    """The operating system of a runtime.

    ``libraries`` are sonames as a loader requests them; ``programs`` are file names on PATH. ``glibc`` and
    ``libstdcxx`` are the newest symbol versions that it has (GLIBC_x.y, GLIBCXX_3.4.z).
    """

    title: str
    glibc: tuple[int, ...]
    libstdcxx: tuple[int, ...]
    libraries: frozenset[str]
    programs: frozenset[str] = frozenset(_PROGRAMS.split())


AMAZON_LINUX_2 = LambdaImage(
    title="Amazon Linux 2",
    glibc=(2, 26),
    libstdcxx=(3, 4, 24),  # of GCC 7.3
    libraries=frozenset(
        " ".join((_GLIBC, _TOOLS.format(mpfr=4, readline=6, unistring=0), _ONLY_2)).split(),
    ),
)
AMAZON_LINUX_2023 = LambdaImage(
    title="Amazon Linux 2023",
    glibc=(2, 34),
    libstdcxx=(3, 4, 29),  # of GCC 11.3; newer releases of the image have more
    libraries=frozenset(
        " ".join((_GLIBC, _TOOLS.format(mpfr=6, readline=8, unistring=2), _ONLY_2023)).split(),
    ),
)
