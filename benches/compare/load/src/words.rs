//! Figures as people read them.

use crate::stats::Spread;

/// Three digits that count, the rest noughts, with commas: `1,230,000`, `4.56`.
pub fn figure(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let digits = 2.0 - value.abs().log10().floor();
    if digits > 0.0 {
        // What is below a thousandth does not occur, but must not look like nothing.
        return format!(
            "{value:.*}",
            if digits > 4.0 {
                5
            } else if digits > 1.0 {
                2
            } else {
                1
            }
        );
    }
    let unit = 10_f64.powf(-digits);
    commas(&format!("{:.0}", (value / unit).round() * unit))
}

/// A whole number, with commas between the thousands.
pub fn commas(digits: &str) -> String {
    let mut text = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A figure with a unit's prefix: `1.2 M`, `45 k`.
pub fn short(value: f64) -> String {
    match value {
        v if v >= 1e6 => format!("{} M", figure(v / 1e6)),
        v if v >= 1e3 => format!("{} k", figure(v / 1e3)),
        v => figure(v),
    }
}

/// The value at an axis' mark: `1 M`, `50`, `0.1`.
pub fn round(value: f64) -> String {
    match value {
        v if v >= 1e6 => format!("{} M", v / 1e6),
        v if v >= 1e3 => format!("{} k", v / 1e3),
        // Steps are reckoned, so they may be a hair off.
        v => format!("{}", (v * 1e6).round() / 1e6),
    }
}

/// Nanoseconds in the unit that suits them.
pub fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        ns if ns >= 1e9 => format!("{} s", figure(ns / 1e9)),
        ns if ns >= 1e6 => format!("{} ms", figure(ns / 1e6)),
        ns if ns >= 1e3 => format!("{} µs", figure(ns / 1e3)),
        ns => format!("{} ns", figure(ns)),
    }
}

pub fn memory(kib: f64) -> String {
    format!("{} MiB", figure(kib / 1024.0))
}

/// The median, and the smallest and largest behind it, if they look any different.
pub fn spread(spread: Spread, word: impl Fn(f64) -> String) -> String {
    if word(spread.min) == word(spread.max) {
        return word(spread.median);
    }
    format!("{} ({}–{})", word(spread.median), word(spread.min), word(spread.max))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_digits_that_count() {
        assert_eq!(figure(1_234_567.0), "1,230,000");
        assert_eq!(figure(98_765.0), "98,800");
        assert_eq!(figure(456.7), "457");
        assert_eq!(figure(45.67), "45.7");
        assert_eq!(figure(4.567), "4.57");
        assert_eq!(figure(0.361), "0.36");
    }

    #[test]
    fn times_have_the_unit_that_suits_them() {
        assert_eq!(time(127.0), "127 ns");
        assert_eq!(time(20_140.0), "20.1 µs");
        assert_eq!(time(2_700_000_000.0), "2.70 s");
    }
}
