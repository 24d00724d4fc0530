"""The documentation's site: ``make docs``. Its first page is the explorer on the embedded example."""

from __future__ import annotations

import shutil
from base64 import b64encode
from functools import cache
from pathlib import Path

from sphinx.application import Sphinx

from isochrome import __version__
from isochrome.app.api import open_model
from isochrome.app.page import STATIC, write_page

project = "isochrome"
version = release = __version__
copyright = "the isochrome authors"
root_doc = "contents"
source_suffix = {".md": "markdown"}
exclude_patterns = ["_site", "gallery/README.md"]
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinxarg.ext", "sphinx_copybutton"]
templates_path = ["_templates"]
pygments_style = pygments_dark_style = "bw"
html_theme = "furo"
html_title = "isochrome"
html_static_path = ["_static"]
html_css_files = ["isochrome.css"]
html_additional_pages = {"index": "first.html"}
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#16181d", "color-brand-content": "#16181d"},
    "dark_css_variables": {"color-brand-primary": "#eef0f3", "color-brand-content": "#eef0f3"},
}
html_show_sphinx = False
copybutton_prompt_text = "$ "
autodoc_member_order = "bysource"
autodoc_typehints = "description"
myst_heading_anchors = 3
suppress_warnings = ["myst.domains"]


def _write_explorer(app: Sphinx, fault: Exception | None) -> None:
    """The first page holds the explorer as the one offline file that ``isochrome page`` writes, and the fonts."""
    if fault is not None or app.builder.name != "html":
        return
    out = Path(app.outdir)
    example = open_model("example:stanford")
    write_page(example, example.run(), str(out / "explorer.html"))
    for font in sorted((STATIC / "fonts").glob("*.woff2")):
        shutil.copyfile(font, out / "_static" / font.name)


@cache
def _fonts() -> str:
    """The fonts as a style that a picture carries: one shown as an image may load nothing."""
    rows = [("Sans", 400, "Regular"), ("Sans", 600, "SemiBold"), ("Mono", 400, "Regular"), ("Mono", 600, "SemiBold")]
    faces = []
    for family, weight, name in rows:
        data = b64encode((STATIC / "fonts" / f"IBMPlex{family}-{name}-Latin1.woff2").read_bytes()).decode()
        source = f"src:url(data:font/woff2;base64,{data})"
        faces.append(f'@font-face{{font-family:"IBM Plex {family}";font-weight:{weight};{source}}}')
    return f"<style>{''.join(faces)}</style>"


def _embed_fonts(app: Sphinx, fault: Exception | None) -> None:
    """Gives every picture of the site its fonts."""
    if fault is None and app.builder.name == "html":
        for path in sorted((Path(app.outdir) / "_images").glob("*.svg")):
            head, mark, rest = path.read_text(encoding="utf-8").partition("</desc>")
            if "@font-face" not in rest:
                path.write_text(f"{head}{mark}{_fonts()}{rest}", encoding="utf-8")


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("build-finished", _write_explorer)
    app.connect("build-finished", _embed_fonts)
