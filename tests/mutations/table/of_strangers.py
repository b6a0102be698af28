"""Code of others: what it cannot see, and where it does not run."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

__all__ = ["MUTATIONS"]

_BOUNDS = "building/test_backend.py::test_bounds_are_those_that_the_kernel_is_told"
_SHUT_IN = "flow/test_stack_file.py::test_it_has_no_key_no_file_no_network_and_no_process"

MUTATIONS = (
    Mutation(
        "host/own_child.py",
        "children=False, attributes",
        "attributes",
        "A stack.py starts no process.",
        (_SHUT_IN,),
    ),
    Mutation(
        "host/process.py",
        "hint=hint, cwd=folder, env=environment, stdin=stdin)",
        "hint=hint, env=environment, stdin=stdin)",
        "No file of the folder that the user is in tells uv where to write.",
        ("building/test_uv_settings.py::test_the_folder_that_the_user_is_in_says_nothing_to_uv",),
    ),
    Mutation(
        "building/uv_settings.py",
        "        for key in _INDEXES:\n            if key in table:\n                what",
        "        for key in ():\n            if key in table:\n                what",
        "A unit names no index of its own.",
        ("building/test_uv_settings.py::test_an_index_of_a_unit_is_refused_by_its_name",),
    ),
    Mutation(
        "building/uv_settings.py",
        '    if "${" in text:',
        "    if False:",
        "No variable of the user is filled into an address.",
        ("building/test_uv_settings.py::test_a_requirement_that_uv_would_read_as_more_is_refused",),
    ),
    Mutation(
        "building/backend.py",
        "if Requirement(text).url is not None:",
        "if False:",
        "What a build asks for has no address of its own.",
        ("building/test_backend.py::test_a_requirement_that_is_an_address_is_not_fetched",),
    ),
    Mutation(
        "host/groups.py",
        "            os.killpg(group, signal.SIGKILL)\n    if number",
        "            pass\n    if number",
        "What runs confined ends with the command that a signal ends.",
        ("host/test_confined.py",),
    ),
    Mutation(
        "host/sandbox.py",
        "_checked(_LIBC.prctl(_SET_DEATH_SIGNAL, signal.SIGTERM, 0, 0, 0))",
        "pass",
        "What runs confined ends with the command that is killed.",
        ("host/test_confined.py::test_nothing_that_runs_confined_outlives_a_command_that_is_killed",),
    ),
    Mutation(
        "host/sandbox.py",
        "    os.killpg(os.getpid(), signal.SIGKILL)",
        "    os.kill(child, signal.SIGKILL)",
        "What that has started ends with the command, too.",
        ("host/test_confined.py::test_nothing_that_runs_confined_outlives_a_command_that_is_killed",),
    ),
    Mutation(
        "building/preflight_answers.py",
        "if not isinstance(answer, dict) or not _is_one(answer, count):",
        "if not isinstance(answer, dict):",
        "A forged answer of a handler stops nobody else.",
        ("building/test_preflight_answers.py",),
    ),
    Mutation(
        "make/stack_file.py",
        "        check_no_link(root, folder)",
        "        pass",
        "A stack.py reads nothing through a shared folder that is a link.",
        ("flow/test_stack_file.py::test_a_folder_that_it_names_is_no_link_to_where_it_may_not_read",),
    ),
    Mutation(
        "building/own_tests.py",
        "own=(*_of_git(root), made,",
        "own=(root, made,",
        "A unit's own tests see no token that a CI keeps in the checkout.",
        ("building/test_own_tests.py::test_of_a_checkout_they_see_what_git_tracks_and_none_of_its_tokens",),
    ),
    Mutation(
        "building/preflight_run.py",
        '    sandbox.end_with(orders["parent"])',
        "    pass",
        "The import of a handler ends with the command that is killed.",
        ("building/test_preflight.py::test_processes_of_the_handler_end_with_a_command_that_is_killed",),
    ),
    Mutation(
        "host/confined.py",
        '"local_sockets": False,',
        '"local_sockets": True,',
        "A package that may ask the network asks no server of this machine.",
        ("host/test_confined.py::test_who_has_the_network_does_not_have_the_servers_of_this_machine",),
    ),
    Mutation(
        "host/sandbox.py",
        'dict.fromkeys(["setsid", "setpgid"], 0)',
        "{}",
        "What a build starts stays in its group, where it is ended.",
        ("host/test_confined.py::test_it_touches_no_key_no_other_process_and_no_attribute",),
    ),
    Mutation(
        "host/sandbox.py",
        "        program += [(_RETURN, 0, 0, _RETURN_ALLOW), (_RETURN, 0, 0, deny)]",
        "        program += [(_RETURN, 0, 0, _RETURN_ALLOW), (_RETURN, 0, 0, _RETURN_ALLOW)]",
        "Code of others sets no limit of another process.",
        ("host/test_confined.py::test_it_touches_no_key_no_other_process_and_no_attribute",),
    ),
    Mutation(
        "host/own_child.py",
        "attributes=False, ",
        "",
        "A stack.py changes no mode of a file.",
        ("flow/test_stack_file.py::test_it_changes_no_mode_of_a_file_that_it_cannot_read",),
    ),
    Mutation(
        "host/confined.py",
        '"network": self.network,',
        '"network": True,',
        "Code of others has no network.",
        (_BOUNDS, _SHUT_IN),
    ),
    Mutation(
        "host/confined.py",
        '"scratch": False,',
        '"scratch": True,',
        "Code of others writes into its own home, not into the folder of everybody.",
        (_BOUNDS, _SHUT_IN),
    ),
    Mutation(
        "host/confined.py",
        "environment = {**clean_environment(home), **(env or {})}",
        "environment = {**os.environ, **clean_environment(home), **(env or {})}",
        "Code of others sees no variable of the user.",
        (_SHUT_IN,),
    ),
    Mutation(
        "host/confined.py",
        "return process.wait(timeout=seconds)",
        "return process.wait()",
        "Code of others ends when its time is over.",
        ("flow/test_stack_file.py::test_one_that_does_not_end_is_ended",),
    ),
    Mutation(
        "host/own_child.py",
        "if not ended.answer:",
        "if False:",
        "A stack.py that ends its process is an error that says so.",
        ("flow/test_stack_file.py::test_whatever_it_does_is_one_error_of_its_own_unit",),
    ),
    Mutation(
        "make/stack_file.py",
        "len(documents) == count and all(map(_is_template, documents))",
        "True",
        "What comes back is looked at like what anybody says.",
        ("flow/test_stack_file.py::test_an_answer_of_its_own_making_is_looked_at_like_any_other",),
    ),
    Mutation(
        "building/preflight_watch.py",
        ', scratch=orders["shared"], network=False)',
        ', scratch=orders["shared"])',
        "A handler has no network while it is imported.",
        ("building/test_preflight.py::test_there_is_no_network_at_import_time_which_is_not_held_against_it",),
    ),
    Mutation(
        "building/backend.py",
        '"--quiet", "--no-build", "--python"',
        '"--quiet", "--python"',
        "What a build asks for is fetched without running anything.",
        ("building/test_backend.py::test_a_requirement_without_a_wheel_is_not_built",),
    ),
    Mutation(
        "building/backend.py",
        'if self.backend != "uv_build" or self.backend_path or len(self.requires) != 1:',
        'if self.backend != "uv_build":',
        "Only what is uv's own is built without an environment.",
        ("building/test_backend.py::test_uvs_own_backend_is_nobody_elses",),
    ),
    Mutation(
        "api/approving.py",
        "pipeline.same_again(world, saved, published=True)",
        "pipeline.same_again(world, saved)",
        "An approval makes nothing.",
        ("api/test_handles.py::test_an_approval_is_of_published_bytes_and_makes_nothing",),
    ),
    Mutation(
        "api/carry_out.py",
        "if not publish or not draft.made or",
        "if not draft.made or",
        "A plan writes nothing unless somebody asks for it.",
        ("api/test_handles.py::test_a_plan_writes_nothing_that_nobody_asked_for",),
    ),
    Mutation(
        "make/work_tree.py",
        'if alone not in ("", name):',
        "if False:",
        "Why a unit is deployed is said without running another one.",
        ("flow/test_saved_plans.py::test_one_unit_alone_is_made_and_of_the_others_it_is_said_why_they_would_be",),
    ),
)
