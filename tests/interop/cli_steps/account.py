"""Who one is, users, tokens, and what is the same for everybody."""

from tests.interop.cli_steps.step import Step

CUSTOMER = "8rESQedUStPKR0CsTy4Qwb"
LOGIN = "kim@larkspur.example"

STEPS = (
    Step("whoami", says="^Robin Ashby <robin@larkspur.example>"),
    Step(
        "whoami --verbose",
        says=f"Customer ID: {CUSTOMER}\n.*Token scope: global\nService count: 6\n\tadmin",
    ),
    Step("whoami", token="sandbox-sam", says="^Sam Okafor"),
    Step(
        f"user list --customer-id={CUSTOMER} --json",
        json=[
            {"Login": "robin@larkspur.example", "Name": "Robin Ashby", "Role": "engineer"},
            {"Login": "sam@larkspur.example", "Role": "superuser", "CustomerID": CUSTOMER},
        ],
    ),
    Step("user describe --current --json", json={"Login": "robin@larkspur.example"}),
    Step(f"user create --login={LOGIN} --name='Kim Lee' --role=engineer", says="Created"),
    Step(
        f"user list --customer-id={CUSTOMER}",
        says=rf"{LOGIN} +Kim Lee +engineer +\w+ +(?P<user>\w+)",
    ),
    Step("user update --id=$user --name='Kim Lee-Ashby' --role=user", says="Updated"),
    Step(
        "user describe --id=$user --json",
        json={"Login": LOGIN, "Name": "Kim Lee-Ashby", "Role": "user", "UserID": "$user"},
    ),
    Step(f"user update --login={LOGIN} --password-reset", says="Reset user password"),
    Step("user delete --id=$user", says="Deleted"),
    Step("user describe --id=$user", rc=1, says="404 Not Found"),
    # Tokens that the CLI keeps for itself
    Step("auth add sam --api-token=sandbox-sam", says='Token "sam" added'),
    Step("auth list", says="sam@larkspur.example"),
    Step("auth show sam", says=f"Account ID: {CUSTOMER}\n.*Sam's laptop\n.*token scope: global"),
    Step("whoami --token=sam", says="^Sam Okafor"),
    Step("auth revoke --token-value=sandbox-one-service", says="Revoked token"),
    Step("whoami", token="sandbox-one-service", rc=1, says="missing or invalid"),
    Step("auth revoke --name=sam --auto-yes", says="Revoked token"),
    Step("whoami", token="sandbox-sam", rc=1, says="missing or invalid"),
    Step("auth add bad --api-token=nobody", rc=1, says="401 Unauthorized"),
    # The network
    Step("ip-list", says="IPv4\n.*192.0.2.0/24.*IPv6\n.*2001:db8:"),
    Step("pops", says=r"Amsterdam +AMS +Europe +amsterdam-nl .*Latitude:52\.31"),
)
