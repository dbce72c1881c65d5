"""The lock-step engine: live runs, virtual time, batches, replay, records (DESIGN 5).

``lockstep`` drives, ``live`` is one run, ``batch`` evaluates many together, ``clock`` is virtual
time and budget, ``log`` what a run holds, ``record`` what is kept of it, ``replay`` resumes.
"""

from hpobench_lab.engine.lockstep import Company as Company
from hpobench_lab.engine.lockstep import Sink as Sink
from hpobench_lab.engine.lockstep import everybody as everybody
from hpobench_lab.engine.lockstep import execute as execute
from hpobench_lab.engine.lockstep import one_by_one as one_by_one
