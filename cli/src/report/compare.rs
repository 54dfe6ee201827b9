//! The report of `compare` on two samples.

use earthwork::compare::{Comparison, FlowGroup, Row};
use earthwork::transport::Status;
use unicode_width::UnicodeWidthStr;

use crate::read::Inputs;
use crate::report::estimates::others;
use crate::report::inputs::{describe, warn_about_scales};
use crate::report::layout::{Grid, WIDTH, bar};
use earthwork_view::format;

/// How many columns a sentence about a movement names.
const NAMED: usize = 3;
/// How many columns the split of the distance lists.
const LISTED: usize = 8;

/// The whole report.
pub(crate) fn compare(inputs: &Inputs, comparison: &Comparison) -> String {
    let mut entries = describe(inputs);
    warn_about_scales(&mut entries, inputs, &comparison.scales);
    let mass = inputs.samples[0].samples.total();
    if (mass - 1.0).abs() > 1e-12 {
        let per_unit = |row: &Row| {
            let mean = row.estimate().value / mass.powf(1.0 / row.root.order());
            format!("{} is {}", row.name, format::number(mean, 6))
        };
        let means: Vec<String> = comparison.rows.iter().map(per_unit).collect();
        let text = format!("the distances are of all the mass; per unit of mass (--normalise) {}", means.join(", "));
        entries.add("note", text);
    }
    let sections = [
        entries.text(),
        distances(&comparison.rows),
        others(comparison),
        columns(inputs, comparison),
        movements(inputs, comparison),
    ];
    let sections: Vec<String> = sections.into_iter().filter(|section| !section.is_empty()).collect();
    format!("\n{}\n", sections.join("\n"))
}

/// The distances, with their evidence where the eye falls first.
fn distances(rows: &[Row]) -> String {
    let mut grid = Grid::new("lrrrrlrrr");
    let pivots = rows.iter().all(|row| row.solution.report.method == "network simplex");
    let work = if pivots { "pivots" } else { "iterations" };
    grid.row(["distance", "value", "lower bound", "upper bound", "gap", "status", work, "time", "memory"]);
    for row in rows {
        let (estimate, report) = (row.estimate(), &row.solution.report);
        let gap = row.solution.bounds.map_or(f64::INFINITY, |bounds| bounds.relative_gap());
        grid.row([
            format!("{}  exact", row.name),
            format::number(estimate.value, 8),
            format::down(estimate.lower(), 10),
            format::up(estimate.upper(), 10),
            format::gap(gap),
            row.solution.status.to_string(),
            format::count(report.iterations),
            format::time(report.time),
            format::bytes(report.memory as u64),
        ]);
    }
    let mut text = grid.text(2);
    text += "\n  W1 is the mean Euclidean distance over which mass has to move, W2 the root of the mean square. Both bounds are proven:\n";
    text += "  the lower by potentials, the upper by a plan, checked by code that does not trust the solver.\n";
    let short = rows.iter().map(|row| row.solution.status).find(|&status| status != Status::Optimal);
    text + &short.map_or_else(String::new, short_of_optimal)
}

/// What a solve that stopped short of the optimum gives, as a paragraph of its own.
pub(crate) fn short_of_optimal(status: Status) -> String {
    if status == Status::WithinTolerance {
        let text = "The bounds are as close as asked for; the value is that of the best plan found. --tolerance 0 asks for the optimum.";
        return format!("\n  {text}\n");
    }
    let why = match status {
        Status::Deadline => "The time limit came first",
        Status::Cancelled => "You ended the run",
        Status::IterationLimit => "The iteration limit came first",
        _ => "No further progress was possible in floating point",
    };
    format!(
        "\n  {why}: these are bounds, not the distance. The truth lies between them, and the value is that of the best plan found.\n"
    )
}

/// How much of W2² each column carries.
fn columns(inputs: &Inputs, comparison: &Comparison) -> String {
    if inputs.columns.len() < 2 {
        return String::new();
    }
    let mut text = "  Where the distance lies: W2² is a sum over the columns\n\n".to_string();
    let order = by_share(comparison);
    let mut grid = Grid::new("lrlrrr");
    let [a, b] = [0, 1].map(|side| format!("mean in {}", inputs.samples[side].name));
    grid.row(["column", "share", "", &a, &b, "of which shift of the mean"]);
    for &k in order.iter().take(LISTED) {
        let column = &comparison.columns[k];
        let shift = if column.share > 0.0 { format::percent(column.shift) } else { String::new() };
        let mut cells = vec![inputs.columns[k].clone(), format::percent(column.share), bar(column.share, 20)];
        cells.extend(readable(&[column.source_mean, column.target_mean]));
        cells.push(shift);
        grid.row(cells);
    }
    text += &grid.text(4);
    if order.len() > LISTED {
        let rest: f64 = order[LISTED..].iter().map(|&k| comparison.columns[k].share).sum();
        let others = order.len() - LISTED;
        let rest = format::percent(rest);
        text += &["    the other ", &others.to_string(), " columns together ", &rest, "\n"].concat();
    }
    text
}

/// The columns, those that carry most of the distance first.
pub(crate) fn by_share(comparison: &Comparison) -> Vec<usize> {
    let mut order: Vec<usize> = (0..comparison.columns.len()).collect();
    order.sort_by(|&a, &b| comparison.columns[b].share.total_cmp(&comparison.columns[a].share));
    order
}

/// The plan in words, with as many columns as a line has room for.
fn movements(inputs: &Inputs, comparison: &Comparison) -> String {
    let order = by_share(comparison);
    let mut named = order.len().min(NAMED);
    let mut lines = sentences(inputs, &comparison.flows, &order[..named]);
    while named > 1 && lines.lines().any(|line| line.width() > WIDTH) {
        named -= 1;
        lines = sentences(inputs, &comparison.flows, &order[..named]);
    }
    let entries: usize = comparison.flows.iter().map(|flow| flow.entries).sum();
    let flows = format::counted(entries, "flow");
    let groups = format::counted(comparison.flows.len(), "movement");
    let which = if named == inputs.columns.len() {
        String::new()
    } else {
        format!(
            " in the {} most of W2²",
            if named == 1 { "column that carries".into() } else { format!("{named} columns that carry") }
        )
    };
    format!("  What moves where: the {flows} of the W2 plan, summed up in {groups} (means{which})\n\n{lines}")
}

/// "31 % of the mass moves from", then each column with its two means.
fn sentences(inputs: &Inputs, flows: &[FlowGroup], named: &[usize]) -> String {
    let means: Vec<Vec<String>> = named
        .iter()
        .map(|&k| readable(&flows.iter().flat_map(|flow| [flow.from[k], flow.to[k]]).collect::<Vec<_>>()))
        .collect();
    let mut grid = Grid::new(&format!("r{}", "l".repeat(1 + named.len())));
    for (at, flow) in flows.iter().enumerate() {
        let share = format::percent(flow.share);
        if flow.stays() {
            grid.row([share, "of the mass stays where it is".to_string()]);
            continue;
        }
        let mut cells = vec![share, "of the mass moves from".to_string()];
        for (means, &k) in means.iter().zip(named) {
            let width = |side: usize| means.iter().skip(side).step_by(2).map(String::len).max().unwrap_or(0);
            let (from, to, name) = (&means[2 * at], &means[2 * at + 1], &inputs.columns[k]);
            cells.push(format!("{name} {from:>wide$} to {to:>wide_to$}", wide = width(0), wide_to = width(1)));
        }
        grid.row(cells);
    }
    grid.text(4)
}

/// Pairs of means with the same decimals: as many as show the widest step between two of a pair, four digits at least.
fn readable(means: &[f64]) -> Vec<String> {
    let scale = means.iter().fold(0.0_f64, |most, mean| most.max(mean.abs()));
    let step = means.chunks_exact(2).fold(0.0_f64, |most, pair| most.max((pair[0] - pair[1]).abs()));
    let digits = if step > 0.0 { (scale / step).log10().ceil() as usize + 2 } else { 4 };
    format::alike(means, digits.clamp(4, 12))
}
