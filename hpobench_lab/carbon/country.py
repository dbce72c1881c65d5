"""How much carbon a kilowatt-hour carries at a place: codecarbon's annual averages."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from hpobench_lab.errors import StudyError, suggestion

__all__ = ["Intensity", "intensity"]


@dataclass(frozen=True)
class Intensity:
    """State the carbon intensity of a country's electricity, an annual average.

    Args:
        country: ISO 3166 code of three letters.
        g_per_kwh: Grams of CO2 equivalent per kilowatt-hour.
        year: Year of the average.
        source: Where the figure comes from.
    """

    country: str
    g_per_kwh: float
    year: int
    source: str


@cache
def _energy_mix() -> dict[str, dict[str, Any]]:
    spec = importlib.util.find_spec("codecarbon")  # finds, does not import
    if spec is None or not spec.submodule_search_locations:
        return {}
    folder = Path(next(iter(spec.submodule_search_locations)))
    file = folder / "data" / "private_infra" / "global_energy_mix.json"
    mix: dict[str, dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    return mix


def intensity(country: str | None) -> Intensity | None:
    """Return the carbon intensity of a country, or None when no country is given.

    codecarbon answers an unknown code with the world average and no country with Quebec; here the
    first is an error and the second is unknown.

    Args:
        country: ISO 3166 code of three letters, such as ``"DEU"``, or None.

    Raises:
        StudyError: If the code is unknown.

    >>> intensity("DEU").year >= 2023
    True
    >>> intensity("GER")
    Traceback (most recent call last):
    hpobench_lab.errors.StudyError: [carbon] country: 'GER' is no ISO 3166 code of three letters \
that has an intensity. Did you mean 'DEU' (Germany)?
    """
    if country is None:
        return None
    mix = _energy_mix()
    if country not in mix or mix[country].get("carbon_intensity") is None:
        raise StudyError(
            f"[carbon] country: {country!r} is no ISO 3166 code of three letters that has an "
            f"intensity.{_country_suggestion(country, mix)}"
        )
    entry = mix[country]
    version = importlib.metadata.version("codecarbon")
    return Intensity(
        country,
        float(entry["carbon_intensity"]),
        int(entry["year"]),
        f"codecarbon {version}, global_energy_mix.json (annual average, Our World in Data)",
    )


_HABITS = {"GER": "DEU", "UK": "GBR", "ENG": "GBR", "SUI": "CHE", "NED": "NLD", "DEN": "DNK"}


def _country_suggestion(country: str, mix: dict[str, dict[str, Any]]) -> str:
    asked = str(country).strip()
    code = _HABITS.get(asked.upper(), asked.upper())
    by_name = {str(v.get("country_name", "")).lower(): k for k, v in mix.items()}
    by_two = {k[:2]: k for k in ("DEU", "FRA", "GBR", "USA", "ITA", "NLD", "NOR", "CAN", "IND")}
    found = code if code in mix else by_name.get(asked.lower()) or by_two.get(code)
    if found in mix:
        return f" Did you mean {found!r} ({mix[found]['country_name']})?"
    return suggestion(code, mix) or suggestion(asked.lower(), by_name)
