//! Special functions that the standard library has not.

/// ψ(x) = d/dx ln Γ(x) for x > 0, to a few roundings.
///
/// The recurrence ψ(x) = ψ(x + 1) − 1/x up to x ≥ 10, then the asymptotic series (Abramowitz & Stegun, 6.3.18).
///
/// ```
/// use earthwork::numeric::special::digamma;
///
/// // ψ(1) is minus Euler's constant.
/// assert!((digamma(1.0) + 0.577_215_664_901_532_9).abs() < 1e-15);
/// ```
pub fn digamma(x: f64) -> f64 {
    let (mut x, mut value) = (x, 0.0);
    while x < 10.0 {
        value -= 1.0 / x;
        x += 1.0;
    }
    let w = 1.0 / (x * x);
    let series = 1.0 / 12.0
        - w * (1.0 / 120.0
            - w * (1.0 / 252.0 - w * (1.0 / 240.0 - w * (1.0 / 132.0 - w * (691.0 / 32_760.0 - w / 12.0)))));
    value + x.ln() - 0.5 / x - w * series
}

/// ln Γ(x) for x > 0.
pub fn ln_gamma(x: f64) -> f64 {
    libm::lgamma(x)
}

/// The error function.
pub fn erf(x: f64) -> f64 {
    libm::erf(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digamma_is_the_textbook_one() {
        // ψ(1/2) = −γ − 2 ln 2; ψ(n) = −γ + Σ 1/k.
        let gamma = 0.577_215_664_901_532_9;
        assert!((digamma(0.5) + gamma + 4_f64.ln()).abs() < 4e-15);
        let harmonic: f64 = (1..100).map(|k| 1.0 / f64::from(k)).sum();
        assert!((digamma(100.0) - harmonic + gamma).abs() < 4e-15);
        // A difference quotient of ln Γ.
        let slope = (ln_gamma(7.3 + 1e-5) - ln_gamma(7.3 - 1e-5)) / 2e-5;
        assert!((digamma(7.3) - slope).abs() < 1e-9);
    }
}
