//! Real servers that are killed with SIGKILL and restarted under load, again and again, and the daemon
//! that is stopped and killed under load: what became of each message. `--nocapture` prints the table.

#[path = "support/real/mod.rs"]
mod real;
#[path = "support/slow.rs"]
mod slow;

use std::ops::AddAssign;
use std::sync::{Mutex, PoisonError};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use real::{Daemon, Kind, Stage, Tally, User, WhereLost};

/// How often each of the stages that run side by side is restarted: a server takes its time to start,
/// and the daemon's pauses grow with it.
const STAGES: usize = 4;
const RESTARTS: usize = 5;

/// Between messages; few enough that nobody is taken for a flood.
const PACE: Duration = Duration::from_millis(10);

/// More than a server passes on in the time that it takes to send a signal.
const MANY: usize = 3000;

/// One server starts at a time: many at once would take longer than anyone waits for them.
fn in_turn<T>(start: impl FnOnce() -> T) -> T {
    static STARTING: Mutex<()> = Mutex::new(());
    let _turn = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    start()
}

#[test]
fn prosody_restarted_twenty_times_under_load_loses_only_what_was_on_its_way() {
    restarted_twenty_times(Kind::Prosody);
}

#[test]
fn ejabberd_restarted_twenty_times_under_load_loses_only_what_was_on_its_way() {
    restarted_twenty_times(Kind::Ejabberd);
}

#[test]
fn a_daemon_stopped_under_load_answers_what_it_was_sent() {
    for kind in [Kind::Prosody, Kind::Ejabberd] {
        if kind.is_there() {
            let ended = daemon_ended_under_load(kind, End::Stopped);
            println!("{}, daemon stopped: {}", kind.name(), ended.figures);
            assert_eq!(ended.owed, [0; 0], "what had reached it before the signal is echoed");
            assert_eq!(ended.figures.lost.on_the_way_back, 0, "an echo that has left is delivered");
        }
    }
}

#[test]
fn a_killed_daemon_leaves_its_place_to_the_next_at_once() {
    for kind in [Kind::Prosody, Kind::Ejabberd] {
        if kind.is_there() {
            let ended = daemon_ended_under_load(kind, End::Killed);
            println!("{}, daemon killed: {}", kind.name(), ended.figures);
        }
    }
}

/// What became of all messages of a test.
#[derive(Default)]
struct Figures {
    sent: usize,
    echoed: usize,
    bounced: usize,
    doubled: usize,
    lost: WhereLost,
    longest_absence: Duration,
}

impl Figures {
    /// Those of one tally, which must be final.
    fn of(tally: &Tally, stage: &Stage) -> Self {
        Self {
            sent: tally.sent,
            echoed: tally.echoes.len(),
            bounced: tally.bounces.len(),
            doubled: tally.doubled() + tally.sent_again(&[&stage.tap]),
            lost: tally.where_lost(&[&stage.tap]),
            longest_absence: Duration::ZERO,
        }
    }
}

impl AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        self.sent += other.sent;
        self.echoed += other.echoed;
        self.bounced += other.bounced;
        self.doubled += other.doubled;
        self.lost += other.lost;
        self.longest_absence = self.longest_absence.max(other.longest_absence);
    }
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let WhereLost { in_the_server, at_the_daemon, on_the_way_back } = self.lost;
        write!(
            f,
            "sent {}, echoed {}, bounced by the server {}, lost in the server {in_the_server}, lost \
             between server and daemon {at_the_daemon}, echo lost on the way to the user \
             {on_the_way_back}, doubled {}",
            self.sent, self.echoed, self.bounced, self.doubled
        )
    }
}

fn restarted_twenty_times(kind: Kind) {
    if !slow::is_asked_for(&format!("restarts of {}", kind.name())) {
        return;
    }
    if !kind.is_there() {
        return;
    }
    let (mut ended, mut back) = (Figures::default(), Figures::default());
    scope(|scope| {
        let stages: Vec<_> = (0..STAGES).map(|_| scope.spawn(|| restarts(kind))).collect();
        for stage in stages {
            let (stage_ended, stage_back) = stage.join().expect("no stage fails");
            ended += stage_ended;
            back += stage_back;
        }
    });
    let name = kind.name();
    println!("{name}, {} times, until it was gone: {ended}", STAGES * RESTARTS);
    println!("{name}, {} times, from its start on: {back}", STAGES * RESTARTS);
    println!("{name}: online again at most {:.1?} after it was", back.longest_absence);
    assert_eq!(ended.doubled + back.doubled, 0);
    assert_eq!(back.lost, WhereLost::default(), "a server that runs loses nothing");
}

/// One stage: what became of the messages sent until the server was gone, and of those since it was
/// back.
fn restarts(kind: Kind) -> (Figures, Figures) {
    let mut stage = in_turn(|| Stage::start(kind));
    let (mut ended, mut back) = (Figures::default(), Figures::default());
    for round in 0..RESTARTS {
        let mut user = User::login(&stage.server, "alice");
        let mut tally = Tally::new(&format!("before-{round}"));
        scope(|scope| {
            let server = &mut stage.server;
            scope.spawn(move || {
                sleep(Duration::from_millis(500));
                server.kill();
            });
            while send_and_receive(&mut tally, &mut user) {}
        });
        ended += Figures::of(&tally, &stage);

        in_turn(|| stage.server.start_again());
        let since = Instant::now();
        let mut user = User::login(&stage.server, "alice");
        let mut tally = Tally::new(&format!("after-{round}"));
        while stage.daemon.count_lines(real::ONLINE) < round + 2 {
            assert!(send_and_receive(&mut tally, &mut user), "the server is gone");
            assert!(since.elapsed() < Duration::from_secs(90), "the daemon does not come back");
        }
        back.longest_absence = back.longest_absence.max(since.elapsed());
        for _ in 0..20 {
            assert!(send_and_receive(&mut tally, &mut user), "the server is gone");
        }
        tally.settle(&mut user);
        back += Figures::of(&tally, &stage);
    }
    (ended, back)
}

/// How the daemon is ended.
#[derive(Clone, Copy)]
enum End {
    Stopped,
    Killed,
}

/// What became of the messages of a test in which the daemon was ended.
struct Ended {
    figures: Figures,
    /// What had been passed on to it before, and had no echo.
    owed: Vec<usize>,
}

/// What becomes of messages when the daemon is ended in their midst and the next one started.
fn daemon_ended_under_load(kind: Kind, end: End) -> Ended {
    let mut stage = in_turn(|| Stage::start(kind));
    let mut user = stage.user("alice");
    let mut tally = Tally::new("m");
    for _ in 0..50 {
        assert!(send_and_receive(&mut tally, &mut user));
    }
    if let End::Stopped = end {
        // Held, so that it has all of these still to answer when it is asked to stop.
        stage.daemon.signal("STOP");
    }
    let some = tally.sent + MANY / 3;
    user.send(&tally.messages(MANY));
    let tap = &stage.tap;
    let had = real::wait_until("a good part of them reaches the daemon", || {
        let had = tally.numbers(&tap.passed_on());
        had.contains(&some).then_some(had)
    });
    match end {
        End::Stopped => {
            stage.daemon.signal("TERM");
            stage.daemon.signal("CONT");
            assert_eq!(stage.daemon.exit_code(), 0);
        }
        End::Killed => stage.daemon.kill(),
    }
    for _ in 0..50 {
        assert!(send_and_receive(&mut tally, &mut user));
    }
    stage.daemon = Daemon::start(stage.tap.port());
    stage.daemon.wait_until_online();
    assert_eq!(stage.daemon.count_lines("offline"), 0, "at once");
    let before = tally.sent;
    user.send(&tally.messages(200));
    tally.settle(&mut user);
    let missing = tally.missing();
    assert!(missing.iter().all(|number| *number < before), "{tally}");
    let gaps = missing.windows(2).filter(|pair| pair[0] + 1 != pair[1]).count();
    assert_eq!(gaps, 0, "the missing are not those of one moment: {missing:?}");
    let figures = Figures::of(&tally, &stage);
    assert_eq!(figures.doubled, 0, "{figures}");
    let echoed = tally.numbers(&stage.tap.both_ways().1);
    let owed = had.into_iter().filter(|number| !echoed.contains(number)).collect();
    Ended { figures, owed }
}

/// Sends a few more and files what has come; false if the server is gone.
fn send_and_receive(tally: &mut Tally, user: &mut User) -> bool {
    sleep(PACE);
    if !user.try_send(&tally.messages(5)) {
        return false;
    }
    match user.take(Duration::from_millis(1)) {
        Ok(stanzas) => {
            tally.file(stanzas);
            true
        }
        Err(_) => false,
    }
}
