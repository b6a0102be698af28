"""What is broken, lies, or wants to be obeyed: it stops nobody else, and nothing obeys it."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

__all__ = ["MUTATIONS"]

_STORIES, _VISIBLE, _BOUNDS = "flow/test_broken_units.py", "show/test_visible.py", "building/test_bounds.py"

MUTATIONS = (
    Mutation(
        "plan/template/check.py",
        "one_line(error.what)",
        "error.what",
        "No text of a template begins a line of what is refused about it.",
        ("plan/test_template_check.py",),
    ),
    Mutation(
        "plan/template/check.py",
        "    _check_texts(document, where)\n    resources",
        "    resources",
        "No stack gets a text that no answer could carry.",
        ("plan/test_template_check.py::test_a_text_that_no_answer_of_aws_could_carry_is_refused",),
    ),
    Mutation(
        "model/workspace.py",
        "    _refuse_what_cannot_be_sent(table)\n",
        "",
        "NUL in an environment is refused before a process is started with it.",
        ("model/test_project.py::test_a_text_that_nobody_could_read_in_a_stack_is_refused_before_it_is_used",),
    ),
    Mutation(
        "model/said.py",
        "    except BaseException:\n",
        "    except KeyError:\n",
        "An error whose own text fails is told, too.",
        ("flow/test_stack_file.py::test_an_error_that_cannot_say_what_it_is_is_one_as_well",),
    ),
    Mutation(
        "show/words.py",
        "super().__init__(visible(text), style, **how)",
        "super().__init__(text, style, **how)",
        "Nothing is taken out of a text on its way to a table.",
        ("show/test_visible.py::test_nothing_is_taken_out_of_a_text_on_its_way_to_a_table",),
    ),
    Mutation(
        "make/work_tree.py",
        "        if broken is not None:\n",
        "        if broken is not None and name in units:\n",
        "A unit whose file is broken is not taken for one that was removed.",
        (f"{_STORIES}::test_a_broken_unit_is_not_taken_for_one_that_was_removed",),
    ),
    Mutation(
        "model/broken.py",
        "if unit.name == name or (folder and",
        "if unit.name == name or (not folder and",
        "A file that does not say its name is found by the folder in the record.",
        (f"{_STORIES}::test_a_broken_file_does_not_say_its_name_so_what_runs_is_found_by_its_folder",),
    ),
    Mutation(
        "make/candidates.py",
        "        except Exception as raised:\n            return as_ours(candidate.unit.name, raised)",
        "        except MultiEnvLambdaError as raised:\n            return as_ours(candidate.unit.name, raised)",
        "A mistake of this library in one unit stops no other one.",
        (f"{_STORIES}::test_a_mistake_of_this_library_in_one_unit_stops_no_other_one",),
    ),
    Mutation(
        "plan/waiting.py",
        '            waiting[step.project] = f"{step.project}, which waits for {waiting[found]}"\n',
        "",
        "Who needs a unit that waits is told to wait, too.",
        (f"{_STORIES}::test_a_plan_says_who_waits_and_for_what",),
    ),
    Mutation(
        "model/order.py",
        "        for name in circle:\n            del units[name]\n",
        "        break\n",
        "Every circle of needs is found.",
        ("model/test_order.py::test_every_circle_is_found",),
    ),
    Mutation(
        "model/collisions.py",
        "        elif project.name in unreadable:\n",
        "        elif False:\n",
        "A name that a broken unit may have is not free.",
        ("model/test_name.py::test_a_name_that_a_unit_may_have_at_which_nobody_could_look_is_not_free",),
    ),
    Mutation(
        "host/repository.py",
        "        except ConfigurationError as error:\n            unread = unread or error\n",
        "        except ConfigurationError:\n            raise\n",
        "The root is found past the broken file of a unit.",
        ("host/test_repository.py::test_the_root_is_found_past_the_broken_document_of_a_unit",),
    ),
    Mutation(
        "model/visible.py",
        "\\u2028-\\u202e",
        "\\u2028-\\u2029",
        "Marks that turn a text round are made visible.",
        (f"{_VISIBLE}::test_everything_that_unicode_does_not_show_is_made_visible",),
    ),
    Mutation(
        "show/terminal.py",
        "return segment if segment.control else segment._replace(text=visible(segment.text))",
        "return segment",
        "What is in a table does nothing to a terminal.",
        (f"{_VISIBLE}::test_a_sentence_a_result_and_a_table_are_made_visible",),
    ),
    Mutation(
        "show/terminal.py",
        '            stream.reconfigure(errors="plain")\n',
        "            pass\n",
        "A stream that is not UTF-8 is no reason to fail.",
        (f"{_VISIBLE}::test_a_stream_that_is_not_utf_8_is_no_reason_to_fail",),
    ),
    Mutation(
        "show/board.py",
        "data = _visible(board_data(",
        "data = (board_data(",
        "What others wrote does nothing to the board.",
        (f"{_VISIBLE}::test_the_pages_and_the_library_show_it_as_well",),
    ),
    Mutation(
        "building/archive.py",
        "self.head(self.size + 1)",
        "zlib.decompress(self.data, wbits=-zlib.MAX_WBITS)",
        "A member that lies about its size is not inflated to its end.",
        (f"{_BOUNDS}::test_a_member_that_inflates_further_than_it_says_is_stopped_there",),
    ),
    Mutation(
        "building/archive.py",
        "> _LARGEST_UNZIPPED:\n",
        "> _LARGEST_UNZIPPED << 20:\n",
        "A zip that says that it becomes huge is refused.",
        (f"{_BOUNDS}::test_a_zip_that_says_that_it_becomes_huge_is_not_inflated_at_all",),
    ),
    Mutation(
        "building/wheel.py",
        "        found = _sha256(wheel.name, member)  # even if not needed",
        "        found = bytes(member.data)  # even if not needed",
        "A member that does not inflate to its own checksum is refused.",
        (f"{_BOUNDS}::test_the_checksum_counts_for_what_is_stored_as_well",),
    ),
    Mutation(
        "model/toml.py",
        "        if (key := _LONG_KEY.search(text)) is not None:\n",
        "        if (key := _LONG_KEY.search(text)) is not None and False:\n",
        "A key that takes a parser seconds is refused at once.",
        ("model/test_toml.py::test_it_is_refused_at_once_and_says_why",),
    ),
    Mutation(
        "building/source.py",
        'locked = {"backends": hashlib.sha256(self.backends).hexdigest()} if self.backends else {}',
        "locked: dict[str, str] = {}",
        "What was built by another backend is not taken from the cache.",
        ("building/test_backends.py::test_what_is_built_by_another_backend_is_kept_apart",),
    ),
)
