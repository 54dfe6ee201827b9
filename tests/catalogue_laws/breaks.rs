//! What breaks a law, and why. The table of `docs/laws.md` is made of this list; a line whose entry keeps the law is to go.

use super::laws::Law;

/// Entries that break one law for one reason.
pub(crate) struct Break {
    pub(crate) law: Law,
    pub(crate) keys: &'static [&'static str],
    pub(crate) why: &'static str,
}

pub(crate) const BREAKS: &[Break] = &[];
