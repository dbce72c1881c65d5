"""Results on disk: append-only, content-addressed segments that survive a kill (DESIGN 6)."""

from hpobench_lab.store.folder import Store as Store
from hpobench_lab.store.writer import Writer as Writer
