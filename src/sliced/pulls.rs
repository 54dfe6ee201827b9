//! How the cost of one slice changes with its points and with its direction.

use crate::exact::line::sort::Scratch;
use crate::numeric::Sum;
use crate::sliced::pair::Pair;

/// The cost of one slice, and what each projected point adds to it per unit of length.
#[derive(Debug, Default)]
pub(super) struct Pulls {
    /// The mean of |x − y|^p over the optimal pairing.
    pub(super) cost: f64,
    /// ∂ cost / ∂ (projection of xᵢ) = Σⱼ Pᵢⱼ p |t|^(p−1) sign t, t = θ·xᵢ − θ·yⱼ.
    pub(super) x: Vec<f64>,
    /// ∂ cost / ∂ (projection of yⱼ).
    pub(super) y: Vec<f64>,
}

impl Pair {
    /// One slice with its derivatives, those of the optimal plan that the sort found. Where projections tie, plans and
    /// derivatives are not unique; at gaps of 0 for p = 1 the derivative is taken as 0.
    pub(super) fn pulls(&self, direction: &[f64], scratch: &mut Scratch) -> Pulls {
        let (x, y) = (self.x.projected(direction), self.y.projected(direction));
        let mut pulls = Pulls { cost: 0.0, x: vec![0.0; x.len()], y: vec![0.0; y.len()] };
        let mut cost = Sum::default();
        let p = self.p;
        self.flows(&x, &y, scratch, |i, j, share| {
            let gap = x[i] - y[j];
            let steep = if p == 2.0 {
                gap.abs()
            } else if p == 1.0 {
                1.0
            } else {
                gap.abs().powf(p - 1.0)
            };
            cost.add(share * steep * gap.abs());
            let pull = if gap == 0.0 { 0.0 } else { (share * p * steep).copysign(gap) };
            pulls.x[i] += pull;
            pulls.y[j] -= pull;
        });
        pulls.cost = cost.value();
        pulls
    }

    /// ∂ cost / ∂ direction, of length d: Σᵢ (pull of xᵢ) xᵢ + Σⱼ (pull of yⱼ) yⱼ.
    pub(super) fn turn(&self, pulls: &Pulls) -> Vec<f64> {
        let mut turn = vec![0.0; self.dim];
        for (side, pulls) in [(&self.x, &pulls.x), (&self.y, &pulls.y)] {
            for (point, pull) in side.rows.chunks_exact(self.dim).zip(pulls) {
                turn.iter_mut().zip(point).for_each(|(out, v)| *out += pull * v);
            }
        }
        turn
    }
}
