//! One run: a peer is started, logs in, is loaded, and is ended.

use std::fs;
use std::io::{self, ErrorKind};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use echo_compare::login;

use crate::check::Checker;
use crate::load::{Failure, Load, PATIENCE};
use crate::messages::{COMPONENT, Ring};
use crate::peers::Peer;
use crate::process::{Process, pin_generator};
use crate::stats::{as_f64, percentile};

const SECRET: &str = "compare";

/// How long the parts of a run take.
#[derive(Clone, Copy)]
pub struct Pace {
    pub warm_up: Duration,
    pub load: Duration,
    /// For the messages sent one at a time; none are sent if this is zero.
    pub single: Duration,
}

/// What one run has shown.
#[derive(Clone)]
pub struct Sample {
    /// From the start of the process until its login was accepted.
    pub online: Duration,
    /// Nanoseconds for each message.
    pub cpu: f64,
    pub wall: f64,
    pub p50: Duration,
    pub p99: Duration,
    pub slowest: Duration,
    pub peak_kib: u64,
    /// Bytes that came back for each byte sent.
    pub returned: f64,
}

/// Where the peers are and which cores there are.
pub struct Bench {
    pub peers: PathBuf,
    pub logs: PathBuf,
    pub core_count: usize,
    /// The load average of the minute before, which tells how much else the machine had to do.
    pub load_before: String,
    /// All cores, the generator's, and the peer's, if the two can be kept apart.
    pub cores: Option<[String; 3]>,
}

/// What a peer is to do in a run.
pub struct Task<'a> {
    pub peer: &'a Peer,
    pub ring: &'a Ring,
    pub window: u64,
    pub pace: Pace,
}

impl Bench {
    /// Finds out which cores can be used, and makes the folder for what the peers say.
    pub fn new(peers: PathBuf) -> io::Result<Self> {
        let logs = peers.join("logs");
        fs::create_dir_all(&logs)?;
        // Counted now, since the generator will see but its own.
        let core_count = thread::available_parallelism()?.get();
        let load = fs::read_to_string("/proc/loadavg")?;
        let load_before = load.split(' ').next().unwrap_or_default().to_owned();
        let status = fs::read_to_string("/proc/self/status")?;
        let allowed = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
        let all = allowed.unwrap_or_default().trim().to_owned();
        let first = all.split([',', '-']).next().unwrap_or_default().to_owned();
        let last = all.rsplit([',', '-']).next().unwrap_or_default().to_owned();
        let apart = first != last && pin_generator(&all);
        Ok(Self {
            peers,
            logs,
            core_count,
            load_before,
            cores: apart.then_some([all, first, last]),
        })
    }

    /// Runs one task; the error is a phrase for the report.
    pub fn run(&self, task: &Task) -> Result<Sample, String> {
        let (mut process, stream, online) =
            self.start(task).map_err(|error| format!("did not log in: {error}"))?;
        drive(task, &process, &stream, online).map_err(|trouble| match trouble {
            Trouble::Io(error) => format!("could not be measured: {error}"),
            Trouble::Load(Failure::Wrong(wrong)) => wrong.to_string(),
            Trouble::Load(Failure::Hung) => format!("hung, no echo for {PATIENCE:?}"),
            Trouble::Load(Failure::Closed) => match process.ending() {
                Some(how) => format!("died: {how}"),
                None => "closed the connection".to_owned(),
            },
        })
    }

    fn start(&self, task: &Task) -> io::Result<(Process, TcpStream, Duration)> {
        if let Some([all, ..]) = &self.cores {
            // A process takes over the cores of the one that starts it.
            pin_generator(all);
        }
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let name = task.peer.name;
        let arguments = task.peer.arguments(port, COMPONENT, SECRET);
        let start = Instant::now();
        let program = self.peers.join(name);
        let mut process = Process::start(&program, &arguments, SECRET, self.logs.join(name))?;
        let mut stream = accept(&listener, &mut process)?;
        login::accept(&mut stream, COMPONENT, SECRET)?;
        let online = start.elapsed();
        if let Some([_, generator, peer]) = &self.cores {
            process.pin(peer);
            pin_generator(generator);
        }
        Ok((process, stream, online))
    }
}

/// Waits for a connection, but not for ever, and not from a process that is gone.
fn accept(listener: &TcpListener, process: &mut Process) -> io::Result<TcpStream> {
    listener.set_nonblocking(true)?;
    let end = Instant::now() + Duration::from_secs(10);
    while Instant::now() < end {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false)?;
                return Ok(stream);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                if let Some(how) = process.ended() {
                    return Err(io::Error::other(how));
                }
                sleep(Duration::from_micros(100));
            }
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(ErrorKind::TimedOut, "no connection within 10 s"))
}

enum Trouble {
    Io(io::Error),
    Load(Failure),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Load(failure)
    }
}

/// The part with a peer that is online.
fn drive(
    task: &Task,
    process: &Process,
    stream: &TcpStream,
    online: Duration,
) -> Result<Sample, Trouble> {
    const MOST_SINGLE: usize = 10_000;
    let Pace { warm_up, load: length, single } = task.pace;
    let mut load = Load::new(stream, task.ring, Checker::new(task.ring, task.peer.addresses))?;
    let each = warm(&mut load, task, warm_up)?;
    let whole_ring = if each > warm_up { 1 } else { task.ring.len() };
    let count = messages_in(length, each).max(whole_ring);
    let before = process.cpu()?;
    let wall = load.many(count, task.window, 20 * length + Duration::from_secs(10))?;
    let cpu = process.cpu()?.saturating_sub(before);
    let mut times = load.single(MOST_SINGLE, single)?;
    times.sort();
    Ok(Sample {
        online,
        cpu: nanoseconds(cpu) / as_f64(count),
        wall: nanoseconds(wall) / as_f64(count),
        p50: percentile(&times, 50).unwrap_or_default(),
        p99: percentile(&times, 99).unwrap_or_default(),
        slowest: times.last().copied().unwrap_or_default(),
        peak_kib: process.peak_memory()?,
        returned: load.returned(),
    })
}

/// Sends until caches are warm and compilers done, and tells how long a message then takes.
fn warm(load: &mut Load, task: &Task, length: Duration) -> Result<Duration, Failure> {
    const LIMIT: Duration = Duration::from_secs(60);
    let start = Instant::now();
    // A peer that dies of one message of this kind, or takes seconds for it, is not worth a flood.
    let first = load.many(1, 1, LIMIT)?;
    if first > length {
        return Ok(first);
    }
    let mut count = task.window;
    loop {
        let wall = load.many(count, task.window, LIMIT)?;
        let whole_ring = load.checker.count >= task.ring.len();
        if whole_ring && start.elapsed() >= length {
            return Ok(wall.div_f64(as_f64(count)));
        }
        count *= 2;
    }
}

/// How many messages fill the time at this speed.
fn messages_in(length: Duration, each: Duration) -> u64 {
    u64::try_from(length.as_nanos() / each.as_nanos().max(1)).unwrap_or(u64::MAX)
}

fn nanoseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e9
}
