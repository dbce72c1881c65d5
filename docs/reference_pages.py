"""Write the reference pages that are made from the code itself, so that they cannot lie."""

from __future__ import annotations

import inspect
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, get_origin

import hpobench_lab as hb

COLUMNS = {
    "id": "number of the trial within its run, in order of ask",
    "parent": "trial whose checkpoint was continued; -1 when none",
    "replicate": "how many earlier trials of the run had this configuration",
    "status": "code of the status, see below",
    "fidelity": "amount of the first fidelity; absent when the testbed has none",
    "loss": "first loss; NaN unless the status is ok",
    "score": "noise-free first loss at full fidelity, where the trial was an incumbent; else NaN",
    "cost_s": "nominal seconds charged",
    "total_s": "nominal seconds of the configuration from scratch",
    "units": "fidelity units charged; 1 each where there is no fidelity",
    "energy_j": "joules that the testbed states; absent when it states none",
    "start": "virtual time of the start",
    "end": "virtual time of the end",
    "ask_wall_s": "measured seconds inside ask",
    "tell_wall_s": "measured seconds inside tell",
    "eval_wall_s": "measured seconds of the evaluation, its share of the batch",
}
GROUPS = {
    "The task": "Space Float Int Categorical Ordinal Fidelity Objective Problem Budget",
    "Optimizers": "Optimizer optimizer Trial Evaluation Status check_optimizer",
    "Testbeds": "Testbed testbed estimator Facts Trials Outcomes check_testbed",
    "Studies and results": "Protocol Study run load Results",
}


def write(folder: Path) -> None:
    """Write every page below ``folder``."""
    import curves_page  # which takes ``table`` from here

    folder.mkdir(parents=True, exist_ok=True)
    pages = {
        "api.md": api(),
        "cli.md": cli(),
        "columns.md": columns(),
        "curves.md": curves_page.page(),
        "errors.md": errors(),
        "result.md": result(),
        "study.md": study(),
    }
    for name, text in pages.items():
        file = folder / name
        if not file.exists() or file.read_text() != text:  # keeps Sphinx's incremental builds
            file.write_text(text)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def api() -> str:
    """Return the page of everything that ``import hpobench_lab as hb`` offers."""
    listed = {name for names in GROUPS.values() for name in names.split()} | {
        "errors",
        "__version__",
    }
    if listed != set(hb.__all__):
        raise SystemExit(f"docs: GROUPS and hb.__all__ differ: {listed ^ set(hb.__all__)}")
    text = ["# Python", "", "```python", "import hpobench_lab as hb", "```", ""]
    for title, names in GROUPS.items():
        text += [f"## {title}", "", "```{eval-rst}"]
        for name in names.split():
            found = getattr(hb, name)
            kind = "autoclass" if inspect.isclass(found) else "autofunction"
            text += [f".. {kind}:: {found.__module__}.{found.__qualname__}"]
            text += ["   :members:"] if kind == "autoclass" else []
            text += [""]
        text += ["```", ""]
    return "\n".join(text)


def cli() -> str:
    """Return the page of the command line, its help texts verbatim."""
    from hpobench_lab.cli import reference_markdown

    return reference_markdown()


def result() -> str:
    """Return the page of ``result.json``, from the models that tests hold it to."""
    from hpobench_lab.report.schema import page

    return page()


def errors() -> str:
    """Return the page of errors and exit codes."""
    kinds = [getattr(hb.errors, n) for n in hb.errors.__all__ if n[0].isupper()]
    rows = [(f"`{k.__name__}`", k.exit_code, inspect.getdoc(k)) for k in kinds]
    codes = [
        (0, "done, or the gate passed"),
        (1, "a gate or a check failed"),
        (2, "wrong usage or a mistake in the study file; nothing was run"),
        (3, "inconclusive"),
        (4, "some runs failed; they are kept and reported"),
        (5, "data are damaged, missing or not writable"),
        (130, "interrupted; the state is safe and the line that resumes it was printed"),
    ]
    return (
        "# Errors and exit codes\n\n"
        "An error is a message for a person: what was wrong, what was got, what to do. "
        "`--debug` shows the traceback.\n\n## Exit codes\n\n"
        f"{table(['code', 'meaning'], codes)}\n\n"
        "When several apply: 130, 2, 5, 1, 3, 4, 0, in this order.\n\n"
        f"## Classes\n\n{table(['class', 'exit code', 'meaning'], rows)}\n"
    )


def study() -> str:
    """Return the page of the study file's keys, from the models that check them."""
    from hpobench_lab.problem import AXES
    from hpobench_lab.studyfile import tables

    parts = ["# The study file", "", "One flat TOML file. An unknown key is an error.", ""]
    for title, model in {"top level": tables.StudyTable, **tables.TABLES}.items():
        rows = [
            (f"`{field.alias or name}`", f"`{_type(field.annotation)}`", _default(field))
            for name, field in model.model_fields.items()
        ]
        heading = title if title == "top level" else f"`[{title}]`"
        parts += [f"## {heading}", "", table(["key", "type", "default"], rows), ""]
    axes = ", ".join(f"`{axis}`" for axis in AXES)
    return "\n".join([*parts, f"`budget` takes exactly one of {axes}.", ""])


def _type(annotation: Any) -> str:
    name = getattr(annotation, "__name__", "") if get_origin(annotation) is None else ""
    text = name or str(annotation)
    for noise in ("typing.", "hpobench_lab.studyfile.tables.", "_"):
        text = text.replace(noise, "")
    return text.replace("|", "or")


def _default(field: Any) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    return "see its table" if hasattr(value, "model_fields") else f"`{value!r}`"


def columns() -> str:
    """Return the page of a result's columns, read from a run that is made here."""
    record = _small_run()
    rows, unknown = [], []
    for name, array in record.columns.items():
        stem = name.split(".")[0]
        text = "code of a parameter" if stem == "p" else COLUMNS.get(stem)
        if text is None:
            unknown.append(name)
        rows.append((f"`{name}`", f"`{array.dtype}`", text))
    if unknown:
        raise SystemExit(f"docs: columns without a description: {unknown}")
    states = [(int(s), f"`{s.name}`") for s in hb.Status]
    keys = ", ".join(f"`{key}`" for key in sorted(record.header))
    return (
        "# Columns of a result\n\n"
        "`hb.load(folder)` returns them as arrays; any Parquet library reads the files under "
        "`segments/`. One row a trial, in the order told; trials that ended beyond the budget "
        "follow.\n\n"
        f"{table(['column', 'type', 'meaning'], rows)}\n\n"
        "Columns whose names end in `_wall_s` or `_cpu_s` are measured and differ from day to day; "
        "all others are the same bytes for the same study on the same platform. Further "
        "fidelities and objectives are `fidelity.1`, `loss.1`, and so on; outcome constraints are "
        "`constraint.0`, and so on.\n\n"
        f"## Status\n\n{table(['code', 'name'], states)}\n\n"
        f"## The header of a run\n\nA JSON object with the keys {keys}.\n"
    )


def _small_run() -> Any:
    from hpobench_lab import studyfile

    text = (
        'schema = 1\nname = "docs"\nseeds = "0:1"\n'
        "[protocol]\nbudget = { evaluations = 4 }\n"
        '[primary]\nbaseline = "random"\n[[optimizer]]\nuse = "random"\n'
        '[[optimizer]]\nuse = "sobol"\n[[testbed]]\nuse = "synthetic/currin-mf"\n'
        "[carbon]\nenabled = false\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "docs.toml"
        file.write_text(text)
        done = hb.run(studyfile.load(str(file)), out=Path(folder), reports=None, processes=0)
        return hb.load(done.folder).run(0)
