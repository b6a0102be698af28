"""What Python and a notebook show of a value: its text, if that says all there is to see."""

from __future__ import annotations

from typing import Protocol, TypeVar

__all__ = ["shown_as_text"]


class _HasText(Protocol):
    def text(self) -> str: ...


Owner = TypeVar("Owner", bound=type[_HasText])


def shown_as_text(owner: Owner) -> Owner:
    """The same class; ``repr`` of a value is its text, and so is what a notebook displays."""

    def __repr__(self: _HasText) -> str:
        return self.text()

    def _repr_html_(self: _HasText) -> str:
        from multi_env_lambda.show.render import html_of

        return html_of(self.text())

    for method in (__repr__, _repr_html_):
        method.__qualname__ = f"{owner.__qualname__}.{method.__name__}"
        setattr(owner, method.__name__, method)
    return owner
