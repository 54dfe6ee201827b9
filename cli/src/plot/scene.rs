//! The few kinds of shapes that a picture is made of.

/// Width of every picture.
pub(super) const WIDTH: f64 = 960.0;

/// Colours that stay apart for colour-blind eyes.
pub(super) const SOURCE: [u8; 3] = [31, 98, 168];
pub(super) const TARGET: [u8; 3] = [222, 112, 20];
pub(super) const INK: [u8; 3] = [33, 37, 41];
pub(super) const FAINT: [u8; 3] = [108, 117, 125];
pub(super) const RULE: [u8; 3] = [226, 230, 234];
pub(super) const FLOW: [u8; 3] = [84, 92, 112];

/// A colour and how much it covers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Paint {
    pub(super) rgb: [u8; 3],
    pub(super) alpha: f64,
}

/// A paint that covers.
pub(super) fn solid(rgb: [u8; 3]) -> Paint {
    Paint { rgb, alpha: 1.0 }
}

/// Where a text stands beside its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// One shape.
#[derive(Debug, Clone)]
pub(super) enum Shape {
    /// A filled polygon.
    Polygon { points: Vec<[f64; 2]>, fill: Paint },
    /// A line through points.
    Line { points: Vec<[f64; 2]>, width: f64, stroke: Paint },
    /// A band between two points whose colour runs from the first paint to the second colour.
    Ribbon { from: [f64; 2], to: [f64; 2], width: f64, start: Paint, end: [u8; 3] },
    /// A filled circle; larger ones with a thin white rim, so that neighbours stay apart.
    Dot { at: [f64; 2], radius: f64, fill: Paint },
    /// One line of text on its baseline, turned up where `upright` is false.
    Text { at: [f64; 2], text: String, size: f64, bold: bool, anchor: Anchor, fill: [u8; 3], upright: bool },
    /// Pixels, row by row, blown up into a rectangle.
    Pixels { at: [f64; 2], size: [f64; 2], shape: [usize; 2], rgb: Vec<u8> },
}

/// From this radius on a dot has a rim.
pub(super) const RIMMED: f64 = 3.0;

/// The corners of a band between two different points, with its width at either end.
pub(super) fn band(from: [f64; 2], to: [f64; 2], widths: [f64; 2]) -> Vec<[f64; 2]> {
    let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
    let length = dx.hypot(dy);
    let side = |half: f64, [x, y]: [f64; 2]| [x - dy / length * half, y + dx / length * half];
    let [wide, thin] = widths.map(|width| width / 2.0);
    vec![side(wide, from), side(thin, to), side(-thin, to), side(-wide, from)]
}

/// A picture: shapes in the order in which they are painted, on white.
#[derive(Debug, Clone)]
pub(super) struct Scene {
    pub(super) height: f64,
    pub(super) shapes: Vec<Shape>,
}

impl Scene {
    pub(super) fn new(height: f64) -> Self {
        Self { height, shapes: Vec::new() }
    }

    pub(super) fn line(&mut self, points: Vec<[f64; 2]>, width: f64, stroke: Paint) {
        self.shapes.push(Shape::Line { points, width, stroke });
    }

    pub(super) fn polygon(&mut self, points: Vec<[f64; 2]>, fill: Paint) {
        self.shapes.push(Shape::Polygon { points, fill });
    }

    pub(super) fn dot(&mut self, at: [f64; 2], radius: f64, fill: Paint) {
        self.shapes.push(Shape::Dot { at, radius, fill });
    }

    /// Text in a size; `size` of 15 or more is set bold.
    pub(super) fn text(&mut self, at: [f64; 2], text: impl Into<String>, size: f64, anchor: Anchor, fill: [u8; 3]) {
        let bold = size >= 15.0;
        self.shapes.push(Shape::Text { at, text: text.into(), size, bold, anchor, fill, upright: true });
    }

    /// Text along the vertical axis, read from below.
    pub(super) fn turned_text(&mut self, at: [f64; 2], text: impl Into<String>, size: f64) {
        let (anchor, fill) = (Anchor::Middle, INK);
        self.shapes.push(Shape::Text { at, text: text.into(), size, bold: false, anchor, fill, upright: false });
    }

    /// Mass on its way: a wedge that is `width` wide where it starts and thin where it ends.
    pub(super) fn wedge(&mut self, from: [f64; 2], to: [f64; 2], width: f64, fill: Paint) {
        if (to[0] - from[0]).hypot(to[1] - from[1]) > 0.05 {
            self.polygon(band(from, to, [width, (width / 5.0).min(0.5)]), fill);
        }
    }

    /// Mass on its way from a point of the source to a point of the target.
    pub(super) fn ribbon(&mut self, from: [f64; 2], to: [f64; 2], width: f64, alpha: f64) {
        if (to[0] - from[0]).hypot(to[1] - from[1]) > 0.05 {
            let start = Paint { rgb: SOURCE, alpha };
            self.shapes.push(Shape::Ribbon { from, to, width, start, end: TARGET });
        }
    }

    /// The title, what supports it, and a second line of remarks.
    pub(super) fn head(&mut self, main: &str, evidence: &str, remark: &str) {
        let left = 28.0;
        self.text([left, 38.0], main, 21.0, Anchor::Start, INK);
        let after = left + super::font::width(main, 21.0, true) + 14.0;
        self.text([after, 38.0], evidence, 13.0, Anchor::Start, FAINT);
        self.text([left, 60.0], remark, 13.0, Anchor::Start, FAINT);
    }

    /// Names and colours of the two samples, at the right end of the line at `y`.
    pub(super) fn legend(&mut self, y: f64, names: [String; 2]) {
        let mut right = WIDTH - 28.0;
        for (name, colour) in names.into_iter().zip([SOURCE, TARGET]).rev() {
            right -= super::font::width(&name, 13.0, false);
            self.text([right, y], name, 13.0, Anchor::Start, INK);
            self.dot([right - 11.0, y - 4.5], 5.0, solid(colour));
            right -= 36.0;
        }
    }
}
