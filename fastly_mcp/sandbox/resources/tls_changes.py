"""How TLS changes: what a body gives a row, what may go, and what goes with it.

Recorded or reported are the forms, the 404 and the bodies that name a source; the other 400s are
invented in the same form. Invented as well: a certificate needs no private key, no domain needs to
be on a service, a subscription stays pending because nobody answers its challenges, and an
activation's domain must be one of its certificate's.
"""

from fastly_mcp.sandbox import errors
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.errors import FastlyError
from fastly_mcp.sandbox.resources import pem
from fastly_mcp.sandbox.resources.domains import FQDN
from fastly_mcp.sandbox.resources.json_api import Given, bad_request
from fastly_mcp.sandbox.state import Row, stamp, stamp_with_fraction

AUTHORITIES = ("certainly", "lets-encrypt", "globalsign")


def cannot(what: str, why: str) -> FastlyError:
    """What TLS does not do [terraform-provider-fastly#888, #994]."""
    return errors.json_api(400, f"Can't {what}", why)


def missing(name: str) -> FastlyError:
    """[terraform-provider-fastly#1197]."""
    return errors.json_api(
        400, "Missing required attribute", f"param is missing or the value is empty: {name}"
    )


def required(given: Given, attribute: str, old: Row | None) -> str:
    """The text of an attribute that a new row needs; empty if an old one keeps what it has."""
    text = given.text(attribute)
    if not text and old is None:
        raise missing(attribute)
    return text


def named(given: Given, first: str, old: Row | None) -> Row:
    if "name" in given.attributes or old is None:
        return {"name": given.text("name") or (old["name"] if old else first)}
    return {}


def default_configuration(call: Call) -> str:
    """[terraform-provider-fastly#427]."""
    rows = list(call.world.collection("tls_configurations").values())
    for row in [row for row in rows if row["default"]] or rows:
        return str(row["id"])
    raise bad_request("Must provide TLS configuration relationship")


def known(call: Call, collection: str, ids: list[str]) -> list[str]:
    for each in ids:
        if each not in call.world.collection(collection):
            raise bad_request(f"{collection}: there is no {each}")
    return ids


def configuration(call: Call, given: Given, old: Row | None) -> Row:
    """The configuration that is given, else the default one for a new row."""
    name = given.name("tls_configuration")
    if name:
        return {"tls_configuration": known(call, "tls_configurations", [name])[0]}
    return {} if old else {"tls_configuration": default_configuration(call)}


def read_pem(call: Call, blob: str, action: str) -> Row:
    try:
        return pem.read_certificate(blob, call.now)
    except ValueError as error:
        raise cannot(action, str(error)) from None


def read_private_key(call: Call, given: Given, old: Row | None) -> Row:
    try:
        key = pem.read_private_key(required(given, "key", old))
    except ValueError as error:
        raise cannot("create private key", str(error)) from None
    return named(given, f"Private key {key['public_key_sha1'][:8]}", old) | key | {"replace": False}


def keep_matched_key(call: Call, row: Row) -> None:
    """Documented: only keys without a certificate can be deleted."""
    if row["in_use"]:
        raise cannot("delete private key", "Private key is matched to a certificate")


def read_certificate(call: Call, given: Given, old: Row | None) -> Row:
    """Documented: one that takes the place of another has all its names."""
    action = f"{'update' if old else 'create'} certificate"
    blob = required(given, "cert_blob", old)
    if not blob:
        return named(given, "", old)
    row = read_pem(call, blob, action)
    names = row["tls_domains"]
    if not names:
        # [terraform-provider-fastly#994]
        raise cannot(action, "need at least one DNS name, got none")
    if old and not set(old["tls_domains"]) <= set(names):
        raise cannot(action, "the new certificate lacks names of the current one")
    times = {name: stamp_with_fraction(row[name]) for name in ("not_before", "not_after")}
    return named(given, row["issued_to"] or names[0], old) | row | times | {"replace": False}


def keep_active(noun: str, call: Call, row: Row) -> None:
    """Documented of certificates: what is enabled for a domain cannot be deleted."""
    if row["in_use"]:
        raise cannot(f"delete {noun}", f"{noun.capitalize()} has active domains")


def read_bulk_certificate(call: Call, given: Given, old: Row | None) -> Row:
    """The names of the new one take the place of the old one's, without its chain being checked."""
    blob = required(given, "cert_blob", old)
    required(given, "intermediates_blob", old)
    row: Row = {"replace": False}
    if blob:
        read = read_pem(call, blob, f"{'update' if old else 'create'} certificate")
        row |= {name: stamp(read[name]) for name in ("not_before", "not_after")}
        row["tls_domains"] = read["tls_domains"]
    names = given.names("tls_configurations")
    if names:
        row["tls_configurations"] = known(call, "tls_configurations", names)
    elif not old:
        row["tls_configurations"] = [default_configuration(call)]
    return row


def covers(names: list[str], domain: str) -> bool:
    return domain in names or f"*.{domain.partition('.')[2]}" in names


def read_activation(call: Call, given: Given, old: Row | None) -> Row:
    """Documented: an update changes the certificate; a domain is enabled once per configuration."""
    row = configuration(call, given, old)
    for name in ("tls_certificate", "tls_domain"):
        value = given.name(name)
        if value:
            row[name] = value
        elif not old:
            raise missing(f"{name}_id")
    if old:
        row["tls_domain"] = old["tls_domain"]
    if "tls_certificate" in row:
        known(call, "tls_certificates", [row["tls_certificate"]])
        certificate = call.world.collection("tls_certificates")[row["tls_certificate"]]
        if not covers(certificate["tls_domains"], row["tls_domain"]):
            raise bad_request("The domain is not among the names of the certificate")
    mutual = given.names("mutual_authentication")
    if mutual is not None or not old:
        known(call, "mutual_authentications", mutual or [])
        row["mutual_authentication"] = mutual[0] if mutual else None
    whole = (old or {}) | row
    for other in call.world.collection("tls_activations").values():
        same = all(other[name] == whole[name] for name in ("tls_domain", "tls_configuration"))
        if same and (old is None or other["id"] != old["id"]):
            raise bad_request("TLS is already enabled for the domain with this configuration")
    return row


def read_configuration(call: Call, given: Given, old: Row | None) -> Row:
    return named(given, "", old)


def read_mutual_authentication(call: Call, given: Given, old: Row | None) -> Row:
    bundle = required(given, "cert_bundle", old)
    if bundle:
        read_pem(call, bundle, f"{'update' if old else 'create'} mutual authentication")
    enforced = given.attributes.get("enforced", old["enforced"] if old else True)
    if not isinstance(enforced, bool):
        raise bad_request("enforced must be a boolean")
    row_id = old["id"] if old else call.world.new_id()
    names = given.names("tls_activations")
    if names is not None:
        activations = call.world.collection("tls_activations")
        known(call, "tls_activations", names)
        for each in list(activations.values()):
            if each["id"] in names:
                activations[each["id"]] = each | {"mutual_authentication": row_id}
            elif each["mutual_authentication"] == row_id:
                activations[each["id"]] = each | {"mutual_authentication": None}
    first = f"Mutual authentication {row_id[:8]}"
    return {"id": row_id, "enforced": enforced} | named(given, first, old)


def active(call: Call, subscription: Row) -> list[Row]:
    """The activations that a subscription's certificates serve."""
    return [
        row
        for row in call.world.collection("tls_activations").values()
        if row["tls_certificate"] in subscription["tls_certificates"]
    ]


def is_forced(call: Call) -> bool:
    return call.query.get("force") == "true"


def read_names(given: Given, old: Row | None) -> Row:
    """Clients name the domains `tls_domain` [go-fastly], the documentation `tls_domains`."""
    names = given.names("tls_domains", "tls_domain")
    if names is None and old:
        names = old["tls_domains"]
    if not names:
        raise missing("tls_domains")
    domains = list(dict.fromkeys(name.lower() for name in names))
    for domain in domains:
        if not FQDN.fullmatch(domain):
            raise bad_request(f"{domain} is not a valid domain name")
    common_name = (given.name("common_name") or "").lower()
    if common_name and common_name not in domains:
        raise bad_request("common_name must be one of the domains")
    if not common_name:
        kept = old["common_name"] if old else ""
        common_name = kept if kept in domains else domains[0]
    return {"tls_domains": domains, "common_name": common_name}


def read_subscription(call: Call, given: Given, old: Row | None) -> Row:
    """Documented: who leaves out an active domain has to say `force`."""
    row = configuration(call, given, old) | read_names(given, old)
    authority = given.attributes.get(
        "certificate_authority", old["certificate_authority"] if old else AUTHORITIES[0]
    )
    if authority not in AUTHORITIES:
        raise bad_request(f"certificate_authority must be one of {', '.join(AUTHORITIES)}")
    row["certificate_authority"] = authority
    if old is None:
        return row | {
            "state": "pending",
            "has_active_order": True,
            "is_checked": False,
            "tls_certificates": [],
        }
    lost = {each["tls_domain"] for each in active(call, old)} - set(row["tls_domains"])
    if lost and not is_forced(call):
        raise cannot("update subscription", "Subscription has active domains")
    is_retry = old["state"] == "failed" and given.attributes.get("state") == "retry"
    if is_retry or any(row[name] != old[name] for name in ("certificate_authority", "tls_domains")):
        row |= {"state": "pending", "has_active_order": True}
    return row | {"is_checked": True}


def end_subscription(call: Call, row: Row) -> None:
    """Its certificates go with it, and by force what they serve.

    [terraform-provider-fastly#888]
    """
    served = active(call, row)
    if served and not is_forced(call):
        raise cannot("delete subscription", "Subscription has active domains")
    for each in served:
        del call.world.collection("tls_activations")[each["id"]]
    for each in row["tls_certificates"]:
        call.world.collection("tls_certificates").pop(each, None)
