"""The explorer's server, asked over a real socket: who is let in, what is sent, and that nothing leaves but answers."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
import pytest

from isochrome.app import answers as asked
from isochrome.app.answers import QUESTIONS
from isochrome.app.api import open_model
from isochrome.app.page import FILES, STATIC
from isochrome.app.server import HEADERS, Site, application, running, serve
from isochrome.draw.views import VIEWS
from isochrome.errors import RequestError
from tests.app.hostile import LAYER, WEIGHT, write_hostile

pytestmark = pytest.mark.skipif(not (STATIC / "page.js").is_file(), reason="the page is not built")
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    opened = open_model("example:stanford")
    with running(opened, opened.run()) as found:
        yield found


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, trust_env=False, timeout=60) as found:
        yield found


def raw(address: str, method: str, path: str, **headers: str) -> tuple[int, str]:
    """A request with exactly these headers; the status, and the fault where there is one."""
    where = urlsplit(address)
    connection = http.client.HTTPConnection("127.0.0.1", where.port or 0, timeout=20)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            for one in value.split("\n"):
                connection.putheader(name, one)
        connection.endheaders()
        response = connection.getresponse()
        body = response.read().decode()
        return response.status, json.loads(body).get("error", "") if body.startswith("{") else body
    finally:
        connection.close()


# --- who is let in ----------------------------------------------------------------------------------------------------


def test_the_page_has_a_strict_policy(client: httpx.Client) -> None:
    page = client.get("")
    assert page.status_code == 200 and page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"]
    assert "unsafe" not in policy and "*" not in policy and policy.startswith("default-src 'none';")
    assert {"base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"} <= set(policy.split("; "))
    base = urlsplit(str(client.base_url)).path.rstrip("/")
    assert not re.search(r"(?:src|href)=\"(?!/|data:,)", page.text) and "<style" not in page.text
    assert [text for text in re.findall(r"<script[^>]*>(.*?)</script>", page.text) if text] == [
        json.dumps({"host": "served", "base": base, "home": base}, separators=(",", ":"))
    ]


@pytest.mark.parametrize("path", ["", "page.js", "page.css", "api/model", "api/nothing", "nothing"])
def test_every_response_has_every_header(client: httpx.Client, path: str) -> None:
    found = client.get(path).headers
    assert {name: found.get(name) for name in HEADERS if name != "cache-control"} == {
        name: value for name, value in HEADERS.items() if name != "cache-control"
    }
    assert found["x-content-type-options"] == "nosniff" and found["cross-origin-resource-policy"] == "same-origin"
    assert ("no-store" in found["cache-control"]) == (path not in FILES)
    assert "server" not in found


def test_a_host_that_is_not_ours_is_turned_away_before_the_token_is_looked_at(address: str) -> None:
    path, port = urlsplit(address).path, urlsplit(address).port
    hosts = f"Host: must be 127.0.0.1:{port} or localhost:{port}"
    foreign = ("evil.example", f"evil.example:{port}", "127.0.0.1", "localhost", f"127.0.0.1.evil:{port}", "", "[::1]")
    for host in foreign:
        for target in (path, "/", "/wrong/api/model"):
            assert raw(address, "GET", target, Host=host) == (403, hosts), host
    assert raw(address, "GET", path)[0] in (400, 403)
    assert raw(address, "GET", path, Host=f"127.0.0.1:{port}\nevil.example")[0] in (400, 403)
    for host in (f"127.0.0.1:{port}", f"localhost:{port}", f"LOCALHOST:{port}"):
        assert raw(address, "GET", path, Host=host)[0] == 200


def test_a_page_elsewhere_is_turned_away(address: str) -> None:
    path, port = urlsplit(address).path, urlsplit(address).port
    host = f"127.0.0.1:{port}"
    foreign = ("http://evil.example", "null", f"https://{host}", f"http://localhost:{port}", f"http://{host}.evil", "")
    for origin in foreign:
        found = raw(address, "GET", path + "api/model", Host=host, Origin=origin)
        assert found == (403, "Origin: must be this page's own"), origin
    assert raw(address, "GET", path + "api/model", Host=host, Origin=f"http://{host}")[0] == 200


def test_only_get(address: str) -> None:
    path, port = urlsplit(address).path, urlsplit(address).port
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
        assert raw(address, method, path + "api/model", Host=f"127.0.0.1:{port}") == (405, "method: must be GET")
    assert raw(address, "HEAD", path, Host=f"127.0.0.1:{port}")[0] == 405


def test_without_the_token_nothing_is_said(address: str) -> None:
    path, port = urlsplit(address).path, urlsplit(address).port
    token = path.strip("/")
    assert len(token) >= 32
    said = "address: must hold the token that `isochrome open` printed. Open that address."
    bad = (token[:-1], f"{token}x", token.swapcase(), "%00", f"/{token}", "%ff", "é")
    for wrong in ("/", "/api/model", "/page.js", *(f"/{quote(one, '/%')}/" for one in bad)):
        assert raw(address, "GET", wrong, Host=f"127.0.0.1:{port}") == (404, said), wrong


def test_two_servers_have_two_tokens_and_listen_on_loopback_alone() -> None:
    opened = open_model("example:stanford")
    with running(opened, opened.run()) as one, running(opened, opened.run()) as two:
        assert urlsplit(one).path != urlsplit(two).path
        assert urlsplit(one).hostname == "127.0.0.1"
        others = {found[4][0] for found in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
        for other in others - {"127.0.0.1"}:
            with socket.socket() as outside:
                outside.settimeout(2)
                assert outside.connect_ex((other, urlsplit(one).port or 0)) != 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(one, trust_env=False)


# --- files ------------------------------------------------------------------------------------------------------------


def test_files_are_those_of_the_table(client: httpx.Client) -> None:
    assert client.get("page.js").content == (STATIC / "page.js").read_bytes()
    style = client.get("page.css").text
    assert style.startswith((STATIC / "page.css").read_text())
    fonts = re.findall(r"url\((fonts/[^)]*)\)", style)
    assert len(fonts) == 8 and set(fonts) <= set(FILES)
    for font in fonts:
        assert client.get(font).content == (STATIC / font).read_bytes()


OUTSIDE = [
    "../answers.py", "fonts/../../answers.py", "..%2fanswers.py", "%2e%2e/%2e%2e/errors.py", "fonts/..%5c..%5cpage.py",
    "/etc/passwd", "%2fetc%2fpasswd", "fonts/OFL.txt", "MADE_FROM", "page.js/", "page.js%00.css", "fonts/", ".", "..",
    "PAGE.JS", "fonts//IBMPlexSans-Regular-Latin1.woff2",
]  # fmt: skip


@pytest.mark.parametrize("path", OUTSIDE)
def test_no_path_leads_out_of_the_table(address: str, path: str) -> None:
    base, port = urlsplit(address).path, urlsplit(address).port
    status, said = raw(address, "GET", base + path, Host=f"127.0.0.1:{port}")
    assert status == 404 and said.endswith(": nothing is there") and "\n" not in said


# --- answers ----------------------------------------------------------------------------------------------------------


def test_answers_are_those_of_the_questions(client: httpx.Client) -> None:
    opened = open_model("example:stanford")
    run = opened.run()
    report = opened.report().to_dict()
    model = client.get("api/model").json()
    assert [view["name"] for view in model["views"]] == list(VIEWS)
    for ours, theirs in zip(model["report"]["layers"], report["layers"], strict=True):
        assert {key: ours[key] for key in theirs} == theirs
    assert model["report"]["totals"] == report["totals"] and model["report"]["model"] == "example:stanford"
    assert client.get("api/explain/0?i=0,1,0").json() == run.explain(0, (0, 1, 0)).to_dict()
    assert client.get("api/explain/0?i=0,1,0").json()["total"] == 7
    assert client.get("api/uses/0?w=0:0,0,1,2").json() == opened["conv"].uses((0, 0, 1, 2)).to_dict()
    assert len(client.get("api/uses/0?w=0:0,0,1,2&limit=2").json()["uses"]) == 2
    assert client.get("api/reach/0?i=0,0,0").json() == opened["conv"].reach((0, 0, 0)).to_dict()
    assert client.get("api/layer/0").json()["name"] == "conv"


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_of_the_demo_is_drawn_for_the_page(client: httpx.Client, view: str) -> None:
    found = client.get(f"api/draw/0/{view}/weight?i=0,0,0&j=0,0,1&w=0:0,0,1,2&c=0&m=0").json()
    if view == "next":
        assert found == {"error": "view next of conv: no layer with channels reads what it gives"}
        return
    assert found["svg"].startswith("<svg ") and "<style" not in found["svg"] and " style=" not in found["svg"]
    chosen = {"w": "0:0,0,1,2"} if VIEWS[view].chosen else {}  # a view around the weight says around which
    assert found["drawn"] == {"i": [0, 0, 0], "j": [0, 0, 1], "c": 0, "m": 0} | chosen
    assert set(found["legend"]) == {"level", "title", "coloured", "count", "chips"}
    assert "<style" in client.get(f"api/draw/0/{view}/weight?i=0,0,0&for=file").json()["svg"]


WRONG = {
    "api/": "path : must be one of model, layer/INDEX, draw/INDEX/VIEW/LEVEL, explain/INDEX, uses/INDEX, makers/INDEX, reach/INDEX",
    "api/model/0": "path model/0: must be one of model, ",
    "api/layer/1": "layer 1: must be 0 to 0",
    "api/layer/-1": "index: must be a whole number; got -1",
    "api/layer/0x0": "index: must be a whole number; got 0x0",
    "api/layer/99999999999": "index: must be a whole number; got 99999999999",
    "api/layer/٣": "index: must be a whole number; got ٣",
    "api/layer/0?i=0": "query i=0: must be pairs like edit=...",
    "api/draw/0/nothing/weight": "view nothing: must be one of ",
    "api/draw/0/baselines/nothing": "level: must be one of weight, tap, filter, channel, parameter; got nothing",
    "api/draw/0/baselines/weight?i=0,0": "neuron of conv: must be 3 whole numbers (m 0 to 1, p 0 to 2, q 0 to 2); got",
    "api/draw/0/baselines/weight?i=0,0,3": "neuron of conv: must be 3 whole numbers (m 0 to 1, p 0 to 2, q 0 to 2)",
    "api/draw/0/baselines/weight?i=a": "i: must be a place such as 0,1,2; got a",
    "api/draw/0/baselines/weight?j=0,0,0": "j: must come with i",
    "api/draw/0/baselines/weight?c=3": "channel: must be 0 to 2; got 3",
    "api/draw/0/baselines/weight?m=2": "filter: must be 0 to 1; got 2",
    "api/draw/0/baselines/weight?w=0:0,0,3,0": "weight of conv.weight: must be 4 whole numbers",
    "api/draw/0/baselines/weight?w=5:0": "parameter 5: must be one of W (conv.weight), B (conv.bias)",
    "api/draw/0/baselines/weight?w=0": "w: must be PARAMETER:PLACE, such as 0:0,1,2; got 0",
    "api/draw/0/baselines/weight?window=0:9,0:9": "window: must be a part of each of the positions [3, 3]; got ",
    "api/draw/0/baselines/weight?window=2:2,0:3": "window: must begin before it ends; got 2:2,0:3",
    "api/draw/0/baselines/weight?window=3": "window: must be parts such as 0:5,2:7; got 3",
    "api/draw/0/matrix/weight?window=0:18,0:76": "window: must be a part of each of the rows and columns [18, 75]; got ",
    "api/draw/0/matrix/weight?order=first": "order: must be one of last; got first",
    "api/draw/0/baselines/weight?for=nothing": "for: must be one of page, file; got nothing",
    "api/draw/0/baselines/weight?x=1": "query x=1: must be pairs like i=...",
    "api/draw/0/baselines/weight?i=0,0,0&i=0,0,1": "query i=0,0,0&i=0,0,1: must be pairs like i=...",
    "api/draw/0/baselines/weight?i": "query i: must be pairs like i=...",
    "api/draw/0/baselines/weight?i=%ff": "query i=%ff: must be pairs like i=...",
    "api/explain/0": "i: must be given",
    "api/uses/0?w=0:0,0,0,0&limit=-1": "limit: must be a whole number; got -1",
    "api/reach/0?i=0,0,0&to=nothing": "layer nothing: must be one of the 1 layers (conv)",
    "api/reach/0?i=0,0,0&forward=yes": "forward: must be one of 0, 1; got yes",
}


@pytest.mark.parametrize("path", WRONG)
def test_a_wrong_question_is_one_line(client: httpx.Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 400, response.text
    assert set(response.json()) == {"error"}
    said = response.json()["error"]
    assert said.startswith(WRONG[path]), said
    assert "\n" not in said and "Traceback" not in said and str(ROOT) not in said


def test_loops_are_bounded(client: httpx.Client) -> None:
    long = client.get(f"api/draw/0/baselines/weight?i={','.join(['0'] * 400)}")
    assert long.status_code == 400
    assert client.get("api/explain/0?" + "&".join(["i=0,0,0"] * 100)).status_code == 400
    assert client.get(f"api/uses/0?w=0:{'9' * 900}").status_code == 400
    begin = time.monotonic()
    assert client.get("api/uses/0?w=0:0,0,0,0&limit=999999999").json()["taps"] == 9
    assert time.monotonic() - begin < 2


def test_a_surprise_is_one_line_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*given: object) -> None:
        raise ZeroDivisionError("at\n/a/path")

    opened = open_model("example:stanford")
    rows = {**QUESTIONS, "reach": asked.Question(("index",), ("i",), fails)}  # type: ignore[arg-type]
    monkeypatch.setattr(asked, "QUESTIONS", rows)
    with running(opened, opened.run()) as address:
        found = httpx.get(f"{address}api/reach/0", trust_env=False)
    assert found.status_code == 500 and found.headers["content-security-policy"] == HEADERS["content-security-policy"]
    assert found.json() == {
        "error": "isochrome: this must not happen, please report it; ZeroDivisionError: at<U+000A>/a/path"
    }


# --- hostile and broken models ----------------------------------------------------------------------------------------


def test_hostile_names_are_text(tmp_path: Path) -> None:
    opened = open_model(write_hostile(tmp_path))
    with running(opened, opened.run()) as found, httpx.Client(base_url=found, trust_env=False, timeout=60) as client:
        page = client.get("").text
        assert "<title>a&lt;b&gt;&amp;amp;.onnx · isochrome</title>" in page
        model = client.get("api/model").json()
        name = LAYER.replace("\u202e", "<U+202E>")
        assert [layer["name"] for layer in model["report"]["layers"]] == [name, "second"]
        assert not re.search("[\u202e\u2028]", json.dumps(model, ensure_ascii=False))
        layer = client.get("api/layer/0").json()
        assert layer["lines"][0]["parameter"] == WEIGHT.replace("\u2028", "<U+2028>")
        for view in VIEWS:
            for level in model["levels"]:
                for query in ("i=0,0,0", "for=file"):
                    drawn = client.get(f"api/draw/0/{view}/{level}?{query}").json()
                    text = drawn.get("svg") or drawn["error"].partition(f"view {view} of ")[2]
                    assert text and not re.search(r"<(script|img|svg onload|!--)", text, re.IGNORECASE), view
        said = client.get(f"api/reach/0?i=0,0,0&to={quote(LAYER[:30])}").json()["error"]
        assert "\u202e" not in said and "\n" not in said


# --- cost and end -----------------------------------------------------------------------------------------------------


def test_the_first_byte_comes_at_once(address: str) -> None:
    where = urlsplit(address)
    times = []
    for _ in range(5):
        begin = time.perf_counter()
        with socket.create_connection(("127.0.0.1", where.port or 0)) as one:
            one.sendall(f"GET {where.path} HTTP/1.1\r\nHost: 127.0.0.1:{where.port}\r\n\r\n".encode())
            assert one.recv(1) == b"H"
        times.append(time.perf_counter() - begin)
    assert min(times) < 0.3


def start(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "isochrome.app.cli", "open", "example:stanford", "--no-browser", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True
    )


def test_ctrl_c_ends_it_with_130() -> None:
    process = start()
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+/[\w-]+/", line)
        assert found, line
        assert httpx.get(found[0], trust_env=False, timeout=20).status_code == 200
        process.send_signal(signal.SIGINT)
        out, fault = process.communicate(timeout=20)
        assert (process.returncode, out, fault) == (130, "", "")
        with pytest.raises(httpx.ConnectError):
            httpx.get(found[0], trust_env=False)
    finally:
        process.kill()


def test_a_port_that_is_taken_is_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = start("--port", str(port))
        out, fault = process.communicate(timeout=60)
    assert process.returncode == 2 and out == ""
    assert fault == f"isochrome: port {port}: must be free here; Address already in use. Choose another with --port.\n"
    opened = open_model("example:stanford")
    for wrong in (-1, 65_536):
        with pytest.raises(RequestError, match=f"^port {wrong}: must be free here; it must be 0 to 65535. Choose"):
            serve(opened, opened.run(), port=wrong, open_browser=False)


def test_ready_is_told_the_address(capsys: pytest.CaptureFixture[str]) -> None:
    told = []

    def ready(address: str) -> None:
        told.append(address)
        raise StopIteration

    opened = open_model("example:lenet5")
    with pytest.raises(StopIteration):
        serve(opened, opened.run(), open_browser=False, layer=3, ready=ready)
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{32}/#layer=3", told[0])
    assert capsys.readouterr().out == f"example:lenet5 is open at {told[0]} (Ctrl-C ends it)\n"


def test_nothing_but_http_is_spoken() -> None:
    opened = open_model("example:stanford")
    sent: list[object] = []

    async def send(message: object) -> None:
        sent.append(message)

    async def receive() -> dict[str, object]:
        return {"type": "websocket.connect"}

    site = Site(1)
    scope = {"type": "websocket", "path": f"/{site.token}/", "headers": [(b"host", b"127.0.0.1:1")]}
    with ThreadPoolExecutor(1) as pool:
        asyncio.run(application(opened, opened.run(), site, pool)(scope, receive, send))  # type: ignore[arg-type]
    assert sent == []


def test_other_models_have_rooms_of_their_own(client: httpx.Client) -> None:
    page = client.get("at/example:lenet5/")
    assert page.status_code == 200 and '/at/example:lenet5","home":' in page.text
    assert client.get("at/example:lenet5/api/model").json()["name"] == "example:lenet5"
    typed = client.get("at/formula:y[p] += w[u] * x[p + u];x=7;w=3/api/model").json()
    assert typed["report"]["layers"][0]["neurons"] == 5
    assert client.get("api/model").json()["name"] == "example:stanford"


@pytest.mark.parametrize(
    ("room", "said"),
    [
        ("example:none", "room example:none: must be example:NAME or formula:LINE;NAME=SIZES"),
        ("passwd", "room passwd: must be example:NAME or formula:LINE;NAME=SIZES"),
        ("formula:y[p] += w[u] * x[p + u];x", "size x: must be a name and its sizes, like x=3,5"),
        ("formula:y[p] += w[u] * x[p + u];x=7;w=9999999", "size of w: must be at most 1,000,000 elements"),
        ("formula:y[p, q] += w[p, q] * x[q];x=2000;w=9000,2000", "size of w: must be at most 1,000,000 elements"),
        ("formula:y[p, q, r] += w[p] * x[q] where r < 1000000;x=1000;w=1000", "formula: must have at most 20,000,000"),
        ("formula:" + "y" * 1000, "formula: must have at most 1000 characters; has 1008"),
    ],
)  # fmt: skip
def test_a_room_that_is_not_there_is_one_line(client: httpx.Client, room: str, said: str) -> None:
    response = client.get(f"at/{room}/api/model")
    assert response.status_code == 400 and response.json()["error"].startswith(said), response.text
