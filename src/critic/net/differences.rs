//! Derivatives by differences, which tests hold gradients to.

use super::Network;

/// The derivative of `of` along each parameter, by differences to fourth order; none where a kink lies between them, which
/// steps of another size tell.
pub(crate) fn differences(network: &Network<f64>, of: impl Fn(&Network<f64>) -> f64) -> Vec<Option<f64>> {
    let difference = |k: usize, step: f64| {
        let at = |shift: f64| {
            let mut moved = network.clone();
            moved.parameters_mut()[k] += shift;
            of(&moved)
        };
        (8.0 * (at(step) - at(-step)) - (at(2.0 * step) - at(-2.0 * step))) / (12.0 * step)
    };
    let both = (0..network.parameters().len()).map(|k| (difference(k, 1e-4), difference(k, 7e-5)));
    both.map(|(a, b)| ((a - b).abs() <= 1e-6 * a.abs().max(b.abs()).max(1e-3)).then_some(a)).collect()
}
