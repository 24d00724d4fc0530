"""The vectors that the page's evaluator is tested on are what Python says."""

from tests.vectors.shared import FILE, written


def test_the_shared_vectors_are_those_of_python() -> None:
    assert FILE.read_text() == written(), "the relation changed: python -m tests.vectors.shared, then the page's tests"
