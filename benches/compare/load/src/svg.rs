//! A picture of lines, dots and words, and the axes they are placed by.

use std::fmt::Write;

pub const INK: &str = "#24292f";
pub const PALE: &str = "#d8dee4";
pub const GREY: &str = "#7d8590";
pub const BLUE: &str = "#0969da";

pub type Place = (f64, f64);

pub struct Svg(String);

impl Svg {
    pub fn new(width: u32, height: u32, title: &str) -> Self {
        Self(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" height=\"{height}\" font-family=\"sans-serif\">\n\
             <title>{}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n",
            escape(title)
        ))
    }

    pub fn line(&mut self, (x1, y1): Place, (x2, y2): Place, color: &str, width: f64) {
        self.put(&format!(
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" \
             stroke=\"{color}\" stroke-width=\"{width}\"/>"
        ));
    }

    pub fn dot(&mut self, (x, y): Place, color: &str, filled: bool) {
        let fill = if filled { color } else { "#ffffff" };
        self.put(&format!(
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4.5\" fill=\"{fill}\" stroke=\"{color}\" \
             stroke-width=\"1.5\"/>"
        ));
    }

    /// Words that start, end or have their middle at a place, as SVG's text-anchor says.
    pub fn words(&mut self, (x, y): Place, anchor: &str, size: u32, color: &str, words: &str) {
        self.put(&format!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" font-size=\"{size}\" \
             fill=\"{color}\">{}</text>",
            escape(words)
        ));
    }

    pub fn finish(mut self) -> String {
        self.put("</svg>");
        self.0
    }

    fn put(&mut self, element: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{element}");
    }
}

fn escape(words: &str) -> String {
    words.replace('&', "&amp;").replace('<', "&lt;")
}

/// An axis: which values lie where on the picture.
pub struct Axis {
    pub log: bool,
    pub values: (f64, f64),
    pub places: (f64, f64),
}

impl Axis {
    pub fn at(&self, value: f64) -> f64 {
        let scale = |v: f64| if self.log { v.log10() } else { v };
        let (low, high) = (scale(self.values.0), scale(self.values.1));
        let share = (scale(value) - low) / (high - low);
        self.places.0 + share * (self.places.1 - self.places.0)
    }

    /// Values to mark: the powers of ten, or about five round steps from nought.
    pub fn ticks(&self) -> Vec<f64> {
        let (low, high) = self.values;
        if self.log {
            let powers = (-3..=12).map(|power| 10_f64.powi(power));
            return powers.filter(|v| (low..=high * 1.001).contains(v)).collect();
        }
        let rough = high / 5.0;
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|n| n * power).into_iter().find(|step| *step >= rough);
        let step = step.unwrap_or(high);
        (0..=10).map(|n| f64::from(n) * step).filter(|v| *v <= high * 1.001).collect()
    }
}
