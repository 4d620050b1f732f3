"""Stores, the links of a version to them, and the ACLs of Compute."""

from tests.interop.cli_steps.step import Step

FILES = {
    "secret.txt": "not to be told",
    "batch.ndjson": '{"key": "one", "value": "MQ=="}\n{"key": "two", "value": "Mg=="}\n',
}

CONFIG, CONFIG_ENTRY = "config-store {} --store-id=$config", "config-store-entry {} -s $config"
CONFIG_STORE = (
    Step("config-store create --name=cli --json", says='"id": "(?P<config>[^"]+)"'),
    Step("config-store create --name=cli", rc=1, says="409|400"),
    Step(f"{CONFIG.format('update')} --name=cli-settings"),
    Step(
        f"{CONFIG_ENTRY.format('create')} --key=colour --value='grey & blue' --json",
        json={"item_key": "colour", "item_value": "grey & blue", "store_id": "$config"},
    ),
    Step(f"{CONFIG_ENTRY.format('update')} --key=colour --value=green", says="Updated"),
    Step(f"{CONFIG_ENTRY.format('update')} --key=size --value=big --upsert", says="size"),
    Step(
        f"{CONFIG_ENTRY.format('list')} --json",
        json=[
            {"item_key": "colour", "item_value": "green"},
            {"item_key": "size", "item_value": "big"},
        ],
    ),
    Step(f"{CONFIG_ENTRY.format('describe')} --key=size --json", json={"item_value": "big"}),
    Step(f"{CONFIG_ENTRY.format('describe')} --key=none", rc=1, says="404 Not Found"),
    Step(
        f"{CONFIG.format('describe')} --metadata --json",
        json={"id": "$config", "name": "cli-settings", "metadata": {"item_count": 2}},
    ),
    Step(f"{CONFIG_ENTRY.format('delete')} --key=size", says="Deleted"),
    Step(f"{CONFIG_ENTRY.format('delete')} --all --auto-yes", says="Deleted all keys"),
    Step(f"{CONFIG_ENTRY.format('list')} --json", json=[]),
)

KV, KV_ENTRY = "kv-store {} --store-id=$kv", "kv-store-entry {} -s $kv"
KV_STORE = (
    Step("kv-store create --name=cli --json", says='"StoreID": "(?P<kv>[^"]+)"'),
    Step("kv-store list --json", json={"Data": [{"Name": "cli", "StoreID": "$kv"}]}),
    Step(f"{KV.format('describe')} --json", json={"Name": "cli"}),
    Step(f"{KV_ENTRY.format('create')} --key=a/b --value=Good --metadata=said"),
    Step(f"{KV_ENTRY.format('create')} --key=a/b --value=x --add", rc=1, says="412"),
    Step(f"{KV_ENTRY.format('create')} --key=a/b --value=' day' --append"),
    Step(f"{KV_ENTRY.format('get')} --key=a/b", says="^Good day$"),
    Step(
        f"{KV_ENTRY.format('describe')} --key=a/b --json",
        says=r'"generation": "(?P<generation>\d+)"',
        json={"key": "a/b"},
    ),
    Step(f"{KV_ENTRY.format('create')} --file=batch.ndjson", says="Inserted keys"),
    Step(f"{KV_ENTRY.format('list')} --json", json=["a/b", "one", "two"]),
    Step(f"{KV_ENTRY.format('list')} --prefix=o --json", json=["one"]),
    Step(f"{KV_ENTRY.format('get')} --key=two", says="^2$"),
    Step(f"{KV_ENTRY.format('delete')} --key=a/b --if-generation-match=1", rc=1, says="412"),
    Step(f"{KV_ENTRY.format('delete')} --key=a/b --if-generation-match=$generation"),
    Step(f"{KV_ENTRY.format('get')} --key=a/b", rc=1, says="404 Not Found"),
    Step(KV.format("delete"), rc=1, says="409 Conflict"),
    Step(f"{KV_ENTRY.format('delete')} --all --auto-yes", says="Deleted all keys"),
    Step(KV.format("delete"), says="Deleted KV Store"),
    Step(KV.format("describe"), rc=1, says="404 Not Found"),
)

SECRET, SECRET_ENTRY = "secret-store {} --store-id=$secret", "secret-store-entry {} -s $secret"
SECRET_STORE = (
    Step("secret-store create --name=cli --json", says='"id": "(?P<secret>[^"]+)"'),
    Step("secret-store list --json", json=[{"name": "cli", "id": "$secret"}]),
    Step(
        f"{SECRET_ENTRY.format('create')} --name=key --file=secret.txt --json",
        json={"name": "key"},
    ),
    Step(f"{SECRET_ENTRY.format('create')} --name=key --file=secret.txt", rc=1, says="400"),
    Step(
        f"{SECRET_ENTRY.format('create')} --name=key --file=secret.txt --recreate --json",
        json={"name": "key", "recreated": True},
    ),
    Step(f"{SECRET_ENTRY.format('list')} --json", json={"data": [{"name": "key"}]}),
    Step(f"{SECRET_ENTRY.format('describe')} --name=key --json", json={"name": "key"}),
    Step(f"{SECRET_ENTRY.format('delete')} --name=key", says="Deleted secret"),
    Step(f"{SECRET_ENTRY.format('describe')} --name=key", rc=1, says="404 Not Found"),
)

VERSION = "-s $service --version=1"
LINKS = (
    Step("service create --name=cli-links --type=wasm", says=r"service (?P<service>\w+)"),
    Step(
        f"service resource-link create {VERSION} --resource-id=$config --json",
        says='"id": "(?P<link>[^"]+)"',
        json={"name": "cli-settings", "resource_id": "$config", "resource_type": "config"},
    ),
    Step(
        f"service resource-link create {VERSION} --resource-id=$secret --name=keys --json",
        json={"name": "keys", "resource_type": "secret-store", "version": 1},
    ),
    Step(f"service resource-link update {VERSION} --id=$link --name=settings"),
    Step(
        f"service resource-link list {VERSION} --json",
        json=[{"id": "$link", "name": "settings"}, {"name": "keys", "service_id": "$service"}],
    ),
    Step(
        f"service resource-link describe {VERSION} --id=$link --json",
        json={"name": "settings", "resource_type": "config"},
    ),
    Step(f"service resource-link delete {VERSION} --id=$link", says="Deleted"),
    Step(f"service resource-link describe {VERSION} --id=$link", rc=1, says="404 Not Found"),
    Step(CONFIG.format("delete"), says="Deleted"),
    Step(CONFIG.format("describe"), rc=1, says="404 Not Found"),
)

ACL = "compute acl {} --acl-id=$acl"
COMPUTE_ACL = (
    Step("compute acl create --name=cli --json", says='"id": "(?P<acl>[^"]+)"'),
    Step("compute acl list-acls --json", json={"data": [{"name": "cli", "id": "$acl"}]}),
    Step(f"{ACL.format('update')} --operation=create --prefix=192.0.2.0/24 --action=BLOCK"),
    Step(
        ACL.format("update")
        + """ --file='{"entries":[{"op":"create","prefix":"192.0.2.9/32","action":"ALLOW"}]}'""",
        says="Updated 1 compute ACL entries",
    ),
    Step(
        f"{ACL.format('list-entries')} --json",
        json=[
            {"prefix": "192.0.2.0/24", "action": "BLOCK"},
            {"prefix": "192.0.2.9/32", "action": "ALLOW"},
        ],
    ),
    Step(f"{ACL.format('lookup')} --ip=192.0.2.1 --json", json={"action": "BLOCK"}),
    Step(f"{ACL.format('lookup')} --ip=192.0.2.9 --json", json={"action": "ALLOW"}),
    Step(f"{ACL.format('lookup')} --ip=203.0.113.1 --json", says="^null"),
    Step(ACL.format("delete"), says="Deleted"),
    Step(ACL.format("describe"), rc=1, says="404 Not Found"),
)

STEPS = (*CONFIG_STORE, *KV_STORE, *SECRET_STORE, *LINKS, *COMPUTE_ACL)
