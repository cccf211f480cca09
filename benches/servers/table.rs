//! What came out, as a table of medians in Markdown.

use std::fmt;
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use crate::load::WINDOW;

/// One run. Times are processor time.
#[derive(Clone, Copy)]
pub struct Row {
    /// Echoes a second.
    pub speed: f64,
    /// What an echo cost each, in microseconds.
    pub component: f64,
    pub server: f64,
    /// How much of one core each had, in per cent.
    pub busy: [f64; 3],
}

impl Row {
    /// So many echoes in so long, and what they cost the component, the server and the users.
    pub fn new(
        echoes: u64,
        length: Duration,
        component: Duration,
        server: Duration,
        users: Duration,
    ) -> Self {
        #[allow(clippy::cast_precision_loss)] // Far below 2^52.
        let echoes = echoes.max(1) as f64;
        let each = |time: Duration| time.as_secs_f64() * 1e6 / echoes;
        let busy = [component, server, users]
            .map(|time| 100.0 * time.as_secs_f64() / length.as_secs_f64());
        let speed = echoes / length.as_secs_f64();
        Self { speed, component: each(component), server: each(server), busy }
    }

    /// The component's share of what the two cost together, in per cent.
    fn share(&self) -> f64 {
        100.0 * self.component / (self.component + self.server)
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let (speed, share) = (self.speed, self.share());
        write!(f, "{speed:.0} echoes a second, {share:.1} % of the processor time its own")
    }
}

/// Server, number of users, and component.
type Of = (&'static str, usize, &'static str);

/// All runs.
#[derive(Default)]
pub struct Table(Vec<(Of, Vec<Row>)>);

impl Table {
    /// Adds a run.
    pub fn add(&mut self, of: Of, row: Row) {
        match self.0.iter_mut().find(|(known, _)| *known == of) {
            Some((_, rows)) => rows.push(row),
            None => self.0.push((of, vec![row])),
        }
    }

    /// The whole report; `peers` is the folder with the file `versions`.
    pub fn report(&self, peers: &Path) -> String {
        let mut text = format!(
            "# Through real servers\n\n\
             Users who are logged in have {WINDOW} messages each on their way to the component at all \
             times, 80 bytes of text in each, and see that every one comes back right and in order: none \
             was lost. The servers limit no rate, the daemon's flood guard is off. Users, server and \
             component share the machine's cores, so the ratios count, not the seconds. Medians of \
             several rounds in turns; \"busy\" is in per cent of one core. Made by \
             `benches/servers/run`.\n\n\
             | server | users | component | echoes a second | an echo costs the component | the server \
             | share of the component | component busy | server busy | users busy |\n\
             |---|--:|---|--:|--:|--:|--:|--:|--:|--:|\n"
        );
        let mut sorted: Vec<_> = self.0.iter().collect();
        sorted.sort_by_key(|(of, _)| *of);
        for ((server, users, component), rows) in sorted {
            let middle = |of: &dyn Fn(&Row) -> f64| median(rows.iter().map(of).collect());
            let [component_busy, server_busy, users_busy] =
                [0, 1, 2].map(|which| middle(&|row| row.busy[which]));
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "| {server} | {users} | {component} | {:.0} | {:.1} µs | {:.1} µs | {:.1} % \
                 | {component_busy:.0} % | {server_busy:.0} % | {users_busy:.0} % |",
                middle(&|row| row.speed),
                middle(&|row| row.component),
                middle(&|row| row.server),
                middle(&Row::share),
            );
        }
        let versions = std::fs::read_to_string(peers.join("versions")).unwrap_or_default();
        let versions: Vec<_> = versions.lines().map(|line| format!("- {line}\n")).collect();
        text + "\n" + &versions.concat()
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
