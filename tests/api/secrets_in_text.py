"""Credentials as they stand in texts, and texts that only look like it."""

import base64
import json

PEM = "-----BEGIN {kind}-----\n{body}\n-----END {kind}-----\n"
BODY = "\n".join("MIICanary" + str(n) + "k3Yb0dy+/Zm9vYmFyYmF6cXV4" * 2 for n in range(3))


def pem(kind: str = "PRIVATE KEY", body: str = BODY) -> str:
    return PEM.format(kind=kind, body=body)


CANARY = "Canary7Zk39fkTl20f"  # looks random enough for every rule
BASIC = base64.b64encode(f"canary:{CANARY}".encode()).decode()
AWS_ID = "AKIAIOSFODNN7CANARY0"
AWS_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYCANARYZ0K8"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"

# Text, and the part of it that must not come out.
HIDDEN: dict[str, tuple[str, str]] = {
    # Private keys
    "a private key": (pem(), "MIICanary"),
    "an RSA key": (pem("RSA PRIVATE KEY"), "MIICanary"),
    "an EC key": (pem("EC PRIVATE KEY"), "MIICanary"),
    "an OpenSSH key": (pem("OPENSSH PRIVATE KEY"), "MIICanary"),
    "a PGP key": (pem("PGP PRIVATE KEY BLOCK"), "MIICanary"),
    "an encrypted key": (
        pem("RSA PRIVATE KEY", f"Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0A\n\n{BODY}"),
        "MIICanary",
    ),
    "an SSH2 key": (f"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n{BODY}\n", "MIICanary"),
    "a key on one line": (pem().replace("\n", r"\n"), "MIICanary"),
    "a key in JSON in JSON": (json.dumps(json.dumps({"x": pem()})), "MIICanary"),
    "a key in a diff": (
        "".join(f"-     {line}\n" for line in pem("EC PRIVATE KEY").splitlines()),
        "MIICanary",
    ),
    "a key that is cut": (f"x {pem()[:60]}", "MIICanary"),
    "a key cut before a certificate": (f"{pem()[:60]}{pem('CERTIFICATE', 'AAAA')}", "MIICanary"),
    "the end of a key": (pem()[30:], "k3Yb0dy"),
    "a key after a certificate": (f"{pem('CERTIFICATE', 'AAAA')}{pem()}", "MIICanary"),
    "a Google service account": (
        json.dumps({"type": "service_account", "private_key": pem()}),
        "MIICanary",
    ),
    # Amazon
    "an AWS access key": (f"key id {AWS_ID}.", AWS_ID),
    "an AWS access key by itself": (AWS_ID, AWS_ID),
    "an AWS session key": (f"id {AWS_ID.replace('AKIA', 'ASIA')}.", AWS_ID[4:]),
    "a secret beside its AWS key": (f'"{AWS_ID}", "{AWS_SECRET}"', AWS_SECRET),
    "a secret before its AWS key": (f"aws_s: {AWS_SECRET}\naws_k: {AWS_ID}", AWS_SECRET),
    # Headers
    "basic in VCL": (f'set bereq.http.Authorization = "Basic {BASIC}";', BASIC),
    "basic by itself": (f'src: "Basic {BASIC}"', BASIC),
    "bearer by itself": (f'"Bearer {CANARY}"', CANARY),
    "a header": (f"Authorization: Bearer {CANARY}", CANARY),
    "a header of another scheme": (f"curl -H 'Authorization: Splunk {CANARY}'", CANARY),
    "a header in JSON": (json.dumps({"Authorization": f"Token {CANARY}"}), CANARY),
    "a heredoc": (f'set req.http.Authorization = {{"Bearer {CANARY}"}};', CANARY),
    "a comparison": (f'if (req.http.Authorization != "Basic {BASIC}") {{', BASIC),
    "Fastly's own": (f'curl -H "Fastly-Key: {CANARY}" https://api.fastly.com/', CANARY),
    # Addresses
    "a password in an address": (f"https://user:{CANARY}@logs.example.com/x", CANARY),
    "a password with a sign": (f"see https://user:p@{CANARY}@logs.example.com", CANARY),
    "no user": (f"redis://:{CANARY}@cache.example.com", CANARY),
    "escaped slashes": (rf"https:\/\/user:{CANARY}@logs.example.com", CANARY),
    "a query": (f"https://example.com/in?x=1&token={CANARY}", CANARY),
    "a shared access signature": (f"a.blob.example/c?sv=1&sig={CANARY}%2B%3D", CANARY),
    "Slack's webhook": (f"hooks.slack.com/services/T00/B00/{CANARY}", CANARY),
    "Teams' webhook": (f"x.webhook.office.com/webhookb2/{CANARY}/Incoming", CANARY),
    "Discord's webhook": (f"https://discord.com/api/webhooks/1/{CANARY}", CANARY),
    "Sumo Logic's collector": (
        f"endpoint1.collection.sumologic.com/receiver/v1/http/{CANARY}==",
        CANARY,
    ),
    # Assignments
    "a secret in VCL": (f'set req.http.X-Shared-Secret = "{CANARY}";', CANARY),
    "a short secret in VCL": ('set var.secret = "c4nary"; # x', "c4nary"),
    "a phrase": ('set var.password = "the canary sings";', "canary"),
    "credentials": (f'credentials = "{CANARY}"', CANARY),
    "an abbreviation": ('pwd = "canary"', "canary"),
    "a webhook": (f'my_webhook = "{CANARY}"', CANARY),
    "a key in VCL": (f'set bereq.http.X-Api-Key = "{CANARY}";', CANARY),
    "just a key": (f'key = "{CANARY}"', CANARY),
    "a table": (f'table t {{ "auth_token": "{CANARY}", }}', CANARY),
    "a key within a value": (f'"key": "password={CANARY}"', CANARY),
    "an HMAC in VCL": ('digest.hmac_sha256("canary", req.url)', "canary"),
    "an HMAC for AWS": (f'digest.awsv4_hmac("{CANARY}", "20260101", "a", "s3", var.x)', CANARY),
    "an HMAC of a decoded key": (
        f'digest.hmac_sha256_base64(digest.base64_decode("{CANARY}"), req.url)',
        CANARY,
    ),
    "a cipher's key": (f'crypto.encrypt_hex(aes256, cbc, nopad, "{CANARY}", var.iv, x)', CANARY),
    "a cipher's first block": (f'crypto.decrypt_hex(aes256, cbc, nopad, k, "{CANARY}", x)', CANARY),
    "a secure comparison": (f'digest.secure_is_equal(req.http.X-Token, "{CANARY}")', CANARY),
    "a comparison turned round": (f'digest.secure_is_equal("{CANARY}", req.http.X-Token)', CANARY),
    "a short secure comparison": ('digest.secure_is_equal(req.http.A, "cnry")', "cnry"),
    "a pattern": (f'if (req.http.X-Shared-Secret ~ "^{CANARY}$") {{', CANARY),
    "a pattern that does not match": (f'if (req.http.X-Token !~ "^{CANARY}$") {{', CANARY),
    "unequal": (f'if (req.http.X-Shared-Secret != "{CANARY}") {{', CANARY),
    "basic from its parts": (
        f'set req.http.Authorization = "Basic " + digest.base64("user:{CANARY}");',
        CANARY,
    ),
    "a short pair": ('set req.http.Authorization = "Basic " digest.base64("a:cnry");', "cnry"),
    "strings put together": (f'set req.http.X-Token = "abc" "{CANARY}";', CANARY),
    "more put together": (f'set req.http.X-Token = req.url + {{"{CANARY}"}} + "x";', CANARY),
    "added to": (f'set req.http.X-Token += "{CANARY}";', CANARY),
    "a choice": (f'set req.http.X-Api-Key = if(req.url ~ "^/a", "{CANARY}", "");', CANARY),
    "the other choice": (
        f'set bereq.http.X-Api-Key = if(fastly.ff.visits > 0, "", urlencode("{CANARY}"));',
        CANARY,
    ),
    "an Azure connection": (f"AccountName=x;AccountKey={CANARY}==;Suffix=y", CANARY),
    "an error's words": ("Duplicate record: password=canary1", "canary1"),
    "signs within a value": ("password=first:canary=x y", "canary"),
    "a line of a diff": ("-   secret_key: the canary sings\n+   secret_key: x", "canary"),
    "a token in a diff": ("+   token: canary\n", "canary"),
    "the shortest": ("token: Q", "Q"),
    "a block in a diff": ("+  secret_key: |-\n+    the\n+\n+    canary\n+  user: x\n", "canary"),
    "a folded block in a diff": ("-   token: >\n-     first\n-     canary", "canary"),
    "quoted in a diff": ("+   sas_token: 'canary'\n", "canary"),
    "JSON": ('{"a": 1, "tls_client_key": "canary"}', "canary"),
    "JSON that is cut": ('{"a": 1, "sas_token": "canar', "canar"),
    "JSON in JSON": (json.dumps(json.dumps({"token": 'can"ary'})), "can"),
    # Well-known prefixes
    "a JWT": (f"x={JWT};", JWT[25:]),
    "Slack": (f"xoxb-123456789012-{CANARY}", CANARY),
    "GitHub": (f"ghp_{CANARY * 2}", CANARY),
    "GitHub for apps": (f"gho_{CANARY * 2}", CANARY),
    "GitHub's newer": (f"github_pat_{CANARY * 2}", CANARY),
    "GitLab": (f"glpat-{CANARY}00", CANARY),
    "Stripe": (f"sk_live_{CANARY}", CANARY),
    "SendGrid": (f"SG.{CANARY}.{CANARY}", CANARY),
    "Google": (f"AIza{(CANARY * 2)[:35]}", CANARY),
    "a language model's provider": (f"sk-proj-{CANARY * 2}", CANARY),
    "New Relic": (f"{'0a' * 18}NRAL", "0a0a"),
    "npm": (f"npm_{CANARY * 2}", CANARY),
}

SHOWN: tuple[str, ...] = (
    "",
    "The shop.",
    "u8jzPde0IgxLd6GncfBAep",
    "2026-01-02T03:04:05Z",
    pem("CERTIFICATE"),
    pem("PUBLIC KEY"),
    pem("PGP PUBLIC KEY BLOCK"),
    pem("CERTIFICATE REQUEST"),
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC6cNvXzLVkD someone@example.com",
    "Basic authentication and Bearer tokens are supported.",
    "The token expired; ask for another token: see the handbook.",
    "Token 3XAmPl3XAmPl3XAmPl3XAm expired at 2019-05-01T09:00:00Z",
    "Version '56' for service 'u8jzPde0IgxLd6GncfBAep' is locked",
    "Couldn't find Backend '{ deleted => 0000-00-00 00:00:00, name => x, version => 145 }'",
    '{"item_key": "token", "password": "", "secret_key": null, "sas_token": ""}',
    "  password: null\n  token: ''\n  surrogate_key: all-of-it\n  public_key: abcd1234abcd1234",
    "https://host.example.com:8080/someone@example.com?x=http://other:80/a@b",
    "mailto:someone@example.com",
    'set req.http.Surrogate-Key = "product-12345 everything";',
    "set req.http.X-Token = req.http.Cookie:token;",
    'set req.http.X-Token-Present = "1";',
    'set bereq.http.Authorization = "AWS4-HMAC-SHA256 " "Credential=" var.access;',
    "if (req.http.Authorization) { return(pass); }",
    "set var.hash = digest.hmac_sha256(var.key, req.url);",
    'set req.http.X-Token = querystring.get(req.url, "access_token");',
    'set req.http.X-Token = regsub(req.http.Authorization, "^Bearer[ ]+", "");',
    'set req.http.X-Api-Key = table.lookup(partners, "somebody", "");',
    'set req.http.X-Token = if(req.http.Accept ~ "^text/html", req.http.A, "none");',
    'set bereq.http.Authorization = "AWS4-HMAC-SHA256 " a ", SignedHeaders=host;x,Signature=" x;',
    'set var.signature = digest.hmac_sha256(var.key, "GET /index.html");',
    "set req.http.X-Plain = crypto.decrypt_hex(aes256, cbc, nopad, var.key, var.iv, req.http.C);",
    'if (!digest.secure_is_equal(req.http.X-Token, var.token)) { error 403 "Forbidden"; }',
    'set req.http.X-Token = req.http.B; set req.http.X-Frame = "SAMEORIGIN";',
    'log {"syslog x :: {"token": ""} req.http.token {"", "agent": ""} req.http.User-Agent {""}"};',
    'log {"&token="} req.http.token {"&agent="} req.http.User-Agent;',
    "token=req.http.X-Token;",
    '"token": "[redacted: jwt]", "x": "y"',
    '{"token": "%{req.http.X-Token}V", "agent": "%{User-Agent}i"}',
    'hash_keys: "req.url, req.http.host"\nclient_key: req.http.Fastly-Client-IP',
    "key_id = 3XAmPl3XAmPl3XAmPl3XAm, token_id: 3XAmPl3XAmPl3XAmPl3XAm",
    "key: product-12345-variant-2",
    "commit 0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a",
    "asia, asia_india and asia_southkorea; a task-force of hf_ and sk- and xoxo",
    "user_agent: curl/8.5.0",
)
