//! Symmetric systems whose off-diagonal entries are at most 0 and whose rows sum to 0 or more, as of a net of resistors.

/// What holds a part that does not lead to the ground, relative to its weights.
const HELD: f64 = 1e-9;
/// How far a node goes that leads nowhere.
const FAR: f64 = 1e18;

/// Such a system: the weights between nodes, and what each row sums to (what leads to the ground).
#[derive(Debug, Clone)]
pub(super) struct Mesh {
    size: usize,
    weights: Vec<f64>,
    pub(super) ground: Vec<f64>,
}

impl Mesh {
    pub(super) fn new(size: usize) -> Self {
        Self { size, weights: vec![0.0; size * size], ground: vec![0.0; size] }
    }

    /// Adds to the weight between two nodes. (Between a node and itself there is none.)
    pub(super) fn join(&mut self, i: usize, j: usize, weight: f64) {
        if i != j {
            self.weights[i * self.size + j] += weight;
            self.weights[j * self.size + i] += weight;
        }
    }

    pub(super) fn between(&self, i: usize, j: usize) -> f64 {
        self.weights[i * self.size + j]
    }

    /// The matrix times `z`.
    pub(super) fn times(&self, z: &[f64]) -> Vec<f64> {
        let row = |i: usize| {
            let weights = &self.weights[i * self.size..(i + 1) * self.size];
            self.ground[i] * z[i] + weights.iter().zip(z).map(|(w, other)| w * (z[i] - other)).sum::<f64>()
        };
        (0..self.size).map(row).collect()
    }

    /// The solution for `right`, node by node taken out (star-mesh transformation). Only the right side is ever subtracted from, so that
    /// every digit is kept, however weakly parts of the mesh hang together. A part that does not lead to the
    /// ground is held by next to nothing, so that it goes far in the direction of its right side.
    pub(super) fn solve(mut self, mut right: Vec<f64>) -> Vec<f64> {
        let n = self.size;
        let (mut totals, mut reached) = (vec![0.0; n], vec![false; n]);
        let held: Vec<f64> = (0..n).map(|i| HELD * self.weights[i * n..(i + 1) * n].iter().sum::<f64>()).collect();
        for k in (0..n).rev() {
            // What is left: nodes 0 to k.
            let (before, row) = self.weights.split_at_mut(k * n);
            let total = self.ground[k] + row[..k].iter().sum::<f64>();
            totals[k] = total;
            if total <= 0.0 {
                continue;
            }
            let met: Vec<usize> = (0..k).filter(|&i| row[i] > 0.0).collect();
            for &i in &met {
                let share = row[i] / total;
                right[i] += share * right[k];
                reached[i] = true;
                self.ground[i] += share * self.ground[k];
                for &j in &met {
                    before[i * n + j] += share * row[j];
                }
                before[i * n + i] = 0.0;
            }
        }
        let mut z = vec![0.0; n];
        for k in 0..n {
            let met = (0..k).filter(|&i| self.weights[k * n + i] > 0.0);
            let flow: f64 = right[k] + met.map(|i| self.weights[k * n + i] * z[i]).sum::<f64>();
            z[k] = match totals[k] > 0.0 {
                true => flow / totals[k],
                false if reached[k] && held[k] > 0.0 => flow / held[k],
                false if flow == 0.0 => 0.0,
                false => flow.signum() * FAR,
            };
        }
        z
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_hang_together_weakly_keep_their_digits() {
        // Two pairs, joined by 1e-30, one of them to the ground by 1e-40.
        let mut mesh = Mesh::new(4);
        mesh.join(0, 1, 1.0);
        mesh.join(2, 3, 2.0);
        mesh.join(1, 2, 1e-30);
        mesh.ground[3] = 1e-40;
        let right = vec![1.0, 0.0, 0.0, 0.0];
        let found = mesh.solve(right);
        // One unit flows from node 0 to the ground: z₃ = 1e40, z₂ = z₃ + 1/2, z₁ = z₂ + 1e30, z₀ = z₁ + 1.
        assert!((found[3] / 1e40 - 1.0).abs() < 1e-14 && (found[0] / 1e40 - 1.0).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn it_solves_what_it_multiplies() {
        let mut mesh = Mesh::new(6);
        for i in 0..6 {
            mesh.ground[i] = 0.1 * (i as f64 + 1.0);
            for j in 0..i {
                mesh.join(i, j, ((i * 7 + j * 5) % 4) as f64);
            }
        }
        let z = [1.0, -2.0, 0.5, 3.0, 0.0, -1.0];
        let found = mesh.clone().solve(mesh.times(&z));
        assert!(found.iter().zip(z).all(|(found, z)| (found - z).abs() < 1e-12), "{found:?}");
    }
}
