//! What this process held, and what the machine still has.

use std::fs;

use crate::failure::{Outcome, wrong};
use crate::format;

/// The most memory this process held at once, in bytes, where the system tells.
pub(crate) fn peak() -> Option<u64> {
    // On Linux `getrusage` remembers the process that started this one; /proc does not.
    kilobytes("/proc/self/status", "VmHWM:").or_else(from_usage)
}

#[cfg(unix)]
fn from_usage() -> Option<u64> {
    use nix::sys::resource::{UsageWho, getrusage};
    let most = u64::try_from(getrusage(UsageWho::RUSAGE_SELF).ok()?.max_rss()).ok()?;
    // Bytes on Apple's systems, kilobytes elsewhere.
    Some(if cfg!(target_vendor = "apple") { most } else { most * 1024 })
}

#[cfg(not(unix))]
fn from_usage() -> Option<u64> {
    None
}

/// Refuses a cost matrix that the machine cannot hold, instead of dying in the middle of the work.
pub(crate) fn require_room(n: usize, m: usize) -> Outcome<()> {
    let needed = 8 * n as u64 * m as u64;
    match kilobytes("/proc/meminfo", "MemAvailable:") {
        Some(free) if needed > free => wrong(format_args!(
            "{} x {} points need a cost matrix of {}, and this machine has {} free; take fewer points",
            format::count(n as u64),
            format::count(m as u64),
            format::bytes(needed),
            format::bytes(free)
        )),
        _ => Ok(()),
    }
}

/// The number behind `key` in a file of `key: number kB` lines, in bytes.
fn kilobytes(file: &str, key: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    Some(line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()? * 1024)
}
