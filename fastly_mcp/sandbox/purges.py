"""The purges: by URL, by surrogate key, by many keys, and of everything."""

import json

from starlette.responses import Response

from fastly_mcp.sandbox import errors, invented
from fastly_mcp.sandbox.calls import Call, cache_node, classic
from fastly_mcp.sandbox.edge import address

KEYS_PER_BATCH = 256


def new_purge_id(call: Call) -> str:
    """`<cache node>-<epoch>-<sequence>`."""
    return f"1740093-{int(call.now.timestamp())}-{next(call.world.purge_numbers)}"


def is_soft(call: Call) -> bool:
    """The header's presence counts, not its value."""
    return "Fastly-Soft-Purge" in call.headers


def is_for_staging(call: Call) -> bool:
    """A purge of staging leaves production alone, and the sandbox has nothing else."""
    return call.headers.get("Fastly-Purge-Environment") == "staging"


def purge_url(call: Call) -> Response:
    where = address(call.params["cached_url"])
    service = call.world.service_at(where.host)
    if service is None or not call.token.covers(service.id):
        raise errors.no_service_for_url()
    if service.refuses_purge:
        return cache_node(invented.REFUSED_BY_VCL, "text/html", status=403)
    call.world.edge.purge_url(where, soft=is_soft(call))
    return cache_node(f'{{"status": "ok", "id": "{new_purge_id(call)}"}}\n')


def check_key(key: str) -> None:
    if len(key.encode("utf-8", "surrogatepass")) > invented.KEY_BYTES:
        raise invented.key_too_long()


def purge_key(call: Call) -> Response:
    service = call.service()
    key = call.params["surrogate_key"]
    check_key(key)
    if not is_for_staging(call):
        call.world.edge.purge_keys(service.id, [key], soft=is_soft(call))
    return cache_node(f'{{ "status": "ok", "id": "{new_purge_id(call)}" }}')


def purge_keys(call: Call) -> Response:
    """Many keys at once, as JSON or in the header `Surrogate-Key`."""
    service = call.service()
    keys = batch_of_keys(call)
    if len(keys) > KEYS_PER_BATCH:
        raise errors.too_many_keys()
    for key in keys:
        check_key(key)
    if not is_for_staging(call):
        call.world.edge.purge_keys(service.id, keys, soft=is_soft(call))
    purge_id = new_purge_id(call)
    ids = ", ".join(f'{json.dumps(key)}: "{purge_id}-{at}"' for at, key in enumerate(keys, 1))
    # Recorded: spaces inside the braces, and no Content-Type.
    return cache_node(f"{{ {ids} }}", None, {"Fastly-Surrogate-Key-Count": str(len(keys))})


def batch_of_keys(call: Call) -> list[str]:
    """The keys of a batch; what is no list of them is refused with an invented wording."""
    keys: object
    if "Surrogate-Key" in call.headers:
        keys = call.headers["Surrogate-Key"].split()
    else:
        try:
            keys = json.loads(call.body)["surrogate_keys"]
        except (ValueError, TypeError, KeyError, RecursionError):
            raise invented.no_list_of_keys() from None
    if not isinstance(keys, list) or not keys or not all(isinstance(key, str) for key in keys):
        raise invented.no_list_of_keys()
    return keys


def purge_all(call: Call) -> Response:
    """Everything of a service. It has no soft form: the header is ignored."""
    service = call.service()
    if not is_for_staging(call):
        call.world.edge.purge_all(service.id)
    return classic({"status": "ok"})
