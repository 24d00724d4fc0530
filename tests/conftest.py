"""Profiles of the property tests, and the browser that the page's tests drive."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from isochrome.app.api import open_model
from isochrome.app.page import write_page

TESTS = Path(__file__).parent
LAWS = int(os.environ.get("ISOCHROME_LAWS", "200"))

always = settings(
    derandomize=True,  # the same cases on every machine: a failure can be seen again by whoever reads of it
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("laws", parent=always, max_examples=LAWS)
settings.register_profile("elsewhere", parent=always, max_examples=min(LAWS, 50))
settings.load_profile("elsewhere")


def pytest_collectstart(collector: pytest.Collector) -> None:
    """Gives the tests of tests/laws their own number of cases; a test takes the profile in force at its import."""
    if isinstance(collector, pytest.Module):
        settings.load_profile("laws" if collector.path.is_relative_to(TESTS / "laws") else "elsewhere")


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the browser: $CHROMIUM, or Debian's, or one on the PATH. Required where CI is set."""
    named = os.environ.get("CHROMIUM")
    if named:
        assert Path(named).is_file(), f"CHROMIUM: must be the path of a browser; got {named}."
        return named
    for place in ("/usr/bin/chromium", *map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))):
        if place and Path(place).is_file():
            return place
    message = "Chromium: must be installed, or named by CHROMIUM; found none."
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def saved_page(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """The offline page of an example with some or all of its layers, written once for all tests of all processes."""
    base = tmp_path_factory.getbasetemp()
    folder = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def saved(name: str, *layers: int) -> Path:
        path = folder / f"{name}{''.join(f'-{layer}' for layer in layers)}.html"
        if not path.exists():
            opened = open_model(f"example:{name}")
            write_page(opened, opened.run(), path, layers or None)
        return path

    return saved
