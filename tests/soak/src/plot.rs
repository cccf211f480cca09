//! The plot: panels below each other with one axis of time, as SVG.

use std::fmt::Write;

const WIDTH: f64 = 860.0;
const LEFT: f64 = 80.0;
const PLOT: f64 = 740.0;
const HEIGHT: f64 = 150.0;
const STEP: f64 = 215.0;
const COLOURS: [&str; 3] = ["#1f6fb4", "#d1632a", "#5a8f29"];

/// A line of a panel: its name and its points, by seconds.
pub type Series = (&'static str, Vec<(f64, f64)>);

/// One panel.
pub struct Panel {
    /// What it shows, with the unit.
    pub title: &'static str,
    /// Its lines.
    pub series: Vec<Series>,
}

/// The whole picture, with a heading.
pub fn svg(heading: &str, panels: &[Panel]) -> String {
    let height = 60.0 + STEP * panels.len() as f64;
    let mut out = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height}' \
         width='{WIDTH}' height='{height}' font-family='sans-serif' font-size='12'>\n\
         <rect width='100%' height='100%' fill='white'/>\n\
         <text x='{LEFT}' y='28' font-size='15' font-weight='bold'>{heading}</text>\n"
    );
    let end = panels.iter().flat_map(points).map(|point| point.0).fold(1.0, f64::max);
    for (number, panel) in panels.iter().enumerate() {
        draw(&mut out, panel, 75.0 + STEP * number as f64, end);
    }
    out.push_str("</svg>\n");
    out
}

fn points(panel: &Panel) -> impl Iterator<Item = &(f64, f64)> {
    panel.series.iter().flat_map(|(_, points)| points)
}

fn draw(out: &mut String, panel: &Panel, top: f64, end: f64) {
    let bottom = top + HEIGHT;
    let highest = points(panel).map(|point| point.1).fold(0.001, f64::max);
    let step = round_step(highest / 5.0);
    let lines = (highest / step).ceil() as u32;
    let most = step * f64::from(lines);
    // Writing to a string cannot fail.
    let _ = writeln!(out, "<text x='{LEFT}' y='{}'>{}</text>", top - 10.0, panel.title);
    for line in 0..=lines {
        let value = step * f64::from(line);
        let y = bottom - HEIGHT * value / most;
        let _ = writeln!(
            out,
            "<path d='M{LEFT} {y:.1}h{PLOT}' stroke='#ddd'/>\
             <text x='{}' y='{:.1}' text-anchor='end' fill='#555'>{}</text>",
            LEFT - 8.0,
            y + 4.0,
            number(value)
        );
    }
    let seconds = round_step(end / 6.0);
    for tick in 0..=6 {
        let second = seconds * f64::from(tick);
        if second <= end {
            let x = LEFT + PLOT * second / end;
            let _ = writeln!(
                out,
                "<text x='{x:.1}' y='{}' text-anchor='middle' fill='#555'>{} s</text>",
                bottom + 18.0,
                number(second)
            );
        }
    }
    for (nth, (name, points)) in panel.series.iter().enumerate() {
        let place = |(second, value): &(f64, f64)| {
            let (x, y) = (LEFT + PLOT * second / end, bottom - HEIGHT * value / most);
            format!("{x:.1},{y:.1}")
        };
        let line: Vec<_> = points.iter().map(place).collect();
        let _ = writeln!(
            out,
            "<polyline points='{}' fill='none' stroke='{colour}' stroke-width='1.5'/>\
             <text x='{}' y='{}' text-anchor='end' fill='{colour}'>{name}</text>",
            line.join(" "),
            LEFT + PLOT - 130.0 * nth as f64,
            top - 10.0,
            colour = COLOURS[nth % COLOURS.len()],
        );
    }
}

/// 1, 2 or 5 times a power of ten, and not below `least`.
fn round_step(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .map(|factor| factor * power)
        .into_iter()
        .find(|s| *s >= least * 0.9999)
        .unwrap_or(least)
}

/// With its digits in groups of three.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (nth, digit) in digits.chars().enumerate() {
        if nth > 0 && (digits.len() - nth).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn number(value: f64) -> String {
    if value >= 10_000.0 {
        format!("{:.0}k", value / 1000.0)
    } else if value.fract() == 0.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.2}").trim_end_matches('0').to_owned()
    }
}
