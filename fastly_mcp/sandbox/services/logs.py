"""The log endpoints: their fields beyond those that all of them have.

Recorded [go-fastly <provider>/get.yaml, 2026-07]; pubsub is Google's, scalyr is DataSet.
"""

from fastly_mcp.sandbox.services.fields import (
    PORTS,
    Field,
    choice,
    digits,
    flag,
    flag_digit,
    optional,
    optional_choice,
    text,
    whole,
)

MESSAGE_TYPE = choice("classic", "blank", "loggly", "logplex")
CODEC = optional_choice("zstd", "snappy", "gzip")
FORMAT_VERSIONS = (1, 2)

EVERY: dict[str, Field] = {
    "format": text('%h %l %u %t "%r" %>s %b'),
    "format_version": digits(2, FORMAT_VERSIONS),
    "log_processing_region": choice("none", "eu", "us"),
    # The client does not declare `waf_debug`, which Terraform's provider sends.
    "placement": optional_choice("none", "null", "waf_debug"),
    "response_condition": text(refers_to="conditions"),
}
FILES: dict[str, Field] = {
    "compression_codec": CODEC,
    "gzip_level": digits(0, echoes_number=True),
    "message_type": MESSAGE_TYPE,
    "path": optional(),
    "period": digits(3600),
    "public_key": optional(),
    "timestamp_format": text("%Y-%m-%dT%H:%M:%S.000"),
}
"""What is written in files has a period and may be compressed."""
TLS: dict[str, Field] = {
    "tls_ca_cert": optional(),
    "tls_client_cert": optional(),
    "tls_client_key": optional(),
    "tls_hostname": optional(),
}
BATCHES: dict[str, Field] = {"request_max_bytes": whole(0), "request_max_entries": whole(0)}
AWS: dict[str, Field] = {"access_key": optional(), "iam_role": text(), "secret_key": optional()}
GOOGLE: dict[str, Field] = {
    "account_name": optional(),
    "project_id": text(),
    "secret_key": text(),
    "user": text(),
}
TOKEN: dict[str, Field] = {"token": text()}
URL: dict[str, Field] = {"url": text()}
REGION: dict[str, Field] = {"region": choice("US", "EU")}

LOGS: dict[str, dict[str, Field]] = {
    name: EVERY | fields
    for name, fields in {
        "azureblob": FILES
        | {
            "account_name": text(),
            "container": text(),
            "file_max_bytes": whole(0),
            "sas_token": text(),
        },
        "bigquery": GOOGLE | {"dataset": text(), "table": text(), "template_suffix": text()},
        "cloudfiles": FILES
        | {
            "access_key": text(),
            "bucket_name": text(),
            "region": optional_choice("DFW", "ORD", "IAD", "LON", "SYD", "HKG", "null"),
            "user": text(),
        },
        "datadog": TOKEN
        # `EU` is the CLI's word for the legacy one.
        | {"region": choice("US", "US3", "US5", "EU (legacy, same as EU1)", "EU", "EU1", "AP1")},
        "digitalocean": FILES
        | {
            "access_key": text(),
            "bucket_name": text(),
            "domain": text("nyc3.digitaloceanspaces.com"),
            "redundancy": optional(),
            "secret_key": text(),
        },
        "elasticsearch": TLS
        | BATCHES
        | URL
        | {
            "index": text(),
            "password": optional(),
            "pipeline": optional(),
            "user": optional(),
        },
        "ftp": FILES
        | {
            "address": text(),
            "hostname": optional(),
            "ipv4": optional(),
            "password": text(),
            "port": digits(21, PORTS),
            "user": text(),
        },
        "gcs": FILES | GOOGLE | {"bucket_name": text()},
        "grafanacloudlogs": TOKEN | URL | {"index": text(), "user": text()},
        "heroku": TOKEN | URL,
        "honeycomb": TOKEN | {"dataset": text()},
        "https": TLS
        | BATCHES
        | URL
        | {
            "add_batch_size_header": flag(),
            "compression_codec": CODEC,
            "content_type": optional(),
            "gzip_level": whole(0),
            "header_name": optional(),
            "header_value": optional(),
            "json_format": choice("0", "1", "2"),
            "message_type": MESSAGE_TYPE,
            "method": choice("POST", "PUT"),
            "period": whole(5),
        },
        "kafka": TLS
        | {
            "auth_method": optional_choice("plain", "scram-sha-256", "scram-sha-512"),
            "brokers": text(),
            "compression_codec": optional_choice("gzip", "snappy", "lz4", "null"),
            # Recorded so for this log endpoint alone [go-fastly kafkas/create.yaml].
            "format_version": digits(2, FORMAT_VERSIONS, echoes_number=True),
            "parse_log_keyvals": flag(),
            "password": optional(),
            "request_max_bytes": whole(0),
            "required_acks": digits(1, (1, 0, -1)),
            "topic": text(),
            "use_tls": flag_digit(),
            "user": optional(),
        },
        "kinesis": AWS | {"region": text("us-east-1"), "topic": text()},
        "logentries": TOKEN
        | {
            # An empty one stays empty here, though it starts as null.
            "hostname": Field(None, text().read),
            "port": digits(20000, PORTS, echoes_number=True),
            "public_key": optional(),
            "region": optional_choice("US", "US-2", "US-3", "EU", "CA", "AU", "AP"),
            "use_tls": flag_digit(1),
        },
        "loggly": TOKEN | {"public_key": optional()},
        "logshuttle": TOKEN | URL,
        "newrelic": TOKEN | REGION,
        "newrelicotlp": TOKEN | {"region": optional_choice("US", "EU"), "url": optional()},
        "openstack": FILES
        | URL
        | {
            "access_key": text(),
            "bucket_name": text(),
            "user": text(),
        },
        "papertrail": {"address": text(), "port": digits(514, PORTS), "public_key": optional()},
        "pubsub": GOOGLE | {"topic": text()},
        "s3": FILES
        | AWS
        | {
            "acl": optional(),
            "bucket_name": text(),
            "domain": text("s3.amazonaws.com"),
            "file_max_bytes": whole(0),
            "redundancy": optional(),
            "server_side_encryption": optional(),
            "server_side_encryption_kms_key_id": optional(),
        },
        "scalyr": TOKEN | REGION | {"project_id": text("logplex")},
        "sftp": FILES
        | {
            "address": text(),
            "gzip_level": whole(0),
            "password": text(),
            "port": digits(22, PORTS),
            "secret_key": optional(),
            "ssh_known_hosts": text(),
            "user": text(),
        },
        "splunk": TLS | BATCHES | TOKEN | URL | {"use_tls": flag_digit()},
        "sumologic": URL | {"message_type": MESSAGE_TYPE},
        "syslog": TLS
        | TOKEN
        | {
            "address": text(),
            "hostname": optional(),
            "ipv4": optional(),
            "message_type": MESSAGE_TYPE,
            "port": digits(514, PORTS),
            "public_key": optional(),
            "use_tls": flag_digit(),
        },
    }.items()
}
