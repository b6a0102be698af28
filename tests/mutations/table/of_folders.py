"""Units that nothing builds, and functions with a root: what is packed, and whose code a function runs."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

__all__ = ["MUTATIONS"]

_PLAIN, _ROOTS, _UNPACKED = "building/test_plain.py", "flow/test_roots.py", "building/test_unpacked.py"
_UNDECLARED, _REPOSITORY = "building/test_undeclared.py", "host/test_repository.py"

_ASKED, _PATTERNS = "building/test_asked.py", "model/test_patterns.py"

MUTATIONS = (
    Mutation(
        "building/asked.py",
        "            write_sealed(kept, said)\n",
        "            pass\n",
        "A backend is asked once for the same files.",
        (f"{_ASKED}::test_the_same_files_are_asked_once_and_others_again",),
    ),
    Mutation(
        "building/asked.py",
        "    if found.url is not None:",
        "    if False:",
        "A backend cannot have an address fetched.",
        (f"{_ASKED}::test_what_a_backend_may_not_say",),
    ),
    Mutation(
        "building/asked.py",
        'if said["name"] != project.name:',
        "if False:",
        "A backend cannot give its unit the name of another.",
        (f"{_ASKED}::test_a_backend_may_not_give_another_name",),
    ),
    Mutation(
        "building/backend.py",
        "elif len(made) == 1 and not made[0].is_symlink():",
        "elif len(made) == 1:",
        "Metadata that is a link to somewhere else is not read.",
        (f"{_ASKED}::test_metadata_is_read_as_what_it_is",),
    ),
    Mutation(
        "building/source.py",
        'packed["patterns"] = [project.exclude, project.include]',
        "pass",
        "Other patterns are another build.",
        (f"{_PLAIN}::test_other_patterns_are_another_build",),
    ),
    Mutation(
        "model/patterns.py",
        "least = 1 if number == len(words) - 1 and number else 0",
        "least = 0",
        "`data/**` is what is in the folder, and no file of its name.",
        (f"{_PATTERNS}::test_a_pattern_matches_what_git_would_ignore",),
    ),
    Mutation(
        "building/plain.py",
        "if not _TESTS.isdisjoint(folders) or not _CACHES.isdisjoint(folders):",
        "if not _CACHES.isdisjoint(folders):",
        "Tests are not packed.",
        (f"{_PLAIN}::test_tests_caches_and_what_is_read_before_are_left_out",),
    ),
    Mutation(
        "building/plain.py",
        " and path.count(",
        " or path.count(",
        "Only at the top is a file left out by its name.",
        (f"{_PLAIN}::test_everything_else_comes_along",),
    ),
    Mutation(
        "building/source.py",
        "_check_secrets((wheel, *roots.values()), sdist",
        "_check_secrets((wheel,), sdist",
        "A root is searched for secrets, even if nothing else of the unit has its files.",
        (f"{_PLAIN}::test_a_secret_in_a_root_beside_a_package_is_refused",),
    ),
    Mutation(
        "building/source.py",
        '    wheel = with_roots(wheel, ((one["root"], one["digest"]) for one in made))\n',
        "",
        "The version that a unit claims is that of its roots, too.",
        (f"{_PLAIN}::test_a_change_of_a_root_that_no_package_has_is_a_change_of_the_source",),
    ),
    Mutation(
        "flow/check.py",
        'release.code_at("" if expected is None else expected.key)',
        'release.code_at("")',
        "After a deploy, a function is compared with the code of its own root.",
        (f"{_ROOTS}::test_each_function_runs_the_wheel_of_its_root_and_is_checked_for_it",),
    ),
    Mutation(
        "flow/drifted.py",
        "(running.code_at(code.key), *attempted)",
        "(*running.wheels.values(), *attempted)",
        "The code of another root is drift.",
        (f"{_ROOTS}::test_code_of_another_root_is_not_what_a_function_should_run",),
    ),
    Mutation(
        "make/maker.py",
        "        known = there.get(made.digest)\n",
        "        known = None\n",
        "A function stays as it is if only other roots change.",
        (f"{_ROOTS}::test_a_change_in_one_root_leaves_the_functions_of_the_others_as_they_are",),
    ),
    Mutation(
        "plan/prune.py",
        "return {*release.wheels, release.source.sdist_key",
        "return {release.source.wheel_key, release.source.sdist_key",
        "The wheel of a root is kept as long as a release runs it, under whatever version it lies.",
        (f"{_ROOTS}::test_a_version_whose_root_still_runs_is_not_pruned",),
    ),
    Mutation(
        "building/undeclared.py",
        "not path.is_relative_to(self.top)",
        "False",
        "Lists of requirements outside of the repository are not read.",
        (f"{_UNDECLARED}::test_nothing_outside_of_the_repository_is_read",),
    ),
    Mutation(
        "building/unpacked.py",
        "if _renamed(new, place) or _is_whole(place, archive, prefix):",
        "if _renamed(new, place):",
        "A layer is not moved away while another unit imports from it.",
        (f"{_UNPACKED}::test_a_folder_from_which_another_unit_imports_is_not_moved_away",),
    ),
    Mutation(
        "host/repository.py",
        "    if units == TOP:\n",
        "    if False:\n",
        "At the top of a repository, only folders with our table are units.",
        (f"{_REPOSITORY}::test_units_at_the_top_are_the_folders_that_have_our_table",),
    ),
)
