//! Generated images on one sheet, each beside the training image that is nearest to it.

use earthwork::gan::Training;

use crate::failure::Outcome;
use crate::plot::raster;

/// Pairs of images in a row, and rows.
const PAIRS: [usize; 2] = [6, 8];
/// The least side of an image on the sheet.
const SIDE: usize = 48;
/// White between images, and between pairs.
const GAPS: [usize; 2] = [2, 10];

/// Generated images, each on the left of its nearest training image, as PNG; none where the data has no images. Channels beyond the third are
/// not shown.
pub(crate) fn generated_images(training: &Training) -> Outcome<Option<Vec<u8>>> {
    let data = training.data();
    let Some([height, width, channels]) = data.image().filter(|_| data.letters().is_none()) else { return Ok(None) };
    let options = training.options();
    let made = training.generate(PAIRS[0] * PAIRS[1], options.seed)?;
    let Some(nearest) = training.nearest_real(&made) else { return Ok(None) };
    let pixels = nearest.points().as_slice().iter();
    let (low, high) = pixels.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &v| (low.min(v), high.max(v)));
    let scale = SIDE.div_ceil(height.min(width)).max(1);
    let (tall, wide) = (height * scale, width * scale);
    let (row, pair) = (tall + GAPS[1], 2 * wide + GAPS[0] + GAPS[1]);
    let (rows, columns) = (PAIRS[1] * row + GAPS[1], PAIRS[0] * pair + GAPS[1]);
    let mut rgb = vec![255_u8; 3 * rows * columns];
    for k in 0..PAIRS[0] * PAIRS[1] {
        let (top, left) = (GAPS[1] + k / PAIRS[0] * row, GAPS[1] + k % PAIRS[0] * pair);
        for (image, left) in [(made.point(k), left), (nearest.point(k), left + wide + GAPS[0])] {
            for y in 0..tall {
                for x in 0..wide {
                    let pixel = &image[(y / scale * width + x / scale) * channels..][..channels];
                    let to = &mut rgb[3 * ((top + y) * columns + left + x)..][..3];
                    for (c, to) in to.iter_mut().enumerate() {
                        let value = pixel[if channels < 3 { 0 } else { c }];
                        *to = (255.0 * ((value - low) / (high - low).max(f64::MIN_POSITIVE)).clamp(0.0, 1.0)).round()
                            as u8;
                    }
                }
            }
        }
    }
    Ok(Some(raster::encode(&rgb, columns, rows)))
}
