"""From the text of a study file to a ``Study``; every mistake in one pass, each with its place."""

from hpobench_lab.studyfile.reading import Overrides as Overrides
from hpobench_lab.studyfile.reading import find as find
from hpobench_lab.studyfile.reading import load as load
from hpobench_lab.studyfile.reading import parse as parse
