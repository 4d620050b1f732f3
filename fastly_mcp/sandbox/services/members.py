"""What belongs to a service but to no version: items of dictionaries, entries of ACLs, servers.

They change at once, without an activation.
"""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.responses import Response

from fastly_mcp.sandbox import errors, invented
from fastly_mcp.sandbox.account.events import record
from fastly_mcp.sandbox.answers import OK, classic
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.paging import classic_page
from fastly_mcp.sandbox.services.fields import Field, echoed, made, read
from fastly_mcp.sandbox.services.kinds import BY_PLURAL
from fastly_mcp.sandbox.state import Row, Service

BATCH = 1_000
"""Operations in one batch [documented for both kinds]."""


def container(call: Call, plural: str) -> tuple[Service, Row]:
    """The service and the newest row of the dictionary, ACL, pool or snippet in the path."""
    service, wanted = call.service(), call.params["container_id"]
    for version in reversed(service.versions):
        for row in version.objects.get(plural, ()):
            if row["id"] == wanted:
                return service, row
    raise errors.no_such_member(BY_PLURAL[plural].label, id=wanted, service_id=service.id)


def members(service: Service, container_id: str) -> dict[str, Row]:
    return service.members.setdefault(container_id, {})


@dataclass(frozen=True, slots=True)
class Members:
    """One kind of members, and what is done with them.

    `plural` and `container` name what holds them, as a kind and as a field, `label` them in
    Fastly's errors, `event` in events. The URL names one by the field `named_by`, an event by
    `told_by`.
    """

    plural: str
    container: str
    label: str
    event: str
    fields: dict[str, Field]
    told_by: str
    named_by: str = "id"
    per_page: tuple[int, int] | None = None
    """By default, and at most; without it a list is whole."""
    check: Callable[[Row], None] = lambda _: None
    """Raises ValueError for fields that do not fit each other."""
    has_deleted_at: bool = True

    def make(self, service_id: str, container_id: str, member_id: str, given: Row, at: str) -> Row:
        """A new member. Raises ValueError for what does not fit."""
        row = made(self.fields, given)
        self.check(row)
        if self.named_by == "id":
            row["id"] = member_id
        if self.has_deleted_at:
            row["deleted_at"] = None
        place = {self.container: container_id, "service_id": service_id}
        return row | place | {"created_at": at, "updated_at": at}

    def held(self, call: Call) -> dict[str, Row]:
        """The members of the container in the path."""
        service, holder = container(call, self.plural)
        return members(service, holder["id"])

    def find(self, call: Call, held: dict[str, Row], wanted: str) -> Row:
        if wanted not in held:
            named = {
                self.named_by: wanted,
                self.container: call.params["container_id"],
                "service_id": call.params["service_id"],
            }
            raise errors.no_such_member(self.label, **dict(sorted(named.items())))
        return held[wanted]

    def put(self, call: Call, held: dict[str, Row], given: Row, old: Row | None = None) -> Row:
        """Put a new member where it belongs, or a changed one in the stead of the old."""
        at = call.stamp
        with invented.fitting():
            if old:
                kept = {self.named_by: old[self.named_by]}
                new = old | read(self.fields, given) | kept | {"updated_at": at}
                self.check(new)
            else:
                place = call.params["service_id"], call.params["container_id"]
                member_id = call.world.new_id() if self.named_by == "id" else ""
                new = self.make(*place, member_id, given, at)
        name = new[self.named_by]
        if not old and name in held:
            raise errors.duplicate(self.event, name)
        held[name] = new
        return new

    def list(self, call: Call) -> Response:
        rows = list(self.held(call).values())
        if self.per_page is None:
            return classic(rows)
        if call.query.get("direction") == "descend":
            rows.reverse()
        usual, most = self.per_page
        page, links = classic_page(call, rows, per_page=usual, most=most)
        return classic(page, headers=links)

    def create(self, call: Call) -> Response:
        row = self.put(call, self.held(call), call.given())
        self.note(call, "create", row)
        return self._echoed(row)

    def get(self, call: Call) -> Response:
        return classic(self.find(call, self.held(call), call.params["member_id"]))

    def update(self, call: Call) -> Response:
        held = self.held(call)
        old = self.find(call, held, call.params["member_id"])
        row = self.put(call, held, call.given(), old)
        self.note(call, "update", row)
        return self._echoed(row)

    def delete(self, call: Call) -> Response:
        held = self.held(call)
        self.find(call, held, call.params["member_id"])
        self.note(call, "delete", held.pop(call.params["member_id"]))
        return classic(OK)

    def change(self, call: Call, name: str, *verbs: str) -> Response:
        """A batch: all of it or nothing [go-fastly dictionary_items_batch/, acl_entries_batch/]."""
        service, holder = container(call, self.plural)
        there, changes = members(service, holder["id"]), batch(call, name)
        held = dict(there)
        for given in changes:
            verb, wanted = given.get("op"), str(given.get(self.named_by) or "")
            if verb not in verbs:
                raise invented.does_not_fit(f"op must be one of {', '.join(verbs)}")
            if verb == "create" or (verb == "upsert" and wanted not in held):
                self.put(call, held, given)
                continue
            if wanted not in held:
                alike = [each.get(self.named_by) for each in changes if each.get("op") == verb]
                count = sum(str(each or "") not in there for each in alike)
                raise errors.not_in_batch(max(1, count), self.event, verb)
            if verb == "delete":
                del held[wanted]
            else:
                self.put(call, held, given, held[wanted])
        service.members[holder["id"]] = held
        record(call, f"{self.event}.batch_update", service.id, name=holder["id"])
        return classic(OK)

    def note(self, call: Call, verb: str, row: Row) -> None:
        record(call, f"{self.event}.{verb}", row["service_id"], name=row[self.told_by])

    def _echoed(self, row: Row) -> Response:
        return classic(row | echoed(self.fields, {name: row[name] for name in self.fields}))


def batch(call: Call, name: str) -> list[Row]:
    """The operations of a batch."""
    changes = call.json_object().get(name)
    if not isinstance(changes, list) or not all(isinstance(each, dict) for each in changes):
        raise invented.does_not_fit(f"{name} must be a list of objects")
    if len(changes) > BATCH:
        raise invented.does_not_fit(f"{name} may hold at most {BATCH}")
    return changes
