"""Runs as MLflow runs in a local folder; nothing is sent anywhere.

One experiment a study, one MLflow run a run, told losses as a metric over evaluations. A run that
the folder has already is left as it is, so exporting again adds only what is new. MLflow calls its
folder format finished and wants to be asked for it by a variable, which is set here while it is
used, as is the one that turns its usage statistics off.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hpobench_lab.errors import missing_extra

if TYPE_CHECKING:
    from hpobench_lab.results import Results, RunRecord

__all__ = ["to_mlflow"]

SETTINGS = {
    "MLFLOW_ALLOW_FILE_STORE": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
}
KEY = "hpobench_lab.key"
BATCH = 1000
"""Metrics that MLflow takes at once."""


def to_mlflow(results: Results, folder: Path) -> Path:
    """Write runs as MLflow runs into ``folder/mlruns`` and return that folder.

    Raises:
        MissingExtra: If MLflow is not installed.
    """
    with _settings():
        try:
            tracking, entities = import_module("mlflow.tracking"), import_module("mlflow.entities")
        except ImportError as error:
            raise missing_extra("export --to mlflow", "mlflow-skinny", "mlflow") from error
        store = folder.resolve() / "mlruns"
        client = tracking.MlflowClient(tracking_uri=store.as_uri())
        name = f"{results.study.get('name', 'study')}-{results.study.get('hash6', '')}".strip("-")
        experiment = _experiment(client, name)
        there = _keys(client, experiment)
        for record in results.runs():
            if record.key not in there:
                _write(client, entities, experiment, record)
    return store


@contextmanager
def _settings() -> Iterator[None]:
    """Set the variables while MLflow is used, and put back what was there."""
    before = {name: os.environ.get(name) for name in SETTINGS}
    os.environ.update(SETTINGS)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _experiment(client: Any, name: str) -> str:
    found = client.get_experiment_by_name(name)
    return str(found.experiment_id if found is not None else client.create_experiment(name))


def _keys(client: Any, experiment: str) -> set[str]:
    """Return the keys of the runs that are there already."""
    keys, token = set[str](), None
    while True:
        page = client.search_runs([experiment], max_results=1000, page_token=token)
        keys |= {run.data.tags[KEY] for run in page if KEY in run.data.tags}
        token = page.token
        if not token:
            return keys


def _write(client: Any, entities: Any, experiment: str, record: RunRecord) -> None:
    h = record.header
    took = h.get("measured") or {}
    start = int(1000 * (took.get("wall_start") or 0))
    label, testbed = h["optimizer"]["label"], h["testbed"]["id"]
    run = client.create_run(
        experiment, start_time=start, run_name=f"{label} on {testbed}, seed {h['seed']}"
    )
    params = [entities.Param(name, value) for name, value in _params(h).items()]
    tags = [entities.RunTag(name, value) for name, value in _tags(h).items()]
    client.log_batch(run.info.run_id, params=params, tags=tags)
    metrics = [entities.Metric(name, v, start, step) for name, v, step in _metrics(record)]
    for first in range(0, len(metrics), BATCH):
        client.log_batch(run.info.run_id, metrics=metrics[first : first + BATCH])
    status = "FINISHED" if h["status"] == "ok" else "FAILED"
    end = int(1000 * (took.get("wall_end") or 0))
    client.set_terminated(run.info.run_id, status=status, end_time=end)


def _params(h: Mapping[str, Any]) -> dict[str, str]:
    own = {f"optimizer.{k}": json.dumps(v)[:500] for k, v in h["optimizer"]["params"].items()}
    return {
        "optimizer": str(h["optimizer"]["label"]),
        "testbed": str(h["testbed"]["id"]),
        "seed": str(h["seed"]),
        "fold": str(h.get("fold", 0)),
        "budget": json.dumps(h["protocol"]["budget"]),
    } | own


def _tags(h: Mapping[str, Any]) -> dict[str, str]:
    return {
        KEY: str(h["key"]),
        "hpobench_lab.optimizer_id": str(h["optimizer"]["id"]),
        "hpobench_lab.optimizer_version": str(h["optimizer"]["version"]),
        "hpobench_lab.fingerprint": str(h.get("fingerprint", "")),
        "hpobench_lab.reason": str(h.get("reason", "")),
        "hpobench_lab.message": str(h.get("message", ""))[:5000],
    }


def _metrics(record: RunRecord) -> Sequence[tuple[str, float, int]]:
    """Return name, value and evaluation number: told losses and the smallest so far."""
    loss = np.asarray(record.columns.get("loss", ()), dtype=np.float64)
    found, best = list[tuple[str, float, int]](), math.inf
    for step, value in enumerate(loss.tolist(), 1):
        if math.isfinite(value):
            best = min(best, value)
            found += [("loss", value, step), ("best_loss", best, step)]
    spent = float(record.header.get("spent") or 0.0)
    return [*found, ("spent", spent, len(loss))]
