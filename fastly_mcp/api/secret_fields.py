"""The names of fields whose values are credentials, each judged by what Fastly keeps in it."""

from collections.abc import Mapping

NAMES = frozenset(
    {
        # Log endpoints: keys, tokens and passwords of the systems that logs are sent to.
        "access_key",
        "header_value",  # of the header that authorizes an HTTPS endpoint's requests
        "password",
        "sas_token",
        "secret_key",
        "tls_client_key",
        "token",
        # Backends and services.
        "publish_key",
        "ssl_client_key",
        # Tokens and users; a token's value is told once, when it is made.
        "access_token",
        "new_password",
        "old_password",
        # Secret stores, DNS (TSIG) and AI providers.
        "api_key",
        "secret",
        # Integrations that notify, and the key that signs what a webhook is sent. These are not
        # in the official client [go-fastly notifications, ngwaf/v1/workspaces/alerts].
        "apikey",
        "signingKey",
        "webhook",
        # Of requests and answers at the edge, and names that are never harmless.
        "Authorization",
        "account_key",
        "authorization",
        "client_secret",
        "passphrase",
        "private_key",
        "secret_access_key",
    }
)
"""Secret wherever they stand.

No substrings: `key`, `surrogate_key`, `token_id`, `signing_key` (a public key) must stay.
"""

IDS: Mapping[str, str] = {
    # Object Storage's is what deleting the key takes; its secret is `secret_key`.
    "access_key": "buckets",
}
"""Names that stand for an id where this field is beside them."""

WITHIN: Mapping[str, frozenset[str]] = {
    # A TLS private key as it is uploaded, and an integration's key to PagerDuty or Datadog.
    "key": frozenset({"attributes", "config"}),
    # A webhook's address is what authorizes its sender.
    "url": frozenset({"config"}),
}
"""Names that are secret only in an object of one of these names."""

PAIRS: Mapping[str, tuple[str, ...]] = {
    "item_value": ("item_key",),
    "src": ("dst",),
    "value": ("name", "key"),
}
"""Values of which a field beside them says what they are: items, header rules, headers."""

PLACES = frozenset({"config_store_item_key", "dictionary_item_key", "header_name", "key"})
"""Segments of a path that say what is kept there, as the field beside a value does."""
