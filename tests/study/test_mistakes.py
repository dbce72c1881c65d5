"""A study file's mistakes are all shown in one pass, each where it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from hpobench_lab.errors import StudyError
from hpobench_lab.plugins import loading
from hpobench_lab.studyfile import Overrides, load, parse, specs

GOOD = """\
schema = 1
name   = "small"
seeds  = "0:3"
[protocol]
budget = { evaluations = 10 }
[primary]
baseline = "random"
[[optimizer]]
use = "random"
[[optimizer]]
use = "tpe"
params = { multivariate = false }
[[testbed]]
use = "synthetic/branin"
[carbon]
enabled = false
"""

SEVEN = """\
schema = 1
name   = "seven mistakes"
seeds  = "5:5"
[protocol]
budget     = { evaluationz = 100 }
workers    = "four"
[primary]
baseline = "random"
[[optimizer]]
use = "random"
[[optimizer]]
use    = "tpee"
[[optimizer]]
use    = "tpe"
params = { multivariat = true }
[[testbed]]
use = "synthetic/branin"
lable = "B"
"""

SEVEN_SHOWN = """\
s.toml:2:10: name may hold letters, digits, - and _, got 'seven mistakes'
  2 | name   = "seven mistakes"
    |          ^^^^^^^^^^^^^^^^

s.toml:3:10: seeds '5:5' is empty: the range is half-open, so a < b
  3 | seeds  = "5:5"
    |          ^^^^^

s.toml:5:16: unknown budget unit 'evaluationz'. Did you mean 'evaluations' or 'full_evaluations'?
  5 | budget     = { evaluationz = 100 }
    |                ^^^^^^^^^^^

s.toml:6:14: workers must be a whole number, got 'four'
  6 | workers    = "four"
    |              ^^^^^^

s.toml:12:10: unknown optimizer 'tpee'. Did you mean 'tpe'?
  12 | use    = "tpee"
     |          ^^^^^^

s.toml:15:12: tpe: unknown parameter 'multivariat'. Did you mean 'multivariate'?
  15 | params = { multivariat = true }
     |            ^^^^^^^^^^^

s.toml:18:1: unknown key 'lable'. Known: use, params, wrap.
  18 | lable = "B"
     | ^^^^^

7 mistakes in s.toml; nothing was run"""


def told(text: str, overrides: Overrides | None = None) -> str:
    with pytest.raises(StudyError) as caught:
        parse(text, "s.toml", overrides or Overrides())
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_seven_mistakes_are_seven_located_messages() -> None:
    assert told(SEVEN) == SEVEN_SHOWN


def test_a_good_file_becomes_a_study() -> None:
    study = parse(GOOD)
    assert study.seeds == (0, 1, 2)
    assert [o.label for o in study.optimizers] == ["random", "tpe(multivariate=false)"]
    assert study.optimizers[1].params["startup"] == 10
    assert [t.id for t in study.testbeds] == ["synthetic/branin"]
    assert len(study.runs()) == 6
    assert not study.carbon.enabled


def test_line_ends_of_windows_change_nothing() -> None:
    assert parse(GOOD.replace("\n", "\r\n")) == parse(GOOD)
    assert told(SEVEN.replace("\n", "\r\n")) == SEVEN_SHOWN


CASES = [
    (
        'seeds  = "0:3"',
        "seeds  = [3, 1, 3, -1, true]",
        [
            "s.toml:3:17: seed 3 is listed twice",
            "s.toml:3:20: a seed must be a whole number >= 0, got -1",
            "s.toml:3:24: a seed must be a whole number >= 0, got true",
        ],
    ),
    ('seeds  = "0:3"', "seeds  = []", ["s.toml:3:10: seeds is empty"]),
    ('seeds  = "0:3"', "seeds  = 20", ["seeds must be a range like '0:20' or a list, got 20"]),
    ('seeds  = "0:3"', 'seeds  = "a:b"', ["seeds must be a range like '0:20' or a list"]),
    ('seeds  = "0:3"', 'seeds  = "0:9999999999"', ["are more than 1,000,000"]),
    ('seeds  = "0:3"', "", ["'seeds' is missing; add seeds = \"0:20\""]),
    ("schema = 1", "schema = 2", ["s.toml:1:10: schema must be 1, got 2"]),
    ("{ evaluations = 10 }", "{}", ["budget must name exactly one of", "got none"]),
    (
        "{ evaluations = 10 }",
        "{ evaluations = 10, simulated_seconds = 5 }",
        ["got evaluations, simulated_seconds"],
    ),
    (
        "{ evaluations = 10 }",
        "{ evaluations = -1 }",
        ["s.toml:5:26: budget evaluations must be a positive number, got -1"],
    ),
    ("{ evaluations = 10 }", "{ evaluations = 1.5 }", ["must be a whole number, got 1.5"]),
    ("{ evaluations = 10 }", '{ evaluations = "x" }', ["must be a positive number, got 'x'"]),
    ("{ evaluations = 10 }", "100", ["budget must be like { evaluations = 100 }, got 100"]),
    (
        "{ evaluations = 10 }",
        "{ wall_seconds = 9 }",
        ["budget wall_seconds is not available in this version"],
    ),
    (
        "[primary]",
        'validation = "holdout"\n[primary]',
        ["validation = 'holdout' is not available in this version"],
    ),
    (
        "[primary]",
        'validation = "nested"\n[primary]',
        ["validation = 'nested' is not available in this version"],
    ),
    ("[primary]", 'validation = "nestd"\n[primary]', ["validation must be 'none', got 'nestd'"]),
    ("[primary]", "workers = 0\n[primary]", ["s.toml:6:11: workers must be at least 1, got 0"]),
    ("[primary]", 'use = "fixed-budgt"\n[primary]', ["Did you mean 'fixed-budget'?"]),
    (
        'baseline = "random"',
        'baseline = "rndom"',
        ["s.toml:7:12: the baseline 'rndom' is no optimizer's label. Did you mean 'random'?"],
    ),
    ('[primary]\nbaseline = "random"', "", ["'primary' is missing; add a [primary] table"]),
    (
        'baseline = "random"',
        'baseline = "random"\nbudget = { evaluations = 50 }',
        ["the cut 50 lies beyond the budget 10"],
    ),
    (
        'baseline = "random"',
        'baseline = "random"\nbudget = { fidelity_units = 5 }',
        ["the cut is on the axis fidelity_units, the protocol's budget on evaluations"],
    ),
    ('baseline = "random"', 'baseline = "random"\nmetric = "acu"', ["metric must be", "'acu'"]),
    (
        'baseline = "random"',
        'baseline = "random"\nmargin = { budget = 0.1, regret = 0.1 }',
        ["margin must name exactly one of budget, regret, losses"],
    ),
    (
        'baseline = "random"',
        'baseline = "random"\nmargin = { budget = -0.1 }',
        ["margin budget must be a positive number, got -0.1"],
    ),
    (
        "{ multivariate = false }",
        '{ multivariate = "no" }',
        ["s.toml:12:27: tpe: 'multivariate' must be true or false, got 'no'"],
    ),
    ("{ multivariate = false }", "{ startup = -5 }", ["s.toml:12:22: tpe: ", "startup"]),
    (
        "[[testbed]]",
        '[[optimizer]]\nuse = "sobol"\nlabel = "random"\n[[testbed]]',
        ["s.toml:15:9: the label 'random' is used twice; give one of them another label"],
    ),
    (
        "[[testbed]]",
        '[[optimizer]]\nuse = "random"\n[[testbed]]',
        ["s.toml:14:7: optimizer 'random' is listed twice; drop one"],
    ),
    (
        "[[testbed]]",
        '[[optimizer]]\nuse = "random"\nlabel = "again"\n[[testbed]]',
        [
            "s.toml:15:9: labels 'random' and 'again' are the same optimizer with the same "
            "parameters: their runs would be the same; drop one"
        ],
    ),
    (  # the default, written out
        "{ multivariate = false }",
        '{ startup = 10 }\n[[optimizer]]\nuse = "tpe"\nlabel = "ten"',
        ["s.toml:15:9: labels 'tpe' and 'ten' are the same optimizer"],
    ),
    (
        'use = "random"\n',
        'use = "random"\nlabel = "mine"\n[[optimizer]]\nuse = "rand*"\n',
        ["s.toml:12:7: labels 'mine' and 'random' are the same optimizer"],
    ),
    (
        'use = "tpe"',
        'use = "tpe(multivariate=true)"',
        ["multivariate is also given in the parentheses"],
    ),
    ('use = "tpe"', 'use = "tpe(multivariate"', ["is not a selector"]),
    ('use = "tpe"', 'use = "worker:./mine"', ["worker selectors are not available"]),
    ('use = "tpe"', "use = 3", ["s.toml:11:7: use must be a string, got 3"]),
    (
        '"synthetic/branin"',
        '"synthetic/brannin"',
        ["s.toml:14:7: unknown testbed 'synthetic/brannin'. Did you mean 'synthetic/branin'"],
    ),
    (
        '"synthetic/branin"',
        '"sythetic/*"',
        ["'sythetic/*' matches no testbed. Did you mean 'synthetic/*'?"],
    ),
    (
        '"synthetic/branin"',
        '"synthetic/branin"\n[[testbed]]\nuse = "synthetic/branin"',
        ["s.toml:16:7: testbed 'synthetic/branin' is listed twice"],
    ),
    (
        '"synthetic/branin"',
        '"synthetic/branin"\nwrap = [{ use = "noisee" }]',
        ["s.toml:15:8: unknown wrapper 'noisee'."],
    ),
    (
        '"synthetic/branin"',
        '"synthetic/branin"\nparams = { seed = "x", sed = 1 }',
        ["unknown parameter"],
    ),
    ("[[testbed]]", "[testbed]", ["testbed must be a list, got a table; write [[testbed]]"]),
    ("enabled = false", 'country = "de"', ["ISO code of three capital letters"]),
    ("enabled = false", 'country = "XYZ"', ["s.toml:16:11: "]),
    ("enabled = false", "enabld = false", ["unknown key 'enabld'. Did you mean 'enabled'?"]),
]


@pytest.mark.parametrize(("before", "after", "wanted"), CASES)
def test_a_mistake_is_named(before: str, after: str, wanted: list[str]) -> None:
    assert before in GOOD
    shown = told(GOOD.replace(before, after, 1))
    for text in wanted:
        assert text in shown


def test_a_syntax_error_is_located() -> None:
    shown = told('schema = 1\nname = "x\nseeds = "0:3"\n')
    assert shown.startswith("s.toml:2:10: not valid TOML: ")
    assert '  2 | name = "x\n    |          ^' in shown


def test_an_unclosed_table_at_the_end_is_located() -> None:
    assert told("schema = 1\nseeds = [1,\n").startswith("s.toml:2:11: not valid TOML: ")


def test_an_empty_file_names_everything_that_is_missing() -> None:
    shown = told("")
    for key in ("schema", "name", "seeds", "protocol", "primary", "optimizer", "testbed"):
        assert f"'{key}' is missing" in shown


def test_a_glob_skips_what_is_named_beside_it() -> None:
    text = GOOD + '[[testbed]]\nuse = "synthetic/*"\n'
    ids = [t.id for t in parse(text).testbeds]
    assert ids.count("synthetic/branin") == 1
    assert ids[0] == "synthetic/branin"
    assert len(ids) > 5


def test_an_optimizer_without_a_testbed_is_a_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    source = "class Flat:\n    supports = {'float'}\n"
    source += "    def __init__(self, problem, rng): pass\n"
    source += "    def ask(self): return None\n    def tell(self, e): pass\n"
    Path("flat.py").write_text(source)
    text = GOOD.replace('use = "tpe"\nparams = { multivariate = false }', 'use = "flat.py"')
    shown = told(text.replace("synthetic/branin", "synthetic/kernel-choice"))
    assert "s.toml:11:7: flat cannot run on synthetic/kernel-choice: what is missing is" in shown
    assert "categorical, conditional, int" in shown
    assert len(parse(text).runs()) == 6


# ------------------------------------------------------------------ options


def test_options_replace_what_the_file_says() -> None:
    study = parse(
        GOOD,
        overrides=Overrides(
            optimizers=("sobol", "tpe(startup=4)"),
            testbeds=("synthetic/levy5",),
            seeds="7:9",
            budget="25",
            workers=3,
            baseline="sobol",
        ),
    )
    assert [o.label for o in study.optimizers] == ["sobol", "tpe(startup=4)"]
    assert [t.id for t in study.testbeds] == ["synthetic/levy5"]
    assert study.seeds == (7, 8)
    assert study.protocol.workers == 3
    assert study.protocol.to_json()["budget"] == {"evaluations": 25.0}


@pytest.mark.parametrize(
    ("text", "budget"),
    [("30s", {"simulated_seconds": 30.0}), ("2full_evaluations", {"full_evaluations": 2.0})],
)
def test_a_budget_option_may_name_its_unit(text: str, budget: dict[str, float]) -> None:
    assert parse(GOOD, overrides=Overrides(budget=text)).protocol.to_json()["budget"] == budget


@pytest.mark.parametrize(
    ("optimizers", "wanted"),
    [
        (("random", "random"), "-o random: optimizer 'random' is listed twice; drop one"),
        (("random", "tpe", "tpe(startup=10)"), "-o tpe(startup=10): optimizer 'tpe' is listed"),
        (("random", "rand*"), "-o rand*: optimizer 'random' is listed twice; drop one"),
    ],
)
def test_an_optimizer_given_twice_as_an_option_is_a_mistake(
    optimizers: tuple[str, ...], wanted: str
) -> None:
    assert wanted in told(GOOD, Overrides(optimizers=optimizers))


def test_mistakes_in_options_are_reported_as_options() -> None:
    overrides = Overrides(
        optimizers=("tpee", "random"),
        testbeds=("synthetic/brannin",),
        seeds="3:1",
        budget="10x",
        workers=0,
        baseline="rndom",
    )
    shown = told(GOOD, overrides)
    assert "-o tpee: unknown optimizer 'tpee'. Did you mean 'tpe'?" in shown
    assert "-t synthetic/brannin: unknown testbed" in shown
    assert "--seeds 3:1: seeds '3:1' is empty" in shown
    assert "--budget 10x: unknown budget unit 'x'" in shown
    assert "--workers 0: workers must be at least 1, got 0" in shown
    assert "--baseline rndom: the baseline 'rndom' is no optimizer's label" in shown
    assert shown.endswith("6 mistakes in s.toml; nothing was run")


def test_options_that_drop_the_baseline_say_how_to_choose_one() -> None:
    shown = told(GOOD, Overrides(optimizers=("tpe",)))
    assert "the baseline 'random' is no optimizer's label" in shown
    assert "choose with --baseline" in shown


# ------------------------------------------------------------------ files


def test_a_missing_study_file_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("study.toml").write_text(GOOD)
    with pytest.raises(StudyError, match=r"no study file 'stdy.toml'. Did you mean 'study.toml'"):
        load("stdy.toml")
    with pytest.raises(StudyError, match=r"unknown suite 'quik'. Did you mean 'quick'"):
        load("quik")
    Path("bytes.toml").write_bytes(b"name = '\xff'")
    with pytest.raises(StudyError, match="not UTF-8 text"):
        load("bytes.toml")


def test_the_bundled_suite_is_a_study_that_can_decide() -> None:
    from hpobench_lab.plan import plan_of

    study = load("quick")
    plan = plan_of(study)
    assert len(study.optimizers) >= 6
    assert plan.sources >= 9
    assert len(study.seeds) == 5
    assert plan.smallest_p == 2 / 2**9 * 3
    assert plan.untested == {"successive-halving": 3, "asha": 3, "median-stopping": 3}
    assert {tuple(pair["missing"]) for pair in plan.not_applicable} == {("fidelity",)}
    assert sum(t.facts["kind"] != "function" for t in study.testbeds) >= 2


@pytest.mark.parametrize(
    ("overrides", "cause"),
    [
        (Overrides(optimizers=("tpe(typo=1)",)), "-o tpe(typo=1): tpe: unknown parameter 'typo'"),
        (Overrides(optimizers=("random(typo=1)",)), "random: unknown parameter 'typo'"),
        (Overrides(optimizers=("randm", "tpe")), "unknown optimizer 'randm'"),
    ],
)
def test_a_baseline_that_is_missing_by_another_mistake_is_no_mistake_of_its_own(
    overrides: Overrides, cause: str
) -> None:
    shown = told(GOOD, overrides)
    assert cause in shown
    assert "baseline" not in shown
    assert shown.endswith("1 mistake in s.toml; nothing was run")


def test_a_wrong_baseline_is_told_beside_an_optimizer_that_is_not_like_it() -> None:
    text = GOOD.replace('baseline = "random"', 'baseline = "randm"').replace('"tpe"', '"sobll"')
    shown = told(text)
    assert "the baseline 'randm' is no optimizer's label. Did you mean 'random'?" in shown
    assert "unknown optimizer 'sobll'" in shown
    lost = told(GOOD.replace('use = "random"', 'use = "randm"'))
    assert lost.endswith("1 mistake in s.toml; nothing was run")


MINE = """\
import sys, time
class Mine:
    def __init__(self, problem, rng): {body}
    def ask(self): ...
    def tell(self, evaluation): ...
"""


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("sys.exit(0)", "mine: SystemExit: 0 ("),
        ("sys.exit('no')", "mine: SystemExit: no ("),
        ("time.sleep(60)", "mine: its constructor took longer than 0.2 s"),
        ("raise OSError('gone')", "mine: OSError: gone ("),
    ],
)
def test_a_constructor_that_ends_or_hangs_is_a_located_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, wanted: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(specs, "CONSTRUCTOR_S", 0.2)
    Path("mine.py").write_text(MINE.format(body=body))
    shown = told(GOOD.replace('"tpe"', '"mine.py"').replace("{ multivariate = false }", "{}"))
    assert f"s.toml:11:7: {wanted}" in shown


def test_what_hangs_in_except_exception_is_interrupted_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(loading, "IMPORT_S", 0.2)
    source = "import time\ntry:\n    time.sleep(60)\nexcept Exception:\n    time.sleep(60)\n"
    Path("mine.py").write_text(source)
    shown = told(GOOD.replace('"tpe"', '"mine.py"').replace("{ multivariate = false }", "{}"))
    assert "importing mine.py took longer than 0.2 s" in shown


def test_how_long_an_optimizer_may_take_belongs_to_no_folder_and_no_run() -> None:
    longer = parse(GOOD.replace("[primary]", "ask_timeout_s = 3600\n[primary]"))
    assert longer.protocol.ask_timeout_s == 3600
    assert longer.folder == parse(GOOD).folder
    assert [r.key for r in longer.runs()] == [r.key for r in parse(GOOD).runs()]
    other = parse(GOOD.replace("[primary]", "synchronous = true\n[primary]"))
    assert other.folder != longer.folder
