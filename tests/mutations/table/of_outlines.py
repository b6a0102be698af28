"""What was read once: the same is said with it as without."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

__all__ = ["MUTATIONS"]

_KEPT, _GIT = "api/test_kept_outlines.py", "host/test_git.py"

MUTATIONS = (
    Mutation(
        "host/kept_outlines.py",
        "if seal == _seal(body, stamp) else {}",
        "if seal else {}",
        "What was kept under another version or root table, or was changed, does not count.",
        (f"{_KEPT}::test_what_was_kept_under_another_version_or_root_table_does_not_count",),
    ),
    Mutation(
        "api/reading_units.py",
        'found.claims, "" if found.broken else sound)',
        "found.claims, sound)",
        "Units that do not fit together are broken each time.",
        (f"{_KEPT}::test_after_any_edits_the_same_is_said_with_what_was_kept_as_without",),
    ),
    Mutation(
        "api/reading_units.py",
        "if folder in found.whole}",
        "}",
        "What a folder without a table of its own is, is looked at each time.",
        (f"{_KEPT}::test_a_folder_without_a_project_table_is_looked_at_each_time",),
    ),
    Mutation(
        "api/unit_tables.py",
        "        if outline_of(found) != attrs.evolve(outline, lent_folders=()):\n",
        "        if False:\n",
        "A unit is not used if its table is not what was noted about it.",
        (f"{_KEPT}::test_a_lie_is_noticed_before_the_unit_is_used",),
    ),
    Mutation(
        "model/units.py",
        "found if lender is None else attrs.evolve(found, lender=self._alone(lender))",
        "found",
        "A unit has the one whose layer it gets, also if neither table changed.",
        (f"{_KEPT}::test_a_unit_has_the_one_whose_layer_it_gets_also_if_neither_table_changed",),
    ),
    Mutation(
        "model/units.py",
        "lent_folders=(lender.folder, *lender.shared)",
        "lent_folders=()",
        "What the layer of another unit is built from is an input of the unit that gets it.",
        (f"{_KEPT}::test_what_its_layer_is_built_from_is_known_of_a_unit_whose_table_did_not_change",),
    ),
    Mutation(
        "host/git.py",
        "for file in files if not wanted.isdisjoint(_above(file)))",
        "for file in files)",
        "A change beside the units is none of theirs.",
        (f"{_GIT}::test_of_many_folders_each_has_the_id_and_the_changes_that_it_has_alone",),
    ),
    Mutation(
        "model/document.py",
        ' and b"\\x7f" not in body',
        "",
        "What could hide is made visible.",
        ("model/test_document.py::test_what_could_begin_a_line_or_hide_is_not_plain",),
    ),
)
