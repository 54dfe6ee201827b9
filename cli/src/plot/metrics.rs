//! The course of metrics beside the exact distance, a small picture for each.

use crate::better::Better;
use crate::folder::{Line, RunFile, tracks_w1};
use crate::plot::axes::{Axes, Frame, Range};
use crate::plot::scene::{Anchor, FAINT, INK, Paint, SOURCE, Scene, TARGET, WIDTH, solid};

/// Pictures side by side.
const COLUMNS: usize = 3;
/// The room of one picture with its name and its numbers.
const ROOM: [f64; 2] = [(WIDTH - 40.0) / COLUMNS as f64, 216.0];
const TOP: f64 = 84.0;

/// Every metric in its own units, over exact W₁ on a scale of its own.
pub(super) fn metrics(title: &str, evidence: &str, run: &RunFile, lines: &[Line]) -> Scene {
    let count = run.floor_metrics.len();
    let mut scene = Scene::new(TOP + ROOM[1] * count.div_ceil(COLUMNS) as f64 + 30.0);
    let remark = "blue: exact W1 on a scale of its own, upside down where more is better; thin: real against real";
    scene.head(&format!("{title}: metrics and the exact distance"), evidence, remark);
    let steps = Range::of(lines.iter().map(|line| line.step as f64));
    let exact = Range::of(lines.iter().map(|line| line.w1).chain([run.floor_w1]));
    for (k, real) in run.floor_metrics.iter().enumerate() {
        let (column, row) = ((k % COLUMNS) as f64, (k / COLUMNS) as f64);
        let (left, top) = (20.0 + ROOM[0] * column + 62.0, TOP + ROOM[1] * row + 24.0);
        let frame = Frame { left, top, width: ROOM[0] - 82.0, height: ROOM[1] - 66.0 };
        scene.text([left, top - 9.0], &real.name, 13.5, Anchor::Start, INK);
        if let Some(rho) = tracks_w1(lines, k) {
            scene.text([left + frame.width, top - 9.0], format!("rank correlation {rho:.2}"), 12.0, Anchor::End, FAINT);
        }
        let value = |line: &Line| line.metrics.get(k).and_then(|metric| metric.value);
        let found: Vec<[f64; 2]> = lines.iter().filter_map(|line| Some([line.step as f64, value(line)?])).collect();
        if found.is_empty() {
            scene.text([left, top + 20.0], "no value", 12.0, Anchor::Start, FAINT);
            continue;
        }
        let axes = Axes::new(frame, steps, Range::of(found.iter().map(|&[_, value]| value).chain(real.value)));
        axes.draw(&mut scene, "", "");
        if let Some(floor) = real.value {
            let ends = [steps.low, steps.high].map(|step| axes.place([step, floor]));
            scene.line(ends.to_vec(), 1.2, Paint { rgb: FAINT, alpha: 0.8 });
        }
        let place = |line: &Line| {
            let up = (line.w1 - exact.low) / exact.length();
            let down = if real.better == Better::Higher { up } else { 1.0 - up };
            [axes.place([line.step as f64, 0.0])[0], top + frame.height * down]
        };
        scene.line(lines.iter().map(place).collect(), 3.0, Paint { rgb: SOURCE, alpha: 0.35 });
        let points: Vec<[f64; 2]> = found.into_iter().map(|pair| axes.place(pair)).collect();
        points.iter().for_each(|&point| scene.dot(point, 2.0, solid(TARGET)));
        scene.line(points, 1.8, solid(TARGET));
    }
    scene
}
