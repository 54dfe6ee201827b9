"""The compiled half: checked arrays in, plain results out. The modules around it say what everything means."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

_Floats: TypeAlias = NDArray[np.float64]
_Entries: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64], _Floats]
_Report: TypeAlias = Callable[[dict[str, Any]], object] | None
_Gradient: TypeAlias = tuple[_Floats, _Floats, tuple[_Floats, _Floats]]
_Given: TypeAlias = tuple[_Floats, _Floats]
_Components: TypeAlias = tuple[list[Any], list[Any], list[float]]
_Options: TypeAlias = Mapping[str, Any]

__all__ = [
    "Certificate",
    "Critic",
    "Discrepancy",
    "Estimate",
    "Funnels",
    "Partial",
    "Population",
    "Samples",
    "Sinkhorn",
    "SinkhornDivergence",
    "Sliced",
    "SlicedStream",
    "Solution",
    "Training",
    "Unbalanced",
    "ValidationReport",
    "__version__",
    "bures_wasserstein",
    "certify",
    "certify_matrix",
    "circle",
    "compare",
    "corruptions",
    "critic_fit",
    "critic_fit_streams",
    "critic_methods",
    "discrepancy_names",
    "divergence_discrete",
    "divergence_gaussians",
    "divergence_mixtures",
    "entropic_gaussian",
    "exact_barycenter",
    "exact_batch",
    "exact_pairwise",
    "exact_partial",
    "exact_solve",
    "exact_solve_grid",
    "exact_bottleneck",
    "exact_solve_matrix",
    "fixed_barycenter",
    "gan_fit",
    "gan_toy",
    "gan_toys",
    "gaussian_barycenter",
    "gaussian_map",
    "gelbrich",
    "grid_barycenter",
    "inception_score",
    "memorisation",
    "metric",
    "metric_keys",
    "mixture_at",
    "mixture_distance",
    "mixture_grid",
    "mixture_ring",
    "mixture_sample",
    "mode_report",
    "mode_score",
    "mutual_information",
    "one_nearest",
    "panic_on_purpose",
    "population",
    "prdc",
    "quantile_distance",
    "sample_moments",
    "sinkhorn_barycenter",
    "sinkhorn_divergence",
    "sinkhorn_solve",
    "sinkhorn_solve_matrix",
    "sinkhorn_unbalanced",
    "sliced_bounds",
    "sliced_distance",
    "sliced_generalised",
    "sliced_gradient",
    "sliced_max",
    "sliced_partial",
    "sliced_plan",
    "sliced_subspace",
    "standardised",
    "validation",
    "wasserstein",
]

__version__: str

@final
class Samples:
    """Points with weights: an empirical distribution. Accepted wherever a sample is, and then checked only once."""

    def __new__(
        cls,
        points: _Floats,
        weights: _Floats | None = None,
        names: tuple[str, str] | None = None,
        columns: Sequence[str] | None = None,
        slack: float = 0.0,
        left_out: int = 0,
    ) -> Samples: ...
    @property
    def points(self) -> _Floats:
        """A copy of the points, of shape (n, d)."""
    @property
    def weights(self) -> _Floats:
        """A copy of the weights, of shape (n,)."""
    @property
    def dim(self) -> int:
        """d."""
    @property
    def total(self) -> float:
        """The total mass."""
    @property
    def columns(self) -> list[str] | None:
        """The names of the columns, where the points were a table."""
    @property
    def slack(self) -> float:
        """By what part the total may be wrong, for weights of a type shorter than 64 bits."""
    @property
    def left_out(self) -> int:
        """How many rows had a missing value, and are not here."""
    def reweighted(self, weights: _Floats) -> Samples:
        """The same points with other weights."""
    def reordered(self, order: Sequence[int]) -> Samples:
        """The same with the columns at these places, in that order."""
    def __len__(self) -> int: ...

@final
class Estimate:
    """A number and its evidence. It behaves as the number does."""

    def __new__(
        cls,
        value: float,
        evidence: tuple[str, float, float, float, float],
        kind: str,
        method: str,
        sizes: tuple[int, int],
        seed: int | None,
        randomness: str,
        notes: Sequence[str],
        text: str,
    ) -> Estimate: ...
    @property
    def value(self) -> float:
        """The number; infinite where the definition says so, never NaN."""
    @property
    def lower(self) -> float:
        """The lower end: proven, or of the 95 % interval; -inf where nothing is known."""
    @property
    def upper(self) -> float:
        """The upper end; inf where nothing is known."""
    @property
    def std_error(self) -> float | None:
        """The standard error, where the evidence is one or holds one."""
    @property
    def half_width(self) -> float | None:
        """Half of the 95 % interval that a standard error gives, 1.96 of them; None for other evidence, and for bounds."""
    @property
    def randomness(self) -> str:
        """Of which draws a standard error or an interval speaks: ``sampling``, ``directions`` or ``Monte Carlo``."""
    @property
    def evidence(self) -> str:
        """``bounds`` (proven), ``standard error``, ``interval``, ``exact`` (a formula), ``unstated``."""
    @property
    def level(self) -> float | None:
        """The level of an interval."""
    @property
    def kind(self) -> str:
        """``point``, ``lower bound`` or ``upper bound``."""
    @property
    def method(self) -> str:
        """Which method computed it."""
    @property
    def sizes(self) -> tuple[int, int]:
        """Points on the two sides."""
    @property
    def seed(self) -> int | None:
        """The seed of the randomness, where there is any."""
    @property
    def notes(self) -> list[str]:
        """What a reader must know before believing the number."""
    def __float__(self) -> float: ...
    def __int__(self) -> int: ...
    def __trunc__(self) -> int: ...
    def __bool__(self) -> bool: ...
    def __neg__(self) -> float: ...
    def __pos__(self) -> float: ...
    def __abs__(self) -> float: ...
    def __round__(self, ndigits: int | None = None) -> Any: ...
    def __format__(self, spec: str, /) -> str: ...
    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]: ...
    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __lt__(self, other: Any, /) -> bool: ...
    def __le__(self, other: Any, /) -> bool: ...
    def __gt__(self, other: Any, /) -> bool: ...
    def __ge__(self, other: Any, /) -> bool: ...
    def __add__(self, other: Any, /) -> Any: ...
    def __radd__(self, other: Any, /) -> Any: ...
    def __sub__(self, other: Any, /) -> Any: ...
    def __rsub__(self, other: Any, /) -> Any: ...
    def __mul__(self, other: Any, /) -> Any: ...
    def __rmul__(self, other: Any, /) -> Any: ...
    def __truediv__(self, other: Any, /) -> Any: ...
    def __rtruediv__(self, other: Any, /) -> Any: ...
    def __floordiv__(self, other: Any, /) -> Any: ...
    def __rfloordiv__(self, other: Any, /) -> Any: ...
    def __mod__(self, other: Any, /) -> Any: ...
    def __rmod__(self, other: Any, /) -> Any: ...
    def __pow__(self, other: Any, modulus: Any = None, /) -> Any: ...
    def __rpow__(self, other: Any, modulus: Any = None, /) -> Any: ...

@final
class Solution:
    def __new__(cls, state: Mapping[str, Any]) -> Solution: ...
    @property
    def transport_cost(self) -> float: ...
    @property
    def bounds(self) -> tuple[float, float] | None: ...
    @property
    def relative_gap(self) -> float | None: ...
    @property
    def status(self) -> str: ...
    @property
    def method(self) -> str: ...
    @property
    def iterations(self) -> int: ...
    @property
    def time(self) -> float: ...
    @property
    def memory(self) -> int: ...
    @property
    def shape(self) -> tuple[int, int]: ...
    def entries(self) -> _Entries: ...
    def potentials(self) -> tuple[_Floats, _Floats]: ...
    @property
    def order(self) -> float | None: ...
    def rooted(self, p: float) -> Estimate: ...
    def gradient(self) -> _Gradient: ...
    def columns(self) -> list[tuple[float, float, float, float]]: ...
    def flows(self, groups: int) -> list[tuple[float, float, bool, list[float], list[float]]]: ...

@final
class Partial:
    @property
    def transport_cost(self) -> float: ...
    @property
    def bounds(self) -> tuple[float, float]: ...
    @property
    def price(self) -> float: ...
    @property
    def status(self) -> str: ...
    @property
    def method(self) -> str: ...
    @property
    def time(self) -> float: ...
    @property
    def shape(self) -> tuple[int, int]: ...
    def entries(self) -> _Entries: ...
    def potentials(self) -> tuple[_Floats, _Floats]: ...

@final
class Certificate:
    """What checking a plan found."""

    def __new__(
        cls,
        bounds: tuple[float, float, float],
        transport_cost: float,
        marginal_error: float,
        dual_violation: float,
        potentials: tuple[_Floats, _Floats],
    ) -> Certificate: ...
    @property
    def lower(self) -> float:
        """Lower bound on the optimal cost, from the potentials made feasible."""
    @property
    def upper(self) -> float:
        """Upper bound, from the plan made feasible."""
    @property
    def relative_gap(self) -> float:
        """(upper - lower) / upper."""
    @property
    def transport_cost(self) -> float:
        """⟨C, P⟩ of the plan as given."""
    @property
    def marginal_error(self) -> float:
        """What the plan fails to deliver, as a part of the mass."""
    @property
    def dual_violation(self) -> float:
        """By how much the potentials exceeded a cost."""

@final
class Sinkhorn:
    def __new__(cls, state: Mapping[str, Any]) -> Sinkhorn: ...
    @property
    def epsilon(self) -> float: ...
    @property
    def reference(self) -> str: ...
    @property
    def transport_cost(self) -> float: ...
    @property
    def regularised_value(self) -> float: ...
    @property
    def regularised_upper(self) -> float: ...
    @property
    def marginal_error(self) -> float: ...
    @property
    def duality_gap(self) -> float: ...
    @property
    def bounds(self) -> tuple[float, float] | None: ...
    @property
    def status(self) -> str: ...
    @property
    def iterations(self) -> int: ...
    @property
    def time(self) -> float: ...
    @property
    def memory(self) -> int: ...
    def potentials(self) -> tuple[_Floats, _Floats]: ...
    def rooted(self, p: float) -> Estimate | None: ...
    def plan(self) -> _Floats: ...
    def map(self, new: _Floats, reverse: bool = False) -> tuple[_Floats, _Floats]: ...

@final
class SinkhornDivergence:
    @property
    def value(self) -> float: ...
    @property
    def lower(self) -> float: ...
    @property
    def upper(self) -> float: ...
    @property
    def epsilon(self) -> float: ...
    @property
    def converged(self) -> bool: ...
    def gradient(self) -> _Gradient: ...

@final
class Unbalanced:
    @property
    def epsilon(self) -> float: ...
    @property
    def transport_cost(self) -> float: ...
    @property
    def value(self) -> float: ...
    @property
    def mass(self) -> float: ...
    @property
    def residual(self) -> float: ...
    @property
    def duality_gap(self) -> float: ...
    @property
    def status(self) -> str: ...
    @property
    def iterations(self) -> int: ...
    @property
    def time(self) -> float: ...
    def masses(self) -> tuple[_Floats, _Floats]: ...
    def potentials(self) -> tuple[_Floats, _Floats]: ...

@final
class Sliced:
    @property
    def estimate(self) -> Estimate: ...
    @property
    def costs(self) -> _Floats: ...
    @property
    def directions(self) -> int: ...
    @property
    def variance_ratio(self) -> float: ...
    @property
    def status(self) -> str: ...
    @property
    def time(self) -> float: ...

@final
class SlicedStream:
    def __new__(cls, options: _Options, dim: int, capacity: int) -> SlicedStream: ...
    def push_x(self, rows: _Floats) -> None: ...
    def push_y(self, rows: _Floats) -> None: ...
    def distance(self) -> tuple[Estimate, float]: ...

@final
class Critic:
    def __new__(cls, network: bytes | None, samples: tuple[Samples, Samples] | None = None) -> Critic: ...
    def values(self, points: _Floats) -> _Floats: ...
    def gradients(self, points: _Floats) -> _Floats: ...
    @property
    def lipschitz(self) -> float: ...
    def network_bound(self, x: Samples, y: Samples) -> tuple[float, Estimate] | None: ...
    def held_out(self, x: Samples, y: Samples) -> Estimate | None: ...
    def exact(self) -> Estimate | None: ...

@final
class Funnels:
    """Two distributions in R^dim with a known W₁ and a known optimal critic (Korotin et al. 2022): the referee of critics."""

    def __new__(cls, dim: int, count: int, seed: int = 0) -> Funnels: ...
    def source(self, n: int, seed: int = 0) -> _Floats:
        """n points of the source, of shape (n, dim)."""
    def target(self, n: int, seed: int = 0) -> _Floats:
        """n points of the target, of shape (n, dim)."""
    def distance(self, n: int = 100_000, seed: int = 0) -> Estimate:
        """W₁ of the two distributions, by n draws of its formula."""
    def critic(self, points: _Floats) -> _Floats:
        """The optimal critic at each point, of length n."""
    def gradient(self, points: _Floats) -> _Floats:
        """Its gradient at each point, of shape (n, dim)."""

@final
class Discrepancy:
    """Anything that compares two samples."""

    @property
    def name(self) -> str:
        """A short name for tables."""
    def between(self, x: Samples, y: Samples) -> Estimate:
        """How far apart two samples are."""
    def interval(
        self,
        x: Samples,
        y: Samples,
        scheme: str,
        fraction: float,
        ends: str | None,
        level: float,
        replicates: int,
        seed: int,
        progress: _Report = None,
    ) -> Estimate: ...
    def std_error(self, x: Samples, y: Samples) -> Estimate: ...
    def test(
        self, x: Samples, y: Samples, permutations: int, seed: int, progress: _Report = None
    ) -> tuple[Estimate, float, float, _Floats]: ...
    def laws(self, cases: int, points: int, seed: int) -> list[tuple[str, str, str, str]]: ...
    @staticmethod
    def named(name: str) -> Discrepancy: ...
    @staticmethod
    def from_function(
        function: Callable[..., float], name: str, takes: tuple[str, str] | None = None
    ) -> Discrepancy: ...
    @staticmethod
    def energy(unbiased: bool, rooted: bool) -> Discrepancy: ...
    @staticmethod
    def mmd(
        kernel: str,
        bandwidth: str | float | Sequence[float],
        unbiased: bool,
        rooted: bool,
        linear: bool,
        degree: int = 3,
        scale: float | None = None,
        offset: float = 1.0,
    ) -> Discrepancy: ...
    @staticmethod
    def sinkhorn_divergence(epsilon: float, relative: bool, cost: str, tolerance: float) -> Discrepancy: ...
    @staticmethod
    def sliced(options: _Options) -> Discrepancy: ...
    @staticmethod
    def spherical(p: float, circles: int, seed: int) -> Discrepancy: ...
    @staticmethod
    def fid(over_n: bool) -> Discrepancy: ...
    @staticmethod
    def kid(subsets: int, subset_size: int, seed: int) -> Discrepancy: ...
    @staticmethod
    def fid_infinity(sizes: int, least: int | None, repeats: int, fake_only: bool, seed: int) -> Discrepancy: ...
    @staticmethod
    def classifier_test(features: str, seed: int) -> Discrepancy: ...
    @staticmethod
    def gelbrich() -> Discrepancy: ...
    @staticmethod
    def critic(control: str, steps: int, batch: int, seed: int) -> Discrepancy: ...
    @staticmethod
    def divergence(
        kind: str,
        method: str,
        dim: int,
        k: int | None = None,
        whiten: bool = True,
        bins: int | None = None,
        correction: str | None = None,
        bandwidth: float | None = None,
        alpha: float | None = None,
        folds: int | None = None,
        features: str | None = None,
        seed: int = 0,
    ) -> Discrepancy: ...

@final
class Training:
    @property
    def steps(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def status(self) -> str: ...
    def records(self) -> list[dict[str, Any]]: ...
    def floor(self) -> tuple[Estimate, Estimate, list[tuple[str, Estimate | None]], list[float] | None]: ...
    def metrics_track_w1(self) -> list[tuple[str, float | None]]: ...
    def generate(self, n: int, seed: int) -> tuple[_Floats, NDArray[np.int64]]: ...
    def generate_class(self, n: int, label: int, seed: int) -> _Floats: ...
    def critic_values(self, points: _Floats) -> _Floats: ...
    def decode(self, samples: Samples) -> list[str] | None: ...
    def nearest_real(self, samples: Samples) -> _Floats | None: ...
    def networks(self) -> list[tuple[bytes, str | None]]: ...
    def checkpoint(self) -> bytes: ...

@final
class Population:
    """Where real points come from."""

    @staticmethod
    def toy(name: str) -> Population: ...
    @staticmethod
    def mixture(of: _Components) -> Population: ...
    @staticmethod
    def labelled(samples: Samples, labels: Sequence[int]) -> Population: ...
    @staticmethod
    def clustered(samples: Samples, modes: int, seed: int) -> Population: ...
    @property
    def title(self) -> str:
        """What a report calls it."""
    @property
    def modes(self) -> int:
        """How many modes there are."""
    @property
    def dim(self) -> int:
        """d."""
    def corrupted(self, corruption: str, severity: float, n: int, seed: int) -> tuple[_Floats, _Floats]: ...

@final
class ValidationReport:
    def json(self) -> str: ...
    def html(self) -> str: ...
    def values(self, metric: str, corruption: str) -> _Floats: ...
    @property
    def severities(self) -> _Floats: ...

def exact_solve(
    x: Samples,
    y: Samples,
    cost: str,
    start: Solution | Mapping[str, Any] | None = None,
    tolerance: float = 0.0,
    time_limit: float | None = None,
    progress: _Report = None,
) -> Solution: ...
def exact_solve_matrix(
    costs: _Floats,
    a: _Floats,
    b: _Floats,
    tolerance: float = 0.0,
    time_limit: float | None = None,
    progress: _Report = None,
    start: Any = None,
) -> Solution: ...
def exact_bottleneck(
    costs: _Floats,
    a: _Floats,
    b: _Floats,
    time_limit: float | None = None,
    progress: _Report = None,
) -> tuple[float, float, list[tuple[int, int, float]], list[int], str]: ...
def exact_solve_grid(
    a: _Floats,
    b: _Floats,
    cost: str,
    spacing: float = 1.0,
    tolerance: float = 0.0,
    time_limit: float | None = None,
    progress: _Report = None,
) -> Solution: ...
def wasserstein(x: Samples, y: Samples, p: float) -> Estimate: ...
def circle(x: Samples, y: Samples, period: float, p: float) -> Estimate: ...
def panic_on_purpose(pairs: int) -> None: ...
def population(
    x: Samples, y: Samples, folds: int, seed: int, time_limit: float | None = None, progress: _Report = None
) -> tuple[Estimate, Estimate, Estimate]: ...
def exact_partial(x: Samples, y: Samples, cost: str, mass: float) -> Partial: ...
def exact_barycenter(
    samples: Sequence[Samples], shares: Sequence[float], start: Samples, steps: int
) -> tuple[_Floats, list[float], bool]: ...
def exact_pairwise(
    samples: Sequence[Samples],
    cost: str,
    p: float | None = None,
    tolerance: float = 0.0,
    time_limit: float | None = None,
    progress: _Report = None,
) -> tuple[_Floats, _Floats, _Floats, str]: ...
def exact_batch(
    pairs: Sequence[tuple[Samples, Samples]],
    cost: str,
    tolerance: float = 0.0,
    time_limit: float | None = None,
    progress: _Report = None,
) -> list[Solution | None]: ...
def certify(
    x: Samples,
    y: Samples,
    cost: str,
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    masses: _Floats,
    f: Sequence[float],
    g: Sequence[float],
) -> Certificate: ...
def certify_matrix(
    costs: _Floats,
    a: _Floats,
    b: _Floats,
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    masses: _Floats,
    f: Sequence[float],
    g: Sequence[float],
) -> Certificate: ...
def sinkhorn_solve(x: Samples, y: Samples, cost: str, options: _Options) -> Sinkhorn: ...
def sinkhorn_solve_matrix(costs: _Floats, a: _Floats, b: _Floats, options: _Options) -> Sinkhorn: ...
def sinkhorn_divergence(x: Samples, y: Samples, cost: str, options: _Options) -> SinkhornDivergence: ...
def sinkhorn_barycenter(
    samples: Sequence[Samples], shares: Sequence[float], start: Samples, steps: int, options: _Options
) -> tuple[_Floats, list[float], bool]: ...
def sinkhorn_unbalanced(
    x: Samples,
    y: Samples,
    cost: str,
    source: tuple[str, float] | None,
    target: tuple[str, float] | None,
    mass: float | None,
    options: _Options,
) -> Unbalanced: ...
def grid_barycenter(
    histograms: Sequence[_Floats],
    shares: Sequence[float],
    epsilon: float,
    debias: bool,
    tolerance: float,
    spacing: float = 1.0,
) -> tuple[_Floats, float, str]: ...
def fixed_barycenter(
    support: _Floats,
    masses: Sequence[_Floats],
    shares: Sequence[float],
    cost: str,
    epsilon: float,
    debias: bool,
    tolerance: float,
) -> tuple[_Floats, float, str]: ...
def sliced_distance(x: Samples, y: Samples, options: _Options) -> Sliced: ...
def sliced_bounds(x: Samples, y: Samples, options: _Options) -> Estimate: ...
def sliced_gradient(x: Samples, y: Samples, options: _Options) -> tuple[float, _Floats, _Floats]: ...
def sliced_plan(
    x: Samples, y: Samples, options: _Options, sharpness: float | None = None
) -> tuple[_Entries, float, list[float] | None, Estimate]: ...
def sliced_max(
    x: Samples, y: Samples, p: float, seed: int, starts: int | None
) -> tuple[Estimate, list[float], float, str]: ...
def sliced_subspace(x: Samples, y: Samples, k: int) -> tuple[Estimate, _Floats, _Floats, _Entries, str]: ...
def divergence_discrete(kind: str, p: _Floats, q: _Floats) -> float: ...
def divergence_gaussians(
    kind: str, mean_p: _Floats, covariance_p: _Floats, mean_q: _Floats, covariance_q: _Floats
) -> Estimate: ...
def divergence_mixtures(kind: str, p: _Components, q: _Components, draws: int, seed: int) -> Estimate: ...
def mutual_information(x: Samples, y: Samples, k: int) -> Estimate: ...
def bures_wasserstein(p: _Given, q: _Given) -> Estimate: ...
def gaussian_map(p: _Given, q: _Given) -> _Floats: ...
def gaussian_barycenter(gaussians: Sequence[_Given], shares: Sequence[float]) -> tuple[list[float], _Floats, float, str]: ...
def entropic_gaussian(p: _Given, q: _Given, epsilon: float) -> tuple[float, float, float, float]: ...
def gelbrich(x: Samples, y: Samples) -> Estimate: ...
def mixture_distance(p: _Components, q: _Components) -> tuple[Estimate, _Floats, _Floats]: ...
def critic_fit(x: Samples, y: Samples, options: _Options) -> Critic: ...
def critic_fit_streams(dim: int, draw: Callable[[int, int], _Floats], options: _Options) -> Critic: ...
def compare(
    x: Samples,
    y: Samples,
    others_up_to: int,
    flow_groups: int,
    seed: int,
    tolerance: float | None = None,
    time_limit: float | None = None,
    progress: _Report = None,
) -> dict[str, Any]: ...
def gan_fit(
    toy: str | None,
    samples: Samples | None,
    labels: Sequence[int] | None,
    options: _Options,
    checkpoint: bytes | None = None,
    report: _Report = None,
    lines: Sequence[str] | None = None,
) -> Training: ...
def gan_toy(name: str, n: int, seed: int) -> tuple[_Floats, NDArray[np.int64]]: ...
def gan_toys() -> list[str]: ...
def mode_report(
    mixture: _Components, samples: Samples
) -> tuple[int, int, Estimate, Estimate, float, list[int]]: ...
def metric_keys() -> list[tuple[str, bool]]: ...
def metric(key: str, k: int | None = None) -> Discrepancy: ...
def memorisation(held_out: Samples) -> Discrepancy: ...
def prdc(real: Samples, fake: Samples, k: int) -> tuple[Estimate, Estimate, Estimate, Estimate]: ...
def inception_score(posteriors: _Floats, splits: int, seed: int | None) -> Estimate: ...
def mode_score(posteriors: _Floats, shares: Sequence[float]) -> Estimate: ...
def corruptions() -> list[tuple[str, str]]: ...
def validation(population: Population, options: _Options) -> ValidationReport: ...
def discrepancy_names() -> tuple[list[str], str]: ...
def critic_methods() -> list[str]: ...
def mixture_at(of: _Components, points: _Floats) -> tuple[_Floats, _Floats]: ...
def mixture_grid(side: int, spacing: float, deviation: float) -> tuple[list[list[float]], list[_Floats], list[float]]: ...
def mixture_ring(modes: int, radius: float, deviation: float) -> tuple[list[list[float]], list[_Floats], list[float]]: ...
def mixture_sample(of: _Components, n: int, seed: int) -> tuple[_Floats, NDArray[np.int64]]: ...
def sample_moments(x: Samples) -> tuple[_Floats, _Floats]: ...
def standardised(samples: Sequence[Samples]) -> tuple[list[Samples], list[tuple[float, float]]]: ...
def quantile_distance(p: float, x: Callable[[float, float], float], y: Callable[[float, float], float]) -> Estimate: ...
def one_nearest(real: Samples, fake: Samples) -> tuple[Estimate, Estimate, Estimate]: ...
def sliced_partial(
    x: Samples, y: Samples, amount: tuple[str, float], options: _Options
) -> tuple[Estimate, _Floats, _Floats, str]: ...
def sliced_generalised(x: Samples, y: Samples, p: float) -> Estimate: ...
