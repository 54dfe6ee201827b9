//! What a solve has done so far, and whether it goes on.

use super::kernel::Room;
use crate::transport::{Progress, Status, Watch};

/// Counts passes, asks the watch between them, and remembers its answer.
pub(super) struct Work<'w> {
    watch: Watch<'w>,
    pub(super) progress: Progress,
    /// Why the solve must end, once it must.
    pub(super) ended: Option<Status>,
    /// Whether accelerated sweeps are worth a try: until they were too slow once. Smaller ε only make them slower.
    pub(super) sweeps: bool,
    /// The most bytes held at once.
    pub(super) memory: usize,
    /// Memory for shares, from pass to pass.
    pub(super) room: Room,
}

impl<'w> Work<'w> {
    pub(super) fn new(watch: Watch<'w>, stage: &'static str) -> Self {
        let progress = Progress { stage, ..Progress::default() };
        let mut work = Self { watch, progress, ended: None, sweeps: true, memory: 0, room: Room::default() };
        work.ask();
        work
    }

    /// One more pass is done.
    pub(super) fn tick(&mut self) {
        self.progress.iterations += 1;
        self.ask();
    }

    fn ask(&mut self) {
        if self.ended.is_none() {
            self.ended = self.watch.check(&self.progress);
        }
    }

    pub(super) fn elapsed(&self) -> std::time::Duration {
        self.watch.elapsed()
    }
}
