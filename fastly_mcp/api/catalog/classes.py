"""Classes of writes: what each operation that changes something is about."""

from fastly_mcp.api.catalog.operation import Operation
from fastly_mcp.config import WriteClass

LOGGING = "logging_"
"""How the groups of log endpoints begin."""
PRODUCT = "product_"
"""How the groups of products that are bought begin; some of them guard, the others configure."""

GROUPS: dict[WriteClass, frozenset[str]] = {
    WriteClass.CONFIG: frozenset(
        {
            # What a version of a service holds, and the service.
            "acl",
            "apex_redirect",
            "backend",
            "cache_settings",
            "condition",
            "dictionary",
            "director",
            "director_backend",
            "domain",
            "gzip",
            "header",
            "healthcheck",
            "http3",
            "image_optimizer_default_settings",
            "package",
            "pool",
            "request_settings",
            "resource",
            "response_object",
            "server",
            "service",
            "settings",
            "snippet",
            "vcl",
            "version",
            # What stands beside the services and says how they work or are looked at.
            "ai_runtime_control_provider_connections",
            "dm_domains",
            "dm_routing_configs",
            "observability_custom_dashboards",
            "star",
        }
    ),
    WriteClass.DATA: frozenset(
        {
            "acl_entry",
            "acls_in_compute",
            "config_store",
            "config_store_item",
            "dictionary_item",
            "kv_store",
            "kv_store_item",
            "publish",
            "purge",
            "secret_store",
            "secret_store_item",
        }
    ),
    WriteClass.TLS: frozenset(
        {
            "mutual_authentication",
            "tls_activations",
            "tls_bulk_certificates",
            "tls_certificates",
            "tls_configurations",
            "tls_csrs",
            "tls_private_keys",
            "tls_subscriptions",
        }
    ),
    WriteClass.SECURITY: frozenset(
        {
            "apisecurity_operations",
            "bot_management",
            "client_side_protection",
            "ddos_protection",
            "network_protect",
            "ngwaf_simulate",
            "product_api_discovery",
            "product_bot_management",
            "product_ddos_protection",
            "product_ngwaf",
            "rate_limiter",
        }
    ),
    WriteClass.PEOPLE: frozenset(
        {
            # Who may do what, and with which credentials.
            "ai_runtime_control_virtual_keys",
            "automation_tokens",
            "iam_service_groups",
            "iam_user_groups",
            "invitations",
            "object_storage_access_keys",
            "service_authorizations",
            "sudo",
            "tokens",
            "user",
            # The customer, whom Fastly writes to and who pays.
            "billing_address",
            "contact",
            "customer",
            "customer_addresses",
        }
    ),
}


def class_of(operation: Operation) -> WriteClass:
    """Return the one class of an operation that changes something.

    Raises KeyError for a group that nobody has judged yet.
    """
    group = operation.group
    if group.startswith(LOGGING):
        return WriteClass.LOGGING
    for each, groups in GROUPS.items():
        if group in groups:
            return each
    if group.startswith(PRODUCT):
        return WriteClass.CONFIG
    raise KeyError(group)
