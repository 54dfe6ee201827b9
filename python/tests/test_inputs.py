"""What can be given, and what is said about what cannot."""

from __future__ import annotations

import numpy as np
import pytest

import earthwork as ew


@pytest.fixture
def expected(clouds):
    return ew.exact.solve(*clouds).value


def test_lists_views_and_other_numbers_are_accepted(clouds, expected):
    X, Y = clouds
    big = np.zeros((160, 4))
    big[::2, 1:3] = X
    for same in (X.tolist(), np.asfortranarray(X), big[::2, 1:3], X.astype(">f8"), X.astype(object)):
        assert ew.exact.solve(same, Y).value == expected
    single = ew.exact.solve(X.astype(np.float32), Y).value
    assert single == pytest.approx(expected, rel=1e-5) and single != expected
    assert ew.exact.solve(np.array([0, 1]), np.array([2, 3])).value == 4.0
    assert ew.exact.solve(ew.samples(X), ew.samples(Y)).value == expected


def test_tables_are_accepted_and_matched_by_name(clouds, expected):
    pandas = pytest.importorskip("pandas")
    X, Y = clouds
    first = pandas.DataFrame(X, columns=["u", "v"])
    turned = pandas.DataFrame({"v": Y[:, 1], "u": Y[:, 0]})
    assert ew.exact.solve(first, turned).value == expected
    assert [column.name for column in ew.compare(first, turned).columns] == ["u", "v"]
    with pytest.raises(ValueError, match="Y: its columns are not those of X.*'w'"):
        ew.exact.solve(first, turned.rename(columns={"v": "w"}))
    with pytest.raises(TypeError, match="X: column 'name' holds no numbers"):
        ew.exact.solve(first.assign(name="a"), Y)
    assert ew.exact.solve(first["u"], Y[:, 0]).value == ew.exact.solve(X[:, 0], Y[:, 0]).value


@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_other_tables(clouds, expected, library):
    module = pytest.importorskip(library)
    X, Y = clouds
    make = module.DataFrame if library == "polars" else module.table
    table = make({"u": X[:, 0], "v": X[:, 1]})
    assert ew.exact.solve(table, make({"v": Y[:, 1], "u": Y[:, 0]})).value == expected


def test_annotated_data_has_an_x(clouds, expected):
    class Annotated:
        def __init__(self, X):
            self.X = X

    X, Y = clouds
    assert ew.exact.solve(Annotated(X), Annotated(Y)).value == expected


WRONG = [
    (dict(X=[[0.0, np.nan]]), ValueError, "X: point 0, coordinate 1 is NaN"),
    (dict(Y=[[0.0, 0.0], [np.inf, 0.0]]), ValueError, "Y: point 1, coordinate 0 is inf"),
    (dict(Y=[[0.0]]), ValueError, "Y: it has dimension 1, but the other sample has dimension 2"),
    (dict(X=np.zeros((0, 2))), ValueError, "X: it is empty"),
    (dict(X=np.zeros((2, 2, 2))), ValueError, "X: it has 3 dimensions"),
    (dict(a=[0.5, -0.5, 1.0]), ValueError, "a: weight 1 is -0.5"),
    (dict(a=[0.5, 0.5]), ValueError, "a: it has 2 weights, but 3 are needed"),
    (dict(b=[0.5, 1.0]), ValueError, "b: the two totals differ: a sums to 1, b to 1.5"),
    (dict(cost="manhattan"), ValueError, "cost: `manhattan` is none of sqeuclidean"),
    (dict(cost="minkowski:0.5"), ValueError, "cost: it is 0.5"),
    (dict(cost=3), TypeError, "cost: a string is needed, not int"),
    (dict(X="abc"), TypeError, "X: an array of numbers is needed, not str"),
    (dict(X=None), TypeError, "X: an array of numbers is needed"),
    (dict(X=[["a", "b"]]), TypeError, "X: real numbers are needed"),
    (dict(X=[[0.0, None]]), TypeError, r"X: entry \(0, 1\) is None"),
    (dict(X=[[0.0, 1.0], [2.0]]), TypeError, "X: no array can be made of it"),
    (dict(X=np.array([[1j, 0]])), TypeError, "X: real numbers are needed, not complex128"),
    (dict(time_limit=-1.0), ValueError, "time_limit: it is -1"),
]


@pytest.mark.parametrize("change, error, message", WRONG)
def test_what_is_wrong_is_named(change, error, message):
    given = dict(X=[[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], Y=[[3.0, 4.0], [4.0, 4.0]])
    with pytest.raises(error, match=message):
        ew.exact.solve(**{**given, **change})


def test_other_functions_name_their_arguments_too(clouds):
    X, Y = clouds
    for call, error, message in [
        (lambda: ew.exact.solve_matrix([[0.0, np.nan]]), ValueError, "C: the cost in row 0, column 1 is NaN"),
        (lambda: ew.exact.solve_matrix(np.eye(2), a=[1.0]), ValueError, "a: it has 1 weights, but 2 are needed"),
        (lambda: ew.exact.wasserstein(X, Y, p=0.5), ValueError, "p: it is 0.5"),
        (lambda: ew.exact.wasserstein(X, Y, p="2"), TypeError, "p: a number is needed"),
        (lambda: ew.sinkhorn.solve(X, Y, epsilon=-1.0), ValueError, "epsilon: it is -1"),
        (lambda: ew.sinkhorn.solve(X, Y, epsilon="a"), TypeError, "epsilon: a number is needed"),
        (lambda: ew.sliced.distance(X, Y, directions=0), ValueError, "directions: it is 0"),
        (lambda: ew.sliced.distance(X, Y, directions=[[0.0, 0.0]]), ValueError, "directions"),
        (lambda: ew.sliced.distance(X, Y, method="best"), ValueError, "method: unknown choice of directions `best`"),
        (lambda: ew.divergence.estimate(X, Y, kind="kj"), ValueError, "kind: `kj`"),
        (lambda: ew.divergence.estimate(X, Y, method="kde", k=3), ValueError, "k: it is for the methods knn, knn-ball"),
        (lambda: ew.critic.fit(X, Y, method="qq"), ValueError, "method: 'qq' is none of lp"),
        (lambda: ew.distance(X, Y, method="far"), ValueError, "method: 'far' is none of exact"),
        (lambda: ew.distance(X, Y, method="energy", seed=1), TypeError, "seed"),
        (lambda: ew.certify(np.eye(3), X, Y), ValueError, r"plan: it has shape \(3, 3\)"),
    ]:
        with pytest.raises(error, match=message):
            call()
