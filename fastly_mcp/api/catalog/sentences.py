"""What the operations do that do more, or less, than keep one object of a collection."""

SENTENCES: dict[str, str] = {
    # Services and versions
    "search_service": "Find a service by its exact name",
    "get_service_detail": "Get a service in detail: the whole configuration of its active version",
    "list_service_domains": "List the domains that a service answers for, in its active version",
    "get_service_stats": "Get a summary of a service's traffic: requests, hit ratio, bandwidth",
    "create_service_version": "Create an empty new version of a service",
    "list_service_versions": "List the versions of a service: number, active, locked, comment",
    "get_service_version": "Get one version of a service: active, locked, comment",
    "update_service_version": "Update the comment of a service version",
    "activate_service_version": "Activate a service version: deploy it live to production",
    "activate_service_version_environment": "Activate a service version in staging only",
    "deactivate_service_version": "Deactivate a service version: the service serves no traffic",
    "deactivate_service_version_environment": "Deactivate a service version in staging only",
    "clone_service_version": "Clone a service version into a new draft that can be changed",
    "lock_service_version": "Lock a service version against changes",
    "validate_service_version": "Validate a service version: errors and warnings before activating",
    "diff_service_versions": "Compare two versions of a service: what changed in the configuration",
    "vcl_diff_service_versions": "Compare the generated VCL of two versions of a service",
    "get_service_settings": "Get the settings of a service version: default TTL, default host, "
    "stale if error",
    "update_service_settings": "Update the settings of a service version: default TTL, default "
    "host, stale if error",
    "check_domain": "Check whether the DNS of one domain of a service version points to Fastly",
    "check_domains": "Check whether the DNS of all domains of a service version points to Fastly",
    "create_director_backend": "Add a backend to a director of a service version",
    "get_director_backend": "Get the link of a backend to a director of a service version",
    "delete_director_backend": "Remove a backend from a director of a service version",
    "create_http3": "Enable HTTP/3 (QUIC) in a service version",
    "get_http3": "Check whether HTTP/3 (QUIC) is enabled in a service version",
    "delete_http3": "Disable HTTP/3 (QUIC) in a service version",
    "get_default_settings": "Get the Image Optimizer default settings of a service version: "
    "WebP, AVIF, JPEG quality, resizing",
    "update_default_settings": "Update the Image Optimizer default settings of a service version: "
    "WebP, AVIF, JPEG quality, resizing",
    "get_package": "Get the Compute package of a service version: its language, size and hash",
    "put_package": "Upload a Compute package (Wasm code) to a service version: a file, only by "
    "the Fastly CLI",
    "bulk_update_acl_entries": "Update many entries of an ACL at once: IP addresses to create, "
    "update or delete",
    "create_acl_entry": "Add an entry to an ACL: an IP address or range to block or allow, live "
    "without a new version",
    "bulk_update_dictionary_item": "Update many items of an edge dictionary at once: create, "
    "update, upsert or delete",
    "upsert_dictionary_item": "Set an item of an edge dictionary: create it or update its value",
    "get_dictionary_info": "Get how many items an edge dictionary has and when it was last updated",
    # VCL
    "list_custom_vcl": "List the custom VCL files of a service version: its own VCL code",
    "get_custom_vcl": "Get one custom VCL file of a service version: name, content, main or not",
    "get_custom_vcl_boilerplate": "Get the boilerplate VCL of a service version, to start a custom "
    "VCL file from",
    "get_custom_vcl_generated": "Get the generated VCL of a service version: the whole code that "
    "runs",
    "get_custom_vcl_generated_highlighted": "Get the generated VCL of a service version as "
    "highlighted HTML",
    "get_custom_vcl_highlighted": "Get a custom VCL file of a service version as highlighted HTML",
    "get_custom_vcl_raw": "Download the source of a custom VCL file of a service version as text",
    "set_custom_vcl_main": "Make a custom VCL file the main one of a service version",
    "lint_vcl_default": "Lint VCL code: check its syntax, for no service in particular",
    "lint_vcl_for_service": "Lint VCL code: check its syntax for a service",
    # Purging, publishing, looking
    "purge_single_url": "Purge one URL from the cache",
    "purge_tag": "Purge all content with one surrogate key (cache tag) from a service's cache",
    "bulk_purge_tag": "Purge all content with any of several surrogate keys (cache tags) from a "
    "service's cache",
    "purge_all": "Purge everything from a service's cache",
    "publish": "Publish messages to the subscribers of a Fanout channel of a service",
    "content_check": "Check what every POP has cached of a URL: headers, status, content hash",
    "list_pops": "List the POPs: Fastly's data centers, their codes, shields and regions",
    "list_fastly_ips": "List the IP addresses of Fastly, to allow at an origin's firewall",
    # Traffic
    "get_hist_stats": "Get historical stats of every service: requests, bandwidth, hits, misses, "
    "errors by minute, hour or day",
    "get_hist_stats_aggregated": "Get historical stats of the whole account, all services summed",
    "get_hist_stats_field": "Get historical stats of one field for every service, like requests "
    "or hit_ratio",
    "get_hist_stats_service": "Get historical stats of one service: requests, bandwidth, hit "
    "ratio, errors by minute, hour or day",
    "get_hist_stats_service_field": "Get historical stats of one field of one service, like "
    "hit_ratio or status_5xx",
    "get_regions": "List the regions that historical stats can be asked for",
    "get_usage": "Get the usage of the account by region: bandwidth, requests, compute requests",
    "get_usage_month": "Get the usage of the account in a month, by service and region",
    "get_usage_service": "Get the usage of each service by region: bandwidth and requests",
    "get_stats_last120_seconds": "Get real-time stats of a service for the last 120 seconds: "
    "requests, errors, hits, bandwidth",
    "get_stats_last120_seconds_limit_entries": "Get real-time stats of a service, at most so "
    "many seconds: requests, errors, hits, bandwidth",
    "get_stats_last_second": "Get real-time stats of a service since a timestamp (0: now): "
    "requests, errors, hits, bandwidth",
    "get_domain_inspector_historical": "Get historical metrics of a service by domain (Domain "
    "Inspector)",
    "get_domain_inspector_last120_seconds": "Get real-time metrics of a service by domain for the "
    "last 120 seconds (Domain Inspector)",
    "get_domain_inspector_last_max_entries": "Get real-time metrics of a service by domain, at "
    "most so many entries (Domain Inspector)",
    "get_domain_inspector_last_second": "Get real-time metrics of a service by domain since a "
    "timestamp, 0 for now (Domain Inspector)",
    "get_origin_inspector_historical": "Get historical metrics of a service by origin: latency, "
    "status codes, bytes (Origin Inspector)",
    "get_origin_inspector_last120_seconds": "Get real-time metrics of a service by origin for the "
    "last 120 seconds (Origin Inspector)",
    "get_origin_inspector_last_max_entries": "Get real-time metrics of a service by origin, at "
    "most so many entries (Origin Inspector)",
    "get_origin_inspector_last_second": "Get real-time metrics of a service by origin since a "
    "timestamp, 0 for now (Origin Inspector)",
    "get_platform_metrics_aggregate_historical": "Get historical platform metrics of the whole "
    "account, by minute, hour or day",
    "get_platform_metrics_entity_historical": "Get historical platform metrics of one entity, "
    "like a service, by minute, hour or day",
    "get_platform_ddos_historical": "Get historical metrics of platform-wide DDoS attacks that "
    "Fastly mitigated",
    "get_bot_request_metrics_service_historical": "Get historical metrics of bot requests to a "
    "service",
    "timeseries_get": "Get metrics as time series, by chosen dimensions (Observability)",
    "log_aggregations_get": "Get aggregates over the logs of a service, like top URLs or counts "
    "by status (Observability)",
    "get_log_insights": "Get insights from the logs of a service: top URLs, slow or failing "
    "requests, countries, browsers",
    "get_log_records": "Search the request logs of a service, record by record (Log Explorer)",
    "get_log_endpoint_errors": "Get the errors of a service's logging endpoints: why logs are not "
    "delivered",
    # TLS
    "get_tls_cert_blob": "Download the PEM of a custom TLS certificate",
    "create_csr": "Create a certificate signing request (CSR) for a TLS certificate",
    "list_tls_domains": "List the TLS domains: which certificates, activations and subscriptions "
    "each has",
    "create_tls_cert": "Upload a custom TLS certificate",
    "create_tls_key": "Upload a TLS private key",
    "create_tls_sub": "Order a TLS certificate that Fastly gets and renews (TLS subscription)",
    "update_tls_cert": "Replace a custom TLS certificate with a newer one",
    "upload_tls_bulk_cert": "Upload a Platform TLS certificate",
    "update_bulk_tls_cert": "Replace a Platform TLS certificate with a newer one",
    "create_tls_activation": "Activate TLS for a domain with a certificate (TLS activation)",
    "update_tls_activation": "Change the certificate that a domain uses (TLS activation)",
    "delete_tls_activation": "Deactivate TLS for a domain (TLS activation)",
    "create_globalsign_email_challenge": "Create a GlobalSign email challenge for a TLS "
    "subscription, to prove the domain by mail",
    "delete_globalsign_email_challenge": "Delete a GlobalSign email challenge of a TLS "
    "subscription",
    # Stores
    "kv_store_list_item_keys": "List the keys of a KV (key-value) store",
    "kv_store_get_item": "Get the value of a key of a KV store",
    "kv_store_upsert_item": "Set the value of a key of a KV store: create or replace it",
    "kv_store_delete_item": "Delete a key and its value from a KV store",
    "kv_store_put": "Rename a KV store",
    "update_config_store": "Rename a config store",
    "upsert_config_store_item": "Set an item of a config store: create it or update its value",
    "bulk_update_config_store_item": "Update many items of a config store at once: create, "
    "update, upsert or delete",
    "get_config_store_info": "Get how many items a config store has",
    "list_config_store_services": "List the services that use a config store",
    "client_key": "Create a client key, to encrypt a secret before it is sent to a secret store",
    "signing_key": "Get the public signing key that client keys of secret stores are verified with",
    "create_secret": "Create a secret in a secret store",
    "recreate_secret": "Set a secret of a secret store: create it or replace its value",
    "must_recreate_secret": "Replace the value of an existing secret of a secret store (rotate)",
    "delete_secret": "Delete a secret from a secret store",
    "compute_acl_list_acl_entries": "List the entries of an ACL of Compute: IP prefixes, allowed "
    "or blocked",
    "compute_acl_update_acls": "Update entries of an ACL of Compute: IP prefixes to allow or block",
    "compute_acl_lookup_acls": "Check whether an IP address is on an ACL of Compute, and which "
    "entry matches",
    # Domains
    "list_domain_ownerships": "List the domains whose ownership the account has verified",
    "domain_status": "Check whether a domain name can be registered (Domain Research)",
    "suggest_domains": "Suggest domain names for a query (Domain Research)",
    "activate_dm_routing_config_draft": "Activate the draft of a routing configuration (Domain "
    "Management)",
    "deactivate_dm_routing_config": "Deactivate a routing configuration (Domain Management)",
    "discard_dm_routing_config_draft": "Discard the draft of a routing configuration (Domain "
    "Management)",
    "update_dm_routing_config_draft": "Update the draft of a routing configuration (Domain "
    "Management)",
    "get_dm_routing_config_draft_diff": "Compare the draft of a routing configuration with what "
    "is active (Domain Management)",
    "list_dm_routing_config_versions": "List the versions of a routing configuration (Domain "
    "Management)",
    "delete_dm_routing_config_inactive_versions": "Delete all inactive versions of a routing "
    "configuration (Domain Management)",
    "reactivate_dm_routing_config_version": "Reactivate an earlier version of a routing "
    "configuration, to roll back (Domain Management)",
    # Security
    "ngwaf_list_agent_keys": "List the agent keys of a Next-Gen WAF workspace",
    "get_attacks_report": "Get the Next-Gen WAF report of attacks by workspace: counts, blocked, "
    "top sources",
    "get_signals_report": "Get the Next-Gen WAF report of signals: how often each was seen",
    "ngwaf_simulate_waf_request": "Simulate how the Next-Gen WAF of a workspace would judge a "
    "request",
    "bot_management_list_workspaces": "List the workspaces of Bot Management: their services and "
    "bot policies",
    "bot_management_list_bots": "List all bots in the policy of a Bot Management workspace",
    "ddos_protection_event_rule_list": "List the rules of an attack event of DDoS Protection, with "
    "their traffic",
    "ddos_protection_traffic_stats_rule_get": "Get the traffic of a rule in an attack event of "
    "DDoS Protection",
    "csp_list_headers": "List the security headers that a page sends (Client-Side Protection)",
    "csp_list_header_events": "List the changes seen in a page's security headers (Client-Side "
    "Protection)",
    "csp_list_policy_reports": "List the violation reports of a page's content security policy "
    "(Client-Side Protection)",
    "api_security_list_discovered_operations": "List the API endpoints discovered in a service's "
    "traffic (API Discovery)",
    "api_security_bulk_create_operations": "Save many API operations of a service at once (API "
    "Discovery)",
    "api_security_bulk_delete_operations": "Delete many saved API operations of a service at once "
    "(API Discovery)",
    "api_security_bulk_add_tags_to_operations": "Tag many saved API operations of a service at "
    "once (API Discovery)",
    # AI Runtime Control
    "arc_get_supported_providers": "List the LLM providers that AI Runtime Control supports",
    "arc_get_bedrock_setup": "Get what Amazon Bedrock needs to be set up as a provider (AI "
    "Runtime Control)",
    "arc_get_models_for_provider": "List the models of an LLM provider (AI Runtime Control)",
    "arc_get_session_logs": "List the sessions with LLMs: requests, tokens, violations (AI Runtime "
    "Control)",
    "arc_get_usage_metrics": "Get the usage of LLMs by day: tokens and requests (AI Runtime "
    "Control)",
    "arc_export_usage_metrics": "Export the usage of LLMs, also as CSV (AI Runtime Control)",
    "arc_get_virtual_key_failover": "Get the failover of a virtual key: to which other LLM "
    "providers (AI Runtime Control)",
    "arc_update_virtual_key_failover": "Update the failover of a virtual key: to which other LLM "
    "providers (AI Runtime Control)",
    "arc_rotate_virtual_key": "Rotate a virtual key (AI Runtime Control)",
    # Account
    "get_logged_in_customer": "Get the customer account of the current token",
    "get_current_user": "Get the user that the current token belongs to (who am I)",
    "list_users": "List the users of a customer account: names, logins, roles, two-factor "
    "authentication",
    "create_user": "Create a user in the account: a person's login and role",
    "update_user_password": "Change the password of the current user",
    "request_password_reset": "Send a user the mail to reset a password",
    "request_sudo_access": "Request sudo access: raised rights for a short time",
    "create_invitation": "Invite a person to the account by mail",
    "list_invitations": "List the open invitations of people to the account",
    "delete_invitation": "Withdraw an invitation of a person to the account",
    "list_tokens_user": "List the API tokens of the current user: scope, services, expiry, last "
    "used",
    "list_tokens_customer": "List the API tokens of all users of a customer: scope, services, "
    "expiry, last used",
    "get_token_current": "Get the API token in use: its scope, services and expiry",
    "create_token": "Create an API token of a user with a scope and an expiry",
    "revoke_token": "Revoke an API token",
    "revoke_token_current": "Revoke the API token in use",
    "bulk_revoke_tokens": "Revoke many API tokens at once",
    "revoke_automation_token_id": "Revoke an automation token",
    "get_automation_tokens_id_services": "List the services that an automation token may use",
    "get_automation_tokens_id_workspaces": "List the Next-Gen WAF workspaces that an automation "
    "token may use",
    "list_permissions": "List the permissions that roles are made of (IAM)",
    "update_service_authorization2": "Update many service authorizations at once",
    "delete_service_authorization2": "Delete many service authorizations at once",
    "add_service_group_services": "Add services to a service group (IAM)",
    "list_service_group_services": "List the services of a service group (IAM)",
    "remove_service_group_services": "Remove services from a service group (IAM)",
    "add_user_group_members": "Add users to a user group (IAM)",
    "list_user_group_members": "List the people who are in a user group (IAM)",
    "remove_user_group_members": "Remove users from a user group (IAM)",
    "add_user_group_roles": "Give roles to a user group (IAM)",
    "list_user_group_roles": "List the roles of a user group (IAM)",
    "remove_user_group_roles": "Take roles from a user group (IAM)",
    "add_user_group_service_groups": "Give a user group access to service groups (IAM)",
    "list_user_group_service_groups": "List the service groups that a user group has access to "
    "(IAM)",
    "remove_user_group_service_groups": "Take access to service groups from a user group (IAM)",
    # Billing
    "add_billing_addr": "Create the billing address of a customer",
    "get_billing_addr": "Get the billing address of a customer",
    "update_billing_addr": "Update the billing address of a customer",
    "delete_billing_addr": "Delete the billing address of a customer",
    "get_month_to_date_invoice": "Get the running invoice of this month: costs so far",
    "get_usage_metrics": "Get the billed usage of the account by product and month",
    "get_service_level_usage": "Get the billed usage of each service, by product and month",
    "update_customer_address": "Update the tax or billing address of the customer",
}
