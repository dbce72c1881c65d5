"""``python -m hpobench_lab`` is ``hpobench-lab``."""

from __future__ import annotations

import sys

from hpobench_lab.cli import main

if __name__ == "__main__":
    sys.exit(main())
