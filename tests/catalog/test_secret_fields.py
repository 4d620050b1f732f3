"""Which of all fields and parameters are secret: a new one that looks so has to be judged here."""

import re
from collections.abc import Iterator

from fastly_mcp.api.catalog.catalog import load
from fastly_mcp.api.secret_fields import NAMES, PAIRS, WITHIN

SECRET = {
    "access_key",
    "access_token",
    "api_key",
    "attributes.key",
    "header_value",
    "new_password",
    "old_password",
    "password",
    "publish_key",
    "sas_token",
    "secret",
    "secret_key",
    "ssl_client_key",
    "tls_client_key",
    "token",
}
"""The secrets that the catalog's operations take or answer."""

ELSEWHERE = {
    # APIs that the official client lacks: integrations, alerts [go-fastly].
    "apikey",
    "config.key",
    "config.url",
    "signingKey",
    "webhook",
    # What other systems call theirs, in text and in what is passed through.
    "Authorization",
    "account_key",
    "authorization",
    "client_secret",
    "passphrase",
    "private_key",
    "secret_access_key",
}

LOOKS_SECRET = re.compile(
    r"key|secret|token|passw|passphrase|pwd|auth|cred|private|cert|sign|hash|digest|blob|hook"
    r"|_code|seed|salt|otp_",
    re.IGNORECASE,
)

HARMLESS: dict[str, set[str]] = {
    "the key of an item, an object, a condition or a purge, by which it is found": {
        "config_store_item_key",
        "dictionary_item_key",
        "hash_keys",
        "item_key",
        "key",
        "share_key",
        "surrogate-key",
        "surrogate_key",
        "surrogate_keys",
    },
    "a public key, and what is said with one or about one": {
        "client_key",  # encrypts secrets before they are sent, or says what a limiter counts by
        "key_length",
        "key_type",
        "public_key",
        "public_key_sha1",
        "signature",
        "signature_algorithm",
        "signing_key",  # verifies the signatures of client keys
    },
    "the id, the name or the kind of a secret, but not the secret": {
        "filter[token_id]",
        "key_id",
        "secret_id",
        "secret_name",
        "server_side_encryption_kms_key_id",
        "tls_private_key_id",
        "token_id",
        "virtual_key_id",
        "virtual_key_ids",
        "virtual_key_name",
    },
    "a certificate, which everybody is shown, and settings about it": {
        "cert_blob",
        "cert_bundle",
        "certificate_authority",
        "certificate_id",
        "client_cert",
        "filter[certificate_authority]",
        "filter[tls_certificate.id]",
        "filter[tls_certificates.id]",
        "intermediates_blob",
        "ssl_ca_cert",
        "ssl_cert_hostname",
        "ssl_check_cert",
        "ssl_client_cert",
        "tls_ca_cert",
        "tls_cert_hostname",
        "tls_certificate_id",
        "tls_check_cert",
        "tls_client_cert",
    },
    "a digest or a hash, from which nothing can be had back": {
        "authorized_hash",
        "current_hash",
        "digest",
        "email_hash",
        "files_hash",
        "hash",
        "hashsum",
    },
    "how somebody is authorized, or whether, but not with what": {
        "auth_method",
        "auth_type",
        "authorization_status",
        "authorized_at",
        "can_reset_passwords",
        "has_pci_passwords",
        "mutual_authentication_id",
        "require_new_password",
        "service_authorization_id",
        "tls_authorization_id",
        "two_factor_auth_enabled",
    },
    "a count or a time": {
        "aia_origin_usage_tokens",
        "aia_response_usage_tokens",
        "bot_challenge_complete_tokens_checked",
        "bot_challenge_complete_tokens_disabled",
        "bot_challenge_complete_tokens_failed",
        "bot_challenge_complete_tokens_issued",
        "bot_challenge_complete_tokens_passed",
        "bot_edge_challenge_complete_tokens_issued",
        "bot_edge_requests_challenge_token_valid_count",
        "compute_service_bereq_tls_server_cert_error",
        "ddos_challenge_complete_tokens_checked",
        "ddos_challenge_complete_tokens_failed",
        "ddos_challenge_complete_tokens_issued",
        "ddos_challenge_complete_tokens_passed",
        "hash_sub_count",
        "hash_sub_time",
        "input_tokens",
        "output_tokens",
        "prehash_sub_count",
        "prehash_sub_time",
    },
    "another word with the same letters": {
        "authors",
        "client_country_code",
        "compression_codec",
        "country_code",
        "credit_coupon_code",  # of an invoice, which it was taken off
        "currency_code",
        "globalsign_email_challenge_id",
        "keywords",
        "logging_azureblob_name",
        "parse_log_keyvals",
        "postal_code",
        "signal_type",
        "status_code",
        "tokens",  # of a program's source
    },
}
"""What looks secret and is not, by why."""


def paths() -> Iterator[list[str]]:
    """Every field and parameter, as the names on the way to it."""
    catalog = load()
    for operation in catalog:
        for field in catalog.all_fields(operation):
            yield field.name.replace("[]", "").split(".")
        for parameter in operation.parameters:
            # A filter is one name, dots and all.
            yield [parameter.name]
            for field in parameter.fields:
                yield [parameter.name, *field.name.replace("[]", "").split(".")]


def is_secret(path: list[str]) -> bool:
    name, parent = path[-1], "".join(path[-2:-1])
    return name in NAMES or (name in WITHIN and parent in WITHIN[name])


def test_the_secrets_of_the_catalog_are_these() -> None:
    found = {
        path[-1] if path[-1] in NAMES else ".".join(path[-2:])
        for path in paths()
        if is_secret(path)
    }
    assert found == SECRET


def test_every_secret_name_is_accounted_for() -> None:
    within = {f"{parent}.{name}" for name, parents in WITHIN.items() for parent in parents}
    assert NAMES | within == SECRET | ELSEWHERE
    assert not SECRET & ELSEWHERE


def test_every_name_that_looks_secret_is_judged() -> None:
    looks = {path[-1] for path in paths() if LOOKS_SECRET.search(path[-1]) and not is_secret(path)}
    harmless = set().union(*HARMLESS.values())
    assert looks - harmless == set(), "judge these: secret_fields.py, or why they are harmless"
    assert harmless - looks == set(), "no operation has these any more"
    assert len(harmless) == sum(map(len, HARMLESS.values()))


def test_nothing_is_secret_that_an_operation_needs_to_find_something() -> None:
    places = {
        parameter.name
        for operation in load()
        for parameter in operation.parameters
        if parameter.place in {"path", "query"} and parameter.name in NAMES
    }
    # Of object storage: whoever has the key's name has half of what opens it.
    assert places == {"access_key"}


def test_pairs_are_of_fields_that_answers_have() -> None:
    names = {path[-1] for path in paths()}
    assert names >= {*PAIRS, *(name for pair in PAIRS.values() for name in pair)}
