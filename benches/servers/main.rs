//! Echoes a second through real servers: users of Prosody and ejabberd write to the daemon, and in the
//! same run to components on slixmpp and @xmpp/component. Shows who is the limit, and what an echo
//! costs each process. `benches/servers/run` prepares all that this needs, and runs it.

#[path = "../../tests/support/real/mod.rs"]
mod real;

mod component;
mod cost;
mod load;
mod table;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use component::{COMPONENTS, Component};
use cost::{Cost, Machine};
use load::Load;
use real::{Kind, Server, User};
use table::{Row, Table};

const SERVERS: [Kind; 2] = [Kind::Prosody, Kind::Ejabberd];

/// Whose messages are sent: the first of them, or both.
const USERS: [&str; 2] = ["alice", "bob"];

struct Options {
    /// Where the other components are.
    peers: PathBuf,
    out: PathBuf,
    rounds: usize,
    warm_up: Duration,
    length: Duration,
}

fn main() -> Result<(), String> {
    let options = options(std::env::args().skip(1))?;
    let load_before = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let mut table = Table::default();
    for round in 1..=options.rounds {
        for kind in SERVERS {
            let server = Server::start(kind);
            let mut users = USERS.map(|name| User::login(&server, name).into_stream());
            users.iter().try_for_each(load::prepare)?;
            // Each comes first in turn, since a server that has run for a while may be faster.
            let mut turns = COMPONENTS;
            turns.rotate_left(round % COMPONENTS.len());
            for which in turns {
                let component = Component::start(which, &options.peers, server.component_port());
                load::wait_for_echo(&mut users[0])?;
                for count in 1..=users.len() {
                    let row = run(&options, &server, &component, &mut users[..count])?;
                    println!("round {round}: {} {row}", kind.name());
                    table.add((kind.name(), count, which.title()), row);
                }
            }
        }
    }
    let report = table.report(options.rounds, &load_before, &options.peers);
    std::fs::write(&options.out, &report)
        .map_err(|error| format!("{} cannot be written: {error}", options.out.display()))?;
    println!("\n{report}");
    Ok(())
}

/// One component under the load of these users.
fn run(
    options: &Options,
    server: &Server,
    component: &Component,
    users: &mut [std::net::TcpStream],
) -> Result<Row, String> {
    let load = Load::default();
    let processes = [vec![component.id()], server.ids(), vec![std::process::id()]];
    std::thread::scope(|scope| {
        let talks: Vec<_> = users.iter_mut().map(|user| scope.spawn(|| load.talk(user))).collect();
        let measured = measure(options, &load, &processes);
        // Before anything is given up: the scope waits for the users, who would go on for ever.
        load.stop();
        for talk in talks {
            talk.join().map_err(|_| "a user's thread panicked")??;
        }
        let mut row = measured?;
        row.all = load.echoes();
        Ok(row)
    })
}

/// What is echoed, and what these processes use for it, once all is warm.
fn measure(options: &Options, load: &Load, processes: &[Vec<u32>; 3]) -> Result<Row, String> {
    let costs = || -> Result<[Cost; 3], String> {
        let [component, server, users] = processes;
        Ok([Cost::of(component)?, Cost::of(server)?, Cost::of(users)?])
    };
    std::thread::sleep(options.warm_up);
    let (start, machine) = (Instant::now(), Machine::now()?);
    let (echoes, before) = (load.echoes(), costs()?);
    std::thread::sleep(options.length);
    // By the clock, since a sleep on a busy machine is longer than asked for.
    let (length, echoes, after) = (start.elapsed(), load.echoes() - echoes, costs()?);
    let used = [0, 1, 2].map(|which| after[which].since(&before[which]));
    Ok(Row::new(echoes, length, used, Machine::now()?.busy_since(&machine)))
}

fn options(arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let (mut peers, mut out, mut quick) = (None, None, false);
    // Cargo adds `--bench`.
    let mut arguments = arguments.filter(|argument| argument != "--bench");
    while let Some(option) = arguments.next() {
        match &*option {
            "--peers" => peers = arguments.next().map(PathBuf::from),
            "--out" => out = arguments.next().map(PathBuf::from),
            "--quick" => quick = true,
            _ => return Err(format!("{option} is no option: see benches/servers/run --help")),
        }
    }
    let (rounds, warm_up, length) = if quick { (1, 500, 1_000) } else { (9, 1_000, 2_500) };
    let [warm_up, length] = [warm_up, length].map(Duration::from_millis);
    let missing = "is missing: benches/servers/run gives it";
    Ok(Options {
        peers: peers.ok_or(format!("--peers {missing}"))?,
        out: out.ok_or(format!("--out {missing}"))?,
        rounds,
        warm_up,
        length,
    })
}
