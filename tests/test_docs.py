"""What the README and the guides tell people to type works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import hpobench_lab as hb
from hpobench_lab import studyfile
from hpobench_lab.cli import reference_markdown

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES += sorted((ROOT / "docs" / "howto").glob("*.md"))


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


def commands() -> list[str]:
    """Return every line of a shell block that calls us, without its comment."""
    lines = [line for page in PAGES for text in blocks(page, "bash") for line in text.split("\n")]
    ours = [line.split("#")[0].strip() for line in lines if "hpobench-lab " in line]
    return sorted({part.strip() for line in ours for part in line.split("&&") if "lab " in part})


def section(command: str) -> str:
    """Return the reference's text from one command's usage line to the next."""
    text = reference_markdown()
    found = re.search(
        rf"Usage: hpobench-lab {command}\b.*?(?=Usage: hpobench-lab|\Z)", text, re.DOTALL
    )
    return found.group() if found else ""


@pytest.mark.parametrize("line", commands())
def test_a_command_in_the_docs_exists_with_its_options(line: str) -> None:
    name, *words = line.removeprefix("hpobench-lab ").split()
    help_text = section(f"{name} {words[0]}" if name == "data" and words else name)
    assert help_text, f"no command {name!r}"
    for option in (word for word in words if word.startswith("-")):
        assert re.search(rf"(?<![\w-]){option}(?![\w-])", help_text), f"{name} has no {option}"


@pytest.mark.parametrize("page", ["README.md", "docs/tutorial.md"])
def test_the_example_optimizer_keeps_the_contract(page: str) -> None:
    code = next(
        text for text in blocks(ROOT / page, "python") if "def ask" in text or "@hb" in text
    )
    names: dict[str, object] = {"hb": hb, "__name__": "example"}
    exec(code, names)
    (found,) = [names[n] for n in ("local", "Local") if n in names]
    report = hb.check_optimizer(found)  # type: ignore[arg-type]
    assert report.ok, str(report)


def test_the_example_study_is_valid(tmp_path: Path) -> None:
    (text,) = blocks(ROOT / "docs" / "tutorial.md", "toml")
    file = tmp_path / "study.toml"
    file.write_text(text, encoding="utf-8")
    assert studyfile.load(str(file)).name == "tpe-or-random"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
        if "reference/generated" not in target:  # written when the docs are built
            assert (page.parent / target).exists(), target
