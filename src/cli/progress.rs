//! Progress on a terminal: one bar a stage, with rate and remaining time; silent anywhere else.

use std::sync::{Mutex, PoisonError};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::model::{Event, Finding, Observer, Stage};

const COUNTED: &str = "{prefix:>10} {bar:24} {pos}/{len} {msg} {rate:.dim}, {eta} left";
const OPEN: &str = "{prefix:>10} {spinner} {msg}";

/// Shows stages as bars, logs what happens, and keeps what a person should hear.
pub struct Progress {
    bars: Bars,
    stages: Mutex<Vec<(Stage, ProgressBar)>>,
    findings: Mutex<Vec<Finding>>,
}

/// Whether bars are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bars {
    /// On standard error, which is a terminal.
    Drawn,
    /// Nowhere.
    Hidden,
}

impl Progress {
    /// Watches with or without bars.
    pub fn new(bars: Bars) -> Self {
        Self { bars, stages: Mutex::default(), findings: Mutex::default() }
    }

    /// Takes what a person should hear, each thing once.
    pub fn take_findings(&self) -> Vec<Finding> {
        std::mem::take(&mut *self.findings.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn begin(&self, stage: Stage, store: &str, total: Option<u64>) {
        let drawn = if total == Some(0) { ProgressDrawTarget::hidden() } else { self.target() };
        let bar = ProgressBar::with_draw_target(total, drawn);
        let template = if total.is_some() { COUNTED } else { OPEN };
        let style = ProgressStyle::with_template(template).expect("the template is sound");
        bar.set_style(style.with_key("rate", rate));
        bar.set_prefix(stage.as_str());
        bar.set_message(store.to_owned());
        self.with_stages(|stages| stages.push((stage, bar)));
    }

    fn target(&self) -> ProgressDrawTarget {
        match self.bars {
            Bars::Drawn => ProgressDrawTarget::stderr(),
            Bars::Hidden => ProgressDrawTarget::hidden(),
        }
    }

    fn with_stages<T>(&self, act: impl FnOnce(&mut Vec<(Stage, ProgressBar)>) -> T) -> T {
        act(&mut self.stages.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn found(&self, finding: &Finding) {
        let mut findings = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
        if !findings.contains(finding) {
            findings.push(finding.clone());
        }
    }
}

/// Keys a second, whole: their fractions tell nothing and jump about.
fn rate(state: &ProgressState, text: &mut dyn std::fmt::Write) {
    // Writing to a text that is about to be drawn does not fail.
    let _ = write!(text, "{:.0}/s", state.per_sec());
}

impl Observer for Progress {
    fn observe(&self, event: &Event) {
        match event {
            Event::StageStarted { stage, store, total } => self.begin(*stage, store, *total),
            Event::StageAdvanced { stage, keys } => self.with_stages(|stages| {
                if let Some((_, bar)) = stages.iter().rev().find(|(running, _)| running == stage) {
                    bar.inc(*keys);
                }
            }),
            Event::StageEnded { stage } => self.with_stages(|stages| {
                if let Some(index) = stages.iter().rposition(|(running, _)| running == stage) {
                    stages.remove(index).1.finish_and_clear();
                }
            }),
            Event::Found(finding) => self.found(finding),
            Event::StepEnded { name, action, outcome, reason } => {
                tracing::info!(%name, %action, %outcome, %reason, "step ended");
            }
            Event::Called { store, family, took, error } => {
                let (family, milliseconds) = (family.as_str(), took.as_millis() as u64);
                match error {
                    None => tracing::debug!(store, family, milliseconds, "request answered"),
                    Some(kind) => tracing::debug!(store, family, milliseconds, %kind, "request failed"),
                }
            }
            Event::Waiting { store, family, pause } => {
                tracing::info!(store, family = family.as_str(), milliseconds = pause.as_millis() as u64, "waiting");
            }
            Event::TokenLife { store, life } => {
                let ends = life.ends.map_or_else(|| "never".to_owned(), |ends| ends.to_string());
                tracing::debug!(store, ends, upkeep = life.upkeep.as_str(), "token known");
            }
        }
    }
}
