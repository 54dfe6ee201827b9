//! The page: one file of HTML with its pictures, which needs no network.

use std::fmt::Write;

use earthwork::Result;
use earthwork::measure::Samples;
use earthwork::transport::Status;
use earthwork::validate::{Correlation, Curve, MetricInfo, Population, Report, Sweep, Verdict};

use super::{charts, rho_text};
use crate::format;

/// The report as a page. The pictures of samples are drawn anew from the population, by the seed of the report.
///
/// # Errors
/// When the population cannot be drawn from: it is not the one of the report.
pub fn page(title: &str, population: &Population, found: &Report) -> Result<String> {
    let mut body = String::new();
    head(&mut body, title, found);
    verdicts(&mut body, found);
    curves(&mut body, population, found)?;
    sizes(&mut body, found);
    costs(&mut body, found);
    let _ = write!(
        body,
        "<p class=\"foot\">Made by earthwork {} with seed {}. The same seed gives the same values.</p>",
        env!("CARGO_PKG_VERSION"),
        found.seed
    );
    Ok(format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Which metric sees what? {}</title>\n<style>\n{}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n",
        escaped(title),
        include_str!("page.css")
    ))
}

fn head(out: &mut String, title: &str, found: &Report) {
    let _ = writeln!(out, "<h1>Which metric sees what?</h1>");
    let _ = writeln!(
        out,
        "<p class=\"facts\">{}. {} points of either kind, {} severities with {} samples each, {}.</p>",
        escaped(title),
        format::count(found.points as u64),
        found.severities.len(),
        found.repeats,
        format::time(found.time)
    );
    let _ = writeln!(
        out,
        "<p>Fake samples are made worse step by step, in {} ways. At every step each metric is computed, and the exact Wasserstein \
         distance beside it. A metric <b>follows</b> when it gets worse as the truth does, is <b>blind</b> when it does not change in \
         step with it, and is <b>misleading</b> when it gets better as the truth gets worse. The truth is exact W₁ where W₁ itself \
         rises with the severity, else the severity.</p>",
        found.sweeps.len()
    );
    if found.status != Status::Optimal {
        let _ = writeln!(out, "<p><b>Ended early:</b> only corruptions whose sweep was finished are here.</p>");
    }
    for corruption in &found.unfinished {
        let _ = writeln!(out, "<p class=\"soft\">There was no time for: {corruption}.</p>");
    }
    for (corruption, why) in &found.left_out {
        let _ = writeln!(out, "<p class=\"soft\">Left out: {corruption} ({}).</p>", escaped(why));
    }
}

fn verdicts(out: &mut String, found: &Report) {
    let _ = writeln!(out, "<h2>Verdicts</h2>");
    let _ = writeln!(
        out,
        "<p class=\"soft\">Spearman's ρ of each metric, turned so that more is worse, with the truth. Point at a cell for its interval, \
         Kendall's τ, steps in the wrong direction, and the severity from which on it is above its noise. † the truth is the \
         severity, since W₁ itself is blind here.</p>"
    );
    let _ = writeln!(
        out,
        "<div class=\"key\"><span><i class=\"mark\" style=\"background:#bfe5d6\"></i><b>follows</b>: ρ clearly above 0.5, or above its noise and at its limit</span>\
         <span><i class=\"mark\" style=\"background:#e3e6e9\"></i><b>blind</b>: neither</span>\
         <span><i class=\"mark\" style=\"background:#f9c7ae\"></i><b>misleading</b>: ρ with the severity clearly below −0.5</span></div>"
    );
    let _ = write!(out, "<div class=\"scroll\"><table><thead><tr><th></th><th>W₁</th>");
    found.metrics.iter().for_each(|info| _ = write!(out, "<th title=\"{}\">{}</th>", escaped(&info.name), label(info)));
    let _ = writeln!(out, "</tr></thead><tbody>");
    for sweep in &found.sweeps {
        let description = sweep.corruption.description();
        let _ = write!(out, "<tr><th title=\"{description}\">{}</th>", sweep.corruption);
        std::iter::once(&sweep.exact[0]).chain(&sweep.curves).for_each(|curve| cell(out, curve));
        let _ = writeln!(out, "</tr>");
    }
    let _ = write!(out, "<tr><th title=\"Spearman's ρ with exact W₁ over all sweeps together\">all, with W₁</th>");
    for info in found.exact[..1].iter().chain(&found.metrics) {
        let text = info.pooled.map_or_else(|| "–".to_string(), |rho| rho_text(rho.value));
        let _ = write!(out, "<td>{text}</td>");
    }
    let _ = writeln!(out, "</tr></tbody></table></div>");
}

fn cell(out: &mut String, curve: &Curve) {
    let (Some(verdict), Some(rho), Some(found)) = (curve.verdict, curve.decisive(), curve.follows) else {
        let why = curve.failure.as_deref().unwrap_or("no value");
        let _ = write!(out, "<td class=\"blind\" title=\"{}\">–</td>", escaped(why));
        return;
    };
    let seen = found
        .sees_from
        .map_or_else(|| "never above its noise".to_string(), |from| format!("above its noise from {from:.2}"));
    let title = format!(
        "{}: ρ {}, with severity ρ {} and τ {}, with W₁ ρ {} and τ {}, with W₂ ρ {}; {} of {} steps in the wrong direction; {seen}",
        verdict.name(),
        with_interval(rho),
        with_interval(found.spearman_severity),
        with_interval(found.kendall_severity),
        with_interval(found.spearman_w1),
        with_interval(found.kendall_w1),
        with_interval(found.spearman_w2),
        found.violations,
        curve.values.len().saturating_sub(1),
    );
    let dagger = if curve.judged_by_distance() { "" } else { "†" };
    let _ = write!(out, "<td class=\"{}\" title=\"{title}\">{}{dagger}</td>", verdict.name(), rho_text(rho.value));
}

fn with_interval(rho: Correlation) -> String {
    format!("{} [{}, {}]", rho_text(rho.value), rho_text(rho.lower), rho_text(rho.upper))
}

fn curves(out: &mut String, population: &Population, found: &Report) -> Result<()> {
    let _ = writeln!(out, "<h2>Curves</h2>");
    let _ = writeln!(
        out,
        "<p class=\"soft\">From severity 0 on the left to {} on the right; each metric in its own range. The thick grey curve is exact W₁ \
         in the same frame, the dots are single samples, the band is two deviations around real against real samples. The picture \
         shows the fake sample at the last severity over the real one{}.</p>",
        found.severities.last().map_or(1.0, |last| *last),
        if population.dim() > 2 { ", in the two coordinates that vary most" } else { "" }
    );
    for sweep in &found.sweeps {
        let picture = picture(population, found, sweep)?;
        let _ = write!(
            out,
            "<section class=\"sweep\"><div><h3>{}</h3><p>{}</p>{picture}</div><div class=\"multiples\">",
            sweep.corruption,
            sweep.corruption.description()
        );
        for (name, info, curve) in
            [("W₁, exact", &found.exact[0], &sweep.exact[0]), ("W₂, exact", &found.exact[1], &sweep.exact[1])]
        {
            figure(out, "truth", name, info, curve, sweep, found);
        }
        for (info, curve) in found.metrics.iter().zip(&sweep.curves) {
            let class = curve.verdict.map_or("blind", Verdict::name);
            figure(out, class, &label(info), info, curve, sweep, found);
        }
        let _ = writeln!(out, "</div></section>");
    }
    Ok(())
}

fn figure(out: &mut String, class: &str, name: &str, info: &MetricInfo, curve: &Curve, sweep: &Sweep, found: &Report) {
    if curve.values.is_empty() {
        return;
    }
    let rho = curve.decisive().map_or_else(String::new, |rho| rho_text(rho.value));
    let ends = (curve.means()[0], curve.means()[curve.values.len() - 1]);
    let said = format!(
        "{} under {}: {} to {}",
        info.name,
        sweep.corruption,
        format::short(ends.0, 3),
        format::short(ends.1, 3)
    );
    let chart = charts::curve(curve, &sweep.exact[0], info.floor, &found.severities, &escaped(&said));
    let _ = write!(
        out,
        "<figure class=\"{class}\" title=\"{}\"><figcaption><span>{name}</span><span class=\"rho\">{rho}</span></figcaption>{chart}</figure>",
        escaped(&said)
    );
}

/// The corrupted sample over the real one.
fn picture(population: &Population, found: &Report, sweep: &Sweep) -> Result<String> {
    let scene = population.draw(found.points, found.seed)?;
    let severity = found.severities.last().copied().unwrap_or(1.0);
    let fake = sweep.corruption.apply(&scene, severity, found.seed)?;
    let axes = widest(&scene.real);
    let ranges = axes.map(|axis| {
        let values = || [&scene.real, &fake].into_iter().flat_map(|side| side.points().iter()).map(|x| x[axis]);
        (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max))
    });
    // One unit for both axes, so that circles are circles.
    let half = ranges.iter().map(|(from, to)| 0.5 * (to - from)).fold(0.0, f64::max);
    let ranges = ranges.map(|(from, to)| (0.5 * (from + to) - half, 0.5 * (from + to) + half));
    Ok(charts::cloud(&scene.real, &fake, axes, ranges, &format!("a sample under {}", sweep.corruption)))
}

/// The two coordinates that vary most, in their order; the same one twice on a line.
fn widest(samples: &Samples) -> [usize; 2] {
    let mean = samples.mean();
    let variance = |axis: usize| samples.points().iter().map(|x| (x[axis] - mean[axis]).powi(2)).sum::<f64>();
    let mut axes: Vec<usize> = (0..samples.dim()).collect();
    if axes.len() > 2 {
        let variances: Vec<f64> = axes.iter().map(|&axis| variance(axis)).collect();
        axes.sort_by(|&a, &b| variances[b].total_cmp(&variances[a]));
        axes.truncate(2);
        axes.sort_unstable();
    }
    [axes[0], axes[axes.len() - 1]]
}

fn sizes(out: &mut String, found: &Report) {
    let (Some(sizes), Some(sweep)) = (found.metrics.first().map(|info| &info.sizes), found.sweeps.first()) else {
        return;
    };
    let (Some(first), Some(last)) = (sizes.first(), sizes.last()) else { return };
    let _ = writeln!(
        out,
        "<h2>Sample size</h2>\n<p class=\"soft\">From {} to {} points of either kind. Grey: real against real samples, mean and deviation; \
         what is not flat is bias. Blue: real against fake samples under {} at severity {:.1}. Where the two are apart, so many points \
         are enough.</p>\n<div class=\"sweep\" style=\"grid-template-columns:1fr\"><div class=\"multiples\">",
        first.points, last.points, sweep.corruption, found.size_severity
    );
    for info in found.exact.iter().chain(&found.metrics).filter(|info| !info.sizes.is_empty()) {
        let name = label(info);
        let chart = charts::sizes(info, &format!("{name} over the sample size"));
        let _ = write!(out, "<figure class=\"size\"><figcaption><span>{name}</span></figcaption>{chart}</figure>");
    }
    let _ = writeln!(out, "</div></div>");
}

fn costs(out: &mut String, found: &Report) {
    let _ = writeln!(
        out,
        "<h2>Noise and cost</h2>\n<p class=\"soft\">What each metric says of two real samples of {} points, and how long one evaluation \
         takes while others are at work.</p>\n<div class=\"scroll\"><table><thead><tr><th>metric</th><th>mean</th><th>deviation</th>\
         <th>least</th><th>most</th><th>time</th></tr></thead><tbody>",
        format::count(found.points as u64)
    );
    for info in found.exact.iter().chain(&found.metrics) {
        let _ = write!(out, "<tr><th>{}</th>", escaped(&info.name));
        match (&info.floor, &info.failure) {
            (Some(floor), _) => {
                for value in [floor.mean, floor.deviation, floor.least, floor.most] {
                    let _ = write!(out, "<td>{}</td>", format::number(value, 3));
                }
            }
            (None, why) => {
                let why = why.as_deref().unwrap_or("not finished");
                let _ = write!(out, "<td class=\"why\" colspan=\"4\">{}</td>", escaped(why));
            }
        }
        let _ = writeln!(out, "<td>{}</td></tr>", format::time(info.cost));
    }
    let _ = writeln!(out, "</tbody></table></div>");
}

/// A short name for a picture.
fn label(info: &MetricInfo) -> String {
    let known = match info.key.as_str() {
        "w1" => "W₁",
        "w2" => "W₂",
        "sw1" => "SW₁",
        "fid" => "FID",
        "fid_inf" => "FID∞",
        "kid" => "KID",
        "mmd" => "MMD²",
        "one_nn" => "1-NN",
        "c2st" => "C2ST",
        "high_quality" => "HQ",
        "mode_kl" => "mode KL",
        other => other,
    };
    escaped(known)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
