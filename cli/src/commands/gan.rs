//! `earthwork gan`: adversarial training with exact transport as the referee.

use std::path::Path;
use std::time::Instant;

use earthwork::critic::net::Module;
use earthwork::gan::{CriticSteps, Data, Gan, Networks, Record, Referee, Toy, Training};
use earthwork::measure::Samples;
use earthwork::metrics::Metric;
use earthwork_view::format;

use crate::args::{ReportArgs, ResumeArgs, RunArgs, TrainArgs};
use crate::commands::metrics::chosen;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome, wrong};
use crate::folder::{Folder, Line, RunFile};
use crate::plot::{self, Pictures};
use crate::progress::Bar;
use crate::read::LabelledChoice;
use crate::report::{self, GanReport};
use crate::{interrupt, memory, output, read};

/// Points in the picture of samples, of each side.
const SHOWN: usize = 1500;
/// Records in the course of a training, unless the user says how often.
const RECORDS: u64 = 20;

/// Trains.
pub(crate) fn train(options: &TrainArgs) -> Outcome<Exit> {
    let state =
        if options.resume { resumed(&options.out, options.steps, options.referee_every)? } else { begun(options)? };
    go_on(state, &options.run, options.json)
}

/// Goes on with a training.
pub(crate) fn resume(options: &ResumeArgs) -> Outcome<Exit> {
    go_on(resumed(&options.folder, options.steps, options.referee_every)?, &options.run, options.json)
}

/// A folder, what its `run.json` says, the training in it and its records.
type State = (Folder, RunFile, Training, Vec<Line>);

fn go_on((folder, run, mut training, mut lines): State, options: &RunArgs, json: bool) -> Outcome<Exit> {
    let started = Instant::now();
    let mut bar = Bar::new();
    let name = format!("{} on {}", run.objective, run.data);
    let mut last = String::new();
    if lines.is_empty() {
        lines.push(recorded(&folder, &training, &training.judge()?)?);
        folder.keep(&lines[0], &training)?;
    }
    let ended = interrupt::while_solving(|| -> Outcome<bool> {
        while !training.is_done() {
            if interrupt::token().is_cancelled() || options.time_limit.is_some_and(|limit| started.elapsed() >= limit) {
                return Ok(false);
            }
            if let Some(record) = training.step()? {
                let line = recorded(&folder, &training, &record)?;
                last = said(&line, &run);
                folder.keep(&line, &training)?;
                lines.push(line);
            }
            bar.train(&name, training.steps(), run.steps, &last);
        }
        Ok(true)
    });
    drop(bar);
    let done = match ended {
        Ok(done) => done,
        Err(Failure::Input(message)) => {
            return wrong(format_args!("{message}; what was reached before is in {}", folder.name()));
        }
        Err(help) => return Err(help),
    };
    if !done {
        folder.write("checkpoint.safetensors", &training.checkpoint())?;
    }
    draw(&folder, &run, &training, &lines)?;
    tell(&folder, run, training.steps(), lines, json)?;
    Ok(if done { Exit::Done } else { Exit::Bounds })
}

/// Generated lines that a record shows.
const SAID: usize = 8;

/// A record, with some generated lines of text beside it, or a picture of generated images.
fn recorded(folder: &Folder, training: &Training, record: &Record) -> Outcome<Line> {
    let mut line = Line::from(record);
    if training.data().letters().is_some() {
        let made = training.generate(SAID, training.options().seed)?;
        line.said = training.data().decode(&made).unwrap_or_default();
    } else if let Some(png) = plot::generated_images(training)? {
        folder.write(&format!("images-{:07}.png", record.step), &png)?;
    }
    Ok(line)
}

/// Tells what a folder holds.
pub(crate) fn report(options: &ReportArgs) -> Outcome<Exit> {
    let (folder, run) = Folder::open(&options.folder)?;
    let (training, lines) = restored(&folder, &run)?;
    draw(&folder, &run, &training, &lines)?;
    tell(&folder, run, training.steps(), lines, options.json)?;
    Ok(Exit::Done)
}

fn tell(folder: &Folder, run: RunFile, steps: u64, lines: Vec<Line>, json: bool) -> Outcome<()> {
    let found = GanReport::new(folder.name(), run, steps, lines);
    output::print(&if json { report::to_json(&found) } else { report::gan(&found) })
}

/// What the progress line says of a record.
fn said(line: &Line, run: &RunFile) -> String {
    let floor = format::short(line.w1 / run.floor_w1, 3);
    let modes = if let Some((captured, of)) = line.modes_captured.zip(line.modes) {
        format!("  modes {captured}/{of}")
    } else if let Some([first, second, ..]) = line.js {
        let real = format::percent(line.real_lines.unwrap_or(0.0));
        format!("  JS-1 {first:.4}, JS-2 {second:.4}, real words {real}")
    } else {
        line.classes_found.map_or(String::new(), |found| format!("  classes {found}/{}", run.classes.len()))
    };
    format!("exact W1 {}, {floor} x real against real{modes}", format::short(line.w1, 4))
}

/// A new training in a new folder.
fn begun(options: &TrainArgs) -> Outcome<State> {
    output::check(options.data.as_deref().as_slice(), &[])?;
    // A two-sided penalty cannot learn on one column: see `Gan::start`.
    let usual = || if one_column(options) { "wgan-lp" } else { "wgan-gp" };
    let name = &options.objective.clone().unwrap_or_else(|| usual().to_string());
    let mut gan = if options.published { Gan::published(name)? } else { Gan::named(name)? };
    let usual = if options.text { "text" } else { "mlp" };
    let networks = options.networks.clone().unwrap_or_else(|| usual.to_string());
    let layers = options.critic_layers.clone().zip(options.generator_layers.clone()).map(|(c, g)| [c, g]);
    gan = sized(gan, options.published, named(&networks, layers.as_ref())?);
    gan.seed = options.run.seed;
    gan.steps = options.steps.unwrap_or(gan.steps);
    gan.batch = options.batch.unwrap_or(gan.batch);
    gan.latent = options.latent.unwrap_or(gan.latent);
    gan.averaging = options.averaging.unwrap_or(gan.averaging);
    let data = options.data.clone().unwrap_or_default();
    let run = RunFile {
        data,
        objective: name.clone(),
        published: options.published,
        steps: gan.steps,
        batch: gan.batch,
        critic_steps: options.critic_steps,
        hidden: if options.hidden.is_empty() { gan.critic.clone() } else { options.hidden.clone() },
        latent: gan.latent,
        critic_rate: options.critic_rate.unwrap_or(gan.critic_rule.1),
        generator_rate: options.generator_rate.unwrap_or(gan.generator_rule.1),
        averaging: gan.averaging,
        label: options.label.clone(),
        columns: options.columns.clone(),
        drop_missing: options.drop_missing,
        header: options.header,
        units: None,
        classes: Vec::new(),
        referee_every: options.referee_every.unwrap_or_else(|| gan.steps.div_ceil(RECORDS)),
        referee_points: options.referee_points.unwrap_or(gan.referee.points),
        seed: gan.seed,
        floor_w1: 0.0,
        floor_w1_std_error: 0.0,
        floor_w2: 0.0,
        floor_w2_std_error: 0.0,
        metrics: options.metrics.clone(),
        floor_metrics: Vec::new(),
        networks: if layers.is_some() { "layers".into() } else { networks },
        layers,
        image: options.image.clone(),
        text: options.text,
        length: options.length,
        alphabet: options.alphabet.clone(),
        held_out: options.held_out.clone(),
        class_column: options.classes.clone(),
        floor_js: None,
    };
    room(&run)?;
    let (gan, data, classes) = parts(&run)?;
    let units = data.units();
    let training = gan.start(data)?.with_metrics(metrics(&run)?);
    let run = RunFile { units, classes, ..run }.with_floor(&training.floor()?);
    let folder = Folder::create(&options.out)?;
    folder.write_run(&run)?;
    Ok((folder, run, training, Vec::new()))
}

/// Whether the file to train on has one column of numbers, as far as it can be read.
fn one_column(options: &TrainArgs) -> bool {
    let data = options.data.as_deref().unwrap_or_default();
    if Toy::named(data).is_ok() || data == "-" || options.text || options.image.is_some() || Path::new(data).is_dir() {
        return false;
    }
    let choice = LabelledChoice {
        columns: &options.columns,
        label: options.label.as_deref().filter(|label| !label.is_empty()),
        drop_missing: options.drop_missing,
        header: options.header,
    };
    read::labelled(data, &choice).is_ok_and(|file| file.samples.dim() == 1)
}

/// The training in a folder, to be gone on with.
fn resumed(out: &Path, steps: Option<u64>, referee_every: Option<u64>) -> Outcome<State> {
    let (folder, mut run) = Folder::open(out)?;
    run.referee_every = referee_every.unwrap_or(run.referee_every);
    let (before, _) = restored(&folder, &run)?;
    if let Some(steps) = steps {
        if steps < before.steps() {
            let made = before.steps();
            return wrong(format_args!("--steps {steps}: the training in {} has made {made} already", folder.name()));
        }
        run.steps = steps;
    }
    let (training, lines) = restored(&folder, &run)?;
    folder.write_run(&run)?;
    folder.write_lines(&lines)?;
    Ok((folder, run, training, lines))
}

/// What the checkpoint holds, and the records up to it: the last one may be of a state that was not written any more.
fn restored(folder: &Folder, run: &RunFile) -> Outcome<(Training, Vec<Line>)> {
    let (gan, data, _) = parts(run)?;
    let training = gan.resume(data, &folder.read("checkpoint.safetensors")?)?.with_metrics(metrics(run)?);
    let mut lines = folder.lines()?;
    lines.retain(|line| line.step <= training.steps());
    Ok((training, lines))
}

/// Refuses networks and batches that the machine cannot hold.
fn room(run: &RunFile) -> Outcome<()> {
    let generator: Vec<usize> = [&[run.latent][..], &run.hidden].concat();
    memory::require_networks(&[&run.hidden, &generator], run.batch, "--hidden, --batch and --latent")?;
    memory::require(64.0 * run.referee_points as f64, "--referee-points")
}

/// What is measured beside the exact distances; nothing unless it is asked for.
fn metrics(run: &RunFile) -> Outcome<Vec<Metric>> {
    if run.metrics.is_empty() { Ok(Vec::new()) } else { chosen(&run.metrics) }
}

/// Options and data of a run.
fn parts(run: &RunFile) -> Outcome<(Gan, Data, Vec<String>)> {
    let gan = if run.published { Gan::published(&run.objective)? } else { Gan::named(&run.objective)? };
    let mut gan = sized(gan, run.published, named(&run.networks, run.layers.as_ref())?);
    (gan.steps, gan.batch, gan.latent, gan.averaging, gan.seed) =
        (run.steps, run.batch, run.latent, run.averaging, run.seed);
    (gan.critic, gan.generator) = (run.hidden.clone(), run.hidden.clone());
    (gan.critic_rule.1, gan.generator_rule.1) = (run.critic_rate, run.generator_rate);
    gan.referee = Referee { every: run.referee_every, points: run.referee_points };
    if let Some(steps) = run.critic_steps {
        gan.critic_steps = CriticSteps::always(steps);
    }
    gan.conditional = run.label.is_some();
    if let Ok(toy) = Toy::named(&run.data) {
        if run.label.as_ref().is_some_and(|column| !column.is_empty()) || !run.columns.is_empty() {
            return wrong(format_args!(
                "{}: a toy distribution has no columns; --label alone takes its modes",
                run.data
            ));
        }
        if run.image.is_some() || run.text || run.held_out.is_some() || run.class_column.is_some() {
            let why = "a toy distribution is neither images nor text, and the referee draws fresh points of it";
            return wrong(format_args!("{}: {why}; --image, --text, --held-out and --classes are for files", run.data));
        }
        return Ok((gan, Data::toy(toy), Vec::new()));
    }
    if !std::path::Path::new(run.data.split(".npz:").next().unwrap_or(&run.data)).exists()
        && !run.data.contains(['.', '/'])
    {
        return Err(Failure::from(Toy::named(&run.data).expect_err("it was not a toy above")));
    }
    if run.text {
        let lines = read::pictures::lines(&run.data)?;
        let data = Data::text(&lines, run.length, run.alphabet.as_deref(), run.seed);
        return Ok((gan, data.map_err(|error| error.about(run.data.clone()))?, Vec::new()));
    }
    let file = given(&run.data, run)?;
    let mut data = match &run.held_out {
        None => Data::labelled(&file.samples, &file.labels, run.seed)?,
        Some(path) => {
            let held_out = given(path, run)?;
            let number = |label: &usize| {
                let name = &held_out.classes[*label];
                let at = file.classes.iter().position(|class| class == name);
                at.ok_or_else(|| Failure::Input(format!("{path}: {} has no class `{name}`", run.data)))
            };
            let labels = held_out.labels.iter().map(number).collect::<Outcome<Vec<usize>>>()?;
            if held_out.image != file.image {
                return wrong(format_args!("{path}: its images have another shape than those of {}", run.data));
            }
            Data::split_labelled((&file.samples, &file.labels), (&held_out.samples, &labels))?
        }
    };
    if let Some(shape) = file.image {
        data = data.as_images(shape)?;
    }
    Ok((gan, data, file.classes))
}

/// A file to train on.
struct Given {
    samples: Samples,
    labels: Vec<usize>,
    classes: Vec<String>,
    image: Option<[usize; 3]>,
}

fn given(path: &str, run: &RunFile) -> Outcome<Given> {
    let image = run.image.as_deref().map(read::pictures::shape).transpose()?;
    let label = match run.label.as_deref().or(run.class_column.as_deref()) {
        Some("") => return wrong("--label needs the name of a column: the data is a file"),
        label => label,
    };
    if let Some(images) = read::pictures::images(path)? {
        if label.is_some() || !run.columns.is_empty() {
            return wrong(format_args!("{path}: images have no columns, so that no class can be told"));
        }
        if image.is_some_and(|shape| shape != images.shape) {
            let [h, w, c] = images.shape;
            return wrong(format_args!("{path}: its images are {h}x{w}x{c}; leave --image out"));
        }
        let labels = vec![0; images.samples.len()];
        return Ok(Given { samples: images.samples, labels, classes: vec![String::new()], image: Some(images.shape) });
    }
    let choice = LabelledChoice { columns: &run.columns, label, drop_missing: run.drop_missing, header: run.header };
    let file = read::labelled(path, &choice)?;
    Ok(Given { samples: file.samples, labels: file.labels, classes: file.classes, image })
}

/// Networks by name, or by their layers.
fn named(name: &str, layers: Option<&[String; 2]>) -> Outcome<Networks> {
    Ok(match layers {
        Some([critic, generator]) => {
            let of = |text: &str, flag: &'static str| Module::parse(text).map_err(|error| error.about(flag));
            let (critic, generator) = (of(critic, "--critic-layers")?, of(generator, "--generator-layers")?);
            Networks::Layers { critic, generator }
        }
        None => Networks::named(name)?,
    })
}

/// The sizes and rates that suit the networks; those of a paper stay.
fn sized(mut gan: Gan, published: bool, networks: Networks) -> Gan {
    if published {
        gan.networks = networks;
        return gan;
    }
    gan.with_networks(networks)
}

/// All pictures of a run.
fn draw(folder: &Folder, run: &RunFile, training: &Training, lines: &[Line]) -> Outcome<()> {
    let real = training.data().held_out(SHOWN, run.seed)?.0;
    let generated = training.generate(SHOWN, run.seed)?;
    let pictures = Pictures { run, training, lines, real: &real, generated: &generated };
    let drawn = plot::training(&pictures)?;
    for (name, png) in &drawn {
        folder.write(name, png)?;
    }
    folder.write("report.html", report::training_page(run, lines, &drawn).as_bytes())
}
