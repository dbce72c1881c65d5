"""The data sets that are trained on, in their fixed splits; nothing is downloaded."""

from hpobench_lab.testbeds.training.data.loading import Dataset, load
from hpobench_lab.testbeds.training.data.sources import DATASETS, Source
from hpobench_lab.testbeds.training.data.splits import OUTER

__all__ = ["DATASETS", "OUTER", "Dataset", "Source", "load"]
