//! The daemon's metrics for Prometheus. Without JIDs, which would be people and without bound.
//!
//! Counting is done in plain numbers where the work is (see [`Counts`]); here they are added up.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prometheus::core::Collector;
#[cfg(target_os = "linux")]
use prometheus::process_collector::ProcessCollector;
use prometheus::proto::{Gauge as Level, MetricFamily};
use prometheus::{
    Encoder, Gauge, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec,
    Opts, Registry, TextEncoder,
};

use crate::component::counts::Counts;

/// All metrics.
#[derive(Debug)]
pub struct Metrics {
    /// Those whose names begin with `echo_component_`.
    ours: Registry,
    /// Those that every program has, as Prometheus names them: `process_…`.
    process: Registry,
    /// When the daemon was started, in seconds since 1970.
    started: f64,
    online: IntGauge,
    connects: IntCounter,
    disconnects: IntCounterVec,
    backoff: Gauge,
    echoed: IntCounter,
    last_echo: Gauge,
    bounced: IntCounterVec,
    ignored: IntCounterVec,
    requests_ignored: IntCounterVec,
    presence: IntCounter,
    iq: IntCounter,
    received: IntCounter,
    sent: IntCounter,
    backlog: IntGauge,
    ping: Histogram,
    echo: Histogram,
}

impl Metrics {
    /// All metrics at zero.
    ///
    /// # Errors
    /// If a name is not one by Prometheus' rules, which a test rules out.
    pub fn new() -> prometheus::Result<Self> {
        let process = Registry::new();
        // It reads /proc as Linux has it.
        #[cfg(target_os = "linux")]
        process.register(Box::new(ProcessCollector::for_self()))?;
        let ours = Registry::new_custom(Some("echo_component".into()), None)?;
        let in_registry = InRegistry(&ours);
        let counter = |name, help| in_registry.add(IntCounter::new(name, help)?);
        let gauge = |name, help| in_registry.add(IntGauge::new(name, help)?);
        let real = |name, help| in_registry.add(Gauge::new(name, help)?);
        let by = |name, help, label| {
            in_registry.add(IntCounterVec::new(Opts::new(name, help), &[label])?)
        };
        let metrics = Self {
            online: gauge("online", "1 while the component is authenticated with its server")?,
            connects: counter("connects_total", "Logins that succeeded")?,
            disconnects: by("disconnects_total", "Sessions and logins that ended", "condition")?,
            backoff: real("backoff_seconds", "The pause before the next try to connect")?,
            last_echo: real("last_echo_timestamp_seconds", "When a message was last sent back")?,
            echoed: counter("messages_echoed_total", "Messages sent back")?,
            bounced: by("messages_bounced_total", "Messages answered with an error", "reason")?,
            ignored: by("messages_ignored_total", "Messages not answered", "reason")?,
            requests_ignored: by("requests_ignored_total", "Requests not answered", "reason")?,
            presence: counter("presence_answered_total", "Presence stanzas sent in answer")?,
            iq: counter("iq_answered_total", "IQ requests answered, errors included")?,
            received: counter("received_bytes_total", "Bytes read from the server")?,
            sent: counter("sent_bytes_total", "Bytes written to the server")?,
            backlog: gauge("backlog_bytes", "Bytes of answers that the server has not taken yet")?,
            ping: in_registry.add(ping_histogram()?)?,
            echo: in_registry.add(echo_histogram()?)?,
            ours,
            process,
            started: now(),
        };
        metrics.tell_build()?;
        metrics.expect_reasons();
        Ok(metrics)
    }

    /// There from the start, so that Prometheus sees the first of each as an increase.
    fn expect_reasons(&self) {
        for (counter, (reason, _)) in self.by_reason(&Counts::default()) {
            counter.with_label_values(&[reason]);
        }
    }

    /// What is counted by reason, each with the counter that it is added to.
    fn by_reason(
        &self,
        counts: &Counts,
    ) -> impl Iterator<Item = (&IntCounterVec, (&'static str, u64))> {
        let bounced = counts.bounced().map(move |it| (&self.bounced, it));
        let ignored = counts.ignored().map(move |it| (&self.ignored, it));
        let requests = counts.ignored_requests().map(move |it| (&self.requests_ignored, it));
        bounced.chain(ignored).chain(requests)
    }

    /// Which program this is.
    fn tell_build(&self) -> prometheus::Result<()> {
        let build = Opts::new("build_info", "The program's version and commit");
        let build = IntGaugeVec::new(build, &["version", "commit"])?;
        let build = InRegistry(&self.ours).add(build)?;
        let commit = env!("ECHO_COMPONENT_BUILD_COMMIT");
        build.with_label_values(&[env!("CARGO_PKG_VERSION"), commit]).set(1);
        Ok(())
    }

    /// Sessions and logins may end by these conditions: each is there from the start, too.
    pub fn expect(&self, conditions: impl Iterator<Item = &'static str>) {
        for condition in conditions {
            self.disconnects.with_label_values(&[condition]);
        }
    }

    /// The component is authenticated.
    pub fn connected(&self) {
        self.backoff.set(0.0);
        self.connects.inc();
        self.online.set(1);
    }

    /// A session or a login has ended by `condition`, which is one of few.
    pub fn disconnected(&self, condition: &str) {
        self.disconnects.with_label_values(&[condition]).inc();
        self.backlog.set(0);
        self.online.set(0);
    }

    /// The next try comes after `pause`.
    pub fn waits(&self, pause: Duration) {
        self.backoff.set(pause.as_secs_f64());
    }

    /// Whether the component is online.
    pub fn is_online(&self) -> bool {
        self.online.get() == 1
    }

    /// Adds what has been counted since the last time.
    pub fn add(&self, counts: &Counts) {
        if counts.echoed > 0 {
            self.echoed.inc_by(counts.echoed);
            self.last_echo.set(now());
        }
        self.presence.inc_by(counts.presence);
        self.iq.inc_by(counts.iq);
        // Finding a counter by its label takes a lock and a hash: not for nothing, at every read.
        for (counter, (reason, count)) in self.by_reason(counts).filter(|(_, (_, it))| *it > 0) {
            counter.with_label_values(&[reason]).inc_by(count);
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

    /// Messages that were read together have been written, that long after.
    pub fn echoed_after(&self, time: Duration) {
        self.echo.observe(time.as_secs_f64());
    }

    /// A ping has come back after that time.
    pub fn ping(&self, round_trip: Duration) {
        self.ping.observe(round_trip.as_secs_f64());
    }

    /// All metrics in Prometheus' text format.
    ///
    /// # Errors
    /// If the encoder finds them inconsistent.
    pub fn text(&self) -> prometheus::Result<Vec<u8>> {
        let mut text = Vec::new();
        for families in [self.ours.gather(), self.of_process()] {
            TextEncoder::new().encode(&families, &mut text)?;
        }
        Ok(text)
    }

    /// What every program has. Our units hide the file in /proc that says when the machine was started
    /// (`ProcSubset=pid`), from which the collector tells when the process was: in 1970, to it.
    fn of_process(&self) -> Vec<MetricFamily> {
        let mut families = self.process.gather();
        let starts = families.iter_mut().filter(|it| it.name() == "process_start_time_seconds");
        for start in starts.flat_map(MetricFamily::mut_metric) {
            if start.get_gauge().get_value() <= 0.0 {
                let mut gauge = Level::default();
                gauge.set_value(self.started.floor());
                start.set_gauge(gauge);
            }
        }
        families
    }
}

/// The time by this machine's clock, in seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

fn ping_histogram() -> prometheus::Result<Histogram> {
    let buckets =
        [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 30.0];
    let options =
        HistogramOpts::new("self_ping_seconds", "Round trip of a ping through the server");
    Histogram::with_opts(options.buckets(buckets.to_vec()))
}

fn echo_histogram() -> prometheus::Result<Histogram> {
    let help = "From reading messages to having written their echoes, for those read together";
    let buckets = vec![0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.1, 1.0, 10.0];
    Histogram::with_opts(HistogramOpts::new("echo_seconds", help).buckets(buckets))
}

struct InRegistry<'a>(&'a Registry);

impl InRegistry<'_> {
    fn add<C: Collector + Clone + 'static>(&self, collector: C) -> prometheus::Result<C> {
        self.0.register(Box::new(collector.clone()))?;
        Ok(collector)
    }
}
