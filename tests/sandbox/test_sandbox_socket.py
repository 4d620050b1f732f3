"""The sandbox behind uvicorn: what a real socket carries reaches it unchanged."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from urllib.parse import quote

import pytest
import uvicorn

from fastly_mcp.sandbox import create_app

HOME = "https://www.larkspur.example/"


@pytest.fixture(scope="module", params=["h11", "httptools"])
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    if request.param == "httptools":
        pytest.importorskip("httptools")
    config = uvicorn.Config(
        create_app(),
        http=request.param,
        lifespan="off",
        log_config=None,
        date_header=False,
        server_header=False,
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # The socket listens already, so a first request waits for the server by itself.
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join()


def ask(
    port: int, method: str, path: str, *, token: str | None = None, body: str | None = None
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(
            method, path, body, {"Fastly-Key": token or "sandbox", "Sandbox-Door": "1"}
        )
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def states(port: int, url: str) -> set[str]:
    _, body = ask(port, "GET", f"/_sandbox/edge?url={quote(url, safe='')}")
    return {pop["state"] for pop in json.loads(body)["pops"]}


@pytest.mark.parametrize("path", ["a//b", "a%2Fb", "a?x=1&y=%2F/z", "..%2Fa", "a/./b/../c"])
def test_a_url_to_purge_is_taken_as_it_was_sent(port: int, path: str) -> None:
    url = f"{HOME}{path}"
    ask(port, "POST", f"/_sandbox/request?url={quote(url, safe='')}")
    assert states(port, url) == {"fresh"}
    response, _ = ask(port, "POST", f"/purge/{url}")
    assert response.status == 200
    assert states(port, url) == {"absent"}


def test_an_escaped_slash_stays_inside_its_segment(port: int) -> None:
    response, body = ask(port, "GET", "/service%2Fsearch?name=blog")
    assert response.status == 501
    assert json.loads(body)["detail"] == "GET /service%2Fsearch"
    response, _ = ask(port, "POST", "/service/u8jzPde0IgxLd6GncfBAep/purge/a%2Fb")
    assert response.status == 200


def test_date_and_server_are_sent_once(port: int) -> None:
    response, _ = ask(port, "GET", "/service")
    assert len(response.headers.get_all("Date") or []) == 1
    assert response.headers.get_all("Server") == ["fastly"]


def test_a_batch_goes_over_the_wire_without_content_type(port: int) -> None:
    response, body = ask(
        port,
        "POST",
        "/service/u8jzPde0IgxLd6GncfBAep/purge",
        body='{"surrogate_keys": ["home"]}',
    )
    assert response.headers["Content-Type"] is None
    assert body.startswith(b'{ "home": "')


def test_a_wrong_token_is_refused_over_the_wire(port: int) -> None:
    response, body = ask(port, "GET", "/service", token="wrong")
    assert response.status == 401
    assert json.loads(body) == {"msg": "Provided credentials are missing or invalid"}
