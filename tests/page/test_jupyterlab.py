"""The notebook in a real JupyterLab: what shows itself, the explorer in its cell, and Python on the other side."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.parse import unquote, urlsplit
from urllib.request import Request, urlopen

import pytest
from jupyter_client import BlockingKernelClient
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect

from isochrome.app.page import STATIC
from tests.page.test_explorer import ROOT, browser

__all__ = ["browser"]

pytestmark = pytest.mark.skipif(not (STATIC / "page.js").is_file(), reason="the page is not built")
TOKEN = "a-token-for-this-test"
CELLS = (
    "import isochrome as iso\nmodel = iso.open('example:stanford')\nmodel",
    "model['conv']",
    "model['conv'].ask('How many parameters')",
    "model['conv'].draw('connections')",
    "explorer = model.explore()\nexplorer",
    "import torch\n"
    "net = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.ReLU(), torch.nn.Conv2d(4, 2, 3))\n"
    "other = iso.open(net, torch.zeros(1, 1, 8, 8)).explore()\nother",
    "print('it is', explorer.selection['i'], other.selection['layer'])",
    "explorer.selection = {'view': 'kernel', 'i': (1, 2, 2)}",
)
QUIET = {
    "disabledExtensions": {
        "@jupyterlab/apputils-extension:announcements": True,
        "@jupyterlab/lsp-extension": True,
        "@jupyterlab/terminal-extension": True,
    }
}
EXPLORER, OTHER, READ, SET = 4, 5, 6, 7
DRAWN = ".three .picture:not([hidden]) svg"


def notebook() -> str:
    cells = [
        {"cell_type": "code", "id": f"cell{number}", "metadata": {}, "execution_count": None, "outputs": [], "source": source}
        for number, source in enumerate(CELLS)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": cells})


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a JupyterLab that knows nothing but one notebook; it and its kernels end with the test."""
    home = tmp_path_factory.mktemp("jupyter")
    for name in ("work", "config/labconfig"):
        (home / name).mkdir(parents=True)
    (home / "work" / "book.ipynb").write_text(notebook())
    (home / "config" / "labconfig" / "page_config.json").write_text(json.dumps(QUIET))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    places = {
        "HOME": "home", "JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "run",
        "IPYTHONDIR": "ipython", "JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    }  # fmt: skip
    known = {**os.environ, "PYTHONPATH": str(ROOT), **{key: str(home / place) for key, place in places.items()}}
    extensions = {"jupyterlab": True, "jupyter_lsp": False, "jupyter_server_terminals": False, "notebook_shim": False}
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}",
        "--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={home / 'work'}",
        f"--ServerApp.jpserver_extensions={extensions}", "--ServerApp.terminals_enabled=False",
        "--LabApp.extension_manager=readonly", "--LabApp.news_url=None",
    ]  # fmt: skip
    with (home / "log").open("w") as log, subprocess.Popen(command, env=known, cwd=home, stdout=log, stderr=log) as server:
        try:
            address = f"http://127.0.0.1:{port}"
            wait_for(f"{address}/api/status?token={TOKEN}", server, home / "log")
            start_kernel(address, home)
            yield address
        finally:
            server.terminate()  # it ends its kernels before itself
            try:
                server.wait(15)
            except subprocess.TimeoutExpired:
                server.kill()


def wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and server.poll() is None:
        try:
            with urlopen(address, timeout=2):
                return
        except (URLError, OSError):
            time.sleep(0.1)
    pytest.fail(f"JupyterLab: must answer within a minute; its log ends with {log.read_text()[-2000:]}")


def start_kernel(address: str, home: Path) -> None:
    """Starts the notebook's kernel and waits until it answers: what is run before that, JupyterLab may forget."""
    wanted = {"path": "book.ipynb", "name": "book.ipynb", "type": "notebook", "kernel": {"name": "python3"}}
    asked = Request(f"{address}/api/sessions?token={TOKEN}", json.dumps(wanted).encode(), {"Content-Type": "application/json"})
    with urlopen(asked, timeout=60) as answer:
        kernel = json.load(answer)["kernel"]["id"]
    client = BlockingKernelClient(connection_file=str(home / "run" / f"kernel-{kernel}.json"))
    client.load_connection_file()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
    finally:
        client.stop_channels()


@dataclass
class Book:
    """The notebook in the browser, and what it must not have done."""

    page: Page
    lab: str
    faults: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def open(self) -> None:
        self.page.goto(f"{self.lab}/lab/tree/book.ipynb?token={TOKEN}&reset")
        expect(self.cell(0)).to_be_visible()
        self.idle()

    def idle(self) -> None:
        self.page.locator(".jp-NotebookPanel-toolbar [data-status=idle]").first.wait_for()

    def cell(self, number: int) -> Locator:
        return self.page.locator(f".jp-Cell[data-windowed-list-index='{number}']")

    def explorer(self, number: int = EXPLORER) -> Locator:
        return self.cell(number).locator(".isochrome")

    def run(self, number: int) -> Locator:
        """Runs one cell; its output."""
        self.cell(number).locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")
        return self.cell(number).locator(".jp-OutputArea")

    def heard(self, message: ConsoleMessage) -> None:
        # What JupyterLab misses because it was switched off is its own matter.
        if message.type in ("error", "warning") and re.search("isochrome|anywidget|blob:", message.text + str(message.location)):
            self.faults.append(message.text)


@pytest.fixture(scope="module")
def book(lab: str, browser: Browser) -> Iterator[Book]:
    page = browser.new_page(viewport={"width": 1280, "height": 1000}, color_scheme="light")
    page.set_default_timeout(20_000)
    expect.set_options(timeout=20_000)
    found = Book(page, lab)
    page.on("console", found.heard)
    page.on("pageerror", lambda fault: found.faults.append(str(fault)))
    page.on("request", lambda request: _note(found, request.url))
    found.open()
    for number in range(OTHER + 1):
        found.run(number)
        expect(found.cell(number).locator(".jp-InputPrompt")).to_have_text(re.compile(r"\d"), timeout=60_000)
    found.explorer().locator(DRAWN).nth(2).wait_for(state="attached", timeout=60_000)
    yield found
    page.close()


def _note(book: Book, address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme not in ("data", "blob") and parts.hostname != "127.0.0.1":
        book.elsewhere.append(address)


def test_model_layer_answer_and_picture_show_themselves(book: Book) -> None:
    for number, words in ((0, "54 stored"), (1, "shared along"), (2, "56 parameters")):
        shown = book.cell(number).locator(".jp-OutputArea-output[data-mime-type='text/html'] pre")
        expect(shown).to_contain_text(words)
        assert shown.evaluate("(pre) => getComputedStyle(pre).whiteSpace") == "pre", "a table's lines are not broken"
    image = book.cell(3).locator(".jp-OutputArea-output[data-mime-type='image/svg+xml'] img")
    image.wait_for()
    drawn = unquote(str(image.get_attribute("src")))
    colours: dict[str, set[str]] = {}
    for element in re.findall(r"<[^>]*data-id=[^>]*>", drawn):
        identity = re.search(r'data-id="([^"]*)"', element)
        colour = re.search(r'(?:fill|stroke)="(#[0-9a-f]{6})"', element)
        if identity and colour:
            colours.setdefault(identity[1], set()).add(colour[1])
    assert len(colours) == 9 and all(len(one) == 1 for one in colours.values()), "one colour for each weight of a channel"
    assert len(set.union(*colours.values())) == 9
    assert image.evaluate("(one) => one.clientWidth <= one.closest('.jp-OutputArea-output').clientWidth"), "it fits its cell"


def test_the_cell_and_python_move_each_other(book: Book) -> None:
    explorer = book.explorer()
    assert explorer.locator(DRAWN).count() == 3
    neuron = explorer.locator("[data-y='0,1,1']:not(.edge, text, [data-w])").last
    neuron.hover(position={"x": 3, "y": 30})
    expect(explorer.locator(".rings").first).to_be_attached()
    neuron.click(position={"x": 3, "y": 30})
    expect(book.run(READ)).to_contain_text("it is [0, 1, 1] 0")
    book.run(SET)
    expect(explorer.locator("[data-view=kernel] .picture:not([hidden]) svg")).to_be_attached()
    expect(book.run(READ)).to_contain_text("it is [1, 2, 2] 0")
    expect(book.explorer(OTHER).locator(DRAWN).first).to_be_attached()


def test_keys_stay_where_they_are_pressed(book: Book) -> None:
    explorer = book.explorer()
    count = book.page.locator(".jp-Notebook .jp-CodeCell").count()
    explorer.locator("[data-view=kernel] .picture svg").click(position={"x": 5, "y": 5})
    for key in ("d", "d", "ArrowDown", "b", "x"):
        book.page.keyboard.press(key)
    book.page.wait_for_timeout(100)
    assert book.page.locator(".jp-Notebook .jp-CodeCell").count() == count == len(CELLS)
    assert explorer.evaluate("(one) => one.contains(document.activeElement)")
    shown = book.run(READ)
    expect(shown).to_contain_text("it is [")
    before = shown.inner_text()
    book.page.keyboard.press("Escape")
    for key in ("ArrowUp", "ArrowDown"):
        book.page.keyboard.press(key)
    again = book.run(READ)
    expect(again).to_contain_text("it is [")
    assert again.inner_text() == before, "keys pressed in the notebook move nothing in the explorer"


def test_the_theme_is_the_notebooks(book: Book) -> None:
    for name, ground in (("JupyterLab Dark", "rgb(13, 15, 18)"), ("JupyterLab Light", "rgb(244, 244, 241)")):
        book.page.keyboard.press("Control+Shift+c")
        book.page.locator(".lm-CommandPalette-input").fill(f"use theme: {name.lower()}")
        book.page.locator(".lm-CommandPalette-item").get_by_text(f"Use Theme: {name}", exact=True).click()
        for number in (EXPLORER, OTHER):
            expect(book.explorer(number)).to_have_css("background-color", ground)


def test_a_saved_notebook_opens_again_and_a_dead_kernel_is_told(book: Book) -> None:
    book.cell(READ).locator(".cm-content").click()
    book.page.keyboard.press("Control+s")
    expect(book.page.locator(".jp-mod-dirty")).to_have_count(0)
    book.open()
    explorer = book.explorer()
    expect(explorer.locator("[data-view=kernel] .picture:not([hidden]) svg")).to_be_attached()
    expect(book.run(READ)).to_contain_text("it is [1, 2, 2] 0")
    book.cell(READ).locator(".jp-InputPrompt").click()  # command mode
    book.page.keyboard.press("0")
    book.page.keyboard.press("0")
    book.page.locator(".jp-Dialog button.jp-mod-accept").click()
    book.idle()
    explorer.locator("select").first.select_option("volume")
    expect(explorer.locator(".fault").first).to_contain_text("it was ended or started anew. Run this cell again.")
    assert book.faults == []
    assert book.elsewhere == []
