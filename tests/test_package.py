"""What a stranger gets: the metadata, the files inside wheel and sdist, and the commands that the documents name."""

from __future__ import annotations

import json
import re
import tomllib
from importlib.metadata import entry_points, version
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
STATIC = ROOT / "isochrome" / "app" / "static"
DOCUMENTS = ("README.md", "CONTRIBUTING.md")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
NOT_PUBLIC = re.compile(r"https?://[^\s\"')]*(?:npmjs|yarnpkg|pypi|pythonhosted|registry|artifact)", re.IGNORECASE)


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def packed(target: str) -> set[str]:
    """The paths, inside the archive, of what a build of that target would pack now."""
    from hatchling.builders.sdist import SdistBuilder
    from hatchling.builders.wheel import WheelBuilder

    builder = {"wheel": WheelBuilder, "sdist": SdistBuilder}[target](str(ROOT))
    return {included.distribution_path for included in builder.recurse_included_files()}


def test_version_is_the_newest_of_the_changelog() -> None:
    newest = re.search(r"^## (\S+)", text_of("CHANGELOG.md"), re.MULTILINE)
    assert newest is not None
    assert newest[1] == PYPROJECT["project"]["version"] == version("isochrome")


def test_command_is_installed() -> None:
    (command,) = entry_points(group="console_scripts", name="isochrome")
    assert command.value == "isochrome.app.cli:main"
    assert callable(command.load())


def test_licence_is_mit() -> None:
    assert text_of("LICENSE").startswith("MIT License\n\nCopyright (c) 2026 The isochrome authors\n")


@pytest.mark.parametrize("target", ["wheel", "sdist"])
def test_page_and_fonts_are_packed(target: str) -> None:
    files = packed(target)
    static = "isochrome/app/static"
    assert {f"{static}/page.js", f"{static}/MADE_FROM", f"{static}/fonts/OFL.txt"} <= files
    for family in ("IBMPlexSans", "IBMPlexMono"):
        for weight in ("Regular", "SemiBold"):
            assert f"{static}/fonts/{family}-{weight}.ttf" in files
            assert {f"{static}/fonts/{family}-{weight}-{part}.woff2" for part in ("Latin1", "Pi")} <= files


@pytest.mark.parametrize("target", ["wheel", "sdist"])
def test_every_file_of_the_package_is_packed(target: str) -> None:
    own = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "isochrome").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert own - packed(target) == set()


def test_wheel_holds_the_package_alone() -> None:
    assert {path.split("/")[0] for path in packed("wheel")} == {"isochrome"}


def test_sdist_holds_the_sources_of_the_page_and_no_npm_packages() -> None:
    files = packed("sdist")
    assert {"hatch_build.py", "ui/build.mjs", "ui/package-lock.json", "ui/src/main.ts"} <= files
    assert [path for path in files if "node_modules" in path] == []


def test_fonts_are_ibm_s_own_and_hold_what_is_drawn() -> None:
    from fontTools.ttLib import TTFont

    for family, name in (("IBMPlexSans", "IBM Plex Sans"), ("IBMPlexMono", "IBM Plex Mono")):
        for weight, number in (("Regular", 400), ("SemiBold", 600)):
            font = TTFont(STATIC / "fonts" / f"{family}-{weight}.ttf")
            names = font["name"]
            assert (names.getDebugName(16) or names.getDebugName(1)) == name
            assert font["OS/2"].usWeightClass == number
            assert [letter for letter in "−×·→←≤≥…≈–" if ord(letter) not in font.getBestCmap()] == []


def test_page_is_one_module_with_a_default_export() -> None:
    page = (STATIC / "page.js").read_text(encoding="utf-8")
    assert re.search(r"export\s*\{[^}]*\bas default\b", page)
    assert "</script" not in page
    assert "Permission is hereby granted" in page, "Preact's licence must travel with the bundle"


def test_page_is_made_from_the_sources_beside_it() -> None:
    import hatch_build

    assert hatch_build.is_fresh(ROOT), "the built page is not that of ui/: run `make page`"


def test_npm_packages_are_pinned() -> None:
    manifest, lock = json.loads(text_of("ui/package.json")), json.loads(text_of("ui/package-lock.json"))
    wanted = manifest["dependencies"] | manifest["devDependencies"]
    locked = {name: lock["packages"][f"node_modules/{name}"]["version"] for name in wanted}
    assert wanted == locked
    assert [name for name, package in lock["packages"].items() if name and "integrity" not in package] == []


@pytest.mark.parametrize("name", ["pyproject.toml", "ui/package.json", "ui/package-lock.json", "Makefile", ".ci/run"])
def test_no_registry_is_named(name: str) -> None:
    assert NOT_PUBLIC.findall(text_of(name)) == []


def test_test_tools_have_exact_versions() -> None:
    assert [line for line in PYPROJECT["project"]["optional-dependencies"]["test"] if "==" not in line] == []


@pytest.mark.parametrize("name", [*DOCUMENTS, ".ci/run"])
def test_make_targets_that_are_named_exist(name: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", text_of("Makefile"), re.MULTILINE))
    named = set(re.findall(r"(?:^\s*|`)make ([a-z]+)", text_of(name), re.MULTILINE))
    assert named
    assert named <= targets


@pytest.mark.parametrize("name", DOCUMENTS)
def test_paths_that_are_named_exist(name: str) -> None:
    text = text_of(name)
    named = set(re.findall(r"`((?:isochrome|tests|ui|docs|bench)/[\w./-]*)`", text))
    named |= {link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link}
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []
