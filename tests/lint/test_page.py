"""The page about lint is what the rules say of themselves and of their examples."""

from __future__ import annotations

from tests.lint.page import PAGE, page


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m tests.lint.page writes it again"
