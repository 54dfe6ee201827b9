//! Masses on a grid: both images, and what moves from where there is too much to where there is too little.

use std::collections::BTreeMap;

use earthwork::measure::Histogram;

use crate::plot::Subject;
use crate::plot::scene::{Anchor, FAINT, INK, Paint, SOURCE, Scene, Shape, TARGET};
use earthwork_view::format;

/// Blocks along the longer side of an image, each with one arrow.
const BLOCKS: usize = 14;
/// The side of a panel.
const SIDE: f64 = 284.0;

/// Three panels: the two images, and their difference with the main flows.
pub(super) fn draw(subject: &Subject) -> Scene {
    let grids = subject.samples.map(|sample| sample.grid.as_ref().expect("both samples are grids"));
    let rows = grids.iter().map(|grid| grid.shape()[0]).max().unwrap_or(1);
    let columns = grids.iter().map(|grid| grid.shape()[1]).max().unwrap_or(1);
    let cell = SIDE / rows.max(columns) as f64;
    let mut scene = Scene::new(150.0 + cell * rows as f64);
    scene.head(&subject.title.main, &subject.title.evidence, "");
    let top = 104.0;
    let lefts = [28.0, 338.0, 648.0];

    let most = |grid: &Histogram| grid.masses().as_slice().iter().copied().fold(0.0, f64::max);
    for ((grid, colour), left) in grids.into_iter().zip([SOURCE, TARGET]).zip(lefts) {
        let top_mass = most(grid);
        let rgb = grid.masses().as_slice().iter().flat_map(|mass| toward(colour, mass / top_mass)).collect();
        pixels(&mut scene, [left, top], cell, [grid.shape()[0], grid.shape()[1]], rgb);
    }
    let difference = difference(grids, [rows, columns]);
    let largest = difference.iter().fold(0.0_f64, |most, d| most.max(d.abs())).max(f64::MIN_POSITIVE);
    let shade = |d: &f64| toward(if *d > 0.0 { SOURCE } else { TARGET }, 0.75 * (d.abs() / largest).sqrt());
    pixels(&mut scene, [lefts[2], top], cell, [rows, columns], difference.iter().flat_map(shade).collect());

    let flows = block_flows(subject, rows.max(columns).div_ceil(BLOCKS));
    let heaviest = flows.iter().map(|flow| flow.mass).fold(0.0, f64::max);
    for flow in &flows {
        let place = |[row, column]: [f64; 2]| [lefts[2] + (column + 0.5) * cell, top + (row + 0.5) * cell];
        let width = (9.0 * flow.mass / heaviest).max(0.5);
        scene.wedge(place(flow.from), place(flow.to), width, Paint { rgb: INK, alpha: 0.62 });
    }
    let names = subject.samples.map(|sample| sample.name.clone());
    let titles = [names[0].as_str(), names[1].as_str(), "what moves, from blue to orange"];
    for (title, left) in titles.into_iter().zip(lefts) {
        scene.text([left, top - 10.0], title, 13.0, Anchor::Start, INK);
    }
    let block = rows.max(columns).div_ceil(BLOCKS);
    let note = format!(
        "blue: mass to spare, orange: mass wanting; each wedge sums up the {} that leave one block of {block} x {block} cells",
        "flows"
    );
    let size = format!("{} x {} cells", format::count(rows as u64), format::count(columns as u64));
    let below = top + cell * rows as f64 + 26.0;
    scene.text([lefts[0], below], size, 12.0, Anchor::Start, FAINT);
    scene.text([lefts[2] + SIDE, below], note, 12.0, Anchor::End, FAINT);
    scene
}

fn pixels(scene: &mut Scene, at: [f64; 2], cell: f64, shape: [usize; 2], rgb: Vec<u8>) {
    let size = [cell * shape[1] as f64, cell * shape[0] as f64];
    scene.shapes.push(Shape::Pixels { at, size, shape, rgb });
}

/// White at 0, the colour at 1.
fn toward(colour: [u8; 3], part: f64) -> [u8; 3] {
    colour.map(|c| (255.0 + (f64::from(c) - 255.0) * part.clamp(0.0, 1.0)).round() as u8)
}

/// The first image's share of mass in each cell, less the second's.
fn difference(grids: [&Histogram; 2], [rows, columns]: [usize; 2]) -> Vec<f64> {
    let mut cells = vec![0.0; rows * columns];
    for (grid, sign) in grids.into_iter().zip([1.0, -1.0]) {
        let width = grid.shape()[1];
        for (at, mass) in grid.masses().as_slice().iter().enumerate() {
            cells[at / width * columns + at % width] += sign * mass / grid.masses().total();
        }
    }
    cells
}

/// The flows that leave one block, as one.
struct BlockFlow {
    from: [f64; 2],
    to: [f64; 2],
    mass: f64,
}

/// Sums the flows that leave each block of `side` x `side` cells; what stays in its cell is left out.
fn block_flows(subject: &Subject, side: usize) -> Vec<BlockFlow> {
    let [a, b] = subject.samples.map(|sample| &sample.samples);
    let mut blocks: BTreeMap<[usize; 2], BlockFlow> = BTreeMap::new();
    for flow in subject.plan.flows() {
        let (from, to) = (a.point(flow.source), b.point(flow.target));
        if from == to {
            continue;
        }
        let key = [from[0] as usize / side, from[1] as usize / side];
        let block = blocks.entry(key).or_insert(BlockFlow { from: [0.0; 2], to: [0.0; 2], mass: 0.0 });
        for k in 0..2 {
            block.from[k] += flow.mass * from[k];
            block.to[k] += flow.mass * to[k];
        }
        block.mass += flow.mass;
    }
    let mean = |sum: [f64; 2], mass: f64| sum.map(|s| s / mass);
    blocks
        .into_values()
        .map(|block| BlockFlow { from: mean(block.from, block.mass), to: mean(block.to, block.mass), mass: block.mass })
        .collect()
}
