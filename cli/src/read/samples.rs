//! `A`, `B` and the input flags, as samples.

use std::path::Path;

use earthwork::compare::standardised;
use earthwork::measure::{Histogram, Points, Samples, Weights};

use crate::args::{Header, InputArgs};
use crate::failure::{Failure, Outcome, wrong, wrong_file};
use crate::read::columns::{self, Choice, Roles, Rows};
use crate::read::formats;
use crate::read::table::{Passed, Table};
use crate::read::{array, vector};
use earthwork_view::format;

/// One sample and how it was read.
pub(crate) struct Sample {
    /// What the report calls it: the file's name, or the value of the group.
    pub(crate) name: String,
    pub(crate) samples: Samples,
    /// Where the weights come from, in words.
    pub(crate) weights: String,
    /// Rows left out, as the user counts them.
    pub(crate) dropped: Vec<u64>,
    /// Lines of the file that hold no row.
    pub(crate) passed: Passed,
    /// The shape of the grid, for masses on one.
    pub(crate) grid: Option<Histogram>,
}

/// All samples of a run, over the same columns.
pub(crate) struct Inputs {
    pub(crate) samples: Vec<Sample>,
    /// The names of the coordinates.
    pub(crate) columns: Vec<String>,
    /// Columns left out, and why.
    pub(crate) unused: Vec<(String, &'static str)>,
    pub(crate) standardised: bool,
}

impl Inputs {
    /// Refuses coordinates whose squared distances no number can hold, for commands that compute with them.
    pub(crate) fn require_squares(&self) -> Outcome<()> {
        let sides: Vec<_> = self.samples.iter().map(|sample| (sample.name.as_str(), &sample.samples)).collect();
        require_squares(&sides, "put all columns on one scale with --standardise")
    }
}

/// Refuses samples, each with its name, whose distances have no squares. `advice` says what to do.
pub(crate) fn require_squares(samples: &[(&str, &Samples)], advice: &str) -> Outcome<()> {
    let origin = samples.first().map(|(_, sample)| sample.point(0).to_vec()).unwrap_or_default();
    let far = |point: &[f64]| point.iter().zip(&origin).fold(0.0_f64, |most, (v, o)| most.max((v - o).abs()));
    let mut spread = 0.0_f64;
    for (name, sample) in samples {
        let farthest = sample.points().iter().map(far).fold(0.0_f64, f64::max);
        if farthest > LARGEST {
            let reach = format::short(farthest, 2);
            let why = format!("its points lie up to {reach} from the others, and squares of that overflow");
            return wrong_file(name, format!("{why}; {advice}"));
        }
        spread = spread.max(farthest);
    }
    if spread > 0.0 && spread < LEAST {
        let reach = format::short(spread, 2);
        let why = format!("the points lie within {reach} of each other, and squares of that are 0");
        return wrong_file(samples[0].0, format!("{why}; {advice}"));
    }
    Ok(())
}

/// Distances between these have squares that can be added up and divided by each other.
const LARGEST: f64 = 1e140;
const LEAST: f64 = 1e-140;

/// Reads what the user names.
pub(crate) fn load(options: &InputArgs) -> Outcome<Inputs> {
    if options.group.is_none() && !options.only.is_empty() {
        return wrong("--only chooses among the groups of --group COLUMN");
    }
    let mut inputs = match (&options.a, &options.b, &options.group) {
        (Some(a), None, Some(group)) => grouped(a, group, options)?,
        (Some(a), Some(b), None) if a == "-" && b == "-" => return wrong("A and B cannot both be standard input"),
        (Some(a), Some(b), None) if options.grid => grids([a, b], options.header)?,
        (Some(a), Some(b), None) => pair(a, b, options)?,
        (Some(_), None, None) => {
            return wrong("a second sample is needed: name another file, or split this one with --group COLUMN");
        }
        _ => return wrong("two samples are needed: two files A and B, or one file and --group COLUMN"),
    };
    for sample in &mut inputs.samples {
        if options.normalise {
            sample.samples = sample.samples.normalised();
        }
    }
    if options.standardise {
        let all: Vec<&Samples> = inputs.samples.iter().map(|sample| &sample.samples).collect();
        let scaled = standardised(&all)?;
        for (sample, scaled) in inputs.samples.iter_mut().zip(scaled) {
            sample.samples = scaled;
        }
        inputs.standardised = true;
    }
    Ok(inputs)
}

/// One file of points to train on.
pub(crate) struct Labelled {
    pub(crate) samples: Samples,
    /// The class of each point, in the order in which they first occur; 0 without a column of labels.
    pub(crate) labels: Vec<usize>,
    /// The names of the classes.
    pub(crate) classes: Vec<String>,
}

/// What is read of a file of points with classes.
pub(crate) struct LabelledChoice<'a> {
    pub(crate) columns: &'a [String],
    /// The column that names the class of each point.
    pub(crate) label: Option<&'a str>,
    pub(crate) drop_missing: bool,
    pub(crate) header: Header,
}

/// One file of points, and the class of each by the values of a column, if one is named.
pub(crate) fn labelled(path: &str, options: &LabelledChoice) -> Outcome<Labelled> {
    let choice = Choice { columns: options.columns, weights: None, group: options.label };
    let table = formats::table(path, options.header)?;
    let roles = columns::roles(&table, &choice)?;
    let rows = columns::rows(&table, &roles, options.drop_missing)?;
    let (mut classes, mut labels) = (Vec::new(), Vec::new());
    for &row in &rows.kept {
        let class = roles.group.map_or_else(String::new, |k| table.columns[k].label(row));
        let at = classes.iter().position(|known| *known == class).unwrap_or_else(|| {
            classes.push(class);
            classes.len() - 1
        });
        labels.push(at);
    }
    let samples = sample(table.name.clone(), &table, &roles, rows, None)?.samples;
    require_squares(&[(&table.name, &samples)], "divide the columns by one number first")?;
    Ok(Labelled { samples, labels, classes })
}

/// Two files of points.
fn pair(a: &str, b: &str, options: &InputArgs) -> Outcome<Inputs> {
    let choice = Choice { columns: &options.columns, weights: options.weights.as_deref(), group: None };
    let (left, right) = (formats::table(a, options.header)?, formats::table(b, options.header)?);
    let in_left = columns::roles(&left, &choice)?;
    let mut in_right = columns::roles(&right, &choice)?;
    columns::align((&left, &in_left), (&right, &mut in_right))?;
    let names = names(a, b);
    let mut samples = Vec::with_capacity(2);
    let sides = [(&left, &in_left, &options.weights_a), (&right, &in_right, &options.weights_b)];
    for ((table, roles, file), name) in sides.into_iter().zip(names) {
        let rows = columns::rows(table, roles, options.drop_missing)?;
        let masses =
            file.as_ref().map(|path| masses_of(path, table.rows).map(|masses| (path.as_str(), masses))).transpose()?;
        samples.push(sample(name, table, roles, rows, masses)?);
    }
    let mut unused = in_left.unused;
    unused.extend(in_right.unused.into_iter().filter(|column| !unused.contains(column)).collect::<Vec<_>>());
    let columns = in_left.coordinates.iter().map(|&k| left.columns[k].name.clone()).collect();
    Ok(Inputs { samples, columns, unused, standardised: false })
}

/// One file, split by the values of a column.
fn grouped(path: &str, group: &str, options: &InputArgs) -> Outcome<Inputs> {
    let choice = Choice { columns: &options.columns, weights: options.weights.as_deref(), group: Some(group) };
    let table = formats::table(path, options.header)?;
    let roles = columns::roles(&table, &choice)?;
    let Rows { kept, dropped } = columns::rows(&table, &roles, options.drop_missing)?;
    let by = &table.columns[roles.group.expect("a group was named")];
    let mut groups: Vec<(String, Vec<usize>)> = Vec::new();
    for row in kept {
        let label = by.label(row);
        match groups.iter_mut().find(|(name, _)| *name == label) {
            Some((_, rows)) => rows.push(row),
            None => groups.push((label, vec![row])),
        }
        if groups.len() > 1000 {
            return wrong_file(
                &table.name,
                format_args!("column `{group}` has more than 1,000 values; it names no groups"),
            );
        }
    }
    let all: Vec<String> = groups.iter().map(|(name, _)| name.clone()).collect();
    if let Some(unknown) = options.only.iter().find(|name| !all.contains(name)) {
        let message = format!("column `{group}` has no value `{unknown}`; it has {}", format::list(&all, 12));
        return wrong_file(&table.name, message);
    }
    if !options.only.is_empty() {
        groups.retain(|(name, _)| options.only.contains(name));
        groups.sort_by_key(|(name, _)| options.only.iter().position(|only| only == name));
    }
    if groups.len() < 2 {
        let message = format!("column `{group}` has one group only, `{}`; two are needed", groups[0].0);
        return wrong_file(&table.name, message);
    }
    let mut samples = Vec::with_capacity(groups.len());
    for (at, (name, kept)) in groups.into_iter().enumerate() {
        let dropped = if at == 0 { dropped.clone() } else { Vec::new() };
        let mut sample = sample(name, &table, &roles, Rows { kept, dropped }, None)?;
        if at > 0 {
            sample.passed = Passed::default();
        }
        samples.push(sample);
    }
    let columns = roles.coordinates.iter().map(|&k| table.columns[k].name.clone()).collect();
    Ok(Inputs { samples, columns, unused: roles.unused, standardised: false })
}

/// Some rows of a table as a sample.
fn sample(name: String, table: &Table, roles: &Roles, rows: Rows, masses: Option<(&str, Vec<f64>)>) -> Outcome<Sample> {
    let point = |&row: &usize| roles.coordinates.iter().map(move |&k| table.columns[k].numbers[row]);
    let coordinates: Vec<f64> = rows.kept.iter().flat_map(point).collect();
    let points = Points::from_rows(coordinates, roles.coordinates.len())?;
    let of_rows = |all: &[f64]| rows.kept.iter().map(|&row| all[row]).collect::<Vec<f64>>();
    let (samples, weights) = match (roles.weights, masses) {
        (Some(k), _) => {
            let column = &table.columns[k];
            if let Some(&row) = rows.kept.iter().find(|&&row| column.numbers[row] < 0.0) {
                let (place, value) = (table.place(row, k), column.numbers[row]);
                return wrong(format_args!("{place}: the weight {value} is negative"));
            }
            let weights = Weights::new(of_rows(&column.numbers)).map_err(|error| error.about(table.name.clone()))?;
            (Samples::with_weights(points, weights)?, format!("weights from `{}`", column.name))
        }
        (None, Some((path, masses))) => {
            let weights = Weights::new(of_rows(&masses)).map_err(|error| error.about(path.to_string()))?;
            (Samples::with_weights(points, weights)?, format!("weights from {path}"))
        }
        (None, None) => (Samples::new(points)?, "uniform weights".to_string()),
    };
    let names = || roles.coordinates.iter().map(|&k| table.columns[k].name.clone()).collect::<Vec<String>>();
    let samples = if table.has_names { samples.with_columns(names())? } else { samples };
    Ok(Sample { name, samples, weights, dropped: rows.dropped, passed: table.passed.clone(), grid: None })
}

/// A file of weights, one for each row of the table.
fn masses_of(path: &str, rows: usize) -> Outcome<Vec<f64>> {
    let masses = vector(path)?.to_vec();
    if masses.len() == rows {
        return Ok(masses);
    }
    let found = format::counted(masses.len(), "weight");
    wrong_file(path, format_args!("it holds {found}, but there are {}", format::counted(rows, "point")))
}

/// Masses on a grid.
fn grids(paths: [&str; 2], header: Header) -> Outcome<Inputs> {
    let mut samples = Vec::with_capacity(2);
    for (path, name) in paths.into_iter().zip(names(paths[0], paths[1])) {
        let about = |error: earthwork::Error| Failure::from(error.about(path.to_string()));
        let masses = array(path, header)?;
        if let Some((cell, mass)) = masses.indexed_iter().find(|(_, mass)| !(mass.is_finite() && **mass >= 0.0)) {
            let cell = ndarray::Dimension::slice(&cell);
            return wrong_file(path, format_args!("cell {cell:?} holds {mass}; a mass must be finite and at least 0"));
        }
        let histogram = Histogram::grid(masses).map_err(about)?;
        let shape: Vec<String> = histogram.shape().iter().map(ToString::to_string).collect();
        let weights = format!("masses on a grid of {}", shape.join(" x "));
        let cells = histogram.to_samples().map_err(about)?;
        let (dropped, passed) = (Vec::new(), Passed::default());
        samples.push(Sample { name, samples: cells, weights, dropped, passed, grid: Some(histogram) });
    }
    let axes: Vec<usize> = samples.iter().map(|sample| sample.samples.dim()).collect();
    if axes[0] != axes[1] {
        return wrong(format_args!("{} has {} axes and {} has {}", paths[0], axes[0], paths[1], axes[1]));
    }
    let columns = match axes[0] {
        2 => vec!["row".to_string(), "column".to_string()],
        d => (1..=d).map(|k| format!("axis {k}")).collect(),
    };
    Ok(Inputs { samples, columns, unused: Vec::new(), standardised: false })
}

/// What the report calls two files: their names, with folders where the names alone are equal.
fn names(a: &str, b: &str) -> [String; 2] {
    let short = |path: &str| match path {
        "-" => "standard input".to_string(),
        _ => Path::new(path).file_name().map_or_else(|| path.to_string(), |name| name.to_string_lossy().into_owned()),
    };
    let names = [short(a), short(b)];
    if names[0] == names[1] { [a.to_string(), b.to_string()] } else { names }
}
