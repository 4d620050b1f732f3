"""What is refused, and in which words it reaches a user."""

from tests.interop.cli_steps.step import Step

SHOP = "u8jzPde0IgxLd6GncfBAep"
NO_CREDENTIALS = "401 Unauthorized: Provided credentials are missing or invalid"

STEPS = (
    Step("service list", token="nobody", rc=1, says=NO_CREDENTIALS),
    Step(f"service purge -s {SHOP} --all", token="nobody", rc=1, says=NO_CREDENTIALS),
    Step("whoami", token="nobody", rc=1, says="Provided credentials are missing or invalid"),
    Step(
        "service list",
        token="sandbox-expired",
        rc=1,
        says=r"401 Unauthorized: Token \w+ expired at",
    ),
    Step("service list", token="sandbox-purge-all", rc=1, says="403 Forbidden"),
    Step("service create --name=x", token="sandbox-read", rc=1, says="403 Forbidden: Read only"),
    Step("service list --json", token="sandbox-read", json=[{"ServiceID": SHOP}]),
    Step("service list", token="sandbox-one-service", says="shop-prod"),
    Step("service describe -s nobody", rc=1, says="404 Not Found: Record not found"),
    Step("service describe --service-name=nobody", rc=1, says="error matching service name"),
    Step("service search --name=nobody", rc=1, says="404 Not Found: Record not found"),
    Step(f"service version clone -s {SHOP} --version=99", rc=1, says="404 Not Found.*Version"),
    Step(f"service version lock -s {SHOP} --version=3", rc=1, says="version 3 is locked"),
    Step(f"service domain create -s {SHOP} --version=3 --name=a.example", rc=1, says="is locked"),
    Step(
        f"service acl create -s {SHOP} --version=4 --name=1st",
        rc=1,
        says="400 Bad Request.*Name must start with alphabetical",
    ),
    Step(
        f"service backend describe -s {SHOP} --version=3 --name=nobody",
        rc=1,
        says="404 Not Found: .*Couldn't find Backend '{ deleted => 0000-00-00 00:00:00, name =>",
    ),
    Step(f"service backend create -s {SHOP} --version=4 --address=a.example", rc=1, says="400"),
    Step(f"service dictionary-entry list -s {SHOP} --dictionary-id=nobody", rc=1, says="404"),
    Step(f"service acl-entry list -s {SHOP} --acl-id=nobody", rc=1, says="404 Not Found"),
)
