//! Bytes from a file or from standard input, and what kind of file they are.

use std::fs;
use std::io::{self, Read};

use crate::failure::{Outcome, plain, wrong_file};

/// What was read, and what errors call it.
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    /// The array asked for in `data.npz:name`.
    pub(crate) member: Option<String>,
}

/// The kind of a file, by its first bytes and not by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Npy,
    Npz,
    Png,
    Text,
}

impl Source {
    /// Reads a file, `-` for standard input, or `data.npz:name`.
    pub(crate) fn read(path: &str) -> Outcome<Self> {
        let (file, member) = match path.split_once(".npz:") {
            Some((stem, member)) => (format!("{stem}.npz"), Some(member.to_string())),
            None => (path.to_string(), None),
        };
        let (name, bytes) = if file == "-" {
            let mut bytes = Vec::new();
            ("standard input".to_string(), io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes))
        } else {
            (path.to_string(), fs::read(&file))
        };
        match bytes {
            Ok(bytes) if bytes.is_empty() => wrong_file(&name, "there is nothing in it"),
            Ok(bytes) => Ok(Self { name, bytes, member }),
            Err(error) => wrong_file(&name, format_args!("cannot be read: {}", plain(&error))),
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        match self.bytes.as_slice() {
            [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => Kind::Npy,
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Kind::Npz,
            [0x89, b'P', b'N', b'G', ..] => Kind::Png,
            _ => Kind::Text,
        }
    }
}
