//! What breaks a law, and why. The table of `docs/laws.md` is made of this list; a line whose entry keeps the law is to go.

use super::laws::Law;

/// Entries that break one law for one reason.
pub(crate) struct Break {
    pub(crate) law: Law,
    pub(crate) keys: &'static [&'static str],
    pub(crate) why: &'static str,
}

pub(crate) const BREAKS: &[Break] = &[
    Break {
        law: Law::Identity,
        keys: &["fid_inf"],
        why: "An extrapolation to infinitely many points takes the bias of finite samples off, and here there is none.",
    },
    Break {
        law: Law::Identity,
        keys: &["c2st", "one_nn"],
        why: "An accuracy on other points than those it was trained on: a copy on the other side gives the wrong answer, or the right one.",
    },
    Break { law: Law::Identity, keys: &["density"], why: "A mean count of balls, which is 1 on average only." },
    Break { law: Law::Identity, keys: &["gelbrich"], why: "A root, in which the rounding of wide columns is visible." },
    Break {
        law: Law::ConstantColumn,
        keys: &["sw1", "sw2"],
        why: "A mean over the directions of the space: one more dimension makes it smaller, by √(d / (d + 1)) for SW₂.",
    },
    Break {
        law: Law::ConstantColumn,
        keys: &["max-sw2", "max-sw:1"],
        why: "A climb to a local maximum from directions that are drawn anew in the larger space.",
    },
    Break {
        law: Law::ConstantColumn,
        keys: &["kid"],
        why: "A polynomial kernel adds up products over all columns and divides by their number.",
    },
    Break {
        law: Law::AffineMap,
        keys: &["kl", "kl:3", "reverse-kl", "js", "knn chi2", "knn hellinger2", "knn renyi:0.5"],
        why: "Whitened, so that numbers keep it; on few values a mix of columns is no longer read as levels or as rounded numbers.",
    },
    Break {
        law: Law::AffineMap,
        keys: &["js-classifier", "tv-classifier"],
        why: "Its penalty is on the coefficients of the columns as they are written; on few values a mix of columns is no longer read as levels.",
    },
    Break {
        law: Law::AffineMap,
        keys: &["kl-gaussian"],
        why: "On few values a mix of columns is read as other levels than the columns are.",
    },
    Break { law: Law::Units, keys: &["kid"], why: "A polynomial kernel has a length of its own." },
    Break {
        law: Law::RowOrder,
        keys: &["fid_inf"],
        why: "The subsets that it extrapolates over are drawn by the numbers of the rows.",
    },
    Break {
        law: Law::RepeatedRows,
        keys: &["energy:unbiased", "mmd", "laplace", "kid", "fid_inf"],
        why: "Unbiased: repeated rows are taken for new draws, of which there are then more.",
    },
    Break {
        law: Law::RepeatedRows,
        keys: &["precision", "recall", "density", "coverage", "one_nn"],
        why: "The k-th neighbour of a repeated row is a copy of it.",
    },
    Break {
        law: Law::RepeatedRows,
        keys: &["c2st", "population"],
        why: "A copy of a row in another fold gives the row away, and more rows show more.",
    },
    Break {
        law: Law::Range,
        keys: &["fid_inf"],
        why: "Unbiased: near 0 it is as often below it, and further than its error says, which is of first order.",
    },
    Break {
        law: Law::StandardError,
        keys: &["knn chi2"],
        why: "Of a mean of squared ratios, whose tails the sample hardly shows: the error stated is several times the spread.",
    },
];
