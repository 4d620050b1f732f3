"""The default settings of the image optimizer, of which a version has one set."""

from starlette.responses import Response

from fastly_mcp.sandbox import invented
from fastly_mcp.sandbox.answers import newer
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.services.fields import Field, choice, defaults, flag, read, whole
from fastly_mcp.sandbox.state import Row, Version

QUALITY = range(1, 101)
SETTINGS: dict[str, Field] = {
    "allow_video": flag(),
    "jpeg_quality": whole(85, QUALITY),
    "jpeg_type": choice("auto", "baseline", "progressive"),
    "resize_filter": choice("lanczos3", "lanczos2", "bicubic", "bilinear", "nearest"),
    "upscale": flag(),
    "webp": flag(),
    "webp_quality": whole(85, QUALITY),
}


def get_image_settings(call: Call) -> Response:
    return newer(_settings(call.version()))


def update_image_settings(call: Call) -> Response:
    version = call.draft()
    with invented.fitting(invented.bad_image_setting):
        row = _settings(version) | read(SETTINGS, call.given())
    version.features = version.features | {"image_optimizer_default_settings": row}
    return newer(row)


def _settings(version: Version) -> Row:
    """Until something is set there are the defaults."""
    return version.features.get("image_optimizer_default_settings", defaults(SETTINGS))
