//! The command as a person meets it: files in, text, JSON, pictures and exit codes out.

mod compare;
mod divergence;
mod emd;
mod errors;
mod files;
mod gan;
mod interrupt;
mod laws;
mod losses;
mod metrics;
mod pictures;
mod sinkhorn;
mod sliced;
mod test;
mod tool;
mod verify;
