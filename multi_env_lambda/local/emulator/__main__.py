"""Start the local cloud: reads settings as JSON from standard input, and serves on 127.0.0.1 until SIGTERM."""

from __future__ import annotations

import asyncio
import fcntl
import gc
import json
import os
import secrets
import socket
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

from .names import load
from .orphan import end_without

_HANDLERS = Path(__file__).parent.parent.parent / "plan" / "handlers.json"
_COLLECT_AFTER = 20_000
_LOCK_SECONDS = 1.0
_LOCK_IS_HELD = 75
"""Exit status (EX_TEMPFAIL): another server runs on this state."""


def main() -> None:
    """Take the lock, bind a port, load and patch ministack, report the address, and serve."""
    settings = json.load(sys.stdin)
    folder = Path(settings["folder"])
    lock = open(folder / "server.lock", "a")  # noqa: SIM115 -- held until the process ends, however it ends
    _take(lock)
    (folder / "listening.json").unlink(missing_ok=True)  # of the last server: who holds the lock has not spoken yet
    _check_version(settings["ministack"])
    listener = _listen(settings["port"])
    port = listener.getsockname()[1]
    os.environ["GATEWAY_PORT"] = str(port)  # ministack reads it when it is imported
    secret = secrets.token_urlsafe(32)
    gc.disable()
    application = _application(folder, settings, port, secret)
    gc.freeze()  # what is imported is never forgotten, so nobody has to look through it again and again
    gc.set_threshold(_COLLECT_AFTER)
    gc.enable()
    said = {"pid": os.getpid(), "port": port, "secret": secret, "strict": settings["strict"]}
    asyncio.run(_serve(application, listener, lock, folder, said))


def _take(lock: IO[str]) -> None:
    """A command that only checks the lock holds it itself for a moment."""
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() > deadline:
                sys.exit(_LOCK_IS_HELD)
            time.sleep(0.01)


def _check_version(wanted: str) -> None:
    if version("ministack") != wanted:
        sys.exit(f"ministack {version('ministack')} is installed, but the patches were written for {wanted}")


def _listen(wished_port: int) -> socket.socket:
    """The port of the previous start if it is free, because queue and function URLs in the saved state contain it;
    otherwise any port.
    """
    for port in (wished_port, 0):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            listener.close()
            continue
        return listener
    sys.exit("no port on 127.0.0.1 could be bound")


def _application(folder: Path, settings: dict[str, Any], port: int, secret: str) -> Any:
    from . import (
        alarms,
        aliases,
        artifact_readers,
        build_rules,
        builds,
        change_sets,
        clock,
        drift,
        durability,
        event_sources,
        glue_jobs,
        guard,
        http_apis,
        lambda_actions,
        pipelines,
        policy_sizes,
        published_code,
        quotas,
        refusals,
        reserved_concurrency,
        rest_apis,
        schedules,
        state_file,
        threads,
    )

    time_here = clock.Clock(folder / "clock.json")
    threads.patch()
    save = state_file.patch(folder / "state", folder / "blobs")
    clock.patch(time_here)
    alarms.patch(time_here.now)
    _keep_rules_of_buckets(time_here.now)
    change_sets.patch()
    drift.patch()
    schedules.patch(time_here.now)
    _keep_asked_rules(settings, time_here.now)
    _keep_limits()
    _keep_rules_of_functions(folder, settings, secret)
    refusals.patch()
    aliases.patch()
    published_code.patch()
    reserved_concurrency.patch(young="young-accounts" in settings["strict"])
    limits = quotas.patch()
    lambda_actions.patch()
    _read_policies()
    artifact_readers.patch(with_rights="caller-rights" in settings["strict"])
    event_sources.patch()
    policy_sizes.patch()
    _keep_names()
    builds.patch(settings["build_environment"], folder)
    build_rules.patch(time_here.now)  # around what starts and runs one
    pipelines.patch(folder, time_here.now)
    glue_jobs.patch(folder / "runtimes.json", exact="glue-python" in settings["strict"])
    guard.patch_links(secret)
    http_apis.patch()
    rest_apis.patch()
    application = quotas.wrap(durability.wrap(load("ministack.app").app, save), limits)
    return guard.wrap(clock.wrap(application, time_here), port, secret)


def _read_policies() -> None:
    from . import (
        build_rights,
        bus_rights,
        change_set_rights,
        conditions,
        role_boundaries,
        service_role,
        source_identity,
        source_rights,
    )

    change_set_rights.patch()
    conditions.patch()
    build_rights.patch()
    bus_rights.patch()
    source_identity.patch()
    source_rights.patch()
    role_boundaries.patch()
    service_role.patch()


def _keep_names() -> None:
    from . import early_validation, early_warnings, generated_names, replacements, system_tags, taken_names

    generated_names.patch()
    replacements.patch()
    # What is named here is free, on AWS.
    system_tags.patch()
    taken_names.patch()
    early_validation.patch()
    early_warnings.patch()


def _keep_rules_of_buckets(now: Callable[[], float]) -> None:
    from . import (
        artifacts,
        bucket_notifications,
        bucket_regions,
        bucket_settings,
        copied_parts,
        full_buckets,
        lifecycle,
        objects,
    )

    for rule in (objects, copied_parts, artifacts, bucket_regions, bucket_settings, full_buckets, bucket_notifications):
        rule.patch()
    lifecycle.patch(now)


def _keep_rules_of_functions(folder: Path, settings: dict[str, Any], secret: str) -> None:
    from . import (
        answers,
        function_environment,
        function_logs,
        function_metrics,
        function_properties,
        function_starts,
        function_urls,
        later_calls,
        layer_versions,
        layers,
        runtimes,
        weighted_alias,
    )

    function_metrics.patch()  # inside of what chooses the version
    weighted_alias.patch()
    function_properties.patch()
    later_calls.patch()
    runtimes.patch(folder / "runtimes.json")
    answers.patch()
    layers.patch(folder / "layers")
    layer_versions.patch()
    function_environment.patch(secret, settings["programs"], settings["variables"])
    function_starts.patch()
    function_urls.patch()
    function_logs.patch()  # around all that starts and words


def _keep_limits() -> None:
    """The rules about limits, and about references to things that do not exist."""
    from . import (
        bucket_principals,
        deleted_stacks,
        event_rules,
        event_source_limits,
        exports,
        function_policies,
        glue_runs,
        glue_schedules,
        gone,
        managed_policies,
        policy_grammar,
        pull_requests,
        quiet_updates,
        refusal_words,
        request_limits,
        reverted_drift,
        rule_dead_letters,
        security_groups,
        stack_policies,
        state_machines,
        subscriptions,
        table_settings,
        template_references,
        topic_records,
        web_identity,
    )

    web_identity.patch()
    bucket_principals.patch()
    rule_dead_letters.patch()
    deleted_stacks.patch()
    event_rules.patch()
    exports.patch()
    function_policies.patch()
    glue_runs.patch()
    gone.patch()  # inside of what may forbid the change
    glue_schedules.patch()
    managed_policies.patch()
    policy_grammar.patch()
    pull_requests.patch()
    event_source_limits.patch()
    request_limits.patch()  # around what reads a request that has the right form
    security_groups.patch()
    subscriptions.patch()
    stack_policies.patch()
    state_machines.patch()
    quiet_updates.patch()
    refusal_words.patch()
    reverted_drift.patch()
    table_settings.patch()
    template_references.patch()
    topic_records.patch()


def _keep_asked_rules(settings: dict[str, Any], now: Callable[[], float]) -> None:
    """The rules of ``local/strict.py``; a late alias comes before what chooses between the versions of one."""
    from . import (
        caller_rights,
        dead_letters,
        function_roles,
        late_alias,
        late_events,
        late_metrics,
        late_rights,
        recent_queues,
        stale_reads,
        throttling,
    )

    strict = frozenset(settings["strict"])
    if "caller-rights" in strict:
        caller_rights.patch(json.loads(_HANDLERS.read_text(encoding="ascii")), settings["iam"])
    if "function-roles" in strict:
        function_roles.patch()
        dead_letters.patch()
    if "late-alias" in strict:
        late_alias.patch(now)
    if "late-events" in strict:
        late_events.patch(now)
    if "late-metrics" in strict:
        late_metrics.patch(now)
    if "late-rights" in strict:
        late_rights.patch(now)
    if "recent-queues" in strict:
        recent_queues.patch(now)
    if "stale-reads" in strict:
        stale_reads.patch(now)
    if "throttling" in strict:
        throttling.patch(now)


async def _serve(application: Any, listener: socket.socket, lock: IO[str], folder: Path, said: dict[str, Any]) -> None:
    config = load("hypercorn.config").Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 2
    config.loglevel = "WARNING"
    _announce(folder, said)
    watch = asyncio.create_task(end_without(folder / "server.lock", lock))
    await load("hypercorn.asyncio").serve(application, config)
    watch.cancel()


def _announce(folder: Path, said: dict[str, Any]) -> None:
    """Written whole or not at all, for this user only; connections wait in the listener's queue until then.

    The secret of this start is that of every account's root, and opens the emulator's own doors.
    """
    listener_file = folder / "listening.json"
    scratch = listener_file.with_suffix(".tmp")
    scratch.unlink(missing_ok=True)
    with open(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(said, file)
    scratch.replace(listener_file)


if __name__ == "__main__":
    main()
