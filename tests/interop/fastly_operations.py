"""The operations of Fastly's official Python client, as it declares them itself."""

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import fastly
import fastly.api

from fastly_mcp.sandbox.routes import ROOT
from fastly_mcp.sandbox.routing import Endpoint, find

PARAMETER = re.compile(r"\{([^}]+)\}")
EARLY = {"kv_store_upsert_item", "put_package", "upload_tls_bulk_cert"}
"""What makes something and is not called so."""


@dataclass(frozen=True)
class Operation:
    """One operation: how the client declares it, and the endpoint of the sandbox that answers."""

    name: str
    family: str
    call: Callable[..., Any]
    declared: Any
    endpoint: Endpoint

    @property
    def method(self) -> str:
        return str(self.declared.settings["http_method"])

    @property
    def path(self) -> str:
        return str(self.declared.settings["endpoint_path"])

    @property
    def step(self) -> int:
        """First everything is made, then read and changed, then removed."""
        if self.method == "DELETE":
            return 2
        makes = {"create", "enable"}.intersection(self.name.split("_"))
        return 0 if makes or self.name in EARLY else 1

    def path_parameters(self) -> Iterator[tuple[str, str]]:
        """The parameters of the path, each with the path that leads to it."""
        for found in PARAMETER.finditer(self.path):
            yield found[1], self.path[: found.start() - 1]


def declared_operations(client: fastly.ApiClient) -> Iterator[tuple[str, str, Any, Any]]:
    """Every operation with its group, how to call it, and what the client declares of it."""
    for module in iter_modules(fastly.api.__path__, "fastly.api."):
        api_class: Any
        for name, api_class in inspect.getmembers(import_module(module.name), inspect.isclass):
            if not (name.endswith("Api") and api_class.__module__ == module.name):
                continue
            api = api_class(client)
            for attribute, declared in vars(api).items():
                if attribute.endswith("_endpoint"):
                    operation = attribute.removesuffix("_endpoint")
                    yield operation, name.removesuffix("Api"), getattr(api, operation), declared


def covered_operations(client: fastly.ApiClient) -> Iterator[Operation]:
    """The operations of the client whose requests the sandbox has an endpoint for."""
    for operation, group, call, declared in declared_operations(client):
        path = PARAMETER.sub("x", declared.settings["endpoint_path"])
        endpoint, _ = find(ROOT, declared.settings["http_method"], path)
        if endpoint:
            yield Operation(operation, group, call, declared, endpoint)
