//! The font of all pictures: a part of Inter (Latin, Greek, Cyrillic), so that a PNG looks the same on every machine.
//!
//! `cli/assets/` holds it with its licence. Other scripts show in SVG, where the viewer brings the font.

use std::sync::OnceLock;

use ttf_parser::{Face, GlyphId, OutlineBuilder};

static REGULAR: &[u8] = include_bytes!("../../assets/Inter-regular.ttf");
static BOLD: &[u8] = include_bytes!("../../assets/Inter-semibold.ttf");

/// One of the two weights.
pub(super) fn face(bold: bool) -> &'static Face<'static> {
    static FACES: [OnceLock<Face<'static>>; 2] = [OnceLock::new(), OnceLock::new()];
    let bytes = if bold { BOLD } else { REGULAR };
    FACES[usize::from(bold)].get_or_init(|| Face::parse(bytes, 0).expect("the bundled font is whole"))
}

/// Width of a text in pixels.
pub(super) fn width(text: &str, size: f64, bold: bool) -> f64 {
    let face = face(bold);
    let advance = |c: char| f64::from(face.glyph_hor_advance(glyph(face, c)).unwrap_or(0));
    text.chars().map(advance).sum::<f64>() * size / f64::from(face.units_per_em())
}

/// Draws each glyph of a text: `draw` receives the builder's coordinates already scaled and placed.
pub(super) fn outline(text: &str, size: f64, bold: bool, start: [f64; 2], path: &mut dyn OutlineBuilder) {
    let face = face(bold);
    let scale = size / f64::from(face.units_per_em());
    let mut x = start[0];
    for c in text.chars() {
        let glyph = glyph(face, c);
        face.outline_glyph(glyph, &mut Placed { path: &mut *path, x, y: start[1], scale });
        x += f64::from(face.glyph_hor_advance(glyph).unwrap_or(0)) * scale;
    }
}

fn glyph(face: &Face, c: char) -> GlyphId {
    face.glyph_index(c).unwrap_or(GlyphId(0))
}

/// Font units to pixels, with y pointing down.
struct Placed<'p> {
    path: &'p mut dyn OutlineBuilder,
    x: f64,
    y: f64,
    scale: f64,
}

impl Placed<'_> {
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        ((self.x + f64::from(x) * self.scale) as f32, (self.y - f64::from(y) * self.scale) as f32)
    }
}

impl OutlineBuilder for Placed<'_> {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.move_to(x, y);
    }
    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.line_to(x, y);
    }
    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.at(x1, y1), self.at(x, y));
        self.path.quad_to(x1, y1, x, y);
    }
    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2), (x, y)) = (self.at(x1, y1), self.at(x2, y2), self.at(x, y));
        self.path.curve_to(x1, y1, x2, y2, x, y);
    }
    fn close(&mut self) {
        self.path.close();
    }
}
