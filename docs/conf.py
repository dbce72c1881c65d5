"""How Sphinx builds these pages; ``make docs`` treats warnings as errors."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import reference_pages  # noqa: E402  (needs the path above)

from hpobench_lab import __version__  # noqa: E402

project = "hpobench_lab"
author = "The hpobench_lab authors"
copyright = author
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
python_use_unqualified_type_names = True

html_theme = "furo"
html_title = f"hpobench_lab {__version__}"
html_copy_source = False


def setup(app: object) -> None:
    """Write the pages that are made from code before Sphinx looks for pages."""
    reference_pages.write(HERE / "reference" / "generated")
