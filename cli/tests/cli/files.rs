//! Every format that is read.

use png::{BitDepth, ColorType};

use crate::tool::{Folder, assert_near, npy, npz, number, png};

/// The distance between `a` and `b` under the flags.
#[track_caller]
fn distance(folder: &Folder, line: &str) -> f64 {
    number(&folder.run(&format!("emd {line} --json")).json(), "transport_cost")
}

#[test]
fn delimiters_and_headers_are_found() {
    let folder = Folder::with(&[
        ("comma.csv", "x,y\n0,0\n1,0\n"),
        ("tab.tsv", "x\ty\n3\t4\n4\t4\n"),
        ("semicolon.csv", "\"x\";\"y\"\r\n3;4\r\n4;4\r\n"),
        ("bar.txt", "x|y\n3|4\n4|4\n"),
        ("blanks.txt", "# x y\n3.0e0   4.0e0\n 4.0e0   4.0e0\n"),
        ("none.csv", "3,4\n4,4"),
        ("comments.csv", "\u{feff}# by hand\n\nx,y\n# and\n3,4\n\n4,4\n"),
        ("swapped.csv", "y,x\n4,3\n4,4\n"),
    ]);
    for file in ["tab.tsv", "semicolon.csv", "bar.txt", "blanks.txt", "none.csv", "comments.csv", "swapped.csv"] {
        assert_near(distance(&folder, &format!("comma.csv {file}")), 5.0);
    }
}

#[test]
fn the_header_can_be_told() {
    let folder = Folder::with(&[("years.csv", "2001,2002\n1,2\n"), ("b.csv", "2002,2001\n6,4\n")]);
    assert_near(distance(&folder, "years.csv b.csv --header yes"), 5.0);
    let text = folder.run("emd years.csv b.csv").text();
    assert!(text.contains("years.csv   2 points"), "{text}");
    let text = folder.run("emd years.csv years.csv --header yes").text();
    assert!(text.contains("1 point, 2 columns (2001, 2002)"), "{text}");
}

#[test]
fn columns_are_chosen_by_name_or_by_number() {
    let folder = Folder::with(&[("a.csv", "x,y,z\n0,9,0\n"), ("b.csv", "z,y,x\n4,0,3\n")]);
    assert_near(distance(&folder, "a.csv b.csv --columns x,z"), 5.0);
    assert_near(distance(&folder, "a.csv b.csv --columns x --columns z"), 5.0);
    assert_near(distance(&folder, "a.csv b.csv --columns y"), 9.0);
    let plain = Folder::with(&[("a.csv", "0,9,0\n"), ("b.csv", "3,0,4\n")]);
    assert_near(distance(&plain, "a.csv b.csv --columns 1,3"), 5.0);
}

#[test]
fn text_and_unnamed_columns_are_left_out_and_said() {
    let folder =
        Folder::with(&[("a.csv", ",x,sex,none\n0,1,m,\n1,2,f,\n"), ("b.csv", ",x,sex,none\n0,4,m,\n1,5,f,\n")]);
    let text = folder.run("emd a.csv b.csv").text();
    assert!(text.contains("1 column (x)"), "{text}");
    assert!(text.contains("not used   columns 1 (no name), sex (text), none (empty)"), "{text}");
    assert_near(distance(&folder, "a.csv b.csv"), 3.0);
}

#[test]
fn rows_with_missing_values_are_left_out_on_demand() {
    let folder = Folder::with(&[("a.csv", "x,y\n0,0\nNA,1\n2,\n0,0\n"), ("b.csv", "x,y\n3,4\nn/a,?\n")]);
    let text = folder.run("emd a.csv b.csv --drop-missing").text();
    assert!(text.contains("2 rows of a.csv without a number in every column used (rows 3, 4)"), "{text}");
    assert!(text.contains("1 row of b.csv without a number in every column used (row 3)"), "{text}");
    assert_near(distance(&folder, "a.csv b.csv --drop-missing"), 5.0);
    let answer = folder.run("compare a.csv b.csv --drop-missing --json").json();
    assert_eq!(answer["samples"][0]["rows_left_out"], serde_json::json!([3, 4]));
}

#[test]
fn weights_follow_the_rows_that_are_kept() {
    let folder = Folder::with(&[("a.csv", "x\n0\nNA\n4\n"), ("w.csv", "3\n9\n1\n"), ("b.csv", "x\n0\n")]);
    assert_near(distance(&folder, "a.csv b.csv --drop-missing --weights-a w.csv --normalise"), 1.0);
}

#[test]
fn numpy_files_are_points() {
    let folder = Folder::new();
    folder.write("x.npy", &npy(&[2, 2], &[0.0, 0.0, 1.0, 0.0]));
    folder.write("y.npy", &npy(&[2, 2], &[3.0, 4.0, 4.0, 4.0]));
    folder.write("line.npy", &npy(&[2], &[0.0, 2.0]));
    folder.write("one.npz", &npz(&[("x", npy(&[2, 2], &[3.0, 4.0, 4.0, 4.0]))]));
    folder.write("both.npz", &npz(&[("x", npy(&[2], &[1.0, 2.0])), ("y", npy(&[2], &[2.0, 3.0]))]));
    assert_near(distance(&folder, "x.npy y.npy"), 5.0);
    assert_near(distance(&folder, "x.npy one.npz"), 5.0);
    assert_near(distance(&folder, "both.npz:x both.npz:y"), 1.0);
    assert_near(distance(&folder, "line.npy both.npz:x"), 0.5);
    assert_near(distance(&folder, "x.npy y.npy --columns 2"), 4.0);
}

#[test]
fn standard_input_is_a_file() {
    let folder = Folder::with(&[("a.csv", "x,y\n0,0\n")]);
    let run = folder.run_with_input("emd a.csv - --json", "y,x\n4,3\n");
    assert_near(number(&run.json(), "transport_cost"), 5.0);
    let text = folder.run_with_input("emd - a.csv", "x\ty\n3\t4\n").text();
    assert!(text.contains("standard input   1 point"), "{text}");
}

#[test]
fn grids_come_from_tables_arrays_and_images() {
    let folder = Folder::with(&[("a.csv", "0,6\n0,0\n"), ("b.csv", "0 0\n6 0\n")]);
    folder.write("b.npy", &npy(&[2, 2], &[0.0, 0.0, 6.0, 0.0]));
    folder.write("b.png", &png(ColorType::Grayscale, BitDepth::Eight, 2, 2, &[0, 0, 6, 0]));
    folder.write("b16.png", &png(ColorType::Grayscale, BitDepth::Sixteen, 2, 2, &[0, 0, 0, 0, 0, 6, 0, 0]));
    for file in ["b.csv", "b.npy", "b.png", "b16.png"] {
        assert_near(distance(&folder, &format!("a.csv {file} --grid --cost cityblock")), 12.0);
        assert_near(distance(&folder, &format!("a.csv {file} --grid --p 2")), 12.0);
    }
    let colours = [255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    folder.write("colour.png", &png(ColorType::Rgb, BitDepth::Eight, 2, 2, &colours));
    assert_near(distance(&folder, "a.csv colour.png --grid --cost cityblock --normalise"), 1.0);
    folder.write("cube.npy", &npy(&[1, 1, 3], &[1.0, 0.0, 0.0]));
    folder.write("cube2.npy", &npy(&[1, 1, 3], &[0.0, 0.0, 1.0]));
    assert_near(distance(&folder, "cube.npy cube2.npy --grid"), 2.0);
}

#[test]
fn latin_1_text_and_long_tables_are_read() {
    let folder = Folder::new();
    folder.write("a.csv", b"gr\xf6\xdfe,x\n1,2\n");
    folder.write("b.csv", b"gr\xf6\xdfe,x\n1,5\n");
    assert_near(distance(&folder, "a.csv b.csv"), 3.0);
    let column = |start: i32| (start..start + 5_000).map(|k| format!("{k}\n")).collect::<Vec<_>>().concat();
    let folder = Folder::with(&[("a.csv", &column(0)), ("b.csv", &column(7))]);
    assert_near(distance(&folder, "a.csv b.csv"), 7.0);
}

#[test]
fn whole_numbers_that_a_float_rounds_are_refused_with_their_place() {
    let folder = Folder::with(&[
        ("a.csv", "id,x\n9007199254740992,1\n9007199254740993,2\n"),
        ("b.csv", "id,x\n9007199254740992,1\n-36028797018963968,2\n"),
    ]);
    for options in ["", " --drop-missing"] {
        let refusal = folder.run(&format!("emd a.csv b.csv{options}")).refusal();
        assert!(refusal.contains("a.csv, row 3, column `id`: `9007199254740993` is a whole number"), "{refusal}");
        assert!(refusal.contains("subtract the same number"), "{refusal}");
    }
    // What is not read does no harm, and what a float holds is exact.
    assert_near(distance(&folder, "a.csv b.csv --columns x"), 0.0);
    folder.run("emd b.csv b.csv").text();
}
