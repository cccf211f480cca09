//! Two servers, the component at the near one, its user at the far one.

use std::net::Ipv4Addr;
use std::time::Duration;

use crate::certificates::Authority;
use crate::names::Names;
use crate::real::{Daemon, Federated, Kind, ONLINE, SECRET, Server, Stanza, Tap, User, wait_until};

const NEAR: &str = "near.example";
const FAR: &str = "far.example";

/// The component.
pub const ECHO: &str = "echo.near.example";

/// One of its addresses.
pub const BOT: &str = "bot@echo.near.example";

/// All that runs.
pub struct Scene {
    /// The daemon, dropped first.
    pub daemon: Daemon,
    /// All that goes over its connection.
    pub tap: Tap,
    /// The user's server.
    pub far: Server,
    near: Server,
    _authority: Authority,
}

impl Scene {
    /// One in which all is as it should be.
    pub fn start(pair: (Kind, Kind)) -> Self {
        Self::start_with(pair, "*.near.example", true)
    }

    /// One in which the near server's certificate is for that name, and DNS knows the component or
    /// does not.
    pub fn start_with((near, far): (Kind, Kind), certified: &str, in_dns: bool) -> Self {
        let [at_near, at_far] = [2, 3].map(|last| Ipv4Addr::new(127, 0, 0, last));
        let names = Names::default().address(NEAR, at_near).address(FAR, at_far);
        if in_dns { names.server(ECHO, NEAR) } else { names }.serve();
        let authority = Authority::new("federation");
        let start = |kind, domain, address, name| {
            let pem = authority.server(name, 2049).pem();
            let authority = &authority.file;
            Server::start_federated(kind, &Federated { domain, address, pem, authority })
        };
        let near = start(near, NEAR, at_near, certified);
        let far = start(far, FAR, at_far, FAR);
        let tap = Tap::before(near.component_port());
        let mut daemon = Daemon::start_as(ECHO, SECRET, tap.port());
        daemon.wait_until_online();
        Self { daemon, tap, far, near, _authority: authority }
    }

    /// Logs the user in at the far server.
    pub fn user(&self) -> User {
        User::login(&self.far, "alice")
    }

    /// Kills the far server, and waits until the near one knows: until then it loses what it sends.
    #[track_caller]
    pub fn kill_far(&mut self) {
        self.far.kill();
        self.near.wait_until_lost(ECHO, FAR);
    }

    /// Fails unless messages are still echoed, on the connection the daemon began with. Servers may
    /// lose one between them: they close their own stream over what some of them write.
    #[track_caller]
    pub fn assert_still_echoing(&mut self, user: &mut User) {
        let is_echo = |it: &Stanza| it.is("message", "") && it.body() == "still";
        wait_until("a message is echoed", || {
            user.send(&format!("<message to='{ECHO}'><body>still</body></message>"));
            let came = user.take(Duration::from_secs(2)).expect("the user's server lives");
            came.into_iter().find(is_echo)
        });
        assert_eq!(self.tap.connections(), 1, "the daemon connected again");
        assert!(!self.daemon.has_logged(ONLINE), "the daemon went online again");
    }

    /// Fails unless what came to the component went back as it was.
    #[track_caller]
    pub fn assert_mirrored(&self, id: &str) {
        let has_id = |stanza: &Stanza| stanza.attr("id") == id;
        let sent = self.tap.inbound().into_iter().find(has_id).expect("it was sent");
        let echo = self.tap.outbound().into_iter().find(has_id).expect("it was echoed");
        assert_eq!((sent.attr("from"), sent.attr("to")), (echo.attr("to"), echo.attr("from")));
        assert_eq!(sent.payload(), echo.payload());
    }
}
