//! Pictures of an adversarial training: what was made, the critic, and how both came about.

use earthwork::compare::PrincipalPlane;
use earthwork::gan::Training;
use earthwork::measure::Samples;
use ndarray::Array2;

use crate::failure::Outcome;
use crate::folder::{Line, RunFile};
use crate::plot::axes::{Axes, Frame, Range};
use crate::plot::contour;
use crate::plot::metrics::metrics;
use crate::plot::raster;
use crate::plot::scene::{Anchor, FAINT, INK, Paint, SOURCE, Scene, Shape, TARGET, WIDTH, solid};
use crate::plot::sheet::generated_images;
use earthwork_view::format;

/// Cells of the critic's picture along the longer side.
const CELLS: usize = 160;
/// Contour lines of the critic.
const LEVELS: usize = 14;
/// Bars of the histogram of weights.
const BARS: usize = 61;
/// Records whose gradients are drawn at most.
const RECORDS: usize = 6;

/// A curve: its name, its colour, and its value at a record.
type Series = (&'static str, [u8; 3], fn(&Line) -> Option<f64>);

/// Everything the pictures show.
pub(crate) struct Pictures<'a> {
    pub(crate) run: &'a RunFile,
    pub(crate) training: &'a Training,
    pub(crate) lines: &'a [Line],
    pub(crate) real: &'a Samples,
    pub(crate) generated: &'a Samples,
}

/// All pictures as PNG, each with its file name.
pub(crate) fn training(of: &Pictures) -> Outcome<Vec<(&'static str, Vec<u8>)>> {
    let mut scenes = vec![("samples.png", samples(of)?)];
    if of.training.data().dim() == 2 {
        scenes.push(("critic.png", critic(of)?));
    }
    scenes.push(("loss.png", loss(of)));
    scenes.push(("gradients.png", gradients(of)));
    scenes.push(("weights.png", weights(of)));
    if !of.run.floor_metrics.is_empty() {
        scenes.push(("metrics.png", metrics(&of.title(), &of.evidence(), of.run, of.lines)));
    }
    let mut drawn: Vec<_> = scenes.iter().map(|(name, scene)| (*name, raster::png(scene))).collect();
    if let Some(png) = generated_images(of.training)? {
        drawn.insert(0, ("images.png", png));
    }
    Ok(drawn)
}

impl Pictures<'_> {
    fn title(&self) -> String {
        format!("{} on {}", self.run.objective, self.run.data)
    }

    fn evidence(&self) -> String {
        let step = format!("step {}", format::count(self.training.steps()));
        self.lines.last().map_or(step.clone(), |last| {
            let over = format::short(last.w1 / self.run.floor_w1, 3);
            format!("{step}: exact W1 = {}, {over} times real against real", format::short(last.w1, 4))
        })
    }

    /// Real and generated points in a plane, and what the plane is.
    fn places(&self) -> Outcome<([Vec<[f64; 2]>; 2], String)> {
        let both = [self.real, self.generated];
        match self.real.dim() {
            1 => {
                let spread = |k: usize| (k as f64 * 0.618_034).fract();
                let side = |s: &Samples, low: f64| {
                    s.points().iter().enumerate().map(|(k, p)| [p[0], low + 0.8 * spread(k)]).collect::<Vec<_>>()
                };
                Ok(([side(self.real, 1.0), side(self.generated, 0.0)], "one column; heights say nothing".into()))
            }
            2 => Ok((both.map(|s| s.points().iter().map(|p| [p[0], p[1]]).collect()), String::new())),
            d => {
                let plane = PrincipalPlane::of(&[self.real])?;
                let places = both.map(|s| s.points().iter().map(|p| plane.place(p)).collect());
                Ok((places, format!("{d} columns seen along the first two principal directions of the real points")))
            }
        }
    }

    fn legend(&self, scene: &mut Scene, y: f64) {
        let names = [("real", self.real), ("generated", self.generated)];
        scene.legend(y, names.map(|(name, s)| format!("{name}  ({})", format::counted(s.len(), "point"))));
    }
}

/// Real and generated points.
fn samples(of: &Pictures) -> Outcome<Scene> {
    let (places, remark) = of.places()?;
    let axes = plane(&places);
    let mut scene = Scene::new(axes.frame.top + axes.frame.height + 40.0);
    scene.head(&of.title(), &of.evidence(), &remark);
    of.legend(&mut scene, 84.0);
    axes.draw(&mut scene, "", "");
    for (points, rgb) in places.iter().zip([SOURCE, TARGET]) {
        for &point in points {
            scene.dot(axes.place(point), 2.0, Paint { rgb, alpha: 0.6 });
        }
    }
    Ok(scene)
}

/// The critic's values with contours, and the points it judges.
fn critic(of: &Pictures) -> Outcome<Scene> {
    let (places, _) = of.places()?;
    let axes = plane(&places);
    let frame = axes.frame;
    let cell = frame.width.max(frame.height) / CELLS as f64;
    let (columns, rows) = ((frame.width / cell).ceil() as usize, (frame.height / cell).ceil() as usize);
    let middle = |row: usize, column: usize| {
        axes.value([
            frame.left + frame.width * (column as f64 + 0.5) / columns as f64,
            frame.top + frame.height * (row as f64 + 0.5) / rows as f64,
        ])
    };
    let grid = Array2::from_shape_fn((rows * columns, 2), |(at, k)| middle(at / columns, at % columns)[k]);
    let values = of.training.critic_values(grid.view())?.to_vec();
    let (low, high) = values.iter().fold((f64::MAX, f64::MIN), |(low, high), &v| (low.min(v), high.max(v)));
    let length = (high - low).max(f64::MIN_POSITIVE);

    let mut scene = Scene::new(frame.top + frame.height + 64.0);
    let remark = format!(
        "blue where it takes points for real; {LEVELS} contours from {} to {}, in units of length",
        format::short(low, 3),
        format::short(high, 3)
    );
    scene.head(&format!("{}: the critic", of.title()), &of.evidence(), &remark);
    of.legend(&mut scene, 84.0);
    let rgb = values.iter().flat_map(|v| shade((v - low) / length)).collect();
    let (at, size) = ([frame.left, frame.top], [frame.width, frame.height]);
    scene.shapes.push(Shape::Pixels { at, size, shape: [rows, columns], rgb });
    for level in (1..=LEVELS).map(|k| low + length * k as f64 / (LEVELS + 1) as f64) {
        for piece in contour::lines(&values, columns, level) {
            let place = |[x, y]: [f64; 2]| {
                [
                    frame.left + frame.width * (x + 0.5) / columns as f64,
                    frame.top + frame.height * (y + 0.5) / rows as f64,
                ]
            };
            scene.line(piece.map(place).to_vec(), 0.8, Paint { rgb: INK, alpha: 0.45 });
        }
    }
    for (points, rgb) in places.iter().zip([SOURCE, TARGET]) {
        for &point in points.iter().step_by(3) {
            scene.dot(axes.place(point), 1.6, Paint { rgb, alpha: 0.8 });
        }
    }
    axes.draw_numbers(&mut scene);
    Ok(scene)
}

/// What the critic says and what is so, step by step.
fn loss(of: &Pictures) -> Scene {
    let mut scene = Scene::new(560.0);
    scene.head(&format!("{}: the critic and the exact distance", of.title()), &of.evidence(), "");
    let series: [Series; 4] = [
        ("exact W1", SOURCE, |line| Some(line.w1)),
        ("critic's value (raw)", TARGET, |line| Some(line.critic_value)),
        ("minus the critic's loss", [140, 90, 160], |line| Some(-line.critic_loss)),
        ("proven by the critic", [60, 140, 80], |line| line.certified),
    ];
    // A value that runs away would leave nothing else to see.
    let most = 3.0 * of.lines.iter().map(|line| line.w1).fold(of.run.floor_w1, f64::max);
    let fits = |value: f64| value.clamp(-most, most);
    let values = of.lines.iter().flat_map(|line| series.iter().filter_map(|(_, _, value)| value(line)).map(fits));
    let frame = Frame { left: 92.0, top: 110.0, width: WIDTH - 120.0, height: 380.0 };
    let steps = Range::of(of.lines.iter().map(|line| line.step as f64));
    let axes = Axes::new(frame, steps, Range::of(values.chain([0.0, of.run.floor_w1])));
    axes.draw(&mut scene, "steps of the generator", "units of length (loss: of its own)");
    let floor = [steps.low, steps.high].map(|step| axes.place([step, of.run.floor_w1]));
    scene.line(floor.to_vec(), 1.2, Paint { rgb: FAINT, alpha: 0.8 });
    scene.text([floor[1][0] - 6.0, floor[1][1] + 15.0], "real against real", 12.0, Anchor::End, FAINT);
    let mut left = frame.left;
    // The loss of a WGAN is its value.
    let own = |name: &str| !(name.contains("loss") && of.run.objective.starts_with("wgan"));
    for (name, rgb, value) in series.into_iter().filter(|(name, ..)| own(name)) {
        let points: Vec<[f64; 2]> =
            of.lines.iter().filter_map(|line| Some(axes.place([line.step as f64, fits(value(line)?)]))).collect();
        if points.is_empty() {
            continue;
        }
        points.iter().for_each(|&point| scene.dot(point, 2.4, solid(rgb)));
        scene.line(points, 2.0, solid(rgb));
        scene.dot([left + 5.0, 87.5], 5.0, solid(rgb));
        scene.text([left + 16.0, 92.0], name, 13.0, Anchor::Start, INK);
        left += 44.0 + crate::plot::font::width(name, 13.0, false);
    }
    scene
}

/// How gradients grow or die with depth.
fn gradients(of: &Pictures) -> Scene {
    let mut scene = Scene::new(540.0);
    let remark =
        "mean norm of the critic's gradient at what comes out of each of its matrices; faint: early, strong: late";
    scene.head(&format!("{}: gradients by layer", of.title()), &of.evidence(), remark);
    let rows = of.lines.len().min(RECORDS);
    let chosen: Vec<&Line> =
        (0..rows).map(|k| &of.lines[if rows > 1 { k * (of.lines.len() - 1) / (rows - 1) } else { 0 }]).collect();
    let log = |norm: f64| norm.max(1e-12).log10();
    let all = chosen.iter().flat_map(|line| line.activation_gradients.iter().map(|&norm| log(norm)));
    let depth = chosen.iter().map(|line| line.activation_gradients.len()).max().unwrap_or(1);
    let frame = Frame { left: 92.0, top: 90.0, width: WIDTH - 240.0, height: 380.0 };
    let range = Range::of(all.chain([-1.0, 0.5]));
    let axes = Axes::new(frame, Range::of([1.0, depth as f64].into_iter()), range);
    axes.draw(&mut scene, "matrix, from the input", "log10 of the norm");
    let mut labels: Vec<(f64, String)> = Vec::new();
    for (k, line) in chosen.iter().enumerate() {
        let paint = Paint { rgb: SOURCE, alpha: 0.25 + 0.75 * (k + 1) as f64 / chosen.len() as f64 };
        let place = |(at, &norm): (usize, &f64)| axes.place([at as f64 + 1.0, log(norm)]);
        let points: Vec<[f64; 2]> = line.activation_gradients.iter().enumerate().map(place).collect();
        points.iter().for_each(|&point| scene.dot(point, 3.0, paint));
        if let Some(first) = points.first() {
            labels.push((first[1], format!("step {}", format::count(line.step))));
        }
        scene.line(points, 2.0, paint);
    }
    // Labels at the right end, one below the other in the order of the curves at the input.
    labels.sort_by(|a, b| a.0.total_cmp(&b.0));
    scene.text([frame.left + frame.width + 14.0, frame.top + 14.0], "highest first:", 12.0, Anchor::Start, FAINT);
    for (k, (_, label)) in labels.into_iter().enumerate() {
        let at = [frame.left + frame.width + 14.0, frame.top + 36.0 + 18.0 * k as f64];
        scene.text(at, label, 12.0, Anchor::Start, INK);
    }
    scene
}

/// How the critic's weights are spread.
fn weights(of: &Pictures) -> Scene {
    let mut scene = Scene::new(520.0);
    let network = of.training.critic_network();
    let weights: Vec<f64> = network.weights(network.parameters()).concat().iter().map(|&w| f64::from(w)).collect();
    let largest = weights.iter().fold(0.0_f64, |most, w| most.max(w.abs())).max(f64::MIN_POSITIVE);
    let mut counts = [0_usize; BARS];
    for w in &weights {
        let at = ((w / largest + 1.0) * 0.5 * BARS as f64) as usize;
        counts[at.min(BARS - 1)] += 1;
    }
    let clipped = of.lines.last().and_then(|line| line.at_bound);
    let remark = clipped.map_or_else(
        || format!("{} weights", format::count(weights.len() as u64)),
        |share| {
            format!("{} weights, {} of them at the bound", format::count(weights.len() as u64), format::percent(share))
        },
    );
    scene.head(&format!("{}: the critic's weights", of.title()), &of.evidence(), &remark);
    let shares = counts.map(|count| count as f64 / weights.len() as f64);
    let frame = Frame { left: 92.0, top: 84.0, width: WIDTH - 120.0, height: 370.0 };
    let top = 1.06 * shares.iter().copied().fold(0.0, f64::max);
    let axes = Axes::new(frame, Range { low: -1.02 * largest, high: 1.02 * largest }, Range { low: 0.0, high: top });
    axes.draw(&mut scene, "weight", "share of all");
    for (k, share) in shares.iter().enumerate() {
        let edge = |k: usize| largest * (2.0 * k as f64 / BARS as f64 - 1.0);
        let corners = [[edge(k), 0.0], [edge(k), *share], [edge(k + 1), *share], [edge(k + 1), 0.0]];
        scene.polygon(corners.map(|corner| axes.place(corner)).to_vec(), Paint { rgb: SOURCE, alpha: 0.85 });
    }
    scene
}

/// Axes around two clouds, with equal units where that fits.
fn plane(places: &[Vec<[f64; 2]>; 2]) -> Axes {
    let range = |k: usize| Range::of(places.iter().flatten().map(|point| point[k]));
    let frame = Frame { left: 92.0, top: 100.0, width: WIDTH - 120.0, height: 620.0 };
    Axes::new(frame, range(0), range(1)).with_equal_units().0
}

/// Orange at 0, white in the middle, blue at 1, each pale enough for what is drawn over it.
fn shade(part: f64) -> [u8; 3] {
    let (colour, strength) = if part < 0.5 { (TARGET, 1.0 - 2.0 * part) } else { (SOURCE, 2.0 * part - 1.0) };
    colour.map(|c| (255.0 + (f64::from(c) - 255.0) * 0.7 * strength.clamp(0.0, 1.0)).round() as u8)
}
