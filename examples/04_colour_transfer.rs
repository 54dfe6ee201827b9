//! Gives one photograph the colours of another by exact optimal transport between their pixels in RGB space.
//!
//! Every pixel is a point of equal mass; the solver merges equal colours by itself. By default one pixel in 10 x 10 is used;
//! `full` uses all 273,280 of each picture.
//!
//! ```text
//! cargo run --release --example 04_colour_transfer -- full recoloured.png
//! ```

use std::collections::HashMap;
use std::error::Error;

use earthwork::prelude::*;
use image::{Rgb, RgbImage};

/// One pixel in so many rows and columns is used by default.
const STRIDE: u32 = 10;

/// A photograph of the example data, every `stride`-th row and column of it.
fn photograph(file: &str, stride: u32) -> image::ImageResult<RgbImage> {
    let path = format!("{}/examples/data/{file}", env!("CARGO_MANIFEST_DIR"));
    let all = image::open(path)?.into_rgb8();
    let (width, height) = (all.width().div_ceil(stride), all.height().div_ceil(stride));
    Ok(RgbImage::from_fn(width, height, |x, y| *all.get_pixel(x * stride, y * stride)))
}

/// The pixels as points in [0, 255]³, of equal mass.
fn colours(picture: &RgbImage) -> Result<Samples> {
    Samples::new(picture.pixels().map(|pixel| pixel.0.map(f64::from)).collect::<Vec<_>>())
}

fn main() -> std::result::Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let stride = if arguments.next().as_deref() == Some("full") { 1 } else { STRIDE };
    let (picture, palette) = (photograph("china.jpg", stride)?, photograph("flower.jpg", stride)?);
    let (x, y) = (colours(&picture)?, colours(&palette)?);
    let problem = Problem::between(&x, &y, SquaredEuclidean)?;
    let solution = solve(&problem)?;
    println!("{} pixels to {}: {solution}", x.len(), y.len());
    assert_eq!(solution.status, Status::Optimal);
    assert!(solution.bounds.expect("certified by default").relative_gap() < 1e-9);

    // Each colour becomes the mean of the colours that its pixels are sent to.
    let mut sent: HashMap<Rgb<u8>, ([f64; 3], f64)> = HashMap::new();
    let pixels: Vec<Rgb<u8>> = picture.pixels().copied().collect();
    for flow in solution.plan.flows() {
        let (sum, mass) = sent.entry(pixels[flow.source]).or_default();
        sum.iter_mut().zip(y.point(flow.target)).for_each(|(sum, colour)| *sum += flow.mass * colour);
        *mass += flow.mass;
    }
    let recoloured = |pixel: &Rgb<u8>| {
        let (sum, mass) = sent[pixel];
        Rgb(sum.map(|sum| (sum / mass).round() as u8))
    };
    let result = RgbImage::from_fn(picture.width(), picture.height(), |x, y| recoloured(picture.get_pixel(x, y)));

    // The mean colour is now that of the palette, up to rounding to whole numbers.
    let (got, due) = (colours(&result)?.mean(), y.mean());
    println!("mean colour {:.1?} becomes {got:.1?}; the palette has {due:.1?}", x.mean());
    assert!(got.iter().zip(&due).all(|(got, due)| (got - due).abs() < 0.5));

    let path = arguments.next().map_or_else(|| std::env::temp_dir().join("recoloured.png"), Into::into);
    result.save(&path)?;
    println!("written to {}", path.display());
    Ok(())
}
