"""A picture of the reader's own as the model's input: on the page in a real browser, and who may send one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser

from isochrome.app.api import open_model
from isochrome.app.dropped import LARGEST
from isochrome.app.page import STATIC
from isochrome.app.server import running
from tests.page.test_access import AXE, violations
from tests.page.test_explorer import browser, watched

__all__ = ["browser"]

pytestmark = pytest.mark.skipif(
    not ((STATIC / "page.js").is_file() and AXE.is_file()), reason="the page or axe is not there: `make page`"
)


@pytest.fixture(scope="module")
def photos() -> Iterator[str]:
    opened = open_model("example:photos")
    with running(opened, opened.run()) as address:
        yield address


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("own") / "<b>mine.png"
    numbers = np.random.default_rng(0).integers(0, 256, (40, 60, 3))
    Image.fromarray(numbers.astype(np.uint8)).save(path)
    return path


def test_the_numbers_follow_and_undo_brings_the_examples_back(browser: Browser, photos: str, file: Path) -> None:
    opened = open_model("example:photos")
    runs = {"own": opened.run(file), "example": opened.run()}
    totals = {who: run.explain("conv1", (0, 3, 3)).total for who, run in runs.items()}
    assert totals["own"] != totals["example"]
    state = "#layer=0&view=arithmetic&level=weight&i=0,3,3"
    with watched(browser, photos + state) as found:
        page = found.page
        assert "Computed from: the first input of example:photos." in page.inner_text(".own")
        before = page.text_content("main .picture svg")
        page.locator(".own input").set_input_files(file)
        page.wait_for_url("**/at/picture:1/**")
        found.settled()
        assert "Computed from: your picture: resized from 60x40 to" in page.inner_text(".own")
        assert "i=0,3,3" in urlsplit(page.url).fragment and violations(page) == []
        assert page.text_content("main .picture svg") != before
        told = httpx.get(f"{page.url.split('#')[0]}api/explain/0?i=0,3,3", trust_env=False, timeout=60).json()
        assert told["total"] == totals["own"]
        page.get_by_role("link", name="Undo").click()
        page.wait_for_url("**/at/example*photos/**")
        found.settled()
        assert page.text_content("main .picture svg") == before


def test_who_may_send_what(photos: str, file: Path) -> None:
    own = {"origin": photos[: photos.index("/", 8)]}
    image = file.read_bytes()

    def sent(path: str, content: bytes, headers: dict[str, str]) -> tuple[int, str]:
        answer = httpx.post(path, content=content, headers=headers, trust_env=False, timeout=60)
        return answer.status_code, answer.json().get("error", "")

    assert sent(f"{photos}picture", image, {}) == (403, "Origin: must be this page's own")
    assert sent(f"{photos}picture", image, {"origin": "http://evil.example"})[0] == 403
    assert sent(f"{own['origin']}/guessed/picture", image, own)[0] == 404
    assert sent(f"{photos}api/picture", image, own)[0] in (404, 405)
    assert httpx.get(f"{photos}picture", trust_env=False).status_code in (404, 405)
    status, said = sent(f"{photos}picture", b"no image", own)
    assert status == 400 and said.startswith("picture: must be an image") and "/" not in said
    assert sent(f"{photos}picture", b"PK\3\4", own)[1] == "picture: must be an image; arrays are given with --input"
    assert sent(f"{photos}picture", bytes(LARGEST + 1), own)[1] == "picture: must be at most 8,388,608 bytes"
    gone = httpx.get(f"{photos}at/picture:99/api/model", trust_env=False, timeout=60)
    assert gone.status_code == 400 and "Choose it again" in gone.json()["error"]
