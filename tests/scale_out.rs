//! Several daemons for one JID on ejabberd, which balances over them: nothing is lost or doubled
//! but what a daemon that dies takes along. `--nocapture` prints the figures.
//!
//! What Prosody does instead is in `servers/lifecycle.rs`: it lets one in at a time.

#[path = "support/real/mod.rs"]
mod real;
#[path = "support/slow.rs"]
mod slow;

use std::thread::sleep;
use std::time::Duration;

use real::{Daemon, Kind, ONLINE, Server, Tally, Tap, User};

/// A server with daemons, each seen through its own tap.
struct Farm {
    daemons: Vec<Daemon>,
    taps: Vec<Tap>,
    server: Server,
}

impl Farm {
    fn start(configuration: &str, daemons: usize) -> Self {
        let server = Server::start_with(Kind::Ejabberd, configuration);
        let taps: Vec<_> = (0..daemons).map(|_| Tap::before(server.component_port())).collect();
        let mut daemons: Vec<_> = taps.iter().map(|tap| Daemon::start(tap.port())).collect();
        daemons.iter_mut().for_each(Daemon::wait_until_online);
        Self { daemons, taps, server }
    }

    /// How many of a tally's messages each daemon was given.
    fn shares(&self, tally: &Tally) -> Vec<usize> {
        let share = |tap: &Tap| tap.inbound().iter().filter_map(|s| tally.number(s)).count();
        self.taps.iter().map(share).collect()
    }

    fn taps(&self) -> Vec<&Tap> {
        self.taps.iter().collect()
    }

    /// Stops the daemons, behind whose last words no more echoes can come, and files what has.
    fn finish(&mut self, tally: &mut Tally, user: &mut User) {
        for daemon in &mut self.daemons {
            assert_eq!(daemon.terminate(), 0);
        }
        user.send("<iq type='get' id='fence'><query xmlns='jabber:iq:roster'/></iq>");
        user.wait_for_id("fence");
        tally.file(user.take(Duration::ZERO).unwrap());
    }
}

/// ejabberd's balancing by sender, over so many connections.
fn bare_source(connections: usize) -> String {
    format!(
        "domain_balancing:\n  echo.localhost:\n    type: bare_source\n    \
         component_number: {connections}\n"
    )
}

#[test]
fn two_and_three_daemons_echo_each_message_once() {
    if !Kind::Ejabberd.is_there() {
        return;
    }
    for daemons in [2, 3] {
        let mut farm = Farm::start("", daemons);
        let mut alice = User::login(&farm.server, "alice");
        let mut tally = Tally::new("m");
        alice.send(&tally.messages(1000));
        tally.settle(&mut alice);
        let shares = farm.shares(&tally);
        farm.finish(&mut tally, &mut alice);
        println!("{daemons} daemons, random: {tally}; shares {shares:?}");
        assert_eq!((tally.echoes.len(), tally.doubled(), tally.bounces.len()), (1000, 0, 0));
        assert!(shares.iter().all(|share| *share > 200), "{shares:?}");
    }
}

#[test]
fn when_one_is_killed_under_load_the_others_carry_on() {
    if !Kind::Ejabberd.is_there() {
        return;
    }
    for daemons in [2, 3] {
        let mut farm = Farm::start("", daemons);
        let mut alice = User::login(&farm.server, "alice");
        let mut tally = Tally::new("m");
        for piece in 0..100 {
            if piece == 50 {
                farm.daemons.remove(0).kill();
            }
            alice.send(&tally.messages(10));
            tally.file(alice.take(Duration::from_millis(1)).unwrap());
        }
        tally.settle(&mut alice);
        let lost = tally.where_lost(&farm.taps());
        println!("{daemons} daemons, one killed: {tally}; {lost:?}");
        assert_eq!(tally.doubled(), 0);
        let before = tally.missing();
        alice.send(&tally.messages(500));
        tally.settle(&mut alice);
        farm.finish(&mut tally, &mut alice);
        println!("{daemons} daemons, one killed, 500 more: {tally}");
        assert_eq!(tally.missing(), before, "none of the later ones is lost");
        assert_eq!(tally.doubled(), 0);
    }
}

#[test]
fn balancing_by_sender_keeps_each_senders_order() {
    if !Kind::Ejabberd.is_there() {
        return;
    }
    for connections in [2, 3] {
        let mut farm = Farm::start(&bare_source(connections), connections);
        for name in ["alice", "bob"] {
            let mut user = User::login(&farm.server, name);
            let mut tally = Tally::new(name);
            user.send(&tally.messages(1000));
            tally.settle(&mut user);
            let shares = farm.shares(&tally);
            println!("{connections} daemons, bare_source, {name}: {tally}; shares {shares:?}");
            assert_eq!((tally.echoes.len(), tally.doubled(), tally.out_of_order()), (1000, 0, 0));
            assert_eq!(shares.iter().filter(|share| **share > 0).count(), 1, "always the same");
        }
        farm.daemons.clear();
    }
}

#[test]
fn an_empty_slot_of_balancing_by_sender_swallows_a_senders_messages() {
    if !Kind::Ejabberd.is_there() {
        return;
    }
    // Which senders fall into which slot is a hash of ejabberd's, the same everywhere.
    let (mut sent, mut echoed) = (0, 0);
    for connections in 2..=4 {
        let farm = Farm::start(&bare_source(connections), 1);
        for name in ["alice", "bob"] {
            let mut user = User::login(&farm.server, name);
            let mut tally = Tally::new(name);
            user.send(&tally.messages(100));
            tally.settle(&mut user);
            println!("1 daemon for {connections} slots, {name}: {tally}");
            assert!([0, 100].contains(&tally.echoes.len()), "all or none: {tally}");
            assert_eq!(tally.bounces.len(), 0, "and without a word");
            sent += tally.sent;
            echoed += tally.echoes.len();
        }
    }
    println!("1 daemon for 2, 3 and 4 slots: sent {sent}, echoed {echoed}");
    assert!(echoed < sent);
}

#[test]
fn with_balancing_by_sender_a_daemon_that_is_gone_costs_its_senders_until_it_is_back() {
    if !Kind::Ejabberd.is_there() {
        return;
    }
    let mut farm = Farm::start(&bare_source(2), 2);
    let mut alice = User::login(&farm.server, "alice");
    let mut bob = User::login(&farm.server, "bob");
    let mut answered = |farm: &Farm, words: &str| {
        let [of_alice, of_bob] = [("alice", &mut alice), ("bob", &mut bob)].map(|(name, user)| {
            let mut tally = Tally::new(&format!("{name}-{words}"));
            user.send(&tally.messages(100));
            tally.settle(user);
            println!("2 slots, {name}, {words}: {tally}; shares {:?}", farm.shares(&tally));
            assert_eq!((tally.doubled(), tally.bounces.len()), (0, 0));
            (tally.echoes.len(), farm.shares(&tally))
        });
        (of_alice, of_bob)
    };
    let (of_alice, of_bob) = answered(&farm, "both-there");
    assert_eq!((of_alice.0, of_bob.0), (100, 100));
    let gone = of_alice.1.iter().position(|share| *share > 0).unwrap();
    assert_eq!(of_bob.1[gone], 0, "ejabberd's hash puts them into different slots");

    farm.daemons[gone].kill();
    let (of_alice, of_bob) = answered(&farm, "hers-killed");
    assert_eq!((of_alice.0, of_bob.0), (0, 100));

    farm.daemons[gone] = Daemon::start(farm.taps[gone].port());
    farm.daemons[gone].wait_until_online();
    let (of_alice, of_bob) = answered(&farm, "hers-back");
    assert_eq!((of_alice.0, of_bob.0), (100, 100));
}

/// How long daemons idle side by side here: the 55 s until one is given up, three times.
const IDLE: Duration = Duration::from_secs(170);

/// Takes minutes, so it runs only if asked for.
#[test]
fn idle_daemons_beside_each_other_stay_online() {
    if !slow::is_asked_for("daemons that idle side by side") {
        return;
    }
    if !Kind::Ejabberd.is_there() {
        return;
    }
    let settings = [("random", String::new(), 2), ("random", String::new(), 3)];
    // The last has one daemon more than places: nothing that is routed comes to it.
    let by_sender =
        [(2, 2), (3, 3), (2, 3)].map(|(places, n)| ("bare_source", bare_source(places), n));
    let mut farms: Vec<_> = settings
        .into_iter()
        .chain(by_sender)
        .map(|(name, more, daemons)| (name, Farm::start(&more, daemons)))
        .collect();
    sleep(IDLE);
    let mut wrong = 0;
    for (name, farm) in &mut farms {
        let given_up = farm.daemons.iter_mut().map(|d| d.count_lines("did not answer a ping"));
        let given_up: Vec<_> = given_up.collect();
        let online: Vec<_> = farm.daemons.iter_mut().map(|d| d.count_lines(ONLINE)).collect();
        let pings = |tap: &Tap| {
            let (_, outbound) = tap.both_ways();
            outbound.iter().filter(|s| s.is("iq", "get")).count()
        };
        let pings: Vec<_> = farm.taps.iter().map(pings).collect();
        println!(
            "{name}, {} daemons, {IDLE:?} idle: pings {pings:?}, given up {given_up:?}, \
             online {online:?}",
            pings.len()
        );
        wrong += given_up.iter().sum::<usize>();
    }
    assert_eq!(wrong, 0, "live connections were given up");
}
