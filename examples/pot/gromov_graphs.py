"""Gromov-Wasserstein on graphs: distances between random graphs, their matching, and which family each belongs to."""

import numpy as np
import ot

NODES = 150
GRAPHS = 6


def communities(rng, n, groups):
    """The adjacency of a stochastic block model."""
    member = np.sort(rng.integers(groups, size=n))
    p = np.where(member[:, None] == member[None, :], 0.5, 0.05)
    upper = np.triu(rng.random((n, n)) < p, 1)
    return (upper | upper.T).astype(float), member


def steps(adjacency):
    """Distances along a graph, of which four steps are the most that count."""
    reached, found = np.eye(len(adjacency)), np.full(adjacency.shape, 4.0)
    for k in range(4):
        found[(reached > 0) & (found == 4.0)] = k
        reached = reached @ adjacency
    return found


def main():
    rng = np.random.default_rng(1)
    made = [communities(rng, NODES + 5 * k, 2 if k < GRAPHS // 2 else 4) for k in range(GRAPHS)]
    costs = [steps(adjacency) for adjacency, _ in made]
    weights = [ot.unif(len(cost)) for cost in costs]
    distances = np.zeros((GRAPHS, GRAPHS))
    for i in range(GRAPHS):
        for j in range(i):
            distances[i, j] = distances[j, i] = ot.gromov.gromov_wasserstein2(costs[i], costs[j], weights[i], weights[j])
    print(np.round(distances, 4))

    plan, log = ot.gromov.gromov_wasserstein(costs[0], costs[1], weights[0], weights[1], log=True)
    agree = sum(plan[np.ix_(made[0][1] == k, made[1][1] == k)].sum() for k in range(2))
    print(f"matched: cost {log['gw_dist']:.5f}, same community {max(agree, 1 - agree):.3f}")

    features = [np.column_stack([cost.mean(1), (cost == 1).sum(1)]) for cost in costs]
    fused = ot.gromov.fused_gromov_wasserstein2(
        ot.dist(features[0], features[3]), costs[0], costs[3], weights[0], weights[3], alpha=0.5
    )
    print(f"fused: {fused:.4f}")


if __name__ == "__main__":
    main()
