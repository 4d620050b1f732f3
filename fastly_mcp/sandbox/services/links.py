"""Resource links: how a version is given a store, which lends the link its name and type."""

from fastly_mcp.sandbox.state import Row, World

TYPES = {"config_stores": "config", "kv_stores": "kv-store", "secret_stores": "secret-store"}
"""Fastly's names for the types, by the collections that hold what can be linked."""


def linked(world: World, given: Row) -> Row:
    """What is given of a new link, and what follows from its resource if there is one.

    The name is the resource's unless another is given [the CLI's `resource-link create --help`].
    """
    for collection, kind in TYPES.items():
        store = world.collection(collection).get(str(given.get("resource_id")))
        if store:
            name = given.get("name") or store["name"]
            return given | {"name": name, "resource_type": kind}
    return given
