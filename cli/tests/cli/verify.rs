//! `earthwork verify`: plans made by anybody.

use crate::tool::{Folder, assert_near, number};

/// Two points each; the best plan keeps the order.
fn folder() -> Folder {
    Folder::with(&[
        ("a.csv", "0\n1\n"),
        ("b.csv", "2\n4\n"),
        ("good.csv", "source,target,mass\n0,0,0.5\n1,1,0.5\n"),
        ("plain.csv", "0,0,0.5\n1,1,0.5\n"),
        ("crossed.csv", "target,mass,source\n1,0.5,0\n0,0.5,1\n"),
        ("short.csv", "source,target,mass\n0,0,0.5\n1,1,0.25\n"),
        ("zero.csv", "0\n0\n"),
        ("f.csv", "side,index,potential\nsource,1,-3\nsource,0,0\n"),
    ])
}

#[test]
fn an_optimal_plan_passes() {
    for plan in ["good.csv", "plain.csv"] {
        let run = folder().run(&format!("verify a.csv b.csv --p 2 --plan {plan}"));
        assert_eq!(run.code, 0, "{}{}", run.out, run.err);
        assert!(
            run.out.contains("feasible and optimal") && run.out.contains("an own solve (no --potentials)"),
            "{}",
            run.out
        );
    }
    let report = folder().run("verify a.csv b.csv --p 2 --plan good.csv --json").json();
    assert_eq!((&report["feasible"], &report["optimal"]), (&true.into(), &true.into()));
    assert_near(number(&report, "transport_cost"), 6.5);
    assert!(number(&report, "relative_gap") < 1e-14 && number(&report, "marginal_error") == 0.0);
}

#[test]
fn a_plan_that_costs_too_much_is_refuted() {
    let run = folder().run("verify a.csv b.csv --p 2 --plan crossed.csv");
    assert_eq!(run.code, 1);
    assert!(run.out.contains("feasible, NOT OPTIMAL"), "{}", run.out);
    // Within a wide tolerance it will do; for W1 on a line it is optimal too.
    assert_eq!(folder().run("verify a.csv b.csv --p 2 --plan crossed.csv --tolerance 0.5").code, 0);
    assert_eq!(folder().run("verify a.csv b.csv --plan crossed.csv").code, 0);
}

#[test]
fn a_plan_that_leaves_mass_behind_is_refuted() {
    let run = folder().run("verify a.csv b.csv --plan short.csv");
    assert_eq!(run.code, 1);
    assert!(run.out.contains("NOT FEASIBLE"), "{}", run.out);
    assert!(run.out.contains("worst: source 1 sends 0.25, its weight is 0.5"), "{}", run.out);
    let run = folder().run("verify a.csv b.csv --plan short.csv --json");
    assert_eq!(run.code, 1);
    let report: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(report["feasible"], false);
    assert_near(number(&report, "marginal_error"), 0.25);
}

#[test]
fn potentials_replace_the_solve() {
    // f = (0, -3): g_j = min(c_0j, c_1j + 3) = (4, 12); value (0 - 3 + 4 + 12) / 2 = 6.5, the optimum.
    let run = folder().run("verify a.csv b.csv --p 2 --plan good.csv --potentials f.csv");
    assert_eq!(run.code, 0, "{}", run.out);
    assert!(run.out.contains("lower bound from f.csv"), "{}", run.out);
    let run = folder().run("verify a.csv b.csv --p 2 --plan good.csv --potentials zero.csv");
    assert_eq!(run.code, 1);
    assert!(run.out.contains("NOT PROVEN OPTIMAL"), "{}", run.out);
}

#[test]
fn a_matrix_can_be_verified_too() {
    let folder =
        Folder::with(&[("c.csv", "1,5\n2,9\n"), ("plan.csv", "0,1,0.5\n1,0,0.5\n"), ("bad.csv", "0,0,0.5\n1,1,0.5\n")]);
    assert_eq!(folder.run("verify --matrix c.csv --plan plan.csv").code, 0);
    assert_eq!(folder.run("verify --matrix c.csv --plan bad.csv").code, 1);
}

#[test]
fn plans_that_are_none_are_errors() {
    let cases = [
        ("0,0,0.5\n2,1,0.5\n", "p.csv, row 2, column `1`: 2 is not a source; they are numbered from 0 to 1"),
        ("0,0,0.5\n1,7,0.5\n", "p.csv, row 2, column `2`: 7 is not a target; they are numbered from 0 to 1"),
        ("0,0,0.5\n1,0.5,0.5\n", "p.csv, row 2, column `2`: 0.5 is not a target; they are numbered from 0 to 1"),
        ("0,0,0.5\n1,1,-0.5\n", "p.csv, row 2, column `3`: the mass -0.5 is negative"),
        ("source,target,mass\n0,0,x\n", "p.csv, row 2, column `mass`: `x` is not a number"),
        ("0,0\n", "p.csv: a plan has three columns, source,target,mass; this has 2"),
        ("source,target,weight\n0,0,1\n", "p.csv: there is no column `mass`; its columns are source, target, weight"),
    ];
    for (plan, expected) in cases {
        let folder = folder();
        folder.write("p.csv", plan.as_bytes());
        assert_eq!(folder.run("verify a.csv b.csv --plan p.csv").refusal(), expected);
    }
    let cases = [
        ("1\n2\n3\n", "f.csv: it holds 3 potentials; 2 are needed, one for each source"),
        ("side,index,potential\nsource,0,1\n", "f.csv: there is no potential for source 1"),
        (
            "side,index,potential\nsource,5,1\n",
            "f.csv, row 2, column `index`: 5 is not a source; they are numbered from 0 to 1",
        ),
        ("side,index,potential\nsource,0,x\nsource,1,2\n", "f.csv, row 2, column `potential`: `x` is not a number"),
    ];
    for (potentials, expected) in cases {
        let folder = folder();
        folder.write("f.csv", potentials.as_bytes());
        assert_eq!(folder.run("verify a.csv b.csv --plan good.csv --potentials f.csv").refusal(), expected);
    }
    let refusal = folder().run("verify a.csv b.csv --plan good.csv --tolerance nan").refusal();
    assert_eq!(refusal, "--tolerance NaN: it must be at least 0 and finite");
}
