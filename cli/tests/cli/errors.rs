//! Every refusal: one line that names the file, the row, the column and the value.

use png::{BitDepth, ColorType};

use crate::tool::{Folder, in_examples, npy, npz, png};

#[test]
fn cells_that_are_no_numbers_are_named() {
    let refusal = in_examples("compare penguins.csv --group species").refusal();
    assert_eq!(
        refusal,
        "penguins.csv, row 5, column `bill_length_mm`: the cell is empty (use --drop-missing to leave such rows out)"
    );
    let cases = [
        (
            "x,mass\n1,2\n3,n/a\n",
            "b.csv, row 3, column `mass`: `n/a` is not a number (use --drop-missing to leave such rows out)",
        ),
        (
            "x,mass\n1,2\n3,oops\n4,5\n",
            "b.csv, row 3, column `mass`: `oops` is not a number (use --drop-missing to leave such rows out)",
        ),
        ("x;mass\n1;2\n3;1,5\n", "b.csv, row 3, column `mass`: `1,5` is not a number (a decimal comma? write 1.5)"),
        ("x,mass\n1,2\n\n3,inf\n", "b.csv, row 4, column `mass`: `inf` is not finite"),
        ("x,mass\n1,2\n3,1e999\n", "b.csv, row 3, column `mass`: `1e999` is not finite"),
        ("x,mass\n1,2\n3\n", "b.csv, row 3: it has 1 cell, but the header has 2"),
        ("x,mass\n", "b.csv: there are no rows below the header"),
        ("x,x\n1,2\n", "b.csv: columns 1 and 2 are both called `x`"),
        ("", "b.csv: there is nothing in it"),
        ("\n\n", "b.csv: there are no rows in it"),
        ("x,mass\na,b\n", "b.csv: there is no column of numbers in it to use as a coordinate"),
    ];
    for (text, expected) in cases {
        let folder = Folder::with(&[("a.csv", "x,mass\n1,2\n"), ("b.csv", text)]);
        assert_eq!(folder.run("emd a.csv b.csv").refusal(), expected);
    }
}

#[test]
fn infinite_values_are_not_missing() {
    let folder = Folder::with(&[("a.csv", "x\n1\n"), ("b.csv", "x\n1\n-inf\n")]);
    assert_eq!(
        folder.run("emd a.csv b.csv --drop-missing").refusal(),
        "b.csv, row 3, column `x`: `-inf` is not finite"
    );
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let folder = Folder::with(&[("a.csv", "1\n2\n")]);
    folder.write("utf16.csv", b"\xff\xfe1\x002\x00");
    folder.write("noise.bin", &[7, 0, 255, 3]);
    folder.write("short.npy", &npy(&[3], &[1.0]));
    folder.write("cube.npy", &npy(&[1, 1, 1], &[1.0]));
    folder.write("empty.npy", &npy(&[0, 2], &[]));
    folder.write("nan.npy", &npy(&[2], &[1.0, f64::NAN]));
    folder.write("two.npz", &npz(&[("x", npy(&[1], &[1.0])), ("y", npy(&[1], &[1.0]))]));
    folder.write("broken.png", &png(ColorType::Grayscale, BitDepth::Eight, 1, 1, &[5])[..20]);
    folder.write("image.png", &png(ColorType::Grayscale, BitDepth::Eight, 1, 1, &[5]));
    let mut complex = npy(&[1], &[0.0]);
    let at = complex.windows(3).position(|w| w == b"<f8").unwrap();
    complex[at..at + 3].copy_from_slice(b"|S8");
    folder.write("text.npy", &complex);
    let cases = [
        ("gone.csv", "gone.csv: cannot be read: no such file or directory"),
        (".", ".: cannot be read: is a directory"),
        ("utf16.csv", "utf16.csv: it is UTF-16 text; save it as UTF-8"),
        ("noise.bin", "noise.bin: it is neither a text table nor an NPY, NPZ or PNG file"),
        ("short.npy", "short.npy: its shape is [3], but the file ends before"),
        ("cube.npy", "cube.npy: it has 3 axes; points are an array of shape (n, d) (--grid reads masses)"),
        ("empty.npy", "empty.npy: it is empty: its shape is (0, 2)"),
        ("nan.npy", "nan.npy, element [1, 0]: `NaN` is not a number (use --drop-missing to leave such rows out)"),
        ("text.npy", "text.npy: its elements are |S8, not real numbers; save it as float64"),
        ("two.npz", "two.npz: there are several arrays in it (x, y); name one: two.npz:x"),
        ("two.npz:z", "two.npz:z: there is no array `z`; its arrays are x, y"),
        ("image.png", "image.png: an image is read as masses: add --grid"),
    ];
    for (file, expected) in cases {
        assert_eq!(folder.run(&format!("emd a.csv {file}")).refusal(), expected);
    }
    let broken = folder.run("emd a.csv broken.png --grid").refusal();
    assert!(broken.starts_with("broken.png: the PNG cannot be read"), "{broken}");
}

#[test]
fn samples_that_do_not_fit_are_refused() {
    let folder = Folder::with(&[
        ("xy.csv", "x,y\n1,2\n"),
        ("xz.csv", "x,z\n1,2\n"),
        ("uv.csv", "u,v\n1,2\n"),
        ("plain.csv", "1,2,3\n"),
        ("text.csv", "x,y\na,1\nb,2\n"),
        ("origin.csv", "0,0\n"),
        ("close.csv", "1e-200,0\n"),
        ("far.csv", "1e200,0\n"),
    ]);
    let cases = [
        (
            "emd xy.csv xz.csv",
            "the two files have different columns of numbers: `y` only in xy.csv; `z` only in xz.csv; choose the shared ones with --columns x",
        ),
        (
            "emd xy.csv uv.csv",
            "the two files have different columns of numbers: `x`, `y` only in xy.csv; `u`, `v` only in uv.csv; they share none",
        ),
        ("emd xy.csv plain.csv", "xy.csv has 2 columns of numbers and plain.csv has 3; choose with --columns"),
        ("emd xy.csv xz.csv --columns w", "xy.csv: there is no column `w`; its columns are x, y"),
        ("emd xy.csv xy.csv --columns x,x", "--columns names `x` twice"),
        (
            "emd text.csv text.csv --columns x",
            "text.csv, row 2, column `x`: `a` is not a number; the column holds text",
        ),
        (
            "sinkhorn origin.csv close.csv",
            "points: the points are so close together that the euclidean cost underflows; scale them up",
        ),
        (
            "sinkhorn origin.csv far.csv",
            "points: the points are so far apart that the euclidean cost overflows; scale them down",
        ),
        ("emd xy.csv xy.csv --p 0.5", "--p 0.5: the order of a Wasserstein distance is a finite number of at least 1"),
        ("compare xy.csv", "a second sample is needed: name another file, or split this one with --group COLUMN"),
        ("compare", "two samples are needed: two files A and B, or one file and --group COLUMN"),
        ("compare - -", "A and B cannot both be standard input"),
        ("compare xy.csv --group x", "xy.csv: column `x` has one group only, `1`; two are needed"),
        ("compare text.csv --group x --only a,c", "text.csv: column `x` has no value `c`; it has a, b"),
        (
            "emd origin.csv origin.csv --cost cosine",
            "origin.csv: point 0 is the origin, where the cosine is not defined",
        ),
    ];
    for (line, expected) in cases {
        assert_eq!(folder.run(line).refusal(), expected, "{line}");
    }
}

#[test]
fn weights_that_cannot_be_are_named() {
    let folder = Folder::with(&[
        ("a.csv", "x,w\n1,2\n2,-1\n"),
        ("zero.csv", "x,w\n1,0\n2,0\n"),
        ("b.csv", "x,w\n1,1\n"),
        ("three.csv", "1\n2\n3\n"),
        ("square.csv", "1,2\n3,4\n"),
    ]);
    let cases = [
        ("emd a.csv b.csv --weights w", "a.csv, row 3, column `w`: the weight -1 is negative"),
        ("emd zero.csv b.csv --weights w", "zero.csv: the 2 weights sum to 0; some mass is needed"),
        ("emd a.csv b.csv --weights-a three.csv", "three.csv: it holds 3 weights, but there are 2 points"),
        (
            "emd a.csv b.csv --weights-a square.csv",
            "square.csv: one list of numbers is needed, and its shape is [2, 2]",
        ),
        ("emd --matrix square.csv --weights-a three.csv", "three.csv: it holds 3 weights, but the matrix has 2 rows"),
    ];
    for (line, expected) in cases {
        assert_eq!(folder.run(line).refusal(), expected, "{line}");
    }
    folder.write("nan.npy", &npy(&[2, 2], &[1.0, 2.0, f64::NAN, 4.0]));
    let refusal = folder.run("emd --matrix nan.npy").refusal();
    assert_eq!(refusal, "nan.npy: the cost in row 1, column 0 is NaN; every cost must be a number");
    folder.write("grid.npy", &npy(&[2, 2], &[1.0, 2.0, -3.0, 4.0]));
    let refusal = folder.run("emd grid.npy grid.npy --grid").refusal();
    assert_eq!(refusal, "grid.npy: cell [1, 0] holds -3; a mass must be finite and at least 0");
}

#[test]
fn a_wrong_command_line_is_one_line() {
    let folder = Folder::new();
    let cases = [
        ("emd a b --cost manhattan", "`manhattan` is none of sqeuclidean"),
        ("emd a b --cost minkowski:0.5", "a norm needs p between 1 and infinity"),
        ("emd a b --cost euclidean --p 2", "cannot be used with"),
        ("emd a b --time-limit soon", "--time-limit"),
        ("emd a b --threads 0", "--threads"),
        ("emd a b --colums x", "--columns"),
        ("emd a b --matrix c.npy", "cannot be used with"),
        ("verify a b", "--plan <FILE>"),
        ("transport a b", "unrecognized subcommand 'transport'"),
        ("compare a b --only x", "--group"),
        ("emd a b --plot picture.jpg", "picture.jpg: a picture ends in .svg or .png"),
        ("emd --matrix c.npy --plot p.svg", "--plot needs points, and a cost matrix has none"),
    ];
    for (line, part) in cases {
        let refusal = folder.run(line).refusal();
        assert!(refusal.contains(part), "{line}: {refusal}");
    }
}

#[test]
fn three_groups_are_too_many_for_one_distance() {
    let refusal = in_examples("emd penguins.csv --group species --drop-missing").refusal();
    assert_eq!(
        refusal,
        "there are 3 groups (Adelie, Gentoo, Chinstrap), and this command takes two: choose them with --only Adelie,Gentoo, or use `compare` for all pairs"
    );
    let refusal = in_examples("compare penguins.csv --group species --drop-missing --plan p.csv").refusal();
    assert!(refusal.contains("--only"), "{refusal}");
    let refusal = in_examples("compare penguins.csv --group body_mass_g").refusal();
    assert!(refusal.contains("row 5, column `bill_length_mm`") || refusal.contains("names no group"), "{refusal}");
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let folder = Folder::with(&[("a.csv", "1\n"), ("b.csv", "2\n")]);
    let refusal = folder.run("emd a.csv b.csv --plan no/such/plan.csv").refusal();
    assert_eq!(refusal, "--plan no/such/plan.csv: it cannot be written: its folder does not exist");
    let refusal = folder.run("emd a.csv b.csv --potentials .").refusal();
    assert_eq!(refusal, "--potentials .: it cannot be written: it is a folder");
}

#[test]
fn help_teaches() {
    let folder = Folder::new();
    let text = folder.run("--help").text();
    for part in ["compare", "emd", "verify", "Examples:", "--group species", "Exit codes"] {
        assert!(text.contains(part), "`{part}` is missing in\n{text}");
    }
    for command in ["compare", "emd", "verify"] {
        let text = folder.run(&format!("{command} --help")).text();
        assert!(text.contains("Examples:") && text.contains("--time-limit"), "{text}");
    }
    assert!(folder.run("--version").text().starts_with("earthwork "));
    assert!(folder.run("").text().contains("Usage"));
}
