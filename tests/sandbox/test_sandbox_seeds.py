"""Seeds: what a file may say becomes an account, and a mistake is told with its place."""

import json
import re
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from fastly_mcp.sandbox.resources.collections import COLLECTIONS
from fastly_mcp.sandbox.seeds.account import builtin, make_world
from fastly_mcp.sandbox.seeds.files import SeedError, parse_seed, read_seed
from fastly_mcp.sandbox.state import World
from tests.sandbox.any_request import WORLD

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SEED = """\
customer: {name: Acme}
users: [{login: kit@acme.example}]
tokens:
  - {value: sandbox, scopes: global:read purge_select, services: shop}
services:
  - name: shop
    active: 2
    versions:
      - days_ago: 10
        domains: [www.acme.example, {name: shop.acme.example, comment: Soon}]
        acls: [{name: office, entries: [{ip: 192.0.2.0, subnet: 24}]}]
        dictionaries: [{name: words, items: {404: /lost, on: 1}}]
        pools: [{name: pool, servers: [{address: 192.0.2.1}]}]
        snippets: [{name: dyn, dynamic: 1, content: "# one"}]
        logging: {s3: [{name: log, gzip_level: 3}]}
        settings: {general.default_ttl: 60}
      - days_ago: 5
        domains: [www.acme.example]
      - {comment: 2026-01-01}
    copies: 2
pages: {https://www.acme.example/: {service: shop, keys: home all}}
limits: {changes_per_hour: 5}
"""


def world_of(data: Any) -> World:
    return make_world(NOW, parse_seed(data, "seed.yaml"))


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def test_yaml_and_json_make_the_same_account(tmp_path: Path) -> None:
    yaml = read_seed(write(tmp_path, "seed.yaml", SEED))
    again = read_seed(write(tmp_path, "seed.json", yaml.model_dump_json()))
    world = make_world(NOW, yaml)
    assert make_world(NOW, again) == world
    assert WORLD.validate_json(WORLD.dump_json(world)) == world


def test_every_version_is_a_clone_of_the_one_before(tmp_path: Path) -> None:
    world = make_world(NOW, read_seed(write(tmp_path, "seed.yaml", SEED)))
    (service,) = world.services.values()
    names = [[row["name"] for row in each.objects["domains"]] for each in service.versions]
    www, shop = "www.acme.example", "shop.acme.example"
    assert names == [[www, shop], [www], [www], [www], [www]]
    for kind in ("acls", "logging/s3"):
        rows = {id(version.objects[kind][0]) for version in service.versions}
        assert len(rows) == 1
    assert {version.settings["general.default_ttl"] for version in service.versions} == {60}
    assert [version.locked for version in service.versions] == [True, True, False, False, False]
    assert [version.active for version in service.versions] == [False, True, False, False, False]
    assert [version.comment for version in service.versions[2:]] == ["2026-01-01"] * 3
    assert [version.created_at for version in service.versions[:2]] == [
        "2026-02-19T12:00:00Z",
        "2026-02-24T12:00:00Z",
    ]


def test_what_is_inside_an_object_lives_outside_the_versions(tmp_path: Path) -> None:
    world = make_world(NOW, read_seed(write(tmp_path, "seed.yaml", SEED)))
    (service,) = world.services.values()
    objects = service.versions[0].objects

    def members(kind: str) -> list[Any]:
        return list(service.members[objects[kind][0]["id"]].values())

    items = {row["item_key"]: row["item_value"] for row in members("dictionaries")}
    assert items == {"404": "/lost", "True": "1"}
    (entry,) = members("acls")
    assert (entry["ip"], entry["subnet"], entry["negated"]) == ("192.0.2.0", 24, "0")
    assert [row["address"] for row in members("pools")] == ["192.0.2.1"]
    assert [row["content"] for row in members("snippets")] == ["# one"]
    assert objects["snippets"][0]["content"] is None


def test_the_rest_of_a_seed_is_taken_over(tmp_path: Path) -> None:
    world = make_world(NOW, read_seed(write(tmp_path, "seed.yaml", SEED)))
    (token,), (service,) = world.tokens.values(), world.services.values()
    assert (token.scopes, token.services) == (("global:read", "purge_select"), (service.id,))
    assert world.users[token.user_id]["login"] == "kit@acme.example"
    assert (world.customer["name"], world.limits.changes_per_hour) == ("Acme", 5)
    page = world.edge.origin["www.acme.example/"]
    assert page.surrogate_keys == ("home", "all")


def test_an_empty_seed_is_an_empty_account(tmp_path: Path) -> None:
    world = make_world(NOW, read_seed(write(tmp_path, "seed.yaml", "# nothing\n")))
    assert world.services == {}
    assert list(world.tokens) == ["sandbox"]


def test_the_same_seed_makes_the_same_ids() -> None:
    data = {"services": [{"name": "shop"}], "users": [{"login": "kit@acme.example"}]}
    assert world_of(data) == world_of(data)


def test_more_services_can_be_asked_for() -> None:
    seed = parse_seed({"services": [{"name": "shop"}]}, "seed.yaml")
    names = [each.name for each in make_world(NOW, seed, services=3).services.values()]
    assert names == ["shop", "bulk-0002", "bulk-0003"]


def test_the_built_in_account_is_a_seed_like_any_other() -> None:
    data = json.loads(builtin().model_dump_json())
    assert world_of(data) == make_world(NOW)


def service(**fields: Any) -> dict[str, Any]:
    return {"services": [{"name": "shop", **fields}]}


def version(**fields: Any) -> dict[str, Any]:
    return service(versions=[fields])


def page(**fields: Any) -> dict[str, Any]:
    return {"pages": {"a.example/": {"service": "shop", **fields}}}


NESTED: list[Any] = []
NESTED.append(NESTED)
FIRST = "services[0].versions[0]"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        # Its form
        ([], "the seed: "),
        ("text", "the seed: "),
        (0, "the seed: "),
        ({"service": []}, "service: there is no such field"),
        ({"services": {"shop": {}}}, "services: "),
        (service(name=""), "services[0].name: "),
        (service(name=5), "services[0].name: "),
        (service(kind="vcl"), "services[0].kind: "),
        (service(type="php"), "services[0].type: "),
        (service(versions=[]), "services[0].versions: "),
        (service(copies=-1), "services[0].copies: "),
        (version(days_ago=-1), f"{FIRST}.days_ago: "),
        (version(days_ago=1e9), f"{FIRST}.days_ago: "),
        ({"users": []}, "users: "),
        ({"users": [{}]}, "users[0].login: "),
        ({"users": [{"login": ""}]}, "users[0].login: must be an e-mail address"),
        ({"users": [{"login": "a@b.example", "id": "."}]}, "users[0].id: must match"),
        ({"customer": {"id": "é"}}, "customer.id: must match"),
        (service(id="x/y"), "services[0].id: must match"),
        (version(acls=[{"name": "a", "id": "x/y"}]), f"{FIRST}.acls[0].id must be letters"),
        (version(settings={"general.default_ttl": -5}), f"{FIRST}.settings: general.default_ttl"),
        (version(comment=16**4000), f"{FIRST}.comment: JSON could not hold this"),
        ({"customer": {16**4000: 1}}, "customer: JSON could not hold this"),
        ({"users": [{"login": "a@b.example", "role": "king"}]}, "users[0].role: "),
        ({"tokens": [{"value": "x", "scopes": "global"}]}, "tokens[0].value: "),
        ({"tokens": [{"value": "sandbox", "scopes": "root"}]}, "tokens[0].scopes[0]: "),
        ({"tokens": [{"value": "sandbox", "scopes": ""}]}, "tokens[0].scopes: "),
        (
            {"tokens": [{"value": "sandbox", "scopes": "global", "expires_in_days": 1e300}]},
            "tokens[0].expires_in_days: ",
        ),
        ({"limits": {"changes_per_hour": -1}}, "limits.changes_per_hour: "),
        ({"limits": {"changes": 1}}, "limits.changes: "),
        ({"events": [{"type": "x", "hours_ago": 1e300}]}, "events[0].hours_ago: "),
        ({"pages": {"a.example/": {"keys": "x"}}}, "pages[a.example/].service: has to be there"),
        ({"services": 5}, "services: must be a list"),
        (service(active=[1]), "services[0].active: must be a valid integer"),
        (
            {"tokens": [{"value": "sandbox", "scopes": "root"}]},
            "tokens[0].scopes[0]: must be 'global', 'global:read', 'purge_select' or 'purge_all'",
        ),
        (service(products=5), "services[0].products: must be words, in a list or in one line"),
        # What HTTP could not carry
        (page(status=199), "pages[a.example/].status: must be greater than or equal to 200"),
        (page(status=600), "pages[a.example/].status: must be less than or equal to 599"),
        (page(keys="a €"), "pages[a.example/].keys[1]: must be printable Latin-1"),
        (page(keys=["a b"]), "pages[a.example/].keys[0]: must be one word"),
        (page(keys=["a" * 1025]), "pages[a.example/].keys[0]: must not have more than 1024"),
        (page(keys=["a" * 1000] * 17), "pages[a.example/].keys: must not have more than 16384"),
        (page(content_type="text/html\n"), "pages[a.example/].content_type: must be printable"),
        (page(cache_control="\x7f"), "pages[a.example/].cache_control: must be printable"),
        (page(headers={"a": "b\r\nc: d"}), "pages[a.example/].headers.a: must be printable"),
        (page(headers={"a b": ""}), "pages[a.example/].headers[a b]: is no name of a header"),
        (page(headers={"a\n": ""}), "pages[a.example/].headers['a\\n']: is no name of a header"),
        (page(headers={"": ""}), "pages[a.example/].headers[]: is no name of a header"),
        (
            page(headers={"Content-Length": "5"}),
            "pages[a.example/].headers.Content-Length: is the page's size",
        ),
        (
            page(headers={"transfer-encoding": "chunked"}),
            "pages[a.example/].headers.transfer-encoding: is the connection's",
        ),
        (
            page(headers={f"x-{at}": "a" * 8_000 for at in range(5)}),
            "pages[a.example/].headers: must not have more than 32768 bytes together",
        ),
        # What JSON does not have
        (version(comment="\ud800"), f"{FIRST}.comment: JSON could not hold this"),
        (version(domains=[float("nan")]), f"{FIRST}.domains[0]: JSON could"),
        (
            {"collections": {"domains": [{"fqdn": b"x"}]}},
            "collections.domains[0].fqdn: ",
        ),
        ({"services": NESTED}, "services[0]: JSON could not hold this"),
        # Objects
        (version(engines=[]), f"{FIRST}.engines is no kind of object"),
        (version(wordpress=[]), f"{FIRST}.wordpress is no kind of object"),
        (version(logging={"paper": []}), f"{FIRST}.logging/paper is no kind of object"),
        (version(domains={}), f"{FIRST}.domains is not a list"),
        (version(domains=["a", 5]), f"{FIRST}.domains[1] needs a name"),
        (version(domains=[{"comment": "x"}]), f"{FIRST}.domains[0] needs a name"),
        (version(domains=[{"name": ""}]), f"{FIRST}.domains[0] needs a name"),
        (version(domains=[" "]), f"{FIRST}.domains[0]: name can't be blank"),
        (version(domains=["a", "b", "a"]), f"{FIRST}.domains: two have the same name"),
        (version(backends=[{"name": "a", "prot": 1}]), f"{FIRST}.backends[0] has no prot"),
        (
            version(backends=[{"name": "a", "address": "a", "port": "x"}]),
            f"{FIRST}.backends[0]: port is not a whole number",
        ),
        (version(acls=["1st"]), f"{FIRST}.acls[0]: name must start with alphabetical"),
        (version(acls=[{"name": "a", "id": 5}]), f"{FIRST}.acls[0].id must be text"),
        (
            version(acls=[{"name": "a", "id": "x"}, {"name": "b", "id": "x"}]),
            f"{FIRST}.acls: two have the same id",
        ),
        (
            version(acls=[{"name": "a", "entries": {"ip": "192.0.2.1"}}]),
            f"{FIRST}.acls[0]: entries must be a list of maps",
        ),
        (
            version(acls=[{"name": "a", "entries": ["192.0.2.1"]}]),
            f"{FIRST}.acls[0]: entries must be a list of maps",
        ),
        (
            version(acls=[{"name": "a", "entries": [{"ip": "office"}]}]),
            f"{FIRST}.acls[0]: ip is no address",
        ),
        (
            version(dictionaries=[{"name": "a", "items": ["x"]}]),
            f"{FIRST}.dictionaries[0]: items must be a map",
        ),
        (
            version(dictionaries=[{"name": "a", "items": {"x": ["y"]}}]),
            f"{FIRST}.dictionaries[0]: x is not text",
        ),
        (
            version(pools=[{"name": "a", "servers": [{"port": 80}]}]),
            f"{FIRST}.pools[0]: address can't be blank",
        ),
        (
            version(backends=[{"name": "a", "shield": "atlantis"}]),
            f"{FIRST}.backends[0].shield is none; there are: ",
        ),
        (
            version(backends=[{"name": "a", "shield": ["amsterdam-nl"]}]),
            f"{FIRST}.backends[0].shield is none; there are: ",
        ),
        (
            service(type="wasm", versions=[{"vcls": [{"name": "main"}]}]),
            f"{FIRST}.vcls: a wasm service has none",
        ),
        (
            service(type="wasm", versions=[{"snippets": [{"name": "a"}]}]),
            f"{FIRST}.snippets: a wasm service has none",
        ),
        (version(settings={"ttl": 5}), f"{FIRST}.settings has no ttl"),
        (
            version(settings={"general.default_ttl": "x"}),
            f"{FIRST}.settings: general.default_ttl is not a whole number",
        ),
        # References
        (service(active=2), "services[0].active is 2, but there are 1 versions"),
        (service(products="teleport"), "services[0].products: there is no 'teleport'"),
        ({"services": [{"name": "a"}, {"name": "a"}]}, "services[1].name a is there twice"),
        (
            {"services": [{"name": "a", "id": "x"}, {"name": "b", "id": "x"}]},
            "services[1].id x is there twice",
        ),
        (
            {"users": [{"login": "a@b.example"}, {"login": "a@b.example"}]},
            "users[1].login a@b.example is there twice",
        ),
        (
            {"users": [{"login": "a@b.example", "id": "x"}, {"login": "b@b.example", "id": "x"}]},
            "users[1].id x is there twice",
        ),
        (
            {"tokens": [{"value": "sandbox", "scopes": "global"}] * 2},
            "tokens[1].value sandbox is there twice",
        ),
        (
            {
                "tokens": [
                    {"value": "sandbox-1", "scopes": "global", "id": "x"},
                    {"value": "sandbox-2", "scopes": "global", "id": "x"},
                ]
            },
            "tokens[1].id x is there twice",
        ),
        (
            {"tokens": [{"value": "sandbox", "scopes": "global", "user": "x@b.example"}]},
            "tokens[0].user: there is no 'x@b.example'",
        ),
        (
            {"tokens": [{"value": "sandbox", "scopes": "global", "services": "shop"}]},
            "tokens[0].services: there is no 'shop'",
        ),
        ({"pages": {"a.example/": {"service": "x"}}}, "pages[a.example/].service: there is no 'x'"),
        (
            {"incidents": [{"service": "x", "hours_ago": 1}]},
            "incidents[0].service: there is no 'x'",
        ),
        (
            {"events": [{"type": "service.create", "service": "x"}]},
            "events[0].service: there is no 'x'",
        ),
        ({"events": [{"type": "service.create", "user": "x"}]}, "events[0].user: there is no 'x'"),
        (
            {"events": [{"type": "service.create"}, {"type": "version.activated", "hours_ago": 5}]},
            "events[1].type: there is no event 'version.activated'",
        ),
        ({"collections": {"planets": []}}, "collections.planets is none; there are: domains, "),
        (
            {"collections": {"domains": [{"planet": 1}]}},
            "collections.domains[0]: has no planet",
        ),
        (
            {"collections": {"domains": [{"fqdn": 5}]}},
            "collections.domains[0]: fqdn must be text",
        ),
        (
            {"collections": {"domains": [{"service_id": "x"}]}},
            "collections.domains[0]: there is no service 'x'",
        ),
        (
            {"collections": {"domains": [{"service_id": ["x"]}]}},
            "collections.domains[0]: there is no service ['x']",
        ),
        ({"collections": {"domains": [{}]}}, "collections.domains[0]: fqdn must be a domain's"),
        (
            {"collections": {"domains": [{"id": "x/y", "fqdn": "a.example"}]}},
            "collections.domains[0]: id must be letters, digits and -._",
        ),
        (
            {"collections": {"domains": [{"id": "x", "fqdn": "a.example"}] * 2}},
            "collections.domains[1].id x is there twice",
        ),
    ],
)
def test_a_mistake_is_told_in_one_line_with_its_place(data: Any, told: str) -> None:
    with pytest.raises(SeedError) as caught:
        world_of(data)
    message = str(caught.value)
    assert message.startswith(f"seed.yaml: {told}")
    assert "\n" not in message
    assert len(message) < 2_000


@pytest.mark.parametrize(
    ("urls", "told"),
    [
        ([""], "pages[]: 'shop' has no domain for ''"),
        (["a.example/", "/"], "pages[/]: 'shop' has no domain for ''"),
        (["https://c.example/"], "pages[https://c.example/]: 'shop' has no domain for 'c.example'"),
        (["b.example/"], "pages[b.example/]: b.example is served by 'blog'"),
        (["https://m.example/"], "pages[https://m.example/]: m.example is served by 'blog'"),
        (
            ["https://a.example/", "http://A.example:80/#x"],
            "pages[http://A.example:80/#x]: a.example/ is there twice",
        ),
    ],
)
def test_a_page_is_at_one_address_that_its_service_has(urls: list[str], told: str) -> None:
    seed = {
        "services": [
            {"name": "shop", "versions": [{"domains": ["a.example", "*.w.example"]}]},
            {"name": "blog", "versions": [{"domains": ["b.example"]}]},
            {"name": "new", "active": None, "versions": [{"domains": ["d.example"]}]},
        ],
        "collections": {
            "domains": [
                {"fqdn": "M.example", "service_id": "blog"},
                {"fqdn": "n.example", "service_id": "shop"},
            ]
        },
    }
    good = ["a.example", "https://A.example/x", "x.w.example/", "n.example/?u=https://c.example/"]
    pages = {url: {"service": "shop"} for url in good} | {"d.example/": {"service": "new"}}
    assert len(world_of(seed | {"pages": pages}).edge.origin) == len(pages)
    with pytest.raises(SeedError) as caught:
        world_of(seed | {"pages": {url: {"service": "shop"} for url in urls}})
    assert str(caught.value) == f"seed.yaml: {told}"


def test_a_few_mistakes_are_told_at_once_and_the_rest_are_counted() -> None:
    with pytest.raises(SeedError) as caught:
        world_of({"services": [{"name": ""}] * 8})
    assert str(caught.value).count("services[") == 5
    assert str(caught.value).endswith("; and 3 more")


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("seed.json", b"{", "is no JSON: "),
        ("seed.json", b"[" * 100_000, "is no JSON: "),
        ("seed.json", b"9" * 5_000, "is no JSON: "),
        ("seed.yaml", b"a: ]", "is no YAML in line 1: "),
        ("seed.yaml", b"a: 1\nb: }\n", "is no YAML in line 2: "),
        ("seed.yaml", b"a: *nobody", "is no YAML in line 1: found undefined alias"),
        ("seed.yaml", b"a: !!python/object:os.system {}", "is no YAML in line 1: "),
        ("seed.yaml", b"[a]: 1\n", "is no YAML in line 1: found unhashable key"),
        ("seed.yaml", b"a: 2026-13-45", "is no YAML: month must be in 1..12"),
        ("seed.yaml", b'a: !!int ""', "is no YAML: "),
        ("seed.yaml", b"a: !!bool maybe", "is no YAML: "),
        ("seed.yaml", b"a: !!timestamp noon", "is no YAML: "),
        ("seed.yaml", b"[" * 100_000, "is no YAML"),
        ("seed.yaml", b"\xff\xfe\xff", "cannot be read: it is not UTF-8"),
        ("seed.yaml", b"a: \x00", "is no YAML"),
    ],
)
def test_a_file_that_says_nothing_is_told_with_its_name(
    tmp_path: Path, name: str, content: bytes, told: str
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(SeedError) as caught:
        read_seed(file)
    assert str(caught.value).startswith(f"{file} {told}")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    for file, why in (
        (tmp_path / "none.yaml", "No such file or directory"),
        (tmp_path, "Is a directory"),
    ):
        with pytest.raises(SeedError) as caught:
            read_seed(file)
        assert str(caught.value) == f"{file} cannot be read: {why}"


def test_an_alias_may_be_used_twice(tmp_path: Path) -> None:
    text = "services: [{name: a, versions: &v [{domains: [x.example]}]}, {name: b, versions: *v}]"
    world = make_world(NOW, read_seed(write(tmp_path, "seed.yaml", text)))
    assert len(world.services) == 2


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["", "shop", "a", "192.0.2.1", "sandbox", "1", "\ud800"])
    | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["name", "id", "value", "login", "service", "entries", "items", "servers"]
            )
            | st.integers(),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
KEYS = [
    *["customer", "users", "tokens", "services", "pages", "incidents", "events", "limits"],
    *["versions", "domains", "acls", "dictionaries", "pools", "snippets", "rate_limiters"],
    *["logging", "settings", "collections", "metadata", "traffic", "keys", "active"],
]


@settings(deadline=None)
@given(data=st.dictionaries(st.sampled_from(KEYS), ANYTHING, max_size=3))
def test_nothing_makes_more_of_a_seed_than_an_account_or_a_mistake(data: dict[str, Any]) -> None:
    row = {"name": "shop", "versions": [{key: data[key] for key in KEYS[8:17] if key in data}]}
    rows = [each for key in ("users", "events") for each in [data.get(key)]]
    for seed in (
        data,
        {"services": [row]},
        {"collections": dict.fromkeys(COLLECTIONS, rows)},
    ):
        with suppress(SeedError):
            world = world_of(seed)
            assert WORLD.validate_json(WORLD.dump_json(world)) == world


def test_the_readme_s_seed_is_one() -> None:
    readme = Path(__file__).parents[2].joinpath("README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(.*?)```", readme, re.DOTALL)
    world = make_world(NOW, parse_seed(yaml.safe_load(block), "README.md"))
    (shop,) = world.services.values()
    assert [version.comment for version in shop.versions] == ["", "a draft"]
    assert world.service_at("shop.acme.example") is shop
