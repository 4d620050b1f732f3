"""Enabled products: what a service or the account has switched on, and how it is configured."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.responses import Response

from fastly_mcp.sandbox import errors, invented
from fastly_mcp.sandbox.answers import JSON, newer, newer_nothing
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.services.fields import Field, choice, defaults, read, text
from fastly_mcp.sandbox.state import Row


@dataclass(frozen=True, slots=True)
class Product:
    """One product: the fields of its configuration if it has one, and where it can be enabled."""

    fields: Mapping[str, Field] = field(default_factory=dict)
    needs: str = ""
    """The field that must be there to enable it."""
    types: tuple[str, ...] = ("vcl", "wasm")
    """The types of services; `invented` tells what is known of them."""


PRODUCTS: dict[str, Product] = {
    "api_discovery": Product(),
    "bot_management": Product({"contentguard": choice("off", "on")}),
    "brotli_compression": Product(types=("vcl",)),
    "ddos_protection": Product({"mode": choice("log", "off", "block", "client_challenge")}),
    "domain_inspector": Product(),
    "fanout": Product(types=("wasm",)),
    "image_optimizer": Product(types=("vcl",)),
    "log_explorer_insights": Product(),
    "ngwaf": Product(
        {"workspace_id": text(), "traffic_ramp": choice("100", *map(str, range(100)))},
        needs="workspace_id",
    ),
    "origin_inspector": Product(),
    "websockets": Product(),
}
OF_THE_ACCOUNT = frozenset(
    {"ai_accelerator", "ai_runtime_control", "domain_research", "kv_store", "object_storage"}
)
"""Products without a service [fastly-py Product*Api]."""


def _product(call: Call) -> tuple[str, Product]:
    name = call.params["product_id"]
    if name not in PRODUCTS:
        raise invented.outside_the_sandbox(call.method, call.path)
    return name, PRODUCTS[name]


def off() -> errors.FastlyError:
    """A problem that is sent as plain JSON [go-fastly products/*/get-before-enablement.yaml]."""
    return errors.problem(400, "no product on service", media_type=JSON, type="", errors=None)


def _configuration(call: Call) -> Row:
    """How the product is configured; 400 if it is off."""
    name, product = _product(call)
    service = call.service()
    if name not in service.products:
        raise off()
    return defaults(product.fields) | service.products[name]


def _shown(call: Call, **more: object) -> Response:
    return newer(
        {
            "product": {"id": call.params["product_id"], "object": "product"},
            "service": {"id": call.params["service_id"], "object": "service"},
            **more,
            "_links": {"self": call.path},
        }
    )


def get_product(call: Call) -> Response:
    _configuration(call)
    return _shown(call)


def enable_product(call: Call) -> Response:
    """Enable a product, with a configuration if it has one.

    What is not given stays as it is, or is the default.
    """
    name, product = _product(call)
    service = call.service()
    if service.type not in product.types:
        raise invented.bad_product(f"{name} is not available for {service.type} services")
    with invented.fitting(invented.bad_product):
        given = read(product.fields, call.given())
    row = defaults(product.fields) | service.products.get(name, {}) | given
    if product.needs and not row[product.needs]:
        raise invented.bad_product(f"{product.needs} is required")
    service.products[name] = row
    return _shown(call)


def disable_product(call: Call) -> Response:
    """204 also if it was off [go-fastly products/*/disable-ensure-disabled-before-testing.yaml]."""
    name, _ = _product(call)
    call.service().products.pop(name, None)
    return newer_nothing(media_type=JSON)


def get_configuration(call: Call) -> Response:
    _configurable(call)
    return _shown(call, configuration=_configuration(call))


def update_configuration(call: Call) -> Response:
    """Answers what was changed, not all of it [go-fastly products/ngwaf/update-configuration]."""
    name, product = _configurable(call)
    row = _configuration(call)
    with invented.fitting(invented.bad_product):
        given = read(product.fields, call.given())
    if not given:
        raise invented.bad_product(f"one of {', '.join(product.fields)} is required")
    call.service().products[name] = row | given
    return _shown(call, configuration=given)


def _configurable(call: Call) -> tuple[str, Product]:
    name, product = _product(call)
    if not product.fields:
        raise invented.outside_the_sandbox(call.method, call.path)
    return name, product


def _of_customer(call: Call, **more: object) -> Response:
    """After the fields of fastly-py's models; nothing of this is recorded."""
    return newer(
        {
            "product": {"id": call.params["product_id"], "object": "product"},
            "customer": {"id": call.world.customer["id"], "object": "customer"},
            **more,
            "_links": {"self": call.path},
        }
    )


def list_services(call: Call) -> Response:
    """The ids of the services that have a product."""
    name, _ = _product(call)
    services = [
        service.id
        for service in call.world.services.values()
        if name in service.products and service.deleted_at is None and call.token.covers(service.id)
    ]
    return _of_customer(call, services=services)


def _of_the_account(call: Call) -> str:
    name = call.params["product_id"]
    if name not in OF_THE_ACCOUNT:
        raise invented.outside_the_sandbox(call.method, call.path)
    return name


def get_account_product(call: Call) -> Response:
    if _of_the_account(call) not in call.world.collection("products"):
        raise off()
    return _of_customer(call)


def enable_account_product(call: Call) -> Response:
    call.world.collection("products")[_of_the_account(call)] = {"created_at": call.stamp}
    return _of_customer(call)


def disable_account_product(call: Call) -> Response:
    call.world.collection("products").pop(_of_the_account(call), None)
    return newer_nothing(media_type=JSON)
