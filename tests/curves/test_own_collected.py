"""What is collected of a user's own estimator or function."""

from typing import Any

import numpy as np
import pytest

from hpobench_lab.errors import HpoBenchError, StudyError
from hpobench_lab.testbeds.training.own.recipe import own_recipe
from tests.curves.own_function import FUNCTION, Write


def trained(body: str, write: Write, replicate: int = 0) -> tuple[Any, Any]:
    """Return what is trained of a function with this body, and its calls."""
    from hpobench_lab.plugins import testbed

    write(FUNCTION + "".join(f"    {line}\n" for line in body.split("\n")))
    recipe = own_recipe("mine.py:train")
    found = recipe.train([{"a": 0.25}], recipe.levels, 0, replicate)
    bed: Any = testbed("mine.py:train")
    return found, bed.function.__globals__["calls"]


def test_a_function_is_called_at_every_level(write: Write) -> None:
    body = "return {'loss': config['a'] + 1 / fidelity, 'test_loss': fidelity, 'cost_s': fidelity}"
    found, calls = trained(body, write, replicate=1)
    assert sorted(calls) == [(1.0, 1), (2.0, 1), (3.0, 1), (4.0, 1)]
    np.testing.assert_allclose(found.columns["valid_loss"], [[1.25, 0.75, 0.25 + 1 / 3, 0.5]])
    np.testing.assert_array_equal(found.columns["cpu_s"], [[1, 2, 3, 4]])
    np.testing.assert_array_equal(found.test["test_loss"], [[1, 2, 3, 4]])
    assert found.refit == found.messages == {}


def test_a_returned_curve_that_has_every_level_saves_the_calls(write: Write) -> None:
    points = "[(e, 5.0 - e, 2.0 * e) for e in range(1, 5)]"
    found, calls = trained(f"return {{'loss': 1.0, 'curve': {points}}}", write)
    assert calls == [(4.0, 0)]
    np.testing.assert_array_equal(found.columns["valid_loss"], [[4, 3, 2, 1]])
    np.testing.assert_array_equal(found.columns["cpu_s"], [[2, 4, 6, 8]])
    assert found.test == {}


@pytest.mark.parametrize(
    ("test_loss", "calls"), [("9.0", 4), ("[6.0, 7.0, 8.0, 9.0]", 1)], ids=["one", "along"]
)
def test_held_out_losses_along_a_curve_are_kept(test_loss: str, calls: int, write: Write) -> None:
    points = "[(e, 5.0 - e, 2.0 * e) for e in range(1, 5)]"
    body = f"return {{'loss': 1.0, 'test_loss': {test_loss}, 'curve': {points}}}"
    found, seen = trained(body, write)
    assert len(seen) == calls
    assert found.test["test_loss"][0, -1] == 9.0


def test_a_curve_with_gaps_does_not_save_the_calls(write: Write) -> None:
    body = "return {'loss': 1.0, 'curve': [(1, 4.0, 1.0), (4, 1.0, 4.0)]}"
    assert len(trained(body, write)[1]) == 4


def test_worse_than_chance_at_a_low_fidelity_is_kept_as_it_is(write: Write) -> None:
    found, _ = trained("return 2.0 / fidelity", write)
    np.testing.assert_allclose(found.columns["valid_loss"], [[2, 1, 2 / 3, 0.5]])


def test_a_function_that_raises_is_kept_with_its_message(write: Write) -> None:
    found, calls = trained("if fidelity == 2: raise RuntimeError('no memory')\nreturn 1.0", write)
    assert found.messages == {0: "at 2: RuntimeError: no memory"}
    assert np.isnan(found.columns["valid_loss"]).all()
    assert calls == [(4.0, 0), (1.0, 0), (2.0, 0)]


def test_a_status_other_than_ok_is_a_failure(write: Write) -> None:
    found, _ = trained("return {'loss': 1.0, 'status': 'timeout'}", write)
    assert found.messages == {0: "status timeout"}


def test_the_seconds_of_a_silent_function_are_measured(write: Write) -> None:
    found, _ = trained("for _ in range(20_000): pass\nreturn 1.0", write)
    assert (found.columns["cpu_s"] < 1.0).all()  # nominal would be 1, 2, 3, 4
    assert (found.columns["cpu_s"] > 0.0).all()


def test_an_estimator_that_raises_at_one_level_is_kept_as_a_failure(write: Write) -> None:
    write(
        "from sklearn.neighbors import KNeighborsClassifier\n"
        "knn = hb.estimator(KNeighborsClassifier, space={'n_neighbors': hb.Int(1, 99)}, "
        "data='digits')\n"
    )
    recipe = own_recipe("mine.py:knn")
    found = recipe.train([{"n_neighbors": 99}, {"n_neighbors": 3}], recipe.levels, 0, 0)
    assert list(found.messages) == [0]
    assert found.messages[0].startswith("ValueError at share 0.0625: Expected n_neighbors")
    assert np.isnan(found.columns["valid_loss"][0]).all()
    curve = found.columns["valid_loss"][1]
    assert curve[0] > curve[-1]
    assert found.refit["test_loss"][1] < curve[0]
    assert found.columns["model_bytes"][1, -1] > 8 * found.columns["model_bytes"][1, 0]


def test_rows_with_groups_give_a_gap(write: Write) -> None:
    write(
        "from sklearn.naive_bayes import GaussianNB\n"
        "bed = hb.estimator(GaussianNB, space={'var_smoothing': hb.Float(1e-9, 1, log=True)}, "
        "data='loans')\n"
    )
    recipe = own_recipe("mine.py:bed")
    found = recipe.train([{"var_smoothing": 0.1}], (1.0,), 0, 0)
    assert 0 < found.columns["valid_gap"][0, 0] < 1
    assert "test_gap" in found.test
    assert "test_gap" in found.refit


def test_a_replicate_has_another_inner_split_and_no_refit(write: Write) -> None:
    write(
        "from sklearn.naive_bayes import GaussianNB\n"
        "bed = hb.estimator(GaussianNB, space={'var_smoothing': hb.Float(1e-9, 1, log=True)}, "
        "data='breast-cancer')\n"
    )
    recipe = own_recipe("mine.py:bed")
    first, second = (recipe.train([{"var_smoothing": 0.1}], (1.0,), 0, r) for r in (0, 1))
    assert first.columns["valid_loss"] != second.columns["valid_loss"]
    assert np.isfinite(first.refit["test_loss"]).all()
    assert np.isnan(second.refit["test_loss"]).all()


def test_the_identity_of_a_collection_changes_with_its_file(write: Write) -> None:
    from hpobench_lab.testbeds.training.parts import digest

    found = []
    for constant in ("1.0", "2.0", "1.0"):
        write(f"{FUNCTION}    return {constant}\n")
        recipe = own_recipe("mine.py:train")
        found.append(digest(recipe, 0))
    assert found[0] == found[2] != found[1]
    write(f"{FUNCTION}    return 3.0\n")
    with pytest.raises(StudyError, match="was changed while it was being collected"):
        recipe.train([{"a": 0.5}], recipe.levels, 0, 0)


def test_a_table_is_named_after_file_and_object(write: Write) -> None:
    write(f"{FUNCTION}    return 1.0\n")
    assert own_recipe("mine.py:train").name == "mine-train"
    assert own_recipe("mine.py").name == "mine"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "@hb.testbed(space={'origin': hb.Float(0, 1)})\ndef train(c): return 1.0\n",
            "'origin' is",
        ),
        (
            "@hb.testbed(space={'a': hb.Float(0, 1)}, constraints=('c',))\n"
            "def train(c): return 1.0\n",
            "no outcome constraints",
        ),
        (
            "@hb.testbed(space={'a': hb.Float(0, 1)}, kind='table')\ndef train(c): return 1.0\n",
            "is a table already",
        ),
        (
            "from sklearn.svm import SVC\ntrain = hb.estimator(SVC, data='digits')\n",
            r"mine.py:3: TypeError: .*'space'",
        ),
    ],
)
def test_what_cannot_be_collected_is_said(text: str, message: str, write: Write) -> None:
    write(text)
    with pytest.raises(HpoBenchError, match=message):
        own_recipe("mine.py:train")
