//! NumPy's NPY and NPZ files.
//!
//! The format is a magic string, a version, and a Python dictionary with three entries; see `numpy.lib.format`. Crates
//! that read it bring a parser for all Python literals, and for NPZ C libraries of compressors that NumPy never uses.

use std::io::{ErrorKind, Read};

use crate::failure::{Outcome, plain, wrong_file};
use crate::memory;
use crate::read::source::{Kind, Source};

/// An array of numbers, in row-major order.
pub(crate) struct Array {
    /// What errors call it.
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<f64>,
}

impl Array {
    /// The array of an NPY file, or one of an NPZ file. The bytes pass through in pieces: only the numbers are held.
    pub(crate) fn read(source: Source) -> Outcome<Self> {
        if source.kind == Kind::Npy {
            return Self::parse(&source.name, source.input, source.size);
        }
        let mut archive = match zip::ZipArchive::new(source.input) {
            Ok(archive) => archive,
            Err(error) => return wrong_file(&source.name, format_args!("it is no NPZ file: {error}")),
        };
        let names: Vec<String> =
            archive.file_names().flatten().filter_map(|name| Some(name.strip_suffix(".npy")?.to_string())).collect();
        let member = match (&source.member, names.as_slice()) {
            (Some(member), _) if names.contains(member) => member,
            (None, [only]) => only,
            (None, []) => return wrong_file(&source.name, "there is no array in it"),
            (Some(member), _) => {
                let message = format!("there is no array `{member}`; its arrays are {}", names.join(", "));
                return wrong_file(&source.name, message);
            }
            (None, several) => {
                let message = format!(
                    "there are several arrays in it ({}); name one: {}:{}",
                    several.join(", "),
                    source.name,
                    several[0]
                );
                return wrong_file(&source.name, message);
            }
        };
        match archive.by_name(&format!("{member}.npy")) {
            Ok(entry) => {
                let (size, packed) = (entry.size(), entry.compressed_size());
                // Deflate makes at most 1,032 bytes of one.
                if size as f64 > 1032.0 * packed as f64 + 65_536.0 {
                    let why = "the array `{member}` promises more bytes than can be packed into its own";
                    return wrong_file(&source.name, why.replace("{member}", member));
                }
                Self::parse(&source.name, entry, size)
            }
            Err(error) => wrong_file(&source.name, format_args!("the array `{member}` cannot be read: {error}")),
        }
    }

    /// Reads an array of `size` bytes with its header.
    fn parse(name: &str, mut input: impl Read, size: u64) -> Outcome<Self> {
        let Some((header, start)) = header(&mut input) else {
            return wrong_file(name, "its NPY header is cut off or too long");
        };
        let (Some(kind), Some(shape)) = (entry(&header, "descr"), entry(&header, "shape").and_then(shape)) else {
            return wrong_file(name, "its NPY header cannot be understood");
        };
        let Some((width, decode)) = Number::of(kind) else {
            let message = format!("its elements are {kind}, not real numbers; save it as float64");
            return wrong_file(name, message);
        };
        let count = shape.iter().try_fold(1_usize, |all, &axis| all.checked_mul(axis));
        let fits =
            |count: usize| count.checked_mul(width).is_some_and(|bytes| bytes as u64 <= size.saturating_sub(start));
        let ends_before = || wrong_file(name, format_args!("its shape is {shape:?}, but the file ends before"));
        let Some(count) = count.filter(|&count| fits(count)) else { return ends_before() };
        // Once as they come, and once as points.
        memory::require(16.0 * count as f64, name)?;
        let mut values = Vec::with_capacity(count);
        let mut piece = vec![0; PIECE];
        while values.len() < count {
            let piece = &mut piece[..PIECE.min((count - values.len()) * width)];
            if let Err(error) = input.read_exact(piece) {
                if error.kind() == ErrorKind::UnexpectedEof {
                    return ends_before();
                }
                return wrong_file(name, format_args!("cannot be read: {}", plain(&error)));
            }
            if decode.is_ours() {
                values.extend(piece.as_chunks().0.iter().map(|&raw| f64::from_le_bytes(raw)));
            } else {
                if let Some(lost) = piece.chunks_exact(width).find_map(|raw| decode.rounded(raw)) {
                    return wrong_file(
                        name,
                        format_args!(
                            "{lost} is a whole number that a 64-bit float cannot hold; subtract the same number from all first"
                        ),
                    );
                }
                values.extend(piece.chunks_exact(width).map(|raw| decode.number(raw)));
            }
        }
        let column_major = entry(&header, "fortran_order").is_some_and(|word| word.starts_with("True"));
        let values = if column_major { row_major(&values, &shape) } else { values };
        Ok(Self { name: name.to_string(), shape, values })
    }
}

/// Bytes that are decoded at a time, a multiple of every width.
const PIECE: usize = 1 << 16;

/// The most bytes of a header: NumPy itself reads no longer one.
const LONGEST_HEADER: u32 = 10_000;

/// The header's text, and where the data begins.
fn header(input: &mut impl Read) -> Option<(String, u64)> {
    let mut start = [0; 12];
    input.read_exact(&mut start[..10]).ok()?;
    let (begin, length) = if start[6] == 1 {
        (10, u32::from(u16::from_le_bytes([start[8], start[9]])))
    } else {
        input.read_exact(&mut start[10..]).ok()?;
        (12, u32::from_le_bytes([start[8], start[9], start[10], start[11]]))
    };
    if length > LONGEST_HEADER {
        return None;
    }
    let mut text = String::new();
    input.take(length.into()).read_to_string(&mut text).ok()?;
    (text.len() == length as usize).then_some((text, begin + u64::from(length)))
}

/// What stands behind `'key':`, up to the end of the dictionary.
fn entry<'h>(header: &'h str, key: &str) -> Option<&'h str> {
    let quoted = format!("'{key}':");
    let rest = header[header.find(&quoted)? + quoted.len()..].trim_start();
    if let Some(text) = rest.strip_prefix('\'') {
        return text.split('\'').next();
    }
    Some(if rest.starts_with('[') { "structured records" } else { rest })
}

/// `(3, 4)`, `(3,)`, `()`.
fn shape(text: &str) -> Option<Vec<usize>> {
    let inside = text.strip_prefix('(')?.split(')').next()?;
    inside.split(',').map(str::trim).filter(|axis| !axis.is_empty()).map(|axis| axis.parse().ok()).collect()
}

/// Column-major values in row-major order.
fn row_major(values: &[f64], shape: &[usize]) -> Vec<f64> {
    let reversed: Vec<usize> = shape.iter().rev().copied().collect();
    let array = ndarray::ArrayView::from_shape(reversed, values).expect("the shape counts the values");
    array.reversed_axes().iter().copied().collect()
}

/// How one element is stored.
#[derive(Debug, Clone, Copy)]
struct Number {
    letter: u8,
    width: usize,
    big_endian: bool,
}

impl Number {
    /// Width and decoder of a kind such as `<f8`.
    fn of(kind: &str) -> Option<(usize, Self)> {
        let [order, letter, digits @ ..] = kind.as_bytes() else { return None };
        let width: usize = std::str::from_utf8(digits).ok()?.parse().ok()?;
        let known = matches!((letter, width), (b'f', 2 | 4 | 8) | (b'i' | b'u', 1 | 2 | 4 | 8) | (b'b', 1));
        known.then_some((width, Self { letter: *letter, width, big_endian: *order == b'>' }))
    }

    /// Whether it is a little-endian float64.
    fn is_ours(self) -> bool {
        self.letter == b'f' && self.width == 8 && !self.big_endian
    }

    /// The whole number that is stored, where a float rounds it.
    fn rounded(self, raw: &[u8]) -> Option<i128> {
        if raw.len() < 8 || self.letter == b'f' {
            return None;
        }
        let word = self.word(raw);
        let whole = if self.letter == b'i' { i128::from(word as i64) } else { i128::from(word) };
        (whole as f64 as i128 != whole).then_some(whole)
    }

    /// The bytes of an element as a number.
    fn word(self, raw: &[u8]) -> u64 {
        let mut bytes = [0_u8; 8];
        let low = &mut bytes[..raw.len()];
        low.copy_from_slice(raw);
        if self.big_endian {
            low.reverse();
        }
        u64::from_le_bytes(bytes)
    }

    fn number(self, raw: &[u8]) -> f64 {
        let word = self.word(raw);
        match (self.letter, raw.len()) {
            (b'f', 8) => f64::from_bits(word),
            (b'f', 4) => f32::from_bits(word as u32).into(),
            (b'f', _) => half(word as u16),
            (b'i', width) => {
                let unused = 64 - 8 * width as u32;
                ((word << unused) as i64 >> unused) as f64
            }
            _ => word as f64,
        }
    }
}

/// IEEE 754 binary16.
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    sign * match exponent {
        0 => fraction * 2_f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1.0 + fraction / 1024.0) * 2_f64.powi(exponent - 15),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn npy(header: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        bytes
    }

    fn parse(bytes: &[u8]) -> Outcome<Array> {
        Array::parse("a.npy", bytes, bytes.len() as u64)
    }

    fn read(kind: &str, order: &str, shape: &str, data: &[u8]) -> Outcome<Array> {
        parse(&npy(&format!("{{'descr': '{kind}', 'fortran_order': {order}, 'shape': {shape}, }}"), data))
    }

    #[test]
    fn every_kind_of_number_is_read() {
        let values = |kind, data: &[u8], count: usize| {
            read(kind, "False", &format!("({count},)"), data).unwrap_or_else(|failure| panic!("{failure:?}")).values
        };
        assert_eq!(values("<f8", &[1.5_f64.to_le_bytes(), (-2.0_f64).to_le_bytes()].concat(), 2), [1.5, -2.0]);
        assert_eq!(values(">f8", &1.5_f64.to_be_bytes(), 1), [1.5]);
        assert_eq!(values("<f4", &0.25_f32.to_le_bytes(), 1), [0.25]);
        assert_eq!(values("<f2", &0xC100_u16.to_le_bytes(), 1), [-2.5]);
        assert_eq!(values(">i2", &(-300_i16).to_be_bytes(), 1), [-300.0]);
        assert_eq!(values("<i8", &(-7_i64).to_le_bytes(), 1), [-7.0]);
        assert_eq!(values("<i8", &(-(1_i64 << 60)).to_le_bytes(), 1), [-(2_f64.powi(60))]);
        for (kind, bytes) in [("<i8", ((1_i64 << 53) + 1).to_le_bytes()), (">u8", u64::MAX.to_be_bytes())] {
            assert!(read(kind, "False", "(1,)", &bytes).is_err(), "{kind}");
        }
        assert_eq!(values("|u1", &[200, 3], 2), [200.0, 3.0]);
        assert_eq!(values("|b1", &[1, 0], 2), [1.0, 0.0]);
    }

    #[test]
    fn fortran_order_is_turned() {
        let data: Vec<u8> = [1.0, 4.0, 2.0, 5.0, 3.0, 6.0_f64].iter().flat_map(|v| v.to_le_bytes()).collect();
        let array = read("<f8", "True", "(2, 3)", &data).ok().unwrap();
        assert_eq!((array.shape, array.values), (vec![2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    }

    #[test]
    fn broken_files_are_refused() {
        assert!(read("<c16", "False", "(1,)", &[0; 16]).is_err());
        assert!(read("|O", "False", "(1,)", &[0; 16]).is_err());
        assert!(read("<f8", "False", "(3,)", &[0; 16]).is_err());
        assert!(read("<f8", "False", "(99999999999, 99999999999)", &[0; 16]).is_err());
        assert!(parse(b"\x93NUMPY\x01\x00\xff\xff{").is_err());
        assert!(parse(b"\x93NUMPY").is_err());
    }
}
