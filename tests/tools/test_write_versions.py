"""`write_api` and versions: only drafts are changed, and activating shows what it means."""

from typing import Any

import pytest

from tests.conftest import SHOP, Session
from tests.tools.upstream import BLOG, Upstream, answering, both_eras
from tests.tools.writing import (
    ACTIVE,
    BACKEND,
    DRAFT,
    VERSION,
    asking,
    changes,
    planned,
    refused,
    write,
    writing,
)

pytestmark = pytest.mark.anyio

NUMBER = {"service_id": SHOP, "version_id": DRAFT}
ROW: dict[str, Any] = {"number": DRAFT, "active": False, "locked": False, "environments": []}
LIMITER = {"id": "rl1", "service_id": SHOP, "version": DRAFT}


# What may be written to


@both_eras
@pytest.mark.parametrize(("number", "state"), [(ACTIVE, "active and locked"), (1, "locked")])
async def test_a_version_that_is_active_or_locked_is_refused_with_the_clone_to_make(
    session: Session, mode: str, number: int, state: str
) -> None:
    app = Upstream()
    async with session(writing(app), mode=mode) as mcp:
        said = await refused(mcp, "create_backend", **BACKEND | {"version_id": number})
        assert said == (
            f"Version {number} of this service is {state}, so it cannot be changed. Clone it and "
            "change the clone, whose number the answer tells: "
            "write_api(operation=clone_service_version, "
            f'params={{"service_id": "{SHOP}", "version_id": {number}}}). Nothing was sent.'
        )
        assert changes(app) == []
        clone = await write(mcp, "clone_service_version", service_id=SHOP, version_id=number)
        number = clone["result"]["number"]
        await write(mcp, "create_backend", **BACKEND | {"version_id": number})
    assert changes(app)[-1] == f"POST {VERSION}/5/backend"


@pytest.mark.parametrize(
    ("more", "state"),
    [
        ({"active": True}, "active"),
        ({"locked": True}, "locked"),
        ({"staging": True}, "staging"),
        ({"testing": True}, "testing"),
        ({"deployed": True}, "deployed"),
        ({"environments": [{"name": "production", "active_version": DRAFT}]}, "active"),
        ({"environments": [{"name": "staging", "active_version": DRAFT}]}, "staging"),
        ({"environments": [{"name": "tests\u202e", "active_version": DRAFT}]}, "active in tests"),
    ],
)
async def test_active_in_any_environment_is_active(
    session: Session, more: dict[str, Any], state: str
) -> None:
    app = Upstream()
    app.instead[f"GET {VERSION}/{DRAFT}"] = answering(ROW | more)
    async with session(writing(app)) as mcp:
        said = await refused(mcp, "create_backend", **BACKEND)
    assert said.startswith(f"Version {DRAFT} of this service is {state}")
    assert "\u202e" not in said
    assert changes(app) == []


async def test_active_elsewhere_is_still_a_draft(session: Session) -> None:
    app = Upstream()
    environments = [{"name": "production", "active_version": ACTIVE}]
    app.instead[f"GET {VERSION}/{DRAFT}"] = answering(ROW | {"environments": environments})
    async with session(writing(app)) as mcp:
        await write(mcp, "create_backend", **BACKEND)


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        "no JSON",
        {"number": DRAFT, "active": False},
        {"number": DRAFT, "locked": False},
        ROW | {"number": ACTIVE},
        ROW | {"environments": [1]},
    ],
)
async def test_a_version_that_cannot_be_read_is_not_written_to(
    session: Session, body: object
) -> None:
    app = Upstream()
    app.instead[f"GET {VERSION}/{DRAFT}"] = answering(body)
    async with session(writing(app)) as mcp:
        assert "Fastly answered 200" in await refused(mcp, "create_backend", **BACKEND)
    assert changes(app) == []


@pytest.mark.parametrize(
    ("operation", "number", "more"),
    [
        ("clone_service_version", ACTIVE, {}),
        ("lock_service_version", ACTIVE, {}),
        ("update_service_version", ACTIVE, {"comment": "better"}),
        ("deactivate_service_version", ACTIVE, {}),
        ("activate_service_version", 2, {}),
        ("activate_service_version", ACTIVE, {}),
        ("activate_service_version_environment", 2, {"environment_name": "staging"}),
    ],
)
async def test_what_is_meant_for_versions_in_use_is_done_to_them(
    session: Session, operation: str, number: int, more: dict[str, str]
) -> None:
    app = Upstream()
    async with session(writing(app)) as mcp:
        await write(mcp, operation, service_id=SHOP, version_id=number, **more)
    assert len(changes(app)) == 1


@pytest.mark.parametrize("more", [{"active": True}, {"locked": "1", "comment": "x"}])
async def test_a_version_is_not_activated_by_updating_it(
    session: Session, more: dict[str, Any]
) -> None:
    app = Upstream()
    async with session(writing(app)) as mcp:
        said = await refused(mcp, "update_service_version", **NUMBER, **more)
    assert "is for the comment alone" in said
    assert changes(app) == []


@pytest.mark.parametrize(
    ("path", "operation", "name"),
    [
        ("/rate-limiters/rl1", "update_rate_limiter", "rate_limiter_id"),
        ("/rate-limiters/rl1", "delete_rate_limiter", "rate_limiter_id"),
        ("/apex-redirects/rl1", "update_apex_redirect", "apex_redirect_id"),
        ("/apex-redirects/rl1", "delete_apex_redirect", "apex_redirect_id"),
    ],
)
async def test_an_object_that_is_addressed_by_its_id_is_of_a_version_too(
    session: Session, path: str, operation: str, name: str
) -> None:
    app = Upstream()
    for method in ("PUT", "DELETE"):
        app.instead[f"{method} {path}"] = answering({"status": "ok"})
    async with session(writing(app)) as mcp:
        app.instead[f"GET {path}"] = answering(LIMITER | {"version": str(ACTIVE)})
        assert "is active and locked" in await refused(mcp, operation, **{name: "rl1"})
        app.instead[f"GET {path}"] = answering({"id": "rl1"})
        assert "of another shape" in await refused(mcp, operation, **{name: "rl1"})
        assert changes(app) == []
        app.instead[f"GET {path}"] = answering(LIMITER)
        await write(mcp, operation, **{name: "rl1"})
    assert len(changes(app)) == 1


async def test_an_object_of_a_service_out_of_reach_is_not_written_to(session: Session) -> None:
    app = Upstream()
    app.instead["GET /rate-limiters/rl1"] = answering(LIMITER | {"service_id": BLOG})
    token = {"FASTLY_API_TOKEN": "sandbox-one-service"}
    async with session(writing(app, **token)) as mcp:
        said = await refused(mcp, "delete_rate_limiter", rate_limiter_id="rl1")
    assert "outside what this server may touch" in said
    assert changes(app) == []


# Activating


@both_eras
async def test_activating_shows_that_it_validates_and_what_it_would_change(mode: str) -> None:
    app = Upstream()
    async with asking(app, mode=mode) as mcp:
        plan = await planned(mcp, "activate_service_version", **NUMBER)
    assert plan[0].startswith("Activate a service version")
    at = plan.index("version   4: a draft")
    assert plan[at : at + 10] == [
        "version   4: a draft",
        "validates  yes",
        "replaces  version 3",
        plan[at + 3],
        '-  ttl: "3600"',
        '+  ttl: "86400"',
        "+- name: new.larkspur.example",
        "-  general.default_ttl: 3600",
        "+  general.default_ttl: 86400",
        plan[at + 9],
    ]
    assert plan[at + 3].startswith("differs   5 lines differ (seal ")
    assert changes(app) == []


@both_eras
async def test_a_version_that_does_not_validate_is_not_activated(
    session: Session, mode: str
) -> None:
    app = Upstream()
    async with session(writing(app), mode=mode) as mcp:
        broken = {"name": "bad", "content": "sub vcl_recv { nonsense", "main": True}
        clone = await write(mcp, "clone_service_version", **NUMBER)
        number = {"service_id": SHOP, "version_id": clone["result"]["number"]}
        await write(mcp, "create_custom_vcl", **number, **broken)
        before = len(changes(app))
        for operation, more in (
            ("activate_service_version", {}),
            ("activate_service_version_environment", {"environment_name": "staging"}),
        ):
            said = await refused(mcp, operation, **number, **more)
            assert said.startswith(
                f"Version {number['version_id']} does not validate, so it is not activated. "
                "Fastly says: "
            )
            assert said.endswith("Nothing was sent.")
    assert len(changes(app)) == before


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"status": "error", "msg": "No\nbackend\u202e"}, "Fastly says: No backend\\u{202e}."),
        ({"status": "error", "msg": None, "errors": ["a", "b"]}, "Fastly says: a; b."),
        ({"status": "warning", "msg": None}, "does not validate"),
        ({}, "of another shape"),
        ([], "of another shape"),
    ],
)
async def test_only_ok_is_valid(session: Session, body: object, said: str) -> None:
    app = Upstream()
    app.instead[f"GET {VERSION}/{DRAFT}/validate"] = answering(body)
    async with session(writing(app)) as mcp:
        assert said in await refused(mcp, "activate_service_version", **NUMBER)
    assert changes(app) == []


def rows(active: int | None, staging: int | None = None, *, flags: bool = True) -> list[Any]:
    """The versions of a service; without flags only the environments tell."""
    environments = [
        {"name": name, "active_version": number}
        for name, number in (("production", active), ("staging", staging))
        if number
    ]
    return [
        {
            "number": number,
            "active": number == active,
            "locked": number in {active, staging},
            "staging": flags and number == staging,
            "environments": [] if flags else environments,
        }
        for number in range(1, 5)
    ]


@pytest.mark.parametrize("flags", [True, False])
@pytest.mark.parametrize(
    ("before", "environment", "replaces"),
    [
        ((3, None), "", "version 3"),
        ((3, 2), "", "version 3"),
        ((None, None), "", "none: no version is active"),
        ((DRAFT, None), "", "none: this version is active already"),
        ((3, 2), "staging", "version 2"),
        ((3, None), "staging", "version 3"),
        ((None, None), "staging", "none: no version is active"),
    ],
)
async def test_what_is_replaced_is_what_is_in_the_same_place(
    flags: bool, before: tuple[int | None, int | None], environment: str, replaces: str
) -> None:
    app = Upstream()
    app.instead[f"GET {VERSION}/{DRAFT}"] = app.sandbox
    app.instead[f"GET {VERSION}"] = answering(rows(*before, flags=flags))
    operation, more = "activate_service_version", dict[str, str]()
    if environment:
        operation, more = f"{operation}_environment", {"environment_name": environment}
    async with asking(app) as mcp:
        plan = await planned(mcp, operation, **NUMBER, **more)
    assert f"replaces  {replaces}" in plan
    asked = [line for line in app.lines if "/diff/" in line]
    number = replaces.removeprefix("version ")
    expected = [f"GET /service/{SHOP}/diff/from/{number}/to/4"] if number.isdigit() else []
    assert asked == expected


async def test_a_long_difference_is_cut_and_told_by_its_digest() -> None:
    app = Upstream()
    diff = "@@ -1 +1 @@\n context\n" + "".join(f"+line {number}\n" for number in range(100))
    async with asking(app) as mcp:
        app.instead[f"GET /service/{SHOP}/diff"] = answering({"diff": diff + "-" + "x" * 500})
        first = await planned(mcp, "activate_service_version", **NUMBER)
        app.instead[f"GET /service/{SHOP}/diff"] = answering({"diff": diff + "-" + "x" * 501})
        second = await planned(mcp, "activate_service_version", **NUMBER)
    (told,) = [line for line in first if line.startswith("differs")]
    assert told.startswith("differs   101 lines differ (seal ")
    assert [line for line in first if line.startswith("+line")] == [f"+line {n}" for n in range(30)]
    assert "and 71 more lines" in first
    assert "@@ -1 +1 @@" not in first
    assert told not in second


async def test_a_removed_line_that_looks_like_a_header_is_told() -> None:
    app = Upstream()
    app.instead[f"GET /service/{SHOP}/diff"] = answering({"diff": "--- a comment\n+++ b\n"})
    async with asking(app) as mcp:
        plan = await planned(mcp, "activate_service_version", **NUMBER)
    assert {"--- a comment", "+++ b"} <= set(plan)


async def test_a_difference_tells_no_secret_and_hides_nothing() -> None:
    app = Upstream()
    secret = "k7Qp2Zx9Vb4Nw6Tr1Ys8Lm3Jd5Hf0Gc2"
    diff = f"+  secret_key: {secret}\n+  name: a\u202eb\u200b\n+ \n"
    app.instead[f"GET /service/{SHOP}/diff"] = answering({"diff": diff})
    async with asking(app) as mcp:
        plan = "\n".join(await planned(mcp, "activate_service_version", **NUMBER))
    assert secret not in plan
    assert "[redacted: secret_key]" in plan
    assert "a\\u{202e}b\\u{200b}" in plan


async def test_warnings_are_told() -> None:
    app = Upstream()
    warnings = [f"warning {number}" for number in range(9)]
    checked = {"status": "ok", "msg": None, "warnings": warnings}
    app.instead[f"GET {VERSION}/{DRAFT}/validate"] = answering(checked)
    async with asking(app) as mcp:
        plan = await planned(mcp, "activate_service_version", **NUMBER)
    assert [line for line in plan if line.startswith("warning")] == [
        f"warning   warning {number}" for number in range(5)
    ]


async def test_what_has_no_version_reads_none(session: Session) -> None:
    app = Upstream()
    async with session(writing(app)) as mcp:
        await write(mcp, "update_service", service_id=BLOG, comment="better")
    assert not [line for line in app.lines if "/version" in line]


async def test_the_active_version_is_cloned_by_that_word(session: Session) -> None:
    app = Upstream()
    async with session(writing(app)) as mcp:
        for service in (SHOP, "shop-prod"):
            await write(mcp, "clone_service_version", service_id=service, version_id="active")
        params = BACKEND | {"version_id": "active"}
        assert "version_id must be an integer" in await refused(mcp, "create_backend", **params)
    assert changes(app) == [f"PUT {VERSION}/{ACTIVE}/clone"] * 2


async def test_a_first_version_is_approved_with_all_that_is_in_it(session: Session) -> None:
    app = Upstream()
    app.instead[f"GET {VERSION}/{DRAFT}"] = app.sandbox
    app.instead[f"GET {VERSION}"] = answering(rows(None))
    async with asking(app) as mcp:
        first, again = [await planned(mcp, "activate_service_version", **NUMBER) for _ in range(2)]
        (sealed,) = [line for line in first if line.startswith("content ")]
        assert sealed in again
        async with session(writing(app)) as other:
            await write(other, "create_backend", **BACKEND)
        assert sealed not in await planned(mcp, "activate_service_version", **NUMBER)


async def test_what_is_deleted_is_said_not_to_come_back() -> None:
    async with asking(Upstream()) as mcp:
        plan = await planned(mcp, "delete_service", service_id=SHOP)
        other = await planned(mcp, "create_backend", **BACKEND)
    assert "beware    what is deleted does not come back" in plan
    assert not any(line.startswith("beware") for line in other)
