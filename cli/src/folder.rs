//! The folder of a training: options, records, checkpoint.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use earthwork::estimate::Estimate;
use earthwork::gan::{self, Floor, Measured, Record, Training};
use serde::{Deserialize, Serialize};

use crate::args::Header;
use crate::better::Better;
use crate::failure::{Failure, Outcome, plain, wrong, wrong_file};

/// What `run.json` says: enough to begin the same training again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RunFile {
    pub(crate) data: String,
    pub(crate) objective: String,
    pub(crate) published: bool,
    pub(crate) steps: u64,
    pub(crate) batch: usize,
    pub(crate) critic_steps: Option<u64>,
    pub(crate) hidden: Vec<usize>,
    pub(crate) latent: usize,
    pub(crate) critic_rate: f64,
    pub(crate) generator_rate: f64,
    pub(crate) averaging: f64,
    pub(crate) label: Option<String>,
    pub(crate) columns: Vec<String>,
    /// Whether rows with a missing number were left out.
    #[serde(default)]
    pub(crate) drop_missing: bool,
    /// Whether the table begins with a row of names.
    #[serde(default)]
    pub(crate) header: Header,
    /// What each column was divided by, where they have units of their own.
    #[serde(default)]
    pub(crate) units: Option<Vec<f64>>,
    pub(crate) classes: Vec<String>,
    pub(crate) referee_every: u64,
    pub(crate) referee_points: usize,
    pub(crate) seed: u64,
    pub(crate) floor_w1: f64,
    pub(crate) floor_w1_std_error: f64,
    pub(crate) floor_w2: f64,
    pub(crate) floor_w2_std_error: f64,
    /// The metrics beside the exact distances, by name.
    #[serde(default)]
    pub(crate) metrics: Vec<String>,
    /// What they say of real against real.
    #[serde(default)]
    pub(crate) floor_metrics: Vec<MetricLine>,
    /// What both networks are made of, by name.
    #[serde(default = "perceptrons")]
    pub(crate) networks: String,
    /// The layers of critic and generator, where they are given.
    #[serde(default)]
    pub(crate) layers: Option<[String; 2]>,
    /// The shape of a row that is an image.
    #[serde(default)]
    pub(crate) image: Option<String>,
    /// Whether the file holds lines of text, and how they were asked to be read.
    #[serde(default)]
    pub(crate) text: bool,
    #[serde(default)]
    pub(crate) length: Option<usize>,
    #[serde(default)]
    pub(crate) alphabet: Option<String>,
    /// The file of the referee's points.
    #[serde(default)]
    pub(crate) held_out: Option<String>,
    /// The column of classes that the referee alone is told.
    #[serde(default)]
    pub(crate) class_column: Option<String>,
    /// The Jensen-Shannon divergences of n-grams between two samples of real lines.
    #[serde(default)]
    pub(crate) floor_js: Option<[f64; 4]>,
}

fn perceptrons() -> String {
    "mlp".into()
}

impl RunFile {
    pub(crate) fn with_floor(self, floor: &Floor) -> Self {
        Self {
            floor_w1: floor.w1.value,
            floor_w1_std_error: floor.w1.std_error().unwrap_or(0.0),
            floor_w2: floor.w2.value,
            floor_w2_std_error: floor.w2.std_error().unwrap_or(0.0),
            floor_metrics: floor.metrics.iter().map(MetricLine::from).collect(),
            floor_js: floor.js,
            ..self
        }
    }
}

/// What one metric says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct MetricLine {
    pub(crate) name: String,
    pub(crate) better: Better,
    pub(crate) value: Option<f64>,
    pub(crate) std_error: Option<f64>,
    pub(crate) error: Option<String>,
}

impl From<&Measured> for MetricLine {
    fn from(measured: &Measured) -> Self {
        let found = measured.outcome.as_ref();
        Self {
            name: measured.key.clone(),
            better: measured.reading.into(),
            value: found.ok().map(|found| found.value).filter(|value| value.is_finite()),
            std_error: found.ok().and_then(Estimate::std_error),
            error: found.err().map(ToString::to_string),
        }
    }
}

/// One line of `log.jsonl`. No times, so that equal trainings have equal files.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) step: u64,
    pub(crate) critic_steps: u64,
    pub(crate) w1: f64,
    pub(crate) w1_lower: f64,
    pub(crate) w1_upper: f64,
    pub(crate) w2: f64,
    pub(crate) w2_lower: f64,
    pub(crate) w2_upper: f64,
    pub(crate) certified: Option<f64>,
    pub(crate) critic_value: f64,
    pub(crate) lipschitz: f64,
    pub(crate) slope_mean: f64,
    pub(crate) slope_max: f64,
    pub(crate) critic_loss: f64,
    pub(crate) penalty: f64,
    pub(crate) generator_loss: f64,
    pub(crate) modes_captured: Option<usize>,
    pub(crate) modes: Option<usize>,
    pub(crate) high_quality: Option<f64>,
    pub(crate) reverse_kl: Option<f64>,
    pub(crate) label_accuracy: Option<f64>,
    pub(crate) critic_gradients: Vec<f64>,
    pub(crate) generator_gradients: Vec<f64>,
    pub(crate) activation_gradients: Vec<f64>,
    pub(crate) at_bound: Option<f64>,
    #[serde(default)]
    pub(crate) metrics: Vec<MetricLine>,
    /// Of images with classes: the share of each that a classifier finds, how many it finds, its accuracy, and how often the class is the one
    /// that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) class_shares: Option<Vec<f64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) classes_found: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) classifier_accuracy: Option<f64>,
    /// Of images: mean distances to the nearest training image, from generated and from held-out ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) to_training: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) held_out_to_training: Option<f64>,
    /// Of text: divergences of n-grams, the share of lines that are real, and of those that are real and new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) js: Option<[f64; 4]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) real_lines: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) new_lines: Option<f64>,
    /// Some generated lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) said: Vec<String>,
}

/// The rank correlation of the metric at that place, turned so that more is worse, with exact W1 over the records after the first.
pub(crate) fn tracks_w1(records: &[Line], metric: usize) -> Option<f64> {
    let reading = records.last()?.metrics.get(metric)?.better.reading();
    let pair = |line: &Line| (line.metrics.get(metric).and_then(|found| found.value), line.w1);
    gan::tracks_w1(reading, records.iter().map(pair))
}

impl From<&Record> for Line {
    fn from(record: &Record) -> Self {
        let modes = record.modes.as_ref();
        Self {
            step: record.step,
            critic_steps: record.critic_steps,
            w1: record.w1.value,
            w1_lower: record.w1.lower(),
            w1_upper: record.w1.upper(),
            w2: record.w2.value,
            w2_lower: record.w2.lower(),
            w2_upper: record.w2.upper(),
            certified: record.certified,
            critic_value: record.critic_value,
            lipschitz: record.lipschitz,
            slope_mean: record.slopes.0,
            slope_max: record.slopes.1,
            critic_loss: record.critic_loss,
            penalty: record.penalty,
            generator_loss: record.generator_loss,
            modes_captured: modes.map(|modes| modes.captured),
            modes: modes.map(|modes| modes.modes),
            high_quality: modes.map(|modes| modes.high_quality.value),
            reverse_kl: modes.map(|modes| modes.reverse_kl.value),
            label_accuracy: record.label_accuracy.or(record.classes.as_ref().and_then(|classes| classes.agreement)),
            critic_gradients: record.critic_gradients.clone(),
            generator_gradients: record.generator_gradients.clone(),
            activation_gradients: record.activation_gradients.clone(),
            at_bound: record.at_bound,
            metrics: record.metrics.iter().map(MetricLine::from).collect(),
            class_shares: record.classes.as_ref().map(|classes| classes.shares.clone()),
            classes_found: record.classes.as_ref().map(|classes| classes.found),
            classifier_accuracy: record.classes.as_ref().map(|classes| classes.accuracy),
            to_training: record.copies.map(|copies| copies.generated),
            held_out_to_training: record.copies.map(|copies| copies.held_out),
            js: record.text.as_ref().map(|text| text.js),
            real_lines: record.text.as_ref().map(|text| text.real),
            new_lines: record.text.as_ref().map(|text| text.new),
            said: Vec::new(),
        }
    }
}

/// Every file that a training writes.
const OWN: [&str; 11] = [
    "run.json",
    "log.jsonl",
    "checkpoint.safetensors",
    "loss.png",
    "samples.png",
    "critic.png",
    "gradients.png",
    "weights.png",
    "metrics.png",
    "images.png",
    "report.html",
];

/// The folder itself.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// A folder for a new training; refused where one is in it already.
    pub(crate) fn create(path: &Path) -> Outcome<Self> {
        let folder = Self(path.to_path_buf());
        if let Some(name) = OWN.iter().find(|name| folder.file(name).exists()) {
            let why = match *name {
                "run.json" => {
                    "there is a training in it already; go on with `gan resume`, or name another folder".to_string()
                }
                _ => format!("there is a file `{name}` in it already, which this would overwrite; name another folder"),
            };
            return wrong_file(&path.display().to_string(), why);
        }
        fs::create_dir_all(path)
            .map_err(|error| Failure::Input(format!("{}: cannot be made: {}", path.display(), plain(&error))))?;
        Ok(folder)
    }

    /// The folder of a training that was begun.
    pub(crate) fn open(path: &Path) -> Outcome<(Self, RunFile)> {
        let folder = Self(path.to_path_buf());
        let file = folder.file("run.json");
        if !file.is_file() {
            return wrong_file(
                &path.display().to_string(),
                "it is not a folder of `gan train`: there is no run.json in it",
            );
        }
        let run = serde_json::from_slice(&folder.read("run.json")?);
        Ok((folder, run.map_err(|error| broken(&file, &error))?))
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn name(&self) -> String {
        self.0.display().to_string()
    }

    pub(crate) fn read(&self, name: &str) -> Outcome<Vec<u8>> {
        let path = self.file(name);
        fs::read(&path).map_err(|error| Failure::Input(format!("{}: {}", path.display(), plain(&error))))
    }

    /// Writes a file so that it is whole or not there.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Outcome<()> {
        let (path, new) = (self.file(name), self.file(&format!("{name}.new")));
        fs::write(&new, bytes)
            .and_then(|()| fs::rename(&new, &path))
            .map_err(|error| Failure::Input(format!("{}: cannot be written: {}", path.display(), plain(&error))))
    }

    pub(crate) fn write_run(&self, run: &RunFile) -> Outcome<()> {
        self.write("run.json", crate::report::to_json(run).as_bytes())
    }

    /// The records so far.
    pub(crate) fn lines(&self) -> Outcome<Vec<Line>> {
        let bytes = self.read("log.jsonl")?;
        let Ok(text) = String::from_utf8(bytes) else { return wrong(format_args!("{}: it is not text", self.name())) };
        let lines = text.lines().map(serde_json::from_str);
        lines.collect::<Result<_, _>>().map_err(|error| broken(&self.file("log.jsonl"), &error))
    }

    /// Writes all records anew.
    pub(crate) fn write_lines(&self, lines: &[Line]) -> Outcome<()> {
        let text: String = lines.iter().map(|line| json(line) + "\n").collect();
        self.write("log.jsonl", text.as_bytes())
    }

    /// Adds a record, then the state that belongs to it.
    pub(crate) fn keep(&self, line: &Line, training: &Training) -> Outcome<()> {
        let path = self.file("log.jsonl");
        let file = fs::OpenOptions::new().create(true).append(true).open(&path);
        file.and_then(|mut file| file.write_all((json(line) + "\n").as_bytes()))
            .map_err(|error| Failure::Input(format!("{}: cannot be written: {}", path.display(), plain(&error))))?;
        self.write("checkpoint.safetensors", &training.checkpoint())
    }
}

fn json(line: &Line) -> String {
    serde_json::to_string(line).expect("a record is valid JSON")
}

fn broken(path: &Path, error: &serde_json::Error) -> Failure {
    Failure::Input(format!("{}: it was not written by `gan train`: {error}", path.display()))
}
