"""Tools without numbers of their own under POT's names: parameters, random states, estimators, scalers, deprecations."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from earthwork.pot.backend import get_backend

__all__ = [
    "BaseEstimator",
    "DataScaler",
    "UndefinedParameter",
    "apply_scaler",
    "check_number_threads",
    "check_params",
    "check_random_state",
    "deprecated",
    "fun_to_numpy",
    "get_parameter_pair",
    "list_to_array",
    "parmap",
]


def list_to_array(*lst: Any, nx: Any = None) -> Any:
    """Lists as arrays of the kind of the arrays among the arguments; one argument comes back alone."""
    arrays = [one for one in lst if not isinstance(one, list) and not (hasattr(one, "__len__") and np.ndim(one) and len(one) == 0)]
    first = arrays[0] if arrays else None
    if nx is None:
        nx = get_backend(*arrays) if arrays else get_backend(np.zeros(0))
        first = np.zeros(0) if first is None else first
    made = [nx.from_numpy(np.array(one), type_as=first) if isinstance(one, list) else one for one in lst]
    return made if len(made) > 1 else made[0]


def parmap(f: Callable[[Any], Any], X: Iterable[Any], nprocs: Any = "default") -> list[Any]:
    """``f`` of each of ``X``, one after the other."""
    return [f(one) for one in X]


def check_params(**kwargs: Any) -> bool:
    """Whether no argument is None; prints those that are."""
    missing = [name for name, value in kwargs.items() if value is None]
    if missing:
        print("POT - Warning: following necessary parameters are missing", *missing, sep="\n")
    return not missing


def check_random_state(seed: Any) -> Any:
    """A ``numpy.random.RandomState`` of a seed; numpy's own where it is None."""
    if seed is None or seed is np.random:
        return np.random.mtrand._rand
    if isinstance(seed, (int, np.integer)):
        return np.random.RandomState(int(seed))
    if isinstance(seed, np.random.RandomState):
        return seed
    raise ValueError(f"{seed} cannot be used to seed a numpy.random.RandomState instance")


def get_parameter_pair(parameter: Any) -> tuple[Any, Any]:
    """Both of a pair, or one number twice."""
    if not hasattr(parameter, "__len__") or getattr(parameter, "ndim", 1) == 0:
        return parameter, parameter
    if len(parameter) not in (1, 2):
        raise ValueError("Parameter must be either a scalar, or an indexable object of length 1 or 2.")
    return parameter[0], parameter[-1]


def check_number_threads(numThreads: Any) -> Any:
    """Check a number of threads: returns -1 for None and "max", and raises ValueError for anything but a positive integer."""
    if numThreads is None or (isinstance(numThreads, str) and numThreads.lower() == "max"):
        return -1
    if not isinstance(numThreads, int) or numThreads < 1:
        raise ValueError('numThreads should either be "max" or a strictly positive integer')
    return numThreads


def fun_to_numpy(fun: Callable[[Any], Any], arr: Any, nx: Any, warn: bool = True) -> Callable[[Any], Any]:
    """A function that takes and gives arrays of numpy: ``fun`` where it can, else ``fun`` between two conversions."""
    if arr is None:
        raise ValueError("arr should not be None to test fun")
    try:
        fun(get_backend(arr).to_numpy(arr))
    except Exception:
        if warn:
            warnings.warn(
                "The callable function should be able to handle numpy arrays, a compatible function is created and comes with overhead",
                stacklevel=2,
            )
        return lambda x: nx.to_numpy(fun(nx.from_numpy(x)))
    return fun


class deprecated:
    """A decorator for functions and classes that warn of their end."""

    def __init__(self, extra: str = "") -> None:
        self.extra = extra

    def __call__(self, obj: Any) -> Any:
        what = "Class" if isinstance(obj, type) else "Function"
        message = f"{what} {obj.__name__} is deprecated" + (f"; {self.extra}" if self.extra else "")
        kept: Any = obj
        target: Any = kept.__init__ if isinstance(obj, type) else obj

        @functools.wraps(target)
        def warned(*args: Any, **kwargs: Any) -> Any:
            warnings.warn(message, category=DeprecationWarning, stacklevel=2)
            return target(*args, **kwargs)

        if not isinstance(obj, type):
            return warned
        warned.deprecated_original = target  # type: ignore[attr-defined]
        kept.__init__ = warned
        return kept


def _is_deprecated(func: Any) -> bool:
    held = [cell.cell_contents for cell in getattr(func, "__closure__", None) or []]
    return any("deprecated" in one for one in held if isinstance(one, str))


class UndefinedParameter(Exception):
    """A parameter that should have been given."""


class BaseEstimator:
    """Parameters of estimators by name, as scikit-learn has them."""

    nx: Any = None

    def _get_backend(self, *arrays: Any) -> Any:
        self.nx = get_backend(*arrays)
        return self.nx

    @classmethod
    def _get_param_names(cls) -> list[str]:
        made: Any = getattr(cls.__init__, "deprecated_original", cls.__init__)
        if made is object.__init__:
            return []
        known = [one for one in inspect.signature(made).parameters.values() if one.name != "self" and one.kind != one.VAR_KEYWORD]
        if any(one.kind == one.VAR_POSITIONAL for one in known):
            raise RuntimeError(f"{cls.__name__}: estimators name their parameters in __init__, without *args")
        return sorted(one.name for one in known)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name; those of estimators inside as ``outer__inner``."""
        found: dict[str, Any] = {}
        for name in self._get_param_names():
            value: Any = getattr(self, name, None)
            if deep and hasattr(value, "get_params"):
                found |= {f"{name}__{inner}": one for inner, one in value.get_params().items()}
            found[name] = value
        return found

    def set_params(self, **params: Any) -> Any:
        """Sets parameters by name."""
        valid: dict[str, Any] = self.get_params()
        for key, value in params.items():
            name, _, inner = key.partition("__")
            if name not in valid:
                raise ValueError(
                    f"Invalid parameter {name} for estimator {type(self).__name__}. Check the list of available parameters with "
                    "`estimator.get_params().keys()`."
                )
            if inner:
                valid[name].set_params(**{inner: value})
            else:
                setattr(self, name, value)
        return self


class DataScaler:
    """Scales points: ``standard`` to mean 0 and deviation 1, ``minmax`` to [0, 1], ``l2`` each to norm 1."""

    _VALID_NORMS = ("standard", "minmax", "l2")

    def __init__(self, norm: str = "standard") -> None:
        if norm not in self._VALID_NORMS:
            raise ValueError(f"Invalid norm '{norm}'. Expected one of: {self._VALID_NORMS}")
        self.norm = norm
        self.mean_: Any = None
        self.std_: Any = None
        self.min_: Any = None
        self.max_: Any = None
        self._nx: Any = None
        self._fitted = False

    def fit(self, X: Any) -> DataScaler:
        """Learns from points, or from several sets of points together."""
        if isinstance(X, (list, tuple)):
            if len(X) == 0:
                raise ValueError("Cannot fit on empty list.")
            self._nx = get_backend(*X)
            X = self._nx.concatenate(list(X), axis=0)
        else:
            self._nx = get_backend(X)
        nx = self._nx
        if self.norm == "standard":
            self.mean_, self.std_ = nx.mean(X, axis=0), nx.std(X, axis=0)
            self.std_ = self._unscaled(self.std_ == 0, "variance", nx.ones(tuple(self.std_.shape), type_as=X), self.std_)
        elif self.norm == "minmax":
            self.min_, self.max_ = nx.min(X, axis=0), nx.max(X, axis=0)
            self.max_ = self._unscaled(self.max_ == self.min_, "range", self.min_ + 1.0, self.max_)
        self._fitted = True
        return self

    def _unscaled(self, none: Any, what: str, instead: Any, given: Any) -> Any:
        if not self._nx.any(none):
            return given
        warnings.warn(
            f"Zero {what} detected in one or more feature(s). Those columns will not be scaled.", RuntimeWarning, stacklevel=3
        )
        return self._nx.where(none, instead, given)

    def transform(self, X: Any) -> Any:
        """Scaled points; a list of them for a list."""
        if self.norm != "l2" and not self._fitted:
            raise RuntimeError(f"DataScaler must be fitted before calling transform() for norm='{self.norm}'.")
        if isinstance(X, (list, tuple)):
            return [self.transform(one) for one in X]
        nx = get_backend(X)
        if self._nx is not None and nx is not self._nx:
            raise ValueError(
                f"Backend mismatch: DataScaler was fitted with backend '{type(self._nx).__name__}' but received input with backend "
                f"'{type(nx).__name__}'."
            )
        if self.norm == "standard":
            return (X - self.mean_) / self.std_
        if self.norm == "minmax":
            return (X - self.min_) / (self.max_ - self.min_)
        norms = nx.sqrt(nx.sum(X**2, axis=1, keepdims=True))
        if nx.any(norms == 0):
            warnings.warn("Zero-norm row(s) detected. These will be left unchanged.", RuntimeWarning, stacklevel=2)
            norms = nx.where(norms == 0, nx.ones(tuple(norms.shape), type_as=norms), norms)
        return X / norms

    def fit_transform(self, X: Any) -> Any:
        """Learns from points and scales them."""
        return self.fit(X).transform(X)


def apply_scaler(X_s: Any, X_t: Any, scaler: Any = None) -> Any:
    """Both sets of points through a scaler: an object with ``transform``, a function, or None."""
    if scaler is None:
        return X_s, X_t
    if callable(getattr(scaler, "transform", None)):
        return scaler.transform(X_s), scaler.transform(X_t)
    if callable(scaler):
        return scaler(X_s), scaler(X_t)
    raise ValueError(
        f"scaler must be None, an object with a .transform() method, or a callable. Got type: {type(scaler).__name__}"
    )
