//! A file or standard input, and what kind of file it is.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek};

use crate::failure::{Outcome, plain, wrong_file};

/// Where bytes come from: a file, which need not be in memory, or what a pipe brought.
pub(crate) trait Input: Read + Seek {}

impl<T: Read + Seek> Input for T {}

/// What is to be read, from its start, and what errors call it.
pub(crate) struct Source {
    pub(crate) name: String,
    /// The array asked for in `data.npz:name`.
    pub(crate) member: Option<String>,
    pub(crate) kind: Kind,
    /// How many bytes there are.
    pub(crate) size: u64,
    pub(crate) input: Box<dyn Input>,
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
    /// Opens a file, `-` for standard input, or `data.npz:name`.
    pub(crate) fn open(path: &str) -> Outcome<Self> {
        let (file, member) = match path.split_once(".npz:") {
            Some((stem, member)) => (format!("{stem}.npz"), Some(member.to_string())),
            None => (path.to_string(), None),
        };
        let (name, source) = if file == "-" {
            ("standard input".to_string(), Self::whole(io::stdin().lock()))
        } else {
            (path.to_string(), Self::file(&file))
        };
        match source {
            Ok(source) if source.size == 0 => wrong_file(&name, "there is nothing in it"),
            Ok(source) => Ok(Self { name, member, ..source }),
            Err(error) => wrong_file(&name, format_args!("cannot be read: {}", plain(&error))),
        }
    }

    fn file(path: &str) -> io::Result<Self> {
        let file = File::open(path)?;
        let about = file.metadata()?;
        // A pipe has a name too.
        if about.is_file() { Self::new(BufReader::new(file), about.len()) } else { Self::whole(file) }
    }

    fn whole(mut pipe: impl Read) -> io::Result<Self> {
        let mut bytes = Vec::new();
        let size = pipe.read_to_end(&mut bytes)?;
        Self::new(Cursor::new(bytes), size as u64)
    }

    fn new(mut input: impl Input + 'static, size: u64) -> io::Result<Self> {
        let mut head = Vec::new();
        input.by_ref().take(6).read_to_end(&mut head)?;
        input.rewind()?;
        let kind = match head.as_slice() {
            [0x93, b'N', b'U', b'M', b'P', b'Y'] => Kind::Npy,
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Kind::Npz,
            [0x89, b'P', b'N', b'G', ..] => Kind::Png,
            _ => Kind::Text,
        };
        Ok(Self { name: String::new(), member: None, kind, size, input: Box::new(input) })
    }

    /// All of it.
    pub(crate) fn bytes(&mut self) -> Outcome<Vec<u8>> {
        let mut bytes = Vec::new();
        match self.input.read_to_end(&mut bytes) {
            Ok(_) => Ok(bytes),
            Err(error) => wrong_file(&self.name, format_args!("cannot be read: {}", plain(&error))),
        }
    }

    /// Bytes that a test made.
    #[cfg(test)]
    pub(crate) fn of(name: &str, bytes: &[u8]) -> Self {
        Self { name: name.into(), ..Self::whole(bytes).expect("memory can be read") }
    }
}
