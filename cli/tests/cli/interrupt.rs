//! Ctrl-C during a long solve.
#![cfg(unix)]

use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::tool::{Folder, command, npy};

#[test]
fn ctrl_c_prints_the_bounds_reached() {
    let (n, dim) = (20_000, 6);
    let folder = Folder::new();
    for (name, seed) in [("x.npy", 1_u64), ("y.npy", 2)] {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f64
        };
        let values: Vec<f64> = (0..n * dim).map(|_| next()).collect();
        folder.write(name, &npy(&[n, dim], &values));
    }
    let child = command(&folder.path("."), "emd x.npy y.npy --p 2")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    sleep(Duration::from_millis(1500));
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success(), "the solve ended before it could be interrupted");
    let start = Instant::now();
    let done = child.wait_with_output().unwrap();
    let (out, err) = (String::from_utf8(done.stdout).unwrap(), String::from_utf8(done.stderr).unwrap());
    assert_eq!(done.status.code(), Some(3), "{out}{err}");
    assert!(
        out.contains("cancelled") && out.contains("You ended the run: these are bounds, not the distance."),
        "{out}"
    );
    assert_eq!(err, "", "no progress bar where standard error is not a terminal");
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
}
