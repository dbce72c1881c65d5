"""What a collection trains: prefixes, far configurations, and what optimizers propose."""

import numpy as np
import pytest

from hpobench_lab.testbeds.training.design import PROPOSERS, plan, propose, sobol_values
from hpobench_lab.testbeds.training.recipes import RECIPES


def test_a_smaller_spread_is_the_beginning_of_a_larger_one() -> None:
    space = RECIPES["digits-svm"].space
    few, many = sobol_values(space, 16, 0), sobol_values(space, 200, 0)
    np.testing.assert_array_equal(few, many[:16])


@pytest.mark.parametrize("configs", [1, 100, 128, 500, 2_000])
def test_a_design_has_as_many_configurations_as_were_asked(configs: int) -> None:
    design = plan(configs, wide=True, folds=3)
    assert len(design.origins) == configs
    rows = design.fold_rows()
    assert len(np.unique(rows)) == len(rows) <= configs
    assert "wide" not in {design.origins[row] for row in rows}


def test_optimizers_propose_new_configurations_of_the_narrow_space_that_are_better() -> None:
    recipe = RECIPES["loans-linear"]
    design = plan(200, wide=True, folds=3)
    values = recipe.everything.values(
        recipe.space.configs(sobol_values(recipe.space, design.sobol, 0))
    )
    x = recipe.space.encode(recipe.space.values(recipe.everything.configs(values)))
    losses = ((x - 0.7) ** 2).sum(axis=1)[:, None] * np.ones(len(recipe.levels))
    asked = propose(recipe, values, losses, design, 0)
    assert len(asked) == len(PROPOSERS) * design.proposed
    both = np.concatenate([values, asked])
    assert len(np.unique(both, axis=0)) == len(both)
    theirs = recipe.space.encode(recipe.space.values(recipe.everything.configs(asked)))
    found = ((theirs - 0.7) ** 2).sum(axis=1)
    assert np.median(found) < np.quantile(losses[:, 0], 0.2)
