//! `--plot`: what is in the pictures.

use std::fs;

use crate::tool::{Folder, in_examples};

/// Draws and reads the SVG.
fn svg(line: &str) -> String {
    let folder = Folder::new();
    let path = folder.path("p.svg");
    let _ = in_examples(&format!("{line} --plot {}", path.display())).text();
    fs::read_to_string(path).unwrap()
}

#[test]
fn two_columns_show_both_clouds_and_the_flows() {
    let picture = svg("compare adelie.csv gentoo.csv --columns bill_length_mm,bill_depth_mm");
    assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"));
    assert_eq!(picture.matches("<circle").count(), 151 + 123 + 2);
    assert!(picture.matches("<path").count() >= 273);
    for part in ["W2 = 9.37964", "proven to lie between", "bill_length_mm", "adelie.csv  (151 points)"] {
        assert!(picture.contains(part), "`{part}` is missing");
    }
    assert!(picture.len() < 60_000, "{} bytes", picture.len());
}

#[test]
fn one_column_shows_distribution_functions() {
    let picture = svg("emd adelie.csv gentoo.csv --columns body_mass_g");
    for part in ["W1 = ", "distribution functions; the area between them is W1", "the plan", "no move"] {
        assert!(picture.contains(part), "`{part}` is missing");
    }
}

#[test]
fn more_columns_show_principal_directions() {
    let picture = svg("compare adelie.csv gentoo.csv");
    assert!(picture.contains("4 columns seen along their first two principal directions"));
    assert!(picture.contains("direction 1: &gt; 99.9 % of the variance, mostly body_mass_g"));
}

#[test]
fn grids_show_both_images() {
    let picture = svg("compare dotmark32_1001.csv dotmark32_1002.csv --grid");
    assert_eq!(picture.matches("data:image/png;base64,").count(), 3);
    assert!(picture.contains("what moves, from blue to orange"));
}

#[test]
fn a_png_is_a_picture_with_something_on_it() {
    let folder = Folder::new();
    let path = folder.path("p.PNG");
    let _ = in_examples(&format!("emd adelie.csv gentoo.csv --columns 1,2 --plot {}", path.display())).text();
    let decoder = png::Decoder::new(std::io::Cursor::new(fs::read(path).unwrap()));
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!(info.width, 1920);
    let dark = pixels.chunks_exact(3).filter(|rgb| rgb.iter().all(|&v| v < 80)).count();
    let coloured = pixels.chunks_exact(3).filter(|rgb| rgb[0].abs_diff(rgb[2]) > 60).count();
    assert!(dark > 2_000, "text is missing: {dark} dark pixels");
    assert!(coloured > 20_000, "points are missing: {coloured} coloured pixels");
}

#[test]
fn degenerate_samples_can_be_drawn() {
    let folder = Folder::with(&[
        ("one.csv", "5,5\n"),
        ("same.csv", "5,5\n5,5\n"),
        ("x.csv", "3\n"),
        ("name.csv", "<a&b>,y\n1,2\n"),
    ]);
    for line in [
        "emd one.csv same.csv --plot p.svg",
        "emd one.csv one.csv --plot p.png",
        "emd x.csv x.csv --plot p.svg",
        "emd one.csv one.csv --grid --plot p.svg",
        "emd name.csv name.csv --plot p.svg",
    ] {
        let _ = folder.run(line).text();
    }
    let picture = folder.read("p.svg");
    assert!(picture.contains("&lt;a&amp;b&gt;") && !picture.contains("NaN"), "{picture}");
}
