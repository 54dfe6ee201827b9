//! Tables from files of any format.

use crate::args::Header;
use crate::failure::{Outcome, wrong_file};
use crate::read::npy::Array;
use crate::read::source::{Kind, Source};
use crate::read::table::Table;
use crate::read::text;

/// Reads a table from CSV, TSV and the like, NPY or NPZ.
pub(super) fn table(path: &str, header: Header) -> Outcome<Table> {
    let source = Source::open(path)?;
    match source.kind {
        Kind::Npy | Kind::Npz => Table::from_array(Array::read(source)?),
        Kind::Png => wrong_file(&source.name, "an image is read as masses: add --grid"),
        Kind::Text => text::table(source, header),
    }
}
