"""What arguments that choose among a few names may be, so that type checkers find the others.

Costs, discrepancies and kinds of divergence are not here: they have forms with numbers in them, such as ``euclidean^1.5``.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

__all__ = [
    "Correction",
    "CriticMethod",
    "Directions",
    "DivergenceMethod",
    "Ends",
    "Features",
    "OnMissing",
    "Price",
    "Reference",
    "Scheme",
]

OnMissing: TypeAlias = Literal["error", "drop"]
Directions: TypeAlias = Literal["auto", "monte-carlo", "orthogonal", "qmc"]
DivergenceMethod: TypeAlias = Literal[
    "auto", "knn", "knn-ball", "classifier", "nwj", "dv", "logistic", "gaussian", "kde", "histogram", "ulsif", "rulsif"
]
Correction: TypeAlias = Literal["none", "miller-madow", "krichevsky-trofimov"]
Features: TypeAlias = Literal["linear", "quadratic"]
CriticMethod: TypeAlias = Literal[
    "lp",
    "gp",
    "clip",
    "spectral",
    "bjorck",
    "finite-difference",
    "dragan",
    "div",
    "qp",
    "cowgan",
    "mm",
    "mm-reversed",
    "entropic",
    "quadratic",
    "exact-dual",
]
Scheme: TypeAlias = Literal["auto", "subsample", "bootstrap", "jackknife"]
Ends: TypeAlias = Literal["debiased", "basic", "percentile", "bca"]
Reference: TypeAlias = Literal["normalized", "product"]
Price: TypeAlias = float | tuple[Literal["kl", "tv", "l2"], float]
"""What mass costs that is made or lost: ρ alone is ``("kl", ρ)``."""
