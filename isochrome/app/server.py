"""The explorer on this machine: one page, its files and its answers, on the loopback address and nowhere else.

A request is looked at before it is routed: its Host and Origin must be ours (a page elsewhere that lets a name of its
own point at 127.0.0.1 is turned away), and its path must begin with a token that only the printed address holds.
Nothing is sent here but a picture to run the model on, of bounded size, and only by this very page.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from isochrome.app.answers import Answers, encode
from isochrome.app.api import OpenedModel, Run
from isochrome.app.dropped import LARGEST, run_picture
from isochrome.app.page import FILES, page_document, page_file, served_page
from isochrome.app.rooms import Rooms
from isochrome.errors import IsochromeError, RequestError, shown

__all__ = ["Site", "application", "running", "serve"]

THREADS = 16
"""Answers are made side by side: a few slow ones must leave room for quick ones."""
HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; "
    "img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
"""Sent with every response, faults included."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where the explorer is: its port on 127.0.0.1, and the token that every path begins with."""

    port: int
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))

    @property
    def address(self) -> str:
        """The address to open."""
        return f"http://127.0.0.1:{self.port}/{self.token}/"

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names by which this machine may be asked."""
        names = ("127.0.0.1", "localhost")
        return (*(f"{name}:{self.port}" for name in names), *(names if self.port == 80 else ()))


def application(opened: OpenedModel, run: Run, site: Site, pool: ThreadPoolExecutor) -> ASGIApp:
    """The explorer as an ASGI application, its guard in front. Work is done in the pool, never on the loop."""
    answers = Answers(opened, run)
    rooms = Rooms()
    base = f"/{site.token}"
    page = served_page(shown(opened.name, 200), base, base)

    async def first(request: Request) -> Response:
        return Response(page, media_type="text/html")

    async def save(request: Request) -> Response:
        return await _saved(pool, opened, run, request)

    async def room_save(request: Request) -> Response:
        answers = await asyncio.get_running_loop().run_in_executor(pool, rooms.answers, request.path_params["room"])
        return await _saved(pool, answers.opened, answers.first_run, request)

    async def room(request: Request) -> Response:
        name = request.path_params["room"]
        here = f"{base}/at/{quote(name, safe=':;=,*+[]()<&!')}"
        return Response(served_page(shown(name, 200), here, base), media_type="text/html")

    async def room_answer(request: Request) -> Response:
        name, path, query = request.path_params["room"], request.path_params["path"], request.url.query
        return Response(await _work(pool, rooms.encoded, name, path, query), media_type="application/json")

    async def file(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in FILES:
            raise HTTPException(404)
        content = await _work(pool, page_file, name)
        return Response(content, media_type=FILES[name], headers={"cache-control": "private, max-age=3600"})

    async def answer(request: Request) -> Response:
        path, query = request.path_params["path"], request.url.query
        content = await _work(pool, answers.encoded, path, query)
        return Response(content, media_type="application/json")

    async def picture(request: Request) -> Response:
        name, content = request.path_params.get("room"), await _body(request)

        def made() -> bytes:
            model = rooms.answers(name).opened if name else opened
            return encode({"room": rooms.put("picture", run_picture(model, content))})

        return Response(await _work(pool, made), media_type="application/json")

    routes = [
        Route(f"{base}/picture", picture, methods=["POST"]),
        Route(f"{base}/at/{{room}}/picture", picture, methods=["POST"]),
        Route(f"{base}/", first),
        Route(f"{base}/api/{{path:path}}", answer),
        Route(f"{base}/save.html", save),
        Route(f"{base}/at/{{room}}/save.html", room_save),
        Route(f"{base}/at/{{room}}/", room),
        Route(f"{base}/at/{{room}}/api/{{path:path}}", room_answer),
        Route(f"{base}/{{name:path}}", file),
    ]
    faults = {HTTPException: _http_fault, IsochromeError: _fault, Exception: _surprise}
    return _Guard(Starlette(routes=routes, exception_handlers=faults), site)


async def _work(pool: ThreadPoolExecutor, function: Callable[..., bytes], *given: str) -> bytes:
    return await asyncio.get_running_loop().run_in_executor(pool, function, *given)


async def _body(request: Request) -> bytes:
    found = bytearray()
    async for part in request.stream():
        found += part
        if len(found) > LARGEST:
            raise RequestError(f"picture: must be at most {LARGEST:,} bytes")
    return bytes(found)


async def _saved(pool: ThreadPoolExecutor, opened: OpenedModel, run: Run, request: Request) -> Response:
    """The page as one file, with the layer on screen in it."""
    layer = request.query_params.get("layer", "")
    first = int(layer) if re.fullmatch(r"[0-9]{1,9}", layer) else None
    content, _ = await asyncio.get_running_loop().run_in_executor(
        pool, lambda: page_document(opened, run, None, first)
    )
    headers = {"content-disposition": 'attachment; filename="isochrome.html"'}
    return Response(content, media_type="text/html", headers=headers)


def _said(status: int, text: str) -> Response:
    return Response(encode({"error": text}), status, media_type="application/json")


async def _fault(request: Request, fault: Exception) -> Response:
    return _said(400, str(fault))


async def _http_fault(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, HTTPException)
    path = request.url.path.removeprefix("/").partition("/")[2]
    return _said(fault.status_code, f"path {shown(path)}: nothing is there")


async def _surprise(request: Request, fault: Exception) -> Response:
    return _said(500, _surprising(fault))


def _surprising(fault: Exception) -> str:
    return f"isochrome: this must not happen, please report it; {type(fault).__name__}: {shown(str(fault), 200)}"


@dataclass(frozen=True, slots=True)
class _Guard:
    """Looks at a request before anything else does, and at every response before it leaves."""

    app: ASGIApp
    site: Site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        started = False

        async def sent(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(raw=message["headers"])
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refused = self._refused(scope)
        try:
            await (refused or self.app)(scope, receive, sent)
        except Exception as fault:  # whatever it is, no trace of it leaves this machine
            if not started:
                await _said(500, _surprising(fault))(scope, receive, sent)

    def _refused(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        if len(hosts) != 1 or hosts[0].lower() not in self.site.hosts:
            return _said(403, f"Host: must be {' or '.join(self.site.hosts)}")
        if origins and origins != [f"http://{hosts[0].lower()}"]:
            return _said(403, "Origin: must be this page's own")
        sends = scope["method"] == "POST" and scope["path"].endswith("/picture")
        if scope["method"] != "GET" and not sends:
            return _said(405, "method: must be GET")
        if sends and not origins:
            return _said(403, "Origin: must be this page's own")
        token = scope["path"].removeprefix("/").partition("/")[0]
        if not secrets.compare_digest(token.encode("utf-8", "replace"), self.site.token.encode()):
            return _said(404, "address: must hold the token that `isochrome open` printed. Open that address.")
        return None


# --- running --------------------------------------------------------------------------------------------------


def serve(
    opened: OpenedModel,
    run: Run,
    port: int = 0,
    open_browser: bool = True,
    layer: int | None = None,
    ready: Callable[[str], None] | None = None,
) -> int:
    """Serve the explorer until it is interrupted, printing its address; the exit code, 130.

    ``port`` 0 takes any free one; ``layer`` is where the page opens; ``ready`` is called with the address.
    Raises RequestError where the port cannot be had.
    """
    page_file("page.js")
    with _listening(port) as listener:
        site = Site(listener.getsockname()[1])
        with _server(opened, run, site) as server:
            address = site.address + ("" if layer is None else f"#layer={layer}")
            print(f"{shown(opened.name, 200)} is open at {address} (Ctrl-C ends it)", flush=True)
            if ready is not None:
                ready(address)
            if open_browser and _has_screen():
                threading.Thread(target=_open, args=(address,), daemon=True).start()
            with suppress(KeyboardInterrupt):
                server.run(sockets=[listener])
    return 130


@contextmanager
def running(opened: OpenedModel, run: Run) -> Iterator[str]:
    """The explorer in a thread of its own while the block runs, at the address that it gives."""
    with _listening(0) as listener:
        site = Site(listener.getsockname()[1])
        with _server(opened, run, site) as server:
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
            thread.start()
            try:
                yield site.address
            finally:
                server.should_exit = True
                thread.join()


@contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    with socket.socket() as listener:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen(64)
        except (OSError, OverflowError) as fault:
            why = fault.strerror if isinstance(fault, OSError) else "it must be 0 to 65535"
            raise RequestError(f"port {port}: must be free here; {why}. Choose another with --port.") from None
        yield listener


@contextmanager
def _server(opened: OpenedModel, run: Run, site: Site) -> Iterator[uvicorn.Server]:
    pool = ThreadPoolExecutor(THREADS, "isochrome")
    settings: dict[str, Any] = {
        "http": "h11", "ws": "none", "loop": "asyncio", "lifespan": "off", "interface": "asgi3", "log_config": None,
        "log_level": "critical", "access_log": False, "server_header": False, "proxy_headers": False,
        "timeout_graceful_shutdown": 1, "timeout_keep_alive": 30, "limit_concurrency": 64,
    }  # fmt: skip
    try:
        yield uvicorn.Server(uvicorn.Config(application(opened, run, site, pool), **settings))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _has_screen() -> bool:
    """Whether a browser can show itself: without a screen, one that runs in the terminal would take it over."""
    return sys.platform in ("win32", "darwin") or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def _open(address: str) -> None:
    with suppress(Exception):  # a browser that will not start is no reason to stop: the address is printed
        webbrowser.open(address)
