//! A scene as PNG, two pixels to a unit.

use tiny_skia::{
    Color, FillRule, GradientStop, LineCap, LineJoin, LinearGradient, Paint as Brush, Path, PathBuilder, Pixmap, Point,
    Rect, SpreadMode, Stroke, Transform,
};
use ttf_parser::OutlineBuilder;

use crate::plot::font;
use crate::plot::scene::{Anchor, Paint, RIMMED, Scene, Shape, WIDTH, band};

const PIXELS: f32 = 2.0;

/// The picture as a PNG file.
pub(super) fn png(scene: &Scene) -> Vec<u8> {
    let (width, height) = (WIDTH as f32 * PIXELS, scene.height as f32 * PIXELS);
    let mut pixmap = Pixmap::new(width as u32, height as u32).expect("a picture has a size");
    pixmap.fill(Color::WHITE);
    for shape in &scene.shapes {
        paint(&mut pixmap, shape);
    }
    let rgb: Vec<u8> = pixmap.pixels().iter().flat_map(|pixel| [pixel.red(), pixel.green(), pixel.blue()]).collect();
    encode(&rgb, width as usize, height as usize)
}

/// Pixels of three bytes as a PNG file.
pub(super) fn encode(rgb: &[u8], width: usize, height: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width as u32, height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    let mut writer = encoder.write_header().expect("writing to memory");
    writer.write_image_data(rgb).expect("the pixels fill the picture");
    drop(writer);
    bytes
}

fn paint(pixmap: &mut Pixmap, shape: &Shape) {
    let scale = Transform::from_scale(PIXELS, PIXELS);
    match shape {
        Shape::Polygon { points, fill } => {
            if let Some(path) = path(points, true) {
                pixmap.fill_path(&path, &brush(*fill), FillRule::Winding, scale, None);
            }
        }
        Shape::Line { points, width, stroke } => {
            if let Some(path) = path(points, false) {
                pixmap.stroke_path(&path, &brush(*stroke), &pen(*width), scale, None);
            }
        }
        Shape::Ribbon { from, to, width, start, end } => {
            let colour = |[r, g, b]: [u8; 3]| Color::from_rgba8(r, g, b, (start.alpha * 255.0).round() as u8);
            let stops = vec![GradientStop::new(0.0, colour(start.rgb)), GradientStop::new(1.0, colour(*end))];
            let point = |[x, y]: [f64; 2]| Point::from_xy(x as f32, y as f32);
            let shader = LinearGradient::new(point(*from), point(*to), stops, SpreadMode::Pad, Transform::identity());
            if let (Some(shader), Some(path)) = (shader, path(&band(*from, *to, [*width; 2]), true)) {
                let fill = Brush { shader, ..Brush::default() };
                pixmap.fill_path(&path, &fill, FillRule::Winding, scale, None);
            }
        }
        Shape::Dot { at, radius, fill } => {
            if let Some(path) = PathBuilder::from_circle(at[0] as f32, at[1] as f32, *radius as f32) {
                pixmap.fill_path(&path, &brush(*fill), FillRule::Winding, scale, None);
                if *radius >= RIMMED {
                    let rim = brush(Paint { rgb: [255; 3], alpha: fill.alpha });
                    pixmap.stroke_path(&path, &rim, &pen(0.6), scale, None);
                }
            }
        }
        Shape::Text { at, text, size, bold, anchor, fill, upright } => {
            let behind = match anchor {
                Anchor::Start => 0.0,
                Anchor::Middle => 0.5,
                Anchor::End => 1.0,
            };
            let start = [-behind * font::width(text, *size, *bold), 0.0];
            let mut glyphs = Glyphs(PathBuilder::new());
            font::outline(text, *size, *bold, start, &mut glyphs);
            let Some(path) = glyphs.0.finish() else { return };
            let place = Transform::from_translate(at[0] as f32, at[1] as f32);
            let place = if *upright { place } else { place.pre_rotate(-90.0) };
            let paint = brush(Paint { rgb: *fill, alpha: 1.0 });
            pixmap.fill_path(&path, &paint, FillRule::Winding, place.post_scale(PIXELS, PIXELS), None);
        }
        Shape::Pixels { at, size, shape: [rows, columns], rgb } => {
            let (width, height) = (size[0] / *columns as f64, size[1] / *rows as f64);
            for (cell, rgb) in rgb.chunks_exact(3).enumerate() {
                let (x, y) = (at[0] + (cell % columns) as f64 * width, at[1] + (cell / columns) as f64 * height);
                let rect = Rect::from_xywh(x as f32, y as f32, width as f32, height as f32);
                let mut fill = brush(Paint { rgb: [rgb[0], rgb[1], rgb[2]], alpha: 1.0 });
                fill.anti_alias = false;
                pixmap.fill_rect(rect.expect("a cell has a size"), &fill, scale, None);
            }
        }
    }
}

fn brush(paint: Paint) -> Brush<'static> {
    let [r, g, b] = paint.rgb;
    let mut brush = Brush::default();
    brush.set_color_rgba8(r, g, b, (paint.alpha * 255.0).round() as u8);
    brush
}

fn pen(width: f64) -> Stroke {
    Stroke { width: width as f32, line_cap: LineCap::Butt, line_join: LineJoin::Round, ..Stroke::default() }
}

fn path(points: &[[f64; 2]], closed: bool) -> Option<Path> {
    let mut builder = PathBuilder::new();
    for (at, [x, y]) in points.iter().enumerate() {
        if at == 0 {
            builder.move_to(*x as f32, *y as f32);
        } else {
            builder.line_to(*x as f32, *y as f32);
        }
    }
    if closed {
        builder.close();
    }
    builder.finish()
}

/// Glyph outlines as one path.
struct Glyphs(PathBuilder);

impl OutlineBuilder for Glyphs {
    fn move_to(&mut self, x: f32, y: f32) {
        self.0.move_to(x, y);
    }
    fn line_to(&mut self, x: f32, y: f32) {
        self.0.line_to(x, y);
    }
    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.0.quad_to(x1, y1, x, y);
    }
    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.0.cubic_to(x1, y1, x2, y2, x, y);
    }
    fn close(&mut self) {
        self.0.close();
    }
}
