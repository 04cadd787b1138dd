//! One receiver: its bounded queue, and the worker that empties it at the receiver's own speed.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::memory::Memory;
use super::message::{Message, json, slack};
use super::notice::{Round, Subject};
use super::{command, webhook};
use crate::config::{Channel, NotifySettings};

/// The most messages that wait; then the oldest is dropped, and counted.
pub(super) const WAITING: usize = 100;

/// How often, and after which pauses, a message is tried again.
#[derive(Debug, Clone)]
pub struct Retries(pub Vec<Duration>);

impl Default for Retries {
    fn default() -> Self {
        Self([1, 5, 30].map(Duration::from_secs).into())
    }
}

/// Why a message did not arrive. Never holds the URL.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) words: String,
    /// Whether another attempt may go better.
    pub(super) passes: bool,
    /// How long the receiver asks us to wait.
    pub(super) wait: Option<Duration>,
}

impl Problem {
    pub(super) fn passing(words: impl Into<String>) -> Self {
        Self { words: words.into(), passes: true, wait: None }
    }

    pub(super) fn lasting(words: impl Into<String>) -> Self {
        Self { passes: false, ..Self::passing(words) }
    }
}

/// One receiver of notices.
#[derive(Debug)]
pub(super) struct Receiver {
    pub(super) settings: NotifySettings,
    pub(super) counts: Counts,
    pub(super) stop: CancellationToken,
    retries: Retries,
    memory: Mutex<Memory>,
    queue: Mutex<Queue>,
    bell: Notify,
    /// Made when it is first needed: it reads the machine's certificate authorities.
    client: OnceLock<reqwest::Client>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Message>,
    is_busy: bool,
}

#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) sent: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) dropped: AtomicU64,
}

impl Receiver {
    pub(super) fn new(settings: NotifySettings, retries: Retries) -> Self {
        Self {
            settings,
            counts: Counts::default(),
            stop: CancellationToken::new(),
            retries,
            memory: Mutex::default(),
            queue: Mutex::default(),
            bell: Notify::new(),
            client: OnceLock::new(),
        }
    }

    /// Puts into the queue what the receiver should hear; never waits.
    pub(super) fn hear(&self, round: &Round) {
        let concerned = match &round.subject {
            Subject::Job { job, .. } => self.settings.is_about(job),
            Subject::Store { jobs, .. } => jobs.is_empty() || jobs.iter().any(|job| self.settings.is_about(job)),
        };
        if !concerned {
            return;
        }
        let NotifySettings { on, repeat, .. } = &self.settings;
        let telling = locked(&self.memory).judge(round.clone(), on, Instant::now(), *repeat);
        for (notice, again) in telling {
            self.put(Message { notice, id: Uuid::now_v7().to_string(), at: Timestamp::now(), again });
        }
    }

    fn put(&self, message: Message) {
        let mut queue = locked(&self.queue);
        let dropped = if queue.waiting.len() >= WAITING { queue.waiting.pop_front() } else { None };
        queue.waiting.push_back(message);
        drop(queue);
        self.bell.notify_one();
        if let Some(dropped) = dropped {
            self.counts.dropped.fetch_add(1, Ordering::Relaxed);
            locked(&self.memory).take_back(&dropped.notice);
            tracing::warn!(
                receiver = self.settings.name,
                topic = dropped.notice.topic.as_str(),
                "a notice was dropped: too many wait"
            );
        }
    }

    /// Whether nothing waits and nothing is on its way.
    pub(super) fn is_quiet(&self) -> bool {
        let queue = locked(&self.queue);
        queue.waiting.is_empty() && !queue.is_busy
    }

    /// Sends what waits, one after the other, until it is told to stop.
    pub(super) async fn work(&self) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = self.empty() => {}
        }
    }

    async fn empty(&self) {
        loop {
            let Some(message) = self.next() else {
                self.bell.notified().await;
                continue;
            };
            let (receiver, topic) = (&self.settings.name, message.notice.topic.as_str());
            match self.deliver(&message).await {
                Ok(()) => {
                    self.counts.sent.fetch_add(1, Ordering::Relaxed);
                    tracing::debug!(receiver, topic, id = message.id, "a notice was delivered");
                }
                Err(problem) => {
                    self.counts.failed.fetch_add(1, Ordering::Relaxed);
                    locked(&self.memory).take_back(&message.notice);
                    tracing::warn!(receiver, topic, problem = problem.words, "a notice could not be delivered");
                }
            }
            locked(&self.queue).is_busy = false;
        }
    }

    fn next(&self) -> Option<Message> {
        let mut queue = locked(&self.queue);
        let next = queue.waiting.pop_front();
        queue.is_busy = next.is_some();
        next
    }

    async fn deliver(&self, message: &Message) -> Result<(), Problem> {
        let mut pauses = self.retries.0.iter();
        loop {
            let Err(problem) = self.attempt(message).await else { return Ok(()) };
            let Some(pause) = pauses.next().filter(|_| problem.passes) else { return Err(problem) };
            sleep(problem.wait.unwrap_or_default().max(*pause)).await;
        }
    }

    fn client(&self) -> Result<&reqwest::Client, Problem> {
        if self.client.get().is_none() {
            let _ = self.client.set(webhook::client(self.settings.timeout)?);
        }
        Ok(self.client.get().expect("it was just made"))
    }

    async fn attempt(&self, message: &Message) -> Result<(), Problem> {
        let within = self.settings.timeout;
        match &self.settings.channel {
            Channel::Slack(to) => webhook::post(self.client()?, to, slack(message)).await,
            Channel::Json(to) => webhook::post(self.client()?, to, json(message)).await,
            Channel::Command(program, words) => command::run(program, words, within, json(message)).await,
        }
    }
}

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
