//! What came out, as a table of medians in Markdown.

use std::fmt;
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use crate::load::WINDOW;
use crate::real::Kind;

/// One run. Times are processor time.
#[derive(Clone, Copy)]
pub struct Row {
    /// Messages that were sent and came back, those before and after the measuring too.
    pub all: u64,
    /// Echoes a second.
    speed: f64,
    /// What an echo cost each, in microseconds.
    component: f64,
    server: f64,
    /// How much of one core each had, in per cent.
    busy: Busy,
    /// And all that had nothing to do with this.
    others: f64,
}

/// Component, server, and users.
type Busy = [f64; 3];

impl Row {
    /// So many echoes in so long, what component, server and users used for them, and how much of all
    /// cores together was in use.
    pub fn new(echoes: u64, length: Duration, used: [Duration; 3], machine: f64) -> Self {
        #[allow(clippy::cast_precision_loss)] // Far below 2^52.
        let (count, cores) = (echoes.max(1) as f64, cores() as f64);
        let [component, server, _] = used.map(|time| time.as_secs_f64() * 1e6 / count);
        let busy = used.map(|time| 100.0 * time.as_secs_f64() / length.as_secs_f64());
        // The kernel's ticks are coarse, so that this may come out as a little less than nothing.
        let others = (100.0 * machine * cores - busy.iter().sum::<f64>()).max(0.0);
        Self { all: echoes, speed: count / length.as_secs_f64(), component, server, busy, others }
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
    pub fn report(&self, rounds: usize, load_before: &str, peers: &Path) -> String {
        let cores = cores();
        let all: u64 = self.0.iter().flat_map(|(_, rows)| rows).map(|row| row.all).sum();
        let load_before = load_before.split(' ').next().unwrap_or_default();
        let mut text = format!(
            "# Through real servers\n\n\
             Made by `benches/servers/run`. Users who are logged in have {WINDOW} messages each on their \
             way to the component at all times, 80 bytes of text in each, and see that every one comes \
             back right and in order, from whom it was for and with its id: the first that does not \
             ends the run without a table. {all} were sent, {all} came back, none was lost.\n\n\
             The servers limit no rate and the daemon's flood guard is off. Users, server and component \
             share the machine's {cores} cores with whatever else it does, so compare rows, and do not \
             take the seconds for the servers' best. Figures are medians, with the smallest and the \
             largest speed in brackets; rounds: {rounds}, all in turns; load average before the first: \
             {load_before}. \"Busy\" is in per cent of one core; others is all else that ran. Nearest \
             its limit is who is busiest for what it can use: Prosody, a component and each user one \
             core, ejabberd all.\n\n\
             | server | users | component | echoes a second | an echo costs the component | the server \
             | share of the component | component busy | server busy | users busy | others busy \
             | nearest its limit |\n\
             |---|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|---|\n"
        );
        let mut sorted: Vec<_> = self.0.iter().collect();
        sorted.sort_by_key(|(of, _)| *of);
        for ((server, users, component), rows) in sorted {
            let all = |of: &dyn Fn(&Row) -> f64| sorted_values(rows.iter().map(of).collect());
            let middle = |of: &dyn Fn(&Row) -> f64| median(&all(of));
            let speeds = all(&|row| row.speed);
            let busy = [0, 1, 2].map(|which| middle(&|row| row.busy[which]));
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "| {server} | {users} | {component} | {:.0} ({:.0}–{:.0}) | {:.1} µs | {:.1} µs \
                 | {:.1} % | {:.0} % | {:.0} % | {:.0} % | {:.0} % | {} |",
                median(&speeds),
                speeds[0],
                speeds[speeds.len() - 1],
                middle(&|row| row.component),
                middle(&|row| row.server),
                middle(&Row::share),
                busy[0],
                busy[1],
                busy[2],
                middle(&|row| row.others),
                nearest_its_limit(server, *users, busy),
            );
        }
        let versions = std::fs::read_to_string(peers.join("versions")).unwrap_or_default();
        let versions: Vec<_> = versions.lines().map(|line| format!("- {line}\n")).collect();
        text + "\n" + &versions.concat()
    }
}

/// Who uses most of what it can.
#[allow(clippy::cast_precision_loss)] // Few users, few cores.
fn nearest_its_limit(server: &str, users: usize, busy: Busy) -> &'static str {
    let of_server = if server == Kind::Prosody.name() { 1.0 } else { cores() as f64 };
    let limits = [1.0, of_server, users as f64];
    let used = [0, 1, 2].map(|which| busy[which] / limits[which]);
    let names = ["component", "server", "users"];
    let most = names.into_iter().zip(used).max_by(|(_, one), (_, other)| one.total_cmp(other));
    most.map_or("", |(name, _)| name)
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn sorted_values(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values
}

fn median(sorted: &[f64]) -> f64 {
    sorted[sorted.len() / 2]
}
