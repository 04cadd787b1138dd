//! What a receiver has been told, so that it hears of the same trouble once, again after a while, and of its end.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use super::notice::{Notice, Round, Subject};
use crate::config::Topic;

/// What one receiver has been told.
#[derive(Debug, Default)]
pub struct Memory(BTreeMap<(Subject, Topic), Told>);

#[derive(Debug, Clone, Copy)]
struct Told {
    mark: u64,
    at: Instant,
    stays: bool,
}

/// No notice has it: what bears it was not told after all.
const NOT_TOLD: u64 = 0;

impl Memory {
    /// Picks from `round` what the receiver has not been told yet, or not for `repeat`.
    ///
    /// The flag says that it is told again although nothing changed.
    pub fn judge(&mut self, round: Round, on: &BTreeSet<Topic>, now: Instant, repeat: Duration) -> Vec<(Notice, bool)> {
        let Round { subject, notices, whole } = round;
        let (recovered, trouble): (Vec<_>, Vec<_>) = notices
            .into_iter()
            .filter(|notice| on.contains(&notice.topic))
            .partition(|notice| notice.topic == Topic::Recovered);
        let mut over: BTreeSet<Topic> = recovered.iter().flat_map(|notice| &notice.over).copied().collect();
        let run = trouble.iter().chain(&recovered).find_map(|notice| notice.run.clone());
        if whole {
            over.extend(self.forget_all_but(&subject, &trouble));
        }
        let stays = trouble.iter().any(|notice| notice.stays);
        let mut telling: Vec<_> = trouble.into_iter().filter_map(|notice| self.admit(notice, now, repeat)).collect();
        over.retain(|topic| on.contains(topic));
        if !stays && !over.is_empty() && on.contains(&Topic::Recovered) {
            telling.push((Notice::recovered(subject, run, over), false));
        }
        telling
    }

    /// Takes back that a notice was told: it never arrived.
    pub fn take_back(&mut self, notice: &Notice) {
        if let Some(told) = self.0.get_mut(&(notice.subject.clone(), notice.topic)) {
            told.mark = NOT_TOLD;
        }
    }

    fn admit(&mut self, notice: Notice, now: Instant, repeat: Duration) -> Option<(Notice, bool)> {
        let told = Told { mark: notice.mark, at: now, stays: notice.stays };
        let place = (notice.subject.clone(), notice.topic);
        match self.0.get(&place) {
            Some(before) if before.mark == notice.mark => {
                let is_due = now.duration_since(before.at) >= repeat;
                is_due.then(|| {
                    self.0.insert(place, told);
                    (notice, true)
                })
            }
            Some(_) => {
                self.0.insert(place, told);
                Some((notice, false))
            }
            None => {
                self.0.insert(place, told);
                (!notice.known).then_some((notice, false))
            }
        }
    }

    /// Forgets what is over, and gives the topics whose end is worth telling.
    fn forget_all_but(&mut self, subject: &Subject, trouble: &[Notice]) -> BTreeSet<Topic> {
        let still: BTreeSet<_> = trouble.iter().map(|notice| notice.topic).collect();
        let mut over = BTreeSet::new();
        self.0.retain(|(of, topic), told| {
            let stays = of != subject || still.contains(topic);
            // Of what it never heard, it need not hear the end.
            if !stays && told.stays && told.mark != NOT_TOLD {
                over.insert(*topic);
            }
            stays
        });
        over
    }
}
