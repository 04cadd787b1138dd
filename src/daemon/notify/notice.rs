//! What there is to say after a run, or of a store; pure. Holds names and words of the closed lists, never a value.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::time::Duration;

use jiff::Timestamp;

use crate::config::Topic;
use crate::engine::{RunReport, RunStatus, StepOutcome};
use crate::ledger::{REMARKS, Remark, Standing};
use crate::model::{Outcome, Reason, TokenLife};

/// The most keys that a notice names.
pub const NAMED: usize = 20;
/// The most characters of a name or of an error that are told.
const LONGEST: usize = 300;

/// What a notice is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A job on one of its targets.
    Job {
        /// The job.
        job: String,
        /// The target's name in the config.
        target: String,
    },
    /// A store.
    Store {
        /// Its name in the config.
        store: String,
        /// The jobs that use it.
        jobs: Vec<String>,
    },
}

/// One thing to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Of what kind.
    pub topic: Topic,
    /// About what.
    pub subject: Subject,
    /// The run.
    pub run: Option<String>,
    /// What happened, one sentence.
    pub said: String,
    /// Why a run failed as a whole.
    pub error: Option<String>,
    /// The keys, at most [`NAMED`].
    pub keys: Vec<KeyNote>,
    /// How many more keys there are.
    pub more: usize,
    /// What is over, where all is well again.
    pub over: BTreeSet<Topic>,
    /// Whether it stays until it is mended, and its end is worth telling.
    pub stays: bool,
    /// Whether the run before left the very same behind, which was told then, perhaps by another daemon.
    pub known: bool,
    /// The same for the same trouble.
    pub mark: u64,
}

/// A key as it is told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyNote {
    /// Its name, with its kind.
    pub name: String,
    /// The word of its outcome.
    pub outcome: &'static str,
    /// The word of the reason.
    pub reason: &'static str,
}

/// All that there is to say of one subject at one moment: what is not among it is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Round {
    /// About what.
    pub subject: Subject,
    /// What is to be told.
    pub notices: Vec<Notice>,
    /// Whether what is not told of is over; not so after a run that was interrupted.
    pub whole: bool,
}

/// What there is to say after a run of a job that stood as `before` says.
///
/// `is_fine` tells which keys ended as the job is content with; of those nobody is told.
pub fn notices(report: &RunReport, is_fine: impl Fn(&StepOutcome) -> bool, before: Option<&Standing>) -> Round {
    let subject = Subject::Job { job: report.job.clone(), target: report.target.clone() };
    let mut keys: BTreeMap<Topic, BTreeSet<KeyNote>> = BTreeMap::new();
    for step in &report.outcomes {
        if let Some(topic) = topic_of(step, &is_fine, report.status) {
            keys.entry(topic).or_default().insert(KeyNote::of(step));
        }
    }
    let failed = matches!(report.status, RunStatus::Failed | RunStatus::Died);
    if failed {
        keys.entry(Topic::RunFailed).or_default();
    }
    let mut notices: Vec<_> = keys
        .into_iter()
        .map(|(topic, keys)| {
            let error = report.error.as_deref().filter(|_| topic == Topic::RunFailed);
            let known = error.is_none() && before.is_some_and(|before| is_known(topic, &keys, &before.remarks));
            let notice = Notice::new(topic, subject.clone(), report.run.clone());
            Notice { known, stays: stays(topic, &keys), ..notice.because(error, failed).naming(keys) }
        })
        .collect();
    let over = before.filter(|_| report.status == RunStatus::Succeeded).map(topics_of).unwrap_or_default();
    if !over.is_empty() && !notices.iter().any(|notice| notice.stays) {
        notices.push(Notice::recovered(subject.clone(), report.run.clone(), over));
    }
    Round { subject, notices, whole: report.status != RunStatus::Interrupted }
}

/// What there is to say of a run that failed before it had a plan.
pub fn failure(job: &str, target: &str, run: Option<&str>, error: &str) -> Round {
    let subject = Subject::Job { job: job.to_owned(), target: target.to_owned() };
    let notice = Notice::new(Topic::RunFailed, subject.clone(), run.map(str::to_owned)).because(Some(error), true);
    // Of keys it saw nothing: what was told of them stands.
    Round { subject, notices: vec![Notice { stays: true, ..notice.naming(BTreeSet::new()) }], whole: false }
}

/// What there is to say of the token of a store; nothing of one that is renewed or got anew without a person.
pub fn token(store: &str, jobs: &[String], life: &TokenLife, now: Timestamp, warning: Duration) -> Round {
    let subject = Subject::Store { store: store.to_owned(), jobs: jobs.to_vec() };
    let ends = life.pressing(now, warning).map(|left| {
        let notice = Notice::new(Topic::TokenExpires, subject.clone(), None);
        let said = match left.is_zero() {
            true => format!("What secretferry is known by to the store {store} has ended"),
            false => format!("What secretferry is known by to the store {store} ends in {}", words(left)),
        };
        Notice { said, stays: true, mark: mark(&[if left.is_zero() { "ended" } else { "ends" }]), ..notice }
    });
    Round { subject, notices: ends.into_iter().collect(), whole: true }
}

impl Notice {
    fn new(topic: Topic, subject: Subject, run: Option<String>) -> Self {
        Self {
            topic,
            subject,
            run,
            said: String::new(),
            error: None,
            keys: Vec::new(),
            more: 0,
            over: BTreeSet::new(),
            stays: false,
            known: false,
            mark: 0,
        }
    }

    /// All is well again.
    pub(super) fn recovered(subject: Subject, run: Option<String>, over: BTreeSet<Topic>) -> Self {
        let said = match &subject {
            Subject::Job { job, target } => format!("Job {job} on {target} is well again"),
            Subject::Store { store, .. } => format!("The store {store} is well again"),
        };
        Self { said, over, ..Self::new(Topic::Recovered, subject, run) }
    }

    fn because(mut self, error: Option<&str>, failed: bool) -> Self {
        self.error = error.map(cut);
        if failed {
            // An error tells of durations and ids of requests, which are others each time.
            let lasting = |word: &&str| !word.contains(|character: char| character.is_ascii_digit());
            let lasting: Vec<_> = error.unwrap_or("failed").split_whitespace().filter(lasting).collect();
            self.mark = mark(&lasting);
        }
        self
    }

    fn naming(mut self, keys: BTreeSet<KeyNote>) -> Self {
        self.said = self.sentence(keys.len());
        self.mark ^= mark(&keys);
        self.more = keys.len().saturating_sub(NAMED);
        self.keys = keys.into_iter().take(NAMED).map(|key| KeyNote { name: cut(&key.name), ..key }).collect();
        self
    }

    fn sentence(&self, keys: usize) -> String {
        let Subject::Job { job, target } = &self.subject else { return String::new() };
        let (keys, were) = if keys == 1 { ("1 key".to_owned(), "was") } else { (format!("{keys} keys"), "were") };
        let what = match self.topic {
            Topic::RunFailed if self.mark != 0 => "the run failed".to_owned(),
            Topic::RunFailed => format!("{keys} failed"),
            Topic::Blocked => format!("{keys} {were} blocked"),
            Topic::Quarantined => format!("{keys} cannot be read from the source"),
            Topic::Guard => format!("a guard stopped the deletes of {keys}"),
            Topic::Drift => format!("{keys} {were} changed behind our back"),
            Topic::TokenExpires | Topic::Recovered => String::new(),
        };
        format!("Job {job} on {target}: {what}")
    }
}

impl KeyNote {
    fn of(step: &StepOutcome) -> Self {
        let (outcome, reason) = (step.outcome.as_str(), step.reason.as_str());
        Self { name: step.name.to_string(), outcome, reason }
    }
}

fn topic_of(step: &StepOutcome, is_fine: impl Fn(&StepOutcome) -> bool, status: RunStatus) -> Option<Topic> {
    let topic = topic(step.outcome, step.reason)?;
    let is_drained = step.outcome == Outcome::NotStarted && status == RunStatus::Interrupted;
    let is_fine = !step.outcome.is_good() && is_fine(step);
    (!is_drained && !is_fine).then_some(topic)
}

fn topic(outcome: Outcome, reason: Reason) -> Option<Topic> {
    match (outcome, reason) {
        (Outcome::Failed | Outcome::Unknown | Outcome::Conflict | Outcome::NotStarted, _) => Some(Topic::RunFailed),
        (_, Reason::Drift | Reason::DriftDeleted | Reason::DriftKept | Reason::DriftRestored) => Some(Topic::Drift),
        (Outcome::Blocked, Reason::DeleteGuard | Reason::ShrinkGuard) => Some(Topic::Guard),
        (Outcome::Blocked, _) => Some(Topic::Blocked),
        (Outcome::Quarantined, _) => Some(Topic::Quarantined),
        _ => None,
    }
}

/// Drift that was mended, or may stay, needs nobody.
fn stays(topic: Topic, keys: &BTreeSet<KeyNote>) -> bool {
    topic != Topic::Drift || keys.iter().any(|key| key.outcome == Outcome::Blocked.as_str())
}

/// What the run before left behind.
fn remembered(remark: &Remark) -> Option<(Topic, KeyNote)> {
    let (outcome, reason) = (Outcome::parse(&remark.outcome)?, Reason::parse(&remark.reason)?);
    let name = remark.name.clone();
    Some((topic(outcome, reason)?, KeyNote { name, outcome: outcome.as_str(), reason: reason.as_str() }))
}

fn topics_of(before: &Standing) -> BTreeSet<Topic> {
    before.remarks.iter().filter_map(remembered).map(|(topic, _)| topic).collect()
}

fn is_known(topic: Topic, keys: &BTreeSet<KeyNote>, before: &[Remark]) -> bool {
    let of_topic = before.iter().filter_map(remembered).filter(|(known, _)| *known == topic).map(|(_, key)| key);
    let then: BTreeSet<_> = of_topic.collect();
    // A ledger that names no more keys may have left some of them out.
    let is_full = before.len() >= REMARKS;
    !then.is_empty() && (then == *keys || is_full && then.is_subset(keys))
}

fn mark(of: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    // Nothing at all has the mark 0.
    hasher.finish() | 1
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn words(left: Duration) -> String {
    match left.as_secs() {
        seconds @ 0..120 => format!("{seconds} seconds"),
        seconds @ 120..7200 => format!("{} minutes", seconds / 60),
        seconds @ 7200..172_800 => format!("{} hours", seconds / 3600),
        seconds => format!("{} days", seconds / 86_400),
    }
}
