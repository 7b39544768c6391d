"""The pages of the service: one to try the model by hand, and one that describes the API; nothing is loaded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cman_tf.pages.rendering import render_page
from cman_tf.serving.limits import Limits
from cman_tf.serving.requests import EXAMPLE

_PACKAGE = "cman_tf.serving"
_REFERENCE = "#/components/schemas/"


def render_try_page(about: Mapping[str, Any], limits: Limits, options: Mapping[str, Any]) -> str:
    """Render the page on which a person types a text and sees entities and relations.

    Args:
      about: what /version says of the model.
      limits: the bounds of the service.
      options: the service's values of the options.
    """
    data = {
        "types": about["entity_types"],
        "characters": limits.characters,
        "example": EXAMPLE["texts"][0],
    }
    return render_page("try.html.jinja", _PACKAGE, about=about, options=options, data=data)


def render_api_page(schema: Mapping[str, Any]) -> str:
    """Render the page that describes the API.

    Args:
      schema: the OpenAPI schema of the application, /openapi.json.
    """
    operations = [
        _describe_operation(path, method, operation)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]
    schemas = {
        name: {"description": item.get("description", ""), "fields": _list_fields(item)}
        for name, item in schema["components"]["schemas"].items()
    }
    example = json.dumps(EXAMPLE)
    return render_page(
        "api.html.jinja", _PACKAGE, info=schema["info"], operations=operations, schemas=schemas, example=example
    )


def _describe_operation(path: str, method: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    answers = [
        {
            "status": status,
            "description": answer["description"],
            "type": next((name_type(kind.get("schema", {})) for kind in answer.get("content", {}).values()), ""),
        }
        for status, answer in sorted(operation["responses"].items())
    ]
    return {
        "path": path,
        "method": method.upper(),
        "summary": operation.get("summary", ""),
        "fields": _list_fields(body),
        "answers": answers,
    }


def _list_fields(schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List the fields of an object."""
    required = schema.get("required", [])
    return [
        {
            "name": name,
            "type": name_type(field),
            "default": "required" if name in required else json.dumps(field["default"]) if "default" in field else "",
            "description": field.get("description", ""),
        }
        for name, field in schema.get("properties", {}).items()
    ]


def name_type(schema: Mapping[str, Any]) -> str:
    """Return a short name of the type that a JSON schema describes.

    Args:
      schema: the schema, or a part of one.

    >>> name_type({"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "null"}]}})
    'list of (string or null)'
    """
    if "$ref" in schema:
        return schema["$ref"].removeprefix(_REFERENCE)
    if "anyOf" in schema:
        return " or ".join(map(name_type, schema["anyOf"]))
    if "enum" in schema:
        return " or ".join(map(json.dumps, schema["enum"]))
    if "prefixItems" in schema:
        return f"[{', '.join(map(name_type, schema['prefixItems']))}]"
    if schema.get("type") == "array":
        inner = name_type(schema.get("items", {}))
        return f"list of ({inner})" if " or " in inner else f"list of {inner}"
    bounds = f" from {schema['minimum']:g} to {schema['maximum']:g}" if {"minimum", "maximum"} <= schema.keys() else ""
    return f"{schema.get('type', 'any value')}{bounds}"
