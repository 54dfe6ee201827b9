//! The costs |t|^p of a gap t, and how much they rise from one gap to another without losing digits.

/// A convex even cost of a gap on the line, with value 0 at 0.
pub(crate) trait Convex: Copy + Send + Sync {
    /// |gap|^p, to (p + 2) units of 2⁻⁵³.
    fn cost(self, gap: f64) -> f64;

    /// |to|^p − |from|^p for `to` = `from` + `step`, `step` ≥ 0: to a few roundings of how much the cost varies between the two,
    /// also where the step is far below the gaps.
    fn rise(self, from: f64, to: f64, step: f64) -> f64;
}

/// |t|.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Absolute;

impl Convex for Absolute {
    #[inline(always)]
    fn cost(self, gap: f64) -> f64 {
        gap.abs()
    }
    #[inline(always)]
    fn rise(self, from: f64, to: f64, step: f64) -> f64 {
        if from >= 0.0 {
            step
        } else if to <= 0.0 {
            -step
        } else {
            from + to
        }
    }
}

/// t².
#[derive(Debug, Clone, Copy)]
pub(crate) struct Square;

impl Convex for Square {
    #[inline(always)]
    fn cost(self, gap: f64) -> f64 {
        gap * gap
    }
    #[inline(always)]
    fn rise(self, from: f64, to: f64, step: f64) -> f64 {
        step * (from + to)
    }
}

/// |t|^p for any p ≥ 1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Power(pub(crate) f64);

impl Convex for Power {
    #[inline(always)]
    fn cost(self, gap: f64) -> f64 {
        let gap = gap.abs();
        if self.0 == 3.0 { gap * gap * gap } else { gap.powf(self.0) }
    }
    #[inline(always)]
    fn rise(self, from: f64, to: f64, step: f64) -> f64 {
        if from < 0.0 && to <= 0.0 {
            return -self.rise(-to, -from, step);
        }
        if from > 0.0 && step < from {
            // (from + step)^p − from^p without the difference of two nearly equal numbers.
            self.cost(from) * (self.0 * (step / from).ln_1p()).exp_m1()
        } else {
            self.cost(to) - self.cost(from)
        }
    }
}

/// Runs `$run` with `$cost` bound to the cost of power `$power`: compiled apart for p = 1, p = 2 and the rest.
macro_rules! with_power {
    ($power:expr, $cost:ident => $run:expr) => {
        match $power {
            1.0 => {
                let $cost = $crate::exact::line::power::Absolute;
                $run
            }
            2.0 => {
                let $cost = $crate::exact::line::power::Square;
                $run
            }
            power => {
                let $cost = $crate::exact::line::power::Power(power);
                $run
            }
        }
    };
}
pub(crate) use with_power;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rise_is_the_difference_of_two_costs() {
        fn check(cost: impl Convex, p: f64) {
            for (from, step) in
                [(0.0, 1.0), (0.5, 0.25), (-0.5, 0.25), (-0.5, 2.0), (-2.0, 2.0), (1.5, 3.0), (1.0, 0.0)]
            {
                let to: f64 = from + step;
                let plain = to.abs().powf(p) - f64::abs(from).powf(p);
                let rise = cost.rise(from, to, step);
                assert!(
                    (rise - plain).abs() <= 1e-14 * to.abs().max(f64::abs(from)).powf(p),
                    "{p} {from} {step}: {rise}"
                );
            }
        }
        check(Absolute, 1.0);
        check(Square, 2.0);
        for p in [1.0, 1.5, 2.0, 3.0, 4.5, 50.0] {
            check(Power(p), p);
        }
    }

    #[test]
    fn a_small_step_keeps_its_digits() {
        // d/dt t^p = p t^(p-1); the second-order term is below 1e-9 of it.
        let step = 1e-12;
        for p in [1.5, 3.0, 7.0] {
            let slope = Power(p).rise(4.0, 4.0 + step, step) / step;
            assert!((slope / (p * 4_f64.powf(p - 1.0)) - 1.0).abs() < 1e-11, "{p}: {slope}");
        }
    }
}
