//! From a host name to its addresses.
//!
//! How long that takes is the system's affair: with a name server that is dead glibc goes on to the
//! next after 5 s. A lookup that takes longer than a try is not begun again, but serves the next try.

use std::io;
use std::net::{IpAddr, SocketAddr};

use tokio::net::lookup_host;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use crate::net::error::NoLogin;

/// The lookups of one server's name, one at a time.
#[derive(Debug, Default)]
pub struct Lookup {
    running: Option<JoinHandle<io::Result<Vec<SocketAddr>>>>,
}

impl Lookup {
    /// The addresses of `host`, which are looked up anew unless a lookup is still running.
    ///
    /// # Errors
    /// If it has none, or is not looked up by the deadline.
    pub async fn addresses(
        &mut self,
        host: &str,
        port: u16,
        deadline: Instant,
    ) -> Result<Vec<SocketAddr>, NoLogin> {
        let running = self.running.get_or_insert_with(|| {
            let name = ascii(host);
            tokio::spawn(async move { Ok(lookup_host((name, port)).await?.collect()) })
        });
        let Ok(found) = timeout_at(deadline, running).await else {
            return Err(NoLogin::LookupLate);
        };
        self.running = None;
        let found = found.unwrap_or_else(|error| Err(error.into())).map_err(NoLogin::NoAddress)?;
        if found.is_empty() {
            return Err(NoLogin::NoAddress(io::ErrorKind::NotFound.into()));
        }
        Ok(found)
    }
}

/// The name as it is looked up and as certificates have it: in ASCII (RFC 5890 §2.3.2.1). What is no
/// name by these rules is for the resolver to judge.
pub fn ascii(host: &str) -> String {
    if host.parse::<IpAddr>().is_ok() || host.is_ascii() {
        return host.to_owned();
    }
    idna::domain_to_ascii(host).unwrap_or_else(|_| host.to_owned())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_lookup_that_takes_longer_than_a_try_serves_the_next() {
        let found = vec!["192.0.2.1:5347".parse().unwrap()];
        let slow = tokio::spawn(async move {
            sleep(Duration::from_secs(40)).await;
            Ok(found)
        });
        let mut lookup = Lookup { running: Some(slow) };
        let start = Instant::now();
        let try_until = |seconds| start + Duration::from_secs(seconds);
        let first = lookup.addresses("no-such-host.invalid", 5347, try_until(30)).await;
        assert!(matches!(first, Err(NoLogin::LookupLate)), "{first:?}");
        let second = lookup.addresses("no-such-host.invalid", 5347, try_until(60)).await;
        assert_eq!(second.unwrap(), ["192.0.2.1:5347".parse().unwrap()]);
        assert_eq!(start.elapsed(), Duration::from_secs(40));
        assert!(lookup.running.is_none(), "the third try looks it up anew");
    }

    #[tokio::test]
    async fn an_address_may_say_by_which_interface_it_is_reached() {
        let deadline = Instant::now() + Duration::from_secs(30);
        let found = Lookup::default().addresses("fe80::1%lo", 5347, deadline).await.unwrap();
        let [SocketAddr::V6(address)] = &found[..] else { panic!("{found:?}") };
        assert_eq!(address.ip().to_string(), "fe80::1");
        assert_ne!(address.scope_id(), 0, "that of lo");
    }

    #[test]
    fn a_name_beyond_ascii_is_looked_up_by_its_a_label() {
        for (host, name) in [
            ("bücher.example", "xn--bcher-kva.example"),
            ("BÜCHER.example", "xn--bcher-kva.example"),
            ("example.com", "example.com"),
            ("with_underscore", "with_underscore"),
            ("192.0.2.1", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("fe80::1%eth0", "fe80::1%eth0"),
        ] {
            assert_eq!(ascii(host), name);
        }
    }
}
