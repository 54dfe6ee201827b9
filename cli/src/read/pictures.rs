//! Many images as points, and lines of text.

use std::path::Path;

use earthwork::measure::{Points, Samples};

use crate::failure::{Failure, Outcome, plain, wrong_file};
use crate::read::image;
use crate::read::npy::Array;
use crate::read::source::{Kind, Source};

/// Images of one shape, each a point.
pub(crate) struct Images {
    pub(crate) samples: Samples,
    /// Height, width and channels.
    pub(crate) shape: [usize; 3],
}

/// The images of a folder of PNG files, or of an array of n × height × width (× channels); none where the path is neither.
pub(crate) fn images(path: &str) -> Outcome<Option<Images>> {
    if Path::new(path).is_dir() {
        return folder(path).map(Some);
    }
    if path == "-" || !path.contains(".np") {
        return Ok(None);
    }
    let source = Source::open(path)?;
    if !matches!(source.kind, Kind::Npy | Kind::Npz) {
        return Ok(None);
    }
    let array = Array::read(source)?;
    let shape = match array.shape[..] {
        [_, height, width] => [height, width, 1],
        [_, height, width, channels] => [height, width, channels],
        _ => return Ok(None),
    };
    if array.values.is_empty() {
        return wrong_file(&array.name, "there is no image in it");
    }
    let samples = Samples::new(Points::from_rows(array.values, shape.iter().product())?);
    Ok(Some(Images { samples: samples.map_err(|error| error.about(array.name))?, shape }))
}

/// All PNG files of a folder, in the order of their names.
fn folder(path: &str) -> Outcome<Images> {
    let failed = |error: &std::io::Error| Failure::Input(format!("{path}: {}", plain(error)));
    let entries = std::fs::read_dir(path).map_err(|error| failed(&error))?;
    let mut files = Vec::new();
    for entry in entries {
        let file = entry.map_err(|error| failed(&error))?.path();
        let ending = file.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
        match ending.as_str() {
            "png" => files.push(file),
            "jpg" | "jpeg" => {
                return wrong_file(&file.display().to_string(), "JPEG images are not read; turn them into PNG first");
            }
            _ => {}
        }
    }
    files.sort();
    let (mut values, mut shape) = (Vec::new(), None);
    for file in &files {
        let name = file.display().to_string();
        let (found, pixels) = image::pixels(Source::open(&name)?)?;
        let [height, width, channels] = *shape.get_or_insert(found);
        if found != [height, width, channels] {
            let [h, w, c] = found;
            let why = format!(
                "it is {h} x {w} with {c} channels, and the images before are {height} x {width} with {channels}; all must have one shape"
            );
            return wrong_file(&name, why);
        }
        values.extend(pixels);
    }
    let Some(shape) = shape else { return wrong_file(path, "there is no PNG image in this folder") };
    Ok(Images { samples: Samples::new(Points::from_rows(values, shape.iter().product())?)?, shape })
}

/// `8x8` or `32x32x3`: height, width and channels.
pub(crate) fn shape(text: &str) -> Outcome<[usize; 3]> {
    let sides: Vec<usize> = text.split('x').map(|side| side.parse().unwrap_or(0)).collect();
    match sides[..] {
        [height, width] if height * width > 0 => Ok([height, width, 1]),
        [height, width, channels] if height * width * channels > 0 => Ok([height, width, channels]),
        _ => crate::failure::wrong(format_args!(
            "--image {text}: it is written HEIGHTxWIDTH or HEIGHTxWIDTHxCHANNELS, such as 8x8"
        )),
    }
}

/// The lines of a file of text; empty ones are left out.
pub(crate) fn lines(path: &str) -> Outcome<Vec<String>> {
    let mut source = Source::open(path)?;
    let bytes = source.bytes()?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text.lines().map(str::trim_end).filter(|line| !line.is_empty()).map(String::from).collect()),
        Err(_) => wrong_file(&source.name, "it is not text in UTF-8"),
    }
}
