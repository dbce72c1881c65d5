"""A user's own script or estimator as a testbed, and as something that ``collect`` trains."""

from hpobench_lab.testbeds.training.own.estimator import EstimatorTestbed as EstimatorTestbed
from hpobench_lab.testbeds.training.own.estimator import estimator as estimator
