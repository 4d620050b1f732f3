"""Certificates and private keys in PEM, read as far as their attributes need.

Invented: what Fastly takes a key's SHA-1 over (here: a modulus and its exponent, or a point on a
curve), and everything about PEM that holds no X.509 certificate or no key after all. Fastly would
refuse that; here it stands for one, with a name, a serial and a time made from its digest, so that
placeholders do for trying things out. Signatures are not checked.
"""

import hashlib
from base64 import b64decode
from datetime import UTC, datetime, timedelta

from fastly_mcp.sandbox.state import Row

RSA = bytes.fromhex("2a864886f70d010101")
COMMON_NAME = bytes.fromhex("550403")
ORGANIZATION = bytes.fromhex("55040a")
ALTERNATIVE_NAMES = bytes.fromhex("551d11")
SIGNATURES = {
    bytes.fromhex("2a864886f70d01010b"): "SHA256-RSA",
    bytes.fromhex("2a864886f70d01010c"): "SHA384-RSA",
    bytes.fromhex("2a864886f70d01010d"): "SHA512-RSA",
    bytes.fromhex("2a8648ce3d040302"): "ECDSA-SHA256",
    bytes.fromhex("2a8648ce3d040303"): "ECDSA-SHA384",
}
VALID = timedelta(days=90)
"""How long a placeholder is."""

Part = tuple[int, bytes]


def read_certificate(pem: str, now: datetime) -> Row:
    """The first certificate's attributes, its times not yet written out. Raises ValueError."""
    der = _block(pem, "CERTIFICATE")
    try:
        return _certificate(der)
    except (ValueError, IndexError):
        digest = hashlib.sha256(der).digest()
        name = f"{digest.hex()[:12]}.example"
        return {
            "issued_to": name,
            "issuer": "Sandbox CA",
            "serial_number": str(int.from_bytes(digest[:8])),
            "signature_algorithm": "SHA256-RSA",
            "not_before": now,
            "not_after": now + VALID,
            "public_key_sha1": _sha1(der),
            "tls_domains": [name],
        }


def read_private_key(pem: str) -> Row:
    """A key's attributes. Raises ValueError."""
    for label in ("PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"):
        if f"-----BEGIN {label}-----" in pem:
            break
    der = _block(pem, label)
    try:
        return _private_key(der, is_wrapped=label == "PRIVATE KEY")
    except (ValueError, IndexError):
        return {"key_length": 2048, "key_type": "RSA", "public_key_sha1": _sha1(der)}


def _block(pem: str, label: str) -> bytes:
    """What stands between the first pair of PEM's lines."""
    _, begin, rest = pem.partition(f"-----BEGIN {label}-----")
    text, end, _ = rest.partition(f"-----END {label}-----")
    if not (begin and end and text.strip()):
        raise ValueError(f"not a PEM-formatted {label.lower()}")
    try:
        return b64decode("".join(text.split()), validate=True)
    except ValueError:
        raise ValueError(f"not a PEM-formatted {label.lower()}") from None


def _parts(der: bytes) -> list[Part]:
    """The values that follow each other in DER, each after its tag."""
    found, at = [], 0
    while at < len(der):
        tag, length = der[at], der[at + 1]
        at += 2
        if length & 0x80:
            size = length & 0x7F
            length = int.from_bytes(der[at : at + size])
            at += size
        if at + length > len(der):
            raise ValueError("cut short")
        found.append((tag, der[at : at + length]))
        at += length
    return found


def _certificate(der: bytes) -> Row:
    fields = _parts(_parts(_parts(der)[0][1])[0][1])
    if fields[0][0] == 0xA0:  # the version, which is left out of the first one
        fields = fields[1:]
    serial, algorithm, issuer, validity, subject, key = (content for _, content in fields[:6])
    start, end = (_time(part) for part in _parts(validity))
    names = [name for tag, content in fields[6:] if tag == 0xA3 for name in _names(content)]
    issued_to = _named(subject, COMMON_NAME) or (names[0] if names else "")
    return {
        "issued_to": issued_to,
        "issuer": _named(issuer, COMMON_NAME) or _named(issuer, ORGANIZATION),
        "serial_number": f"{int.from_bytes(serial):d}" if len(serial) <= 64 else "0",
        "signature_algorithm": SIGNATURES.get(_parts(algorithm)[0][1], "UNKNOWN"),
        "not_before": start,
        "not_after": end,
        "public_key_sha1": _public_key(key),
        "tls_domains": names,
    }


def _time(part: Part) -> datetime:
    tag, content = part
    form = "%y%m%d%H%M%SZ" if tag == 0x17 else "%Y%m%d%H%M%SZ"
    return datetime.strptime(content.decode("ascii"), form).replace(tzinfo=UTC)


def _named(name: bytes, wanted: bytes) -> str:
    """One part of a distinguished name."""
    for _, group in _parts(name):
        for _, pair in _parts(group):
            (_, kind), (_, value) = _parts(pair)
            if kind == wanted:
                return value.decode("utf-8", "replace")
    return ""


def _names(extensions: bytes) -> list[str]:
    """The DNS names among the alternative names."""
    for _, extension in _parts(_parts(extensions)[0][1]):
        kind, *_, (_, value) = _parts(extension)
        if kind[1] == ALTERNATIVE_NAMES:
            listed = _parts(_parts(value)[0][1])
            names = (name.decode("ascii").lower() for tag, name in listed if tag == 0x82)
            return list(dict.fromkeys(names))
    return []


def _public_key(info: bytes) -> str:
    (_, algorithm), (_, bits) = _parts(info)
    if _parts(algorithm)[0][1] != RSA:
        return _sha1(bits[1:])
    (_, modulus), (_, exponent) = _parts(_parts(bits[1:])[0][1])
    return _sha1(modulus + exponent)


def _private_key(der: bytes, *, is_wrapped: bool) -> Row:
    fields = _parts(_parts(der)[0][1])
    if is_wrapped:
        fields = _parts(_parts(fields[2][1])[0][1])
    if len(fields) > 4:  # RSA: version, modulus, exponent, and the secrets
        (_, modulus), (_, exponent) = fields[1:3]
        length = int.from_bytes(modulus).bit_length()
        return {
            "key_length": length,
            "key_type": "RSA",
            "public_key_sha1": _sha1(modulus + exponent),
        }
    points = [_parts(content)[0][1] for tag, content in fields[2:] if tag == 0xA1]
    return {
        "key_length": 8 * len(fields[1][1]),
        "key_type": "ECDSA",
        "public_key_sha1": _sha1(points[0][1:]),
    }


def _sha1(data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()
