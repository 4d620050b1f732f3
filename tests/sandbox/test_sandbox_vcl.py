"""How the sandbox reads VCL: whether, and with what, a service turns purges by URL away."""

from typing import Any

import httpx2
import pytest

from fastly_mcp.sandbox import create_app, make_world
from fastly_mcp.sandbox.seeds.files import parse_seed

pytestmark = pytest.mark.anyio

GUARD = 'if (req.method == "FASTLYPURGE") { error 403 "No."; }'


def client_of(**objects: Any) -> httpx2.AsyncClient:
    """A client of an account with one service."""
    version = {"domains": ["a.example"], **objects}
    seed = parse_seed({"services": [{"name": "s", "versions": [version]}]}, "seed")
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=create_app(make=lambda at: make_world(at, seed))),
        base_url="https://api.fastly.com",
        headers={"Fastly-Key": "sandbox"},
    )


async def purged(client: httpx2.AsyncClient) -> httpx2.Response:
    return await client.post("/purge/https://a.example/")


def main(content: str) -> dict[str, Any]:
    return {"vcls": [{"name": "main", "main": True, "content": f"sub vcl_recv {{\n{content}\n}}"}]}


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (GUARD, 403),
        (GUARD.replace("method", "request"), 403),
        (GUARD.replace(" == ", "=="), 403),
        (GUARD.replace("403", "405"), 405),
        (GUARD.replace(' 403 "No."', ""), 503),
        (GUARD.replace("403", "703"), 403),
        (GUARD.replace(")", " && !req.http.X-Staff)"), 403),
        (GUARD.replace(")", ' && (client.ip !~ office || req.url ~ ")"))'), 403),
        ('if (req.method == "PURGE" || req.method == "FASTLYPURGE") { error 401; }', 401),
        (GUARD.replace("{ ", '{ set req.http.X = "}"; log {"a } b"}; '), 403),
        (GUARD.replace("{ ", "{ if (client.ip !~ office) { ").replace("}", "} }"), 403),
        (f"if (req.http.X) {{ esi; }} else {GUARD}", 403),
        (GUARD.replace("if ", "if # why\n /* so */ "), 403),
        (f'set req.http.X = "# no comment"; {GUARD}', 403),
        (f'set req.http.X = {{"// no comment"}}; {GUARD}', 403),
        (f"# {GUARD}", 200),
        (f"// {GUARD}", 200),
        (f"/* {GUARD}\n*/", 200),
        (f'log {{TEXT"{GUARD}"TEXT}};', 200),
        (GUARD.replace("error", "# error").replace("}", "\n}"), 200),
        (GUARD.replace('error 403 "No."', 'set req.http.X-error = "; error 403"'), 200),
        (GUARD.replace("==", "!="), 200),
        (GUARD.replace("(", "(!(").replace(")", "))"), 200),
        (GUARD.replace("FASTLYPURGE", "POST"), 200),
        (GUARD.replace("error 403", "return(lookup)").replace("}", "} error 404;"), 200),
        ('if (req.method == "FASTLYPURGE") return(lookup);', 200),
        ('if (req.method == "FASTLYPURGE" {', 200),
    ],
)
async def test_a_guard_is_known_however_it_is_written(content: str, status: int) -> None:
    async with client_of(**main(content)) as client:
        answer = await purged(client)
    assert answer.status_code == status
    assert (answer.headers["Content-Type"] == "application/json") == (status == 200)


async def test_the_page_has_what_the_vcl_says() -> None:
    async with client_of(**main(GUARD.replace("No.", "No <b>"))) as client:
        assert "<h1>Error 403 No &lt;b&gt;</h1>" in (await purged(client)).text
    async with client_of(**main(GUARD.replace(' "No."', ""))) as client:
        assert "<h1>Error 403 Forbidden</h1>" in (await purged(client)).text


@pytest.mark.parametrize(
    ("objects", "status"),
    [
        ({"snippets": [{"name": "a", "type": "recv", "content": GUARD}]}, 403),
        ({"snippets": [{"name": "a", "type": "recv", "content": GUARD, "dynamic": 1}]}, 403),
        ({"snippets": [{"name": "a", "type": "deliver", "content": GUARD}]}, 200),
        ({"snippets": [{"name": "a", "content": GUARD}]}, 200),
        (
            {"snippets": [{"name": "a", "content": GUARD}]} | main('include "snippet::a";'),
            403,
        ),
        ({"vcls": [{"name": "other", "content": GUARD}, *main("")["vcls"]]}, 200),
        (
            {"vcls": [{"name": "other", "content": GUARD}, *main('include "other";')["vcls"]]},
            403,
        ),
        (main('include "main";'), 200),
    ],
)
async def test_only_what_runs_on_requests_counts(objects: dict[str, Any], status: int) -> None:
    async with client_of(**objects) as client:
        assert (await purged(client)).status_code == status


async def test_a_dynamic_snippet_counts_as_it_is_now() -> None:
    snippet = {"id": "6eKkQzkFdSpG3hhhnWNzWn", "name": "a", "type": "recv", "dynamic": 1}
    async with client_of(snippets=[snippet]) as client:
        assert (await purged(client)).status_code == 200
        (service,) = (await client.get("/service")).json()
        path = f"/service/{service['id']}/snippet/{snippet['id']}"
        assert (await client.put(path, data={"content": GUARD})).status_code == 200
        assert (await purged(client)).status_code == 403


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (f"{'if(' * 60_000}{')' * 60_000} FASTLYPURGE", 200),
        ('if(req.method=="FASTLYPURGE"){' * 15_000 + "}" * 15_000, 200),
        ('if(req.method=="FASTLYPURGE"){' * 15_000 + "; error 403;" + "}" * 15_000, 403),
        (f"{'if(' * 60_000}1{'){}' * 60_000} {GUARD}", 403),
    ],
)
async def test_however_deep_it_nests_it_is_read_in_one_go(content: str, status: int) -> None:
    async with client_of(**main(content)) as client:
        assert (await purged(client)).status_code == status


async def test_a_version_needs_no_domains_to_be_activated() -> None:
    async with client_of(domains=[]) as client:
        (service,) = (await client.get("/service")).json()
        at = f"/service/{service['id']}/version/1"
        assert (await client.get(f"{at}/validate")).json()["status"] == "ok"
        assert (await client.put(f"{at}/activate")).status_code == 200
