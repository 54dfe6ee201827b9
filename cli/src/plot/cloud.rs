//! Points in a plane and the mass that moves between them.

use std::cmp::Reverse;

use earthwork::compare::PrincipalPlane;
use earthwork::measure::Samples;
use earthwork::transport::Flow;

use crate::failure::Outcome;
use crate::plot::Subject;
use crate::plot::axes::{Axes, Frame, Range};
use crate::plot::font;
use crate::plot::scene::{Paint, SOURCE, Scene, TARGET, WIDTH};
use earthwork_view::format;

/// More flows or points than this are a grey mass, and a large file.
const MOST_FLOWS: usize = 3000;
const MOST_POINTS: usize = 4000;

/// Both clouds and the flows between them; in more than two dimensions along the first two principal directions.
pub(super) fn draw(subject: &Subject) -> Outcome<Scene> {
    let [a, b] = subject.samples.map(|sample| &sample.samples);
    let mut remarks = Vec::new();
    let (places, names) = match subject.columns {
        [x, y] => ([a, b].map(|s| s.points().iter().map(|p| [p[0], p[1]]).collect()), [x.clone(), y.clone()]),
        columns => {
            let plane = PrincipalPlane::of(&[a, b])?;
            remarks.push(format!("{} columns seen along their first two principal directions", columns.len()));
            let places = [a, b].map(|s| s.points().iter().map(|p| plane.place(p)).collect());
            (places, [0, 1].map(|k| direction(&plane, k, columns)))
        }
    };
    let [from, to]: [Vec<[f64; 2]>; 2] = places;

    let frame = Frame { left: 92.0, top: 100.0, width: WIDTH - 120.0, height: 530.0 };
    let range = |k: usize| Range::of(from.iter().chain(&to).map(|point| point[k]));
    let (axes, equal) = Axes::new(frame, range(0), range(1)).with_equal_units();
    if !equal {
        remarks.push("the two axes have different scales".to_string());
    }
    let mut scene = Scene::new(axes.frame.top + axes.frame.height + 64.0);
    let flows = largest(subject.plan.flows());
    if flows.len() < subject.plan.flows().len() {
        let (shown, all) = (format::count(flows.len() as u64), format::count(subject.plan.flows().len() as u64));
        remarks.push(format!("{shown} of {all} flows drawn"));
    }
    if subject.standardised {
        remarks.push("columns standardised".to_string());
    }
    remarks.push("the bands are the plan, wider where more mass moves".to_string());
    if font::width(&remarks.join("; "), 13.0, false) > WIDTH - 56.0 {
        remarks.pop();
    }
    scene.head(&subject.title.main, &subject.title.evidence, &remarks.join("; "));
    scene.legend(
        84.0,
        subject.samples.map(|sample| format!("{}  ({})", sample.name, format::counted(sample.samples.len(), "point"))),
    );
    axes.draw(&mut scene, &names[0], &names[1]);

    let most = flows.iter().map(|flow| flow.mass).fold(0.0, f64::max);
    let width = (900.0 / flows.len() as f64).clamp(1.6, 9.0);
    let alpha = (90.0 / flows.len() as f64).clamp(0.25, 0.55);
    for flow in &flows {
        let (start, end) = (axes.place(from[flow.source]), axes.place(to[flow.target]));
        scene.ribbon(start, end, (width * flow.mass / most).max(0.4), alpha);
    }
    for (samples, places, rgb) in [(a, &from, SOURCE), (b, &to, TARGET)] {
        dots(&mut scene, &axes, samples, places, rgb);
    }
    Ok(scene)
}

/// The points of one sample, their areas by weight.
fn dots(scene: &mut Scene, axes: &Axes, samples: &Samples, places: &[[f64; 2]], rgb: [u8; 3]) {
    let step = places.len().div_ceil(MOST_POINTS);
    let usual = (70.0 / (places.len() as f64).sqrt()).clamp(1.6, 5.0);
    let mean = samples.total() / samples.len() as f64;
    for (at, &place) in places.iter().enumerate().step_by(step) {
        let weight = samples.weights().as_slice()[at] / mean;
        if weight > 0.0 {
            scene.dot(axes.place(place), (usual * weight.sqrt()).clamp(0.8, 14.0), Paint { rgb, alpha: 0.9 });
        }
    }
}

/// The largest flows; among equals a scattered choice, not the first ones of the file.
fn largest(flows: &[Flow]) -> Vec<Flow> {
    let mut order: Vec<usize> = (0..flows.len()).collect();
    let scattered = |at: usize| (at as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    order.sort_by_key(|&at| (Reverse(flows[at].mass.to_bits()), scattered(at)));
    order.truncate(MOST_FLOWS);
    order.into_iter().map(|at| flows[at]).collect()
}

/// "direction 1: 98 % of the variance, mostly `body_mass_g`".
fn direction(plane: &PrincipalPlane, k: usize, columns: &[String]) -> String {
    let components = plane.directions[k].iter().map(|v| v * v).zip(columns);
    let (part, name) = components.max_by(|(a, _), (b, _)| a.total_cmp(b)).map_or((0.0, ""), |(p, name)| (p, name));
    let led = if part >= 0.5 { "mostly" } else { "led by" };
    format!("direction {}: {} of the variance, {led} {name}", k + 1, format::percent(plane.shares[k]))
}
