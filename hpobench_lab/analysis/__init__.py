"""From loaded results to tables: traces, aggregation, comparisons and the league."""

from hpobench_lab.analysis.anytime import Anytime as Anytime
from hpobench_lab.analysis.anytime import over_budgets as over_budgets
from hpobench_lab.analysis.controls import Control as Control
from hpobench_lab.analysis.controls import controls as controls
from hpobench_lab.analysis.estimate import Caution as Caution
from hpobench_lab.analysis.estimate import Estimate as Estimate
from hpobench_lab.analysis.inference.bayes import CorrectedT as CorrectedT
from hpobench_lab.analysis.inference.bayes import Triple as Triple
from hpobench_lab.analysis.inference.bayes import bayesian_signed_rank as bayesian_signed_rank
from hpobench_lab.analysis.inference.bayes import corrected_t as corrected_t
from hpobench_lab.analysis.inference.comparisons import Comparison as Comparison
from hpobench_lab.analysis.inference.comparisons import against_baseline as against_baseline
from hpobench_lab.analysis.inference.comparisons import attainable_p as attainable_p
from hpobench_lab.analysis.inference.comparisons import family as family
from hpobench_lab.analysis.inference.critical_difference import (
    CriticalDifference as CriticalDifference,
)
from hpobench_lab.analysis.inference.critical_difference import (
    critical_difference as critical_difference,
)
from hpobench_lab.analysis.inference.critical_difference import nemenyi_cd as nemenyi_cd
from hpobench_lab.analysis.inference.noninferiority import BettingSequence as BettingSequence
from hpobench_lab.analysis.inference.noninferiority import Gate as Gate
from hpobench_lab.analysis.inference.noninferiority import Margin as Margin
from hpobench_lab.analysis.inference.noninferiority import betting_sequence as betting_sequence
from hpobench_lab.analysis.inference.noninferiority import budget_ratio as budget_ratio
from hpobench_lab.analysis.inference.noninferiority import gate as gate
from hpobench_lab.analysis.inference.omnibus import Friedman as Friedman
from hpobench_lab.analysis.inference.omnibus import friedman as friedman
from hpobench_lab.analysis.inference.omnibus import friedman_of_ranks as friedman_of_ranks
from hpobench_lab.analysis.inference.omnibus import permutation_p as permutation_p
from hpobench_lab.analysis.inference.races import Race as Race
from hpobench_lab.analysis.inference.races import compared as compared
from hpobench_lab.analysis.inference.races import races as races
from hpobench_lab.analysis.inference.ranktests import a12 as a12
from hpobench_lab.analysis.inference.ranktests import holm as holm
from hpobench_lab.analysis.inference.ranktests import sign_test as sign_test
from hpobench_lab.analysis.inference.ranktests import signed_rank as signed_rank
from hpobench_lab.analysis.inference.ranktests import smallest_attainable_p as smallest_attainable_p
from hpobench_lab.analysis.inference.stability import Flip as Flip
from hpobench_lab.analysis.inference.stability import Stability as Stability
from hpobench_lab.analysis.inference.stability import rank_stability as rank_stability
from hpobench_lab.analysis.inference.stability import stability_of_panel as stability_of_panel
from hpobench_lab.analysis.league import LeagueRow as LeagueRow
from hpobench_lab.analysis.measures.hypervolume import front as front
from hpobench_lab.analysis.measures.hypervolume import hypervolume as hypervolume
from hpobench_lab.analysis.measures.hypervolume import (
    hypervolume_over_time as hypervolume_over_time,
)
from hpobench_lab.analysis.measures.hypervolume import relative_hypervolume as relative_hypervolume
from hpobench_lab.analysis.measures.importance import Importance as Importance
from hpobench_lab.analysis.measures.importance import importance as importance
from hpobench_lab.analysis.measures.profiles import Profile as Profile
from hpobench_lab.analysis.measures.profiles import performance_profile as performance_profile
from hpobench_lab.analysis.measures.profiles import random_worth as random_worth
from hpobench_lab.analysis.measures.profiles import ratio_profile as ratio_profile
from hpobench_lab.analysis.measures.targets import RunTimes as RunTimes
from hpobench_lab.analysis.measures.targets import ecdf as ecdf
from hpobench_lab.analysis.measures.targets import ecdf_log_auc as ecdf_log_auc
from hpobench_lab.analysis.measures.targets import ert as ert
from hpobench_lab.analysis.measures.targets import hit_share as hit_share
from hpobench_lab.analysis.measures.targets import log_targets as log_targets
from hpobench_lab.analysis.measures.targets import restarts as restarts
from hpobench_lab.analysis.measures.targets import run_times as run_times
from hpobench_lab.analysis.measures.targets import targets_of as targets_of
from hpobench_lab.analysis.measures.targets import time_to_target as time_to_target
from hpobench_lab.analysis.runs.aggregate import bootstrap_sources as bootstrap_sources
from hpobench_lab.analysis.runs.aggregate import interval as interval
from hpobench_lab.analysis.runs.aggregate import iqm as iqm
from hpobench_lab.analysis.runs.aggregate import per_source as per_source
from hpobench_lab.analysis.runs.panel import Panel as Panel
from hpobench_lab.analysis.runs.panel import arrange as arrange
from hpobench_lab.analysis.runs.traces import Steps as Steps
from hpobench_lab.analysis.runs.traces import log_time_auc as log_time_auc
from hpobench_lab.analysis.runs.traces import normalised_regret as normalised_regret
from hpobench_lab.analysis.runs.traces import simple_regret as simple_regret
from hpobench_lab.analysis.runs.traces import value_at as value_at
from hpobench_lab.analysis.study import Analysis as Analysis
from hpobench_lab.analysis.study import analyse as analyse
from hpobench_lab.analysis.verdict import Verdict as Verdict

__all__ = [
    "Analysis",
    "Anytime",
    "BettingSequence",
    "Caution",
    "Comparison",
    "Control",
    "CorrectedT",
    "CriticalDifference",
    "Estimate",
    "Flip",
    "Friedman",
    "Gate",
    "Importance",
    "LeagueRow",
    "Margin",
    "Panel",
    "Profile",
    "Race",
    "RunTimes",
    "Stability",
    "Steps",
    "Triple",
    "Verdict",
    "a12",
    "against_baseline",
    "analyse",
    "arrange",
    "attainable_p",
    "bayesian_signed_rank",
    "betting_sequence",
    "bootstrap_sources",
    "budget_ratio",
    "compared",
    "controls",
    "corrected_t",
    "critical_difference",
    "ecdf",
    "ecdf_log_auc",
    "ert",
    "family",
    "friedman",
    "friedman_of_ranks",
    "front",
    "gate",
    "hit_share",
    "holm",
    "hypervolume",
    "hypervolume_over_time",
    "importance",
    "interval",
    "iqm",
    "log_targets",
    "log_time_auc",
    "nemenyi_cd",
    "normalised_regret",
    "over_budgets",
    "per_source",
    "performance_profile",
    "permutation_p",
    "races",
    "random_worth",
    "rank_stability",
    "ratio_profile",
    "relative_hypervolume",
    "restarts",
    "run_times",
    "sign_test",
    "signed_rank",
    "simple_regret",
    "smallest_attainable_p",
    "stability_of_panel",
    "targets_of",
    "time_to_target",
    "value_at",
]
