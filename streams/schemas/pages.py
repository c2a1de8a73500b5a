"""The schemas of what the console's pages give under `.json`: one for each row of its table of pages."""

from typing import Any

from streams.console.web.routes import ROUTES
from streams.schemas.documents import SchemaDocument, schema_document
from streams.schemas.payloads import Payload

__all__ = ["page_schemas"]


def page_schemas() -> dict[str, SchemaDocument]:
    """By the name of the schema, `console-NAME`. They follow the pages: no baseline binds them."""
    found = {}
    for route in ROUTES:
        name = f"console-{route.name}"
        document = schema_document(Payload(name=name, type=route.model, directions=("output",)), ())
        found[name] = _described({key: value for key, value in document.items() if key != "examples"})
    return found


def _described(schema: Any) -> Any:  # any JSON value in, the same kind out
    """The same without descriptions that say nothing."""
    match schema:
        case dict():
            return {key: _described(value) for key, value in schema.items() if (key, value) != ("description", "")}
        case list():
            return [_described(item) for item in schema]
        case _:
            return schema
