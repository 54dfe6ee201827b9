//! Ctrl-C, and what a bug looks like to the user.

use std::io::Write as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use earthwork::transport::CancelToken;

use crate::failure::{Failure, Outcome};

/// What a shell reports for a program that Ctrl-C ended.
const ENDED_BY_USER: i32 = 130;
/// What `sysexits.h` calls EX_SOFTWARE.
const BUG: i32 = 70;

/// Whether a solve runs that Ctrl-C can end with bounds.
static SOLVING: AtomicBool = AtomicBool::new(false);

/// The flag that Ctrl-C sets.
pub(crate) fn token() -> CancelToken {
    static TOKEN: OnceLock<CancelToken> = OnceLock::new();
    TOKEN.get_or_init(CancelToken::default).clone()
}

/// Lets the first Ctrl-C during a solve end it with the bounds reached; a second one, or one at another time, ends the run.
pub(crate) fn listen() -> Outcome<()> {
    ctrlc::set_handler(|| {
        if !SOLVING.load(Ordering::Relaxed) || token().is_cancelled() {
            std::process::exit(ENDED_BY_USER);
        }
        token().cancel();
    })
    .map_err(|error| Failure::Input(format!("cannot listen to Ctrl-C: {error}")))
}

/// Runs `solve` so that Ctrl-C ends it early.
pub(crate) fn while_solving<T>(solve: impl FnOnce() -> T) -> T {
    SOLVING.store(true, Ordering::Relaxed);
    let result = solve();
    SOLVING.store(false, Ordering::Relaxed);
    result
}

/// A panic is a bug of ours: one line that says so, and no backtrace.
pub(crate) fn report_panics_in_one_line() {
    std::panic::set_hook(Box::new(|panic| {
        let payload = panic.payload();
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        let message = text.unwrap_or("no message").split_whitespace().collect::<Vec<_>>().join(" ");
        let place = panic.location().map_or_else(String::new, |at| format!(" ({}:{})", at.file(), at.line()));
        // Where standard error is closed nobody can be told, and a panic in a panic would end the run in another way.
        let _ =
            writeln!(std::io::stderr(), "earthwork: this is a bug in earthwork, please report it: {message}{place}");
        std::process::exit(BUG);
    }));
}
