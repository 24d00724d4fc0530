"""The vectors that the page's evaluator is tested on are what Python says."""

from tests.vectors import matrix
from tests.vectors.shared import FILE, written


def test_the_shared_vectors_are_those_of_python() -> None:
    assert FILE.read_text() == written(), "the relation changed: python -m tests.vectors.shared, then the page's tests"


def test_the_shared_matrices_are_those_of_python() -> None:
    assert matrix.FILE.read_text() == matrix.written(), (
        "the matrix changed: python -m tests.vectors.matrix, then the page's tests"
    )
