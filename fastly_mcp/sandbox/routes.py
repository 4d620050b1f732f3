"""Every path the sandbox answers: one line a path, in the order of Fastly's own documentation.

`classic` and `newer` tell which of Fastly's services answers. Reading needs the scope
`global:read`, changing `global`, unless the line says otherwise. The versioned objects (backends,
domains, log endpoints and so on) are not here one by one: `services.kinds` is their table. Neither
are those of TLS, whose table is `resources.tls`.
"""

from functools import partial

from fastly_mcp.sandbox.account import account, automation_tokens, events, tokens, users
from fastly_mcp.sandbox.doors import doors
from fastly_mcp.sandbox.edge import network, purges
from fastly_mcp.sandbox.resources import (
    access_keys,
    alerts,
    authorizations,
    billing,
    compute_acls,
    config_stores,
    documents,
    domains,
    kv_items,
    kv_stores,
    mappings,
    notifications,
    products,
    secret_stores,
    tls,
)
from fastly_mcp.sandbox.routing import Access, Side, family, tree
from fastly_mcp.sandbox.services import (
    acls,
    custom_vcl,
    dictionaries,
    directors,
    http3,
    image_optimizer,
    managed_logging,
    objects,
    packages,
    pools,
    rate_limiters,
    services,
    snippets,
    versioned_domains,
    versions,
)
from fastly_mcp.sandbox.stats import history, inspectors, platform, realtime, usage

classic = partial(family, Side.CLASSIC)
newer = partial(family, Side.NEWER)
node = partial(family, Side.NODE)
door = partial(family, Side.DOOR, access=Access.ANYONE)

SERVICE = "/service/{service_id}"
VERSION = "/service/{service_id}/version/{version}"
DICTIONARY = "/service/{service_id}/dictionary/{container_id}"
ACL = "/service/{service_id}/acl/{container_id}"
POOL = "/service/{service_id}/pool/{container_id}"
CONFIG_STORE = "/resources/stores/config/{resource_id}"
KV_STORE = "/resources/stores/kv/{resource_id}"
SECRET_STORE = "/resources/stores/secret/{resource_id}"
COMPUTE_ACL = "/resources/acls/{resource_id}"

SERVICES = (
    classic("/service", GET=services.list_services, POST=services.create_service),
    classic("/service/search", GET=services.search_service),
    classic(
        SERVICE,
        GET=services.get_service,
        PUT=services.update_service,
        DELETE=services.delete_service,
    ),
    classic(f"{SERVICE}/details", GET=services.get_details),
    classic(f"{SERVICE}/domain", GET=services.list_service_domains),
    classic(f"{SERVICE}/version", GET=versions.list_versions, POST=versions.create_version),
    classic(f"{SERVICE}/version/active", GET=versions.get_active_version),
    classic(VERSION, GET=versions.get_version, PUT=versions.update_version),
    classic(f"{VERSION}/clone", PUT=versions.clone_version),
    classic(f"{VERSION}/lock", PUT=versions.lock_version),
    classic(f"{VERSION}/activate", PUT=versions.activate_version),
    classic(f"{VERSION}/activate/{{environment}}", PUT=versions.activate_version),
    classic(f"{VERSION}/deactivate", PUT=versions.deactivate_version),
    classic(f"{VERSION}/deactivate/{{environment}}", PUT=versions.deactivate_version),
    classic(f"{VERSION}/validate", GET=versions.validate_version),
    classic(f"{VERSION}/generated_vcl", GET=versions.get_generated_vcl),
    classic(f"{VERSION}/settings", GET=versions.get_settings, PUT=versions.update_settings),
    classic(f"{SERVICE}/diff/from/{{from}}/to/{{to}}", GET=versions.diff_versions),
)

OBJECTS = (
    objects.endpoints(),
    classic(f"{VERSION}/domain", GET=versioned_domains.list_domains),
    classic(f"{VERSION}/domain/check_all", GET=versioned_domains.check_domains),
    classic(f"{VERSION}/domain/{{name}}/check", GET=versioned_domains.check_domain),
    classic(f"{VERSION}/vcl/{{name}}/main", PUT=custom_vcl.choose_main_vcl),
    classic(f"{VERSION}/vcl/{{name}}/download", GET=custom_vcl.download_vcl),
    classic(
        f"{VERSION}/director/{{name}}/backend/{{backend}}",
        GET=directors.get_director_backend,
        POST=directors.add_director_backend,
        DELETE=directors.remove_director_backend,
    ),
    classic(
        f"{VERSION}/http3",
        GET=http3.get_http3,
        POST=http3.enable_http3,
        DELETE=http3.disable_http3,
    ),
    newer(
        f"{VERSION}/image_optimizer_default_settings",
        GET=image_optimizer.get_image_settings,
        PATCH=image_optimizer.update_image_settings,
    ),
    classic(f"{VERSION}/package", GET=packages.get_package, PUT=packages.upload_package),
    classic(
        "/rate-limiters/{name}",
        GET=rate_limiters.get_rate_limiter,
        PUT=rate_limiters.update_rate_limiter,
        DELETE=rate_limiters.delete_rate_limiter,
    ),
    classic(f"{VERSION}/dictionary/{{container_id}}/info", GET=dictionaries.get_dictionary_info),
    classic(f"{DICTIONARY}/items", GET=dictionaries.list_items, PATCH=dictionaries.change_items),
    classic(f"{DICTIONARY}/item", POST=dictionaries.ITEMS.create),
    classic(
        f"{DICTIONARY}/item/{{member_id}}",
        GET=dictionaries.get_item,
        PUT=dictionaries.upsert_item,
        PATCH=dictionaries.ITEMS.update,
        DELETE=dictionaries.ITEMS.delete,
    ),
    classic(f"{ACL}/entries", GET=acls.ENTRIES.list, PATCH=acls.change_entries),
    classic(f"{ACL}/entry", POST=acls.ENTRIES.create),
    classic(
        f"{ACL}/entry/{{member_id}}",
        GET=acls.ENTRIES.get,
        PATCH=acls.ENTRIES.update,
        DELETE=acls.ENTRIES.delete,
    ),
    classic(f"{POOL}/servers", GET=pools.SERVERS.list),
    classic(f"{POOL}/server", POST=pools.SERVERS.create),
    classic(
        f"{POOL}/server/{{member_id}}",
        GET=pools.SERVERS.get,
        PUT=pools.SERVERS.update,
        DELETE=pools.delete_server,
    ),
    classic(
        f"{SERVICE}/snippet/{{container_id}}",
        GET=snippets.get_dynamic_snippet,
        PUT=snippets.update_dynamic_snippet,
    ),
    classic(
        f"{SERVICE}/log_stream/managed/instance_output",
        POST=managed_logging.start_log_tailing,
        DELETE=managed_logging.stop_log_tailing,
    ),
)

PURGES = (
    node("/purge/{cached_url}", Access.PURGE_SELECT, POST=purges.purge_url),
    node(f"{SERVICE}/purge", Access.PURGE_SELECT, POST=purges.purge_keys),
    node(f"{SERVICE}/purge/{{surrogate_key}}", Access.PURGE_SELECT, POST=purges.purge_key),
    classic(f"{SERVICE}/purge_all", Access.PURGE_ALL, POST=purges.purge_all),
)

ACCOUNT = (
    classic("/verify", GET=account.verify),
    classic("/current_user", GET=account.get_user),
    classic("/current_customer", GET=account.get_customer),
    classic("/customer/{customer_id}", GET=account.get_customer_by_id),
    classic("/customer/{customer_id}/users", GET=users.list_users),
    classic("/customer/{customer_id}/tokens", GET=tokens.list_customer_tokens),
    classic("/user", POST=users.create_user),
    classic("/user/{user_id}", GET=users.get_user, PUT=users.update_user, DELETE=users.delete_user),
    classic("/user/{login}/password/request_reset", POST=users.request_password_reset),
    classic("/tokens/self", Access.ANY_TOKEN, GET=tokens.get_token, DELETE=tokens.revoke_itself),
    classic(
        "/tokens", GET=tokens.list_tokens, POST=tokens.create_token, DELETE=tokens.revoke_tokens
    ),
    classic("/tokens/{token_id}", DELETE=tokens.revoke_token),
    classic("/sudo", POST=tokens.enter_sudo),
    newer(
        "/automation-tokens",
        GET=automation_tokens.list_tokens,
        POST=automation_tokens.create_token,
    ),
    newer(
        "/automation-tokens/{token_id}",
        GET=automation_tokens.get_token,
        DELETE=automation_tokens.revoke_token,
    ),
    newer("/automation-tokens/{token_id}/services", GET=automation_tokens.list_services),
    newer(
        "/realms/fastly/.well-known/openid-configuration",
        Access.ANYONE,
        GET=account.get_sign_on,
    ),
    documents.endpoints(authorizations.TYPES),
    newer("/events", GET=events.list_events),
    newer("/events/{event_id}", GET=events.get_event),
)

NETWORK = (
    classic("/datacenters", GET=network.list_datacenters),
    classic("/public-ip-list", Access.ANYONE, GET=network.list_addresses),
    classic("/content/edge_check", GET=network.edge_check),
)

STATS = (
    classic("/stats", GET=history.list_stats),
    classic("/stats/aggregate", GET=history.get_aggregate),
    classic("/stats/field/{field}", GET=history.list_field),
    classic("/stats/service/{service_id}", GET=history.get_service_stats),
    classic("/stats/service/{service_id}/field/{field}", GET=history.get_service_field),
    classic("/stats/usage", GET=usage.get_usage),
    classic("/stats/usage_by_service", GET=usage.get_usage_by_service),
    classic("/stats/usage_by_month", GET=usage.get_usage_by_month),
    classic("/stats/regions", GET=history.list_regions),
    classic(f"{SERVICE}/stats/summary", GET=history.get_summary),
    classic("/metrics/domains/services/{service_id}", GET=inspectors.get_domains),
    classic("/metrics/origins/services/{service_id}", GET=inspectors.get_origins),
    classic("/metrics/v2/platform/aggregate/{granularity}", GET=platform.get_aggregate),
    classic("/metrics/v2/platform/entities/{service_id}/{granularity}", GET=platform.get_entity),
    # rt.fastly.com, which the sandbox answers for as well.
    *(
        newer(f"/v1/{what}/{{service_id}}/ts/{when}", access, **{method: handler})
        for what, told in (
            ("channel", realtime.get_channel),
            ("domains", realtime.get_domains),
            ("origins", realtime.get_origins),
        )
        for when in (
            "h",
            "h/limit/{max_entries}",
            "{timestamp}",
            "{timestamp}/limit/{max_entries}",
        )
        for method, handler, access in (
            ("GET", told, Access.READ),
            ("OPTIONS", realtime.get_preflight, Access.ANYONE),
        )
    ),
)

RESOURCES = (
    newer("/domain-management/v1/domains", GET=domains.list_domains, POST=domains.create_domain),
    newer(
        "/domain-management/v1/domains/{domain_id}",
        GET=domains.get_domain,
        PATCH=domains.update_domain,
        DELETE=domains.delete_domain,
    ),
    newer("/domain-management/v1/tools/status", GET=domains.get_status),
    newer("/domain-management/v1/tools/suggest", GET=domains.suggest),
    classic(
        "/resources/stores/config",
        GET=config_stores.list_stores,
        POST=config_stores.create_store,
    ),
    classic(
        CONFIG_STORE,
        GET=config_stores.get_store,
        PUT=config_stores.update_store,
        DELETE=config_stores.delete_store,
    ),
    classic(f"{CONFIG_STORE}/info", GET=config_stores.get_info),
    classic(f"{CONFIG_STORE}/services", GET=config_stores.list_linked_services),
    classic(
        f"{CONFIG_STORE}/items", GET=config_stores.list_items, PATCH=config_stores.change_items
    ),
    classic(f"{CONFIG_STORE}/item", POST=config_stores.create_item),
    classic(
        f"{CONFIG_STORE}/item/{{key}}",
        GET=config_stores.get_item,
        PUT=config_stores.upsert_item,
        PATCH=config_stores.update_item,
        DELETE=config_stores.delete_item,
    ),
    newer("/resources/stores/kv", GET=kv_stores.list_stores, POST=kv_stores.create_store),
    newer(
        KV_STORE,
        GET=kv_stores.get_store,
        PUT=kv_stores.update_store,
        DELETE=kv_stores.delete_store,
    ),
    newer(f"{KV_STORE}/batch", PUT=kv_items.put_batch),
    newer(f"{KV_STORE}/keys", GET=kv_items.list_keys),
    newer(
        f"{KV_STORE}/keys/{{key}}",
        GET=kv_items.get_item,
        PUT=kv_items.put_item,
        DELETE=kv_items.delete_item,
    ),
    newer(
        "/resources/stores/secret",
        GET=secret_stores.list_stores,
        POST=secret_stores.create_store,
    ),
    newer("/resources/stores/secret/client-key", POST=secret_stores.create_client_key),
    newer("/resources/stores/secret/signing-key", GET=secret_stores.get_signing_key),
    newer(SECRET_STORE, GET=secret_stores.get_store, DELETE=secret_stores.delete_store),
    newer(
        f"{SECRET_STORE}/secrets",
        GET=secret_stores.list_secrets,
        POST=secret_stores.put_secret,
        PUT=secret_stores.put_secret,
        PATCH=secret_stores.put_secret,
    ),
    newer(
        f"{SECRET_STORE}/secrets/{{name}}",
        GET=secret_stores.get_secret,
        DELETE=secret_stores.delete_secret,
    ),
    newer("/resources/acls", GET=compute_acls.list_acls, POST=compute_acls.create_acl),
    newer(COMPUTE_ACL, GET=compute_acls.get_acl, DELETE=compute_acls.delete_acl),
    newer(
        f"{COMPUTE_ACL}/entries",
        GET=compute_acls.list_entries,
        PATCH=compute_acls.change_entries,
    ),
    newer(f"{COMPUTE_ACL}/entry/{{ip}}", GET=compute_acls.look_up),
    newer(
        "/resources/object-storage/access-keys",
        GET=access_keys.list_keys,
        POST=access_keys.create_key,
    ),
    newer(
        "/resources/object-storage/access-keys/{resource_id}",
        GET=access_keys.get_key,
        DELETE=access_keys.delete_key,
    ),
)

PRODUCTS = (
    newer("/enabled-products/v1/{product_id}/services", GET=products.list_services),
    newer(
        "/enabled-products/v1/{product_id}/services/{service_id}",
        GET=products.get_product,
        PUT=products.enable_product,
        DELETE=products.disable_product,
    ),
    newer(
        "/enabled-products/v1/{product_id}/services/{service_id}/configuration",
        GET=products.get_configuration,
        PATCH=products.update_configuration,
    ),
    newer(
        "/enabled-products/v1/{product_id}",
        GET=products.get_account_product,
        PUT=products.enable_account_product,
        DELETE=products.disable_account_product,
    ),
)

ALERTS = (
    newer("/alerts/definitions", GET=alerts.list_definitions, POST=alerts.create_definition),
    newer("/alerts/definitions/test", POST=alerts.test_definition),
    newer(
        "/alerts/definitions/{definition_id}",
        GET=alerts.get_definition,
        PUT=alerts.update_definition,
        DELETE=alerts.delete_definition,
    ),
    newer("/alerts/history", GET=alerts.list_history),
    newer("/notifications/integration-types", GET=notifications.list_types),
    newer(
        "/notifications/integrations",
        GET=notifications.list_integrations,
        POST=notifications.create_integration,
    ),
    newer(
        "/notifications/integrations/{integration_id}",
        GET=notifications.get_integration,
        PATCH=notifications.update_integration,
        DELETE=notifications.delete_integration,
    ),
    newer(
        "/notifications/integrations/{integration_id}/signingKey",
        GET=notifications.get_signing_key,
    ),
    newer(
        "/notifications/integrations/{integration_id}/rotateSigningKey",
        POST=notifications.rotate_signing_key,
    ),
    newer("/notifications/mailinglist-confirmations", POST=notifications.confirm_mailing_list),
    newer(
        "/notifications/v1/event-mappings",
        GET=mappings.list_mappings,
        POST=mappings.create_mapping,
    ),
    newer("/notifications/v1/event-mappings/event-types", GET=mappings.list_event_types),
    newer("/notifications/v1/event-mappings/scope-types", GET=mappings.list_scope_types),
    newer(
        "/notifications/v1/event-mappings/{mapping_id}",
        GET=mappings.get_mapping,
        PUT=mappings.update_mapping,
        DELETE=mappings.delete_mapping,
    ),
)

BILLING = (
    newer("/billing/v3/invoices", GET=billing.list_invoices),
    newer("/billing/v3/invoices/month-to-date", GET=billing.get_month_to_date),
    newer("/billing/v3/invoices/{invoice_id}", GET=billing.get_invoice),
    newer("/billing/v3/usage-metrics", GET=billing.list_usage),
    newer("/billing/v3/service-usage-metrics", GET=billing.list_service_usage),
)

TLS = (documents.endpoints(tls.TYPES),)

DOORS = (
    door("/_sandbox/reset", POST=doors.reset),
    door("/_sandbox/clock", GET=doors.get_clock, POST=doors.set_clock),
    door("/_sandbox/log", GET=doors.get_log),
    door("/_sandbox/purges", GET=doors.get_purges),
    door("/_sandbox/digest", GET=doors.get_digest),
    door("/_sandbox/edge", GET=doors.look_at_edge),
    door("/_sandbox/request", POST=doors.request_url),
    door(
        "/_sandbox/faults",
        GET=doors.get_faults,
        POST=doors.plan_fault,
        DELETE=doors.forget_faults,
    ),
)

ENDPOINTS = tuple(
    endpoint
    for group in (
        SERVICES,
        OBJECTS,
        PURGES,
        ACCOUNT,
        NETWORK,
        STATS,
        RESOURCES,
        PRODUCTS,
        ALERTS,
        BILLING,
        TLS,
        DOORS,
    )
    for lines in group
    for endpoint in lines
)
ROOT = tree(ENDPOINTS)
