//! What the rooms below are given, and how the daemon connects: each time with the secret and the
//! authorities that are in their files by then, so that both can be renewed while it runs.

use std::fs;
use std::path::Path;

use anyhow::Result;
use tokio::time::Instant;
use tracing::warn;

use crate::cli::config::Config;
use crate::cli::secret::Place;
use crate::daemon::supervisor;
use crate::daemon::told::Told;
use crate::net::connect::{Connected, Connection, Target, connect};
use crate::net::error::NoLogin;
use crate::net::lookup::Lookup;
use crate::net::tls::Trust;
use crate::stream::session;

impl Config {
    /// What the supervisor is to know.
    pub fn supervision(&self) -> supervisor::Settings {
        let stream =
            session::Settings { ping_interval: self.ping_interval, started: Instant::now() };
        supervisor::Settings {
            jid: self.target.domain.as_str().to_owned(),
            server: self.target.to_string(),
            start_renews_secret: matches!(self.secret, Some(Place::Credential(_))),
            stream,
        }
    }

    /// Connects and logs in, at each call anew.
    pub fn connector(&self) -> impl AsyncFnMut() -> Result<Connected<Connection>, NoLogin> {
        let mut target = self.target.clone();
        let mut lookup = Lookup::default();
        let mut told = Stale::default();
        async move || {
            self.renew(&mut target, &mut told);
            connect(&target, &mut lookup).await
        }
    }

    /// Reads the files again. What cannot be read now stays as it was: it may be about to be written.
    fn renew(&self, target: &mut Target, told: &mut Stale) {
        let place = self.secret.as_ref();
        if let Some(place) = place.filter(|it| it.file().is_some_and(is_regular)) {
            let secret = place.read().map(|(secret, _)| secret);
            replace(&mut target.secret, secret, &mut told.secret, "the secret from before is used");
        }
        let is_readable_again = self.tls_ca.as_deref().is_none_or(is_regular);
        if let Some(trust) = target.trust.as_mut().filter(|_| is_readable_again) {
            let renewed = Trust::new(self.tls_ca.as_deref());
            replace(trust, renewed, &mut told.trust, "the authorities from before are trusted");
        }
    }
}

/// What the log was told of files that cannot be read again. The daemon may try for days.
#[derive(Default)]
struct Stale {
    secret: Told,
    trust: Told,
}

/// Puts what was read in the place of what was there. If it could not be read, the log is told what is used
/// `instead`.
fn replace<T>(place: &mut T, read: Result<T>, told: &mut Told, instead: &str) {
    match read {
        Ok(renewed) => {
            *place = renewed;
            *told = Told::default();
        }
        Err(error) => {
            let sentence = format!("{error:#}; {instead}");
            if told.is_news(&sentence) {
                warn!("{sentence}");
            }
        }
    }
}

/// A pipe, such as a shell's `<(...)`, can be read once. A file that is gone is worth a warning.
fn is_regular(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|it| it.is_file()) || !path.exists()
}
