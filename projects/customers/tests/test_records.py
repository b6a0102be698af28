from __future__ import annotations

from customers.countries import code_of, lookup_handler
from customers.records import import_handler


def test_a_record_is_cleaned() -> None:
    answer = import_handler({"records": [{"id": 1, "name": " Ada  L ", "email": " A@B.org ", "country": "uk"}]}, None)

    assert answer["customers"] == [{"id": 1, "name": "Ada L", "email": "a@b.org", "country": "GB"}]


def test_a_bad_record_does_not_stop_the_others_and_names_every_problem() -> None:
    good = {"id": 2, "name": "Bob", "email": "bob@example.org", "country": "USA"}
    answer = import_handler({"records": [{"id": "x"}, good]}, None)

    assert (answer["accepted"], answer["rejected"]) == (1, 1)
    assert [problem.split(":")[0] for problem in answer["errors"][0]["problems"]] == ["id", "name", "email", "country"]


def test_a_country_is_found_by_name_and_by_code() -> None:
    assert code_of("deutschland") == code_of("de") == "DE"
    assert lookup_handler({"country": "Atlantis"}, None)["code"] is None
