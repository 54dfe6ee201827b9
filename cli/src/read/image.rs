//! PNG images as masses.

use std::io::Cursor;

use ndarray::ArrayD;

use crate::failure::{Outcome, wrong_file};
use crate::memory;
use crate::read::source::Source;

/// The masses of an image: bright is much, black is none.
///
/// Grey values are taken as stored (0..255, or 0..65535 with 16 bits). Colours count by their luminance,
/// 0.2126 R + 0.7152 G + 0.0722 B of the stored values; a pixel that is partly transparent counts in part.
pub(crate) fn masses(mut source: Source) -> Outcome<ArrayD<f64>> {
    let bytes = source.bytes()?;
    let refused = |why: String| wrong_file(&source.name, format_args!("the PNG cannot be read: {why}"));
    let (width, height, size) = match promised(&bytes) {
        Ok(promised) => promised,
        Err(why) => return refused(why),
    };
    // Deflate makes at most 1,032 bytes of one.
    if size as f64 > 1032.0 * bytes.len() as f64 + 65_536.0 {
        return refused(format!(
            "its header promises {width} x {height} pixels, more than a file of this size can hold"
        ));
    }
    // The bytes, their numbers, and a mass for each pixel.
    memory::require(9.0 * size as f64 + 8.0 * f64::from(width) * f64::from(height), &source.name)?;
    decode(&bytes).or_else(refused)
}

/// Width, height and bytes of the pixels, as the header has them.
fn promised(bytes: &[u8]) -> Result<(u32, u32, usize), String> {
    let mut decoder = png::Decoder::new(Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::EXPAND);
    let reader = decoder.read_info().map_err(|error| error.to_string())?;
    let (width, height) = (reader.info().width, reader.info().height);
    Ok((width, height, reader.output_buffer_size().ok_or("it is too large")?))
}

fn decode(bytes: &[u8]) -> Result<ArrayD<f64>, String> {
    let mut decoder = png::Decoder::new(Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(|error| error.to_string())?;
    let size = reader.output_buffer_size().ok_or("it is too large")?;
    let mut pixels = vec![0; size];
    let info = reader.next_frame(&mut pixels).map_err(|error| error.to_string())?;
    let samples: Vec<f64> = if info.bit_depth == png::BitDepth::Sixteen {
        pixels.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]).into()).collect()
    } else {
        pixels.iter().map(|&value| value.into()).collect()
    };
    let most = if info.bit_depth == png::BitDepth::Sixteen { 65_535.0 } else { 255.0 };
    let luminance = |p: &[f64]| 0.2126 * p[0] + 0.7152 * p[1] + 0.0722 * p[2];
    let mass = |p: &[f64]| match p.len() {
        1 => p[0],
        2 => p[0] * p[1] / most,
        3 => luminance(p),
        _ => luminance(p) * p[3] / most,
    };
    let shape = [info.height as usize, info.width as usize];
    let masses: Vec<f64> =
        samples.chunks_exact(info.color_type.samples()).map(mass).take(shape[0] * shape[1]).collect();
    ArrayD::from_shape_vec(shape.to_vec(), masses).map_err(|error| error.to_string())
}
