//! `earthwork gan`, `critic` and `benchmark w1`.

use serde_json::Value;

use crate::tool::{Folder, in_examples, number};

const SMALL: &str = "--hidden 8,8 --batch 16 --critic-steps 2 --referee-points 40";

fn train(folder: &Folder, line: &str) -> crate::tool::Run {
    folder.run(&format!("gan train {line} {SMALL}"))
}

#[test]
fn a_training_leaves_its_folder() {
    let folder = Folder::new();
    let text = train(&folder, "--data ring8 --objective wgan-gp --steps 12 --out run").text();
    for part in ["wgan-gp on ring8", "exact W1", "/8", "rank correlation", "pictures in run"] {
        assert!(text.contains(part), "`{part}` is missing in\n{text}");
    }
    for name in ["samples.png", "critic.png", "loss.png", "gradients.png", "weights.png"] {
        let bytes = std::fs::read(folder.path(&format!("run/{name}"))).unwrap();
        assert!(bytes.starts_with(b"\x89PNG") && bytes.len() > 3000, "{name}");
    }
    let log = folder.read("run/log.jsonl");
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 13, "one record a step, and one before the first");
    for line in &lines {
        // The promise of every critic.
        assert!(number(line, "certified") <= number(line, "w1_upper"), "{line}");
        assert!(number(line, "w1_lower") <= number(line, "w1") && number(line, "w1") <= number(line, "w2") + 1e-12);
    }
    assert_eq!(lines[12]["step"], 12);
    let documentation = include_str!("../../../docs/cli.md");
    let report = folder.run("gan report run --json").json();
    for key in lines[0].as_object().unwrap().keys().chain(report.as_object().unwrap().keys()) {
        assert!(documentation.contains(&format!("`{key}`")), "docs/cli.md does not tell of `{key}`");
    }
    assert_eq!(report["records"].as_array().unwrap().len(), 13);
    let refusal = train(&folder, "--data ring8 --out run").refusal();
    assert!(refusal.contains("there is a training in it already"), "{refusal}");
}

#[test]
fn an_interrupted_training_goes_on_to_the_same_bits() {
    let folder = Folder::new();
    train(&folder, "--data moons --objective rasgan+gp --steps 10 --referee-every 3 --out whole").text();
    let early =
        train(&folder, "--data moons --objective rasgan+gp --steps 10 --referee-every 3 --out parts --time-limit 0");
    assert_eq!(early.code, 3, "{}{}", early.out, early.err);
    assert!(early.out.contains("`gan resume` goes on"), "{}", early.out);
    folder.run("gan train --out parts --resume --threads 2").text();
    for name in ["log.jsonl", "checkpoint.safetensors", "run.json"] {
        let bytes = |run: &str| std::fs::read(folder.path(&format!("{run}/{name}"))).unwrap();
        assert!(bytes("whole") == bytes("parts"), "{name} differs");
    }
    // A resumed training that is done says so and changes nothing.
    folder.run("gan train --out parts --resume").text();
    assert_eq!(folder.read("whole/log.jsonl"), folder.read("parts/log.jsonl"));
}

#[test]
fn metrics_stand_beside_the_exact_distance() {
    let folder = Folder::new();
    let line = "--data ring8 --objective wgan-lp --steps 8 --referee-every 2 --metrics all";
    let text = train(&folder, &format!("{line} --out run")).text();
    for part in ["goes with exact W1", "fid_inf", "coverage", "higher"] {
        assert!(text.contains(part), "`{part}` is missing in\n{text}");
    }
    assert!(std::fs::read(folder.path("run/metrics.png")).unwrap().starts_with(b"\x89PNG"));
    let log = folder.read("run/log.jsonl");
    let records: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let documentation = include_str!("../../../docs/cli.md");
    for record in &records {
        let metrics = record["metrics"].as_array().unwrap();
        assert_eq!(metrics.len(), 12, "w1 and w2 are there already: {record}");
        for metric in metrics {
            assert!(metric["value"].is_number() && metric["error"].is_null(), "{metric}");
            for key in metric.as_object().unwrap().keys() {
                assert!(documentation.contains(&format!("`{key}`")), "docs/cli.md does not tell of `{key}`");
            }
        }
        assert_eq!((&metrics[1]["name"], &metrics[1]["better"]), (&"fid".into(), &"lower".into()));
        assert!(number(&metrics[0], "std_error") > 0.0, "{}", metrics[0]);
    }
    let report = folder.run("gan report run --json").json();
    let tracked = report["metrics"].as_array().unwrap();
    assert_eq!(tracked.len(), 12);
    for metric in tracked {
        assert!(metric["floor"].is_number(), "{metric}");
        for key in metric.as_object().unwrap().keys() {
            assert!(documentation.contains(&format!("`{key}`")), "docs/cli.md does not tell of `{key}`");
        }
    }
    // With four records the correlation of a metric is that of its ranks with those of exact W1.
    let column = |read: &dyn Fn(&Value) -> f64| records[1..].iter().map(read).collect::<Vec<_>>();
    let (w1, fid) = (column(&|r| number(r, "w1")), column(&|r| number(&r["metrics"][1], "value")));
    assert_eq!(number(&tracked[1], "tracks_w1"), earthwork::gan::rank_correlation(&fid, &w1).unwrap());

    // Early end and resume: the same bytes, the metrics from run.json.
    assert_eq!(train(&folder, &format!("{line} --out parts --time-limit 0")).code, 3);
    folder.run("gan train --out parts --resume").text();
    for name in ["log.jsonl", "checkpoint.safetensors", "run.json"] {
        let bytes = |run: &str| std::fs::read(folder.path(&format!("{run}/{name}"))).unwrap();
        assert!(bytes("run") == bytes("parts"), "{name} differs");
    }
}

#[test]
fn metrics_of_other_names_and_without_value() {
    let folder = Folder::new();
    let line = "--data moons --steps 4 --referee-every 2 --metrics recall:3,kl,recall:39,recall:40";
    let text = train(&folder, &format!("{line} --out run")).text();
    assert!(text.contains("recall:40: "), "the reason is missing in\n{text}");
    let report = folder.run("gan report run --json").json();
    let names: Vec<&str> = report["metrics"].as_array().unwrap().iter().map(|m| m["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["recall:3", "kl", "recall:39", "recall:40"]);
    assert!(report["metrics"][3]["value"].is_null() && report["metrics"][3]["tracks_w1"].is_null());
    let refusal = train(&folder, "--data ring8 --metrics fid,fiddle --out other").refusal();
    assert!(refusal.starts_with("--metrics: unknown discrepancy `fiddle`"), "{refusal}");
    assert!(!folder.path("other").exists(), "a refused training leaves nothing behind");
    let refusal = folder.run("gan train --out run --resume --metrics fid").refusal();
    assert!(refusal.contains("cannot be used with"), "{refusal}");
}

#[test]
fn files_are_trained_on_with_and_without_labels() {
    let folder = Folder::new();
    let row = |k: usize| format!("{},{},{},{}\n", k % 7, k % 5, k % 3 + 10 * (k % 2), ["left", "right"][k % 2]);
    let rows = (0..60).map(row).collect::<Vec<_>>().concat();
    folder.write("points.csv", format!("x,y,z,side\n{rows}").as_bytes());
    let text = train(&folder, "--data points.csv --objective wgan-lp --steps 3 --label side --out told").text();
    assert!(text.contains("both networks told the class"), "{text}");
    let run: Value = serde_json::from_str(&folder.read("told/run.json")).unwrap();
    assert_eq!(run["classes"], serde_json::json!(["left", "right"]));
    assert!(!folder.path("told/critic.png").exists(), "three columns have no surface");
    train(&folder, "--data points.csv --columns x --objective ns --steps 3 --out line").text();
    assert!(folder.path("line/samples.png").exists());
    // Other points under the same name are another training.
    folder.write("points.csv", format!("x,y,z,side\n{}", rows.replace("6,", "9,")).as_bytes());
    let refusal = folder.run("gan train --out told --resume").refusal();
    assert!(refusal.contains("another training"), "{refusal}");
}

#[test]
fn a_training_goes_on_beyond_the_steps_first_asked_for() {
    let folder = Folder::new();
    let line = "--data ring8 --objective wgan-lp --referee-every 3";
    train(&folder, &format!("{line} --steps 6 --out run")).text();
    let text = folder.run("gan resume run --steps 12").text();
    assert!(text.contains("steps      12\n"), "{text}");
    let steps = |run: &str| -> Vec<u64> {
        let log = folder.read(&format!("{run}/log.jsonl"));
        log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["step"].as_u64().unwrap()).collect()
    };
    assert_eq!(steps("run"), [0, 3, 6, 9, 12]);
    // In one go and in two: the same bits from there on.
    train(&folder, &format!("{line} --steps 6 --out parts")).text();
    assert_eq!(folder.run("gan resume parts --steps 12 --time-limit 0").code, 3);
    folder.run("gan resume parts").text();
    for name in ["log.jsonl", "checkpoint.safetensors", "run.json"] {
        let bytes = |run: &str| std::fs::read(folder.path(&format!("{run}/{name}"))).unwrap();
        assert!(bytes("run") == bytes("parts"), "{name} differs");
    }
    let refusal = folder.run("gan resume run --steps 5").refusal();
    assert_eq!(refusal, "--steps 5: the training in run has made 12 already");
    assert!(folder.run("gan resume nowhere --steps 5").refusal().contains("not a folder of `gan train`"));
}

#[test]
fn columns_are_trained_in_their_own_units() {
    let folder = Folder::new();
    let row = |k: usize| format!("{},{}\n", (k * 37 % 101) as f64 / 50.0, 1000 * (k * 61 % 97));
    folder.write("wide.csv", (0..120).map(row).collect::<Vec<_>>().concat().as_bytes());
    let text = train(&folder, "--data wide.csv --objective wgan-lp --steps 3 --out run").text();
    assert!(text.contains("each was trained in its own unit"), "{text}");
    let run: Value = serde_json::from_str(&folder.read("run/run.json")).unwrap();
    let units: Vec<f64> = run["units"].as_array().unwrap().iter().map(|unit| unit.as_f64().unwrap()).collect();
    assert!((0.3..1.2).contains(&units[0]) && (10_000.0..60_000.0).contains(&units[1]), "{units:?}");
    // In those units two real samples are about as far apart as points of unit spread.
    assert!((0.01..2.0).contains(&number(&run, "floor_w1")), "{run}");
}

#[test]
fn one_column_is_not_trained_with_a_penalty_that_cannot_learn() {
    let folder = Folder::new();
    let rows = (0..60).map(|k| (k * 37 % 101).to_string()).collect::<Vec<_>>().join("\n");
    folder.write("line.csv", rows.as_bytes());
    for objective in ["wgan-gp", "ns+dragan", "wgan-finite-difference"] {
        let refusal = train(&folder, &format!("--data line.csv --objective {objective} --steps 3 --out run")).refusal();
        assert!(refusal.contains("take the one-sided penalty, wgan-lp"), "{refusal}");
    }
    assert!(!folder.path("run").exists(), "a refused training leaves nothing behind");
    let text = train(&folder, "--data line.csv --steps 3 --out run").text();
    assert!(text.contains("wgan-lp on line.csv"), "{text}");
}

#[test]
fn a_training_drops_rows_only_when_it_is_asked_to() {
    let folder = Folder::new();
    let rows = |k: usize| format!("{},{}", k % 7, if k == 9 { "NA".into() } else { (k % 5).to_string() });
    let rows = (0..60).map(rows).collect::<Vec<_>>().join("\n");
    folder.write("gaps.csv", format!("x,y\n{rows}").as_bytes());
    let line = "--data gaps.csv --objective wgan-lp --steps 2";
    let refusal = train(&folder, &format!("{line} --out run")).refusal();
    assert!(refusal.contains("gaps.csv, row 11, column `y`") && refusal.contains("--drop-missing"), "{refusal}");
    train(&folder, &format!("{line} --drop-missing --out run")).text();
    folder.run("gan resume run --steps 4").text();
}

#[test]
fn what_cannot_be_trained_is_refused_in_one_line() {
    let folder = Folder::new();
    let refusal = |line: &str| folder.run(&format!("gan train {line}")).refusal();
    assert!(refusal("--data ring9 --out run").contains("unknown toy distribution `ring9`; expected one of ring8"));
    assert!(refusal("--data missing.csv --out run").contains("missing.csv"));
    assert!(refusal("--data ring8 --objective wgan-x --out run").contains("unknown critic control `x`"));
    assert!(refusal("--data ring8 --objective gan --out run").contains("unknown objective `gan`"));
    assert!(refusal("--data swiss-roll --label --out run").contains("two classes"));
    assert!(refusal("--data ring8 --label side --out run").contains("no columns"));
    assert!(refusal("--data ring8 --steps 0 --out run").contains("steps"));
    assert!(refusal("--out run").contains("--data"));
    assert!(refusal("--out nowhere --resume").contains("not a folder of `gan train`"));
    assert!(refusal("--out nowhere --resume --batch 5").contains("cannot be used with"));
    assert!(folder.run("gan report nowhere").refusal().contains("nowhere"));
    assert!(!folder.path("run").exists(), "a refused training leaves nothing behind");
}

#[test]
fn critics_stand_beside_the_exact_distance() {
    let line =
        "critic adelie.csv gentoo.csv --standardise --method lp,bjorck,exact-dual --steps 60 --hidden 16,16 --batch 64";
    let answer = in_examples(&format!("{line} --json")).json();
    let exact = number(&answer, "exact");
    let critics = answer["critics"].as_array().unwrap();
    assert_eq!(
        critics.iter().map(|c| c["method"].as_str().unwrap()).collect::<Vec<_>>(),
        ["lp", "bjorck", "exact-dual"]
    );
    for critic in critics {
        assert!(number(critic, "certified") <= exact * (1.0 + 1e-12), "{critic}");
    }
    assert!(number(&critics[1], "certified") > 0.5 * exact && number(&critics[2], "share") > 0.999_999);
    let text = in_examples(line).text();
    for part in ["no critic proves more", "proven: W1 ≥", "exact-dual"] {
        assert!(text.contains(part), "`{part}` is missing in\n{text}");
    }
    let documentation = include_str!("../../../docs/cli.md");
    for key in answer.as_object().unwrap().keys().chain(critics[0].as_object().unwrap().keys()) {
        assert!(documentation.contains(&format!("`{key}`")), "docs/cli.md does not tell of `{key}`");
    }
    let folder = Folder::with(&[("a.csv", "x,y\n0,0\n1,0\n0,2\n"), ("b.csv", "x,y\n9,0\n10,0\n9,2\n")]);
    folder.run("critic a.csv b.csv --method exact-dual --gradients field.csv").text();
    let field = folder.read("field.csv");
    assert!(field.starts_with("side,index,\"x\",\"y\"\nsource,0,") && field.lines().count() == 7, "{field}");
    assert!(folder.run("critic a.csv b.csv --method wgan").refusal().contains("unknown critic `wgan`"));
    assert!(folder.run("critic a.csv b.csv --batch 0").refusal().contains("batch"));
}

#[test]
fn the_benchmark_prints_what_is_known() {
    let folder = Folder::new();
    let line =
        "benchmark w1 --dim 2 --funnels 4 --critic exact-dual,lp --points 400 --steps 30 --hidden 8,8 --batch 32";
    let answer = folder.run(&format!("{line} --json")).json();
    let critics = answer["critics"].as_array().unwrap();
    assert!(number(&critics[0], "cos") > 0.7 && number(&critics[0], "cos") > number(&critics[1], "cos"));
    assert!(number(&critics[0], "certified") == number(&critics[0], "w1") && number(&critics[1], "lipschitz") > 0.0);
    let documentation = include_str!("../../../docs/cli.md");
    for key in answer.as_object().unwrap().keys().chain(critics[0].as_object().unwrap().keys()) {
        assert!(documentation.contains(&format!("`{key}`")), "docs/cli.md does not tell of `{key}`");
    }
    let text = folder.run(line).text();
    assert!(text.contains("MinFunnels, dimension 2, 4 funnels") && text.contains("exact-dual"), "{text}");
    assert!(folder.run("benchmark w1 --dim 0").refusal().contains("dim"));
}

#[test]
fn a_training_takes_the_first_row_for_what_it_is_said_to_be() {
    let points = |first: &str| {
        let rows = (0..40).map(|i| format!("{},{}", f64::from(i * 7 % 40) / 10.0, f64::from(i * 11 % 40) / 10.0));
        std::iter::once(first.to_string()).chain(rows).collect::<Vec<_>>().join("\n") + "\n"
    };
    // Years for names.
    let folder = Folder::with(&[("years.csv", &points("2023,2024"))]);
    let line = "--data years.csv --objective wgan-lp --steps 2 --referee-every 2";
    train(&folder, &format!("{line} --columns 2023 --header yes --out named")).text();
    let refusal = train(&folder, &format!("{line} --columns 2023 --header no --out plain")).refusal();
    assert!(refusal.contains("2023"), "{refusal}");
    // What was said is kept for a training that goes on.
    assert!(folder.read("named/run.json").contains(r#""header": "yes""#), "{}", folder.read("named/run.json"));
    folder.run("gan resume named --steps 3").text();
}

#[test]
fn images_are_trained_on() {
    let folder = Folder::new();
    let digits = include_str!("../../../examples/data/digits.csv");
    let some: String = digits.lines().take(121).map(|line| line.to_string() + "\n").collect();
    folder.write("digits.csv", some.as_bytes());
    let line = "gan train --data digits.csv --image 8x8 --networks dcgan:4 --steps 4 --batch 8 --critic-steps 1 --latent 4 --referee-points 24 \
                --referee-every 2";
    let text = folder.run(&format!("{line} --label label --out told")).text();
    for part in ["networks", "dcgan:4", "of 10 classes found", "nearest training image", "of the class asked for"] {
        assert!(text.contains(part), "`{part}` is missing in\n{text}");
    }
    for name in ["images.png", "images-0000000.png", "images-0000004.png", "samples.png"] {
        assert!(std::fs::read(folder.path(&format!("told/{name}"))).unwrap().starts_with(b"\x89PNG"), "{name}");
    }
    let page = folder.read("told/report.html");
    assert!(page.contains("data:image/png;base64,iVBOR") && page.contains("classes") && !page.contains("src=\"http"));
    // Classes that only the referee knows, and held-out images from a separate file.
    let columns = "--columns p0,p1,p2,p3,p4,p5,p6,p7,p8,p9,p10,p11 --image 3x4";
    let text = folder
        .run(&format!("{line} {columns} --classes label --held-out digits.csv --out seen").replace("--image 8x8", ""))
        .text();
    assert!(text.contains("of 10 classes found") && !text.contains("class asked for"), "{text}");
    folder.run("gan train --out seen --resume --steps 5").text();
    let record = folder.read("told/log.jsonl").lines().last().unwrap().to_string();
    let record: Value = serde_json::from_str(&record).unwrap();
    let documentation = include_str!("../../../docs/cli.md");
    for key in record.as_object().unwrap().keys() {
        assert!(documentation.contains(&format!("`{key}`")), "docs/cli.md does not tell of `{key}`");
    }
    let refused = |rest: &str| folder.run(&format!("gan train --data digits.csv --out no {rest}")).refusal();
    assert!(refused("--image 8x9 --networks dcgan").contains("8 x 9 x 1 values are not the 65"));
    assert!(refused("--image 8").contains("HEIGHTxWIDTH"));
    assert!(refused("--networks dcgan").contains("of which shape"));
    assert!(refused("--networks gan").contains("expected mlp, dcgan"));
    assert!(
        refused("--critic-layers dense:x --generator-layers dense:65")
            .contains("--critic-layers: `dense:x` is not a layer")
    );
}

#[test]
fn text_is_trained_on() {
    let folder = Folder::new();
    let words: String =
        ["ape", "bee", "cat", "dog", "emu", "fox", "gnu", "hen"].map(|word| format!("{word}\n")).concat().repeat(5);
    folder.write("words.txt", words.as_bytes());
    let line = "gan train --data words.txt --text --networks text:4 --steps 2 --batch 8 --critic-steps 1 --latent 4 --referee-points 8";
    let text = folder.run(&format!("{line} --out run")).text();
    assert!(text.contains("JS-1") && text.contains("JS-4") && text.contains("lines of the file"), "{text}");
    let record: Value = serde_json::from_str(folder.read("run/log.jsonl").lines().last().unwrap()).unwrap();
    assert!(record["js"].as_array().unwrap().len() == 4 && record["said"].as_array().unwrap().len() == 8);
    let documentation = include_str!("../../../docs/cli.md");
    for key in record.as_object().unwrap().keys() {
        assert!(documentation.contains(&format!("`{key}`")), "docs/cli.md does not tell of `{key}`");
    }
    let refused = |rest: &str| folder.run(&format!("{line} --out no {rest}")).refusal();
    assert!(refused("--length 2").contains("line 1 has 3 letters"));
    assert!(refused("--alphabet abc").contains("which is not in it"));
}
