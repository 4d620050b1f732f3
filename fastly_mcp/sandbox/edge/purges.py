"""The purges: by URL, by surrogate key, by many keys, and of everything."""

from starlette.responses import Response

from fastly_mcp.sandbox import errors, invented
from fastly_mcp.sandbox.account.events import record
from fastly_mcp.sandbox.answers import OK, cache_node, classic, quoted
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.edge.cache import Address, address, all_mark, key_mark, url_mark
from fastly_mcp.sandbox.sandbox import Sandbox
from fastly_mcp.sandbox.services import vcl
from fastly_mcp.sandbox.state import Purge, Service, stamp

KEYS_PER_BATCH = 256
REMEMBERED = 10_000
"""Purges that the door tells of."""


def carry_out(
    sandbox: Sandbox,
    service: Service,
    kind: str,
    marks: dict[str, str],
    *,
    token_id: str,
    soft: bool = False,
    staging: bool = False,
) -> str:
    """Purge what is in `marks`, marks by what was named, and return the purge's id.

    Staging is left alone: the sandbox has one edge, production's.
    """
    world, now = sandbox.world, sandbox.now()
    if not staging:
        for mark in marks.values():
            world.edge.purge(mark, now.timestamp(), soft=soft)
    world.purge_serial += 1
    # `<cache node>-<epoch>-<sequence>`.
    purge_id = f"1740093-{int(now.timestamp())}-{world.purge_serial}"
    world.purges.append(
        Purge(stamp(now), token_id, service.id, kind, tuple(marks), soft, staging, purge_id)
    )
    del world.purges[:-REMEMBERED]
    return purge_id


def purge_url(call: Call) -> Response:
    where = address(call.params["cached_url"])
    service = call.world.service_at(where.host)
    if service is None or not call.token.covers(service.id):
        raise errors.no_service_for_url()
    refusal = vcl.guard(service).refusal
    return purge_address(call.sandbox, service, where, call.token.id, refusal, soft=is_soft(call))


def purge_address(
    sandbox: Sandbox,
    service: Service,
    where: Address,
    token_id: str,
    refusal: vcl.Refusal | None,
    *,
    soft: bool,
) -> Response:
    """Purge one URL, unless the service's VCL turns that away."""
    if refusal:
        page = invented.refused_by_vcl(refusal.status, refusal.message)
        return cache_node(page, "text/html", status=refusal.status)
    marks = {where.url: url_mark(where)}
    purge_id = carry_out(sandbox, service, "url", marks, token_id=token_id, soft=soft)
    return cache_node(f'{{"status": "ok", "id": "{purge_id}"}}\n')


def is_soft(call: Call) -> bool:
    """The header's presence counts, not its value."""
    return "Fastly-Soft-Purge" in call.headers


def _purge_keys(call: Call, kind: str, keys: list[str]) -> str:
    service = call.service()
    for key in keys:
        if len(key.encode("utf-8", "surrogatepass")) > invented.KEY_BYTES:
            raise invented.key_too_long()
    return carry_out(
        call.sandbox,
        service,
        kind,
        {key: key_mark(service.id, key) for key in keys},
        token_id=call.token.id,
        soft=is_soft(call),
        staging=_is_for_staging(call),
    )


def purge_key(call: Call) -> Response:
    purge_id = _purge_keys(call, "key", [call.params["surrogate_key"]])
    return cache_node(f'{{ "status": "ok", "id": "{purge_id}" }}')


def purge_keys(call: Call) -> Response:
    """Many keys at once, as JSON or in the header `Surrogate-Key`."""
    call.service()
    keys = _batch(call)
    if len(keys) > KEYS_PER_BATCH:
        raise errors.too_many_keys()
    # Named twice, a key is purged once [?]: the answer names each by itself.
    keys = [*dict.fromkeys(keys)]
    purge_id = _purge_keys(call, "keys", keys)
    ids = ", ".join(f'{quoted(key)}: "{purge_id}-{at}"' for at, key in enumerate(keys, 1))
    # Recorded: spaces inside the braces, and no Content-Type.
    return cache_node(f"{{ {ids} }}", None, {"Fastly-Surrogate-Key-Count": str(len(keys))})


def _batch(call: Call) -> list[str]:
    """The keys of a batch; what is no list of them is refused with an invented wording."""
    keys: object
    if "Surrogate-Key" in call.headers:
        keys = call.headers["Surrogate-Key"].split()
    else:
        keys = call.json_object().get("surrogate_keys")
    if not isinstance(keys, list) or not keys:
        raise invented.no_list_of_keys()
    if not all(isinstance(key, str) and key.strip() for key in keys):
        raise invented.no_list_of_keys()
    return keys


def purge_all(call: Call) -> Response:
    """Everything of a service. It has no soft form: the header is ignored."""
    service = call.service()
    carry_out(
        call.sandbox,
        service,
        "all",
        {"all": all_mark(service.id)},
        token_id=call.token.id,
        staging=_is_for_staging(call),
    )
    record(call, "service.purge_all", service.id, name=service.name)
    return classic(OK)


def _is_for_staging(call: Call) -> bool:
    return call.headers.get("Fastly-Purge-Environment") == "staging"
