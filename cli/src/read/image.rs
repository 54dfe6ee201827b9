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
pub(crate) fn masses(source: Source) -> Outcome<ArrayD<f64>> {
    let Stored { shape: [height, width, samples], values, most } = stored(source)?;
    let luminance = |p: &[f64]| 0.2126 * p[0] + 0.7152 * p[1] + 0.0722 * p[2];
    let mass = |p: &[f64]| match p.len() {
        1 => p[0],
        2 => p[0] * p[1] / most,
        3 => luminance(p),
        _ => luminance(p) * p[3] / most,
    };
    let masses: Vec<f64> = values.chunks_exact(samples).map(mass).take(height * width).collect();
    Ok(ArrayD::from_shape_vec(vec![height, width], masses).expect("one mass for each pixel"))
}

/// The pixels of an image, grey or in three colours, with its height, width and channels; a pixel that is partly transparent counts in part.
pub(crate) fn pixels(source: Source) -> Outcome<([usize; 3], Vec<f64>)> {
    let Stored { shape: [height, width, samples], values, most } = stored(source)?;
    let channels = if samples < 3 { 1 } else { 3 };
    let part = |p: &[f64]| if p.len() > channels { p[channels] / most } else { 1.0 };
    let pixel = |p: &[f64]| p[..channels].iter().map(|v| v * part(p)).collect::<Vec<f64>>();
    let pixels = values.chunks_exact(samples).take(height * width).flat_map(pixel).collect();
    Ok(([height, width, channels], pixels))
}

/// What is in a PNG file.
struct Stored {
    /// Height, width, and values of a pixel: grey, grey and opacity, three colours, or these and opacity.
    shape: [usize; 3],
    values: Vec<f64>,
    /// The value of white.
    most: f64,
}

fn stored(mut source: Source) -> Outcome<Stored> {
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
    decode(&bytes).or_else(|why| wrong_file(&source.name, format_args!("the PNG cannot be read: {why}")))
}

/// Width, height and bytes of the pixels, as the header has them.
fn promised(bytes: &[u8]) -> Result<(u32, u32, usize), String> {
    let mut decoder = png::Decoder::new(Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::EXPAND);
    let reader = decoder.read_info().map_err(|error| error.to_string())?;
    let (width, height) = (reader.info().width, reader.info().height);
    Ok((width, height, reader.output_buffer_size().ok_or("it is too large")?))
}

fn decode(bytes: &[u8]) -> Result<Stored, String> {
    let mut decoder = png::Decoder::new(Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(|error| error.to_string())?;
    let size = reader.output_buffer_size().ok_or("it is too large")?;
    let mut pixels = vec![0; size];
    let info = reader.next_frame(&mut pixels).map_err(|error| error.to_string())?;
    let deep = info.bit_depth == png::BitDepth::Sixteen;
    let values = if deep {
        pixels.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]).into()).collect()
    } else {
        pixels.iter().map(|&value| value.into()).collect()
    };
    let shape = [info.height as usize, info.width as usize, info.color_type.samples()];
    Ok(Stored { shape, values, most: if deep { 65_535.0 } else { 255.0 } })
}
