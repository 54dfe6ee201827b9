//! Every discrepancy of the library, by name.

use crate::closed_form::Gelbrich;
use crate::divergence::{Bandwidth, Classifier, Divergence, Energy, GaussianFit, Kernel, Knn, Mmd};
use crate::entropic::{EntropicWasserstein, SinkhornDivergence};
use crate::error::{Error, ErrorKind, Result};
use crate::estimate::Discrepancy;
use crate::exact::{Population, Wasserstein};
use crate::metrics::{self, Manifold, Metric, Reading};
use crate::sliced::{MaxSliced, Sliced};

/// A discrepancy with the short name by which a command or a program asks for it.
pub struct Entry {
    /// The name to ask for, such as `energy`.
    pub key: &'static str,
    /// What it belongs to: `transport`, `kernel`, `divergence, in nats`.
    pub group: &'static str,
    /// The discrepancy, with its defaults.
    pub discrepancy: Box<dyn Discrepancy>,
}

/// Every discrepancy of the library that takes two samples, with its defaults, in the order of tables.
pub fn catalogue() -> Vec<Entry> {
    let entry = |key, group, discrepancy| Entry { key, group, discrepancy };
    vec![
        entry("w1", "transport", Box::new(Wasserstein { p: 1.0 }) as Box<dyn Discrepancy>),
        entry("w2", "transport", Box::new(Wasserstein { p: 2.0 })),
        entry("sinkhorn", "transport", Box::new(EntropicWasserstein::relative(2.0, EPSILON))),
        entry("sinkhorn-divergence", "transport", Box::new(SinkhornDivergence::relative(EPSILON))),
        entry("sw2", "transport", Box::<Sliced>::default()),
        entry("max-sw2", "transport", Box::new(MaxSliced::new(2.0))),
        entry("gelbrich", "transport", Box::new(Gelbrich)),
        entry("population", "transport", Box::<Population>::default()),
        entry("energy", "kernel", Box::<Energy>::default()),
        entry("mmd", "kernel", Box::<Mmd>::default()),
        entry("kl", NATS, Box::new(Knn::kl())),
        entry("reverse-kl", NATS, Box::new(Knn::new(Divergence::ReverseKl))),
        entry("js", NATS, Box::new(Knn::js())),
        entry("js-classifier", NATS, Box::new(Classifier::new(Divergence::JensenShannon))),
        entry("tv-classifier", NATS, Box::new(Classifier::new(Divergence::TotalVariation))),
    ]
}

/// ε of the entropic entries, as a multiple of the mean cost.
pub(super) const EPSILON: f64 = 0.01;
/// The group of the divergences. (The total variation has no unit.)
const NATS: &str = "divergence, in nats";

/// The discrepancies of [`catalogue`] alone: "every answer to one question" is a loop.
///
/// ```
/// use earthwork::prelude::*;
///
/// let x = Samples::new([[0.0], [1.0]])?;
/// let y = Samples::new([[3.0], [4.0]])?;
/// for d in earthwork::compare::all_discrepancies() {
///     match d.between(&x, &y) {
///         Ok(estimate) => println!("{}: {estimate}", d.name()),
///         Err(why) => println!("{}: {why}", d.name()),
///     }
/// }
/// # Ok::<(), earthwork::Error>(())
/// ```
pub fn all_discrepancies() -> Vec<Box<dyn Discrepancy>> {
    catalogue().into_iter().map(|entry| entry.discrepancy).collect()
}

/// What [`discrepancy`] understands beyond the keys of [`catalogue`].
pub const FORMS: &str = "w:P, sw:P, max-sw:P, sinkhorn:E and sinkhorn-divergence:E (times the mean cost), energy:unbiased, mmd:SIGMA, \
     mmd:biased, laplace:SIGMA, kid, kl:K, js:K, kl-gaussian, sw1, fid, fid_inf, one_nn, c2st, precision, precision:K, recall:K, \
     density:K, coverage:K";

/// The discrepancy of that name: a key of [`catalogue`], or one of [`FORMS`].
///
/// # Errors
/// When there is none of that name, or its number is out of range.
pub fn discrepancy(name: &str) -> Result<Box<dyn Discrepancy>> {
    if let Some(entry) = catalogue().into_iter().find(|entry| entry.key == name) {
        return Ok(entry.discrepancy);
    }
    if let Some(metric) = metrics::catalogue().into_iter().find(|metric| metric.key == name && name != "kid") {
        return Ok(metric.discrepancy);
    }
    let (form, rest) = name.split_once(':').unwrap_or((name, ""));
    let number: Option<f64> = rest.parse().ok().filter(|number: &f64| number.is_finite() && *number > 0.0);
    Ok(match (form, rest, number) {
        ("w", _, Some(p)) if p >= 1.0 => Box::new(Wasserstein { p }),
        ("sw", _, Some(p)) if p >= 1.0 => Box::new(Sliced::new(p)),
        ("max-sw", _, Some(p)) if p >= 1.0 => Box::new(MaxSliced::new(p)),
        ("sinkhorn", _, Some(factor)) => Box::new(EntropicWasserstein::relative(2.0, factor)),
        ("sinkhorn-divergence", _, Some(factor)) => Box::new(SinkhornDivergence::relative(factor)),
        ("kl", _, Some(k)) if k.fract() == 0.0 => Box::new(Knn::kl().with_k(k as usize)),
        ("js", _, Some(k)) if k.fract() == 0.0 => Box::new(Knn::js().with_k(k as usize)),
        ("kl-gaussian", "", _) => Box::new(GaussianFit::new(Divergence::Kl)),
        ("energy", "unbiased", _) => Box::new(Energy::unbiased()),
        ("mmd", "unbiased", _) => Box::<Mmd>::default(),
        ("mmd", "biased", _) => Box::new(Mmd::new(Kernel::Gaussian(Bandwidth::Median))),
        ("mmd", _, Some(length)) => Box::new(Mmd::gaussian(length).unbiased()),
        ("laplace", "", _) => Box::new(Mmd::new(Kernel::Laplace(Bandwidth::Median)).unbiased()),
        ("laplace", _, Some(length)) => Box::new(Mmd::laplace(length).unbiased()),
        ("kid", "", _) => Box::new(Mmd::cubic()),
        ("precision" | "recall" | "density" | "coverage", _, Some(k)) if k.fract() == 0.0 => {
            let score = match form {
                "precision" => Manifold::precision(),
                "recall" => Manifold::recall(),
                "density" => Manifold::density(),
                _ => Manifold::coverage(),
            };
            Box::new(score.with_k(k as usize))
        }
        _ => {
            let keys: Vec<&str> = catalogue().iter().map(|entry| entry.key).collect();
            let why = format!("unknown discrepancy `{name}`; expected one of {}, {FORMS}", keys.join(", "));
            return Err(Error::new("discrepancy", ErrorKind::Unsupported(why.into())));
        }
    })
}

/// The metrics of these names, with how each is read: keys of [`metrics::catalogue`], or names that [`discrepancy`] knows
/// (`recall:10` is read as `recall` is; what is in no catalogue of metrics is read as a distance). No name, or `all` alone, is the
/// catalogue.
///
/// # Errors
/// When there is none of that name.
///
/// ```
/// use earthwork::metrics::Reading;
///
/// let found = earthwork::compare::metrics(&["fid", "recall:10"])?;
/// assert_eq!(found.iter().map(|metric| metric.reading).collect::<Vec<_>>(), [Reading::Distance, Reading::Score]);
/// # Ok::<(), earthwork::Error>(())
/// ```
pub fn metrics<S: AsRef<str>>(names: &[S]) -> Result<Vec<Metric>> {
    if names.is_empty() || (names.len() == 1 && names[0].as_ref() == "all") {
        return Ok(metrics::catalogue());
    }
    names.iter().map(|name| metric(name.as_ref())).collect()
}

fn metric(name: &str) -> Result<Metric> {
    let known = |key: &str| metrics::catalogue().into_iter().find(|metric| metric.key == key);
    if let Some(metric) = known(name) {
        return Ok(metric);
    }
    let discrepancy = discrepancy(name).map_err(|error| error.about("metrics"))?;
    let like = known(name.split(':').next().unwrap_or_default());
    Ok(Metric { reading: like.map_or(Reading::Distance, |metric| metric.reading), key: name.to_string(), discrepancy })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_read_as_their_family_is() {
        assert_eq!(metrics::<&str>(&[]).unwrap().len(), metrics(&["all"]).unwrap().len());
        let found = metrics(&["kid", "coverage:3", "one_nn", "kl:3"]).unwrap();
        let said: Vec<_> = found.iter().map(|metric| (metric.key.as_str(), metric.reading)).collect();
        let expected = [
            ("kid", Reading::Distance),
            ("coverage:3", Reading::Score),
            ("one_nn", Reading::Half),
            ("kl:3", Reading::Distance),
        ];
        assert_eq!(said, expected);
        // As a metric KID is the mean over subsets.
        assert_eq!(found[0].discrepancy.name(), metrics::Kid::default().name());
        assert!(
            metrics(&["fid", "fiddle"]).unwrap_err().to_string().starts_with("metrics: unknown discrepancy `fiddle`")
        );
        assert!(metrics(&["fid", "all"]).is_err());
    }

    #[test]
    fn every_name_is_understood() {
        for entry in catalogue() {
            assert_eq!(discrepancy(entry.key).unwrap().name(), entry.discrepancy.name());
        }
        let name = |text: &str| discrepancy(text).map(|d| d.name());
        assert_eq!(name("w:1.5").unwrap(), "W1.5");
        assert_eq!(name("sw:1").unwrap(), "SW1");
        assert_eq!(name("mmd:0.5").unwrap(), "MMD² (Gaussian, σ = 0.5)");
        assert_eq!(name("energy:unbiased").unwrap(), "energy (unbiased)");
        assert_eq!(name("laplace:2").unwrap(), "MMD² (Laplace, σ = 2)");
        assert_eq!(name("fid").unwrap(), "FID");
        assert_eq!(name("recall:5").unwrap(), "recall (k = 5)");
        assert_eq!(name("max-sw:1").unwrap(), "max-SW1");
        assert_eq!(name("sinkhorn:0.1").unwrap(), "W2 (Sinkhorn, ε = 0.1 of the mean cost)");
        assert_eq!(name("kl:3").unwrap(), "KL (kNN, k = 3)");
        assert_eq!(name("kl-gaussian").unwrap(), "KL (Gaussian fit)");
        assert_eq!(name("kid").unwrap(), "MMD² (polynomial, degree 3)");
        for wrong in ["", "w:0.5", "w:inf", "mmd:0", "mmd:-1", "emd2", "energy:3", "kl:2.5", "sinkhorn:0"] {
            let message = discrepancy(wrong).err().expect("no such name").to_string();
            assert!(message.starts_with(&format!("discrepancy: unknown discrepancy `{wrong}`; expected one of w1,")));
        }
    }
}
