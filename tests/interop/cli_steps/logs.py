"""Every log endpoint that the CLI knows, with all the flags it sends."""

from collections.abc import Iterator
from typing import Any

from tests.interop.cli_steps.step import Step

Flags = dict[str, tuple[str, Any]]
"""A flag without its dashes: its name in JSON and its value."""

EVERY: Flags = {
    "format": ("Format", "%h <%u> & %t"),
    "format-version": ("FormatVersion", 2),
    "placement": ("Placement", "none"),
    "processing-region": ("ProcessingRegion", "eu"),
}
PERIOD: Flags = {"period": ("Period", 60)}
PACKED: Flags = {"gzip-level": ("GzipLevel", 3)}
MESSAGE: Flags = {"message-type": ("MessageType", "blank")}
FILES: Flags = {
    **PERIOD,
    **PACKED,
    **MESSAGE,
    "path": ("Path", "/logs/"),
    "public-key": ("PublicKey", "a public key"),
    "timestamp-format": ("TimestampFormat", "%Y-%m-%d"),
}
TLS: Flags = {
    "tls-ca-cert": ("TLSCACert", "an authority"),
    "tls-client-cert": ("TLSClientCert", "a certificate"),
    "tls-client-key": ("TLSClientKey", "a key"),
    "tls-hostname": ("TLSHostname", "tls.example"),
}
BATCHES: Flags = {
    "request-max-bytes": ("RequestMaxBytes", 2000),
    "request-max-entries": ("RequestMaxEntries", 20),
}
TOKEN: Flags = {"auth-token": ("Token", "a-token")}
KEY: Flags = {"key": ("Token", "a-key")}
URL: Flags = {"url": ("URL", "https://log.example/in?a=1&b=2")}
USER: Flags = {"user": ("User", "larkspur")}
PASSWORD: Flags = {"password": ("Password", "a password")}
ADDRESS: Flags = {"address": ("Address", "log.example"), "port": ("Port", 1234)}
REGION: Flags = {"region": ("Region", "EU")}
ACCESS: Flags = {"access-key": ("AccessKey", "an-access-key")}
SECRET: Flags = {"secret-key": ("SecretKey", "a-secret-key")}
BUCKET: Flags = {"bucket": ("BucketName", "logs")}
GOOGLE: Flags = {
    **SECRET,
    **USER,
    "account-name": ("AccountName", "writer"),
    "project-id": ("ProjectID", "larkspur"),
}

# Left out: `elasticsearch --pipeline`, which the CLI sends as a password, and
# `grafanacloudlogs --message-type`, which the API does not know.
PROVIDERS: dict[str, Flags] = {
    "azureblob": FILES
    | {
        "account-name": ("AccountName", "larkspur"),
        "container": ("Container", "logs"),
        "file-max-bytes": ("FileMaxBytes", 1048576),
        "sas-token": ("SASToken", "a-token"),
    },
    "bigquery": GOOGLE
    | {
        "dataset": ("Dataset", "edge"),
        "table": ("Table", "requests"),
        "template-suffix": ("Template", "%Y"),
    },
    "cloudfiles": FILES | ACCESS | BUCKET | USER | {"region": ("Region", "LON")},
    "datadog": TOKEN | REGION,
    "digitalocean": FILES | ACCESS | SECRET | BUCKET | {"domain": ("Domain", "ams3.example")},
    "elasticsearch": TLS | BATCHES | URL | {"index": ("Index", "edge")},
    "ftp": ADDRESS
    | PERIOD
    | PACKED
    | PASSWORD
    | {"path": ("Path", "/logs/"), "user": ("Username", "larkspur")},
    "gcs": {name: sent for name, sent in FILES.items() if name != "public-key"}
    | GOOGLE
    | {"bucket": ("Bucket", "logs")},
    "googlepubsub": GOOGLE | {"topic": ("Topic", "edge")},
    "grafanacloudlogs": TOKEN | URL | {"index": ("Index", "edge"), "user": ("User", "1234")},
    "heroku": TOKEN | URL,
    "honeycomb": TOKEN | {"dataset": ("Dataset", "edge")},
    "https": PERIOD
    | PACKED
    | MESSAGE
    | TLS
    | BATCHES
    | URL
    | {
        "content-type": ("ContentType", "text/plain"),
        "header-name": ("HeaderName", "X-From"),
        "header-value": ("HeaderValue", "edge"),
        "json-format": ("JSONFormat", "1"),
        "method": ("Method", "PUT"),
    },
    "kafka": TLS
    | PASSWORD
    | {
        "auth-method": ("AuthMethod", "plain"),
        "brokers": ("Brokers", "kafka1.example,kafka2.example"),
        "max-batch-size": ("RequestMaxBytes", 3000),
        "parse-log-keyvals": ("ParseLogKeyvals", True),
        "required-acks": ("RequiredACKs", "-1"),
        "topic": ("Topic", "edge"),
        "use-tls": ("UseTLS", True),
        "username": ("User", "larkspur"),
    },
    "kinesis": ACCESS
    | SECRET
    | {"region": ("Region", "eu-west-1"), "stream-name": ("StreamName", "edge")},
    "loggly": TOKEN,
    "logshuttle": TOKEN | URL,
    "newrelic": KEY | REGION,
    "newrelicotlp": KEY | REGION | URL,
    "openstack": FILES | ACCESS | BUCKET | USER | URL,
    "papertrail": ADDRESS,
    "s3": FILES
    | ACCESS
    | SECRET
    | BUCKET
    | {
        "domain": ("Domain", "s3.example"),
        "file-max-bytes": ("FileMaxBytes", 1048576),
        "redundancy": ("Redundancy", "standard"),
        "server-side-encryption": ("ServerSideEncryption", "aws:kms"),
        "server-side-encryption-kms-key-id": ("ServerSideEncryptionKMSKeyID", "a-key"),
    },
    "scalyr": TOKEN | REGION | {"project-id": ("ProjectID", "larkspur")},
    "sftp": FILES
    | ADDRESS
    | SECRET
    | PASSWORD
    | USER
    | {"ssh-known-hosts": ("SSHKnownHosts", "log.example ssh-ed25519")},
    "splunk": TLS | TOKEN | URL,
    "sumologic": MESSAGE | URL,
    "syslog": ADDRESS | TLS | MESSAGE | TOKEN | {"use-tls": ("UseTLS", True)},
}
ONLY_SET = {"use-tls", "parse-log-keyvals"}
"""Flags without a value."""
SASL = {"kafka": " --use-sasl"}
"""Without it the CLI refuses the user and the password."""


def written(flags: Flags) -> str:
    return " ".join(
        f"--{name}" if name in ONLY_SET else f"--{name}='{value}'"
        for name, (_, value) in flags.items()
    )


def life(provider: str, flags: Flags) -> Iterator[Step]:
    """From an endpoint's making to its end."""
    start, version = f"service logging {provider}", "-s $service --version=1"
    sent = EVERY | flags
    made = dict(sent.values()) | {"ServiceID": "$service", "ServiceVersion": 1}
    first, second = f"{version} --name='first log'", f"{version} --name='second log'"
    yield Step(
        f"{start} create {first} {written(sent)}{SASL.get(provider, '')}", says="SUCCESS: Created"
    )
    yield Step(f"{start} list {version} --json", json=[{"Name": "first log", **made}])
    yield Step(f"{start} describe {first} --json", json={"Name": "first log", **made})
    yield Step(f"{start} update {first} --new-name='second log' --format=%h", says="Updated")
    yield Step(
        f"{start} describe {second} --json", json={**made, "Name": "second log", "Format": "%h"}
    )
    yield Step(f"{start} delete {second}", says="Deleted")
    yield Step(f"{start} describe {second}", rc=1, says="404 Not Found.*Couldn't find syslog")


STEPS = (
    Step("service create --name=cli-logs", says=r"Created service (?P<service>\w+)"),
    *(step for name, flags in PROVIDERS.items() for step in life(name, flags)),
)
