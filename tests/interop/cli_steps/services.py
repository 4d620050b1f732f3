"""Services and their versions, from the making of one to its end."""

from tests.interop.cli_steps.step import Step

SHOP = "u8jzPde0IgxLd6GncfBAep"
VERSION = "service version {} -s $service --version={}"

STEPS = (
    Step(
        "service list --json",
        json=[
            {"ServiceID": SHOP, "Name": "shop-prod", "Type": "vcl", "ActiveVersion": 3},
            {"Name": "edge-api", "Type": "wasm", "ActiveVersion": 7},
        ],
    ),
    Step("service list", says="shop-prod.*u8jzPde0IgxLd6GncfBAep"),
    Step("service list --page=2 --per-page=2 --direction=descend --sort=name", says="legacy-down"),
    Step(
        "service create --name=cli-shop --comment='Made by hand'",
        says=r"Created service (?P<service>\w+)",
    ),
    Step("service create --name=cli-shop", rc=1, says="409 Conflict"),
    Step(
        "service search --name=cli-shop --json",
        json={"ServiceID": "$service", "Name": "cli-shop", "Comment": "Made by hand"},
    ),
    Step(
        "service describe -s $service --json",
        json={
            "ServiceID": "$service",
            "Name": "cli-shop",
            "Type": "vcl",
            "ActiveVersion": None,
            "Version": {"Number": 1, "Active": False, "Locked": False},
            "Versions": [{"Number": 1, "Active": False, "Locked": False}],
        },
    ),
    Step("service describe --service-name=cli-shop", says=r"Name: cli-shop\n.*Versions: 1"),
    Step("service update -s $service --name=cli-store --comment=Renamed", says="Updated"),
    Step("service describe -s $service --json", json={"Name": "cli-store", "Comment": "Renamed"}),
    # Versions
    Step("service version list -s $service --json", json=[{"Number": 1, "Locked": False}]),
    Step(f"{VERSION.format('update', 1)} --comment='Like this'", says="Updated"),
    Step(
        f"{VERSION.format('clone', 1)} --json",
        json={"Number": 2, "Comment": "Like this", "Active": False, "Locked": False},
    ),
    Step("service domain create -s $service --version=2 --name=store.cli.example"),
    Step("service backend create -s $service --version=2 --name=origin --address=192.0.2.1"),
    Step(
        "service backend describe -s $service --version=2 --name=origin --json",
        json={"Address": "192.0.2.1", "Port": 80, "UseSSL": False, "ServiceVersion": 2},
    ),
    Step(f"{VERSION.format('validate', 2)} --json", json={"valid": True}),
    Step(VERSION.format("activate", 2), says="Activated service .* version 2"),
    Step(
        "service describe -s $service --json",
        json={
            "ActiveVersion": {"Number": 2, "Active": True, "Locked": True},
            "Versions": [{"Number": 1, "Active": False}, {"Number": 2, "Active": True}],
        },
    ),
    Step(
        "service domain list -s $service --version=active --json",
        json=[{"Name": "store.cli.example", "ServiceVersion": 2}],
    ),
    Step(
        "service domain create -s $service --version=active --name=more.cli.example",
        rc=1,
        says="service version 2 is locked",
    ),
    Step(
        "service domain create -s $service --version=active --name=more.cli.example --autoclone",
        says="Created domain more.cli.example .* version 3",
    ),
    Step(
        "service domain list -s $service --version=latest --json",
        json=[{"Name": "store.cli.example"}, {"Name": "more.cli.example", "ServiceVersion": 3}],
    ),
    Step(VERSION.format("stage", 3), says="Staged service .* version 3"),
    Step(
        "service version list -s $service --json",
        json=[
            {"Number": 2, "Active": True, "Staging": False},
            {"Number": 3, "Active": False, "Staging": True},
        ],
    ),
    Step(
        "service domain list -s $service --version=staged --json",
        json=[{"Name": "more.cli.example", "ServiceVersion": 3}],
    ),
    Step(VERSION.format("unstage", 3), says="Unstaged"),
    Step(VERSION.format("unstage", 3), rc=1, says="not staged"),
    Step(VERSION.format("lock", 1), says="Locked"),
    Step(
        "service version list -s $service --json",
        json=[{"Number": 1, "Locked": True}, {"Number": 3, "Staging": False}],
    ),
    Step(f"{VERSION.format('activate', 2)} --autoclone", says="Activated service .* version 4"),
    Step(
        "service version list -s $service --json",
        json=[
            {"Number": 2, "Active": False, "Locked": True},
            {"Number": 4, "Active": True, "Locked": True},
        ],
    ),
    # The end
    Step("service delete -s $service", rc=1, says="400 - Bad Request"),
    Step(VERSION.format("deactivate", 4), says="Deactivated"),
    Step(VERSION.format("deactivate", 4), rc=1, says="not active"),
    Step("service delete -s $service", says="Deleted"),
    Step("service describe -s $service", rc=1, says="400 Bad Request.*is deleted"),
    Step("service delete -s fJBd0Kh8oOOL8dKLzdocJ2 --force", says="Deleted"),
    Step("service search --name=blog", rc=1, says="404 Not Found"),
    # A version that is not in order
    Step("service create --name=cli-broken", says=r"Created service (?P<service>\w+)"),
    Step("service vcl custom create -s $service --version=1 --name=a --main --content='sub {'"),
    Step(f"{VERSION.format('validate', 1)} --json", json={"valid": False}),
    Step(VERSION.format("activate", 1), rc=1, says="400 Bad Request"),
)
