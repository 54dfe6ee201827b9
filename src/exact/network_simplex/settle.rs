//! The last digits of parts that lie far from each other.
//!
//! A basis connects all points. Where an arc of it carries no mass, only units of the perturbation, its cost may be far
//! above all that is paid: two clusters 10⁶ apart give potentials near 10¹² under the squared cost, whose last digit is
//! 10⁻⁴, and no arc inside a cluster can be priced to better than that. So the tree is cut at such arcs, and its parts are
//! priced once more, each with potentials of its own. The cycle that an arc inside a part closes stays inside it.

use super::arcs::{Candidates, pivot_until_clean};
use super::masses::carries_mass;
use super::oracle::Oracle;
use super::tolerance;
use super::tree::{Order, Tree};
use crate::transport::{Progress, Status, Watch};

/// How far above the largest cost paid an arc without mass must be for the tree to be cut there.
const FAR: f64 = 1e3;
/// Rounds after which the parts are left as they are: their arcs are then optimal to the tolerance of the whole.
const MOST_ROUNDS: u32 = 60;

/// Prices the parts of an optimal basis by themselves, the `candidates` first, until no arc inside one violates. Returns the pivots so far, and a
/// status when ended early. Potentials of the whole tree are in place before and after.
pub(super) fn settle<O: Order>(
    tree: &mut Tree<O>,
    (n, m): (usize, usize),
    cost: &dyn Fn(usize, usize) -> f64,
    oracle: &dyn Oracle,
    mut candidates: Candidates,
    mut progress: Progress,
    watch: &mut Watch,
) -> (u64, Option<Status>) {
    let mut status = None;
    let mut moved = candidates.len() > 0;
    for round in 0..MOST_ROUNDS {
        let paid =
            tree.arcs().filter(|arc| carries_mass(arc.flow)).map(|arc| cost(arc.source as usize, arc.target as usize));
        let far = FAR * paid.fold(0.0_f64, |most, c| most.max(c.abs()));
        let (part, parts) = tree.refresh_parts(cost, |flow, c| carries_mass(flow) || c.abs() <= far);
        if parts == 1 {
            break;
        }
        let potentials = tree.potentials();
        let f: Vec<f64> = potentials[..n].iter().map(|p| -p).collect();
        let mut missing = oracle.violating(&f, &potentials[n..n + m], 4, tolerance(round));
        missing.retain(|&(i, j)| part[i as usize] == part[n + j as usize]);
        if missing.is_empty() && !moved {
            break;
        }
        candidates = candidates.with(&missing, cost).within(|i, j| part[i as usize] == part[n + j as usize]);
        let before = progress.iterations;
        (progress.iterations, status) =
            pivot_until_clean(tree, &candidates, candidates.len(), tolerance(round), progress, watch);
        moved = progress.iterations > before;
        if status.is_some() {
            break;
        }
    }
    tree.refresh(cost);
    (progress.iterations, status)
}
