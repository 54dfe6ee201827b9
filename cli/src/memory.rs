//! What this process held, and what the machine still has.

use std::fs;

use crate::failure::{Outcome, wrong};
use earthwork_view::format;

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
    match free() {
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

/// Refuses what takes more memory than the machine has, before any is taken; `what` asks for it.
pub(crate) fn require(bytes: f64, what: &str) -> Outcome<()> {
    // Where the system does not tell, what no machine has.
    let free = free().unwrap_or(1 << 42);
    if bytes <= free as f64 {
        return Ok(());
    }
    let bytes = format::bytes(bytes.min(1e24) as u64);
    wrong(format_args!("{what}: this takes {bytes}, and this machine has {} free", format::bytes(free)))
}

/// Refuses networks with these hidden layers that the machine cannot hold while they are trained on batches of that size.
pub(crate) fn require_networks(networks: &[&[usize]], batch: usize, what: &str) -> Outcome<()> {
    let numbers = |widths: &&[usize]| {
        let between = widths.windows(2).map(|pair| pair[0] as f64 * pair[1] as f64).sum::<f64>();
        let ends: f64 = widths.iter().map(|&width| width as f64).sum();
        // Parameters, gradients and two memories of the optimiser, in single precision, and a copy in double; then what passes through.
        6.0 * (between + ends) + 6.0 * batch as f64 * (1.0 + ends)
    };
    require(4.0 * networks.iter().map(numbers).sum::<f64>(), what)
}

/// What the machine has free, or what is left of what the container may use.
fn free() -> Option<u64> {
    let number = |file: &str| fs::read_to_string(file).ok()?.trim().parse::<u64>().ok();
    let most = number("/sys/fs/cgroup/memory.max");
    let left = most.zip(number("/sys/fs/cgroup/memory.current")).map(|(most, used)| most.saturating_sub(used));
    let machine = kilobytes("/proc/meminfo", "MemAvailable:");
    left.into_iter().chain(machine).min()
}

/// The number behind `key` in a file of `key: number kB` lines, in bytes.
fn kilobytes(file: &str, key: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    Some(line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()? * 1024)
}
