"""Every way to purge, and every way to be refused."""

from tests.interop.cli_steps.step import Step

FILES = {
    f"{count}.keys": "".join(f"key-{number}\n" for number in range(1, count + 1))
    for count in (3, 256, 300)
}
SHOP, DOWNLOADS = "u8jzPde0IgxLd6GncfBAep", "c9QeWJKY40uvSwMFLZDe1f"
URL = "https://www.larkspur.example"
ID = r"Status: ok, ID: \d+-\d+-\d+"

STEPS = (
    Step(f"service purge -s {SHOP} --key=products", says=rf"key: products \(soft: false\). {ID}"),
    Step(f"service purge -s {SHOP} --key=products --soft", says=rf"\(soft: true\). {ID}"),
    Step("service purge --service-name=shop-prod --key=products", says=ID),
    Step(f"service purge -s {SHOP} --file=3.keys", says=r"key-1 .*key-2 .*key-3 +\d+-\d+-\d+-3"),
    Step(f"service purge -s {SHOP} --file=3.keys --soft", says=r"key-3 +\d+-\d+-\d+-3"),
    Step(f"service purge -s {SHOP} --file=256.keys", says=r"key-256 +\d+-\d+-\d+-256"),
    # The reason is in the answer, but the CLI does not look there.
    Step(f"service purge -s {SHOP} --file=300.keys", rc=1, says="400 Bad Request"),
    Step(f"service purge -s {SHOP} --all", says="Purge all status: ok"),
    Step(f"service purge -s {SHOP} --all --soft", rc=1, says="cannot be done in soft mode"),
    Step(f"service purge -s {SHOP} --url={URL}/products/lamp", says=rf"\(soft: false\). {ID}"),
    Step(f"service purge -s {SHOP} --url='{URL}/a//b?c=%20&d' --soft", says=ID),
    Step(f"service purge -s {SHOP} --url=www.larkspur.example/news", says=ID),
    Step(
        f"service purge -s {SHOP} --url=https://nobody.example/",
        rc=1,
        says=r"404 Not Found: Record not found \(Cannot find service\)",
    ),
    Step(
        f"service purge -s {DOWNLOADS} --url=https://downloads.larkspur.example/catalogue.pdf",
        rc=1,
        says="403 Forbidden.*Purging by URL is not allowed",
    ),
    Step(f"service purge -s {DOWNLOADS} --key=catalogue", says=ID),
    Step(f"service purge -s {SHOP}"),
    # Who may purge what.
    Step(f"service purge -s {SHOP} --key=a", token="sandbox-purge-select", says=ID),
    Step(f"service purge -s {SHOP} --url={URL}/", token="sandbox-purge-select", says=ID),
    Step(f"service purge -s {SHOP} --all", token="sandbox-purge-select", rc=1, says="403"),
    Step(f"service purge -s {SHOP} --all", token="sandbox-purge-all", says="ok"),
    Step(f"service purge -s {SHOP} --key=a", token="sandbox-purge-all", rc=1, says="403"),
    Step(f"service purge -s {SHOP} --key=a", token="sandbox-read", rc=1, says="403.*Read only"),
    Step(f"service purge -s {SHOP} --key=a", token="sandbox-one-service", says=ID),
    Step(f"service purge -s {DOWNLOADS} --key=a", token="sandbox-one-service", rc=1, says="403"),
)
