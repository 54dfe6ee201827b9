//! Small pictures of the page, as inline SVG.

use std::fmt::Write;

use earthwork::measure::Samples;
use earthwork::validate::{Curve, Floor, MetricInfo, SizePoint};

const WIDTH: f64 = 150.0;
const HEIGHT: f64 = 84.0;
/// Room for marks on the left, right, top and bottom.
const ROOM: [f64; 4] = [6.0, 6.0, 7.0, 7.0];

/// Where values stand in a picture.
struct Frame {
    x: (f64, f64),
    y: (f64, f64),
}

impl Frame {
    fn new(x: (f64, f64), values: impl Iterator<Item = f64>) -> Self {
        let (least, most) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)));
        // A curve that does not vary lies in the middle.
        let pad = if most > least { 0.04 * (most - least) } else { 0.5 * most.abs().max(1e-300) };
        Self { x, y: (least - pad, most + pad) }
    }

    fn at(&self, x: f64, y: f64) -> (f64, f64) {
        let part = |v: f64, (from, to): (f64, f64)| (v - from) / (to - from).max(f64::MIN_POSITIVE);
        let [left, right, top, bottom] = ROOM;
        let x = left + part(x, self.x) * (WIDTH - left - right);
        (x, HEIGHT - bottom - part(y, self.y).clamp(0.0, 1.0) * (HEIGHT - top - bottom))
    }

    fn path(&self, points: impl Iterator<Item = (f64, f64)>) -> String {
        let mut path = String::new();
        for (k, (x, y)) in points.enumerate() {
            let (x, y) = self.at(x, y);
            let _ = write!(path, "{}{x:.1} {y:.1}", if k == 0 { "M" } else { "L" });
        }
        path
    }

    /// A band between two heights.
    fn band(&self, low: f64, high: f64, class: &str) -> String {
        let ((x, top), (end, bottom)) = (self.at(self.x.0, high), self.at(self.x.1, low));
        let (width, height) = (end - x, (bottom - top).max(1.0));
        format!("<rect class=\"{class}\" x=\"{x:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>")
    }
}

fn svg(inner: &str, label: &str) -> String {
    format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{label}\">{inner}</svg>")
}

/// The curve of one metric over the severities, its repeats as dots, its noise floor as a band, and exact W₁ behind it, brought to
/// the same range.
pub(super) fn curve(curve: &Curve, w1: &Curve, floor: Option<Floor>, severities: &[f64], label: &str) -> String {
    let finite = |v: &f64| v.is_finite();
    let around =
        floor.iter().flat_map(|floor| [floor.mean - 2.0 * floor.deviation, floor.mean + 2.0 * floor.deviation]);
    let all = curve.values.iter().flatten().copied().filter(finite);
    let ends = (severities[0], severities[severities.len() - 1]);
    let frame = Frame::new(ends, all.chain(around.clone()));
    let mut inner = String::new();
    if let [low, high] = around.collect::<Vec<_>>()[..] {
        inner += &frame.band(low, high, "floor");
    }
    let truth = w1.means();
    let reference = Frame::new(ends, truth.iter().copied());
    let _ = write!(inner, "<path class=\"w1\" d=\"{}\"/>", reference.path(severities.iter().copied().zip(truth)));
    let means = curve.means();
    let _ = write!(inner, "<path class=\"mean\" d=\"{}\"/>", frame.path(severities.iter().copied().zip(means)));
    for (&severity, repeats) in severities.iter().zip(&curve.values) {
        for &value in repeats.iter().filter(|v| v.is_finite()) {
            let (x, y) = frame.at(severity, value);
            let _ = write!(inner, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"1.7\"/>");
        }
    }
    svg(&inner, label)
}

/// Real against real and real against corrupted, over the number of points.
pub(super) fn sizes(info: &MetricInfo, label: &str) -> String {
    let place = |size: &SizePoint| (size.points as f64).ln();
    let (Some(first), Some(last)) = (info.sizes.first(), info.sizes.last()) else { return String::new() };
    let reach = |floor: &Floor| [floor.mean - floor.deviation, floor.mean + floor.deviation];
    let all = info
        .sizes
        .iter()
        .flat_map(|size| [reach(&size.floor), reach(&size.corrupted)])
        .flatten()
        .filter(|v| v.is_finite());
    let frame = Frame::new((place(first), place(last)), all);
    let mut inner = String::new();
    for (class, of) in [("real", (|size| size.floor) as fn(&SizePoint) -> Floor), ("mean", |size| size.corrupted)] {
        let known = || info.sizes.iter().filter(|size| of(size).mean.is_finite());
        let middle = known().map(|size| (place(size), of(size).mean));
        let _ = write!(inner, "<path class=\"{class}\" d=\"{}\"/>", frame.path(middle));
        for size in known() {
            let [low, high] = reach(&of(size));
            let ((x, top), (_, bottom), (_, y)) =
                (frame.at(place(size), high), frame.at(place(size), low), frame.at(place(size), of(size).mean));
            let _ = write!(inner, "<path class=\"{class}\" d=\"M{x:.1} {top:.1}L{x:.1} {bottom:.1}\"/>");
            let _ = write!(inner, "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"1.9\"/>");
        }
    }
    svg(&inner, label)
}

/// The most points of a picture.
const DOTS: usize = 250;

/// Points of a sample in the plane of two coordinates, with those of another behind them.
pub(super) fn cloud(
    behind: &Samples,
    samples: &Samples,
    axes: [usize; 2],
    ranges: [(f64, f64); 2],
    label: &str,
) -> String {
    const SIDE: f64 = 112.0;
    let mut inner = String::new();
    for (class, side) in [("behind", behind), ("front", samples)] {
        for x in side.points().iter().take(DOTS) {
            let at = |k: usize| {
                let (from, to) = ranges[k];
                4.0 + (SIDE - 8.0) * ((x[axes[k]] - from) / (to - from).max(f64::MIN_POSITIVE)).clamp(-0.02, 1.02)
            };
            let _ =
                write!(inner, "<circle class=\"{class}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"1.3\"/>", at(0), SIDE - at(1));
        }
    }
    format!("<svg viewBox=\"0 0 {SIDE} {SIDE}\" role=\"img\" aria-label=\"{label}\">{inner}</svg>")
}
