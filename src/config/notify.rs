//! The `[notify.x]` tables: who is told of what goes wrong with the daemon's jobs, and how.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use globset::Glob;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use crate::reference::Reference;
use crate::settings::{DurationText, Faults, RawReference, SettingsFault, read_table, references, suggestion};

const KIND: &str = "kind";
const KINDS: [&str; 3] = ["slack", "json", "command"];

/// One receiver of notices, without a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotifySettings {
    /// Its name in the config.
    pub name: String,
    /// How it is told.
    pub channel: Channel,
    /// What it is told of; everything.
    pub on: BTreeSet<Topic>,
    /// Globs over the jobs it is told of; all.
    pub jobs: Vec<String>,
    /// The longest one attempt to tell it may take; 10 seconds.
    pub timeout: Duration,
    /// After how long trouble that stays is told again; 24 hours.
    pub repeat: Duration,
}

/// How a receiver is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Channel {
    /// A webhook that takes Slack's messages.
    Slack(Webhook),
    /// A webhook that takes our own JSON.
    Json(Webhook),
    /// A program, and its arguments; it reads the JSON from its standard input.
    Command(PathBuf, Vec<String>),
}

/// Where a webhook is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its URL; a secret, as whoever knows it may post there.
    pub url: Reference,
    /// What messages are signed with; not signed without.
    pub secret: Option<Reference>,
    /// Whether messages may travel unencrypted to another host.
    pub allow_plain_http: bool,
}

/// What a receiver is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// A run failed, as a whole or for some keys.
    RunFailed,
    /// Keys were blocked.
    Blocked,
    /// Source rows cannot be read.
    Quarantined,
    /// A guard refused the deletes of a run.
    Guard,
    /// The target was changed behind our back.
    Drift,
    /// What we are known by to a store ends soon.
    TokenExpires,
    /// All is well again.
    Recovered,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct SlackTable {
    url: Reference,
    #[serde(default)]
    allow_plain_http: bool,
    on: Option<BTreeSet<Topic>>,
    jobs: Option<Vec<String>>,
    timeout: Option<DurationText>,
    repeat: Option<DurationText>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct JsonTable {
    url: Reference,
    secret: Option<Reference>,
    #[serde(default)]
    allow_plain_http: bool,
    on: Option<BTreeSet<Topic>>,
    jobs: Option<Vec<String>>,
    timeout: Option<DurationText>,
    repeat: Option<DurationText>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct CommandTable {
    command: Vec<String>,
    on: Option<BTreeSet<Topic>>,
    jobs: Option<Vec<String>>,
    timeout: Option<DurationText>,
    repeat: Option<DurationText>,
}

impl Topic {
    /// Every topic, in the order of the manual.
    pub const ALL: [Self; 7] = [
        Self::RunFailed,
        Self::Blocked,
        Self::Quarantined,
        Self::Guard,
        Self::Drift,
        Self::TokenExpires,
        Self::Recovered,
    ];

    /// The word used in the config and in messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RunFailed => "run-failed",
            Self::Blocked => "blocked",
            Self::Quarantined => "quarantined",
            Self::Guard => "guard",
            Self::Drift => "drift",
            Self::TokenExpires => "token-expires",
            Self::Recovered => "recovered",
        }
    }
}

impl NotifySettings {
    /// Reads the table; every fault of it at once.
    pub(super) fn read(name: &str, mut table: Table, folder: &Path) -> Result<Self, Vec<SettingsFault>> {
        let settings = match take_kind(&mut table).map_err(|fault| vec![fault])? {
            "slack" => read_table::<SlackTable>(table)?.settings(name, folder),
            "json" => read_table::<JsonTable>(table)?.settings(name, folder),
            _ => read_table::<CommandTable>(table)?.settings(name, folder),
        };
        let mut faults = Faults::default();
        settings.check(&mut faults);
        if faults.0.is_empty() { Ok(settings) } else { Err(faults.0) }
    }

    /// Lists where a sound table refers to secrets outside of it.
    pub(super) fn references(mut table: Table) -> Vec<RawReference> {
        fn of<T: DeserializeOwned>(table: Table) -> Vec<RawReference> {
            references::<T>(table)
        }
        match take_kind(&mut table) {
            Ok("slack") => of::<SlackTable>(table),
            Ok("json") => of::<JsonTable>(table),
            _ => Vec::new(),
        }
    }

    /// Tells whether a job is one that it is told of.
    pub fn is_about(&self, job: &str) -> bool {
        let matches = |glob: &String| Glob::new(glob).is_ok_and(|glob| glob.compile_matcher().is_match(job));
        self.jobs.iter().any(matches)
    }

    fn new(name: &str, channel: Channel, on: Option<BTreeSet<Topic>>, jobs: Option<Vec<String>>) -> Self {
        Self {
            name: name.to_owned(),
            channel,
            on: on.unwrap_or_else(|| Topic::ALL.into()),
            jobs: jobs.unwrap_or_else(|| vec!["*".to_owned()]),
            timeout: Duration::from_secs(10),
            repeat: Duration::from_secs(24 * 60 * 60),
        }
    }

    fn within(mut self, timeout: Option<DurationText>, repeat: Option<DurationText>) -> Self {
        self.timeout = timeout.map_or(self.timeout, |given| given.0);
        self.repeat = repeat.map_or(self.repeat, |given| given.0);
        self
    }

    fn check(&self, faults: &mut Faults) {
        if self.on.is_empty() {
            faults.add("on", "it would never be told of anything", "leave the key out, or take the table away");
        }
        for (position, glob) in self.jobs.iter().enumerate() {
            if let Err(error) = Glob::new(glob) {
                faults.add(&format!("jobs[{position}]"), error.kind().to_string(), "write a glob such as \"prod-*\"");
            }
        }
        if self.timeout.is_zero() || self.timeout > Duration::from_secs(5 * 60) {
            faults.add("timeout", "expected more than nothing and at most \"5m\"", "write \"10s\"");
        }
        if let Channel::Command(program, _) = &self.channel
            && !program.is_absolute()
        {
            let hint = "write the program's whole path first, such as [\"/usr/local/bin/tell\", \"--loud\"]; no shell is involved";
            faults.add("command", "the first of these is no absolute path", hint);
        }
    }
}

impl SlackTable {
    fn settings(self, name: &str, folder: &Path) -> NotifySettings {
        let Self { url, allow_plain_http, on, jobs, timeout, repeat } = self;
        let webhook = Webhook { url: url.relative_to(folder), secret: None, allow_plain_http };
        NotifySettings::new(name, Channel::Slack(webhook), on, jobs).within(timeout, repeat)
    }
}

impl JsonTable {
    fn settings(self, name: &str, folder: &Path) -> NotifySettings {
        let Self { url, secret, allow_plain_http, on, jobs, timeout, repeat } = self;
        let secret = secret.map(|secret| secret.relative_to(folder));
        let webhook = Webhook { url: url.relative_to(folder), secret, allow_plain_http };
        NotifySettings::new(name, Channel::Json(webhook), on, jobs).within(timeout, repeat)
    }
}

impl CommandTable {
    fn settings(self, name: &str, folder: &Path) -> NotifySettings {
        let Self { command, on, jobs, timeout, repeat } = self;
        let mut words = command.into_iter();
        let program = words.next().map(PathBuf::from).unwrap_or_default();
        // `./tell` lies beside the config; a bare word would be looked for in whatever PATH the daemon has.
        let beside = program.components().count() > 1 || program.starts_with(".");
        let program = if beside { std::path::absolute(folder.join(&program)).unwrap_or(program) } else { program };
        NotifySettings::new(name, Channel::Command(program, words.collect()), on, jobs).within(timeout, repeat)
    }
}

fn take_kind(table: &mut Table) -> Result<&'static str, SettingsFault> {
    match table.remove(KIND) {
        Some(Value::String(word)) => {
            let unknown = || SettingsFault::new(KIND, "expected a word known here").with_hint(suggestion(&word, KINDS));
            KINDS.into_iter().find(|kind| *kind == word).ok_or_else(unknown)
        }
        Some(_) => Err(SettingsFault::new(KIND, "expected a string")),
        None => {
            let fault = SettingsFault::new(KIND, "this key is required");
            Err(fault.with_hint(format!("one of: {}", KINDS.join(", "))))
        }
    }
}
