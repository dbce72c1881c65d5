"""Public benchmark files: what there is and where it lies; ``fetching`` and ``verifying`` act."""

from hpobench_lab.data.entry import Download as Download
from hpobench_lab.data.entry import Entry as Entry
from hpobench_lab.data.entry import Piece as Piece
from hpobench_lab.data.place import data_folder as data_folder
from hpobench_lab.data.place import is_here as is_here
from hpobench_lab.data.place import need as need
from hpobench_lab.data.registry import ENTRIES as ENTRIES
from hpobench_lab.data.registry import entry as entry
