//! A notice as it is sent: our own JSON, and Slack's. Pure.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::Serialize;

use super::notice::{KeyNote, Notice, Subject};
use crate::model::shown;

/// A notice on its way to one receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What is told.
    pub notice: Notice,
    /// The same in every attempt to tell it.
    pub id: String,
    /// When it came up.
    pub at: Timestamp,
    /// Whether it was told before, and stays.
    pub again: bool,
}

#[derive(Serialize)]
struct Body<'a> {
    schema: &'static str,
    id: &'a str,
    at: String,
    topic: &'static str,
    again: bool,
    text: &'a str,
    job: Option<&'a str>,
    target: Option<&'a str>,
    store: Option<&'a str>,
    run: Option<&'a str>,
    error: Option<&'a str>,
    over: Vec<&'static str>,
    keys: Vec<Key<'a>>,
    more_keys: usize,
}

#[derive(Serialize)]
struct Key<'a> {
    name: &'a str,
    outcome: &'static str,
    reason: &'static str,
}

impl<'a> Key<'a> {
    fn of(key: &'a KeyNote) -> Self {
        Self { name: &key.name, outcome: key.outcome, reason: key.reason }
    }
}

/// `secretferry.notice/1`.
pub fn json(message: &Message) -> String {
    let Message { notice, id, at, again } = message;
    let (job, target, store) = match &notice.subject {
        Subject::Job { job, target } => (Some(job.as_str()), Some(target.as_str()), None),
        Subject::Store { store, .. } => (None, None, Some(store.as_str())),
    };
    let body = Body {
        schema: "secretferry.notice/1",
        id,
        at: at.to_string(),
        topic: notice.topic.as_str(),
        again: *again,
        text: &notice.said,
        job,
        target,
        store,
        run: notice.run.as_deref(),
        error: notice.error.as_deref(),
        over: notice.over.iter().map(|topic| topic.as_str()).collect(),
        keys: notice.keys.iter().map(Key::of).collect(),
        more_keys: notice.more,
    };
    serde_json::to_string(&body).expect("texts and numbers are JSON")
}

/// What a Slack webhook takes.
pub fn slack(message: &Message) -> String {
    let notice = &message.notice;
    let mut text = escaped(&notice.said);
    if message.again {
        text.push_str(" (still)");
    }
    if let Some(error) = &notice.error {
        let _ = write!(text, "\n{}", escaped(error));
    }
    for key in &notice.keys {
        let _ = write!(text, "\n• `{}`: {}, {}", escaped(&key.name).replace('`', "'"), key.outcome, key.reason);
    }
    if notice.more > 0 {
        let _ = write!(text, "\n… and {} more", notice.more);
    }
    if let Some(run) = &notice.run {
        let _ = write!(text, "\nRun {}", escaped(run));
    }
    serde_json::json!({ "text": text }).to_string()
}

/// Slack takes `<…>` for links and calls to everybody.
fn escaped(text: &str) -> String {
    shown(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
