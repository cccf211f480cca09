//! The two plots of the report.

use crate::compare::{Cell, Results};
use crate::growth::Series;
use crate::messages::KINDS;
use crate::peers::{OURS, PEERS};
use crate::stats::{Spread, as_f64};
use crate::svg::{Axis, BLUE, GREY, INK, PALE, Svg};
use crate::words::{round, short};

/// Where a panel lies on the picture: left, top, right, bottom of what its axes span.
struct Panel(f64, f64, f64, f64);

/// Messages per CPU-second, one panel for each kind, one row for each peer.
pub fn compare(results: &Results) -> String {
    let title = "Messages echoed per second of CPU time";
    let mut svg = Svg::new(960, 640, title);
    svg.words((24.0, 34.0), "start", 18, INK, title);
    let note = "logarithmic; the line is the range of all rounds; hollow: bounds, not echoes";
    svg.words((24.0, 54.0), "start", 12, GREY, note);
    for (k, (kind, row)) in KINDS.iter().zip(results).enumerate() {
        let (left, top) =
            (if k % 2 == 0 { 180.0 } else { 650.0 }, if k < 2 { 96.0 } else { 376.0 });
        let panel = Panel(left, top, left + 240.0, top + 216.0);
        svg.words((left - 10.0, top - 10.0), "end", 13, INK, kind.name);
        svg.words((left, top - 10.0), "start", 12, GREY, kind.what);
        kind_panel(&mut svg, &panel, row);
    }
    svg.finish()
}

fn kind_panel(svg: &mut Svg, panel: &Panel, row: &[Cell]) {
    let Panel(left, top, right, bottom) = *panel;
    let speeds: Vec<Option<Spread>> = row
        .iter()
        .map(|cell| Spread::of(cell.samples.iter().map(|sample| 1e9 / sample.cpu)))
        .collect();
    let all = || speeds.iter().flatten();
    let low = all().map(|speed| speed.min).fold(f64::INFINITY, f64::min);
    let high = all().map(|speed| speed.max).fold(0.0, f64::max);
    if high <= 0.0 {
        return;
    }
    let values = (10_f64.powf(low.log10().floor()), 10_f64.powf(high.log10().ceil()));
    let axis = Axis { log: true, values, places: (left, right) };
    for tick in axis.ticks() {
        let x = axis.at(tick);
        svg.line((x, top), (x, bottom), PALE, 1.0);
        svg.words((x, bottom + 16.0), "middle", 11, GREY, &round(tick));
    }
    let step = (bottom - top) / as_f64(PEERS.len() as u64);
    for (p, (peer, speed)) in PEERS.iter().zip(&speeds).enumerate() {
        let y = top + step * (as_f64(p as u64) + 0.5);
        let color = if p == OURS {
            BLUE
        } else if peer.bound {
            GREY
        } else {
            INK
        };
        let name =
            if p == OURS { peer.name } else { &peer.what.replace('`', "").replace("::", " ") };
        svg.words((left - 10.0, y + 4.0), "end", 12, color, name);
        if let Some(speed) = speed {
            let end = axis.at(speed.max);
            svg.line((axis.at(speed.min), y), (end, y), color, 2.0);
            svg.dot((axis.at(speed.median), y), color, !peer.bound);
            svg.words((end + 9.0, y + 4.0), "start", 11, color, &short(speed.median));
        } else if row[p].failure.is_some() {
            svg.words((left + 6.0, y + 4.0), "start", 11, color, "failed, see the table");
        }
    }
}

/// The daemon's CPU time as one thing grows, one panel for each.
pub fn growth(all: &[Series]) -> String {
    let title = "What an echo costs as messages and senders grow";
    let mut svg = Svg::new(960, 350, title);
    svg.words((24.0, 34.0), "start", 18, INK, title);
    let note = "echo-component; flat is linear in bytes and constant in senders; lines: the range of all rounds";
    svg.words((24.0, 54.0), "start", 12, GREY, note);
    for (n, series) in all.iter().enumerate() {
        let left = 60.0 + 315.0 * as_f64(n as u64);
        growth_panel(&mut svg, &Panel(left, 100.0, left + 240.0, 290.0), series);
    }
    svg.finish()
}

fn growth_panel(svg: &mut Svg, panel: &Panel, series: &Series) {
    let Panel(left, top, right, bottom) = *panel;
    let costs: Vec<(f64, Spread)> = series
        .points
        .iter()
        .filter_map(|point| {
            let of = if series.by_byte { point.bytes } else { 1.0 };
            Some((as_f64(point.x), Spread::of(point.cpu.iter().map(|cpu| cpu / of))?))
        })
        .collect();
    let (Some(first), Some(last)) = (costs.first(), costs.last()) else { return };
    let high = costs.iter().map(|(_, cost)| cost.max).fold(0.0, f64::max);
    let x =
        Axis { log: true, values: (first.0, last.0.max(10.0 * first.0)), places: (left, right) };
    let y = Axis { log: false, values: (0.0, 1.15 * high), places: (bottom, top) };
    let unit = if series.by_byte { "CPU time a byte, ns" } else { "CPU time a message, ns" };
    svg.words((left - 36.0, top - 14.0), "start", 12, INK, unit);
    svg.words((f64::midpoint(left, right), bottom + 38.0), "middle", 12, INK, series.grows);
    for tick in y.ticks() {
        svg.line((left, y.at(tick)), (right, y.at(tick)), PALE, 1.0);
        svg.words((left - 8.0, y.at(tick) + 4.0), "end", 11, GREY, &round(tick));
    }
    for tick in x.ticks() {
        svg.line((x.at(tick), bottom), (x.at(tick), bottom + 4.0), GREY, 1.0);
        svg.words((x.at(tick), bottom + 18.0), "middle", 11, GREY, &round(tick));
    }
    for pair in costs.windows(2) {
        let place = |(value, cost): &(f64, Spread)| (x.at(*value), y.at(cost.median));
        svg.line(place(&pair[0]), place(&pair[1]), BLUE, 1.5);
    }
    for (value, cost) in &costs {
        let x = x.at(*value);
        svg.line((x, y.at(cost.min)), (x, y.at(cost.max)), BLUE, 2.0);
        svg.dot((x, y.at(cost.median)), BLUE, true);
    }
}
