"""The guard over real sockets: Host, Origin, bearer secrets, methods and sizes."""

import hashlib
import json
from collections.abc import Iterator, Sequence

import pytest

from tests.serving.processes import JSON, PAGE, Web, calling
from tests.serving.upstream import Upstream

ALICE = {"Authorization": "Bearer alice-has-this-secret"}
BOB = {"Authorization": "Bearer bob-has-another-secret"}
ROUTES = [
    ("POST", "/mcp"),
    ("GET", "/mcp"),
    ("GET", "/sse"),
    ("POST", "/messages/?session_id=0"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/nothing"),
]
each_route = pytest.mark.parametrize(("method", "path"), ROUTES)


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory, fastly: Upstream) -> Iterator[Web]:
    """A server with two callers and one more host name."""
    home = tmp_path_factory.mktemp("home")
    secrets = {"alice": "alice-has-this-secret", "bob": "bob-has-another-secret"}
    lines = [f"{name} {hashlib.sha256(s.encode()).hexdigest()}" for name, s in secrets.items()]
    (home / "callers").write_text("\n".join(["# who may", *lines]))
    with Web(
        "--log-json",
        "--allowed-host",
        "mcp.example.test",
        home=home,
        FASTLY_API_TOKEN="sandbox",
        FASTLY_API_ENDPOINT=fastly.url,
        FASTLY_MCP_HTTP_TOKENS_FILE=str(home / "callers"),
    ) as server:
        yield server


@each_route
@pytest.mark.parametrize(
    "host",
    [
        "evil.test",
        "127.0.0.1.evil.test",
        "localhost.evil.test:8000",
        "sub.mcp.example.test",
        "0.0.0.0",  # noqa: S104  # nothing is bound to it
        "[::2]",
        "user@localhost",
        "localhost/",
        "localhost:port",
        "",
        (),
        ("localhost", "localhost"),
        ("localhost", "evil.test"),
    ],
)
def test_a_foreign_host_is_refused_on_every_route(
    web: Web, method: str, path: str, host: str | Sequence[str]
) -> None:
    answer = web.ask(method, path, {"Host": host, **JSON, **ALICE}, calling("get_account"))
    # The HTTP parser itself answers 400 to some; none comes through.
    assert answer.status in {421, 400}
    assert answer.status == 421 or not isinstance(host, str)


@each_route
@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.test",
        "https://localhost.evil.test",
        "http://user@localhost",
        "file://localhost",
        "localhost",
        "null",
        "",
        "http://[::1",
        ("http://localhost", "http://evil.test"),
    ],
)
def test_a_foreign_origin_is_refused_on_every_route(
    web: Web, method: str, path: str, origin: str | Sequence[str]
) -> None:
    answer = web.ask(method, path, {"Origin": origin, **JSON, **ALICE}, calling("get_account"))
    assert (answer.status, answer.text) == (403, "This Origin is not served here.\n")


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:1",
        "LocalHost:8000",
        "127.0.0.1",
        "[::1]",
        "[::1]:8000",
        "mcp.example.test",
        "MCP.example.test:443",
    ],
)
def test_its_own_hosts_and_origins_are_let_in_with_any_port(web: Web, host: str) -> None:
    for origin in ({}, {"Origin": f"http://{host}"}, {"Origin": f"https://{host}"}):
        answer = web.call("get_account", {"Host": host, **origin, **ALICE})
        assert not answer.result["isError"]


def test_a_refused_host_is_told_how_to_allow_it(web: Web) -> None:
    answer = web.ask("GET", "/healthz", {"Host": "other.test"})
    assert answer.text == (
        "This Host is not served here; allow it with --allowed-host. Got: 'other.test'\n"
    )


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer wrong-but-long-enough"},
        {"Authorization": "Basic alice-has-this-secret"},
        {"Authorization": "alice-has-this-secret"},
        {"Authorization": ("Bearer wrong-but-long-enough", "Bearer alice-has-this-secret")},
        {"X-Api-Key": "alice-has-this-secret"},
        {"Cookie": "token=alice-has-this-secret"},
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        *ROUTES[:4],
        ("GET", "/nothing"),
        ("GET", "/healthz/"),
        ("GET", "//healthz"),
        ("DELETE", "/mcp"),
        ("OPTIONS", "/mcp"),
        ("POST", "/mcp?token=alice-has-this-secret"),
    ],
)
def test_without_the_secret_nothing_but_health_answers(
    web: Web, method: str, path: str, headers: dict[str, str]
) -> None:
    answer = web.ask(method, path, {**JSON, **headers}, calling("get_account"))
    assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.text == "A bearer secret is needed.\n"


@pytest.mark.parametrize("caller", [ALICE, BOB, {"authorization": "bearer alice-has-this-secret"}])
def test_each_caller_is_let_in(web: Web, caller: dict[str, str]) -> None:
    assert not web.call("get_account", caller).result["isError"]


def test_health_is_open_and_says_nothing_more(web: Web) -> None:
    for path, text in (("/healthz", '{"alive":true}'), ("/readyz", '{"ready":true}')):
        answer = web.ask("GET", path)
        assert (answer.status, answer.text) == (200, text)
        assert "server" not in answer.headers


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "OPTIONS", "HEAD"])
def test_only_post_has_a_meaning_at_mcp(web: Web, method: str) -> None:
    answer = web.ask(method, "/mcp", {"Accept": "text/event-stream", **ALICE})
    assert (answer.status, answer.headers["allow"]) == (405, "POST")


def test_an_unknown_path_is_404(web: Web) -> None:
    assert web.ask("GET", "/nothing", ALICE).status == 404


@pytest.mark.parametrize("path", ["/mcp", "/messages/?session_id=0"])
def test_a_body_over_4_mib_is_refused(web: Web, path: str) -> None:
    piece = b" " * 1024 * 1024
    assert web.ask("POST", path, {**JSON, **ALICE}, piece * 4 + b"x").status == 413
    chunked = web.ask("POST", path, {**JSON, **ALICE}, (piece for _ in range(5)))
    assert chunked.status == 413
    fits = calling("get_account") + piece * 3
    if path == "/mcp":
        assert web.ask("POST", path, {**JSON, **ALICE}, fits).status == 200


def test_a_session_over_sse_is_of_use_to_nobody_else(web: Web) -> None:
    stream = web.send("GET", "/sse", {"Accept": "text/event-stream", **ALICE})
    try:
        response = stream.getresponse()
        assert response.readline() == b"event: endpoint\r\n"
        path = response.readline().decode().removeprefix("data: ").strip()
        assert path.startswith("/messages/?session_id=")
        message = json.dumps({"jsonrpc": "2.0", "id": 5, "method": "ping"}).encode()
        assert web.ask("POST", path, {**JSON, **BOB}, message).status == 404
        assert web.ask("POST", path, JSON, message).status == 401
        assert web.ask("POST", path, {**JSON, **ALICE}, message).status == 202
        response.readline()
        assert response.readline() == b"event: message\r\n"
        assert json.loads(response.readline().removeprefix(b"data: "))["id"] == 5
    finally:
        stream.close()


def test_the_log_tells_who_asked_without_queries_and_secrets(web: Web) -> None:
    web.ask("GET", "/nothing?token=query-canary", {"Authorization": "Bearer header-canary-canary"})
    web.ask("GET", "/a%0Ab%1B?x=query-canary", ALICE)
    web.logged("GET /a\\\\nb\\\\x1b 404 alice")
    web.logged("GET /nothing 401 -")
    assert not web.call("purge_url", BOB, urls=[PAGE]).result["isError"]
    web.logged('"tool": "purge_url"')
    for secret in ("query-canary", "header-canary", "has-this-secret", "has-another", "sandbox"):
        assert secret not in web.log


def test_each_call_is_one_line_of_json(web: Web) -> None:
    before = len(web.log)
    web.call("list_services", ALICE)
    web.call("get_service", ALICE, service="no such service")
    web.logged('"outcome": "InvalidArgument"')
    lines = [json.loads(line) for line in web.log[before:].splitlines()]
    done, refused = [line for line in lines if "tool" in line]
    assert (done["caller"], done["tool"], done["outcome"]) == ("alice", "list_services", "ok")
    assert done["ms"] > done["upstream_ms"] > 0
    assert 200 < done["answer_tokens"] < 800
    assert (refused["tool"], refused["outcome"]) == ("get_service", "InvalidArgument")
    assert all(line["level"] == "info" and line["time"] for line in lines)
