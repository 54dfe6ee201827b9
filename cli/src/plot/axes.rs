//! A rectangle of the picture with a scale along each side.

use crate::plot::scene::{Anchor, FAINT, INK, RULE, Scene, solid};
use earthwork_view::format;

/// Where a rectangle lies in the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Frame {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// The range of values along one side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Range {
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Range {
    /// The range of some values with a margin, never empty.
    pub(super) fn of(values: impl Iterator<Item = f64>) -> Self {
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        let margin = if high > low { 0.04 * (high - low) } else { 0.5 * high.abs().max(1.0) };
        Self { low: low - margin, high: high + margin }
    }

    pub(super) fn length(self) -> f64 {
        self.high - self.low
    }

    /// The same middle with another length.
    fn stretched(self, length: f64) -> Self {
        let middle = 0.5 * (self.low + self.high);
        Self { low: middle - 0.5 * length, high: middle + 0.5 * length }
    }

    /// Round numbers inside, about `count` of them.
    fn ticks(self, count: f64) -> Vec<f64> {
        let rough = self.length() / count;
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 2.5, 5.0, 10.0].map(|m| m * power).into_iter().find(|&s| s >= rough).unwrap_or(rough);
        let (first, last) = ((self.low / step).ceil() as i64, (self.high / step).floor() as i64);
        (first..=last).map(|k| k as f64 * step).collect()
    }
}

/// A frame with a range along each side.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axes {
    pub(super) frame: Frame,
    x: Range,
    y: Range,
}

impl Axes {
    pub(super) fn new(frame: Frame, x: Range, y: Range) -> Self {
        Self { frame, x, y }
    }

    /// One unit as long along x as along y, in a frame that is at most as high and at least half as high as the given
    /// one, where that leaves at least a third of the frame in use; whether it is so.
    pub(super) fn with_equal_units(self) -> (Self, bool) {
        let Self { mut frame, x, y } = self;
        frame.height = (frame.width * y.length() / x.length()).clamp(0.5 * frame.height, frame.height);
        let unit = (x.length() / frame.width).max(y.length() / frame.height);
        let (wide, high) = (unit * frame.width, unit * frame.height);
        if x.length() < wide / 3.0 || y.length() < high / 3.0 {
            return (self, false);
        }
        (Self { frame, x: x.stretched(wide), y: y.stretched(high) }, true)
    }

    /// Where a pair of values lies in the picture.
    pub(super) fn place(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let Frame { left, top, width, height } = self.frame;
        [left + width * (x - self.x.low) / self.x.length(), top + height * (self.y.high - y) / self.y.length()]
    }

    /// The pair of values that lies at a place in the picture.
    pub(super) fn value(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let Frame { left, top, width, height } = self.frame;
        [self.x.low + (x - left) / width * self.x.length(), self.y.high - (y - top) / height * self.y.length()]
    }

    /// The numbers along both sides.
    pub(super) fn draw_numbers(&self, scene: &mut Scene) {
        let Frame { left, top, width, height } = self.frame;
        for tick in self.x.ticks(width / 80.0) {
            let [x, _] = self.place([tick, self.y.low]);
            scene.text([x, top + height + 18.0], format::short(tick, 6), 12.0, Anchor::Middle, FAINT);
        }
        for tick in self.y.ticks(height / 65.0) {
            let [_, y] = self.place([self.x.low, tick]);
            scene.text([left - 8.0, y + 4.0], format::short(tick, 6), 12.0, Anchor::End, FAINT);
        }
    }

    /// Rules, numbers and names along both sides.
    pub(super) fn draw(&self, scene: &mut Scene, x_name: &str, y_name: &str) {
        let Frame { left, top, width, height } = self.frame;
        let (right, bottom) = (left + width, top + height);
        for tick in self.x.ticks(width / 80.0) {
            let [x, _] = self.place([tick, self.y.low]);
            scene.line(vec![[x, top], [x, bottom]], 1.0, solid(RULE));
        }
        for tick in self.y.ticks(height / 65.0) {
            let [_, y] = self.place([self.x.low, tick]);
            scene.line(vec![[left, y], [right, y]], 1.0, solid(RULE));
        }
        self.draw_numbers(scene);
        scene.text([left + width / 2.0, bottom + 42.0], x_name, 13.0, Anchor::Middle, INK);
        scene.turned_text([left - 54.0, top + height / 2.0], y_name, 13.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        let ticks = Range { low: 0.3, high: 9.8 }.ticks(5.0);
        assert_eq!(ticks, [2.0, 4.0, 6.0, 8.0]);
        assert_eq!(Range { low: -1.0, high: 1.0 }.ticks(4.0), [-1.0, -0.5, 0.0, 0.5, 1.0]);
    }

    #[test]
    fn one_value_has_a_range_too() {
        let range = Range::of([3.0].into_iter());
        assert!(range.low < 3.0 && range.high > 3.0);
        assert!(Range::of([0.0].into_iter()).length() > 0.0);
    }
}
