"""From loaded results to tables: traces, aggregation, comparisons and the league."""

from hpobench_lab.analysis.aggregate import bootstrap_sources as bootstrap_sources
from hpobench_lab.analysis.aggregate import interval as interval
from hpobench_lab.analysis.aggregate import iqm as iqm
from hpobench_lab.analysis.aggregate import per_source as per_source
from hpobench_lab.analysis.comparisons import Comparison as Comparison
from hpobench_lab.analysis.comparisons import against_baseline as against_baseline
from hpobench_lab.analysis.comparisons import attainable_p as attainable_p
from hpobench_lab.analysis.comparisons import family as family
from hpobench_lab.analysis.estimate import Caution as Caution
from hpobench_lab.analysis.estimate import Estimate as Estimate
from hpobench_lab.analysis.league import Analysis as Analysis
from hpobench_lab.analysis.league import LeagueRow as LeagueRow
from hpobench_lab.analysis.league import analyse as analyse
from hpobench_lab.analysis.panel import Panel as Panel
from hpobench_lab.analysis.panel import arrange as arrange
from hpobench_lab.analysis.ranktests import a12 as a12
from hpobench_lab.analysis.ranktests import holm as holm
from hpobench_lab.analysis.ranktests import sign_test as sign_test
from hpobench_lab.analysis.ranktests import signed_rank as signed_rank
from hpobench_lab.analysis.ranktests import smallest_attainable_p as smallest_attainable_p
from hpobench_lab.analysis.traces import Steps as Steps
from hpobench_lab.analysis.traces import log_time_auc as log_time_auc
from hpobench_lab.analysis.traces import normalised_regret as normalised_regret
from hpobench_lab.analysis.traces import simple_regret as simple_regret
from hpobench_lab.analysis.traces import value_at as value_at
from hpobench_lab.analysis.verdict import Verdict as Verdict

__all__ = [
    "Analysis",
    "Caution",
    "Comparison",
    "Estimate",
    "LeagueRow",
    "Panel",
    "Steps",
    "Verdict",
    "a12",
    "against_baseline",
    "analyse",
    "arrange",
    "attainable_p",
    "bootstrap_sources",
    "family",
    "holm",
    "interval",
    "iqm",
    "log_time_auc",
    "normalised_regret",
    "per_source",
    "sign_test",
    "signed_rank",
    "simple_regret",
    "smallest_attainable_p",
    "value_at",
]
