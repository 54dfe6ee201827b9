//! The command `earthwork`: distances between samples, each with its evidence.
//!
//! Arguments, files, tables and pictures live here; every number comes from the library.

mod args;
mod better;
mod commands;
mod cost;
mod divergence;
mod exit;
mod failure;
mod folder;
mod help;
mod interrupt;
mod limit;
mod memory;
mod output;
mod plot;
mod progress;
mod read;
mod report;
mod run;

use std::process::ExitCode;

use args::{BenchmarkCommand, Command, GanCommand};
use exit::Exit;
use failure::Failure;

fn main() -> ExitCode {
    interrupt::report_panics_in_one_line();
    let exit = args::parse().and_then(|cli| {
        interrupt::listen()?;
        run::prepare(cli.command.run())?;
        match &cli.command {
            Command::Compare(options) => commands::compare(options),
            Command::Divergence(options) => commands::divergence(options),
            Command::Emd(options) => commands::emd(options),
            Command::Sinkhorn(options) => commands::sinkhorn(options),
            Command::Sliced(options) => commands::sliced(options),
            Command::Verify(options) => commands::verify(options),
            Command::Test(options) => commands::test(options),
            Command::Metrics(options) => commands::metrics(options),
            Command::Validate(options) => commands::validate(options),
            Command::Laws(options) => commands::laws(options),
            Command::Critic(options) => commands::critic(options),
            Command::Gan(GanCommand::Train(options)) => commands::train(options),
            Command::Gan(GanCommand::Resume(options)) => commands::gan_resume(options),
            Command::Gan(GanCommand::Report(options)) => commands::gan_report(options),
            Command::Benchmark(BenchmarkCommand::W1(options)) => commands::benchmark(options),
        }
    });
    let exit = exit.unwrap_or_else(|failure| match failure {
        Failure::Help(text) => output::print(&text).map_or(Exit::Refused, |()| Exit::Done),
        Failure::Input(message) => {
            eprintln!("earthwork: {}", message.split_whitespace().collect::<Vec<_>>().join(" "));
            Exit::Refused
        }
    });
    ExitCode::from(exit as u8)
}
