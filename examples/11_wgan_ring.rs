//! A WGAN learns eight Gaussians on a ring, and the exact solver says how far it has come.
//!
//! ```text
//! cargo run --release --example 11_wgan_ring
//! cargo run --release --example 11_wgan_ring -- wgan-gp 3000      # objective, steps of the generator
//! ```

use earthwork::gan::{Data, Gan, Record, Toy};
use earthwork::prelude::*;
use earthwork::transport::Interrupt;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_else(|| "wgan-lp".into());
    let steps = arguments.next().map_or(200, |steps| steps.parse().expect("a number of steps"));
    let mut gan = Gan::named(&name)?.with_steps(steps).with_seed(1);
    gan.referee.every = steps.div_ceil(8);
    gan.referee.points = 256;

    // Metrics of generative models stand beside the exact distances.
    let mut training = gan.start(Data::toy(Toy::Ring8))?.with_metrics(earthwork::compare::metrics(&["fid", "recall"])?);
    let floor = training.floor()?;
    println!("{}: two real samples are W1 = {:.3} apart\n", gan.name(), floor.w1.value);
    println!(
        "{:>5} {:>9} {:>9} {:>9} {:>9} {:>6} {:>6} {:>8} {:>7}",
        "step", "exact W1", "exact W2", "critic", "proven", "modes", "good", "FID", "recall"
    );
    let mut records = Vec::new();
    training.run(Interrupt::default(), &mut |record| {
        let modes = record.modes.as_ref().expect("the modes of the ring are known");
        let proven = record.certified.expect("the critic is told no classes");
        // Whatever the critic says, this holds.
        assert!(proven <= record.w1.value);
        println!(
            "{:>5} {:>9.4} {:>9.4} {:>9.4} {proven:>9.4} {:>4}/{} {:>5.0}% {:>8.4} {:>7.3}",
            record.step,
            record.w1.value,
            record.w2.value,
            record.critic_value,
            modes.captured,
            modes.modes,
            100.0 * modes.high_quality.value,
            measured(record, 0),
            measured(record, 1)
        );
        records.push(record.clone());
    })?;
    let (first, last) = (&records[0], &records[records.len() - 1]);
    assert!(last.w1.value < first.w1.value);
    println!("\nat the end W1 is {:.2} times what two real samples are apart", last.w1.value / floor.w1.value);

    // The state is a file, and a training that goes on from it is the same to the last bit.
    let saved = training.checkpoint();
    let resumed = gan.resume(Data::toy(Toy::Ring8), &saved)?;
    assert_eq!(resumed.generate(100, 5)?, training.generate(100, 5)?);
    println!("its checkpoint has {} bytes", saved.len());
    Ok(())
}

fn measured(record: &Record, metric: usize) -> f64 {
    record.metrics[metric].outcome.as_ref().expect("256 points are enough").value
}
