//! Intervals of W_p between the distributions behind two samples.

use std::time::Instant;

use crate::error::{Error, ErrorKind, Result};
use crate::estimate::resample::{Resampling, distance_interval};
use crate::estimate::{Discrepancy, Estimate, Evidence, Note};
use crate::exact::{Population, Wasserstein};
use crate::measure::Samples;
use crate::transport::Interrupt;

/// An interval for W_p between the two distributions.
///
/// The upper end is that of [`distance_interval`], and so is the lower one, unless the lower end of the [`Population`] bracket of
/// W₁, which is at most W_p, is larger: it is the better one in many dimensions, and for W₁ the only one that is asked.
pub(super) fn interval(
    distance: &dyn Discrepancy,
    p: f64,
    interrupt: &Interrupt,
    (x, y): (&Samples, &Samples),
    options: &Resampling,
    go_on: &mut dyn FnMut(usize) -> bool,
) -> Result<Estimate> {
    if p == f64::INFINITY {
        let why = "W∞ is a largest distance, for which no interval is known that holds; take an order such as 2";
        return Err(Error::new("p", ErrorKind::Unsupported(why.into())));
    }
    let started = Instant::now();
    let found = distance_interval(distance, p, x, y, options, go_on)?;
    if found.upper() == f64::INFINITY && found.notes.contains(&Note::NotConverged) {
        // A limit came before there was anything to go by.
        return Ok(found);
    }
    let rest = interrupt.clone().after(started.elapsed());
    // There is none for samples with weights, of few points, or where distances overflow; nor is there a need to say why.
    let Ok(bracket) = Population::default().with_seed(options.seed).with_interrupt(rest).bracket(x, y) else {
        return Ok(found);
    };
    // W_p with all mass at a distance r is mass^(1/p) r.
    let below = bracket.lower_end(options.level) * x.total().powf(1.0 / p - 1.0);
    let (lower, upper) = (if p == 1.0 { below } else { found.lower().max(below) }, found.upper());
    // Two ends by two methods: where they cross, the value between the samples is all there is.
    let evidence = Evidence::Interval { lower: lower.min(upper).min(found.value), upper, level: options.level };
    Ok(Estimate { evidence, ..found })
}

impl Discrepancy for Population {
    fn name(&self) -> String {
        "W1 population".into()
    }

    /// The middle of the bracket, with the bracket as its evidence.
    fn between(&self, x: &Samples, y: &Samples) -> Result<Estimate> {
        Ok(self.bracket(x, y)?.estimate())
    }

    fn range(&self) -> (f64, f64) {
        (0.0, f64::INFINITY)
    }

    /// That of W₁, around the middle of the bracket.
    fn own_interval(
        &self,
        x: &Samples,
        y: &Samples,
        options: &Resampling,
        go_on: &mut dyn FnMut(usize) -> bool,
    ) -> Result<Option<Estimate>> {
        let middle = self.between(x, y)?;
        let evidence = interval(
            &Wasserstein { p: 1.0 }.within(self.interrupt.clone()),
            1.0,
            &self.interrupt,
            (x, y),
            options,
            go_on,
        )?
        .evidence;
        Ok(Some(Estimate { evidence, ..middle }))
    }
}
