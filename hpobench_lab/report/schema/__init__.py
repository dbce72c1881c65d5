"""The contract of ``result.json``: its models, its JSON Schema and the page that documents it."""

from hpobench_lab.report.schema.document import Document as Document
from hpobench_lab.report.schema.publish import json_schema as json_schema
from hpobench_lab.report.schema.publish import page as page
from hpobench_lab.report.schema.publish import schema_text as schema_text

__all__ = ["Document", "json_schema", "page", "schema_text"]
