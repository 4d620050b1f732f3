"""Statistics: of one service, of all, of what is billed, and the inspectors."""

from tests.interop.cli_steps.step import Step

SHOP, BLOG = "u8jzPde0IgxLd6GncfBAep", "fJBd0Kh8oOOL8dKLzdocJ2"
DAYS = "--from='3 days ago' --to='1 day ago' --by=day"
HEAD = r"From: [\d-]+ [\d:]+ UTC\nTo: [\d-]+ [\d:]+ UTC\nBy: day\nRegion: "
ROW = rf"Service ID: +{SHOP}\nStart Time: +[\d-]+ 00:00:00 .*Hit Rate: +9\d\.\d\d%"

STEPS = (
    Step(f"stats historical -s {SHOP} {DAYS}", says=f"{HEAD}all\n---\n{ROW}"),
    Step(f"stats historical -s {SHOP} {DAYS} --region=europe", says=f"{HEAD}europe\n---\n{ROW}"),
    Step(f"stats historical --service-name=shop-prod {DAYS} --json", says='"requests":[1-9]'),
    Step(
        f"stats historical -s {SHOP} {DAYS} --field=hit_ratio --json",
        says=rf'"hit_ratio":0\.9\d+,"service_id":"{SHOP}","start_time":\d+',
    ),
    Step(
        f"stats historical -s {SHOP} --field=nonsense", rc=1, says="400 Bad Request: Unknown field"
    ),
    Step("stats historical -s nobody", rc=1, says="404|400|403"),
    Step(f"stats aggregate {DAYS}", says=f"{HEAD}all\n---\nService ID: +aggregate"),
    Step(f"stats aggregate {DAYS} --json", says='"compute_requests":[1-9].*"requests":[1-9]'),
    Step("stats usage --from='30 days ago'", says=r"REGION +BANDWIDTH .*\neurope +[1-9]\d+ "),
    Step("stats usage --by-service --json", says=f'"europe":{{.*"{SHOP}":{{"bandwidth":[1-9]'),
    Step("stats regions", says="^africa_std\nanzac\nasia\n.*usa\n"),
    Step(
        f"stats domain-inspector -s {SHOP} --metric=edge_requests --json",
        json={
            "status": "success",
            "meta": {"metric": "edge_requests", "group_by": "domain"},
            "data": [{"dimensions": {"domain": "www.larkspur.example"}}],
        },
    ),
    Step(f"stats domain-inspector -s {SHOP}", says=r"www\.larkspur\.example +[\d-]+ "),
    Step(
        f"stats origin-inspector -s {SHOP} --metric=responses --downsample=day --json",
        json={
            "meta": {"downsample": "day"},
            "data": [{"dimensions": {"host": "eu.origin.larkspur.example"}}],
        },
    ),
    Step(f"stats domain-inspector -s {BLOG} --json", json={"status": "success", "data": []}),
)
