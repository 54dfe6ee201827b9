"""Missing values, masks, times, large integers, short floats: read as they are meant, or refused."""

from __future__ import annotations

import datetime
import decimal
import fractions

import numpy as np
import pytest

import earthwork as ew

Y = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 6.0]])


def table(library, column):
    module = pytest.importorskip(library)
    make = module.table if library == "pyarrow" else module.DataFrame
    return make({"x": [0.5, 1.5, 2.5], "age": column})


def pandas_column(kind):
    pandas = pytest.importorskip("pandas")
    return {
        "Int64": lambda: pandas.array([1, None, 3], dtype="Int64"),
        "Float64": lambda: pandas.array([1.0, None, 3.0], dtype="Float64"),
        "boolean": lambda: pandas.array([True, None, False], dtype="boolean"),
        "object None": lambda: pandas.Series([1, None, 3], dtype=object),
        "object NA": lambda: pandas.Series([1, pandas.NA, 3], dtype=object),
        "NaN": lambda: [1.0, np.nan, 3.0],
        "decimal": lambda: pandas.Series([decimal.Decimal(1), decimal.Decimal("NaN"), decimal.Decimal(3)], dtype=object),
    }[kind]()


MISSING = [
    *(("pandas", kind) for kind in ("Int64", "Float64", "boolean", "object None", "object NA", "NaN", "decimal")),
    ("polars", [1, None, 3]),
    ("polars", [1.0, None, 3.0]),
    ("polars", [1.0, float("nan"), 3.0]),
    ("polars", [True, None, False]),
    ("pyarrow", [1, None, 3]),
    ("pyarrow", [1.0, None, 3.0]),
]


@pytest.mark.parametrize("library, column", MISSING)
def test_a_missing_value_is_named_or_its_row_left_out(library, column):
    given = table(library, pandas_column(column) if library == "pandas" else column)
    for call in (
        lambda **options: ew.samples(given, **options),
        lambda **options: ew.distance(given, Y, **options),
        lambda **options: ew.compare(Y, given, **options),
        lambda **options: ew.exact.pairwise([given, Y], **options),
        lambda **options: ew.two_sample_test(given, Y, permutations=9, **options),
        lambda **options: ew.sinkhorn.unbalanced(given, Y, source=1.0, target=1.0, epsilon=0.5, **options),
    ):
        with pytest.raises((ValueError, TypeError), match="row 1, column 'age' is missing"):
            call()
        assert call(missing="drop") is not None
    kept = ew.samples(given, weights=[1, 2, 3], missing="drop")
    assert kept.points[:, 0].tolist() == [0.5, 2.5] and kept.weights.tolist() == [1.0, 3.0] and kept.left_out == 1
    assert "1 row left out" in repr(kept)


def test_a_missing_weight_leaves_its_row_out():
    weights = [0.5, np.nan, 0.5]
    with pytest.raises(ValueError, match="^a: weight 1 is NaN"):
        ew.exact.solve(Y, Y, a=weights)
    assert ew.samples(Y, weights, missing="drop").points.tolist() == Y[[0, 2]].tolist()
    with pytest.raises((ValueError, TypeError), match="^weights: entry 1 is masked"):
        ew.samples(Y, np.ma.array([1.0, 9.0, 1.0], mask=[0, 1, 0]))
    with pytest.raises(ValueError, match="in each of its 2 rows"):
        ew.samples([np.nan, np.nan], missing="drop")
    with pytest.raises(ValueError, match="^missing: 'ignore' is none of"):
        ew.distance(Y, Y, missing="ignore")


def test_pairs_and_labels_go_with_their_rows():
    rng = np.random.default_rng(0)
    x = rng.normal(size=400)
    y, holes = 0.6 * x + rng.normal(size=400), x.copy()
    holes[7] = np.nan
    found = ew.divergence.mutual_information(holes, y, missing="drop").value
    assert found == ew.divergence.mutual_information(np.delete(x, 7), np.delete(y, 7)).value
    points, classes = ew.gan.toy("moons", 60)
    points[3] = np.nan
    training = ew.gan.fit(points, labels=classes, steps=1, points=8, batch=8, missing="drop")
    assert training.steps == 1


def mask(*values):
    return np.ma.array(values, mask=[value > 1e10 for value in values])


@pytest.mark.parametrize(
    "call",
    [
        lambda: ew.distance(mask(1.0, 2.0, 1e20), [1.0, 2.0], p=1),
        lambda: ew.distance([mask(1.0, 1e20), mask(2.0, 3.0)], [[1.0, 2.0]]),
        lambda: ew.exact.solve_grid(mask(1.0, 2.0, 1e20), mask(0.0, 1.0, 2.0)),
        lambda: ew.sinkhorn.grid_barycenter([mask(0.5, 0.5, 1e20), mask(0.5, 0.25, 0.25)], epsilon=1.0),
        lambda: ew.divergence.discrete(mask(0.5, 0.5, 1e20), [0.5, 0.25, 0.25]),
        lambda: ew.certify(np.eye(3) / 3, Y, Y, potentials=(mask(0.0, 0.0, 1e20), np.zeros(3))),
        lambda: ew.metrics.inception_score(np.ma.array(np.full((4, 2), 0.5), mask=np.eye(4, 2))),
    ],
)
def test_what_is_masked_is_not_read(call):
    with pytest.raises((ValueError, TypeError), match="masked"):
        call()


def test_masked_rows_are_left_out_when_asked():
    assert ew.distance(mask(1.0, 2.0, 1e20), [1.0, 2.0], p=1, missing="drop") == 0.0
    assert ew.distance(np.ma.array([1.0, 2.0], mask=[0, 0]), [1.0, 2.0]) == 0.0


def test_times_are_refused_with_advice():
    pandas = pytest.importorskip("pandas")
    days = pandas.to_datetime(pandas.Series(["2020-01-01", None]))
    for given in (
        days,
        days.to_frame("when"),
        days.to_numpy(),
        days.to_numpy().tolist(),
        days.dt.tz_localize("UTC").to_frame("when"),
        (days - days[0]).to_frame("when"),
        np.array([1, 2], dtype="m8[s]"),
        [datetime.date(2020, 1, 1)],
        [datetime.timedelta(1)],
    ):
        with pytest.raises((ValueError, TypeError), match="no numbers|missing|None|no number"):
            ew.distance(given, given)
    with pytest.raises(TypeError, match="give \\(times - start\\) / np.timedelta64"):
        ew.distance(days.dropna(), days.dropna())
    with pytest.raises(TypeError, match="column 'when' holds no numbers \\(datetime64.*give \\(times - start\\)"):
        ew.distance(days.dropna().to_frame("when"), days.dropna().to_frame("when"))
    for library in ("polars", "pyarrow"):
        with pytest.raises(TypeError, match="column 'age' holds no numbers"):
            ew.samples(table(library, [datetime.datetime(2020, 1, k) for k in (1, 2, 3)]))


LARGE = 2**53 + 1


@pytest.mark.parametrize(
    "given",
    [
        np.array([0, LARGE]),
        np.array([0, -LARGE]),
        np.array([0, LARGE], dtype=np.uint64),
        np.array([0, 2**64 - 1], dtype=np.uint64),
        np.array([0, 2**63 - 1]),
        [0, LARGE],
        [0, 2**70 + 1],
        np.array([0, LARGE], dtype=object),
        [0, 10**400],
    ],
)
def test_integers_that_would_be_rounded_are_refused(given):
    with pytest.raises(ValueError, match=r"X: entry 1 is (-?\d+, an integer that a 64-bit float cannot hold|a whole number of 401 digits)"):
        ew.distance(given, [0.0])


def test_large_integers_in_tables_are_refused():
    for library in ("pandas", "polars", "pyarrow"):
        with pytest.raises(ValueError, match="X: row 1, column 'age' is 9007199254740993"):
            ew.distance(table(library, [0, LARGE, 1]), Y)
        if library != "pandas":
            with pytest.raises(ValueError, match="row 1, column 'age' is 9007199254740993"):
                ew.samples(table(library, [None, LARGE, 1]), missing="drop")


def test_integers_that_are_floats_are_exact():
    origin = 2**60
    assert ew.distance(np.array([origin, origin + 1024]), np.array([origin + 512, origin + 1536])) == 512.0
    assert ew.distance(np.array([2**63], dtype=np.uint64), [2.0**63]) == 0.0


def test_kinds_of_numbers():
    assert ew.distance([True, False], np.array([1, 0], dtype=bool)) == 0.0
    assert ew.distance([decimal.Decimal("0.5"), fractions.Fraction(1, 4)], [0.5, 0.25]) == 0.0
    assert ew.distance(np.array([1, 2], dtype=np.int8), np.array([1, 2], dtype=np.longdouble)) == 0.0
    for wrong in ([1j], ["1"], np.array(["1"]), [[1.0], "a"], [{}], np.array([(1, 2)], dtype=[("a", int), ("b", int)])):
        with pytest.raises(TypeError, match="^X: "):
            ew.distance(wrong, [1.0])


@pytest.mark.parametrize("kind", [np.float16, np.float32])
@pytest.mark.parametrize("n", [3, 10, 1000])
def test_short_weights_are_judged_by_their_own_precision(kind, n):
    rng = np.random.default_rng(n)
    X, a = rng.normal(size=(n, 2)), rng.random(n).astype(kind)
    a = (a / a.sum()).astype(kind)
    b = rng.random(n)
    b /= b.sum()
    C = ((X[:, None] - X) ** 2).sum(axis=2)
    exact = ew.exact.solve(X, X, a.astype(float) / a.astype(float).sum(), b).value
    for found in (
        ew.exact.solve(X, X, a, b),
        ew.exact.solve(X, X, b, a),
        ew.exact.solve(ew.samples(X, a), ew.samples(X, b)),
        ew.exact.solve_matrix(C, a, b),
        ew.exact.solve(X, X, a.astype(float), b, normalize=True),
        ew.exact.solve(X, X, 5 * a.astype(float), 3 * b, normalize=True),
        ew.exact.batch([(ew.samples(X, a), ew.samples(X, b))])[0],
    ):
        assert found == pytest.approx(exact, rel=1e-9)
    assert ew.sliced.distance(X, X, a=a).value < 1.0 and ew.sinkhorn.solve(X, X, a, b, epsilon=1.0).status == "converged"
    assert ew.divergence.discrete(a, a, "js") == 0.0
    assert ew.divergence.discrete(a, b) == pytest.approx(ew.divergence.discrete(3 * a.astype(float), b, normalize=True), rel=1e-9)
    assert ew.exact.solve_grid(a, b, "euclidean").value > 0
    with pytest.raises(ValueError, match="totals differ"):
        ew.exact.solve(X, X, 1.1 * a, b)
    with pytest.raises(ValueError, match="totals differ"):
        ew.exact.solve(X, X, a.astype(float) * (1 + 1e-7) / a.astype(float).sum(), b)


def test_probabilities_in_single_precision():
    rng = np.random.default_rng(0)
    rows = rng.dirichlet(np.ones(10), size=200)
    single = rows.astype(np.float32)
    assert ew.metrics.inception_score(single) == pytest.approx(ew.metrics.inception_score(rows), rel=0.05)
    turned = rows[rng.permutation(200)]
    for splits in (1, 10):
        assert ew.metrics.inception_score(turned, splits) == ew.metrics.inception_score(rows, splits)
    assert ew.metrics.inception_score(turned, 10, None) != ew.metrics.inception_score(rows, 10, None)
    half = rows.astype(np.float16)
    assert ew.metrics.mode_score(half, np.full(10, 0.1, np.float16)).value > 0


def test_tables_are_matched_by_name_everywhere():
    pandas = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    first = pandas.DataFrame(rng.normal(size=(60, 2)), columns=["a", "b"])
    turned, other = first[["b", "a"]], first.rename(columns={"b": "c"})
    sample = ew.samples(first)
    assert sample.columns == ["a", "b"]
    calls = {
        "distance": lambda t: ew.distance(first, t),
        "samples": lambda t: ew.distance(sample, t),
        "two samples": lambda t: ew.distance(sample, ew.samples(t)),
        "pairwise": lambda t: ew.exact.pairwise([first, t]).values[0, 1],
        "batch": lambda t: ew.exact.batch([(first, t)])[0],
        "compare": lambda t: ew.compare(first, t)["W2"].estimate,
        "sinkhorn": lambda t: ew.sinkhorn.divergence(first, t, epsilon=1.0),
        "sliced": lambda t: ew.sliced.distance(first, t).value,
        "energy": lambda t: ew.kernel.energy_distance(first, t).value,
        "test": lambda t: ew.two_sample_test(first, t, by="w1", permutations=9).statistic,
        "evaluate": lambda t: ew.metrics.evaluate(first, t, ["w1"])["w1"],
        "memorisation": lambda t: ew.metrics.memorisation(first, first, t) - ew.metrics.memorisation(first, first, first),
        "standardised": lambda t: np.abs(ew.standardised(first, t).samples[1].points - ew.standardised(first).samples[0].points).max(),
        "barycenter": lambda t: ew.exact.wasserstein(ew.exact.barycenter([first, t], first).points, first),
        "gelbrich": lambda t: ew.closed_form.gelbrich(first, t),
        "critic": lambda t: ew.critic.fit(first, t, "exact-dual"),
    }
    between = ew.discrepancy("w1").between
    calls["a discrepancy"] = lambda t: between(sample, ew.samples(t))
    for name, call in calls.items():
        assert abs(float(call(turned))) < 1e-6, name
        with pytest.raises(ValueError, match="its columns are not those of"):
            call(other)
    critic = ew.critic.fit(first, first + 1, steps=5)
    assert (critic(turned) == critic(first)).all() and (critic.gradient(turned) == critic.gradient(first)).all()
    soft = ew.sinkhorn.solve(first, first + 1, epsilon=1.0)
    assert (soft.map(turned) == soft.map(first)).all()
    stream, straight = ew.sliced.Stream(dim=2), ew.sliced.Stream(dim=2)
    for one, chunk in ((stream, turned), (straight, first)):
        one.push(first, first + 1)
        one.push(chunk, chunk)
    assert stream.distance() == straight.distance()
    pytest.importorskip("sklearn")
    assert ew.sklearn.pairwise_distances([first, turned])[0, 1] == 0.0
    assert not ew.sklearn.TwoSampleTest(permutations=99).fit(first).differs(turned)
    twice = pandas.DataFrame(np.zeros((3, 2)), columns=["a", "a"])
    assert ew.distance(twice, twice) == 0.0
    with pytest.raises(ValueError, match="columns are not those"):
        ew.distance(twice, first)


def test_what_a_sparse_matrix_does_not_store_and_what_is_masked_is_no_pair():
    sparse = pytest.importorskip("scipy.sparse")
    entries = ([3.0, 1.0, 1.0, 0.0, 5.0], ([0, 0, 1, 1, 0], [0, 1, 0, 1, 0]))  # one entry in two parts, and a zero that is stored
    for make in (sparse.coo_array, sparse.csr_array, sparse.csc_matrix):
        assert ew.exact.solve_matrix(make(entries, shape=(2, 2))).value == 1.0  # of 8, 1 / 1, 0
    crossed = sparse.csr_array(([1.0, 1.0], ([0, 1], [1, 0])), shape=(2, 2))
    masked = np.ma.masked_array([[0.0, 1.0], [1.0, 0.0]], mask=np.eye(2))
    for costs in (crossed, masked):
        with pytest.raises(ValueError, match="^C: .*inf"):
            ew.sinkhorn.solve_matrix(costs, epsilon=0.1)
        try:
            found = ew.exact.solve_matrix(costs)
        except ValueError as why:  # where exact solves take no infinite costs, nothing may be read that is not there
            assert "inf" in str(why)
        else:
            assert found.plan.toarray().tolist() == [[0.0, 0.5], [0.5, 0.0]] and found == 1.0


def test_refusals_call_columns_by_their_names():
    pandas = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)

    def frame(shift):
        return pandas.DataFrame({"width": rng.normal(size=1000) + shift, "smoker": rng.integers(0, 2, 1000)})

    X, Y = frame(0.0), frame(1.0)
    Y["smoker"] = rng.random(1000) < 0.8
    with pytest.raises(ValueError, match="many points share a value in column `smoker`"):
        ew.divergence.estimate(X, Y[["smoker", "width"]], "js", "gaussian")
    with pytest.raises(ValueError, match=r"in column 1 \(counted from 0\)"):
        ew.divergence.estimate(X.to_numpy(dtype=float), Y.to_numpy(dtype=float), "js", "gaussian")
