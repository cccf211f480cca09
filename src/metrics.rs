//! The daemon's figures for Prometheus. Without JIDs, which would be people and without bound.
//!
//! Counting is done in plain numbers where the work is (see [`Tally`]); here they are added up.

use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{
    Encoder, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
    TextEncoder,
};

use crate::component::counts::Tally;

/// All figures.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    online: IntGauge,
    connects: IntCounter,
    disconnects: IntCounterVec,
    echoed: IntCounter,
    bounced: IntCounterVec,
    ignored: IntCounterVec,
    presence: IntCounter,
    iq: IntCounter,
    received: IntCounter,
    sent: IntCounter,
    backlog: IntGauge,
    ping: Histogram,
}

impl Metrics {
    /// All figures at zero.
    ///
    /// # Errors
    /// If a name is not one by Prometheus' rules, which a test rules out.
    pub fn new() -> prometheus::Result<Self> {
        let registry = Registry::new_custom(Some("echo_component".into()), None)?;
        let in_registry = InRegistry(&registry);
        let counter = |name, help| in_registry.add(IntCounter::new(name, help)?);
        let gauge = |name, help| in_registry.add(IntGauge::new(name, help)?);
        let by = |name, help, label| {
            in_registry.add(IntCounterVec::new(Opts::new(name, help), &[label])?)
        };
        let buckets =
            vec![0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0];
        let ping =
            HistogramOpts::new("self_ping_seconds", "Round trip of a ping through the server");
        let metrics = Self {
            online: gauge("online", "1 while the component is authenticated with its server")?,
            connects: counter("connects_total", "Logins that succeeded")?,
            disconnects: by(
                "disconnects_total",
                "Sessions and logins that ended, by what ended them",
                "condition",
            )?,
            echoed: counter("messages_echoed_total", "Messages sent back")?,
            bounced: by("messages_bounced_total", "Messages answered with an error", "reason")?,
            ignored: by("messages_ignored_total", "Messages not answered", "reason")?,
            presence: counter("presence_answered_total", "Presence stanzas sent in answer")?,
            iq: counter("iq_answered_total", "IQ requests answered, errors included")?,
            received: counter("received_bytes_total", "Bytes read from the server")?,
            sent: counter("sent_bytes_total", "Bytes written to the server")?,
            backlog: gauge("backlog_bytes", "Bytes of answers that the server has not taken yet")?,
            ping: in_registry.add(Histogram::with_opts(ping.buckets(buckets))?)?,
            registry,
        };
        // There from the start, so that Prometheus sees the first of each as an increase.
        for (reason, _) in Tally::default().bounced() {
            metrics.bounced.with_label_values(&[reason]);
        }
        for (reason, _) in Tally::default().ignored() {
            metrics.ignored.with_label_values(&[reason]);
        }
        Ok(metrics)
    }

    /// The component is authenticated.
    pub fn connected(&self) {
        self.connects.inc();
        self.online.set(1);
    }

    /// A session or a login has ended by `condition`, which is one of few.
    pub fn disconnected(&self, condition: &str) {
        self.disconnects.with_label_values(&[condition]).inc();
        self.backlog.set(0);
        self.online.set(0);
    }

    /// Whether the component is online.
    pub fn is_online(&self) -> bool {
        self.online.get() == 1
    }

    /// Adds what has been counted since the last time.
    pub fn add(&self, tally: &Tally) {
        self.echoed.inc_by(tally.echoed);
        self.presence.inc_by(tally.presence);
        self.iq.inc_by(tally.iq);
        // Finding a counter by its label takes a lock and a hash: not for nothing, at every read.
        let happened = |(_, count): &(&str, u64)| *count > 0;
        for (reason, count) in tally.bounced().into_iter().filter(happened) {
            self.bounced.with_label_values(&[reason]).inc_by(count);
        }
        for (reason, count) in tally.ignored().into_iter().filter(happened) {
            self.ignored.with_label_values(&[reason]).inc_by(count);
        }
    }

    /// So many bytes have been read.
    pub fn received(&self, bytes: usize) {
        self.received.inc_by(bytes as u64);
    }

    /// So many bytes have been written, and so many are waiting.
    pub fn sent(&self, bytes: usize, waiting: usize) {
        self.sent.inc_by(bytes as u64);
        self.waiting(waiting);
    }

    /// So many bytes are waiting to be written.
    pub fn waiting(&self, bytes: usize) {
        self.backlog.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// A ping has come back after that time.
    pub fn ping(&self, round_trip: Duration) {
        self.ping.observe(round_trip.as_secs_f64());
    }

    /// All figures in Prometheus' text format.
    ///
    /// # Errors
    /// If the encoder finds them inconsistent.
    pub fn text(&self) -> prometheus::Result<Vec<u8>> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }
}

struct InRegistry<'a>(&'a Registry);

impl InRegistry<'_> {
    fn add<C: Collector + Clone + 'static>(&self, collector: C) -> prometheus::Result<C> {
        self.0.register(Box::new(collector.clone()))?;
        Ok(collector)
    }
}
