from alpha.main import handler


def test_the_answer_greets_by_name() -> None:
    assert handler({"name": "world"}, None) == {"greeting": "hello world"}
