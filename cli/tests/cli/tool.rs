//! Runs the command in a folder of its own.

use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// What a run gave back.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    /// The output of a run that went well.
    #[track_caller]
    pub(crate) fn text(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (0, ""), "{}", self.out);
        self.out
    }

    /// The JSON of a run that went well.
    #[track_caller]
    pub(crate) fn json(self) -> Value {
        serde_json::from_str(&self.text()).expect("--json prints JSON")
    }

    /// The message of a run that was refused: one line, exit code 2, nothing on standard output.
    #[track_caller]
    pub(crate) fn refusal(self) -> String {
        assert_eq!((self.code, self.out.as_str()), (2, ""), "{}", self.err);
        assert_eq!(self.err.matches('\n').count(), 1, "one line: {}", self.err);
        let line = self.err.trim_end();
        line.strip_prefix("earthwork: ").unwrap_or_else(|| panic!("`{line}` names no program")).to_string()
    }
}

/// A folder with files to read.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().expect("there is room for a folder"))
    }

    /// A folder with some text files.
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let folder = Self::new();
        for (name, text) in files {
            folder.write(name, text.as_bytes());
        }
        folder
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).expect("the folder can be written to");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Runs `earthwork` with the words of `line`.
    pub(crate) fn run(&self, line: &str) -> Run {
        self.run_with_input(line, "")
    }

    /// The same with something on standard input.
    pub(crate) fn run_with_input(&self, line: &str, input: &str) -> Run {
        let mut child = command(self.0.path(), line)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command starts");
        let mut stdin = child.stdin.take().expect("standard input is a pipe");
        // A run that does not read its input closes the pipe; that is not a failure here.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        let done = child.wait_with_output().expect("the command ends");
        let text = |bytes| String::from_utf8(bytes).expect("the command prints UTF-8");
        Run { code: done.status.code().unwrap_or(-1), out: text(done.stdout), err: text(done.stderr) }
    }
}

/// The command with the words of `line`, in a folder.
pub(crate) fn command(folder: &Path, line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_earthwork"));
    command.current_dir(folder).args(line.split_whitespace());
    command
}

/// Runs in the folder of the example data.
pub(crate) fn in_examples(line: &str) -> Run {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/data");
    let done = command(Path::new(folder), line).stdin(Stdio::null()).output().expect("the command starts");
    let text = |bytes| String::from_utf8(bytes).expect("the command prints UTF-8");
    Run { code: done.status.code().unwrap_or(-1), out: text(done.stdout), err: text(done.stderr) }
}

/// An NPY file of 64-bit floats in row-major order.
pub(crate) fn npy(shape: &[usize], values: &[f64]) -> Vec<u8> {
    let axes = shape.iter().map(|axis| format!("{axis}, ")).collect::<Vec<_>>().concat();
    let header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({axes}), }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}

/// An NPZ file, compressed as `numpy.savez_compressed` does.
pub(crate) fn npz(arrays: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    for (name, bytes) in arrays {
        archive.start_file(format!("{name}.npy"), options).expect("writing to memory");
        archive.write_all(bytes).expect("writing to memory");
    }
    archive.finish().expect("writing to memory").into_inner()
}

/// A PNG file.
pub(crate) fn png(colour: png::ColorType, depth: png::BitDepth, width: u32, height: u32, data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(colour);
    encoder.set_depth(depth);
    encoder.write_header().and_then(|mut writer| writer.write_image_data(data)).expect("writing to memory");
    bytes
}

/// The number under a key.
#[track_caller]
pub(crate) fn number(value: &Value, key: &str) -> f64 {
    value[key].as_f64().unwrap_or_else(|| panic!("`{key}` is not a number in {value}"))
}

/// Asserts that two numbers agree to a few roundings.
#[track_caller]
pub(crate) fn assert_near(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-13 * expected.abs().max(1e-300), "{found} is not {expected}");
}
