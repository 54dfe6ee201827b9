//! Adversarial training as a whole: what a budget for continuous integration must reach.

use earthwork::gan::{CriticSteps, Data, Gan, Toy};
use earthwork::transport::Interrupt;

#[test]
fn a_wgan_gp_finds_all_eight_gaussians() {
    let mut gan = Gan::named("wgan-gp").unwrap().with_steps(2000).with_seed(1);
    // Five are too few for a two-sided penalty: after 1000 steps the distance is 1.7 to 2.4 times that of real samples, as chance has it.
    gan.critic_steps = CriticSteps::always(8);
    gan.referee.every = 500;
    let mut training = gan.start(Data::toy(Toy::Ring8)).unwrap();
    let floor = training.floor().unwrap();
    let mut records = Vec::new();
    training.run(Interrupt::default(), &mut |record| records.push(record.clone())).unwrap();
    for record in &records {
        let certified = record.certified.unwrap();
        assert!(certified <= record.w1.upper(), "step {}: {certified} exceeds {}", record.step, record.w1);
    }
    let last = &records[records.len() - 1];
    assert_eq!(last.modes.as_ref().unwrap().captured, 8);
    assert!(last.w1.value <= 2.0 * floor.w1.value, "{} against {}", last.w1, floor.w1);
    // Ten times what a bound for all of space would prove.
    assert!(last.certified.unwrap() > 0.05 * last.critic_value, "{last:?}");
}
