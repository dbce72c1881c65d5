"""The JSON Schema of ``result.json`` and its page in the docs, both from the models.

``result.schema.json`` is generated (``python -m hpobench_lab.report.schema``) and
committed; a test compares them. Within one version keys are only added, so the published schema
lets a reader ignore those that it does not know, while the models refuse them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hpobench_lab.report.schema.document import Document

__all__ = ["FILE", "json_schema", "page", "schema_text"]

FILE = Path(__file__).parent.parent / "result.schema.json"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
TITLE = "result.json of hpobench_lab, version 1"
INTRODUCTION = """\
# result.json

What `report` writes for other programs, `compare --json` and `run --json` print (there, under
`result`) and `hpobench_lab.report.result_json(results)` returns. This is version 1. Within one
version keys are only added: ignore those that you do not know. The same as a JSON Schema comes with
the package, as `hpobench_lab/report/result.schema.json`.

- Losses are minimised, regrets are normalised: 0 is the optimum, 1 is one random evaluation.
- NaN and infinity are `null`. A key that may be null for that reason has a sibling `<key>_reason`,
  there only when it is null, which says why. In the lists of `anytime` a null has no reason.
- Only the primary endpoint has p-values. At any other cut `cut.exploratory` is true and every p is
  null.
- What is measured on the machine (`ask_tell_s`, `eval_s`, `cpu_s`, energy, dates) differs from day
  to day; everything else is the same for the same results.

```bash
hpobench-lab compare --json | python -m json.tool
```
"""


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the document.

    >>> json_schema()["properties"]["schema"]["const"]
    1
    """
    body = Document.model_json_schema(by_alias=True)
    return {"$schema": DIALECT, "title": TITLE} | {k: v for k, v in body.items() if k != "title"}


def schema_text() -> str:
    """Return the content of ``result.schema.json``."""
    return json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n"


def page() -> str:
    """Return the page of the docs, in Markdown."""
    schema = json_schema()
    parts = [INTRODUCTION, "## The document", _table(schema, schema["$defs"])]
    for name, part in schema["$defs"].items():
        parts += [f"## {name.removesuffix('Part')}", _words(part.get("description", ""))]
        parts.append(_table(part, schema["$defs"]))
    return "\n\n".join(p.rstrip() for p in parts if p) + "\n"


def _words(text: str) -> str:
    return " ".join(text.split()).replace("``", "`")


def _described(field: dict[str, Any], parts: dict[str, Any]) -> str:
    """Return what the part says of itself that a key holds, one or a list of it."""
    inner = [field, field.get("items", {}), *field.get("anyOf", [])]
    names = [f["$ref"].rsplit("/", 1)[-1] for f in inner if "$ref" in f]
    return str(parts[names[0]]["description"]) if names else ""


def _table(part: dict[str, Any], parts: dict[str, Any]) -> str:
    lines = ["| key | type | meaning |", "|---|---|---|"]
    for name, field in part["properties"].items():
        if name.endswith("_reason") and name.removesuffix("_reason") in part["properties"]:
            continue
        text = _words(field.get("description") or _described(field, parts))
        lines.append(f"| `{name}` | {_type(field)} | {text} |")
    return "\n".join(lines)


def _type(field: dict[str, Any]) -> str:
    """Return a type in words.

    >>> _type({"anyOf": [{"type": "number"}, {"type": "null"}]})
    'number or null'
    >>> _type({"type": "array", "items": {"$ref": "#/$defs/StudyPart"}})
    'list of [Study](#study)'
    """
    if "anyOf" in field:
        return " or ".join(_type(f) for f in field["anyOf"])
    if "$ref" in field:
        name = field["$ref"].rsplit("/", 1)[-1].removesuffix("Part")
        return f"[{name}](#{name.lower()})"
    if "enum" in field or "const" in field:
        return " or ".join(f"`{v}`" for v in field.get("enum", [field.get("const")]))
    if field.get("type") == "array":
        return f"list of {_type(field['items'])}"
    inner = field.get("additionalProperties")
    if field.get("type") == "object" and isinstance(inner, dict):
        return f"object of {_type(inner)}"
    return str(field.get("type", "anything"))
