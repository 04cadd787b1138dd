//! What is counted, and every metric's name; no label ever holds a key's name, and none a value.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use prometheus_client::encoding::text::encode_registry;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Metric, Registry};
use std::sync::atomic::AtomicU64;

use super::board::{JobView, View};
use super::{gauges, process};
use crate::engine::RunReport;
use crate::model::{Event, Observer};

/// What every name begins with.
pub const PREFIX: &str = "secretferry";

/// Labels, as pairs.
pub type Labels = Vec<(&'static str, String)>;
/// A number that only grows, by labels.
type Count = Family<Labels, Counter>;
/// Seconds that only grow, by labels.
type Seconds = Family<Labels, Counter<f64, AtomicU64>>;
/// How long something takes, by labels.
type Times = Family<Labels, Histogram, fn() -> Histogram>;

/// What a process has counted since it began.
pub struct Metrics {
    runs: Count,
    outcomes: Count,
    run_times: Times,
    panics: Count,
    steps: Count,
    calls: Count,
    call_times: Times,
    waits: Count,
    waited: Seconds,
    reloads: Count,
    requests: Count,
    leases: Mutex<BTreeSet<String>>,
    counted: Registry,
}

/// How OpenMetrics is told from Prometheus' own text, which the textfile collector and older servers read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exposition {
    /// `text/plain; version=0.0.4`.
    Prometheus,
    /// `application/openmetrics-text`.
    OpenMetrics,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix(PREFIX);
        let run_times: Times = Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.25, 4.0, 8)));
        let call_times: Times = Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.004, 2.5, 10)));
        Self {
            runs: told(&mut registry, "runs", "Runs that ended, by how", Count::default()),
            outcomes: told(
                &mut registry,
                "outcomes",
                "Keys of runs that ended, by outcome and reason",
                Count::default(),
            ),
            run_times: told(&mut registry, "run_duration_seconds", "How long runs took", run_times),
            panics: told(&mut registry, "run_panics", "Runs that ended in a fault of the program", Count::default()),
            steps: told(&mut registry, "steps", "Steps that ended, by action and outcome", Count::default()),
            calls: told(
                &mut registry,
                "store_calls",
                "Requests to stores, by status: ok or the error",
                Count::default(),
            ),
            call_times: told(
                &mut registry,
                "store_call_duration_seconds",
                "How long stores took to answer",
                call_times,
            ),
            waits: told(
                &mut registry,
                "store_waits",
                "Pauses because a store was throttling or a request is repeated",
                Count::default(),
            ),
            waited: told(&mut registry, "store_wait_seconds", "Time spent in such pauses", Seconds::default()),
            reloads: told(&mut registry, "config_reloads", "Reloads of the config, by result", Count::default()),
            requests: told(
                &mut registry,
                "http_requests",
                "Requests to this daemon, by route and code",
                Count::default(),
            ),
            leases: Mutex::default(),
            counted: registry,
        }
    }
}

/// Registers a metric and hands it back.
fn told<M: Metric + Clone>(registry: &mut Registry, name: &str, help: &str, metric: M) -> M {
    registry.register(name, help, metric.clone());
    metric
}

impl Metrics {
    /// Counts a run that ended.
    pub fn run_ended(&self, report: &RunReport) {
        let labels = || vec![("job", report.job.clone()), ("target", report.target.clone())];
        self.runs.get_or_create(&with(labels(), "status", report.status.as_str())).inc();
        self.run_times.get_or_create(&labels()).observe(report.took.as_secs_f64());
        for key in &report.outcomes {
            let labels = with(with(labels(), "outcome", key.outcome.as_str()), "reason", key.reason.as_str());
            self.outcomes.get_or_create(&labels).inc();
        }
    }

    /// Counts a run that never came to a report: its ledger, stores or plan failed it.
    pub fn run_failed(&self, job: &str, target: &str) {
        let labels = vec![("job", job.to_owned()), ("target", target.to_owned()), ("status", "failed".to_owned())];
        self.runs.get_or_create(&labels).inc();
    }

    /// Counts a run that ended in a panic.
    pub fn run_panicked(&self, job: &str) {
        self.panics.get_or_create(&vec![("job", job.to_owned())]).inc();
    }

    /// Notes whether this process holds a target's lease.
    pub fn lease_held(&self, target: &str, held: bool) {
        let mut leases = self.leases.lock().unwrap_or_else(PoisonError::into_inner);
        if held {
            leases.insert(target.to_owned())
        } else {
            leases.remove(target)
        };
    }

    /// Counts a reload of the config.
    pub fn config_reloaded(&self, accepted: bool) {
        let result = if accepted { "accepted" } else { "refused" };
        self.reloads.get_or_create(&vec![("result", result.to_owned())]).inc();
    }

    /// Counts a request to this daemon; `route` is the router's pattern, never the path that was asked.
    pub fn requested(&self, route: &str, code: u16) {
        self.requests.get_or_create(&vec![("route", route.to_owned()), ("code", code.to_string())]).inc();
    }

    /// Renders all that was counted and how things stand, in Prometheus' text format.
    pub fn render(&self, view: &View) -> String {
        self.render_as(Exposition::Prometheus, view, Timestamp::now())
    }

    /// Renders it in either format, as of `now`.
    pub fn render_as(&self, exposition: Exposition, view: &View, now: Timestamp) -> String {
        let leases = self.leases.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode_registry(&mut text, &self.counted);
        let _ = encode_registry(&mut text, &gauges::of(view, &leases, now));
        let mut process = Registry::default();
        process::gauges(&mut process);
        let _ = encode_registry(&mut text, &process);
        match exposition {
            Exposition::Prometheus => prometheus(&text),
            Exposition::OpenMetrics => text + "# EOF\n",
        }
    }
}

/// How a job stands after a run, in Prometheus' text format, for whoever runs without a daemon.
pub fn job_metrics(legs: &[JobView]) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = encode_registry(&mut text, &gauges::of_jobs(legs));
    prometheus(&text)
}

/// The same labels and one more.
pub fn with(mut labels: Labels, name: &'static str, value: impl Into<String>) -> Labels {
    labels.push((name, value.into()));
    labels
}

impl Observer for Metrics {
    fn observe(&self, event: &Event) {
        let asked =
            |store: &String, operation: &str| vec![("store", store.clone()), ("operation", operation.to_owned())];
        match event {
            Event::StepEnded { action, outcome, .. } => {
                let labels = vec![("action", action.to_string()), ("outcome", outcome.to_string())];
                self.steps.get_or_create(&labels).inc();
            }
            Event::Called { store, family, took, error } => {
                let labels = asked(store, family.as_str());
                self.call_times.get_or_create(&labels).observe(took.as_secs_f64());
                let status = error.map_or("ok", |error| error.as_str());
                self.calls.get_or_create(&with(labels, "status", status)).inc();
            }
            Event::Waiting { store, family, pause } => {
                let labels = asked(store, family.as_str());
                self.waits.get_or_create(&labels).inc();
                self.waited.get_or_create(&labels).inc_by(pause.as_secs_f64());
            }
            _ => {}
        }
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// OpenMetrics' text as Prometheus' own: there, a counter and an info are called in full in their heads as well.
fn prometheus(open_metrics: &str) -> String {
    let mut text = String::with_capacity(open_metrics.len());
    let mut help = None;
    for line in open_metrics.lines() {
        let mut words = line.splitn(4, ' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("#"), Some("HELP"), Some(_), said) => help = said,
            (Some("#"), Some("TYPE"), Some(name), Some(kind)) => {
                let (name, kind) = match kind {
                    "counter" => (format!("{name}_total"), kind),
                    "info" => (format!("{name}_info"), "gauge"),
                    _ => (name.to_owned(), kind),
                };
                if let Some(help) = help.take() {
                    text += &format!("# HELP {name} {help}\n");
                }
                text += &format!("# TYPE {name} {kind}\n");
            }
            (Some("#"), ..) => {}
            _ => {
                let (name, rest) = line.split_at(line.find(['{', ' ']).unwrap_or(line.len()));
                text += name;
                text += rest.strip_prefix("{}").unwrap_or(rest);
                text.push('\n');
            }
        }
    }
    text
}

/// A gauge of whole or broken numbers, by labels.
pub type Level = Family<Labels, Gauge<f64, AtomicU64>>;

/// Registers a gauge under its name.
pub fn level(registry: &mut Registry, name: &str, help: &str) -> Level {
    told(registry, name, help, Level::default())
}
