"""The commands."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hpobench_lab.cli import choose, collect, data, evaluate, machine, plan, plugin, read
from hpobench_lab.cli.interrupt import INTERRUPTED
from hpobench_lab.cli.options import examples
from hpobench_lab.cli.output import note, say

__all__ = ["Misused", "app"]

Misused: Any = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")
"""What the parser raises when a command is used wrongly."""


class _Group(typer.core.TyperGroup):
    """End by Ctrl-C as documented; the parser's own way would be exit code 1."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            note("\ninterrupted")
            raise SystemExit(INTERRUPTED) from None


app = typer.Typer(
    name="hpobench-lab",
    cls=_Group,
    help="Compare hyperparameter optimizers: fixed budgets, seeds, statistics, energy.",
    epilog=examples(
        "hpobench-lab run quick              the bundled study, about a minute",
        "hpobench-lab list testbeds          what there is to optimize",
        "hpobench-lab init my-study          a small project with your own optimizer",
        "hpobench-lab run my_study.toml -j 4",
    ),
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _version(wanted: bool) -> None:
    if wanted:
        import hpobench_lab

        say(f"hpobench-lab {getattr(hpobench_lab, '__version__', 'unknown')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Take what belongs to no command."""


for module in (choose, plan, evaluate, read, plugin, collect, data, machine):
    module.register(app)
