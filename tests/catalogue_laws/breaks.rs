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
        keys: &["energy:unbiased", "mmd:unbiased", "kid"],
        why: "Unbiased: no point meets itself, so a sample against itself is below 0 by what points paired with themselves bring.",
    },
    Break {
        law: Law::Identity,
        keys: &["fid_inf"],
        why: "An extrapolation to infinitely many points, which takes the bias of finite samples off, too much where there is no noise.",
    },
    Break {
        law: Law::Identity,
        keys: &["js-classifier", "tv-classifier"],
        why: "A lower bound from held-out points, below 0 where nothing can be told apart.",
    },
    Break {
        law: Law::Identity,
        keys: &["c2st", "one_nn"],
        why: "An accuracy on other points than those it was trained on; copies of a point on both sides are not independent draws.",
    },
    Break { law: Law::Identity, keys: &["density"], why: "A mean count of balls, which is 1 on average only." },
    Break {
        law: Law::Identity,
        keys: &["gelbrich"],
        why: "The root of a difference of traces: rounding of wide columns is visible in it.",
    },
    Break {
        law: Law::Identity,
        keys: &["kl", "kl:3", "reverse-kl", "js", "knn chi2", "knn hellinger2", "knn renyi:0.5"],
        why: "An estimate for independent draws; in a sample against itself each point is its own nearest neighbour.",
    },
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
        keys: &["js", "knn hellinger2", "knn renyi:0.5"],
        why: "Balls around points depend on the number of columns where columns are not found to be constant.",
    },
    Break {
        law: Law::CopiedColumn,
        keys: &["js", "kl:3", "knn hellinger2", "knn renyi:0.5"],
        why: "Balls around points depend on the number of columns where columns are not found to be dependent.",
    },
    Break {
        law: Law::AffineMap,
        keys: &["js", "kl", "kl:3", "knn chi2", "knn hellinger2", "knn renyi:0.5"],
        why: "Without whitening, neighbours are those of the units in which the columns are written.",
    },
    Break {
        law: Law::RowOrder,
        keys: &["fid_inf"],
        why: "The subsets that it extrapolates over are drawn by the numbers of the rows.",
    },
    Break {
        law: Law::RepeatedRows,
        keys: &["energy:unbiased", "fid_inf"],
        why: "Repeated rows are taken for new draws, of which there are then more.",
    },
    Break {
        law: Law::RepeatedRows,
        keys: &["precision", "recall", "density", "coverage", "one_nn", "c2st"],
        why: "The k-th neighbour of a repeated row is a copy of it, and a copy in another fold gives a row away.",
    },
    Break {
        law: Law::RepeatedRows,
        keys: &["kl", "kl:3", "reverse-kl", "js", "knn chi2", "knn hellinger2", "knn renyi:0.5"],
        why: "Copies of a row are neighbours at distance 0, not independent draws.",
    },
    Break {
        law: Law::Range,
        keys: &["js", "knn hellinger2", "knn renyi:0.5"],
        why: "An estimate on columns that are mostly one number errs by more than its error says.",
    },
];
