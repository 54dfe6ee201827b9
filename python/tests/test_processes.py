"""Forked processes, Ctrl-C in them, and panics."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

import earthwork as ew

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")

# Every call of the package, on samples that are large enough for work in parallel.
CALLS = """
import os, signal, sys, time, warnings
import numpy as np
import earthwork as ew

warnings.simplefilter("ignore")
rng = np.random.default_rng(0)
X, Y = rng.normal(size=(300, 2)), rng.normal(size=(300, 2)) + 1
x, y = X[:40], Y[:40]
S, C = [X[:60], Y[:60], X[60:120]], rng.random((200, 200))
A, B = np.ones((20, 20)) / 400, np.eye(20) / 20
ring = ew.mixture.ring(4)
normal = ([0.0, 1.0], [[2.0, 0.5], [0.5, 1.0]])
posteriors = np.eye(4)[rng.integers(4, size=200)]

def mean(P, Q):
    return float(abs(P.mean() - Q.mean()))

def nested(P, Q):
    return float(ew.distance(P, Q, p=1))

def stream():
    found = ew.sliced.Stream(dim=2)
    found.push(X, Y)
    return found.distance()

def solution():
    found = ew.exact.solve(X, Y)
    return found.plan, found.gradient(), found.columns(), found.flows()

def soft():
    found = ew.sinkhorn.solve(X, Y)
    return found.plan, found.map(x), found.potential(x)

def trained():
    found = ew.critic.fit(X, Y, steps=5)
    return found(x), found.gradient(x), found.held_out(x, y)

def training():
    found = ew.gan.fit("ring8", steps=2, every=1, points=64, batch=32, metrics=["fid"])
    return found.generate(10), found.critic(x), found.floor(), found.checkpoint()

def funnels():
    found = ew.critic.Funnels(2, 4)
    return found.source(50), found.target(50), found.distance(1000), found.critic(x), found.gradient(x)

CALLS = {
    **{f"distance {m}": lambda m=m: ew.distance(X, Y, m, **({"steps": 5} if m == "critic" else {})) for m in ew.comparison.METHODS},
    "compare": lambda: ew.compare(x, y),
    "interval": lambda: ew.interval(x, y, by="energy", replicates=50),
    "std_error": lambda: ew.std_error(x, y),
    "standardised": lambda: ew.standardised(X, Y),
    "test": lambda: ew.two_sample_test(X, Y, permutations=50),
    "test of a function": lambda: ew.two_sample_test(x, y, by=mean, permutations=20),
    "test of a function that calls": lambda: ew.two_sample_test(x, y, by=nested, permutations=20),
    "laws": lambda: ew.laws("w1", cases=1),
    "laws of a function": lambda: ew.laws(nested, cases=1),
    "certify": lambda: ew.certify(np.eye(40) / 40, x, y),
    "certify a matrix": lambda: ew.certify(np.eye(200) / 200, C=C),
    "solve": solution,
    "solve a function": lambda: ew.exact.solve(x, y, cost=lambda p, q: abs(p - q).sum()),
    "matrix": lambda: ew.exact.solve_matrix(C),
    "grid": lambda: ew.exact.solve_grid(A, B),
    "wasserstein": lambda: ew.exact.wasserstein(X, Y),
    "large wasserstein": lambda: ew.exact.wasserstein(np.tile(X, (6, 1)), np.tile(Y, (6, 1)) * 1.01),
    "circle": lambda: ew.exact.circle(X[:, 0] % 6, Y[:, 0] % 6),
    "partial": lambda: ew.exact.partial(x, y, 0.5),
    "exact barycenter": lambda: ew.exact.barycenter(S, x[:10], steps=5),
    "batch": lambda: ew.exact.batch([(X, Y), (x, y)]),
    "pairwise": lambda: ew.exact.pairwise(S),
    "population": lambda: ew.exact.population(X, Y),
    "sinkhorn": soft,
    "sinkhorn matrix": lambda: ew.sinkhorn.solve_matrix(C, epsilon=0.1).plan,
    "sinkhorn divergence": lambda: ew.sinkhorn.divergence(X, Y).gradient(),
    "sinkhorn barycenter": lambda: ew.sinkhorn.barycenter(S, x[:10], steps=3),
    "grid barycenter": lambda: ew.sinkhorn.grid_barycenter([A, B], epsilon=2.0),
    "fixed barycenter": lambda: ew.sinkhorn.fixed_barycenter(x, [np.full(40, 1 / 40), np.eye(40)[0]], epsilon=1.0),
    "unbalanced": lambda: ew.sinkhorn.unbalanced(x, y, source=1.0, target=1.0, epsilon=0.5),
    "sinkhorn partial": lambda: ew.sinkhorn.partial(x, y, 0.5, epsilon=0.5),
    "sliced": lambda: ew.sliced.distance(X, Y),
    "max-sliced": lambda: ew.sliced.max_distance(X, Y),
    "sliced bounds": lambda: ew.sliced.bounds(X, Y),
    "sliced gradient": lambda: ew.sliced.gradient(X, Y),
    "sliced plan": lambda: ew.sliced.plan(X, Y),
    "subspace": lambda: ew.sliced.subspace(x, y, 1),
    "spherical": lambda: ew.sliced.spherical(x / np.linalg.norm(x, axis=1)[:, None], y / np.linalg.norm(y, axis=1)[:, None]),
    "generalised": lambda: ew.sliced.generalised(X, Y, lambda points: points),
    "partial slices": lambda: ew.sliced.partial(X, Y, share=0.5),
    "stream": stream,
    "discrete": lambda: ew.divergence.discrete([0.5, 0.5], [0.25, 0.75]),
    "gaussians": lambda: ew.divergence.gaussians(normal, ([0.0, 0.0], np.eye(2)), "js"),
    "mixtures": lambda: ew.divergence.mixtures(ring, ring, draws=2000),
    **{f"estimate {m}": lambda m=m: ew.divergence.estimate(X, Y, "chi2" if "ulsif" in m else "kl", m) for m in ew.divergence._READ},
    "mutual information": lambda: ew.divergence.mutual_information(X[:, 0], Y[:, 0]),
    "energy": lambda: ew.kernel.energy_distance(X, Y),
    "mmd": lambda: ew.kernel.mmd_distance(X, Y),
    "critic": trained,
    "exact dual": lambda: ew.critic.fit(x, y, "exact-dual")(X),
    "samplers": lambda: ew.critic.fit(lambda n, r: r.normal(size=(n, 2)), Y, steps=3),
    "funnels": funnels,
    "training": training,
    "toy": lambda: ew.gan.toy("ring8", 100),
    "evaluate": lambda: ew.metrics.evaluate(X, Y, [key for key in ew.metrics.KEYS if "inf" not in key]),
    "prdc": lambda: ew.metrics.prdc(X, Y),
    "one nearest": lambda: ew.metrics.one_nearest(X, Y),
    "modes": lambda: ew.metrics.modes(ring, X),
    "memorisation": lambda: ew.metrics.memorisation(X, Y, x),
    "inception": lambda: (ew.metrics.inception_score(posteriors), ew.metrics.mode_score(posteriors, np.full(4, 0.25))),
    "validate": lambda: ew.validate.run("ring8", ["fid"], ["mode-drop"], points=100, severities=2, repeats=1).html(),
    "corrupt": lambda: ew.validate.corrupt(X, "noise" if "noise" in ew.validate.CORRUPTIONS else list(ew.validate.CORRUPTIONS)[0], 0.5, n=50),
    "bures": lambda: ew.closed_form.bures_wasserstein(normal, normal),
    "gaussian map": lambda: ew.closed_form.gaussian_map(normal, normal, x),
    "gaussian barycenter": lambda: ew.closed_form.gaussian_barycenter([normal, normal]),
    "entropic gaussian": lambda: ew.closed_form.entropic_gaussian(normal, normal, 0.5),
    "gelbrich": lambda: ew.closed_form.gelbrich(X, Y),
    "moments": lambda: ew.closed_form.moments(X),
    "quantiles": lambda: ew.closed_form.quantile_distance(lambda u: u, lambda u: 2 * u),
    "mixture distance": lambda: ew.closed_form.mixture_distance(ring, ring),
    "mixture": lambda: (ew.mixture.log_density(ring, X), ew.mixture.posterior(ring, X), ew.mixture.sample(ring, 50)),
}

def children(names, seconds=60):
    '''The calls that do not come back, or fail, each in a child of its own; some children at a time.'''
    wrong, running, waiting = {}, {}, list(names)
    while waiting or running:
        while waiting and len(running) < 4:
            name = waiting.pop()
            pid = os.fork()
            if pid == 0:
                try:
                    CALLS[name]()
                    os._exit(0)
                except BaseException as why:
                    os.write(2, f"{name}: {type(why).__name__}: {why}\\n".encode())
                    os._exit(1)
            running[pid] = (name, time.monotonic())
        for pid, (name, since) in list(running.items()):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                del running[pid]
                if status:
                    wrong[name] = f"status {status}"
            elif time.monotonic() - since > seconds:
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.001)
    return wrong
"""


def run(code: str, threads: int, seconds: float = 600.0) -> str:
    """What a program prints. The limit tells a hang from an answer; it is not a limit on speed."""
    program = textwrap.dedent(CALLS) + textwrap.dedent(code)
    environment = {**os.environ, "RAYON_NUM_THREADS": str(threads)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=seconds, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()


@pytest.mark.parametrize("threads", [1, 2])
def test_every_call_works_in_a_child_of_one_that_called_everything(threads):
    assert run("for call in CALLS.values(): call()\nprint(children(CALLS))", threads) == "{}"


@pytest.mark.skipif("EARTHWORK_LONG" not in os.environ, reason="about 20 minutes: EARTHWORK_LONG=1")
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("half", [0, 1])
def test_every_call_works_in_a_child_after_any_one_call(threads, half):
    wrong = {}
    for name in list(run("print(*CALLS, sep='\\n')", threads).splitlines())[half::2]:
        found = run(f"CALLS[{name!r}]()\nprint(children(CALLS))", threads)
        if found != "{}":
            wrong[name] = found
    assert wrong == {}


@pytest.mark.parametrize("threads", [1, 2])
def test_grandchildren_and_pools_of_processes(threads):
    code = """
        import multiprocessing
        expected = float(ew.distance(X, Y, "sliced"))
        def work(_):
            return float(ew.distance(X, Y, "sliced"))
        pid = os.fork()
        if pid == 0:
            work(0)
            ew.exact.pairwise(S)
            second = os.fork()
            if second == 0:
                ew.exact.pairwise(S)
                os._exit(0 if work(0) == expected else 1)
            os._exit(os.waitpid(second, 0)[1])
        assert os.waitpid(pid, 0)[1] == 0
        with multiprocessing.get_context("fork").Pool(2) as pool:
            print(pool.map(work, range(4)) == [expected] * 4)
    """
    assert run(code, threads) == "True"


def test_a_fork_while_another_thread_computes():
    code = """
        import threading
        done = threading.Event()
        def busy():
            while not done.is_set():
                ew.exact.solve(X, Y)
                ew.samples(x)
        thread = threading.Thread(target=busy)
        thread.start()
        wrong = [children(["solve", "pairwise", "sliced", "distance exact"]) for _ in range(5)]
        done.set()
        thread.join()
        print(wrong)
    """
    assert run(code, 2) == "[{}, {}, {}, {}, {}]"


@pytest.mark.parametrize("threads", [1, 2])
def test_ctrl_c_ends_a_call_in_a_child(threads):
    code = """
        ew.exact.pairwise(S)
        pid = os.fork()
        if pid == 0:
            try:
                ew.critic.fit(X, Y, steps=10_000_000)
            except KeyboardInterrupt:
                os._exit(7)
            os._exit(1)
        time.sleep(0.5)
        os.kill(pid, signal.SIGINT)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    """
    assert run(code, threads) == "7"


def test_a_function_that_calls_the_package_does_not_wait_for_itself():
    code = """
        P, Q = rng.normal(size=(1600, 2)), rng.normal(size=(1600, 2))
        found = ew.two_sample_test(P, Q, by=lambda A, B: float(ew.exact.solve(A, B).value), permutations=4)
        print(0 < found.p_value <= 1)
    """
    assert run(code, 1) == "True"


@pytest.mark.parametrize("pairs", [1, 10**9])
def test_a_panic_is_a_runtime_error_of_one_line(pairs, capfd):
    from earthwork import _earthwork

    with pytest.raises(RuntimeError, match=r"^this is a bug in earthwork, please report it: a panic on purpose \(.*testing\.rs:\d+\)$"):
        _earthwork.panic_on_purpose(pairs)
    assert capfd.readouterr() == ("", "")
    assert ew.exact.wasserstein([0.0], [1.0]).value == 1.0


def test_a_panic_in_a_child_is_a_runtime_error():
    code = """
        ew.exact.pairwise(S)
        pid = os.fork()
        if pid == 0:
            try:
                ew._native.panic_on_purpose(1)
            except RuntimeError:
                os._exit(7)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    """
    assert run(code, 1) == "7"
