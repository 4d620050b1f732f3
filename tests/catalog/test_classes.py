"""Every write has one class, and credentials are told from all else."""

import re
from collections import Counter
from contextlib import suppress

import pytest

from fastly_mcp.api.catalog.catalog import load
from fastly_mcp.api.catalog.checking import Request
from fastly_mcp.api.catalog.classes import class_of
from fastly_mcp.api.credentials import OPERATIONS
from fastly_mcp.api.secret_fields import NAMES
from fastly_mcp.config import WriteClass
from fastly_mcp.errors import NotPermitted
from fastly_mcp.tools.write import PURGES
from tests.conftest import SHOP, Connect
from tests.tools.upstream import BLOG

pytestmark = pytest.mark.anyio

WRITES = {operation.id: operation for operation in load() if operation.method != "GET"}

LOGS = """
aws_s3 azure bigquery cloudfiles datadog digocean elasticsearch ftp gcp_pubsub gcs grafanacloudlogs
heroku honeycomb https kafka kinesis logentries loggly logshuttle newrelic newrelicotlp openstack
papertrail scalyr sftp splunk sumologic syslog
"""

BY_CLASS = {
    WriteClass.CONFIG: """
activate_dm_routing_config_draft activate_service_version activate_service_version_environment
arc_create_provider_connection arc_delete_provider_connection arc_update_provider_connection
clone_service_version create_acl create_apex_redirect create_backend create_cache_settings
create_condition create_custom_vcl create_dashboard create_dictionary create_director
create_director_backend create_dm_domain create_dm_routing_config create_dm_routing_config_path
create_dm_routing_config_rule create_domain create_gzip_config create_header_object
create_healthcheck create_http3 create_pool_server create_request_settings create_resource
create_response_object create_server_pool create_service create_service_star create_service_version
create_snippet deactivate_dm_routing_config deactivate_service_version
deactivate_service_version_environment delete_acl delete_apex_redirect delete_backend
delete_cache_settings delete_condition delete_custom_vcl delete_dashboard delete_dictionary
delete_director delete_director_backend delete_dm_domain delete_dm_routing_config
delete_dm_routing_config_inactive_versions delete_dm_routing_config_path
delete_dm_routing_config_rule delete_domain delete_gzip_config delete_header_object
delete_healthcheck delete_http3 delete_pool_server delete_request_settings delete_resource
delete_response_object delete_server_pool delete_service delete_service_star delete_snippet
disable_product_ai_accelerator disable_product_ai_runtime_control
disable_product_brotli_compression disable_product_domain_inspector disable_product_domain_research
disable_product_fanout disable_product_image_optimizer disable_product_kv_store
disable_product_log_explorer_insights disable_product_object_storage
disable_product_origin_inspector disable_product_websockets discard_dm_routing_config_draft
enable_ai_accelerator enable_domain_research enable_kv_store enable_object_storage
enable_product_ai_runtime_control enable_product_brotli_compression enable_product_domain_inspector
enable_product_fanout enable_product_image_optimizer enable_product_log_explorer_insights
enable_product_origin_inspector enable_product_websockets lint_vcl_default lint_vcl_for_service
lock_service_version put_package reactivate_dm_routing_config_version set_custom_vcl_main
update_acl update_apex_redirect update_backend update_cache_settings update_condition
update_custom_vcl update_dashboard update_default_settings update_dictionary update_director
update_dm_domain update_dm_routing_config_draft update_dm_routing_config_path
update_dm_routing_config_rule update_domain update_gzip_config update_header_object
update_healthcheck update_pool_server update_request_settings update_resource
update_response_object update_server_pool update_service update_service_settings
update_service_version update_snippet update_snippet_dynamic
""",
    WriteClass.DATA: """
bulk_purge_tag bulk_update_acl_entries bulk_update_config_store_item bulk_update_dictionary_item
client_key compute_acl_create_acls compute_acl_delete_s_acl_id compute_acl_update_acls
create_acl_entry create_config_store create_config_store_item create_dictionary_item create_secret
create_secret_store delete_acl_entry delete_config_store delete_config_store_item
delete_dictionary_item delete_secret delete_secret_store kv_store_create kv_store_delete
kv_store_delete_item kv_store_put kv_store_upsert_item must_recreate_secret publish purge_all
purge_single_url purge_tag recreate_secret update_acl_entry update_config_store
update_config_store_item update_dictionary_item upsert_config_store_item upsert_dictionary_item
""",
    WriteClass.LOGGING: " ".join(
        f"{verb}_log_{name}" for verb in ("create", "update", "delete") for name in LOGS.split()
    ),
    WriteClass.TLS: """
create_csr create_globalsign_email_challenge create_mutual_tls_authentication create_tls_activation
create_tls_cert create_tls_key create_tls_sub delete_bulk_tls_cert
delete_globalsign_email_challenge delete_mutual_tls delete_tls_activation delete_tls_cert
delete_tls_key delete_tls_sub patch_mutual_authentication patch_tls_sub update_bulk_tls_cert
update_tls_activation update_tls_cert update_tls_config upload_tls_bulk_cert
""",
    WriteClass.SECURITY: """
api_security_bulk_add_tags_to_operations api_security_bulk_create_operations
api_security_bulk_delete_operations api_security_create_operation api_security_create_operation_tag
api_security_delete_operation api_security_delete_operation_tag api_security_update_operation
api_security_update_operation_tag bot_management_update_bot bot_management_update_category
bot_management_update_workspace create_network_protect_endpoint create_network_protect_network
create_network_protect_prefix_list create_network_protect_rule_set create_rate_limiter
csp_create_page csp_create_policy csp_create_website csp_delete_page csp_delete_website
csp_update_page csp_update_policy csp_update_script csp_update_website ddos_protection_rule_patch
delete_network_protect_endpoint delete_network_protect_network delete_network_protect_prefix_list
delete_network_protect_rule_set delete_rate_limiter disable_product_api_discovery
disable_product_bot_management disable_product_ddos_protection disable_product_ngwaf
enable_product_api_discovery enable_product_bot_management enable_product_ddos_protection
enable_product_ngwaf ngwaf_simulate_waf_request set_product_bot_management_configuration
set_product_ddos_protection_configuration set_product_ngwaf_configuration
update_network_protect_endpoint update_network_protect_network update_network_protect_prefix_list
update_network_protect_rule_set update_rate_limiter
""",
    WriteClass.PEOPLE: """
add_billing_addr add_service_group_services add_user_group_members add_user_group_roles
add_user_group_service_groups arc_create_virtual_key arc_delete_virtual_key arc_rotate_virtual_key
arc_update_virtual_key arc_update_virtual_key_failover bulk_revoke_tokens create_a_service_group
create_a_user_group create_access_key create_automation_token create_contacts
create_customer_address create_invitation create_service_authorization create_token create_user
delete_a_service_group delete_a_user_group delete_access_key delete_billing_addr delete_contact
delete_customer delete_invitation delete_service_authorization delete_service_authorization2
delete_user remove_service_group_services remove_user_group_members remove_user_group_roles
remove_user_group_service_groups request_password_reset request_sudo_access
revoke_automation_token_id revoke_token revoke_token_current update_a_service_group
update_a_user_group update_billing_addr update_customer update_customer_address
update_service_authorization update_service_authorization2 update_user update_user_password
""",
}

BESIDE = {
    "create_backend": "ssl_client_key",
    "create_director": "ssl_client_key",
    "create_server_pool": "tls_client_key",
    "create_service": "publish_key",
    "get_backend": "ssl_client_key",
    "get_director": "ssl_client_key",
    "get_server_pool": "tls_client_key",
    "get_service": "publish_key",
    "get_service_detail": "publish_key ssl_client_key",
    "list_access_keys": "access_key secret_key",
    "list_backends": "ssl_client_key",
    "list_directors": "ssl_client_key",
    "list_server_pools": "tls_client_key",
    "search_service": "publish_key",
    "update_backend": "ssl_client_key",
    "update_director": "ssl_client_key",
    "update_server_pool": "tls_client_key",
    "update_service": "publish_key",
}
"""Operations with another point than the secrets in their answers; those of log endpoints apart."""


def test_every_write_has_the_class_that_was_judged() -> None:
    judged = {
        operation: each for each, operations in BY_CLASS.items() for operation in operations.split()
    }
    assert sum(len(operations.split()) for operations in BY_CLASS.values()) == len(judged) == 365
    assert {id_: class_of(operation) for id_, operation in WRITES.items()} == judged


def test_a_group_that_nobody_judged_has_no_class() -> None:
    operation = WRITES["create_backend"]._replace(group="trial")
    with pytest.raises(KeyError, match="trial"):
        class_of(operation)


def test_every_operation_that_purges_has_its_tool() -> None:
    assert {id_ for id_, each in WRITES.items() if each.group == "purge"} == PURGES.keys()


def test_an_answer_with_a_secret_is_judged_to_be_for_it_or_to_have_it_beside() -> None:
    catalog, found = load(), dict[str, str]()
    for operation in catalog:
        names = {field.name.rpartition(".")[2] for field in catalog.all_fields(operation)} & NAMES
        if names and not operation.group.startswith("logging_"):
            found[operation.id] = " ".join(sorted(names))
    # The key that secrets are encrypted with, and those that take a password, answer no secret.
    no_secret = {"client_key", "request_sudo_access", "update_user_password"}
    assert OPERATIONS.keys() - found.keys() == no_secret
    assert {id_: names for id_, names in found.items() if id_ not in OPERATIONS} == BESIDE


def test_what_takes_a_persons_password_is_judged_to_be_about_credentials() -> None:
    passwords = {"old_password", "new_password"}
    takes = {
        id_
        for id_, operation in WRITES.items()
        if operation.group in {"user", "sudo", "tokens"}
        and {each.name for each in operation.parameters} & (passwords | {"password"})
    }
    assert takes == {"request_sudo_access", "update_user_password"}


async def test_what_passes_where_the_operator_limits_the_services(connect: Connect) -> None:
    connection = connect(FASTLY_MCP_SERVICES=SHOP, FASTLY_MCP_ALLOW_SECRETS="1")
    passes = Counter[WriteClass]()
    for operation in WRITES.values():
        for service_id in (SHOP, BLOG):
            names = re.findall(r"{(\w+)}", operation.path)
            request = Request(operation, {**dict.fromkeys(names, SHOP), "service_id": service_id})
            if "service_id" not in names:
                del request.segments["service_id"]
            with suppress(NotPermitted):
                await connection.check_reach(request)
                assert service_id == SHOP
                passes[class_of(operation)] += 1
    assert passes == {
        WriteClass.CONFIG: 86,
        WriteClass.DATA: 13,
        WriteClass.LOGGING: 84,
        WriteClass.SECURITY: 21,
    }
