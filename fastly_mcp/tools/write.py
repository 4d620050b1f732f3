"""Write: change anything of the Fastly API, with a person's approval."""

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from fastly_mcp.api.credentials import check_marks, check_secrets
from fastly_mcp.errors import InvalidArgument, NotPermitted
from fastly_mcp.guard.changes import Write
from fastly_mcp.guard.guard import Guard
from fastly_mcp.reading import fitted, lean
from fastly_mcp.scopes import Scope
from fastly_mcp.toolkit import Fastly, ObjectAsText, Outcome, Toolset

if TYPE_CHECKING:
    from fastly_mcp.api.catalog.operation import Operation

toolset = Toolset("write", "Change anything of the Fastly API.", default=False)

BEWARE = ("beware", "what is deleted does not come back")
BUDGET = 1_000  # tokens of one answer
CUT = "The answer is too long to be told whole; read_api can read what was changed."

# What is done when Fastly has answered and what is not, by the catalog's groups and operations.
# The 30 seconds are Fastly's [concepts: dynamic configuration]; of the others it gives no number.
NOTES = {
    "acl_entry": "The edge has it after a while, not at once.",
    "dictionary_item": "The edge has it within about 30 seconds.",
    "kv_store_item": "Other POPs may serve the old value for a while.",
    "tls_activations": "Its deployment takes a while: read it again to see its state.",
    "tls_subscriptions": "The certificate takes a while: read it again to see its state.",
    "activate_service_version": "It reaches the POPs after a while, not at once.",
}

# Which tool purges instead, with the limits and receipts of purges.
PURGES = {
    "bulk_purge_tag": "purge_surrogate_key",
    "purge_all": "purge_all",
    "purge_single_url": "purge_url",
    "purge_tag": "purge_surrogate_key",
}


Params = Annotated[dict[str, Any], ObjectAsText, Field(description="By name")]


class Written(Outcome):
    """What Fastly answered to a change."""

    operation: str = ""
    result: Any = None
    note: str = ""
    sandbox: bool | None = None


@toolset.change("Write to the API", scope=Scope.GLOBAL, destroys=True, repeatable=False)
async def write_api(
    fastly: Fastly,
    guard: Guard,
    operation: Annotated[str, Field(max_length=99, description="As search_api told it, no GET")],
    params: Params = {},  # noqa: B006  # pydantic copies it
) -> Written:
    """Change anything of the Fastly API.

    Active and locked versions are refused: clone first.
    """
    from fastly_mcp.api.catalog.catalog import load  # noqa: PLC0415  # a start has no catalog
    from fastly_mcp.api.catalog.checking import check  # noqa: PLC0415  # as above
    from fastly_mcp.api.collecting import ACTIVE, named  # noqa: PLC0415  # as above
    from fastly_mcp.api.told import parameters  # noqa: PLC0415  # as above
    from fastly_mcp.api.versions import place_of, seen  # noqa: PLC0415  # as above

    found = load().operation(operation)
    _check_allowed(fastly, found)
    check_marks(params)
    is_named = isinstance(params.get("service_id"), str) and params.get("version_id") == ACTIVE
    if found.id == "clone_service_version" and is_named:
        params = await named(fastly, found, params)
    request = check(found, params)
    place = await place_of(fastly, request)
    services, where = (place.service,) if place else (), "the account"
    if place:
        request, where = place.request, f"the service {place.service.id}"
    async with guard.turn(where):
        line = f"{found.method} {request.path}"
        beware = (BEWARE,) if found.method == "DELETE" else ()
        told = (*beware, *parameters(request), *(await seen(fastly, place) if place else ()))
        write = Write(operation=found.id, summary=found.summary, request=line, told=told)
        async with guard.change(
            fastly, "write", services=services, targets=(line,), write=write
        ) as record:
            answer = await fastly.call(request, repeatable=False)
            record.done("")
    fit = fitted(lean(answer.data), BUDGET)
    notes = (CUT if fit.then else "", NOTES.get(found.id) or NOTES.get(found.group, ""))
    return Written(
        changed=True,
        operation=found.id,
        result=fit.data,
        note=" ".join(filter(None, notes)),
        sandbox=fastly.sandbox,
    )


def _check_allowed(fastly: Fastly, operation: "Operation") -> None:
    """Raise InvalidArgument or NotPermitted for what this tool does not do, or not here."""
    from fastly_mcp.api.catalog.classes import class_of  # noqa: PLC0415  # as above

    if operation.method == "GET":
        raise InvalidArgument(f"{operation.id} only reads: use read_api. Nothing was sent.")
    if operation.id in PURGES:
        raise InvalidArgument(f"Use {PURGES[operation.id]} for this. Nothing was sent.")
    check_secrets(operation.id, fastly.settings)
    kind = class_of(operation)
    if kind not in fastly.settings.write:
        on = " ".join(sorted(fastly.settings.write))
        raise NotPermitted(
            f"{operation.id} is of the class {kind}, and the operator of this server lets it write "
            f"{on} (FASTLY_MCP_WRITE). Nothing was sent."
        )
