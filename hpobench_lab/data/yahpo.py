"""The released scenarios of YAHPO Gym's surrogates, at the commit that yahpo-gym 1.0.2 reads.

The names are those of ``yahpo_gym/benchmarks`` 1.0.2 (PyPI). The digests of two scenarios were
computed on files of that commit; the other files could not be fetched where this was written.
"""

from __future__ import annotations

from collections.abc import Mapping

from hpobench_lab.data.entry import Download, Entry, Piece

__all__ = ["COMMIT", "SCENARIOS"]

COMMIT = "efdab9072f63bd680396cd4b78b927c4a0caaad3"
_ADDRESS = "https://raw.githubusercontent.com/slds-lmu/yahpo_data"
_FILES = ("model.onnx", "config_space.json", "encoding.json")
_PINNED: Mapping[str, Mapping[str, tuple[int, str]]] = {
    "lcbench": {
        "model.onnx": (
            2153124,
            "b45c0d85ae39abf8820c8bea5ac82f415763afcbaf3b725e36af452b09cb6dcd",
        ),
        "config_space.json": (
            2151,
            "4d1c78a91429b4a37628e13f286cf1abe15f778a09722a4c01714f2d72a8200d",
        ),
        "encoding.json": (
            507,
            "d8af928f412bbeb07e58ecd69877fcab35fbc595333d1c1c3f76120d2f2508da",
        ),
    },
    "rbv2_xgboost": {
        "model.onnx": (
            3335828,
            "85125b6d97f553d10cd50f9e632e1a3f1ad44bcb00300dd2880d70dfd043d9f3",
        ),
        "config_space.json": (
            4955,
            "acf4485d314d86801f61b615d64ffea7859c414c363da9e7f943621468ebbda4",
        ),
        "encoding.json": (
            1604,
            "0bd3cf9a4c9459a3148adf740f20b347fd11a6714f89348f41467a8f1206172a",
        ),
    },
}
_NAMES = (
    *("lcbench", "rbv2_xgboost", "rbv2_aknn", "rbv2_glmnet", "rbv2_ranger", "rbv2_rpart"),
    *("rbv2_super", "rbv2_svm", "iaml_glmnet", "iaml_ranger", "iaml_rpart", "iaml_super"),
    *("iaml_xgboost", "fcnet", "nb301"),
)


def _scenario(name: str) -> Entry:
    return Entry(
        name=f"yahpo/{name}",
        title=f"YAHPO Gym, scenario {name}: a neural surrogate of random evaluations",
        licence="Apache-2.0",
        citation="Pfisterer, Schneider, Moosbauer, Binder, Bischl (2022), YAHPO Gym: An Efficient "
        "Multi-Objective Multi-Fidelity Benchmark for Hyperparameter Optimization, AutoML, "
        "arXiv:2109.03670",
        page=f"https://github.com/slds-lmu/yahpo_data/tree/{COMMIT}/{name}",
        opens=(f"yahpo/{name}/*",),
        status="verified" if name in _PINNED else "format-tested",
        downloads=tuple(_file(name, file) for file in _FILES),
    )


def _file(name: str, file: str) -> Download:
    size, sha256 = _PINNED.get(name, {}).get(file, (None, None))
    pieces = (Piece(file, size=size, sha256=sha256),)
    return Download(file, f"{_ADDRESS}/{COMMIT}/{name}/{file}", pieces, size, sha256)


SCENARIOS = tuple(_scenario(name) for name in _NAMES)
