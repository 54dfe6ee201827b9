//! Numbers as people read them.

use std::time::Duration;

/// 218,431
pub fn count(n: u64) -> String {
    grouped(&n.to_string())
}

/// `n` things: "1 point", "2 points".
pub fn counted(n: usize, thing: &str) -> String {
    format!("{} {thing}{}", count(n as u64), if n == 1 { "" } else { "s" })
}

/// Commas between groups of three digits.
fn grouped(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number to `digits` significant digits: 1,375.4139, or 1.3754e-9 where zeros would be in the way.
pub fn number(value: f64, digits: usize) -> String {
    if value == 0.0 {
        return "0".into();
    }
    if !value.is_finite() {
        return value.to_string();
    }
    match decimals(value, digits) {
        Some(decimals) => with_commas(&format!("{value:.decimals$}")),
        None => format!("{value:.*e}", digits - 1),
    }
}

/// The same without zeros at the end: 3,400 and not 3,400.00.
pub fn short(value: f64, digits: usize) -> String {
    trim(&number(value, digits))
}

/// Numbers of one kind with the same decimals: as many as show `digits` significant digits of the largest.
pub fn alike(values: &[f64], digits: usize) -> Vec<String> {
    let largest = values.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
    let text = |&value: &f64| match decimals(largest, digits) {
        Some(decimals) => with_commas(&format!("{value:.decimals$}")),
        None => number(value, digits),
    };
    values.iter().map(text).collect()
}

/// A lower bound: rounded down, so that what is printed is one too.
pub fn down(value: f64, digits: usize) -> String {
    outward(value, digits, -1.0)
}

/// An upper bound: rounded up.
pub fn up(value: f64, digits: usize) -> String {
    outward(value, digits, 1.0)
}

fn outward(value: f64, digits: usize, sign: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return number(value, digits);
    }
    let decimals = decimals(value, digits);
    let unit = 10_f64.powi(decimals.map_or(exponent(value) - digits as i32 + 1, |decimals| -(decimals as i32)));
    let text = |v: f64| match decimals {
        Some(decimals) => format!("{v:.decimals$}"),
        None => format!("{v:.*e}", digits - 1),
    };
    let nearest = text(value);
    let printed: f64 = nearest.parse().unwrap_or(value);
    let rounded = if (printed - value) * sign < 0.0 { text(value + sign * unit) } else { nearest };
    with_commas(&rounded)
}

/// The power of ten of the first digit.
fn exponent(value: f64) -> i32 {
    if value == 0.0 { 0 } else { value.abs().log10().floor() as i32 }
}

/// How many decimals show `digits` significant digits; none where scientific notation is shorter.
fn decimals(value: f64, digits: usize) -> Option<usize> {
    let exponent = exponent(value);
    (-4..=12).contains(&exponent).then(|| usize::try_from(digits as i32 - 1 - exponent).unwrap_or(0))
}

fn with_commas(text: &str) -> String {
    if text.contains('e') {
        return text.to_string();
    }
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, fraction) = digits.split_once('.').map_or((digits, ""), |(whole, fraction)| (whole, fraction));
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{fraction}", grouped(whole))
}

fn trim(text: &str) -> String {
    if text.contains('e') || !text.contains('.') {
        return text.to_string();
    }
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

/// A relative gap: 0, 2e-16, 3.1e-4, 12 %.
pub fn gap(gap: f64) -> String {
    match gap {
        0.0 => "0".into(),
        _ if gap >= 0.1 => percent(gap),
        _ => format!("{gap:.1e}"),
    }
}

/// 99.9 %, 12 %, < 0.1 %; never 100 % or 0 % of what is only nearly so, but for the rounding of sums.
pub fn percent(share: f64) -> String {
    match share {
        0.0 => "0 %".into(),
        _ if (share - 1.0).abs() < 1e-12 => "100 %".into(),
        _ if share < 0.001 => "< 0.1 %".into(),
        _ if share > 0.999 && share < 1.0 => "> 99.9 %".into(),
        _ if (0.0995..0.985).contains(&share) => format!("{:.0} %", 100.0 * share),
        _ => format!("{:.1} %", 100.0 * share),
    }
}

/// 850 µs, 1.2 ms, 0.43 s, 12 s, 3 min 20 s
pub fn time(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        _ if seconds < 1e-3 => format!("{:.0} µs", seconds * 1e6),
        _ if seconds < 0.1 => format!("{} ms", number(seconds * 1e3, 2)),
        _ if seconds < 10.0 => format!("{seconds:.2} s"),
        _ if seconds < 120.0 => format!("{seconds:.0} s"),
        _ => format!("{} min {} s", time.as_secs() / 60, time.as_secs() % 60),
    }
}

/// 840 B, 12 kB, 3.4 MB, 10 GB
pub fn bytes(bytes: u64) -> String {
    let size = bytes as f64;
    let (scaled, unit) = match size {
        _ if size < 1e3 => return format!("{bytes} B"),
        _ if size < 1e6 => (size / 1e3, "kB"),
        _ if size < 1e9 => (size / 1e6, "MB"),
        _ => (size / 1e9, "GB"),
    };
    if scaled < 10.0 { format!("{scaled:.1} {unit}") } else { format!("{} {unit}", count(scaled.round() as u64)) }
}

/// A list in a sentence, cut in the middle where it is long: a, b, c ... z.
pub fn list<S: AsRef<str>>(items: &[S], most: usize) -> String {
    let join = |items: &[S]| items.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
    if items.len() <= most {
        return join(items);
    }
    format!("{} ... {}", join(&items[..most - 1]), items[items.len() - 1].as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(count(218_431), "218,431");
        assert_eq!(number(1_375.413_94, 8), "1,375.4139");
        assert_eq!(number(-0.012_345_6, 4), "-0.01235");
        assert_eq!((number(0.0, 4), up(-0.0, 4)), ("0".into(), "0".into()));
        assert_eq!(number(1.234e-9, 4), "1.234e-9");
        assert_eq!(short(3400.0, 4), "3,400");
        assert_eq!(short(-0.5, 4), "-0.5");
        assert_eq!(short(1.0e-20, 4), "1.000e-20");
        assert_eq!(alike(&[195.5, 223.0], 4), ["195.5", "223.0"]);
        assert_eq!(alike(&[0.001, 12_345.0], 4), ["0", "12,345"]);
    }

    #[test]
    fn printed_bounds_are_bounds() {
        assert_eq!((down(1.23456, 4), up(1.23456, 4)), ("1.234".into(), "1.235".into()));
        assert_eq!((down(1.5, 4), up(1.5, 4)), ("1.500".into(), "1.500".into()));
        assert_eq!((down(-1.23456, 4), up(-1.23456, 4)), ("-1.235".into(), "-1.234".into()));
        assert_eq!((down(99_999.9, 4), up(99_999.9, 4)), ("99,999".into(), "100,000".into()));
        assert_eq!((down(0.3, 10), up(0.3, 10)), ("0.3000000000".into(), "0.3000000000".into()));
        assert_eq!(down(1.23456e-9, 3), "1.23e-9");
    }

    #[test]
    fn shares_times_and_sizes_read_well() {
        let shares = [0.0, 0.000_2, 0.05, 0.123, 0.97, 0.991, 0.999_7, 1.0].map(percent);
        assert_eq!(shares, ["0 %", "< 0.1 %", "5.0 %", "12 %", "97 %", "99.1 %", "> 99.9 %", "100 %"]);
        let times = [850e-6, 1.2e-3, 0.43, 12.3, 200.0].map(|s| time(Duration::from_secs_f64(s)));
        assert_eq!(times, ["850 µs", "1.2 ms", "0.43 s", "12 s", "3 min 20 s"]);
        assert_eq!([840, 12_300, 3_400_000, 10_400_000_000].map(bytes), ["840 B", "12 kB", "3.4 MB", "10 GB"]);
        assert_eq!((gap(0.0), gap(2.2e-16), gap(0.25)), ("0".into(), "2.2e-16".into(), "25 %".into()));
    }

    #[test]
    fn long_lists_are_cut() {
        assert_eq!(list(&["a", "b", "c"], 3), "a, b, c");
        assert_eq!(list(&["a", "b", "c", "d", "e"], 3), "a, b ... e");
    }
}
