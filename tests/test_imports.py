"""Who imports whom, read from the source: imports inside functions, and those for type checkers alone, count too."""

from __future__ import annotations

import ast
import io
import json
import subprocess
import sys
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "isochrome"

# What each part of the package may import besides itself and errors; `examples` holds files and says where they lie.
BELOW_LAYERS = ("core",)
BELOW_MODEL = (*BELOW_LAYERS, "layers")
BELOW_ASK = (*BELOW_MODEL, "model")
BELOW_DRAW = (*BELOW_ASK, "ask")
BELOW_RENDER = (*BELOW_DRAW, "draw")
ALLOWED = {
    "errors": (),
    "examples": (),
    "core": (),
    "layers": BELOW_LAYERS,
    "model": BELOW_MODEL,
    "load": (*BELOW_ASK, "examples"),
    "run": (*BELOW_ASK, "examples"),
    "ask": BELOW_ASK,
    "draw": BELOW_DRAW,
    "render": BELOW_RENDER,
    "app": (*BELOW_RENDER, "load", "run", "render", "examples"),
    "": ("app",),  # __init__.py and __main__.py: the public names
}
FRAMEWORKS = {
    *("torch", "onnx", "onnxruntime", "keras", "tensorflow", "jax"),
    *("starlette", "uvicorn", "anywidget", "resvg_py", "PIL", "fontTools", "reportlab"),
}
SCRIPTS = PACKAGE / "examples" / "scripts"  # they make the example files, and nothing imports them


class Import(NamedTuple):
    """One import: the file, its line, the module's full name, and whether it runs when the file is imported."""

    path: Path
    line: int
    module: str
    at_import: bool

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line} imports {self.module}"


def python_files() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if not path.is_relative_to(SCRIPTS))


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def late_lines(tree: ast.Module) -> set[int]:
    """The lines inside functions, or under `if TYPE_CHECKING:`."""
    late: set[int] = set()
    for node in ast.walk(tree):
        hidden: list[ast.stmt] = []
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            hidden = node.body
        elif isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            hidden = node.body
        for statement in hidden:
            late.update(range(statement.lineno, (statement.end_lineno or statement.lineno) + 1))
    return late


def modules_named(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module="isochrome", names=names):
            return [f"isochrome.{alias.name}" for alias in names]
        case ast.ImportFrom(module=module, level=level):
            return ["." * level + (module or "")]
        case ast.Call(func=function, args=[ast.Constant(value=str() as name), *_]) if ast.unparse(function) in (
            *("importlib.import_module", "import_module", "__import__"),
        ):
            return [name]
    return []


def imports_of(path: Path) -> Iterator[Import]:
    tree = tree_of(path)
    late = late_lines(tree)
    for node in ast.walk(tree):
        for module in modules_named(node):
            yield Import(path, node.lineno, module, node.lineno not in late)  # type: ignore[attr-defined]


def all_imports() -> list[Import]:
    return list(chain.from_iterable(map(imports_of, python_files())))


def part_of(path: Path) -> str:
    """The part of the package that a file belongs to: `core`, `load`, ...; `errors`; "" for the files at its top."""
    first = path.relative_to(PACKAGE).parts[0]
    return {"errors.py": "errors"}.get(first, "" if first.endswith(".py") else first)


def part_named(module: str) -> str:
    """The part that a module's name points into; a public name of the package itself counts as its top."""
    first = (module.split(".") + [""])[1]
    return first if first in ALLOWED else ""


def test_imports_go_downward_only() -> None:
    wrong = [
        str(found)
        for found in all_imports()
        if found.module.split(".")[0] == "isochrome"
        and part_named(found.module) not in (part_of(found.path), "errors", *ALLOWED[part_of(found.path)])
    ]
    assert wrong == []


def test_imports_are_absolute() -> None:
    assert [str(found) for found in all_imports() if found.module.startswith(".")] == []


def test_every_folder_has_a_place_in_the_order() -> None:
    assert {part_of(path) for path in python_files()} <= set(ALLOWED)


def test_core_imports_numpy_alone() -> None:
    allowed = {*sys.stdlib_module_names, "numpy", "isochrome"}
    wrong = [
        str(found)
        for found in all_imports()
        if part_of(found.path) == "core" and found.module.split(".")[0] not in allowed
    ]
    assert wrong == []


def test_each_library_is_imported_in_one_file_of_a_part() -> None:
    """An image is read in `run`, and written in `render`."""
    places: dict[tuple[str, str], set[str]] = defaultdict(set)
    for found in all_imports():
        library = found.module.split(".")[0]
        if library not in {*sys.stdlib_module_names, "numpy", "isochrome", ""}:
            places[library, part_of(found.path)].add(str(found.path.relative_to(ROOT)))
    assert {library: sorted(files) for library, files in places.items() if len(files) > 1} == {}


def test_frameworks_are_imported_late() -> None:
    """Inside functions; the server's module may be made of its framework, since it is itself imported late."""
    server = PACKAGE / "app" / "server.py"
    wrong = [
        str(found)
        for found in all_imports()
        if found.at_import and found.module.split(".")[0] in FRAMEWORKS and found.path != server
    ]
    assert wrong == []


LOADED_BY = {
    "import isochrome": "import isochrome",
    "isochrome --help": (
        "import sys; sys.argv = ['isochrome', '--help']\n"
        "from isochrome.app.cli import main\n"
        "try: code = main()\n"
        "except SystemExit as stop: code = stop.code\n"
        "assert not code, code"
    ),
}


@pytest.mark.parametrize("what", LOADED_BY)
def test_start_loads_no_framework(what: str) -> None:
    program = f"{LOADED_BY[what]}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.returncode == 0, done.stderr
    loaded = {name.split(".")[0] for name in json.loads(done.stderr.splitlines()[-1])}
    assert loaded & FRAMEWORKS == set()
    assert what != "isochrome --help" or "isochrome" in done.stdout


def docstring_lines(tree: ast.Module) -> set[int]:
    lines: set[int] = set()
    for node in ast.walk(tree):
        match node:
            case (
                ast.Module(body=[first, *_])
                | ast.ClassDef(body=[first, *_])
                | ast.FunctionDef(body=[first, *_])
                | ast.AsyncFunctionDef(body=[first, *_])
            ):
                if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                    lines.update(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    return lines


def lines_of_code(path: Path) -> int:
    """The lines that hold code: blank ones, comments, docstrings and what is imported and exported apart."""
    no_code = {
        *(tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT),
        *(tokenize.DEDENT, tokenize.ENCODING, tokenize.ENDMARKER),
    }
    lines: set[int] = set()
    for token in tokenize.tokenize(io.BytesIO(path.read_bytes()).readline):
        if token.type not in no_code:
            lines.update(range(token.start[0], token.end[0] + 1))
    tree = tree_of(path)
    named = {
        line
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
        or (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__")
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    return len(lines - docstring_lines(tree) - named)


def test_lines_of_code_leaves_out_what_is_none(tmp_path: Path) -> None:
    source = ['"""Says', 'what."""', "", "# why", "x = (", "    1,  # one", "", ")"]
    source += ["def f():", '    """Is f."""', '    return """a', 'b"""']
    path = tmp_path / "example.py"
    path.write_text("\n".join(source) + "\n")
    assert lines_of_code(path) == 6


def test_core_can_be_read_in_one_sitting() -> None:
    lines = {path.name: lines_of_code(path) for path in sorted((PACKAGE / "core").glob("**/*.py"))}
    assert sum(lines.values()) < 1_000, lines


def test_no_file_is_longer_than_400_lines() -> None:
    page = (path for ending in ("ts", "tsx", "css") for path in (ROOT / "ui" / "src").rglob(f"*.{ending}"))
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in chain(PACKAGE.rglob("*.py"), page)
    }
    assert {path: length for path, length in lengths.items() if length > 400} == {}
