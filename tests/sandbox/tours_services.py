"""Tours through services, their versions and what hangs on them."""

import gzip
import io
import tarfile

from tests.sandbox.driving import SERVICE, VERSION, Tour

DICTIONARY = "/service/{id}/dictionary/{id}"
ACL = "/service/{id}/acl/{id}"
POOL = "/service/{id}/pool/{id}"
SNIPPET = "/service/{id}/snippet/{id}"
TAILING = "/service/{id}/log_stream/managed/instance_output"


async def services(tour: Tour) -> None:
    service_id = await tour.service()
    await tour("GET /service")
    await tour("GET /service/search", params={"name": "toured vcl"})
    await tour(f"GET {SERVICE}", service_id)
    await tour(f"GET {SERVICE}/details", service_id)
    await tour(f"GET {SERVICE}/domain", service_id)
    await tour(f"PUT {SERVICE}", service_id, data={"comment": "toured"})
    await tour(f"DELETE {SERVICE}", service_id)
    await tour(f"DELETE {SERVICE}", service_id)


async def versions(tour: Tour) -> None:
    service_id = await tour.service()
    await tour(f"GET {SERVICE}/version", service_id)
    await tour(f"PUT {VERSION}", service_id, 1, data={"comment": "the first"})
    await tour(f"GET {VERSION}", service_id, 1)
    await tour(f"PUT {VERSION}/clone", service_id, 1)
    await tour(f"GET {VERSION}/settings", service_id, 2)
    await tour(f"PUT {VERSION}/settings", service_id, 2, data={"general.default_ttl": "60"})
    await tour(f"GET {SERVICE}/diff/from/{{n}}/to/{{n}}", service_id, 1, 2)
    await tour(f"PUT {VERSION}/lock", service_id, 1)
    await tour(f"PUT {VERSION}", service_id, 2, data={"comment": ""})
    # Without a backend there is something to warn of.
    await tour(f"PUT {VERSION}/activate", service_id, 2)


async def domains_of_a_version(tour: Tour) -> None:
    at = await tour.service(), 1
    domain = {"name": "www.tour.example", "comment": "toured"}
    await tour(f"POST {VERSION}/domain", *at, data=domain)
    await tour(f"GET {VERSION}/domain", *at, params={"include": "staging_ips"})
    await tour(f"GET {VERSION}/domain/check_all", *at)
    await tour(f"GET {VERSION}/domain/{{name}}/check", *at, domain["name"])


async def directors_backends(tour: Tour) -> None:
    at = await tour.service(), 1
    named = f"{VERSION}/director/{{name}}/backend/{{name}}"
    await tour(f"POST {VERSION}/director", *at, data={"name": "all"})
    await tour(f"POST {VERSION}/backend", *at, data={"name": "one", "address": "192.0.2.1"})
    for method in ("POST", "GET", "DELETE", "DELETE"):
        await tour(f"{method} {named}", *at, "all", "one")


async def main_vcl(tour: Tour) -> None:
    at = await tour.service(), 1
    file = {"name": "main", "content": "sub vcl_recv {\n#FASTLY recv\n}"}
    await tour(f"POST {VERSION}/vcl", *at, data=file)
    await tour(f"PUT {VERSION}/vcl/{{name}}/main", *at, "main")


async def http3(tour: Tour) -> None:
    at = await tour.service(), 1
    for method in ("GET", "POST", "GET", "DELETE"):
        await tour(f"{method} {VERSION}/http3", *at)


async def image_settings(tour: Tour) -> None:
    at = await tour.service(), 1
    path = f"{VERSION}/image_optimizer_default_settings"
    await tour(f"GET {path}", *at)
    await tour(f"PATCH {path}", *at, json={"webp": True})
    await tour(f"PATCH {path}", *at, json={"jpeg_quality": 1000})


MANIFEST = """
name = "toured"
description = "For a tour"
authors = ["tests@larkspur.example"]
language = "rust"
"""
STARTER = 'cloned_from = "https://git.larkspur.example/starter"\n'
MADE_BY = {
    "language": {"Rust": ""},
    "processed-by": {
        "clang": "17.0.6",
        "fastly": "16.1.0",
        "fastly_data": '{"package_info": {}}',
        "rustc": "1.90.0",
    },
}


def module(producers: dict[str, dict[str, str]]) -> bytes:
    """A module without code that says what made it."""

    def text(word: str) -> bytes:
        return bytes([len(word)]) + word.encode()

    section = text("producers") + bytes([len(producers)])
    for field, made_by in producers.items():
        section += text(field) + bytes([len(made_by)])
        section += b"".join(text(name) + text(version) for name, version in made_by.items())
    # A length that takes two bytes.
    length = bytes([len(section) & 0x7F | 0x80, len(section) >> 7])
    return b"\0asm\1\0\0\0\0" + length + section


def package(manifest: str, wasm: bytes) -> bytes:
    """A package as `fastly compute build` makes it, as small as it can be."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        for name, content in (("fastly.toml", manifest.encode()), ("bin/main.wasm", wasm)):
            member = tarfile.TarInfo(f"toured/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return gzip.compress(held.getvalue(), mtime=0)


async def packages(tour: Tour) -> None:
    at = await tour.service("wasm"), 1
    # Two packages were recorded: the module of one tells what made it, and one was cloned.
    for content in (package(MANIFEST, module(MADE_BY)), package(MANIFEST + STARTER, b"")):
        await tour(f"PUT {VERSION}/package", *at, files={"package": content})
    await tour(f"GET {VERSION}/package", *at)
    await tour(f"PUT {VERSION}/package", *at, files={"package": b"no package"})


async def dictionary_items(tour: Tour) -> None:
    service_id = await tour.service()
    made = await tour(f"POST {VERSION}/dictionary", service_id, 1, data={"name": "toured"})
    at = service_id, made["id"]
    item = {"item_key": "colour", "item_value": "blue"}
    await tour(f"POST {DICTIONARY}/item", *at, data=item)
    await tour(f"GET {DICTIONARY}/items", *at)
    await tour(f"GET {DICTIONARY}/item/{{key}}", *at, "colour")
    await tour(f"PUT {DICTIONARY}/item/{{key}}", *at, "colour", data={"item_value": "green"})
    await tour(f"GET {VERSION}/dictionary/{{id}}/info", service_id, 1, made["id"])
    await tour(f"DELETE {DICTIONARY}/item/{{key}}", *at, "colour")
    await tour(f"DELETE {DICTIONARY}/item/{{key}}", *at, "colour")
    await tour(f"PATCH {DICTIONARY}/items", *at, json={"items": [item | {"op": "upsert"}]})


async def acl_entries(tour: Tour) -> None:
    service_id = await tour.service()
    made = await tour(f"POST {VERSION}/acl", service_id, 1, data={"name": "toured"})
    at = service_id, made["id"]
    entry = {"ip": "192.0.2.0", "subnet": 24, "negated": 0, "comment": "toured"}
    entry_id = (await tour(f"POST {ACL}/entry", *at, json=entry))["id"]
    await tour(f"GET {ACL}/entries", *at)
    await tour(f"GET {ACL}/entry/{{id}}", *at, entry_id)
    await tour(f"PATCH {ACL}/entry/{{id}}", *at, entry_id, json={"negated": 1})
    await tour(f"DELETE {ACL}/entry/{{id}}", *at, entry_id)
    await tour(f"PATCH {ACL}/entries", *at, json={"entries": [entry | {"op": "create"}]})


async def pool_servers(tour: Tour) -> None:
    service_id = await tour.service()
    made = await tour(f"POST {VERSION}/pool", service_id, 1, data={"name": "toured"})
    at = service_id, made["id"]
    first = (await tour(f"POST {POOL}/server", *at, data={"address": "192.0.2.1"}))["id"]
    await tour(f"GET {POOL}/servers", *at)
    await tour(f"GET {POOL}/server/{{id}}", *at, first)
    await tour(f"PUT {POOL}/server/{{id}}", *at, first, data={"weight": "50"})
    # The last one stays.
    await tour(f"DELETE {POOL}/server/{{id}}", *at, first)
    await tour(f"POST {POOL}/server", *at, data={"address": "192.0.2.2"})
    await tour(f"DELETE {POOL}/server/{{id}}", *at, first)
    await tour(f"DELETE {POOL}/server/{{id}}", *at, first)


async def dynamic_snippets(tour: Tour) -> None:
    service_id = await tour.service()
    snippet = {"name": "toured", "type": "recv", "dynamic": "1", "content": "# one"}
    at = service_id, (await tour(f"POST {VERSION}/snippet", service_id, 1, data=snippet))["id"]
    await tour(f"GET {SNIPPET}", *at)
    await tour(f"PUT {SNIPPET}", *at, data={"content": "# two"})


async def log_tailing(tour: Tour) -> None:
    service_id = await tour.service("wasm")
    for method in ("POST", "POST", "DELETE"):
        await tour(f"{method} {TAILING}", service_id)


async def purges(tour: Tour) -> None:
    service_id = await tour.service()
    await tour(f"POST {SERVICE}/purge", service_id, json={"surrogate_keys": ["a", "b"]})
    await tour(f"POST {SERVICE}/purge/{{key}}", service_id, "a")
    await tour(f"POST {SERVICE}/purge_all", service_id)


TOURS = (
    services,
    versions,
    domains_of_a_version,
    directors_backends,
    main_vcl,
    http3,
    image_settings,
    packages,
    dictionary_items,
    acl_entries,
    pool_servers,
    dynamic_snippets,
    log_tailing,
    purges,
)
