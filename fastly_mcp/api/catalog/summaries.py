"""What an operation does, in an operator's words: by rule, and by hand where that reads badly."""

import re

from fastly_mcp.api.catalog.nouns import LOGGING, NOUNS, PRODUCTS
from fastly_mcp.api.catalog.sentences import SENTENCES

VERSION, SERVICE = "/service/{service_id}/version/{version_id}", "/service/{service_id}"
_SHORT = ((f"{VERSION}/", "V/"), (f"{SERVICE}/", "S/"))
_LAST = re.compile(r"/\{\w+\}$")


def summary_of(name: str, method: str, path: str) -> str:
    """Return one sentence without a full stop. Raises KeyError where there are no words for it."""
    if name in SENTENCES:
        return SENTENCES[name]
    if path.startswith("/enabled-products/"):
        return _of_product(method, path)
    collection = _LAST.sub("", path)
    one_of_it = collection != path
    scope = " of a service version" if path.startswith(f"{VERSION}/") else ""
    for long, short in _SHORT:
        if collection.startswith(long):
            collection = short + collection.removeprefix(long)
            break
    if collection.startswith("V/logging/"):
        to = LOGGING[collection.removeprefix("V/logging/")]
        one, many, note = f"logging endpoint for {to}", "", "log streaming"
    else:
        one, many, note = NOUNS[collection]
    sentence = _sentence(method, one, many or _many(one), scope, one_of_it=one_of_it)
    note = note.replace("{s}", "s" if sentence.startswith("List") else "")
    return f"{sentence}{' ' if note.startswith('(') else ': '}{note}" if note else sentence


def _sentence(method: str, one: str, many: str, scope: str, *, one_of_it: bool) -> str:
    if method == "GET":
        return f"Get one {one}{scope}" if one_of_it else f"List the {many}{scope}"
    if method == "POST":
        return f"Create {_a(one)}{scope.replace(' of ', ' in ')}"
    if method == "DELETE":
        return f"Delete {_a(one)}{scope}"
    return f"Update {_a(one)}{scope}"


def _of_product(method: str, path: str) -> str:
    product, *rest = path.removeprefix("/enabled-products/v1/").split("/")
    name = PRODUCTS[product]
    where = "on a service" if rest else "for the account"
    if rest == ["services"]:
        return f"List the services that have {name} enabled"
    if rest[-1:] == ["configuration"]:
        verb = "Get" if method == "GET" else "Update"
        return f"{verb} the configuration of {name} on a service"
    match method:
        case "GET":
            return f"Check whether {name} is enabled {where}"
        case "PUT":
            return f"Enable {name} {where} (turn the product on)"
    return f"Disable {name} {where} (turn the product off)"


def _many(one: str) -> str:
    return re.sub(r"(?= (?:of|on|for|to) |$)", "s", one, count=1)


def _a(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeioAEIO" else f"a {noun}"
