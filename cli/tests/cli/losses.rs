//! The command loses and hides nothing: comments, outputs, bombs, time limits, rows that exclude each other.

use std::fs;
use std::io::{Cursor, Write};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::tool::{Folder, in_examples, npy, number};

/// `n` rows of two numbers that look random.
fn rows(n: u32, seed: u32, unit: [f64; 2]) -> String {
    let noise = |k: u32| {
        let mixed = (k.wrapping_mul(2_654_435_761) ^ (k >> 7)).wrapping_mul(2_246_822_519);
        f64::from(mixed >> 8) / f64::from(1_u32 << 24)
    };
    let normal = |k: u32| (0..6).map(|j| noise(6 * k + j + 1)).sum::<f64>() - 3.0;
    let row = |k: u32| {
        let at = 1_000_003_u32.wrapping_mul(seed).wrapping_add(2 * k);
        format!("{:.6e},{:.6e}\n", unit[0] * normal(at), unit[1] * normal(at + 1))
    };
    (0..n).map(row).collect()
}

#[test]
fn rows_that_begin_with_a_hash_are_data_below_the_first_one() {
    let folder = Folder::with(&[
        ("f.csv", "x,y\n1,2\n#N/A,3\n5,#N/A\n#REF!,7\n9,9\n"),
        ("ids.csv", "id,x\n#1,3\n#2,4\n"),
        ("noted.csv", "# by hand\nx,y\n# in metres\n1,2\n\n\n9,9\n"),
    ]);
    let refusal = folder.run("emd f.csv f.csv").refusal();
    assert!(refusal.starts_with("f.csv, row 3, column `x`: `#N/A` is not a number"), "{refusal}");
    let text = folder.run("emd f.csv f.csv --drop-missing").text();
    assert!(text.contains("3 rows without a number in every column used (rows 3, 4, 5)"), "{text}");
    let text = folder.run("emd ids.csv ids.csv").text();
    assert!(text.contains("2 points, 1 column (x)"), "{text}");
    let text = folder.run("emd noted.csv f.csv --drop-missing").text();
    let said = "of noted.csv: 2 lines above the first row that begin with # (rows 1, 3); 2 blank lines (rows 5, 6)";
    assert!(text.contains(said), "{text}");
    let json = folder.run("compare noted.csv f.csv --drop-missing --json").json();
    assert_eq!(json["samples"][0]["lines_read_over"], serde_json::json!([1, 3, 5, 6]));
    assert_eq!(json["samples"][1]["rows_left_out"], serde_json::json!([3, 4, 5]));
}

#[test]
fn an_output_never_overwrites_an_input_or_another_output() {
    let points = "1,2\n3,4\n";
    let folder = Folder::with(&[("a.csv", points), ("b.csv", "5,6\n7,8\n"), ("w.csv", "1\n1\n")]);
    fs::hard_link(folder.path("a.csv"), folder.path("hard.csv")).unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("a.csv", folder.path("soft.csv")).unwrap();
        std::os::unix::fs::symlink("new.csv", folder.path("dangling.csv")).unwrap();
    }
    fs::create_dir(folder.path("sub")).unwrap();
    let mut lines = vec![
        "emd a.csv b.csv --plan a.csv",
        "emd a.csv b.csv --plan ./sub/../b.csv",
        "emd a.csv b.csv --plan hard.csv",
        "emd a.csv b.csv --weights-a w.csv --potentials w.csv",
        "emd a.csv b.csv --plan p.csv --potentials p.csv",
        "emd a.csv b.csv --plan sub/p.csv --potentials ./sub/p.csv",
        "compare a.csv b.csv --plan p.csv --potentials a.csv",
        "sinkhorn a.csv b.csv --potentials b.csv",
        "critic a.csv b.csv --steps 1 --gradients a.csv",
    ];
    if cfg!(unix) {
        lines.extend(["emd a.csv b.csv --plan soft.csv", "emd a.csv b.csv --plan dangling.csv --potentials new.csv"]);
    }
    for line in lines {
        let refusal = folder.run(line).refusal();
        assert!(refusal.contains("this would overwrite"), "{line}: {refusal}");
        assert_eq!((folder.read("a.csv"), folder.read("w.csv")), (points.to_string(), "1\n1\n".to_string()), "{line}");
        assert!(!folder.path("p.csv").exists() && !folder.path("new.csv").exists(), "{line}");
    }
    assert!(folder.run("emd a.csv b.csv --plan sub").refusal().contains("it is a folder"));
    // What is not the same file is written, through a link to where it leads, and nothing else is left behind.
    folder.run("emd a.csv b.csv --plan p.csv --potentials q.csv").text();
    assert!(folder.read("p.csv").starts_with("source,target,mass\n"));
    let left: Vec<String> =
        fs::read_dir(folder.path(".")).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    assert!(left.iter().all(|name| !name.contains("part")), "{left:?}");
    if cfg!(unix) {
        folder.run("emd a.csv b.csv --plan dangling.csv").text();
        assert!(folder.read("new.csv").starts_with("source") && folder.path("dangling.csv").is_symlink());
        folder.run("emd a.csv b.csv --plan /dev/null --potentials /dev/null").text();
    }
}

#[test]
#[cfg(unix)]
fn standard_output_never_overwrites_what_is_read() {
    let folder = Folder::with(&[("a.csv", "1,2\n3,4\n"), ("b.csv", "5,6\n7,8\n")]);
    let into = fs::OpenOptions::new().append(true).open(folder.path("a.csv")).unwrap();
    let mut command = crate::tool::command(&folder.path("."), "emd a.csv b.csv --json");
    let done = command.stdout(into).output().unwrap();
    assert_eq!(done.status.code(), Some(2));
    assert_eq!(folder.read("a.csv"), "1,2\n3,4\n");
}

#[test]
fn coordinates_out_of_range_are_refused_in_words() {
    let folder =
        Folder::with(&[("huge.csv", &rows(30, 1, [1e300, 1e300])), ("tiny.csv", &rows(30, 2, [1e-305, 1e-305]))]);
    for command in ["metrics", "divergence", "test", "critic"] {
        for (a, b) in [("huge.csv", "huge.csv"), ("tiny.csv", "tiny.csv"), ("huge.csv", "tiny.csv")] {
            let refusal = folder.run(&format!("{command} {a} {b}")).refusal();
            assert!(refusal.contains("--standardise"), "{command} {a} {b}: {refusal}");
        }
    }
    for file in ["huge.csv", "tiny.csv"] {
        let validated = folder
            .run(&format!("validate --data {file} --modes 2 --metrics energy --corruptions translate --points 15"));
        assert!(validated.refusal().contains("--standardise"), "{file}");
        let trained = folder.run(&format!("gan train --data {file} --objective wgan-lp --steps 2 --out run"));
        assert!(trained.refusal().contains("divide the columns by one number"), "{file}");
    }
    assert!(!std::path::Path::new(&folder.path("run")).exists());
    let text = folder.run("metrics huge.csv tiny.csv --standardise --metrics w1,fid").text();
    assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
    let text = folder.run("sliced tiny.csv tiny.csv").text();
    assert!(!text.contains("NaN"), "{text}");
}

#[test]
fn what_a_header_or_an_option_asks_for_is_checked_before_memory_is_taken() {
    let folder = Folder::with(&[("a.csv", "1,2\n3,4\n"), ("b.csv", "5,6\n7,8\n")]);
    // A header of 100,000 x 100,000 pixels on a few bytes.
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 1, 1);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Sixteen);
    encoder.write_header().and_then(|mut writer| writer.write_image_data(&[0; 8])).unwrap();
    bytes[16..20].copy_from_slice(&100_000_u32.to_be_bytes());
    bytes[20..24].copy_from_slice(&100_000_u32.to_be_bytes());
    let crc = crc(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&crc.to_be_bytes());
    folder.write("bomb.png", &bytes);
    let refusal = folder.run("emd bomb.png bomb.png --grid").refusal();
    assert!(refusal.contains("100000 x 100000 pixels"), "{refusal}");
    // An NPZ whose array is a hundred billion zeros by its header.
    let header = npy(&[1], &[]);
    let text = String::from_utf8_lossy(&header).replace("(1, )", "(100000000000,)");
    let mut forged = header[..8].to_vec();
    let body = &text.as_bytes()[text.find('{').unwrap()..];
    forged.extend((body.len() as u16).to_le_bytes());
    forged.extend(body);
    folder.write("bomb.npy", &forged);
    assert!(folder.run("emd bomb.npy bomb.npy").refusal().contains("the file ends before"));
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    archive.start_file("x.npy", options).unwrap();
    archive.write_all(&forged).unwrap();
    let mut packed = archive.finish().unwrap().into_inner();
    // The sizes that the archive tells, in the directory at its end.
    let at = packed.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    packed[at + 24..at + 28].copy_from_slice(&0xf000_0000_u32.to_le_bytes());
    folder.write("bomb.npz", &packed);
    let refusal = folder.run("emd bomb.npz bomb.npz").refusal();
    assert!(refusal.starts_with("bomb.npz"), "{refusal}");
    for line in [
        "critic a.csv b.csv --hidden 1000000000,1000000000",
        "critic a.csv b.csv --batch 100000000000000",
        "benchmark w1 --dim 1000000000",
        "benchmark w1 --points 100000000000 --critic exact-dual",
        "benchmark w1 --funnels 100000000000",
        "gan train --data ring8 --out run --hidden 1000000000,1000000000",
        "gan train --data ring8 --out run --latent 1000000000000",
        "gan train --data ring8 --out run --batch 100000000000",
        "test a.csv b.csv --permutations 1000000000000",
        "validate --data ring8 --points 1000000000000",
        "validate --data ring8 --severities 1000000000000",
        "validate --data ring8 --repeats 1000000000000",
        "laws --points 1000000000000",
    ] {
        let start = Instant::now();
        let refusal = folder.run(line).refusal();
        assert!(refusal.contains("this machine has"), "{line}: {refusal}");
        assert!(start.elapsed() < Duration::from_secs(60), "{line}");
    }
}

/// The checksum of a PNG chunk.
fn crc(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        let shift = |crc: u32, _: i32| if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 };
        (0..8).fold(crc ^ u32::from(*byte), shift)
    };
    !bytes.iter().fold(!0, step)
}

#[test]
fn a_time_limit_leaves_what_was_done_and_says_what_was_not() {
    let folder = Folder::with(&[("a.csv", &rows(400, 1, [1.0, 1.0])), ("b.csv", &rows(400, 2, [1.0, 1.0]))]);
    // No limits of time are tested here, only that what is cut is named.
    for (line, key) in [
        ("metrics a.csv b.csv --time-limit 1ms --json", "left_out"),
        ("critic a.csv b.csv --method lp,gp --steps 100000000 --time-limit 400ms --json", "left_out"),
    ] {
        let run = folder.run(line);
        assert_eq!(run.code, 3, "{line}: {}{}", run.out, run.err);
        let json: Value = serde_json::from_str(&run.out).unwrap();
        assert!(json[key].is_array(), "{line}: {}", run.out);
    }
    let run = folder.run("laws --time-limit 1ms --cases 100000");
    assert!(run.code == 3 && (run.err.contains("time limit") || run.out.contains("ended early")), "{}", run.out);
    let run = folder.run("compare a.csv b.csv --time-limit 1ms --json");
    assert_eq!(run.code, 3, "{}", run.out);
    if let Ok(json) = serde_json::from_str::<Value>(&run.out) {
        let left = json["pairs"][0]["left_out"].as_array().unwrap();
        assert!(left.iter().all(|row| row["by"] == "time") && !left.is_empty(), "{left:?}");
    }
    let run = folder.run("test a.csv b.csv --permutations 100000000 --time-limit 300ms");
    assert!(
        run.code == 3 && (run.out.contains("permutations asked for") || run.err.contains("time limit")),
        "{}",
        run.out
    );
}

#[test]
fn w1_has_a_dagger_only_where_it_is_blind() {
    let folder = Folder::new();
    let line =
        "validate --data ring8 --metrics fid --points 60 --repeats 2 --severities 4 --corruptions translate,memorise";
    let text = folder.run(line).text();
    let row = |name: &str| text.lines().find(|line| line.trim_start().starts_with(name)).unwrap().to_string();
    assert!(!row("translate").contains('†'), "{text}");
    // Copies of training points are no farther from the real ones.
    assert_eq!(row("memor").matches('†').count(), 2, "{text}");
}

#[test]
fn a_counterexample_shows_the_digits_that_differ() {
    let text = Folder::new().run("laws --with sinkhorn,mmd:1 --cases 3").text();
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let numbers: Vec<&str> = words.iter().copied().filter(|word| word.parse::<f64>().is_ok()).collect();
        if let (true, [a, b, ..]) = (line.contains(" is not "), numbers.as_slice()) {
            assert_ne!(a, b, "{line}");
        }
    }
}

#[test]
fn what_is_left_out_by_size_is_named() {
    let folder = Folder::with(&[("a.csv", &rows(2600, 1, [1.0, 1.0])), ("b.csv", &rows(2600, 2, [1.0, 1.0]))]);
    let run = folder.run("compare a.csv b.csv");
    let said = "two-sample test (energy distance): more than 5,000 points on both sides together";
    assert!(run.code == 0 && run.out.contains(said), "{}", run.out);
    let json = folder.run("compare a.csv b.csv --json").json();
    let left = &json["pairs"][0]["left_out"];
    assert_eq!((&left[0]["by"], left.as_array().unwrap().len()), (&"size".into(), 1), "{left}");
    let documentation = include_str!("../../../docs/cli.md");
    for key in left[0].as_object().unwrap().keys().chain(json["pairs"][0]["estimates"][0].as_object().unwrap().keys()) {
        assert!(documentation.contains(&format!("`{key}`")), "docs/cli.md does not tell of `{key}`");
    }
}

#[test]
fn rows_of_the_penguins_do_not_contradict_each_other_in_silence() {
    let json = in_examples("compare adelie.csv gentoo.csv --json").json();
    let rows = json["pairs"][0]["estimates"].as_array().unwrap();
    let row = |key: &str| rows.iter().find(|row| row["key"] == key).unwrap();
    let noted = |row: &Value| {
        row["notes"].as_array().unwrap().iter().any(|note| note.as_str().unwrap().contains("contradicted"))
    };
    let (js, bound) = (row("js"), row("js-classifier"));
    let upper = js["upper"].as_f64().unwrap_or(f64::INFINITY);
    assert!(upper >= number(bound, "lower") || noted(js), "{js} {bound}");
    assert!(number(js, "value") <= std::f64::consts::LN_2 + 1e-9, "{js}");
    // A bound that nothing closes from above is shown as one.
    assert_eq!((&bound["kind"], &bound["upper"]), (&"lower bound".into(), &Value::Null));
    let text = in_examples("compare adelie.csv gentoo.csv").text();
    assert!(text.contains("≥") && text.contains("(95 %, sampling)") && text.contains("(95 %, directions)"), "{text}");
    assert!(!text.contains("± 0 ") && !text.contains("inf"), "{text}");
}
