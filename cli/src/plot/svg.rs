//! A scene as SVG.

use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::plot::raster;
use crate::plot::scene::{Anchor, Paint, RIMMED, Scene, Shape, WIDTH, band};

/// The SVG document.
pub(super) fn text(scene: &Scene) -> String {
    let (width, height) = (WIDTH, scene.height);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         font-family=\"Inter, 'Helvetica Neue', Arial, sans-serif\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    if let Some(Shape::Ribbon { start, end, .. }) = scene.shapes.iter().find(|s| matches!(s, Shape::Ribbon { .. })) {
        out += &gradients(start.rgb, *end);
    }
    // Neighbours of one look share a group, which keeps thousands of flows short.
    let mut open = String::new();
    for shape in &scene.shapes {
        let (look, element) = write(shape);
        if look != open {
            out += if open.is_empty() { "" } else { "</g>\n" };
            if !look.is_empty() {
                writeln!(out, "<g {look}>").expect("writing to a string");
            }
            open = look;
        }
        out += &element;
        out.push('\n');
    }
    out + if open.is_empty() { "" } else { "</g>\n" } + "</svg>\n"
}

/// The attributes that neighbours may share, and the element itself.
fn write(shape: &Shape) -> (String, String) {
    match shape {
        Shape::Polygon { points, fill } => (painted("fill", *fill), format!("<path d=\"{}Z\"/>", path(points))),
        Shape::Line { points, width, stroke } => {
            let look = format!("fill=\"none\" stroke-width=\"{}\" {}", short(*width), painted("stroke", *stroke));
            (look, format!("<path d=\"{}\"/>", path(points)))
        }
        Shape::Ribbon { from, to, width, start, .. } => {
            let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
            let name = match (dx.abs() >= dy.abs(), dx > 0.0, dy > 0.0) {
                (true, true, _) => "right",
                (true, false, _) => "left",
                (false, _, true) => "down",
                (false, _, false) => "up",
            };
            let look = format!("fill=\"url(#{name})\" fill-opacity=\"{}\"", short(start.alpha));
            (look, format!("<path d=\"{}Z\"/>", path(&band(*from, *to, [*width; 2]))))
        }
        Shape::Dot { at: [x, y], radius, fill } => {
            let rim = if *radius >= RIMMED { " stroke=\"#fff\" stroke-width=\"0.6\"" } else { "" };
            let look = painted("fill", *fill) + rim;
            (look, format!("<circle cx=\"{}\" cy=\"{}\" r=\"{}\"/>", short(*x), short(*y), short(*radius)))
        }
        Shape::Text { at: [x, y], text, size, bold, anchor, fill, upright } => {
            let anchor = match anchor {
                Anchor::Start => "",
                Anchor::Middle => " text-anchor=\"middle\"",
                Anchor::End => " text-anchor=\"end\"",
            };
            let weight = if *bold { " font-weight=\"600\"" } else { "" };
            let (x, y) = (short(*x), short(*y));
            let turn = if *upright { String::new() } else { format!(" transform=\"rotate(-90 {x} {y})\"") };
            let look = format!("fill=\"{}\" font-size=\"{}\"{weight}", hex(*fill), short(*size));
            (look, format!("<text x=\"{x}\" y=\"{y}\"{anchor}{turn}>{}</text>", escaped(text)))
        }
        Shape::Pixels { at: [x, y], size: [w, h], shape, rgb } => {
            let data = STANDARD.encode(raster::encode(rgb, shape[1], shape[0]));
            let [x, y, w, h] = [x, y, w, h].map(|v| short(*v));
            let element = format!(
                "<image x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" preserveAspectRatio=\"none\" \
                 style=\"image-rendering:pixelated\" href=\"data:image/png;base64,{data}\"/>"
            );
            (String::new(), element)
        }
    }
}

/// One gradient for each main direction of a ribbon. In the box of a long band they run along it.
fn gradients(start: [u8; 3], end: [u8; 3]) -> String {
    let mut out = String::from("<defs>\n");
    let ends = [
        ("right", "0", "0", "1", "0"),
        ("left", "1", "0", "0", "0"),
        ("down", "0", "0", "0", "1"),
        ("up", "0", "1", "0", "0"),
    ];
    for (name, x1, y1, x2, y2) in ends {
        writeln!(
            out,
            "<linearGradient id=\"{name}\" x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\">\
             <stop stop-color=\"{}\"/><stop offset=\"1\" stop-color=\"{}\"/></linearGradient>",
            hex(start),
            hex(end)
        )
        .expect("writing to a string");
    }
    out + "</defs>\n"
}

/// Points to a tenth of a pixel, each as a step from the one before.
fn path(points: &[[f64; 2]]) -> String {
    let mut out = String::new();
    let mut last = [0_i64; 2];
    for (at, point) in points.iter().enumerate() {
        let tenths = point.map(|v| (v * 10.0).round() as i64);
        let step = |k: usize| short((tenths[k] - last[k]) as f64 / 10.0);
        if at == 0 {
            write!(out, "M{},{}", short(tenths[0] as f64 / 10.0), short(tenths[1] as f64 / 10.0))
        } else {
            write!(out, "l{},{}", step(0), step(1))
        }
        .expect("writing to a string");
        last = tenths;
    }
    out
}

/// A number to two decimals, without zeros at the end.
fn short(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_string() } else { text.to_string() }
}

fn painted(what: &str, paint: Paint) -> String {
    let opacity = if paint.alpha < 1.0 { format!(" {what}-opacity=\"{}\"", short(paint.alpha)) } else { String::new() };
    format!("{what}=\"{}\"{opacity}", hex(paint.rgb))
}

fn hex([r, g, b]: [u8; 3]) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
