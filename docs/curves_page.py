"""Write the page of the collection ``curves`` from its tables, so that it cannot lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from curves_figure import TITLES, Table, losses, pairs, tables_of
from reference_pages import table

from hpobench_lab.testbeds.curves.storage.files import Curves
from hpobench_lab.testbeds.training.data import DATASETS
from hpobench_lab.testbeds.training.data.metafeatures import MEANINGS

INTRO = """# The collection curves

Every curve here was really trained. A table `curves/<data>-<family>` holds one model family on one
data set: hundreds of configurations, each measured at up to 20 levels of its fidelity on training,
validation and held-out rows. [How to read and choose them](../../howto/curves.md) says what to run.

In the pictures both axes are logarithmic, and the panels of a picture share the range of their loss
axis. Grey: random configurations of the normal space. Blue: the five best of the table at full
fidelity. Orange: one configuration trained twice, solid and dashed; what lies between is noise. For
the multi-layer perceptron only the seed of the second training differs. For the others the inner
split differs too. Its validation rows may be easier or harder, for all configurations alike: this
common factor is taken out of the picture.

In the tables *best* and *median* are validation losses at full fidelity. *Shift* is the median
difference of the second training to the first, and *noise* the median absolute difference that is
left without it; both over the better half of the configurations that were trained twice.
*Quarter* is the rank correlation of the losses at a quarter of the fidelity with those at full
fidelity: near 1, early stopping is safe. *Diverged* is the share that ends clearly worse than
chance. The second table is about the surrogate, at full fidelity on configurations that it did not
see: *R²* of the logarithm of the loss, *rank* correlation over all and over the *best quarter*,
the error of the loss *near the optimum* (the mean over the best tenth, or the error at the
surrogate's own optimum, which was trained, if that is larger), and *tau*, Kendall's, between the
rankings of optimizers on the surrogate and on the exact table.
"""
QUALITY = {
    "R²": "r2",
    "rank": "spearman",
    "best quarter": "spearman_best_quarter",
    "near optimum": "mae_near_optimum",
    "tau": "kendall_tau",
}
"""Column -> measure of a surrogate."""

KNOWN = {
    "irreducible_squared_error": "least squared error that can be expected",
    "noise_sd": "deviation of the target's noise",
    "signal_variance": "variance of the noise-free target",
    "bayes_error": "least error rate that can be expected",
    "bayes_cross_entropy": "least cross-entropy that can be expected, nats",
    "label_noise": "share of the fair labels that are wrong",
    "label_bias": "share of group 1's loans that the labels take back",
    "label_gap": "gap of the labels",
    "fair_label_gap": "gap of fair labels",
    "bayes_gap": "gap of the best predictions",
}


def noise(curves: Curves) -> tuple[float, float]:
    """Return shift and noise of a second training, better half of those trained twice.

    The shift is the median difference to the first; noise is the median absolute rest.
    """
    one, other = (ends[:, -1] for ends in pairs(curves))
    if not len(one):
        return float("nan"), float("nan")
    mean = np.nan_to_num((one + other) / 2, nan=np.inf)
    difference = (other - one)[mean <= np.median(mean)]
    shift = float(np.nanmedian(difference))
    return shift, float(np.nanmedian(np.abs(difference - shift)))


def quarter(header: Mapping[str, Any], curves: Curves) -> float:
    """Return the rank correlation of the losses at a quarter of the fidelity and at the end."""
    from scipy.stats import spearmanr

    levels, rows = np.array(header["fidelity"]["levels"]), losses(curves)
    at = int(np.searchsorted(levels, levels[-1] / 4, side="right")) - 1
    both = np.nan_to_num(rows[:, [at, -1]], nan=np.inf)
    return float(spearmanr(both[:, 0], both[:, 1]).statistic)


def family_row(one: Table) -> list[object]:
    """Return the line of one table."""
    header, curves = one
    final = np.nan_to_num(losses(curves)[:, -1], nan=np.inf)
    shift, rest = noise(curves)
    diverged = np.mean(~(final <= header["diverged_above"]))
    return [
        f"`{header['family']}`",
        f"{len(curves.configuration):,}",
        f"{final.min():.3g}",
        f"{np.median(final):.3g}",
        f"{shift:+.2g}",
        f"{rest:.2g}",
        f"{quarter(header, curves):.2f}",
        f"{diverged:.0%}",
    ]


def quality_row(header: Mapping[str, Any]) -> list[object] | None:
    """Return the line about one surrogate; None where there is none."""
    surrogate = header.get("surrogate")
    if not surrogate:
        return None
    taus = (header.get("trust") or {}).get("kendall_tau") or {}
    known = dict(surrogate["quality"])
    known.setdefault("kendall_tau", taus.get("table/xgboost"))
    cells = (known.get(key) for key in QUALITY.values())
    return [f"`{header['family']}`", *("" if x is None else f"{x:.2g}" for x in cells)]


def section(name: str, tables: Sequence[Table]) -> str:
    """Return the part of the page about one data set."""
    source, header = DATASETS[name], tables[0][0]
    split = header["data"]["split"]
    sizes = ", ".join(f"{split[part]} {part}" for part in ("train", "valid", "test"))
    objective = header["objectives"][0]
    facts = [
        f"**{source.title}**. Licence: {source.licence}. [{source.citation}]({source.url}).",
        f"Rows: {sizes} in outer fold 0; the tables have the folds "
        f"{', '.join(map(str, header['folds']['collected']))} of {header['folds']['outer']}. "
        f"Loss: {objective['name']} ({objective['unit']}); a constant prediction has "
        f"{header['chance']:.3g}.",
        f"Groups: {source.groups}." if source.groups else "",
        source.notes,
        _known(source.known),
    ]
    rows = list(filter(None, (quality_row(header) for header, _ in tables)))
    head = "family trainings best median shift noise quarter diverged".split()
    return "\n\n".join(
        [
            f"## {name}",
            f"![Validation loss over fidelity of every family on {name}]"
            f"(../../images/curves-{name}.svg)",
            *filter(None, facts),
            table(head, [family_row(one) for one in tables]),
            *([table(["surrogate", *QUALITY], rows)] if rows else []),
        ]
    )


def _known(known: Mapping[str, float]) -> str:
    if not known:
        return ""
    return (
        "Known by construction: " + "; ".join(f"{KNOWN[k]} {v:.3g}" for k, v in known.items()) + "."
    )


def ranges(everything: Mapping[str, Sequence[Table]]) -> str:
    """Return where the ranges of each family come from."""
    found = {h["family"]: h["ranges"] for tables in everything.values() for h, _ in tables}
    lines = [f"**{TITLES[family]}**: {text}" for family, text in found.items()]
    return "\n\n".join(["## Where the ranges come from", *lines])


def meta(everything: Mapping[str, Sequence[Table]]) -> str:
    """Return the table of meta-features, one column a data set, and what they mean."""
    found = {name: tables[0][0].get("meta_features", {}) for name, tables in everything.items()}
    rows = [
        [f"`{key}`", *(_number(x[key]) if key in x else "" for x in found.values())]
        for key in MEANINGS
    ]
    text = (
        "Measured on outer-train of fold 0 and stored in every `table.json`; sources and details: "
        "`hpobench_lab.testbeds.training.data.metafeatures`. Landmarks are error rates, or squared "
        "errors divided by the variance of the target, by five-fold cross-validation."
    )
    meanings = table(["name", "meaning"], [[f"`{k}`", v] for k, v in MEANINGS.items()])
    return "\n\n".join(["## Meta-features", text, table(["name", *found], rows), meanings])


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def page() -> str:
    """Return the page, from the tables that come with the harness."""
    read = {name: tables_of(name) for name in DATASETS}
    found = {name: tables for name, tables in read.items() if tables}
    parts = [section(name, tables) for name, tables in found.items()]
    return "\n\n".join([INTRO, *parts, ranges(found), meta(found)]) + "\n"
