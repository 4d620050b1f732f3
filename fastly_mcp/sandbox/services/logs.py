"""The log endpoints: their fields beyond those that all of them have.

Recorded [go-fastly <provider>/get.yaml, 2026-07]; pubsub is Google's, scalyr is DataSet.
"""

from fastly_mcp.sandbox.services.fields import (
    Field,
    digits,
    flag,
    flag_digit,
    optional,
    text,
    whole,
)

EVERY: dict[str, Field] = {
    "format": text('%h %l %u %t "%r" %>s %b'),
    "format_version": digits(2),
    "log_processing_region": text("none"),
    "placement": optional(),
    "response_condition": text(),
}
FILES: dict[str, Field] = {
    "compression_codec": optional(),
    "gzip_level": digits(0, echoes_number=True),
    "message_type": text("classic"),
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
REGION: dict[str, Field] = {"region": text("US")}

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
            "region": optional(),
            "user": text(),
        },
        "datadog": TOKEN | REGION,
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
            "port": digits(21),
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
            "compression_codec": optional(),
            "content_type": optional(),
            "gzip_level": whole(0),
            "header_name": optional(),
            "header_value": optional(),
            "json_format": flag_digit(),
            "message_type": text("classic"),
            "method": text("POST"),
            "period": whole(5),
        },
        "kafka": TLS
        | {
            "auth_method": optional(),
            "brokers": text(),
            "compression_codec": optional(),
            # Recorded so for this log endpoint alone [go-fastly kafkas/create.yaml].
            "format_version": digits(2, echoes_number=True),
            "parse_log_keyvals": flag(),
            "password": optional(),
            "request_max_bytes": whole(0),
            "required_acks": digits(1),
            "topic": text(),
            "use_tls": flag_digit(),
            "user": optional(),
        },
        "kinesis": AWS | {"region": text("us-east-1"), "topic": text()},
        "logentries": TOKEN
        | {
            # An empty one stays empty here, though it starts as null.
            "hostname": Field(None, text().read),
            "port": digits(20000, echoes_number=True),
            "public_key": optional(),
            "region": optional(),
            "use_tls": flag_digit(1),
        },
        "loggly": TOKEN | {"public_key": optional()},
        "logshuttle": TOKEN | URL,
        "newrelic": TOKEN | REGION,
        "newrelicotlp": TOKEN | {"region": optional(), "url": optional()},
        "openstack": FILES
        | URL
        | {
            "access_key": text(),
            "bucket_name": text(),
            "user": text(),
        },
        "papertrail": {"address": text(), "port": digits(514), "public_key": optional()},
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
            "port": digits(22),
            "secret_key": optional(),
            "ssh_known_hosts": text(),
            "user": text(),
        },
        "splunk": TLS | BATCHES | TOKEN | URL | {"use_tls": flag_digit()},
        "sumologic": URL | {"message_type": text("classic")},
        "syslog": TLS
        | TOKEN
        | {
            "address": text(),
            "hostname": optional(),
            "ipv4": optional(),
            "message_type": text("classic"),
            "port": digits(514),
            "public_key": optional(),
            "use_tls": flag_digit(),
        },
    }.items()
}
