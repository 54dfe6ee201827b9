//! Tables: columns of numbers and text, with the place of every cell in its file.

use crate::args::Header;
use crate::failure::{Outcome, wrong, wrong_file};
use crate::read::dialect::{self, Delimiter, is_header, is_missing};
use crate::read::npy::Array;
use crate::read::source::{Kind, Source};

/// A table in memory.
pub(crate) struct Table {
    /// What errors call the file.
    pub(crate) name: String,
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: usize,
    /// Whether the columns have names of their own.
    pub(crate) has_names: bool,
    /// For each row the line in the file, from 1; none for arrays.
    lines: Option<Vec<u64>>,
}

/// One column.
pub(crate) struct Column {
    pub(crate) name: String,
    /// One number for each row, NaN where the cell is not a finite number.
    pub(crate) numbers: Vec<f64>,
    /// The cells that are not finite numbers, with their rows, in order.
    pub(crate) others: Vec<(usize, Box<str>)>,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    Numbers,
    Text,
    Nothing,
}

impl Column {
    fn new(name: String) -> Self {
        Self { name, numbers: Vec::new(), others: Vec::new() }
    }

    fn push(&mut self, cell: &str) {
        match cell.parse::<f64>() {
            Ok(number) if number.is_finite() => self.numbers.push(number),
            _ => {
                self.others.push((self.numbers.len(), cell.into()));
                self.numbers.push(f64::NAN);
            }
        }
    }

    /// Numbers, if at least half of the cells that say something are.
    pub(crate) fn holds(&self) -> Holds {
        let said: Vec<&str> = self.others.iter().map(|(_, cell)| &**cell).filter(|cell| !is_missing(cell)).collect();
        let numbers = self.numbers.len() - self.others.len();
        let infinite = said.iter().filter(|cell| cell.parse::<f64>().is_ok()).count();
        match (numbers + infinite, said.len() - infinite) {
            (0, 0) => Holds::Nothing,
            (numbers, text) if numbers >= text => Holds::Numbers,
            _ => Holds::Text,
        }
    }

    /// The cell of a row, where it is not a finite number.
    pub(crate) fn other(&self, row: usize) -> Option<&str> {
        self.others.binary_search_by_key(&row, |(at, _)| *at).ok().map(|at| &*self.others[at].1)
    }

    /// The cell of a row as text.
    pub(crate) fn label(&self, row: usize) -> String {
        self.other(row).map_or_else(|| self.numbers[row].to_string(), str::to_string)
    }
}

impl Table {
    /// Reads a table from CSV, TSV and the like, NPY or NPZ.
    pub(crate) fn read(path: &str, header: Header) -> Outcome<Self> {
        let source = Source::read(path)?;
        match source.kind() {
            Kind::Npy | Kind::Npz => Self::from_array(Array::read(&source)?),
            Kind::Png => wrong_file(&source.name, "an image is read as masses: add --grid"),
            Kind::Text => Self::from_source(&source, header),
        }
    }

    /// Points of shape (n, d), or (n) on a line.
    fn from_array(array: Array) -> Outcome<Self> {
        let (rows, width) = match array.shape[..] {
            [n] => (n, 1),
            [n, d] => (n, d),
            _ => {
                let axes = array.shape.len();
                return wrong_file(
                    &array.name,
                    format_args!("it has {axes} axes; points are an array of shape (n, d) (--grid reads masses)"),
                );
            }
        };
        if rows * width == 0 {
            return wrong_file(&array.name, format_args!("it is empty: its shape is ({rows}, {width})"));
        }
        let mut columns: Vec<Column> = (1..=width).map(|k| Column::new(k.to_string())).collect();
        for (row, point) in array.values.chunks_exact(width).enumerate() {
            for (column, &value) in columns.iter_mut().zip(point) {
                let finite = value.is_finite();
                column.numbers.push(if finite { value } else { f64::NAN });
                if !finite {
                    column.others.push((row, value.to_string().into()));
                }
            }
        }
        Ok(Self { name: array.name, columns, rows, has_names: false, lines: None })
    }

    /// A table from text that was read before.
    pub(crate) fn from_source(source: &Source, header: Header) -> Outcome<Self> {
        let name = source.name.clone();
        let bytes = source.bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&source.bytes);
        if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") {
            return wrong_file(&name, "it is UTF-16 text; save it as UTF-8");
        }
        if bytes.contains(&0) {
            return wrong_file(&name, "it is neither a text table nor an NPY, NPZ or PNG file");
        }
        let text = String::from_utf8_lossy(bytes);
        let is_data = |line: &&str| !line.trim().is_empty() && !line.starts_with('#');
        let delimiter = dialect::delimiter(text.lines().filter(is_data));
        let mut reading = Reading {
            table: Self { name, columns: Vec::new(), rows: 0, has_names: false, lines: None },
            header,
            lines: Vec::new(),
        };
        reading.commented_header(&text, delimiter);
        match delimiter {
            Delimiter::Blanks => {
                for (at, line) in text.lines().enumerate().filter(|(_, line)| is_data(line)) {
                    reading.record(at as u64 + 1, line.split_whitespace())?;
                }
            }
            Delimiter::Byte(byte) => reading.delimited(&text, byte)?,
        }
        reading.finish()
    }

    /// Where a cell is, as a person would look for it.
    pub(crate) fn place(&self, row: usize, column: usize) -> String {
        match &self.lines {
            Some(lines) => format!("{}, row {}, column `{}`", self.name, lines[row], self.columns[column].name),
            None => format!("{}, element [{row}, {column}]", self.name),
        }
    }

    /// What a row is called: its line in the file, or its index in an array.
    pub(crate) fn row_name(&self, row: usize) -> u64 {
        self.lines.as_ref().map_or(row as u64, |lines| lines[row])
    }

    /// The column of that name, or of that number from 1.
    pub(crate) fn find(&self, name: &str) -> Outcome<usize> {
        let by_name = self.columns.iter().position(|column| column.name == name);
        let by_number = || name.parse::<usize>().ok().filter(|k| (1..=self.columns.len()).contains(k)).map(|k| k - 1);
        by_name.or_else(by_number).map_or_else(
            || {
                let names: Vec<&str> = self.columns.iter().map(|column| column.name.as_str()).collect();
                let names = crate::format::list(&names, 12);
                wrong_file(&self.name, format_args!("there is no column `{name}`; its columns are {names}"))
            },
            Ok,
        )
    }
}

/// A table while its records come in.
struct Reading {
    table: Table,
    header: Header,
    lines: Vec<u64>,
}

impl Reading {
    /// Records between quotes and delimiters, with the line on which each begins.
    fn delimited(&mut self, text: &str, delimiter: u8) -> Outcome<()> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .comment(Some(b'#'))
            .from_reader(text.as_bytes());
        let mut record = csv::StringRecord::new();
        let (mut line, mut at) = (1_u64, 0_usize);
        let newlines = |text: &str| text.bytes().filter(|&b| b == b'\n').count() as u64;
        loop {
            match reader.read_record(&mut record) {
                Ok(false) => return Ok(()),
                Err(error) => return wrong_file(&self.table.name, error),
                Ok(true) => {}
            }
            let start = record.position().map_or(at, |position| position.byte() as usize);
            // The reader counts blank lines and comments as part of the record after them.
            let start = start + skipped(&text[start..]);
            line += newlines(&text[at..start]);
            at = start;
            self.record(line, record.iter().map(str::trim))?;
        }
    }

    /// Names in a comment before the first row, as numpy.savetxt writes them.
    fn commented_header(&mut self, text: &str, delimiter: Delimiter) {
        let mut lines = text.lines().filter(|line| !line.trim().is_empty());
        let Some(comment) = lines.next().and_then(|line| line.strip_prefix('#')) else { return };
        let Some(first) = lines.find(|line| !line.starts_with('#')) else { return };
        let names: Vec<&str> = match delimiter {
            Delimiter::Blanks => comment.split_whitespace().collect(),
            Delimiter::Byte(byte) => comment.split(byte as char).map(str::trim).collect(),
        };
        let fits = names.len() == dialect::cells(first, delimiter);
        if fits && is_header(names.iter().copied()) && self.header != Header::No {
            self.names(names.into_iter());
        }
    }

    fn names<'t>(&mut self, names: impl Iterator<Item = &'t str>) {
        self.table.has_names = true;
        self.table.columns = names.map(|name| Column::new(name.to_string())).collect();
    }

    fn record<'t>(&mut self, line: u64, cells: impl Iterator<Item = &'t str> + Clone) -> Outcome<()> {
        let table = &mut self.table;
        if table.columns.is_empty() {
            let names = match self.header {
                Header::Auto => is_header(cells.clone()),
                Header::Yes => true,
                Header::No => false,
            };
            if names {
                self.names(cells);
                return Ok(());
            }
            table.columns = (1..=cells.clone().count()).map(|k| Column::new(k.to_string())).collect();
        }
        let found = cells.clone().count();
        let expected = table.columns.len();
        if found != expected {
            let than = if table.has_names { "the header" } else { "the first row" };
            return wrong(format_args!(
                "{}, row {line}: it has {}, but {than} has {expected}",
                table.name,
                crate::format::counted(found, "cell")
            ));
        }
        for (column, cell) in table.columns.iter_mut().zip(cells) {
            column.push(cell);
        }
        self.lines.push(line);
        Ok(())
    }

    fn finish(mut self) -> Outcome<Table> {
        self.table.rows = self.lines.len();
        if self.lines.is_empty() {
            let what =
                if self.table.has_names { "there are no rows below the header" } else { "there are no rows in it" };
            return wrong_file(&self.table.name, what);
        }
        self.table.lines = Some(self.lines);
        let columns = &mut self.table.columns;
        for at in 0..columns.len() {
            if let Some(first) = columns[..at].iter().position(|c| !c.name.is_empty() && c.name == columns[at].name) {
                let message = format!("columns {} and {} are both called `{}`", first + 1, at + 1, columns[at].name);
                return wrong_file(&self.table.name, message);
            }
        }
        Ok(self.table)
    }
}

/// How many bytes of blank lines and comments `text` begins with.
fn skipped(text: &str) -> usize {
    let mut at = 0;
    loop {
        let rest = &text[at..];
        if rest.starts_with('#') {
            at += rest.find('\n').map_or(rest.len(), |end| end + 1);
        } else if rest.starts_with(['\n', '\r']) {
            at += 1;
        } else {
            return at;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Outcome<Table> {
        let source = Source { name: "t.csv".into(), bytes: text.as_bytes().to_vec(), member: None };
        Table::from_source(&source, Header::Auto)
    }

    #[test]
    fn rows_are_counted_as_an_editor_counts_lines() {
        let read = table("\u{feff}# made by hand\n\na,b\n1,2\n\n# note\r\n\"x\ny\",3\n5,6").ok().unwrap();
        let lines: Vec<u64> = (0..3).map(|row| read.row_name(row)).collect();
        assert_eq!(lines, [4, 7, 9]);
        assert_eq!(read.place(1, 0), "t.csv, row 7, column `a`");
        assert_eq!(read.columns[0].label(1), "x\ny");
    }

    #[test]
    fn columns_know_what_they_hold() {
        let read = table("n,t,mixed,none\n1,a,1,NA\nNA,b,x,\n3,c,inf,?\n").ok().unwrap();
        let holds: Vec<Holds> = read.columns.iter().map(Column::holds).collect();
        assert_eq!(holds, [Holds::Numbers, Holds::Text, Holds::Numbers, Holds::Nothing]);
    }

    #[test]
    fn names_in_a_comment_are_names() {
        let read = table("# x y\n1 2\n3 4\n").ok().unwrap();
        assert_eq!((read.columns[1].name.as_str(), read.rows, read.has_names), ("y", 2, true));
    }

    #[test]
    fn ragged_rows_and_double_names_are_refused() {
        let message = |text: &str| match table(text) {
            Err(crate::failure::Failure::Input(message)) => message,
            _ => panic!("this must be refused"),
        };
        assert_eq!(message("a,b\n1,2\n3\n"), "t.csv, row 3: it has 1 cell, but the header has 2");
        assert_eq!(message("1,2\n3,4,5\n"), "t.csv, row 2: it has 3 cells, but the first row has 2");
        assert_eq!(message("a,a\n1,2\n"), "t.csv: columns 1 and 2 are both called `a`");
        assert_eq!(message("a,b\n"), "t.csv: there are no rows below the header");
    }
}
