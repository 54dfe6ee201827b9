//! The command as a person meets it: files in, text, JSON, pictures and exit codes out.

mod compare;
mod emd;
mod errors;
mod files;
mod interrupt;
mod pictures;
mod sliced;
mod tool;
mod verify;
