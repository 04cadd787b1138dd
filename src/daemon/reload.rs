//! Watches the config's file and reads it again, as a whole: a bad one is refused, and the one that is worked by stays.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::config::{Config, ConfigError, load};
use crate::settings::SettingsFault;

/// How often the file is looked at. It is read rather than watched: Kubernetes swaps links, editors rename.
const EVERY: Duration = Duration::from_secs(2);

/// What reading the config again gave.
#[derive(Debug)]
pub enum Reload {
    /// It is good; what only a start looks at is as it was.
    Accepted {
        /// The new config.
        config: Box<Config>,
        /// What is different, by the names of keys.
        changes: Vec<String>,
    },
    /// It says what it said before.
    Unchanged,
    /// It is not good.
    Refused(Vec<ConfigError>),
}

/// Looks at the file now and then.
#[derive(Debug)]
pub struct Watch {
    file: PathBuf,
    ticks: Interval,
    /// What lay there when it was last judged; `None` where nothing could be read.
    judged: Option<[u8; 32]>,
    /// What lay there at the last look: who is still writing is given time.
    seen: Option<[u8; 32]>,
}

impl Watch {
    /// Watches the file that `config` came from; needs a runtime.
    pub fn begin(config: &Config) -> Self {
        Self::begin_every(config, EVERY)
    }

    /// The same, with another pause between looks.
    pub fn begin_every(config: &Config, every: Duration) -> Self {
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let now = digest(&config.file);
        // What was written between the reading of `config` and now is not judged yet.
        let judged = now.filter(|now| crate::model::hex(now) == config.digest);
        Self { file: config.file.clone(), ticks, judged, seen: judged }
    }

    /// Waits until the file says something else than when it was last judged, and judges it. Nothing is lost where the wait is given up.
    pub async fn changed(&mut self, old: &Config) -> Reload {
        loop {
            self.ticks.tick().await;
            let now = digest(&self.file);
            let settled = std::mem::replace(&mut self.seen, now) == now;
            // Seen twice: a file that is gone for a moment is one that is being replaced.
            if settled && now != self.judged {
                return self.judge(old);
            }
        }
    }

    /// Reads the file now, as somebody asked for that.
    pub async fn reload(&mut self, old: &Config) -> Reload {
        self.judge(old)
    }

    fn judge(&mut self, old: &Config) -> Reload {
        self.judged = digest(&self.file);
        self.seen = self.judged;
        match load(Some(&self.file)) {
            Err(errors) => Reload::Refused(errors),
            Ok(new) => judged(new, old),
        }
    }
}

fn judged(new: Config, old: &Config) -> Reload {
    let missing = newly_missing(&new, old);
    if !missing.is_empty() {
        return Reload::Refused(missing);
    }
    let changes = old.changes_to(&new);
    if changes.is_empty() && new.digest == old.digest {
        return Reload::Unchanged;
    }
    Reload::Accepted { config: Box::new(new.started_as(old)), changes }
}

/// Secrets that it refers to and that are not there; what was missing before is no fault of the change.
fn newly_missing(new: &Config, old: &Config) -> Vec<ConfigError> {
    let before = old.missing_references();
    let missing = new.missing_references().into_iter().filter(|missing| !before.contains(missing));
    missing
        .map(|missing| {
            let fault = SettingsFault::new(missing.path, missing.problem.to_string());
            ConfigError::new(&new.file, fault.with_hint("set it, or correct the reference"))
        })
        .collect()
}

fn digest(file: &Path) -> Option<[u8; 32]> {
    let bytes = fs::read(file).ok()?;
    // As the config's own digest: a byte order mark is no part of the text.
    let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes);
    Some(Sha256::digest(text).into())
}
