"""What a version has once or not at all: HTTP/3, image settings; and small questions."""

from starlette.responses import Response

from fastly_mcp.sandbox import errors, invented
from fastly_mcp.sandbox.account.events import record
from fastly_mcp.sandbox.answers import OK, classic, newer
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.services.fields import Field, flag, read, text, whole
from fastly_mcp.sandbox.services.kinds import BY_PLURAL
from fastly_mcp.sandbox.services.objects import find, new_name, put_in, shown, shown_all
from fastly_mcp.sandbox.state import Row, Service, Version

IMAGES: dict[str, Field] = {
    "allow_video": flag(),
    "jpeg_quality": whole(85),
    "jpeg_type": text("auto"),
    "resize_filter": text("lanczos3"),
    "upscale": flag(),
    "webp": flag(),
    "webp_quality": whole(85),
}
RESIZE_FILTERS = frozenset({"lanczos3", "lanczos2", "bicubic", "bilinear", "nearest"})
JPEG_TYPES = frozenset({"auto", "baseline", "progressive"})
RATE_LIMITERS = BY_PLURAL["rate_limiters"]


def get_http3(call: Call) -> Response:
    """404 says that it is off [go-fastly http3/get-disabled.yaml]."""
    version = call.version()
    if "http3" not in version.features:
        raise errors.FastlyError(404, {"msg": "Not found"})
    return classic(_http3(call, version))


def enable_http3(call: Call) -> Response:
    version = call.draft()
    row = {
        "id": call.world.new_id(),
        "feature_revision": 1,
        "feature_update_available": False,
        "created_at": call.stamp,
        "updated_at": call.stamp,
    }
    version.features = version.features | {"http3": row}
    record(call, "http3.create", call.service().id)
    return classic(_http3(call, version))


def disable_http3(call: Call) -> Response:
    version = call.draft()
    if "http3" not in version.features:
        raise errors.FastlyError(404, {"msg": "Not found"})
    version.features = {name: row for name, row in version.features.items() if name != "http3"}
    record(call, "http3.delete", call.service().id)
    return classic(OK)


def _http3(call: Call, version: Version) -> Row:
    return version.features["http3"] | {
        "service_id": call.params["service_id"],
        "version": version.number,
    }


def get_image_settings(call: Call) -> Response:
    """Until something is set there are the defaults."""
    return newer(_image_settings(call.version()))


def update_image_settings(call: Call) -> Response:
    version, given = call.draft(), call.given()
    try:
        fields = read(IMAGES, given)
    except ValueError as error:
        raise invented.bad_image_setting(str(error)) from None
    if fields.get("resize_filter", "lanczos3") not in RESIZE_FILTERS:
        raise invented.bad_image_setting("resize_filter is unknown")
    if fields.get("jpeg_type", "auto") not in JPEG_TYPES:
        raise invented.bad_image_setting("jpeg_type is unknown")
    if not all(1 <= fields.get(name, 1) <= 100 for name in ("jpeg_quality", "webp_quality")):
        raise invented.bad_image_setting("a quality is from 1 to 100")
    row = _image_settings(version) | fields
    version.features = version.features | {"image_optimizer_default_settings": row}
    return newer(row)


def _image_settings(version: Version) -> Row:
    unset = {name: field.default for name, field in IMAGES.items()}
    return version.features.get("image_optimizer_default_settings", unset)


# Rate limiters are made in a version, and from then on named by their id alone.


def _rate_limiter(call: Call) -> tuple[Service, Version, Row]:
    for service in call.world.services.values():
        for version in reversed(service.versions):
            for row in version.objects.get("rate_limiters", ()):
                if row["id"] == call.params["name"] and call.token.covers(service.id):
                    return service, version, row
    raise errors.no_such_member(RATE_LIMITERS.label, id=call.params["name"])


def get_rate_limiter(call: Call) -> Response:
    service, version, row = _rate_limiter(call)
    return classic(shown(RATE_LIMITERS, service.id, version.number, row))


def _changeable_rate_limiter(call: Call) -> tuple[Service, Version, Row]:
    service, version, row = _rate_limiter(call)
    if version.locked:
        raise errors.version_locked(service.id, version.number)
    return service, version, row


def update_rate_limiter(call: Call) -> Response:
    service, version, old = _changeable_rate_limiter(call)
    given = call.given()
    with invented.fitting():
        new = old | read(RATE_LIMITERS.fields, given) | {"updated_at": call.stamp}
    if given.get("name", old["name"]) != old["name"]:
        new["name"] = new_name(RATE_LIMITERS, version, given["name"])
    rows = tuple(new if row is old else row for row in version.objects["rate_limiters"])
    put_in(version, RATE_LIMITERS, rows, call.stamp)
    record(call, "rate_limiter.update", service.id, name=new["name"])
    return classic(shown(RATE_LIMITERS, service.id, version.number, new))


def delete_rate_limiter(call: Call) -> Response:
    service, version, old = _changeable_rate_limiter(call)
    rows = tuple(row for row in version.objects["rate_limiters"] if row is not old)
    put_in(version, RATE_LIMITERS, rows, call.stamp)
    record(call, "rate_limiter.delete", service.id, name=old["name"])
    return classic(OK)


# VCL files and domains have a few more doors than the rest.


def choose_main_vcl(call: Call) -> Response:
    """One file of a version is the main one."""
    kind, version = BY_PLURAL["vcls"], call.draft()
    chosen = find(call, kind, version)
    rows = tuple(
        row if row["main"] == (row is chosen) else row | {"main": row is chosen}
        for row in version.objects["vcls"]
    )
    put_in(version, kind, rows, call.stamp)
    record(call, "vcl.main", call.service().id, name=chosen["name"])
    return classic(shown(kind, call.service().id, version.number, chosen | {"main": True}))


def download_vcl(call: Call) -> Response:
    row = find(call, BY_PLURAL["vcls"], call.version())
    return Response(row["content"], media_type="text/plain")


def _checked(call: Call, version: Version, row: Row) -> list[object]:
    """A domain, what its CNAME is, and whether that is Fastly: here it always is."""
    shown_row = shown(BY_PLURAL["domains"], call.service().id, version.number, row)
    return [shown_row, "dualstack.sandbox.map.fastly.example.", True]


def check_domain(call: Call) -> Response:
    version = call.version()
    return classic(_checked(call, version, find(call, BY_PLURAL["domains"], version)))


def check_domains(call: Call) -> Response:
    version = call.version()
    rows = version.objects.get("domains", ())
    return classic([_checked(call, version, row) for row in rows])


def list_domains(call: Call) -> Response:
    """The domains of a version, with the address of their staging if that is asked for."""
    kind, version = BY_PLURAL["domains"], call.version()
    rows = shown_all(kind, call.service().id, version)
    if call.query.get("include") == "staging_ips":
        rows = [row | {"staging_ip": "192.0.2.54"} for row in rows]
    return classic(rows)


# Log tailing


def start_log_tailing(call: Call) -> Response:
    service = call.service()
    if service.log_tailing:
        raise errors.FastlyError(409, {"msg": "Managed logging is already enabled"})
    service.log_tailing = True
    return classic(OK)


def stop_log_tailing(call: Call) -> Response:
    service = call.service()
    if not service.log_tailing:
        raise errors.FastlyError(404, {"msg": "Record not found"})
    service.log_tailing = False
    return classic(OK)
