"""Small tables that were never trained: losses are formulas of the configuration."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpobench_lab.parameters import Categorical, Float, Int
from hpobench_lab.space import Space
from hpobench_lab.testbeds.curves.storage.files import Curves, as_stored, stored_space, write_table
from hpobench_lab.testbeds.curves.storage.spaces import translated

FloatArray = NDArray[np.float64]
CHANCE = 2.0

SPACES: dict[str, Space] = {
    "mlp": Space(
        {
            "lr": Float(1e-3, 1.0, log=True),
            "width": Int(8, 64, log=True),
            "activation": Categorical(("relu", "tanh")),
        }
    ),
    "svm": Space(
        {
            "C": Float(1e-2, 1e2, log=True),
            "kernel": Categorical(("rbf", "poly", "linear")),
            "gamma": Float(1e-3, 10.0, log=True, when={"kernel": ("rbf", "poly")}),
            "degree": Int(2, 5, when={"kernel": "poly"}),
        }
    ),
}
WIDE: dict[str, Space] = {
    "mlp": Space(
        {
            "lr": Float(1e-4, 10.0, log=True),
            "width": Int(8, 64, log=True),
            "activation": Categorical(("relu", "tanh")),
        }
    ),
}
FIDELITY: dict[str, dict[str, Any]] = {
    "mlp": {"name": "epochs", "unit": "epoch", "levels": [1, 2, 4, 8, 16, 32]},
    "svm": {"name": "share", "unit": "", "levels": [0.125, 0.25, 0.5, 1.0]},
}


def made_header(family: str = "mlp", data: str = "made", *, groups: str = "") -> dict[str, Any]:
    """Return ``table.json`` without ``files``, ``configurations`` and what is measured."""
    wide = WIDE.get(family)
    return {
        "schema": 2,
        "name": f"{data}-{family}",
        "version": 1,
        "title": f"{family} on {data}",
        "kind": "learning-curve table",
        "source": data,
        "family": family,
        "task": "classification",
        "folds": {"outer": 4, "collected": [0, 1, 2]},
        "replicates": 2,
        "space": SPACES[family].to_json(),
        "space_wide": wide.to_json() if wide else None,
        "ranges": "made for tests",
        "fidelity": FIDELITY[family],
        "objectives": [{"name": "cross-entropy", "unit": "nats", "column": "valid_loss"}],
        "chance": CHANCE,
        "chance_origin": "made",
        "diverged_above": 1.001 * CHANCE,
        "cap": 1.5 * CHANCE,
        "cost": "CPU seconds",
        "noise": "another training seed",
        "data": {
            "title": "made data",
            "url": "",
            "licence": "CC0",
            "citation": "made for tests",
            "sha256": "0" * 64,
            "split": {"train": 200, "valid": 100, "test": 100},
            "preprocessing": "none",
            "groups": groups,
        },
        "meta_features": {},
        "provenance": {},
        "table": {"f_opt": 0.0, "f_opt_origin": "", "f_ref": 1.0, "f_ref_origin": ""},
        "surrogate": None,
    }


def made_losses(
    family: str, x: FloatArray, levels: FloatArray, noise: FloatArray
) -> dict[str, FloatArray]:
    """Return the columns of trainings, (T, L) each, from unit rows of the stored space (T, d)."""
    best = np.array([0.6, 0.7, 0.25, 0.4])[: x.shape[1]]
    excess = (np.array([2.0, 0.5, 0.3, 0.2])[: x.shape[1]] * (x - best) ** 2).sum(axis=1)
    share = levels / levels[-1]
    final = (0.2 + excess + 0.02 * noise)[:, None]
    loss = final + (1.2 - x[:, :1]) * (share ** (-0.5) - 1.0) * 0.3
    work = (0.05 + 0.2 * x[:, 1:2]) * np.ones_like(share)
    size = np.rint(1000 + 9000 * x[:, 1:2]) * np.ones_like(share)
    columns = {
        "train_loss": 0.8 * loss,
        "train_error": np.rint(80 * np.minimum(loss, 2.0)) / 200,
        "valid_loss": loss,
        "valid_error": np.rint(40 * np.minimum(loss, 2.0)) / 100,
        "cpu_s": work * share * 10,
        "wall_s": work * share * 11,
        "predict_s": 1e-4 + 1e-7 * size,
        "model_bytes": size,
        "peak_bytes": 3e6 + 4 * size,
    }
    return {k: np.array(np.broadcast_to(v, loss.shape)) for k, v in columns.items()}


def made_curves(
    header: dict[str, Any],
    *,
    n: int = 64,
    small: int = 24,
    replicates: int = 16,
    broken: int = 2,
    seed: int = 0,
    held_out: bool = True,
) -> Curves:
    """Return curves: fold 0 of n configurations, folds 1 and 2 of ``small``, some replicates.

    Args:
        header: Of ``made_header``.
        n: Configurations; one in six from the wide space where there is one.
        small: Configurations of folds 1 and 2.
        replicates: Configurations of fold 0 with a replicate 1.
        broken: The last trainings of fold 0 that diverge on their way, or raise (the last).
        seed: Of everything.
        held_out: Whether there are test values.
    """
    small = min(small, n)
    rng, space, family = np.random.default_rng(seed), stored_space(header), header["family"]
    normal = Space.from_json(header["space"])
    values = normal.decode(normal.uniform(rng, n))
    origin = np.array(["sobol"] * n)
    if header.get("space_wide"):
        values, _ = translated(values, normal, space)
        outside = np.arange(0, n, 6) + 1
        outside = outside[outside < n]
        values[outside] = space.decode(space.uniform(rng, len(outside)))
        origin[outside] = "wide"
    origin[3::7] = "tpe"
    some = np.sort(rng.permutation(n)[:small])
    again = np.arange(0, n, max(1, n // max(replicates, 1)))[:replicates]
    configuration = np.concatenate([np.arange(n), again, some, some])
    fold = np.concatenate([np.zeros(n + len(again)), np.ones(small), np.full(small, 2)]).astype(int)
    replicate = np.concatenate([np.zeros(n), np.ones(len(again)), np.zeros(2 * small)]).astype(int)
    levels = np.array(header["fidelity"]["levels"], dtype=np.float64)
    noise = rng.standard_normal(len(fold))
    columns = made_losses(family, space.encode(values)[configuration], levels, noise)
    if header["data"]["groups"]:
        columns["valid_gap"] = 0.3 * np.abs(np.sin(3 * columns["valid_loss"])) + 0.01
    message = np.full(len(fold), "", dtype="<U40")
    for i in range(broken):
        row = n - 1 - i
        for column in columns.values():
            column[row, 0 if i == 0 else 2 :] = np.nan
        message[row] = "ValueError: made to fail" if i == 0 else ""
    test = refit = None
    if held_out:
        test = {
            "test_loss": columns["valid_loss"] + 0.05,
            "test_error": np.minimum(columns["valid_error"] + 0.01, 1.0),
        }
        first = replicate == 0
        refit = {
            "test_loss": np.where(first, columns["valid_loss"][:, -1] + 0.03, np.nan),
            "test_error": np.where(first, columns["valid_error"][:, -1], np.nan),
            "cpu_s": np.where(first, 1.5 * columns["cpu_s"][:, -1], np.nan),
        }
    made = Curves(values, origin, configuration, fold, replicate, message, columns, test, refit)
    return as_stored(made)


def made_table(
    folder: Path, family: str = "mlp", data: str = "made", *, groups: str = "", **more: Any
) -> Path:
    """Write a table into ``folder / <data>-<family>`` and return that folder."""
    from hpobench_lab.testbeds.curves.exact import exact_facts

    header = made_header(family, data, groups=groups)
    curves = made_curves(header, **more)
    header["configurations"] = len(curves.values)
    header["table"] = exact_facts(header, curves)
    target = folder / header["name"]
    write_table(target, header, curves)
    return target


def without(curves: Curves, column: str) -> Curves:
    """Return the curves without one column."""
    return replace(curves, columns={k: v for k, v in curves.columns.items() if k != column})
