"""What a version holds: made, listed, changed and removed again, with every flag that matters."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.interop.cli_steps.step import Step

FILES = {
    "entries.json": """{"entries": [
        {"op": "create", "ip": "203.0.113.9", "subnet": 32, "comment": "The guest"},
        {"op": "create", "ip": "2001:db8::", "subnet": 32}
    ]}""",
    "items.json": """{"items": [
        {"op": "upsert", "item_key": "/lamps & more", "item_value": "/lamps"},
        {"op": "create", "item_key": "/chairs", "item_value": "/seats?a=1&b=2"}
    ]}""",
}


class Kind(NamedTuple):
    """A kind of object that has a name, and what becomes of its flags in JSON."""

    command: str
    flags: str
    made: dict[str, Any]
    changes: str
    changed: dict[str, Any]
    is_listed: bool = True
    """Whether the CLI lists it as JSON."""
    is_renamed: bool = True
    """Whether the CLI can: for a condition it asks for the new name instead of the old one."""


KINDS = (
    Kind(
        "domain",
        "--comment='The shop'",
        {"Comment": "The shop"},
        "--comment='The old shop'",
        {"Comment": "The old shop"},
    ),
    Kind(
        "healthcheck",
        "--host=origin.example --path=/healthz --method=GET --expected-response=204"
        " --http-version=1.1 --check-interval=1000 --timeout=300 --initial=1 --threshold=2"
        " --window=4 --comment=Up?",
        {
            "CheckInterval": 1000,
            "Comment": "Up?",
            "ExpectedResponse": 204,
            "HTTPVersion": "1.1",
            "Host": "origin.example",
            "Initial": 1,
            "Method": "GET",
            "Path": "/healthz",
            "Threshold": 2,
            "Timeout": 300,
            "Window": 4,
        },
        "--path=/up --timeout=400",
        {"Path": "/up", "Timeout": 400, "Window": 4},
    ),
    Kind(
        "backend",
        "--address=origin.example --port=443 --use-ssl --shield=amsterdam-nl --weight=50"
        " --override-host=shop.example --ssl-cert-hostname=cert.example"
        " --ssl-sni-hostname=sni.example --min-tls-version=1.2 --max-tls-version=1.3"
        " --connect-timeout=2000 --first-byte-timeout=20000 --between-bytes-timeout=5000"
        " --max-conn=100 --max-use=7 --max-lifetime=90000 --auto-loadbalance --prefer-ipv6=true"
        " --tcp-ka-enabled=true --tcp-ka-interval=10 --tcp-ka-probes=3 --tcp-ka-time=60"
        " --http-ka-time=30 --no-ssl-check-cert --comment=Origin",
        {
            "Address": "origin.example",
            "AutoLoadbalance": True,
            "BetweenBytesTimeout": 5000,
            "Comment": "Origin",
            "ConnectTimeout": 2000,
            "FirstByteTimeout": 20000,
            "Hostname": "origin.example",
            "KeepAliveTime": 30,
            "MaxConn": 100,
            "MaxLifetime": 90000,
            "MaxTLSVersion": "1.3",
            "MaxUse": 7,
            "MinTLSVersion": "1.2",
            "OverrideHost": "shop.example",
            "Port": 443,
            "PreferIPv6": True,
            "SSLCertHostname": "cert.example",
            "SSLCheckCert": False,
            "SSLSNIHostname": "sni.example",
            "Shield": "amsterdam-nl",
            "TCPKeepAliveEnable": True,
            "TCPKeepAliveIntvl": 10,
            "TCPKeepAliveProbes": 3,
            "TCPKeepAliveTime": 60,
            # The CLI does not send it: port 443 sets it.
            "UseSSL": True,
            "Weight": 50,
        },
        "--port=8080 --weight=70 --shield=",
        {"Port": 8080, "Weight": 70, "Shield": None, "MaxConn": 100},
    ),
    Kind("acl", "", {}, "", {}),
    Kind("dictionary", "", {"WriteOnly": False}, "", {"WriteOnly": False}),
    Kind(
        "vcl custom",
        "--main --content='sub vcl_recv { #FASTLY recv }'",
        {"Main": True, "Content": "sub vcl_recv { #FASTLY recv }"},
        "--content='sub vcl_hit { #FASTLY hit }'",
        {"Main": True, "Content": "sub vcl_hit { #FASTLY hit }"},
    ),
    Kind(
        "vcl snippet",
        """--type=recv --priority=5 --content='set req.http.A = "<b>";'""",
        {"Type": "recv", "Priority": "5", "Dynamic": 0, "Content": 'set req.http.A = "<b>";'},
        "--priority=7 --content=unset",
        {"Type": "recv", "Priority": "7", "Dynamic": 0, "Content": "unset"},
    ),
    Kind(
        "vcl condition",
        """--type=REQUEST --priority=3 --statement='req.url ~ "^/cart"'""",
        {"Type": "REQUEST", "Priority": 3, "Statement": 'req.url ~ "^/cart"'},
        "--statement=true --comment=Always",
        {"Type": "REQUEST", "Priority": 3, "Statement": "true", "Comment": "Always"},
        is_listed=False,
        is_renamed=False,
    ),
)
VERSION = "-s $service --version=1"


def life(kind: Kind) -> Iterator[Step]:
    """From its making to its end."""
    start, at = f"service {kind.command}", f"{VERSION} --name=first"
    in_version = {"ServiceID": "$service", "ServiceVersion": 1, "DeletedAt": None}
    made, changed = ({**row, **in_version} for row in (kind.made, kind.changed))
    yield Step(f"{start} create {at} {kind.flags}", says="SUCCESS: Created")
    yield Step(f"{start} create {at} {kind.flags}", rc=1, says="409 Conflict: Duplicate record")
    if kind.is_listed:
        yield Step(f"{start} list {VERSION} --json", json=[{"Name": "first", **made}])
    yield Step(f"{start} describe {at} --json", json={"Name": "first", **made})
    name = "second" if kind.is_renamed else "first"
    rename = f"--new-name={name} " if kind.is_renamed else ""
    yield Step(f"{start} update {at} {rename}{kind.changes}", says="SUCCESS: Updated")
    at = f"{VERSION} --name={name}"
    yield Step(f"{start} describe {at} --json", json={"Name": name, **changed})
    yield Step(f"{start} delete {at}", says="SUCCESS: Deleted")
    yield Step(f"{start} describe {at} --json", rc=1, says="404 Not Found: Record not found")
    if kind.is_listed:
        yield Step(f"{start} list {VERSION} --json", json=[])


ACL_ENTRY = "service acl-entry {} -s $service --acl-id=$acl"
ACL_ENTRIES = (
    Step(f"service acl create {VERSION} --name=office", says=r"\(id: (?P<acl>\w+)"),
    Step(
        f"{ACL_ENTRY.format('create')} --ip=198.51.100.0 --subnet=24 --negated --comment=Utrecht",
        says=r"entry '(?P<entry>\w+)' \(ip: 198.51.100.0, negated: true",
    ),
    Step(
        f"{ACL_ENTRY.format('describe')} --id=$entry --json",
        json={"IP": "198.51.100.0", "Subnet": 24, "Negated": True, "Comment": "Utrecht"},
    ),
    Step(f"{ACL_ENTRY.format('update')} --id=$entry --ip=192.0.2.0 --subnet=25"),
    Step(f"{ACL_ENTRY.format('update')} --file=entries.json", says="Updated 2 ACL entries"),
    Step(
        f"{ACL_ENTRY.format('list')} --json",
        json=[
            {"EntryID": "$entry", "IP": "192.0.2.0", "Subnet": 25, "Negated": True},
            {"IP": "203.0.113.9", "Subnet": 32, "Negated": False, "Comment": "The guest"},
            {"IP": "2001:db8::", "ACLID": "$acl", "ServiceID": "$service"},
        ],
    ),
    Step(f"{ACL_ENTRY.format('list')} --page=2 --per-page=2", says="2001:db8::"),
    Step(f"{ACL_ENTRY.format('delete')} --id=$entry", says="Deleted ACL entry '"),
    Step(f"{ACL_ENTRY.format('describe')} --id=$entry", rc=1, says="404 Not Found"),
    Step(f"{ACL_ENTRY.format('create')} --ip=shop", rc=1, says="400 Bad Request"),
)

ITEM = "service dictionary-entry {} -s $service --dictionary-id=$dictionary"
DICTIONARY_ENTRIES = (
    Step(
        f"service dictionary create {VERSION} --name=redirects",
        says=r"\(id (?P<dictionary>\w+), service",
    ),
    Step(f"{ITEM.format('create')} --key=/sale --value=/products", says="Created"),
    Step(f"{ITEM.format('create')} --key=/sale --value=/", rc=1, says="409 Conflict"),
    Step(f"{ITEM.format('update')} --key=/sale --value='/products?sale=1'", says="Updated"),
    Step(f"{ITEM.format('update')} --file=items.json", says="Made 2 modifications"),
    Step(
        f"{ITEM.format('list')} --json",
        json=[
            {"ItemKey": "/sale", "ItemValue": "/products?sale=1", "DictionaryID": "$dictionary"},
            {"ItemKey": "/lamps & more", "ItemValue": "/lamps"},
            {"ItemKey": "/chairs", "ItemValue": "/seats?a=1&b=2", "ServiceID": "$service"},
        ],
    ),
    Step(
        f"{ITEM.format('describe')} --key='/lamps & more' --json",
        json={"ItemKey": "/lamps & more", "ItemValue": "/lamps"},
    ),
    Step(
        f"service dictionary describe {VERSION} --name=redirects --json",
        json={"Name": "redirects", "ItemCount": 3},
    ),
    Step(f"{ITEM.format('delete')} --key=/sale", says="Deleted"),
    Step(f"{ITEM.format('describe')} --key=/sale", rc=1, says="404 Not Found.*item_key => /sale"),
    Step(
        f"service dictionary create {VERSION} --name=secrets --write-only",
        says=r"\(id (?P<secrets>\w+), service",
    ),
    Step(
        "service dictionary-entry create -s $service --dictionary-id=$secrets --key=a --value=b",
        says="Created",
    ),
    Step(
        "service dictionary-entry describe -s $service --dictionary-id=$secrets --key=a",
        rc=1,
        says="400 Bad Request.*Not allowed to read contents of write_only dictionary",
    ),
    # The CLI reads the items as well.
    Step(f"service dictionary describe {VERSION} --name=secrets --json", rc=1, says="Not allowed"),
    Step(f"service dictionary update {VERSION} --name=secrets --write-only=false"),
    Step(
        f"service dictionary describe {VERSION} --name=secrets --json",
        json={"Name": "secrets", "WriteOnly": False, "ItemCount": 1},
    ),
)

SNIPPET = f"service vcl snippet {{}} {VERSION} --snippet-id=$snippet --dynamic"
DYNAMIC_SNIPPETS = (
    Step(
        f"service vcl snippet create {VERSION} --name=banner --dynamic --type=deliver"
        " --content='set resp.http.Sale = \"1\";'",
        says=r"dynamic: true, snippet id: (?P<snippet>\w+)",
    ),
    Step(
        f"service vcl snippet list {VERSION} --json",
        json=[{"SnippetID": "$snippet", "Name": "banner", "Dynamic": 1, "Content": None}],
    ),
    Step(f"{SNIPPET.format('describe')} --json", json={"Content": 'set resp.http.Sale = "1";'}),
    Step(f"{SNIPPET.format('update')} --content=unset", says="Updated dynamic VCL snippet"),
    Step(
        f"{SNIPPET.format('describe')} --json",
        json={"Content": "unset", "SnippetID": "$snippet", "ServiceID": "$service"},
    ),
)

LIMITER = {
    "Action": "response",
    "ClientKey": ["req.http.Fastly-Client-IP", "req.http.User-Agent"],
    "HTTPMethods": ["GET", "POST"],
    "PenaltyBoxDuration": 5,
    "Response": {"ERLContent": "Slowly!", "ERLContentType": "text/plain", "ERLStatus": 429},
    "RpsLimit": 100,
    "ServiceID": "$service",
    "Version": 1,
    "WindowSize": 10,
}
RATE_LIMITS = (
    Step(
        f"service rate-limit create {VERSION} --name=login --action=response --rps-limit=100"
        " --client-key=req.http.Fastly-Client-IP,req.http.User-Agent --http-methods=GET,POST"
        " --window-size=10 --penalty-box-dur=5 --response-status=429"
        " --response-content=Slowly! --response-content-type=text/plain --json",
        says='"RateLimiterID": "(?P<limiter>[^"]+)"',
        json={"Name": "login", **LIMITER},
    ),
    Step(f"service rate-limit list {VERSION} --json", json=[{"Name": "login", **LIMITER}]),
    Step("service rate-limit update --id=$limiter --name=logins --rps-limit=200 --json"),
    Step(
        "service rate-limit describe --id=$limiter --json",
        json={**LIMITER, "Name": "logins", "RpsLimit": 200},
    ),
    Step("service rate-limit delete --id=$limiter", says="Deleted"),
    Step("service rate-limit describe --id=$limiter", rc=1, says="404 Not Found"),
)

IMAGES = {
    "allow_video": True,
    "jpeg_quality": 50,
    "jpeg_type": "progressive",
    "resize_filter": "bicubic",
    "upscale": True,
    "webp": True,
    "webp_quality": 40,
}
IMAGE_OPTIMIZER = (
    Step(
        f"service imageoptimizer update {VERSION} --allow-video=true --jpeg-quality=50"
        " --jpeg-type=progressive --resize-filter=bicubic --upscale=true --webp=true"
        " --webp-quality=40 --json",
        json=IMAGES,
    ),
    Step(f"service imageoptimizer get {VERSION} --json", json=IMAGES),
)

STEPS = (
    Step("service create --name=cli-objects", says=r"Created service (?P<service>\w+)"),
    *(step for kind in KINDS for step in life(kind)),
    *ACL_ENTRIES,
    *DICTIONARY_ENTRIES,
    *DYNAMIC_SNIPPETS,
    *RATE_LIMITS,
    *IMAGE_OPTIMIZER,
    Step(f"service domain create {VERSION} --name=www.cli.example"),
    Step(
        f"service domain validate {VERSION} --name=www.cli.example",
        says="Name: www.cli.example\nValid: true\nCNAME: ",
    ),
    Step(f"service domain validate {VERSION} --all", says="Valid: true"),
    Step(f"service vcl custom create {VERSION} --name=main --main --content='# by hand'"),
    Step(f"service vcl describe {VERSION}", says="# by hand"),
)
