//! What was read: the first lines of every report.

use earthwork::compare::ColumnScale;

use crate::read::{Inputs, Sample};
use crate::report::layout::Entries;
use earthwork_view::format;

/// One column drowns the others if it spreads this many times as widely as the narrowest ...
const LARGE_RATIO: f64 = 10.0;
/// ... and holds this part of all the variance.
const LARGE_PART: f64 = 0.8;

/// What a problem of that shape was made of: two samples, or a cost matrix.
pub(crate) fn describe_problem(inputs: Option<&Inputs>, (n, m): (usize, usize)) -> Entries {
    if let Some(inputs) = inputs {
        return describe(inputs);
    }
    let mut entries = Entries::default();
    entries.add("cost matrix", format!("{} x {}", format::count(n as u64), format::count(m as u64)));
    entries
}

/// One line for each sample, then what was left out.
pub(crate) fn describe(inputs: &Inputs) -> Entries {
    let mut entries = Entries::default();
    for (at, sample) in inputs.samples.iter().enumerate() {
        let points = if sample.grid.is_some() { "cell" } else { "point" };
        let count = format::counted(sample.samples.len(), points);
        let columns = match at {
            0 => format!("{} ({})", format::counted(inputs.columns.len(), "column"), format::list(&inputs.columns, 8)),
            _ => "same columns".to_string(),
        };
        entries.add(&sample.name, format!("{count}, {columns}, {}{}", sample.weights, total(sample)));
    }
    for sample in inputs.samples.iter().filter(|sample| !sample.dropped.is_empty()) {
        let rows: Vec<String> = sample.dropped.iter().map(ToString::to_string).collect();
        let count = format::counted(rows.len(), "row");
        let which = if rows.len() == 1 { "row" } else { "rows" };
        let of = if inputs.samples.iter().all(|other| other.dropped.is_empty() || other.name == sample.name) {
            String::new()
        } else {
            format!(" of {}", sample.name)
        };
        entries.add(
            "left out",
            format!("{count}{of} without a number in every column used ({which} {})", format::list(&rows, 12)),
        );
    }
    for sample in &inputs.samples {
        let of = |lines: &[u64], one: &str, many: &str| {
            let which: Vec<String> = lines.iter().map(ToString::to_string).collect();
            let (kind, rows) = if lines.len() == 1 { (one, "row") } else { (many, "rows") };
            (!lines.is_empty())
                .then(|| format!("{} {kind} ({rows} {})", format::count(lines.len() as u64), format::list(&which, 12)))
        };
        let comments = of(
            &sample.passed.comments,
            "line above the first row that begins with #",
            "lines above the first row that begin with #",
        );
        let blank = of(&sample.passed.blank, "blank line", "blank lines");
        let said: Vec<String> = comments.into_iter().chain(blank).collect();
        if !said.is_empty() {
            entries.add("read over", format!("of {}: {}", sample.name, said.join("; ")));
        }
    }
    if !inputs.unused.is_empty() {
        let columns: Vec<String> = inputs.unused.iter().map(|(name, why)| format!("{name} ({why})")).collect();
        entries.add("not used", format!("columns {}", format::list(&columns, 8)));
    }
    if inputs.standardised {
        entries.add(
            "scale",
            "every column at mean 0 and standard deviation 1 over all samples; distances are in those units",
        );
    }
    entries
}

/// The total mass, where it is not 1.
fn total(sample: &Sample) -> String {
    let total = sample.samples.total();
    if (total - 1.0).abs() <= 1e-12 { String::new() } else { format!(", total mass {}", format::short(total, 6)) }
}

/// A warning where one column's spread drowns another's.
pub(crate) fn warn_about_scales(entries: &mut Entries, inputs: &Inputs, scales: &[ColumnScale]) {
    let spread = |k: &usize| scales[*k].deviation;
    let varying: Vec<usize> = (0..scales.len()).filter(|k| spread(k) > 0.0).collect();
    let by_spread = |a: &&usize, b: &&usize| spread(a).total_cmp(&spread(b));
    let (Some(widest), Some(narrowest)) = (varying.iter().max_by(by_spread), varying.iter().min_by(by_spread)) else {
        return;
    };
    let ratio = spread(widest) / spread(narrowest);
    let part = spread(widest).powi(2) / scales.iter().map(|scale| scale.deviation.powi(2)).sum::<f64>();
    let drowns = ratio > LARGE_RATIO && part > LARGE_PART;
    if drowns && !inputs.standardised && inputs.samples[0].grid.is_none() {
        let (wide, narrow) = (&inputs.columns[*widest], &inputs.columns[*narrowest]);
        let ratio = format::short(ratio, 2);
        let text = format!(
            "the columns differ in scale: {wide} spreads {ratio} times as widely as {narrow} and dominates the distance; \
             --standardise puts all on one scale"
        );
        entries.add("note", text);
    }
}
