"""Whatever is done to services, versions and objects, and in whatever order, its rules hold."""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

from fastly_mcp.sandbox.app import app_of
from fastly_mcp.sandbox.sandbox import Sandbox
from fastly_mcp.sandbox.seeds.account import make_world
from fastly_mcp.sandbox.seeds.model import Seed, SeedLimits
from fastly_mcp.sandbox.services.kinds import KINDS
from tests.sandbox.any_request import NOW, Request, ask, check_dump

HEADERS = (
    ("Fastly-Key", "sandbox"),
    ("Sandbox-Door", "1"),
    ("Content-Type", "application/json"),
)
SEED = Seed(limits=SeedLimits(changes_per_hour=10**9))
FEW = ("backend", "acl", "dictionary", "logging/s3")
"""Kinds that come up so often that their objects get into each other's way."""
# A domain cannot be called two words.
NAMED = tuple(kind.path for kind in KINDS if kind.named_by == "name" and kind.plural != "domains")
KIND = st.sampled_from(FEW) | st.sampled_from(FEW) | st.sampled_from(NAMED)
NAME = st.sampled_from(["a", "b", "Two words"])
NUMBER = st.sampled_from([-1, -1, -1, -2, -2, -3, 0])
"""A version counted from the newest; 0 is one that is not there yet."""
OF_ITS_OWN = {"number", "version", "created_at", "updated_at", "active", "locked", "environments"}
"""What a clone does not take from its origin."""
CHANGES_LATER = {"active", "staging", "environments", "updated_at", "comment"}
"""What a locked version may still change."""


@dataclass
class Version:
    """What there should be."""

    objects: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    """By kind and name: what the API said last."""
    is_locked: bool = False
    is_active: bool = False
    is_staged: bool = False
    then: Any = None
    """All that could be read of it when it was locked."""


@dataclass
class Service:
    id: str
    name: str
    type: str
    versions: list[Version]
    is_deleted: bool = False
    items: dict[str, dict[str, str]] = field(default_factory=dict)
    """Of each dictionary."""
    entries: dict[str, dict[str, str]] = field(default_factory=dict)
    """Of each ACL: addresses by id."""

    def number(self, from_newest: int) -> int:
        return max(1, len(self.versions) + 1 + from_newest)


class Account(RuleBasedStateMachine):
    services = Bundle("services")

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0
        self.sandbox = Sandbox(
            lambda at: make_world(at, SEED), lambda: NOW + timedelta(seconds=self.seconds)
        )
        self.app = app_of(self.sandbox)
        self.known: list[Service] = []

    def send(self, method: str, path: str, **fields: Any) -> tuple[int, Any]:
        self.seconds += 1
        body = json.dumps(fields).encode() if fields else b""
        path, _, query = path.partition("?")
        answer = ask(self.app, Request(method, path, query, HEADERS, body))
        return answer.status, json.loads(answer.body)

    def expect(self, status: int, method: str, path: str, **fields: Any) -> Any:
        """Ask; what only reads or is refused leaves everything as it was."""
        before = self.digest()
        found, said = self.send(method, path, **fields)
        assert found == status, (method, path, fields, said)
        if method == "GET" or status >= 400:
            assert self.digest() == before, (method, path, fields)
        return said

    def digest(self) -> str:
        return str(self.send("GET", "/_sandbox/digest")[1]["digest"])

    def everything(self, service: Service, number: int) -> Any:
        """A version's part of /details, and the list of every kind."""
        path, before = f"/service/{service.id}", self.digest()
        _, details = self.send("GET", f"{path}/details?version={number}")
        _, settings_ = self.send("GET", f"{path}/version/{number}/settings")
        lists = {
            kind.path: self.send("GET", f"{path}/version/{number}/{kind.path}") for kind in KINDS
        }
        assert self.digest() == before
        row = details["version"]
        kept = {name: value for name, value in row.items() if name not in CHANGES_LATER}
        return kept, settings_, lists

    def lock(self, service: Service, number: int) -> None:
        version = service.versions[number - 1]
        version.is_locked = True
        if version.then is None:
            version.then = self.everything(service, number)

    # Services

    @initialize(target=services, name=NAME, type_=st.sampled_from(["vcl", "wasm"]))
    def begin(self, name: str, type_: str) -> Service:
        """A service with two versions, an ACL and a dictionary."""
        said = self.expect(200, "POST", "/service", name=name, type=type_)
        service = Service(said["id"], name, type_, [Version()])
        self.known.append(service)
        for path in ("acl", "dictionary"):
            made = self.expect(200, "POST", f"/service/{service.id}/version/1/{path}", name="a")
            service.versions[0].objects[path, "a"] = made
        self.expect(200, "PUT", f"/service/{service.id}/version/1/clone")
        service.versions.append(Version(dict(service.versions[0].objects)))
        return service

    @rule(target=services, name=NAME, type_=st.sampled_from(["vcl", "wasm"]))
    def create_service(self, name: str, type_: str) -> Any:
        if any(each.name == name and not each.is_deleted for each in self.known):
            self.expect(409, "POST", "/service", name=name, type=type_)
            return multiple()
        return self.begin(name, type_)

    @rule(service=services, name=NAME)
    def rename_service(self, service: Service, name: str) -> None:
        if service.is_deleted:
            status = 400
        elif any(
            each.name == name and not each.is_deleted and each is not service for each in self.known
        ):
            status = 409
        else:
            status, service.name = 200, name
        self.expect(status, "PUT", f"/service/{service.id}", name=name)

    @precondition(lambda self: sum(not each.is_deleted for each in self.known) > 1)
    @rule(service=services)
    def delete_service(self, service: Service) -> None:
        is_active = any(version.is_active for version in service.versions)
        status = 400 if service.is_deleted or is_active else 200
        self.expect(status, "DELETE", f"/service/{service.id}")
        service.is_deleted |= status == 200

    # Versions

    def missing(self, service: Service, number: int, method: str, rest: str = "") -> bool:
        """Whether there is no such version, in which case it says so."""
        if service.is_deleted or number > len(service.versions):
            status = 400 if service.is_deleted else 404
            self.expect(status, method, f"/service/{service.id}/version/{number}{rest}")
            return True
        return False

    @rule(service=services)
    def create_version(self, service: Service) -> None:
        said = self.expect(
            400 if service.is_deleted else 200, "POST", f"/service/{service.id}/version"
        )
        if not service.is_deleted:
            service.versions.append(Version())
            assert said["number"] == len(service.versions)

    @rule(service=services, number=NUMBER)
    def clone_version(self, service: Service, number: int) -> None:
        number = service.number(number)
        if self.missing(service, number, "PUT", "/clone"):
            return
        origin = service.versions[number - 1]
        said = self.expect(200, "PUT", f"/service/{service.id}/version/{number}/clone")
        service.versions.append(Version(dict(origin.objects)))
        assert said["number"] == len(service.versions)
        assert (said["active"], said["locked"], said["staging"]) == (False, False, False)
        assert without(self.everything(service, said["number"])) == without(
            self.everything(service, number)
        )

    @rule(service=services, number=NUMBER)
    def lock_version(self, service: Service, number: int) -> None:
        number = service.number(number)
        if not self.missing(service, number, "PUT", "/lock"):
            path = f"/service/{service.id}/version/{number}/lock"
            assert self.expect(200, "PUT", path)["locked"] is True
            self.lock(service, number)

    @rule(service=services, number=NUMBER, comment=NAME)
    def comment_version(self, service: Service, number: int, comment: str) -> None:
        number = service.number(number)
        if not self.missing(service, number, "PUT"):
            path = f"/service/{service.id}/version/{number}"
            assert self.expect(200, "PUT", path, comment=comment)["comment"] == comment

    @rule(service=services, number=NUMBER, ttl=st.integers(0, 9))
    def change_settings(self, service: Service, number: int, ttl: int) -> None:
        number = service.number(number)
        if not self.missing(service, number, "PUT", "/settings"):
            status = 422 if service.versions[number - 1].is_locked else 200
            path = f"/service/{service.id}/version/{number}/settings"
            self.expect(status, "PUT", path, **{"general.default_ttl": ttl})

    @rule(service=services, number=NUMBER, staging=st.booleans())
    def activate(self, service: Service, number: int, staging: bool) -> None:
        number = service.number(number)
        rest = "/activate/staging" if staging else "/activate"
        if self.missing(service, number, "PUT", rest):
            return
        version = service.versions[number - 1]
        # VCL files without a main one do not compile.
        broken = service.type == "vcl" and any(kind == "vcl" for kind, _ in version.objects)
        path = f"/service/{service.id}/version/{number}{rest}"
        said = self.expect(400 if broken else 200, "PUT", path)
        if broken:
            return
        assert said["locked"] is True
        for each in service.versions:
            if staging:
                each.is_staged = each is version
            else:
                each.is_active = each is version
        self.lock(service, number)

    @rule(service=services, number=NUMBER, staging=st.booleans())
    def deactivate(self, service: Service, number: int, staging: bool) -> None:
        number = service.number(number)
        rest = "/deactivate/staging" if staging else "/deactivate"
        if self.missing(service, number, "PUT", rest):
            return
        version = service.versions[number - 1]
        was_there = version.is_staged if staging else version.is_active
        path = f"/service/{service.id}/version/{number}{rest}"
        self.expect(200 if was_there else 400, "PUT", path)
        if staging:
            version.is_staged = False
        else:
            version.is_active = False

    # Objects

    @rule(
        service=services,
        number=NUMBER,
        changes=st.lists(
            st.tuples(st.sampled_from(["POST", "POST", "PUT", "DELETE"]), KIND, NAME, NAME),
            min_size=1,
            max_size=8,
        ),
    )
    def change_objects(
        self, service: Service, number: int, changes: list[tuple[str, str, str, str]]
    ) -> None:
        number = service.number(number)
        for method, kind, name, new in changes:
            rest = f"/{kind}" if method == "POST" else f"/{kind}/{quote(name)}"
            if not self.missing(service, number, method, rest):
                path = f"/service/{service.id}/version/{number}{rest}"
                self.change_object(service.versions[number - 1], method, path, (kind, name, new))

    def change_object(
        self, version: Version, method: str, path: str, which: tuple[str, str, str]
    ) -> None:
        """Create one, rename one or delete one."""
        (kind, name, new), there = which, version.objects
        old = there.get((kind, name))
        if version.is_locked:
            status = 422
        elif method == "POST":
            status = 409 if old else 200
        elif old is None:
            status = 404
        else:
            status = 409 if method == "PUT" and new != name and (kind, new) in there else 200
        more = {"address": "origin.example"} if kind == "backend" else {}
        said = self.expect(status, method, path, name=new if method == "PUT" else name, **more)
        if status != 200:
            return
        if old:
            del there[kind, name]
        if method != "DELETE":
            there[kind, said["name"]] = said
        if method == "PUT" and old:
            assert said["name"] == new
            assert (said.get("id"), said["created_at"]) == (old.get("id"), old["created_at"])

    # What lives outside the versions

    def container(self, service: Service, kind: str) -> str | None:
        """A dictionary or an ACL that some version still has."""
        if service.is_deleted:
            return None
        found = [
            str(row["id"])
            for version in service.versions
            for (path, _), row in version.objects.items()
            if path == kind
        ]
        return found[0] if found else None

    @rule(service=services, key=NAME, value=NAME)
    def put_item(self, service: Service, key: str, value: str) -> None:
        if container := self.container(service, "dictionary"):
            path = f"/service/{service.id}/dictionary/{container}/item/{quote(key)}"
            assert self.expect(200, "PUT", path, item_value=value)["item_value"] == value
            service.items.setdefault(container, {})[key] = value

    @rule(service=services, key=NAME)
    def delete_item(self, service: Service, key: str) -> None:
        if container := self.container(service, "dictionary"):
            there = service.items.setdefault(container, {}).pop(key, None) is not None
            path = f"/service/{service.id}/dictionary/{container}/item/{quote(key)}"
            self.expect(200 if there else 404, "DELETE", path)

    @rule(
        service=services,
        changes=st.lists(
            st.tuples(st.sampled_from(["create", "update", "upsert", "delete"]), NAME, NAME),
            max_size=4,
        ),
    )
    def change_items(self, service: Service, changes: list[tuple[str, str, str]]) -> None:
        container = self.container(service, "dictionary")
        if container is None:
            return
        items, status = dict(service.items.get(container, {})), 200
        for verb, key, value in changes:
            if verb == "create" and key in items:
                status = 409
            elif verb in {"update", "delete"} and key not in items:
                status = 400
            if status != 200:
                break
            if verb == "delete":
                del items[key]
            else:
                items[key] = value
        path = f"/service/{service.id}/dictionary/{container}/items"
        batch = [{"op": verb, "item_key": key, "item_value": value} for verb, key, value in changes]
        self.expect(status, "PATCH", path, items=batch)
        if status == 200:
            service.items[container] = items

    @rule(service=services, ip=st.sampled_from(["192.0.2.1", "2001:db8::1", "no address"]))
    def create_entry(self, service: Service, ip: str) -> None:
        if container := self.container(service, "acl"):
            status = 400 if " " in ip else 200
            path = f"/service/{service.id}/acl/{container}/entry"
            said = self.expect(status, "POST", path, ip=ip)
            if status == 200:
                entries = service.entries.setdefault(container, {})
                assert said["id"] not in entries
                entries[said["id"]] = ip

    @rule(service=services, delete=st.booleans(), spoilt=st.booleans())
    def change_entries(self, service: Service, delete: bool, spoilt: bool) -> None:
        container = self.container(service, "acl")
        if container is None:
            return
        entries = service.entries.setdefault(container, {})
        verb = {"op": "delete"} if delete else {"op": "update", "ip": "192.0.2.9"}
        batch: list[dict[str, str]] = [verb | {"id": each} for each in entries]
        if spoilt:
            batch.append({"op": "delete", "id": "none"})
        path = f"/service/{service.id}/acl/{container}/entries"
        self.expect(400 if spoilt else 200, "PATCH", path, entries=batch)
        if not spoilt:
            service.entries[container] = {} if delete else dict.fromkeys(entries, "192.0.2.9")

    # What always holds

    @invariant()
    def versions_are_as_they_should_be(self) -> None:
        for service in self.known:
            path = f"/service/{service.id}"
            if service.is_deleted:
                status, said = self.send("GET", f"{path}/version")
                assert (status, said["detail"]) == (400, f"Service '{service.id}' is deleted")
                continue
            _, rows = self.send("GET", f"{path}/version")
            assert [row["number"] for row in rows] == list(range(1, len(service.versions) + 1))
            assert sum(row["active"] for row in rows) <= 1
            assert sum(row["staging"] for row in rows) <= 1
            assert [(row["active"], row["staging"], row["locked"]) for row in rows] == [
                (each.is_active, each.is_staged, each.is_locked) for each in service.versions
            ]

    @invariant()
    def services_are_counted_and_have_ids_of_their_own(self) -> None:
        _, rows = self.send("GET", "/service")
        live = {each.id: each.name for each in self.known if not each.is_deleted}
        assert {row["id"]: row["name"] for row in rows} == live
        world = self.sandbox.world
        ids = [*world.services, *(event["id"] for event in world.events)]
        ids += {
            row["id"]
            for service in world.services.values()
            for version in service.versions
            for rows in version.objects.values()
            for row in rows
            if "id" in row
        }
        assert len(ids) == len(set(ids))

    def teardown(self) -> None:
        for service in self.known:
            if not service.is_deleted:
                self.check(service)
        check_dump(self.sandbox)

    def check(self, service: Service) -> None:
        """Every object, item and entry is there, and no other; what is locked has not changed."""
        for number, version in enumerate(service.versions, 1):
            now = self.everything(service, number)
            assert version.then in (None, now)
            lists = now[2]
            assert {
                (path, row["name"]) for path, (_, rows) in lists.items() for row in rows
            } == version.objects.keys()
        for container in {self.container(service, "dictionary")} - {None}:
            path = f"/service/{service.id}/dictionary/{container}/items"
            rows = self.expect(200, "GET", path)
            items = {row["item_key"]: row["item_value"] for row in rows}
            assert items == service.items.get(str(container), {})
        for container in {self.container(service, "acl")} - {None}:
            rows = self.expect(200, "GET", f"/service/{service.id}/acl/{container}/entries")
            assert {row["id"]: row["ip"] for row in rows} == service.entries.get(str(container), {})


def without(value: Any) -> Any:
    """Without what a clone has of its own."""
    if isinstance(value, dict):
        return {name: without(one) for name, one in value.items() if name not in OF_ITS_OWN}
    if isinstance(value, list | tuple):
        return [without(one) for one in value]
    return value


TestAccount = Account.TestCase
TestAccount.settings = settings(
    max_examples=40, stateful_step_count=40, derandomize=True, deadline=None
)
