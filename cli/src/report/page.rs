//! A training as one page of HTML that needs no other file.

use std::fmt::Write as _;

use crate::folder::{Line, RunFile};
use earthwork_view::format;

/// Headings of the pictures, by file name.
const HEADINGS: [(&str, &str); 7] = [
    ("images.png", "Generated images, each beside the training image nearest to it"),
    ("samples.png", "Real and generated points"),
    ("critic.png", "The critic"),
    ("loss.png", "Exact distance, and what the critic says"),
    ("gradients.png", "Gradients by layer"),
    ("weights.png", "Weights"),
    ("metrics.png", "Metrics"),
];

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:1000px;margin:2em auto;padding:0 1em;color:#222}\
table{border-collapse:collapse;font-variant-numeric:tabular-nums}td,th{padding:.15em .8em;text-align:right;border-bottom:1px solid #ddd}\
img{max-width:100%}h1{font-size:1.4em}h2{font-size:1.1em;margin-top:2em}code{background:#f4f4f4}";

/// The page, with the pictures in it.
pub(crate) fn training_page(run: &RunFile, lines: &[Line], pictures: &[(&'static str, Vec<u8>)]) -> String {
    let title = escaped(&format!("{} on {}", run.objective, run.data));
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title><style>{STYLE}</style></head><body>\n\
         <h1>{title}</h1>\n<p>Networks: {}. Seed {}. Two real samples of {} points are W1 = {} apart.</p>\n",
        escaped(&run.networks),
        run.seed,
        run.referee_points,
        format::number(run.floor_w1, 4)
    );
    table(&mut page, run, lines);
    for (name, png) in pictures {
        let heading = HEADINGS.iter().find(|(known, _)| known == name).map_or(*name, |(_, heading)| heading);
        let _ =
            writeln!(page, "<h2>{heading}</h2>\n<img alt=\"{heading}\" src=\"data:image/png;base64,{}\">", base64(png));
    }
    if lines.iter().any(|line| !line.said.is_empty()) {
        page.push_str("<h2>Lines that were generated on the way</h2>\n<table><tr><th>step</th><th>lines</th></tr>\n");
        for line in lines {
            let said: Vec<String> = line.said.iter().map(|line| format!("<code>{}</code>", escaped(line))).collect();
            let _ =
                writeln!(page, "<tr><td>{}</td><td style=\"text-align:left\">{}</td></tr>", line.step, said.join(" "));
        }
        page.push_str("</table>\n");
    }
    page.push_str("</body></html>\n");
    page
}

/// A column of the records: its name, and what stands in it.
type Column = (&'static str, fn(&Line, &RunFile) -> Option<String>);

fn table(page: &mut String, run: &RunFile, lines: &[Line]) {
    let columns: [Column; 12] = [
        ("step", |line, _| Some(format::count(line.step))),
        ("exact W1", |line, _| Some(format!("{:.4}", line.w1))),
        ("x real", |line, run| (run.floor_w1 > 0.0).then(|| format!("{:.3}", line.w1 / run.floor_w1))),
        ("exact W2", |line, _| Some(format!("{:.4}", line.w2))),
        ("critic says", |line, _| Some(format!("{:.4}", line.critic_value))),
        ("modes", |line, _| Some(format!("{}/{}", line.modes_captured?, line.modes?))),
        ("classes", |line, run| Some(format!("{}/{}", line.classes_found?, run.classes.len()))),
        ("class asked for", |line, _| line.label_accuracy.map(format::percent)),
        ("to training / held out", |line, _| Some(format!("{:.3}", line.to_training? / line.held_out_to_training?))),
        ("JS-1 / real", |line, run| Some(format!("{:.2}", line.js?[0] / run.floor_js?[0]))),
        ("JS-2 / real", |line, run| Some(format!("{:.2}", line.js?[1] / run.floor_js?[1]))),
        ("real lines", |line, _| line.real_lines.map(format::percent)),
    ];
    let shown: Vec<&Column> =
        columns.iter().filter(|(_, of)| lines.iter().any(|line| of(line, run).is_some())).collect();
    page.push_str("<table><tr>");
    shown.iter().for_each(|(name, _)| {
        let _ = write!(page, "<th>{name}</th>");
    });
    page.push_str("</tr>\n");
    for line in lines {
        page.push_str("<tr>");
        shown.iter().for_each(|(_, of)| {
            let _ = write!(page, "<td>{}</td>", of(line, run).unwrap_or_else(|| "-".into()));
        });
        page.push_str("</tr>\n");
    }
    page.push_str("</table>\n");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Bytes as letters (RFC 4648).
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let whole = three.iter().fold(0_u32, |all, &byte| all << 8 | u32::from(byte)) << (8 * (3 - three.len()));
        for k in 0..4 {
            text.push(if k <= three.len() { char::from(LETTERS[(whole >> (18 - 6 * k) & 63) as usize]) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_those_of_the_rfc() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
        assert_eq!(escaped("a<b> & \"c\""), "a&lt;b&gt; &amp; &quot;c&quot;");
    }
}
