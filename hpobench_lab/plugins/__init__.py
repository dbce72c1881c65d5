"""From a selector (name, ``module:Name``, ``path/file.py:name``) to an optimizer or a testbed."""

from hpobench_lab.plugins.finding import optimizer_names as optimizer_names
from hpobench_lab.plugins.finding import testbed_names as testbed_names
from hpobench_lab.plugins.resolving import SUPPORTS as SUPPORTS
from hpobench_lab.plugins.resolving import OptimizerPlugin as OptimizerPlugin
from hpobench_lab.plugins.resolving import TestbedPlugin as TestbedPlugin
from hpobench_lab.plugins.resolving import optimizer as optimizer
from hpobench_lab.plugins.resolving import testbed as testbed
from hpobench_lab.plugins.resolving import testbed_plugin as testbed_plugin
