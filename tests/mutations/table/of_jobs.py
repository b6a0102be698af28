"""Glue jobs: their locked dependencies, from the lock to the script that imports them."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

__all__ = ["MUTATIONS"]

_PREFLIGHT = "building/test_preflight_of_jobs.py"
_DEPENDENCIES = "flow/test_dependencies.py"
_SCRIPT = "plan/test_template_jobs.py"
_BAD = ("test_bad_repositories.py",)

MUTATIONS = (
    Mutation(
        "make/dependencies.py",
        "    for python, _ in project.entries:\n",
        "    for python, _ in ():\n",
        "A job gets the unit's locked dependencies.",
        (f"{_DEPENDENCIES}::test_a_unit_of_jobs_has_a_library_and_no_layer",),
    ),
    Mutation(
        "make/dependencies.py",
        "            _check_spark(lock, selected, jobs)\n",
        "            pass\n",
        "A Spark job with compiled modules is refused.",
        _BAD,
    ),
    Mutation(
        "make/dependencies.py",
        "        if wheel.name in _OF_SPARK_ALONE:\n",
        "        if False:\n",
        "Another Spark than Glue's is refused.",
        (f"{_DEPENDENCIES}::test_another_pyspark_than_glues_is_refused",),
    ),
    Mutation(
        "building/layer.py",
        '        **({} if target.place == "Lambda" else {"place": target.place}),\n',
        "",
        "A library is named apart from the layer of the same wheels.",
        ("building/test_layer.py::test_a_library_has_its_packages_at_the_top_and_another_digest_than_a_layer",),
    ),
    Mutation(
        "building/job_entry.py",
        "        if named and not _fits(named[-1].args):\n",
        "        if False:\n",
        "An entry that needs two arguments is refused where nothing can import it.",
        (f"{_PREFLIGHT}::test_an_entry_that_needs_more_than_its_arguments_is_refused",),
    ),
    Mutation(
        "building/job_entry.py",
        "            yield from _own(node)\n",
        "",
        "An entry that yields anywhere of its own is a generator.",
        (f"{_PREFLIGHT}::test_an_entry_that_is_a_generator_is_refused",),
    ),
    Mutation(
        "building/preflight_run.py",
        '    if handler["is_job"] and (kind := _unrun(function)):\n',
        "    if False:\n",
        "An entry that a module has from elsewhere and that runs nothing is refused.",
        (f"{_PREFLIGHT}::test_an_entry_from_elsewhere_that_would_run_nothing_is_refused",),
    ),
    Mutation(
        "building/preflight_run.py",
        '    signature = _unfit_signature(function) if handler["is_job"] else None\n',
        "    signature = None\n",
        "The signature of any entry is asked of the interpreter.",
        (f"{_PREFLIGHT}::test_the_signature_of_what_is_no_plain_function_is_asked_of_the_interpreter",),
    ),
    Mutation(
        "building/preflight.py",
        "        if interpreter is not None and wanted and _runs_here(library):\n",
        "        if interpreter is not None and wanted:\n",
        "Modules for another processor are not imported on this one.",
        (f"{_PREFLIGHT}::test_a_library_for_another_processor_is_looked_at_and_not_imported",),
    ),
    Mutation(
        "plan/template/glue_script.py",
        "    if found.hexdigest() != released:\n",
        "    if False:\n",
        "The script of a job imports only bytes that were released.",
        (f"{_SCRIPT}::test_one_flipped_byte_is_refused_before_anything_is_imported",),
    ),
    Mutation(
        "plan/template/glue_script.py",
        "    sys.path[:] = [*standard, *folders, *rest]\n",
        "    sys.path[:] = [*standard, *rest, *folders]\n",
        "What is locked comes before what Glue has.",
        (f"{_SCRIPT}::test_standard_library_then_own_code_then_what_is_locked_then_what_glue_has",),
    ),
    Mutation(
        "plan/template/glue_script.py",
        "        del sys.modules[name]\n",
        "        pass\n",
        "What Glue has imported already gives way to what is locked.",
        (f"{_SCRIPT}::test_standard_library_then_own_code_then_what_is_locked_then_what_glue_has",),
    ),
    Mutation(
        "plan/template/glue_script.py",
        "        time.sleep(seconds)\n",
        "        raise PermissionError(key)\n",
        "A right that IAM does not know yet is waited for.",
        (f"{_SCRIPT}::test_a_right_that_iam_does_not_know_yet_is_waited_for_and_not_for_ever",),
    ),
    Mutation(
        "plan/template/jobs.py",
        '            option = {"python-modules-installer-option": "--no-deps"}\n',
        "            option: dict[str, str] = {}\n",
        "What the wheel of a Spark job requires does not come from PyPI.",
        (
            f"{_SCRIPT}::test_a_spark_job_with_a_library_has_it_on_its_workers_and_installs_nothing_that_its_wheel_requires",
        ),
    ),
    Mutation(
        "flow/replicate.py",
        "*layer, *scripts, *libraries})",
        "*layer, *scripts})",
        "A library is copied to the region of its job.",
        (f"{_DEPENDENCIES}::test_it_is_copied_to_the_bucket_of_another_region_without_its_lock",),
    ),
    Mutation(
        "plan/prune.py",
        "*layer, *scripts, *libraries}",
        "*layer, *scripts}",
        "A library of a kept release stays, its lock too.",
        ("plan/test_prune.py",),
    ),
    Mutation(
        "model/release.py",
        "    if kind not in _ARTIFACTS and isinstance(kind, str):\n",
        "    if False:\n",
        "An artifact of a newer kind says upgrade.",
        ("model/test_release.py::test_an_artifact_of_a_kind_that_a_newer_library_knows_says_upgrade",),
    ),
    Mutation(
        "local/emulator/glue_jobs.py",
        "    path = [os.fspath(_LIBRARY), *_wheels(arguments, folder)]\n",
        "    path = [*_wheels(arguments, folder), os.fspath(_LIBRARY)]\n",
        "What Glue has itself comes before what it installs.",
        ("local/test_emulator.py::test_a_glue_job_finds_the_standard_library_and_what_glue_has_before_its_wheels",),
    ),
)
