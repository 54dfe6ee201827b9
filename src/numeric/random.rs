//! Seeded random streams: the same seed gives the same numbers at any number of threads.
//!
//! Work item `k` draws from stream `k` of the seed, so it does not matter which thread runs it. The generator is
//! `ChaCha8`, which `rand` documents as portable.

use rand::SeedableRng;
pub use rand::rngs::ChaCha8Rng;

/// Stream number `stream` of `seed`: independent of every other stream of the same seed.
pub fn stream(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    generator.set_stream(stream);
    generator
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;

    #[test]
    fn streams_repeat_and_differ() {
        let draw = |seed, k| -> u64 { stream(seed, k).random() };
        assert_eq!(draw(7, 3), draw(7, 3));
        assert_ne!(draw(7, 3), draw(7, 4));
        assert_ne!(draw(7, 3), draw(8, 3));
    }
}
