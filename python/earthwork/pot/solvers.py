"""One call for every kind of transport, under POT's names: ``solve``, ``solve_sample`` and ``solve_bary_sample``."""

from __future__ import annotations

from earthwork.pot._solve import lst_method_solve_sample, lst_valid_methods_solve, solve, solve_sample
from earthwork.pot._solve_bary import solve_bary_sample

__all__ = ["lst_method_solve_sample", "lst_valid_methods_solve", "solve", "solve_bary_sample", "solve_sample"]
