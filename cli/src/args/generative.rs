//! Arguments of the commands about generative models: metrics, critics and training.

use std::path::PathBuf;

use clap::Args;
use earthwork::critic::Control;

use super::{Header, InputArgs, RunArgs, positive};

#[derive(Debug, Args)]
pub(crate) struct MetricsArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    /// Only these: w1, w2, sw1, fid, fid_inf, kid, mmd, energy, one_nn, c2st, precision, recall, density, coverage; all by default
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', help_heading = "Metrics")]
    pub(crate) metrics: Vec<String>,
    /// Real points that the generator was not trained on: adds memorisation, with A as the training points
    #[arg(long, value_name = "FILE", help_heading = "Metrics", conflicts_with_all = ["group", "grid", "standardise"])]
    pub(crate) held_out: Option<String>,
    /// Print JSON (schema: docs/cli.md)
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ValidateArgs {
    /// Where real points come from: ring8, grid25, or a file of points, whose halves are dealt out as real and fake
    #[arg(long, value_name = "DATA", help_heading = "Data")]
    pub(crate) data: String,
    /// The column of a file that names the mode (class) of each point; else modes are found by k-means
    #[arg(long, value_name = "COLUMN", help_heading = "Data")]
    pub(crate) labels: Option<String>,
    /// How many modes k-means finds in a file without --labels
    #[arg(long, value_name = "K", default_value_t = 8, value_parser = positive, help_heading = "Data", conflicts_with = "labels")]
    pub(crate) modes: usize,
    /// Columns of a file to use as coordinates, by name or by number from 1; else all columns of numbers
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', help_heading = "Data")]
    pub(crate) columns: Vec<String>,
    /// Leave out rows in which a number is missing; without this they are an error
    #[arg(long, help_heading = "Data")]
    pub(crate) drop_missing: bool,
    /// Put every column on one scale: mean 0 and standard deviation 1
    #[arg(long, alias = "standardize", help_heading = "Data")]
    pub(crate) standardise: bool,
    /// Whether tables begin with a row of names: yes, no, or auto (if no cell of the first row is a number)
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Header::Auto, hide_possible_values = true, help_heading = "Data")]
    pub(crate) header: Header,
    /// Metrics to judge: all, or names as for `metrics` and `test`; w1 and w2 stand beside in any case
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', default_value = "all", help_heading = "Sweeps")]
    pub(crate) metrics: Vec<String>,
    /// What goes wrong: all, or some of translate, rotate, scale, noise, shrink, mode-drop, imbalance, invented-mode, bridges, collapse, memorise, outliers, label-swap
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', default_value = "all", help_heading = "Sweeps")]
    pub(crate) corruptions: Vec<String>,
    /// Points of either sample, at most half of a file
    #[arg(long, value_name = "N", default_value_t = 400, value_parser = positive, help_heading = "Sweeps")]
    pub(crate) points: usize,
    /// Steps of severity from 0 to 1
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = positive, help_heading = "Sweeps")]
    pub(crate) severities: usize,
    /// Values at each severity, each of samples of its own
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = positive, help_heading = "Sweeps")]
    pub(crate) repeats: usize,
    /// Write the report as one page that needs no network: .html
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) out: Option<PathBuf>,
    /// Print JSON (schema: docs/cli.md)
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// The critic that is not a network.
pub(crate) const EXACT_DUAL: &str = "exact-dual";

/// The names of all critics, for the help.
fn critics() -> String {
    format!("{}, {EXACT_DUAL}, or all", Control::NAMES.join(", "))
}

#[derive(Debug, Args)]
pub(crate) struct CriticArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[arg(long, help = critics(), value_name = "METHOD,...", value_delimiter = ',', default_value = "lp", help_heading = "Critic")]
    pub(crate) method: Vec<String>,
    #[command(flatten)]
    pub(crate) training: TrainingArgs,
    /// Write the gradient of the (first) critic at the points of A and B as CSV: side,index, then one column for each coordinate
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) gradients: Option<PathBuf>,
    /// Print JSON (schema: docs/cli.md)
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

#[derive(Debug, Args)]
pub(crate) struct BenchmarkArgs {
    /// The dimension
    #[arg(long, value_name = "D", default_value_t = 2, value_parser = positive, help_heading = "Benchmark")]
    pub(crate) dim: usize,
    /// How many funnels the optimal critic is made of
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = positive, help_heading = "Benchmark")]
    pub(crate) funnels: usize,
    #[arg(long, help = critics(), value_name = "METHOD,...", value_delimiter = ',', default_value = "lp", help_heading = "Benchmark")]
    pub(crate) critic: Vec<String>,
    /// Points of each side that exact-dual is solved on
    #[arg(long, value_name = "N", default_value_t = 4096, value_parser = positive, help_heading = "Benchmark")]
    pub(crate) points: usize,
    #[command(flatten)]
    pub(crate) training: TrainingArgs,
    /// Print JSON (schema: docs/cli.md)
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// How a critic is trained.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Critic")]
pub(crate) struct TrainingArgs {
    /// Steps of the training
    #[arg(long, value_name = "N", default_value_t = 2000)]
    pub(crate) steps: u64,
    /// Points of each side in one step
    #[arg(long, value_name = "N", default_value_t = 256)]
    pub(crate) batch: usize,
    /// Widths of the hidden layers
    #[arg(long, value_name = "N,...", value_delimiter = ',', default_value = "128,128,128")]
    pub(crate) hidden: Vec<usize>,
    /// The learning rate; what suits the method by default
    #[arg(long, value_name = "RATE")]
    pub(crate) rate: Option<f64>,
    /// relu, leaky-relu, tanh, softplus, silu, maxmin or groupsort:K; what suits the method by default
    #[arg(long, value_name = "NAME")]
    pub(crate) activation: Option<String>,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct TrainArgs {
    /// The real points: ring8, grid25, ring2d, grid2d, swiss-roll, moons, pinwheel, checkerboard, segments, or a file (CSV, NPY, NPZ),
    /// a folder of PNG images, a file of lines (--text)
    #[arg(long, value_name = "DATA", required_unless_present = "resume")]
    pub(crate) data: Option<String>,
    /// The folder for records, checkpoint and pictures
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: PathBuf,
    /// Go on with the training in that folder, to the same bits as if it had never ended
    #[arg(long, conflicts_with_all = ["data", "objective", "published", "batch", "critic_steps", "hidden", "latent", "critic_rate",
        "generator_rate", "averaging", "label", "networks", "critic_layers", "generator_layers", "image", "text", "length", "alphabet",
        "classes", "held_out", "columns", "drop_missing", "header", "referee_points", "metrics"])]
    pub(crate) resume: bool,
    /// wgan-gp, wgan-lp, wgan-clip, wgan-spectral, wgan-bjorck, wgan-finite-difference, wgan-div, ns, saturating, lsgan, hinge, rsgan, rasgan,
    /// ralsgan, rahinge; all but wgan also with a control: hinge+spectral, ns+dragan, rasgan+gp. wgan-gp by default, on one column wgan-lp
    #[arg(long, value_name = "NAME", help_heading = "Training")]
    pub(crate) objective: Option<String>,
    /// The sizes and rates of the paper of that objective (hours, not minutes)
    #[arg(long, help_heading = "Training")]
    pub(crate) published: bool,
    /// Steps of the generator in all; 5000 by default. With --resume a training goes on beyond those first asked for
    #[arg(long, value_name = "N", help_heading = "Training")]
    pub(crate) steps: Option<u64>,
    /// Points of each side in one step; 128 by default
    #[arg(long, value_name = "N", help_heading = "Training")]
    pub(crate) batch: Option<usize>,
    /// Steps of the critic for each of the generator; 5 for wgan, else 1 by default
    #[arg(long, value_name = "N", help_heading = "Training")]
    pub(crate) critic_steps: Option<u64>,
    /// Widths of the hidden layers of both networks; 64,64,64 by default
    #[arg(long, value_name = "N,...", value_delimiter = ',', help_heading = "Training")]
    pub(crate) hidden: Vec<usize>,
    /// The dimension of the noise; 2 by default
    #[arg(long, value_name = "N", help_heading = "Training")]
    pub(crate) latent: Option<usize>,
    /// The critic's learning rate
    #[arg(long, value_name = "RATE", help_heading = "Training")]
    pub(crate) critic_rate: Option<f64>,
    /// The generator's learning rate
    #[arg(long, value_name = "RATE", help_heading = "Training")]
    pub(crate) generator_rate: Option<f64>,
    /// The memory of the mean of the generator's parameters, 0 for none; 0.99 by default
    #[arg(long, value_name = "PART", help_heading = "Training")]
    pub(crate) averaging: Option<f64>,
    /// Tell both networks the class: of a toy its mode, of a file the value of this column (--label class)
    #[arg(long, value_name = "COLUMN", num_args = 0..=1, default_missing_value = "", help_heading = "Training")]
    pub(crate) label: Option<String>,
    /// What both networks are made of: mlp, dcgan[:CHANNELS] for images, resnet[:DEPTH], text[:CHANNELS]; mlp by default, text with --text
    #[arg(long, value_name = "NAME", help_heading = "Networks")]
    pub(crate) networks: Option<String>,
    /// The critic as a list of layers, such as "conv2d:32:4:2:1 leaky-relu dense:1" (docs/cli.md)
    #[arg(
        long,
        value_name = "LAYERS",
        help_heading = "Networks",
        requires = "generator_layers",
        conflicts_with = "networks"
    )]
    pub(crate) critic_layers: Option<String>,
    /// The generator as a list of layers, from noise to a point
    #[arg(long, value_name = "LAYERS", help_heading = "Networks", requires = "critic_layers")]
    pub(crate) generator_layers: Option<String>,
    /// Each row of the file is an image of this shape: 8x8, or 32x32x3 with channels
    #[arg(long, value_name = "HxW", help_heading = "Images and text")]
    pub(crate) image: Option<String>,
    /// The file holds lines of text
    #[arg(long, help_heading = "Images and text", conflicts_with_all = ["image", "label", "columns", "drop_missing"])]
    pub(crate) text: bool,
    /// Letters of a line at most; those of the longest by default
    #[arg(long, value_name = "N", value_parser = positive, help_heading = "Images and text", requires = "text")]
    pub(crate) length: Option<usize>,
    /// The letters that lines may have; those that occur by default
    #[arg(long, value_name = "LETTERS", help_heading = "Images and text", requires = "text")]
    pub(crate) alphabet: Option<String>,
    /// Real points for the referee alone, in a file like that of --data; a fifth of the data by default
    #[arg(long, value_name = "FILE", help_heading = "Referee", conflicts_with = "text")]
    pub(crate) held_out: Option<String>,
    /// The column of an image's class, for the referee alone: which classes does a small classifier find? (--label tells the networks)
    #[arg(long, value_name = "COLUMN", help_heading = "Referee", conflicts_with_all = ["label", "text"])]
    pub(crate) classes: Option<String>,
    /// Columns of a file to use, by name or by number from 1; else all columns of numbers
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', help_heading = "Training")]
    pub(crate) columns: Vec<String>,
    /// Leave out rows of a file in which a number is missing; without this they are an error
    #[arg(long, help_heading = "Training")]
    pub(crate) drop_missing: bool,
    /// Whether a table begins with a row of names: yes, no, or auto (if no cell of the first row is a number)
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Header::Auto, hide_possible_values = true, help_heading = "Training")]
    pub(crate) header: Header,
    /// Ask the exact solver every so many steps; a twentieth of all by default
    #[arg(long, value_name = "N", help_heading = "Referee")]
    pub(crate) referee_every: Option<u64>,
    /// Generated and held-out real points that it compares; 512 by default
    #[arg(long, value_name = "N", value_parser = positive, help_heading = "Referee")]
    pub(crate) referee_points: Option<usize>,
    /// Metrics of the generated points beside the exact distances: all, or names as for `metrics` and `test`; none by default
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', help_heading = "Referee")]
    pub(crate) metrics: Vec<String>,
    /// Print the report as JSON (schema: docs/cli.md)
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ResumeArgs {
    /// The folder of a training
    #[arg(value_name = "FOLDER")]
    pub(crate) folder: PathBuf,
    /// Steps of the generator in all, more than were made; those first asked for by default
    #[arg(long, value_name = "N", help_heading = "Training")]
    pub(crate) steps: Option<u64>,
    /// Ask the exact solver every so many steps; as often as before by default
    #[arg(long, value_name = "N", help_heading = "Referee")]
    pub(crate) referee_every: Option<u64>,
    /// Print the report as JSON (schema: docs/cli.md)
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// The folder of a training
    #[arg(value_name = "FOLDER")]
    pub(crate) folder: PathBuf,
    /// Print JSON (schema: docs/cli.md)
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}
