//! Names that came back from a pickle.

use std::sync::{Mutex, PoisonError};

/// A text that stays for as long as the program; each is kept once. There are as many as there are methods.
pub(crate) fn interned(text: String) -> &'static str {
    static KEPT: Mutex<Vec<&'static str>> = Mutex::new(Vec::new());
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = kept.iter().find(|found| **found == text) {
        return found;
    }
    let text: &'static str = Box::leak(text.into_boxed_str());
    kept.push(text);
    text
}
