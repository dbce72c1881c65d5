"""How each part's energy is known, and how well."""

from __future__ import annotations

from typing import Any

__all__ = ["PARTS", "UNCERTAINTY", "methods_of"]

PARTS = ("cpu", "gpu", "ram")

UNCERTAINTY = {
    "rapl": "a counter, about 10 %",
    "nvml_counter": "a counter of the whole device, about 10 %",
    "nvml_power": "power read once a second, about 10 %; short peaks are missed",
    "load_model": "P = TDP (0.1 + 0.9 load^3), within a factor of 2",
    "tdp_constant": "half the TDP at any load, within a factor of 2",
    "slot_model": "a constant per guessed memory module, within a factor of 2",
    "meter": "read from the platform's own meter, about 10 %",
    "none": "not there",
    "unknown": "codecarbon does not say how",
}

_CPU_METHODS = {
    "intel_rapl": "rapl",
    "windows_emi": "rapl",
    "intel_power_gadget": "meter",
    "cpu_load": "load_model",
    "constant": "tdp_constant",
}


def methods_of(source: Any) -> dict[str, Any]:
    """Return how each part is known. codecarbon does not publish it, hence the private names."""
    methods = dict.fromkeys(PARTS, "none")
    found: dict[str, Any] = {"methods": methods, "tdp_w": None, "tdp_source": ""}
    for part in getattr(source, "_hardware", ()):
        match type(part).__name__:
            case "CPU":
                methods["cpu"] = _CPU_METHODS.get(getattr(part, "_mode", ""), "unknown")
                if methods["cpu"] in ("load_model", "tdp_constant"):
                    found |= _tdp(source, part)
            case "GPU":
                methods["gpu"] = _gpu_method(part)
            case "RAM":
                methods["ram"] = "slot_model"
            case "AppleSiliconChip" | "Raspberry":
                methods[str(getattr(part, "chip_part", "CPU")).lower()] = "meter"
    return found


def _tdp(source: Any, part: Any) -> dict[str, Any]:
    tdp = getattr(part, "_tdp", None)
    if getattr(source, "_force_cpu_power", None) is not None:
        origin = "given as force_cpu_power in the codecarbon configuration"
    elif getattr(part, "_is_generic_tdp", False):
        origin = "guessed: 85 W, the processor is unknown"
    else:
        origin = _tdp_origin(getattr(part, "_model", ""))
    return {"tdp_w": None if tdp is None else float(tdp), "tdp_source": origin}


def _tdp_origin(model: str) -> str:
    from codecarbon.core import cpu
    from codecarbon.core.hardware_cache import get_cached_tdp

    look_up = getattr(get_cached_tdp(cpu), "_get_cpu_power_from_registry", None)
    if look_up is None:
        return "codecarbon's estimate"
    if look_up(model):
        return "codecarbon's list, by the processor's name"
    return "guessed: 4 W a thread, the processor's name is not in codecarbon's list"


def _gpu_method(part: Any) -> str:
    try:
        import pynvml

        handle = pynvml.nvmlDeviceGetHandleByIndex(0)
        pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)
    except Exception:  # any refusal of the driver means: no counter
        return "nvml_power" if getattr(part, "num_gpus", 0) else "none"
    return "nvml_counter"
