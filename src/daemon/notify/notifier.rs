//! All receivers: each hears of every round, and none is waited for.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::notice::Round;
use super::receiver::{Receiver, Retries};
use super::webhook;
use crate::config::{Channel, NotifySettings};
use crate::settings::{SettingsFault, TablePath};

/// Tells every receiver what it wants to hear; its clones are the same.
#[derive(Debug, Clone)]
pub struct Notifier(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    receivers: Mutex<Vec<Arc<Receiver>>>,
    retries: Retries,
}

/// How many messages went how to one receiver.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Told {
    /// They arrived.
    pub sent: u64,
    /// They did not, however often they were tried.
    pub failed: u64,
    /// They were never tried: too many waited.
    pub dropped: u64,
}

impl Notifier {
    /// Starts a worker for each receiver; needs a runtime.
    pub fn start(settings: Vec<NotifySettings>) -> Self {
        Self::start_with(settings, Retries::default())
    }

    /// The same, with other pauses between attempts.
    pub fn start_with(settings: Vec<NotifySettings>, retries: Retries) -> Self {
        let notifier = Self(Arc::new(Shared { receivers: Mutex::default(), retries }));
        notifier.replace(settings);
        notifier
    }

    /// What cannot work as the config, and what it refers to, stand now: the key, and why.
    pub fn faults(settings: &[NotifySettings]) -> Vec<SettingsFault> {
        let fault = |settings: &NotifySettings| match &settings.channel {
            Channel::Slack(to) | Channel::Json(to) => webhook::address(to).err().map(|problem| {
                let path = TablePath::default().key("notify").key(&settings.name);
                SettingsFault::new(path.to_string(), problem.words)
            }),
            Channel::Command(..) => None,
        };
        settings.iter().filter_map(fault).collect()
    }

    /// Puts other receivers in the place of these; one that stays as it is keeps its queue, and what it was told.
    pub fn replace(&self, settings: Vec<NotifySettings>) {
        let mut receivers = self.receivers();
        let mut old = std::mem::take(&mut *receivers);
        for settings in settings {
            let kept = old.iter().position(|receiver| receiver.settings == settings).map(|at| old.swap_remove(at));
            receivers.push(kept.unwrap_or_else(|| self.begun(settings)));
        }
        for gone in old {
            gone.stop.cancel();
        }
    }

    fn begun(&self, settings: NotifySettings) -> Arc<Receiver> {
        let receiver = Arc::new(Receiver::new(settings, self.0.retries.clone()));
        let worker = Arc::clone(&receiver);
        tokio::spawn(async move { worker.work().await });
        receiver
    }

    /// Tells what there is to say; never waits.
    pub fn tell(&self, round: &Round) {
        for receiver in self.receivers().iter() {
            receiver.hear(round);
        }
    }

    /// How it went so far, by receiver.
    pub fn told(&self) -> BTreeMap<String, Told> {
        let told = |receiver: &Arc<Receiver>| {
            let counts = &receiver.counts;
            let [sent, failed, dropped] =
                [&counts.sent, &counts.failed, &counts.dropped].map(|count| count.load(Ordering::Relaxed));
            (receiver.settings.name.clone(), Told { sent, failed, dropped })
        };
        self.receivers().iter().map(told).collect()
    }

    /// Waits until nothing is on its way any more, at most so long, and ends.
    pub async fn finish(&self, within: Duration) {
        let end = Instant::now() + within;
        while Instant::now() < end && !self.is_quiet() {
            sleep(Duration::from_millis(20)).await;
        }
        self.replace(Vec::new());
    }

    /// Whether nothing waits and nothing is on its way.
    pub fn is_quiet(&self) -> bool {
        self.receivers().iter().all(|receiver| receiver.is_quiet())
    }

    fn receivers(&self) -> MutexGuard<'_, Vec<Arc<Receiver>>> {
        self.0.receivers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        for receiver in self.receivers.get_mut().unwrap_or_else(PoisonError::into_inner) {
            receiver.stop.cancel();
        }
    }
}
