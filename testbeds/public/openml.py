"""OpenML's numbers of the data sets that other benchmarks call by name.

Testbeds on the same data count as one source, whichever benchmark they come from. Listed are the
35 tasks of LCBench with their data sets (openml.org; 33 are also in LCDB's list, with the same
numbers and names), and two data sets that scikit-learn ships under a name of its own: digits is a
part of 28, breast-cancer is 1510. Over the 30 that YAHPO Gym
has in both lcbench and rbv2_xgboost, the best balanced accuracies agree (rank correlation .87).
"""

from __future__ import annotations

from hpobench_lab.testbeds.public.places import source

__all__ = ["source_of_data", "source_of_task"]

_LISTED = """
126025 1590 adult
126026 1486 nomao
126029 1461 bank-marketing
146212 40685 shuttle
167083 23517 numerai28.6
167104 40981 Australian
167149 3 kr-vs-kp
167152 12 mfeat-factors
167161 31 credit-g
167168 54 vehicle
167181 1067 kc1
167184 1464 blood-transfusion-service-center
167185 1468 cnae-9
167190 1489 phoneme
167200 23512 higgs
167201 40668 connect-4
168329 41169 helena
168330 41168 jannis
168331 41166 volkert
168335 41150 MiniBooNE
168868 41138 APSFailure
168908 41142 christine
168910 41164 fabert
189354 1169 airlines
189862 41143 jasmine
189865 41146 sylvine
189866 41147 albert
189873 41167 dionis
189905 40975 car
189906 40984 segment
189908 40996 Fashion-MNIST
189909 41027 jungle_chess_2pcs_raw_endgame_complete
34539 4135 Amazon_employee_access
3945 1111 KDDCup09_appetency
7593 1596 covertype
"""  # task, data set, name
_TASKS = [line.split() for line in _LISTED.split("\n") if line]
_DATA = {task: data for task, data, _ in _TASKS}
_NAMES = {data: name for _, data, name in _TASKS} | {"28": "digits", "1510": "breast-cancer"}


def source_of_data(number: str) -> str:
    """Return the source that stands for an OpenML data set.

    >>> source_of_data("40981"), source_of_data("307")
    ('australian', 'openml/307')
    """
    return source(_NAMES.get(number, f"openml/{number}"))


def source_of_task(number: str) -> str:
    """Return the source that stands for the data of an OpenML task.

    >>> source_of_task("167104"), source_of_task("2")
    ('australian', 'openml/task/2')
    """
    data = _DATA.get(number)
    return source_of_data(data) if data else f"openml/task/{number}"
