//! Every entry of the catalogues, with what the laws have to know of it.

use earthwork::compare::{catalogue, discrepancy};
use earthwork::divergence::{Divergence, Knn};
use earthwork::estimate::Discrepancy;
use earthwork::metrics::{self, Reading};

/// A discrepancy under test.
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) discrepancy: Box<dyn Discrepancy>,
    pub(crate) reading: Reading,
    /// Whether it estimates what depends on the two distributions alone, not on the coordinates in which they are written.
    pub(crate) is_divergence: bool,
    /// The exponent k of d(s x, s y) = s^k d(x, y).
    pub(crate) degree: f64,
    /// The least and the largest value there is.
    pub(crate) range: (f64, f64),
}

impl Entry {
    /// The value between a sample and itself.
    pub(crate) fn at_identity(&self) -> f64 {
        match self.reading {
            Reading::Distance => 0.0,
            Reading::Score => 1.0,
            Reading::Half => 0.5,
        }
    }
}

/// The catalogue, the metrics, and what `compare::discrepancy` and the divergences offer beyond them.
pub(crate) fn entries() -> Vec<Entry> {
    let mut found: Vec<Entry> = Vec::new();
    for entry in catalogue() {
        let is_divergence = entry.group.starts_with("divergence");
        found.push(made(entry.key, entry.discrepancy, Reading::Distance, is_divergence));
    }
    for metric in metrics::catalogue() {
        if found.iter().all(|entry| entry.key != metric.key) {
            found.push(made(&metric.key, metric.discrepancy, metric.reading, false));
        }
    }
    for form in ["w:1.5", "max-sw:1", "energy:unbiased", "mmd:biased", "laplace", "kl:3"] {
        let is_divergence = form.starts_with("kl");
        found.push(made(form, discrepancy(form).expect("a form"), Reading::Distance, is_divergence));
    }
    found.push(made("kl-gaussian", discrepancy("kl-gaussian").expect("a form"), Reading::Distance, true));
    for (key, kind) in [
        ("knn tv", Divergence::TotalVariation),
        ("knn hellinger2", Divergence::SquaredHellinger),
        ("knn chi2", Divergence::ChiSquared),
        ("knn renyi:0.5", Divergence::Renyi(0.5)),
    ] {
        // Not every kind has an estimate by neighbours.
        let knn = Knn::new(kind);
        let probe = super::cases::everyday()[0].clone();
        if knn.between(&probe.x.samples(), &probe.y.samples()).is_ok() {
            found.push(made(key, Box::new(knn), Reading::Distance, true));
        }
    }
    found
}

fn made(key: &str, discrepancy: Box<dyn Discrepancy>, reading: Reading, is_divergence: bool) -> Entry {
    let degree = match key {
        "sinkhorn-divergence" | "fid" | "fid_inf" => 2.0,
        _ if is_divergence => 0.0,
        "mmd" | "mmd:biased" | "laplace" | "kid" | "one_nn" | "c2st" | "precision" | "recall" | "density"
        | "coverage" => 0.0,
        _ => 1.0,
    };
    let range = match key {
        "js" | "js-classifier" => (0.0, std::f64::consts::LN_2),
        "tv-classifier" | "knn tv" | "knn hellinger2" | "one_nn" | "c2st" | "precision" | "recall" | "coverage" => {
            (0.0, 1.0)
        }
        "mmd" | "mmd:biased" | "laplace" => (0.0, 2.0),
        _ => (0.0, f64::INFINITY),
    };
    Entry { key: key.to_string(), discrepancy, reading, is_divergence, degree, range }
}
