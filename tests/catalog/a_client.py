"""A client as small as one can be, written as the official one is."""

from pathlib import Path

API = """
class GardensApi(object):
    def __init__(self, api_client=None):
        self.list_backends_endpoint = _Endpoint(
            settings={
                'response_type': ([Garden],),
                'endpoint_path': '/service/{service_id}/version/{version_id}/backend',
                'operation_id': 'list_backends',
                'http_method': 'GET',
                'servers': [{'url': "https://api.example.com", 'description': ""}],
            },
            params_map={
                'all': ['service_id', 'version_id', '_from', 'kind', 'flags'],
                'required': ['service_id', 'version_id'],
                'nullable': ['kind'],
                'enum': ['kind'],
                'validation': ['version_id'],
            },
            root_map={
                'validations': {
                    ('version_id',): {'inclusive_minimum': 1},
                    ('service_id',): {'regex': {'pattern': r'^[a-z]+$'}},
                },
                'allowed_values': {('kind',): {'None': None, "OLD": "old", "NEW": "new"}},
                'openapi_types': {
                    'service_id': (str,), 'version_id': (int,), '_from': (datetime,),
                    'kind': (str, none_type,), 'flags': ([str],),
                },
                'attribute_map': {
                    'service_id': 'service_id', 'version_id': 'version_id', '_from': 'from',
                    'kind': 'filter[kind]', 'flags': 'flags',
                },
                'location_map': {
                    'service_id': 'path', 'version_id': 'path', '_from': 'query',
                    'kind': 'query', 'flags': 'query',
                },
                'path_params_allow_reserved_map': {},
                'collection_format_map': {'flags': 'csv'},
            },
            headers_map={'accept': ['application/json'], 'content_type': []},
            api_client=api_client,
        )
        self.create_backend_endpoint = _Endpoint(
            settings={
                'response_type': (GardenResponse,),
                'endpoint_path': '/service/{service_id}/version/{version_id}/backend',
                'operation_id': 'create_backend',
                'http_method': 'POST',
                'servers': [{'url': "https://rt.example.com", 'description': ""}],
            },
            params_map={'all': [], 'required': ['service_id', 'version_id'], 'nullable': []},
            root_map={
                'validations': {},
                'allowed_values': {},
                'openapi_types': {
                    'service_id': (str,), 'version_id': (int,), 'garden': (Garden,),
                },
                'attribute_map': {'service_id': 'service_id', 'version_id': 'version_id'},
                'location_map': {'service_id': 'path', 'version_id': 'path', 'garden': 'body'},
                'path_params_allow_reserved_map': {},
                'collection_format_map': {},
            },
            headers_map={'accept': [], 'content_type': ['application/json']},
            api_client=api_client,
        )
"""

SHORT = """
        self.{name}_endpoint = _Endpoint(
            settings={{
                'response_type': {answer},
                'endpoint_path': '{path}',
                'operation_id': '{name}',
                'http_method': '{method}',
                'servers': [{{'url': "https://api.example.com", 'description': ""}}],
            }},
            params_map={{'all': [], 'required': [], 'nullable': []}},
            root_map={{
                'validations': {{}},
                'allowed_values': {{}},
                'openapi_types': {types},
                'attribute_map': {wire},
                'location_map': {places},
                'path_params_allow_reserved_map': {{}},
                'collection_format_map': {{}},
            }},
            headers_map={{'accept': [], 'content_type': []}},
            api_client=api_client,
        )
"""


def short(name: str, path: str, answer: str, *query: str, body: str = "") -> str:
    """Return the code of an operation with whole numbers in its query, or with a body."""
    types, places = dict.fromkeys(query, "(int,)"), dict.fromkeys(query, "query")
    if body:
        types["it"], places["it"] = body, "body"
    return SHORT.format(
        name=name,
        path=path,
        method="POST" if body else "GET",
        answer=answer,
        types="{" + ", ".join(f"'{key}': {value}" for key, value in types.items()) + "}",
        wire={key: key.replace("page_number", "page[number]") for key in query},
        places=places,
    )


MORE = (
    short("list_events", "/events", "(Gardens,)", "page_number"),
    short("get_log_records", "/observability/log-explorer", "(Gardens,)", "next_cursor"),
    short("list_user_groups", "/user-groups", f"({{str: {'(str,)'}}},)", "page", "per_page"),
    short("get_hist_stats", "/stats", "(Plots,)"),
    short("list_access_keys", "/resources/object-storage/access-keys", "(Garden,)"),
    short("list_service_stars", "/stars", "(bool, str,)"),
    short("kv_store_get_item", "/resources/stores/kv/s/keys", "(str,)"),
    short("kv_store_upsert_item", "/resources/stores/kv", "None", body="(str,)"),
    short("create_tls_activation", "/tls/activations", "(Unknown,)", body="(Link,)"),
)


MODEL = """
class {name}({kind}):
    allowed_values = {enums}
    validations = {rules}

    @cached_property
    def additional_properties_type():
        return {extra}

    @cached_property
    def openapi_types():
        lazy_import()
        return {types}

    attribute_map = {wire}
    read_only_vars = {read_only}

    def __init__(self, {required}*args, **kwargs):
        pass

    @cached_property
    def _composed_schemas():
        lazy_import()
        return {parts}
"""

EVERYTHING = "(bool, date, datetime, dict, float, int, list, str, none_type,)"


def model(name: str, types: str, kind: str = "ModelNormal", **more: str) -> str:
    """Return the code of one model."""
    parts = "{'anyOf': [], 'allOf': [], 'oneOf': []}"
    usual = {"enums": "{}", "rules": "{}", "wire": "{}", "read_only": "{}", "required": ""}
    usual |= {"extra": EVERYTHING, "parts": parts}
    return MODEL.format(name=name, types=types, kind=kind, **(usual | more))


MODELS = {
    "garden": model(
        "Garden",
        "{'_name': (str,), 'size': (GardenSize,), 'beds': ([GardenBed],), 'notes': "
        f"{EVERYTHING}, 'owner': (OwnerId,), 'made_at': (datetime, none_type,)}}",
        wire="{'_name': 'name'}",
        rules="{('_name',): {'max_length': 9}}",
        read_only="{'made_at',}",
        required="_name, ",
    ),
    "garden_size": model(
        "GardenSize",
        "{'value': (str,)}",
        "ModelSimple",
        enums="{('value',): {'SMALL': 'small', 'LARGE': 'large'}}",
    ),
    "garden_bed": model("GardenBed", "{'plants': ([str],), 'garden': (Garden,)}"),
    "owner_id": model("OwnerId", "{}", extra="None"),
    "garden_response": model(
        "GardenResponse",
        "{'id': (str,)}",
        "ModelComposed",
        parts="{'anyOf': [], 'allOf': [Garden], 'oneOf': [bool]}",
    ),
    "gardens": model("Gardens", "{'data': (GardenList,), 'meta': (Meta,)}"),
    "garden_list": model("GardenList", "{'value': ([Garden],)}", "ModelSimple"),
    "plots": model(
        "Plots",
        "{'data': ({str: (GardenList,)},), 'by_year': ([{str: (Meta,)}],), 'sold': "
        "({str: (str,)},)}",
    ),
    "meta": model("Meta", "{'next_cursor': (str,)}"),
    "link": model("Link", "{'data': (Named,), 'port': (Port,), 'either': (Either,)}"),
    "named": model("Named", "{'id': (str,), 'type': (str,)}", read_only="{'id',}"),
    "port": model(
        "Port",
        "{}",
        "ModelComposed",
        parts="{'anyOf': [], 'allOf': [GardenSize], 'oneOf': []}",
    ),
    "either": model(
        "Either",
        "{}",
        "ModelComposed",
        parts="{'anyOf': [], 'allOf': [], 'oneOf': [GardenSize, GardenList]}",
    ),
    "unused": model("Unused", "{'x': (float,)}"),
}


def write_client(at: Path) -> Path:
    """Write the client's files into a directory and return it."""
    for folder in ("api", "model"):
        (at / folder).mkdir(parents=True)
    (at / "__init__.py").write_text('"""A client."""\n__version__ = "1.2.3"\n', encoding="utf-8")
    # It is only read: run, it would end the test.
    (at / "api" / "gardens_api.py").write_text(
        "raise SystemExit\n" + API + "".join(MORE), encoding="utf-8"
    )
    for name, code in MODELS.items():
        (at / "model" / f"{name}.py").write_text(code, encoding="utf-8")
    return at
