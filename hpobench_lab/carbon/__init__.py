"""Energy of what really ran here: one codecarbon tracker a machine, read once a second.

Three steps, which share no state:

1. ``track`` runs in the coordinator, never in a worker: N trackers would count the machine N times.
   codecarbon hands its cumulative energy to ``_Tape`` once a second.
2. ``Tracker.record`` is the session as plain data: energy by cpu, gpu and ram, each with the
   method it was measured or modelled by.
3. ``attribute`` shares the energy of every interval among the runs by their CPU seconds; what is
   left is idle and other processes. The shares and the rest sum to the total.

These figures never mix with the energy that a table states for a simulated evaluation.

With ``enabled = false`` nothing of codecarbon is imported.
"""

from hpobench_lab.carbon.attribution import Attribution, RunSpan, attribute
from hpobench_lab.carbon.country import Intensity, intensity
from hpobench_lab.carbon.samples import Samples
from hpobench_lab.carbon.session import Tracker, track

__all__ = [
    "Attribution",
    "Intensity",
    "RunSpan",
    "Samples",
    "Tracker",
    "attribute",
    "intensity",
    "track",
]
