//! The command line: what can be asked, and the help that teaches it.

mod generative;
mod method;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand, ValueEnum};
use earthwork::divergence::Divergence;
use earthwork::entropic::Reference;
use serde::{Deserialize, Serialize};

use crate::cost::CostChoice;
use crate::failure::{Failure, Outcome};
use crate::help::{
    ABOUT, TEACH, TEACH_BENCHMARK, TEACH_COMPARE, TEACH_CRITIC, TEACH_DIVERGENCE, TEACH_EMD, TEACH_GAN, TEACH_LAWS,
    TEACH_METRICS, TEACH_REPORT, TEACH_SINKHORN, TEACH_SLICED, TEACH_TEST, TEACH_TRAIN, TEACH_VALIDATE, TEACH_VERIFY,
};
use crate::output;

pub(crate) use generative::{
    BenchmarkArgs, CriticArgs, EXACT_DUAL, MetricsArgs, ReportArgs, ResumeArgs, TrainArgs, TrainingArgs, ValidateArgs,
};
pub(crate) use method::MethodChoice;

/// The whole command line.
#[derive(Debug, Parser)]
#[command(name = "earthwork", version, about = ABOUT, after_help = TEACH, arg_required_else_help = true)]
#[command(disable_help_subcommand = true, max_term_width = 120)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Every distance between two samples, and where it lies.
    #[command(after_help = TEACH_COMPARE)]
    Compare(CompareArgs),
    /// KL, JS and their family: estimated from samples, exact on a grid.
    #[command(after_help = TEACH_DIVERGENCE)]
    Divergence(DivergenceArgs),
    /// The exact earth mover's distance, with its plan.
    #[command(after_help = TEACH_EMD)]
    Emd(EmdArgs),
    /// Entropic transport at a given ε, with bounds on the exact cost; the Sinkhorn divergence.
    #[command(after_help = TEACH_SINKHORN)]
    Sinkhorn(SinkhornArgs),
    /// The sliced Wasserstein distance, with its standard error.
    #[command(after_help = TEACH_SLICED)]
    Sliced(SlicedArgs),
    /// Check a plan that anybody made: feasible? optimal?
    #[command(after_help = TEACH_VERIFY)]
    Verify(VerifyArgs),
    /// Can two samples come from one distribution? A permutation test.
    #[command(after_help = TEACH_TEST)]
    Test(TestArgs),
    /// FID, KID, precision, recall and the other metrics of generative models, real against fake.
    #[command(after_help = TEACH_METRICS)]
    Metrics(MetricsArgs),
    /// Which metrics see what is wrong with a fake sample: severity sweeps beside exact distances, as a page.
    #[command(after_help = TEACH_VALIDATE)]
    Validate(ValidateArgs),
    /// Which laws (symmetry, triangle, ...) each discrepancy keeps, with counterexamples.
    #[command(after_help = TEACH_LAWS)]
    Laws(LawsArgs),
    /// A lower bound on W1 by a trained critic, beside the exact distance.
    #[command(after_help = TEACH_CRITIC)]
    Critic(CriticArgs),
    /// Train a generator against a critic, with exact transport as the referee.
    #[command(subcommand, after_help = TEACH_GAN)]
    Gan(GanCommand),
    /// Critics on pairs of distributions whose distance is known.
    #[command(subcommand)]
    Benchmark(BenchmarkCommand),
}

/// What can be done with adversarial training.
#[derive(Debug, Subcommand)]
pub(crate) enum GanCommand {
    /// Train, and write records, a checkpoint and pictures into a folder.
    #[command(after_help = TEACH_TRAIN)]
    Train(Box<TrainArgs>),
    /// Go on with the training in a folder, also beyond the steps first asked for.
    Resume(ResumeArgs),
    /// What a folder of `gan train` says: did the critic's loss follow the exact distance?
    #[command(after_help = TEACH_REPORT)]
    Report(ReportArgs),
}

/// What can be measured against a known answer.
#[derive(Debug, Subcommand)]
pub(crate) enum BenchmarkCommand {
    /// The W1 benchmark: critics on MinFunnels pairs (Korotin et al. 2022).
    #[command(after_help = TEACH_BENCHMARK)]
    W1(BenchmarkArgs),
}

impl Command {
    pub(crate) fn run(&self) -> &RunArgs {
        match self {
            Self::Compare(options) => &options.run,
            Self::Divergence(options) => &options.run,
            Self::Emd(options) => &options.run,
            Self::Sinkhorn(options) => &options.run,
            Self::Sliced(options) => &options.run,
            Self::Verify(options) => &options.run,
            Self::Test(options) => &options.run,
            Self::Metrics(options) => &options.run,
            Self::Validate(options) => &options.run,
            Self::Laws(options) => &options.run,
            Self::Critic(options) => &options.run,
            Self::Gan(GanCommand::Train(options)) => &options.run,
            Self::Gan(GanCommand::Resume(options)) => &options.run,
            Self::Gan(GanCommand::Report(options)) => &options.run,
            Self::Benchmark(BenchmarkCommand::W1(options)) => &options.run,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    /// End W1 and W2 when the proven bounds of the cost are this close, relative to it; by default 0, and 0.001 beyond 20,000 points
    #[arg(long, value_name = "R", value_parser = tolerance, help_heading = "Solving")]
    pub(crate) tolerance: Option<f64>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

#[derive(Debug, Args)]
pub(crate) struct DivergenceArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    /// kl, reverse-kl, js, js-distance, tv, hellinger, hellinger2, chi2, bhattacharyya, renyi:A, tsallis:A; else KL, reverse KL and JS
    #[arg(long, value_name = "KIND,...", value_delimiter = ',', value_parser = divergence, help_heading = "Divergence")]
    pub(crate) kind: Vec<Divergence>,
    /// knn, knn-ball, histogram, kde, gaussian, classifier, dv, nwj, logistic, ulsif, rulsif:A; else what suits the kind
    #[arg(long, value_name = "METHOD", help_heading = "Divergence")]
    pub(crate) method: Option<MethodChoice>,
    /// Which nearest neighbour; 5 by default
    #[arg(long, value_name = "K", help_heading = "Divergence")]
    pub(crate) k: Option<usize>,
    /// Seek neighbours in the units of the columns, instead of making the mean covariance the identity first
    #[arg(long, help_heading = "Divergence")]
    pub(crate) no_whiten: bool,
    /// Bins along each axis of a histogram; 32 on a line and 12 in the plane by default
    #[arg(long, value_name = "N", help_heading = "Divergence")]
    pub(crate) bins: Option<usize>,
    /// What a histogram does about small counts; miller-madow for js by default
    #[arg(long, value_name = "HOW", value_enum, help_heading = "Divergence")]
    pub(crate) correction: Option<CorrectionChoice>,
    /// Factor on Silverman's bandwidth of a kernel density; 1 by default
    #[arg(long, value_name = "FACTOR", help_heading = "Divergence")]
    pub(crate) bandwidth: Option<f64>,
    /// Also give an interval that holds the true value in this share of all draws, such as 0.95
    #[arg(long, value_name = "LEVEL", help_heading = "Divergence")]
    pub(crate) ci: Option<f64>,
    /// Print JSON (schema: docs/cli.md)
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// What a histogram does about small counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CorrectionChoice {
    None,
    MillerMadow,
    KrichevskyTrofimov,
}

#[derive(Debug, Args)]
pub(crate) struct EmdArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) cost: CostArgs,
    /// End when the proven bounds of the cost are this close, relative to it; 0 asks for the optimum
    #[arg(long, value_name = "R", default_value_t = 0.0, value_parser = tolerance, help_heading = "Solving")]
    pub(crate) tolerance: f64,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// What the entropic term compares the plan with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReferenceChoice {
    Normalized,
    Product,
}

impl From<ReferenceChoice> for Reference {
    fn from(choice: ReferenceChoice) -> Self {
        match choice {
            ReferenceChoice::Normalized => Self::Normalised,
            ReferenceChoice::Product => Self::Product,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct SinkhornArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) cost: CostArgs,
    /// The regularisation ε, in units of the cost
    #[arg(long, value_name = "E", help_heading = "Regularisation", conflicts_with = "epsilon_relative")]
    pub(crate) epsilon: Option<f64>,
    /// ε as a multiple of the mean cost over all pairs
    #[arg(long, value_name = "R", help_heading = "Regularisation", default_value_t = 1e-2)]
    pub(crate) epsilon_relative: f64,
    /// Converged when the marginals are met to this much of the mass (L1, both sides)
    #[arg(long, value_name = "T", help_heading = "Regularisation", default_value_t = 1e-6)]
    pub(crate) tolerance: f64,
    /// What the entropic term compares the plan with: normalized (a ⊗ b / M, for a total mass of M) or product (a ⊗ b, as in POT and GeomLoss)
    #[arg(long, value_name = "MEASURE", value_enum, default_value_t = ReferenceChoice::Normalized, hide_possible_values = true, help_heading = "Regularisation")]
    pub(crate) reference: ReferenceChoice,
    /// Also compute the Sinkhorn divergence: two more solves, of each sample with itself
    #[arg(long, help_heading = "Regularisation", conflicts_with = "matrix")]
    pub(crate) divergence: bool,
    /// Print JSON (schema: docs/cli.md)
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
    /// Write the entropic potentials as CSV: side,index,potential
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) potentials: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

#[derive(Debug, Args)]
pub(crate) struct SlicedArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    /// The order P ≥ 1 of the distance
    #[arg(long, value_name = "P", default_value_t = 2.0, help_heading = "Slices")]
    pub(crate) p: f64,
    /// How many directions; with --precision, how many to begin with
    #[arg(long, value_name = "L", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..), help_heading = "Slices")]
    pub(crate) directions: u32,
    /// How directions are chosen: monte-carlo, orthogonal, qmc, max (the one that shows most), or auto (by the dimension)
    #[arg(long, value_name = "METHOD", value_enum, default_value_t = SlicedMethod::Auto, hide_possible_values = true, help_heading = "Slices")]
    pub(crate) method: SlicedMethod,
    /// Add directions until the standard error is at most this part of the value
    #[arg(long, value_name = "PART", help_heading = "Slices")]
    pub(crate) precision: Option<f64>,
    /// Print JSON (schema: docs/cli.md)
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// How the directions of the slices are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SlicedMethod {
    Auto,
    MonteCarlo,
    Orthogonal,
    Qmc,
    // The largest slice instead of the mean.
    Max,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) cost: CostArgs,
    /// The plan to check: columns source,target,mass, counted from 0, with or without a header
    #[arg(long, value_name = "FILE", help_heading = "What to check")]
    pub(crate) plan: String,
    /// Dual potentials for the lower bound, as --potentials of `emd` writes them, or a list of one number for each source
    #[arg(long, value_name = "FILE", help_heading = "What to check")]
    pub(crate) potentials: Option<String>,
    /// Relative tolerance of the verdict, for the marginals and for the gap
    #[arg(long, value_name = "T", default_value_t = 1e-9, help_heading = "What to check")]
    pub(crate) tolerance: f64,
    /// Print JSON (schema: docs/cli.md)
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    /// What to compare by: energy, mmd, w1, w2, sw2, sinkhorn, kl, js, w:P, sw:P, mmd:SIGMA, laplace:SIGMA, kid, ... (docs/cli.md has all)
    #[arg(long, value_name = "NAME", default_value = "energy", help_heading = "Test")]
    pub(crate) with: String,
    /// How many random relabellings of the points to compare with
    #[arg(long, value_name = "N", default_value_t = 999, help_heading = "Test")]
    pub(crate) permutations: usize,
    /// Also give an interval that holds the value between the two distributions in this share of all draws, such as 0.95
    #[arg(long, value_name = "LEVEL", help_heading = "Test")]
    pub(crate) ci: Option<f64>,
    /// Print JSON (schema: docs/cli.md)
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

#[derive(Debug, Args)]
pub(crate) struct LawsArgs {
    /// Only these, by name as for `test`; all by default
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', help_heading = "Laws")]
    pub(crate) with: Vec<String>,
    /// Cases of each kind of support
    #[arg(long, value_name = "N", default_value_t = 12, help_heading = "Laws", value_parser = positive)]
    pub(crate) cases: usize,
    /// The most points of a sample
    #[arg(long, value_name = "N", default_value_t = 6, help_heading = "Laws", value_parser = positive)]
    pub(crate) points: usize,
    /// Print JSON (schema: docs/cli.md)
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// What is read.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Input")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct InputArgs {
    /// The first sample: CSV, TSV, NPY, NPZ (data.npz:name), PNG with --grid, or - for standard input
    #[arg(value_name = "A", help_heading = "Samples")]
    pub(crate) a: Option<String>,
    /// The second sample (none with --group)
    #[arg(value_name = "B", help_heading = "Samples")]
    pub(crate) b: Option<String>,
    /// Columns to use as coordinates, by name or by number from 1; else all columns of numbers
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub(crate) columns: Vec<String>,
    /// The column that holds the weights
    #[arg(long, value_name = "COLUMN", conflicts_with_all = ["weights_a", "weights_b"])]
    pub(crate) weights: Option<String>,
    /// A file of weights for A: one number for each point
    #[arg(long, value_name = "FILE")]
    pub(crate) weights_a: Option<String>,
    /// A file of weights for B
    #[arg(long, value_name = "FILE")]
    pub(crate) weights_b: Option<String>,
    /// Split the one file A into samples by the values of this column
    #[arg(long, value_name = "COLUMN", conflicts_with_all = ["b", "weights_a", "weights_b"])]
    pub(crate) group: Option<String>,
    /// Take only these values of the --group column
    #[arg(long, value_name = "VALUE,...", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// Read A and B as masses on a regular grid of unit spacing: a table of numbers, an array, a PNG image
    #[arg(long, conflicts_with_all = ["columns", "weights", "weights_a", "weights_b", "group", "drop_missing", "standardise"])]
    pub(crate) grid: bool,
    /// Leave out rows in which a number is missing; without this they are an error
    #[arg(long)]
    pub(crate) drop_missing: bool,
    /// Put every column on one scale: mean 0 and standard deviation 1 over all samples together
    #[arg(long, alias = "standardize")]
    pub(crate) standardise: bool,
    /// Scale the weights of each sample to a total of 1
    #[arg(long, alias = "normalize")]
    pub(crate) normalise: bool,
    /// Whether tables begin with a row of names: yes, no, or auto (if no cell of the first row is a number)
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Header::Auto, hide_possible_values = true)]
    pub(crate) header: Header,
}

impl InputArgs {
    /// Every file that is read.
    pub(crate) fn files(&self) -> Vec<&str> {
        [&self.a, &self.b, &self.weights_a, &self.weights_b].into_iter().flatten().map(String::as_str).collect()
    }
}

/// Whether a table begins with a row of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Header {
    // It does if no cell of its first row is a number.
    #[default]
    Auto,
    Yes,
    No,
}

/// What moving mass costs.
#[derive(Debug, Args)]
#[command(next_help_heading = "Cost")]
pub(crate) struct CostArgs {
    /// sqeuclidean, euclidean, cityblock, chebyshev, minkowski:P, each norm also to a power such as euclidean^3, or cosine
    #[arg(long, value_name = "COST", default_value = "euclidean")]
    pub(crate) cost: CostChoice,
    /// The Wasserstein distance of order P ≥ 1: Euclidean distance to the power P, and the root of the total; inf is the longest way
    #[arg(long, value_name = "P", conflicts_with = "cost")]
    pub(crate) p: Option<f64>,
    /// A cost matrix instead of A and B: NPY or CSV, one row for each source
    #[arg(long, value_name = "FILE", conflicts_with_all = ["a", "b", "cost", "p", "columns", "weights", "group", "grid", "drop_missing", "standardise"])]
    pub(crate) matrix: Option<String>,
}

/// What is written.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// Print JSON (schema: docs/cli.md)
    #[arg(long)]
    pub(crate) json: bool,
    /// Write the plan as CSV: source,target,mass; of `compare`, the plan of W2
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: Option<PathBuf>,
    /// Write the dual potentials as CSV: side,index,potential
    #[arg(long, value_name = "FILE")]
    pub(crate) potentials: Option<PathBuf>,
    /// Draw the samples and the plan: .svg or .png
    #[arg(long, value_name = "FILE")]
    pub(crate) plot: Option<PathBuf>,
}

impl OutputArgs {
    /// Refuses files that cannot be written or are read as well, before any work is done.
    pub(crate) fn check(&self, reads: &[&str]) -> Outcome<()> {
        crate::plot::check(self.plot.as_deref())?;
        let asked = [("--plan", &self.plan), ("--potentials", &self.potentials), ("--plot", &self.plot)];
        let writes: Vec<(&str, &Path)> =
            asked.into_iter().filter_map(|(option, path)| Some((option, path.as_deref()?))).collect();
        output::check(reads, &writes)
    }
}

/// How the work is done.
#[derive(Debug, Args)]
#[command(next_help_heading = "Work")]
pub(crate) struct RunArgs {
    /// Threads to use; all cores by default. The numbers do not depend on it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) threads: Option<u16>,
    /// Seed of methods that draw random numbers (the exact ones draw none)
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    pub(crate) seed: u64,
    /// End after this time (10, 500ms, 10s, 2m, 1h) with the bounds reached, and exit code 3
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) time_limit: Option<Duration>,
}

/// Reads the command line.
pub(crate) fn parse() -> Outcome<Cli> {
    Cli::try_parse().map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            Failure::Help(error.render().to_string())
        }
        _ => Failure::Input(in_one_line(&error.render().to_string())),
    })
}

/// clap's message without its usage lines.
fn in_one_line(text: &str) -> String {
    let said = text.split("\n\nUsage:").next().unwrap_or(text).split("\n\nFor more").next().unwrap_or(text);
    let said = said.trim().trim_start_matches("error: ");
    let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    format!("{} (earthwork --help says more)", lines.join("; ").replace(":; ", ": "))
}

/// A whole number above 0.
fn positive(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|&number| number > 0).ok_or_else(|| "a whole number above 0 is needed".to_string())
}

/// A divergence by its name.
fn divergence(name: &str) -> Result<Divergence, String> {
    name.parse().map_err(|error: earthwork::Error| error.kind().to_string())
}

/// A relative gap.
fn tolerance(text: &str) -> Result<f64, String> {
    let gap = text.parse().ok().filter(|gap: &f64| *gap >= 0.0 && gap.is_finite());
    gap.ok_or_else(|| "a tolerance is a number of at least 0, such as 1e-3".to_string())
}

/// 10, 500ms, 10s, 2m, 1h.
fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "ms" => 1e-3,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        other => return Err(format!("`{other}` is not a unit of time; use ms, s, m or h")),
    };
    let number: f64 =
        digits.parse().map_err(|_| "a time is a number with an optional unit: 10, 500ms, 2m".to_string())?;
    Duration::try_from_secs_f64(number * unit).map_err(|_| "a time must be at least 0 and finite".to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definitions_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn times_have_units() {
        assert_eq!(duration("10"), Ok(Duration::from_secs(10)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("0.5m"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("1h"), Ok(Duration::from_secs(3600)));
        assert!(duration("-1").is_err() && duration("soon").is_err() && duration("3 weeks").is_err());
    }

    #[test]
    fn a_message_is_one_line() {
        let text =
            "error: the following required arguments were not provided:\n  --plan <FILE>\n\nUsage: earthwork verify";
        assert_eq!(
            in_one_line(text),
            "the following required arguments were not provided: --plan <FILE> (earthwork --help says more)"
        );
    }
}
