//! Points on a line: the two distribution functions, and who sends to whom.

use earthwork::measure::Samples;

use crate::plot::Subject;
use crate::plot::axes::{Axes, Frame, Range};
use crate::plot::scene::{Anchor, FAINT, FLOW, INK, Paint, RULE, SOURCE, Scene, TARGET, solid};
use earthwork_view::format;

/// Steps or dots drawn at most; more cannot be told apart.
const MOST_STEPS: usize = 2000;

/// Two panels: left the distribution functions with the area between them, right the plan.
pub(super) fn draw(subject: &Subject) -> Scene {
    let [a, b] = subject.samples.map(|sample| &sample.samples);
    let mut scene = Scene::new(560.0);
    let remark = if subject.standardised { "column standardised" } else { "" };
    scene.head(&subject.title.main, &subject.title.evidence, remark);
    scene.legend(
        60.0,
        subject.samples.map(|sample| format!("{}  ({})", sample.name, format::counted(sample.samples.len(), "point"))),
    );
    let name = &subject.columns[0];
    let values = Range::of([a, b].into_iter().flat_map(|s| s.points().iter().map(|x| x[0])));

    let frame = Frame { left: 84.0, top: 104.0, width: 390.0, height: 390.0 };
    let axes = Axes::new(frame, values, Range { low: 0.0, high: 1.0 });
    axes.draw(&mut scene, name, "part of the mass at or below");
    let [in_a, in_b] = [a, b].map(|samples| steps(samples, values));
    let place = |points: &[[f64; 2]]| points.iter().map(|&point| axes.place(point)).collect::<Vec<_>>();
    let mut between = place(&in_a);
    between.extend(place(&in_b).into_iter().rev());
    scene.polygon(between, Paint { rgb: FLOW, alpha: 0.16 });
    for (points, colour) in [(&in_a, SOURCE), (&in_b, TARGET)] {
        scene.line(place(points), 2.2, solid(colour));
    }
    scene.text([84.0, 94.0], "distribution functions; the area between them is W1", 13.0, Anchor::Start, INK);

    let frame = Frame { left: 560.0, ..frame };
    let frame = Frame { width: 372.0, ..frame };
    let axes = Axes::new(frame, values, values);
    axes.draw(
        &mut scene,
        &format!("{name} in {}", subject.samples[0].name),
        &format!("{name} in {}", subject.samples[1].name),
    );
    let corner = |v: f64| axes.place([v, v]);
    scene.line(vec![corner(values.low), corner(values.high)], 1.4, solid(RULE));
    let flows = subject.plan.flows();
    let most = flows.iter().map(|flow| flow.mass).fold(0.0, f64::max);
    let usual = (36.0 / (flows.len() as f64).sqrt()).clamp(1.4, 5.0);
    for flow in flows.iter().step_by(flows.len().div_ceil(MOST_STEPS)) {
        let at = axes.place([a.point(flow.source)[0], b.point(flow.target)[0]]);
        scene.dot(at, (usual * (flow.mass / most).sqrt()).max(0.7), Paint { rgb: FLOW, alpha: 0.9 });
    }
    scene.text([560.0, 94.0], "the plan: from the value below to the value at the left", 13.0, Anchor::Start, INK);
    let [x, y] = corner(values.high);
    scene.text([x - 10.0, y + 30.0], "no move", 12.0, Anchor::End, FAINT);
    scene
}

/// The distribution function as steps from the left end to the right end.
fn steps(samples: &Samples, range: Range) -> Vec<[f64; 2]> {
    let mut order: Vec<usize> = (0..samples.len()).collect();
    order.sort_by(|&i, &j| samples.point(i)[0].total_cmp(&samples.point(j)[0]));
    let stride = order.len().div_ceil(MOST_STEPS);
    let mut points = vec![[range.low, 0.0]];
    let (mut below, mut drawn) = (0.0, 0.0);
    for (rank, &i) in order.iter().enumerate() {
        below += samples.weights().as_slice()[i] / samples.total();
        if rank % stride == 0 || rank + 1 == order.len() {
            let x = samples.point(i)[0];
            points.extend([[x, drawn], [x, below.min(1.0)]]);
            drawn = below.min(1.0);
        }
    }
    points.push([range.high, drawn]);
    points
}
