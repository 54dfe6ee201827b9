//! Who sends what to whom, what it is worth, and how to check it without trusting anybody.
//!
//! ```text
//! cargo run --release --example 02_plan_and_potentials
//! ```

use std::fs;

use earthwork::compare::{cost_by_column, group_flows};
use earthwork::prelude::*;

/// Bill length and bill depth, the first two columns of the file.
fn bills(file: &str) -> Samples {
    let path = format!("{}/examples/data/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(path).expect("the example data are part of the repository");
    let number = |cell: &str| cell.parse::<f64>().expect("every cell holds a number");
    let rows: Vec<[f64; 2]> = text
        .lines()
        .skip(1)
        .map(|line| {
            let mut cells = line.split(',').map(number);
            [cells.next().expect("a length"), cells.next().expect("a depth")]
        })
        .collect();
    Samples::new(rows).expect("the data are finite")
}

fn main() -> Result<()> {
    let (adelie, gentoo) = (bills("adelie.csv"), bills("gentoo.csv"));
    let problem = Problem::between(&adelie, &gentoo, SquaredEuclidean)?;
    let solution = solve(&problem)?;
    println!("{solution}\n");

    // The plan: at most n + m - 1 entries, whose sums are the weights.
    let plan = &solution.plan;
    assert!(plan.flows().len() < adelie.len() + gentoo.len());
    println!("the plan has {} flows; summed up:", plan.flows().len());
    for flow in group_flows(&adelie, &gentoo, plan, 3)? {
        let share = 100.0 * flow.share;
        println!("  {share:4.1} % moves from bills of {:.1?} mm to bills of {:.1?} mm", flow.from, flow.to);
    }
    for (name, column) in ["length", "depth"].iter().zip(cost_by_column(&adelie, &gentoo, plan)?) {
        println!("  {:4.1} % of the cost is bill {name}", 100.0 * column.share);
    }

    // The potentials are prices: f_i + g_j <= c_ij for every pair, with equality where mass moves.
    let Potentials { f, g } = &solution.potentials;
    let largest = plan.flows().iter().map(|flow| {
        let slack = problem.cost().entry(flow.source, flow.target) - f[flow.source] - g[flow.target];
        slack.abs()
    });
    let largest = largest.fold(0.0, f64::max);
    println!("\nlargest slack on an entry of the plan: {largest:.1e}");
    assert!(largest < 1e-9);

    // The certificate trusts nobody: it makes any potentials feasible and any plan whole, and sums with care.
    let certificate = certify(&problem, plan, &solution.potentials)?;
    println!("checked: the optimum lies between {} and {}", certificate.bounds.lower, certificate.bounds.upper);
    assert!(certificate.bounds.relative_gap() < 1e-12);

    // Poor prices give a poor bound, but never a wrong one.
    let nothing = Potentials { f: vec![0.0; adelie.len()], g: vec![0.0; gentoo.len()] };
    let weak = certify(&problem, plan, &nothing)?.bounds;
    println!("with all prices 0: between {:.2} and {:.2}", weak.lower, weak.upper);
    assert!(weak.lower < solution.transport_cost && solution.transport_cost <= weak.upper);
    Ok(())
}
