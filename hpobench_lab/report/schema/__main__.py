"""Write ``result.schema.json``."""

import sys

from hpobench_lab.report.schema.publish import FILE, schema_text

if __name__ == "__main__":
    FILE.write_text(schema_text(), encoding="utf-8", newline="")
    sys.stdout.write(f"{FILE}\n")
