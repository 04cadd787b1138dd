//! The `[jobs.x]` table: what is carried from where to where, and under which rules.

use std::collections::BTreeMap;
use std::time::Duration;

use globset::Glob;
use serde::Deserialize;
use toml::Table;

use super::mapping::{BARE_ID, MappingTable};
use super::overrides::{OverrideSettings, OverrideTable};
use super::policy::PolicyTable;
use super::schedule::ScheduleTable;
use crate::engine::{FormChoice, Schedule};
use crate::model::{Form, Kind, Reader};
use crate::naming::Mapping;
use crate::planner::{Depth, Policy};
use crate::settings::{DurationText, SettingsFault, read_table};

const DEEP_COMPARE_EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// One job, checked as far as its own table goes.
#[derive(Debug, Clone, PartialEq)]
pub struct JobSettings {
    /// Its name in the config.
    pub name: String,
    /// The store that is read.
    pub source: String,
    /// The stores that are written, each a leg of the job; never empty, none twice.
    pub targets: Vec<String>,
    /// What is carried.
    pub kinds: Vec<Kind>,
    /// Globs over the ids in scope; each is sound.
    pub include: Vec<String>,
    /// Globs over the ids out of scope; each is sound.
    pub exclude: Vec<String>,
    /// What the ids in scope are called in the target.
    pub mapping: Mapping,
    /// What is set in secrets on their way.
    pub overrides: OverrideSettings,
    /// How connections are written; `None` for the target's usual form.
    pub form: Option<FormChoice>,
    /// Who must read right what is written; never empty.
    pub readers: Vec<Reader>,
    /// How deep a run looks; `None` for the cheapest that proves "unchanged".
    pub depth: Option<Depth>,
    /// How often every value is compared where a target puts that off.
    pub deep_compare_every: Duration,
    /// Ids (`x`, or `connections/x`) whose block or quarantine is known and fine.
    pub accept: Vec<String>,
    /// Ids whose value really is `***`.
    pub allow_masked: Vec<String>,
    /// What a run may do to the target.
    pub policy: Policy,
    /// When the daemon runs it; `None` for a job that only people start.
    pub schedule: Option<Schedule>,
}

/// The table as it is written.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct JobTable {
    source: String,
    target: Option<String>,
    targets: Option<Vec<String>>,
    #[serde(default = "default_kinds")]
    kinds: Vec<KindWord>,
    #[serde(default = "default_include")]
    include: Vec<String>,
    #[serde(default)]
    exclude: Vec<String>,
    format: Option<FormWord>,
    #[serde(default = "default_readers")]
    readers: Vec<ReaderWord>,
    #[serde(default)]
    compare: CompareWord,
    #[serde(default = "default_deep_compare")]
    deep_compare_every: DurationText,
    #[serde(default)]
    accept: Vec<String>,
    #[serde(default)]
    allow_masked: Vec<String>,
    #[serde(default)]
    policy: PolicyTable,
    #[serde(default)]
    rename: BTreeMap<String, String>,
    #[serde(default)]
    strip_prefix: String,
    #[serde(default)]
    add_prefix: String,
    #[serde(default = "default_template")]
    template: String,
    #[serde(rename = "override", default)]
    overrides: BTreeMap<String, OverrideTable>,
    schedule: Option<ScheduleTable>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum KindWord {
    Connections,
    Variables,
    Configs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum FormWord {
    Fields,
    Json,
    Uri,
    Auto,
}

#[derive(Debug, Clone, Copy, Deserialize)]
enum ReaderWord {
    #[serde(rename = "airflow-2")]
    Airflow2,
    #[serde(rename = "airflow-3")]
    Airflow3,
    #[serde(rename = "airflow-3-worker")]
    Airflow3Worker,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum CompareWord {
    #[default]
    Auto,
    Listing,
    Metadata,
    Values,
}

fn default_kinds() -> Vec<KindWord> {
    vec![KindWord::Connections, KindWord::Variables]
}

fn default_include() -> Vec<String> {
    vec!["*".to_owned()]
}

fn default_template() -> String {
    BARE_ID.to_owned()
}

fn default_readers() -> Vec<ReaderWord> {
    vec![ReaderWord::Airflow2, ReaderWord::Airflow3, ReaderWord::Airflow3Worker]
}

fn default_deep_compare() -> DurationText {
    DurationText(DEEP_COMPARE_EVERY)
}

impl JobSettings {
    /// Tells whether a daemon runs it by itself.
    pub fn is_scheduled(&self) -> bool {
        self.schedule.is_some()
    }

    /// Reads a job's table; every fault of it at once.
    pub(super) fn read(name: &str, table: Table) -> Result<Self, Vec<SettingsFault>> {
        let table: JobTable = read_table(table)?;
        let mut faults = table.faults();
        let kinds: Vec<_> = table.kinds.iter().copied().map(Kind::from).collect();
        let mapping = table.mapping(&kinds, &mut faults);
        let overrides = OverrideSettings::read(&table.overrides, &kinds, &mut faults);
        let schedule = table.schedule.as_ref().and_then(|schedule| schedule.schedule(&mut faults));
        let targets = table.targets().map_err(|fault| faults.push(fault));
        match targets {
            Ok(targets) if faults.is_empty() => {
                Ok(JobSettings { schedule, ..table.settings(name, targets, mapping, overrides) })
            }
            _ => Err(faults),
        }
    }
}

impl JobTable {
    fn faults(&self) -> Vec<SettingsFault> {
        let globs = [("include", &self.include), ("exclude", &self.exclude)].into_iter().flat_map(glob_faults);
        self.empty_lists().into_iter().chain(globs).collect()
    }

    fn empty_lists(&self) -> Vec<SettingsFault> {
        let lists = [("kinds", self.kinds.len()), ("include", self.include.len()), ("readers", self.readers.len())];
        let empty = lists.into_iter().filter(|(_, length)| *length == 0);
        empty.map(|(key, _)| SettingsFault::new(key, "expected at least one")).collect()
    }

    fn mapping(&self, kinds: &[Kind], faults: &mut Vec<SettingsFault>) -> Mapping {
        let table = MappingTable {
            rename: &self.rename,
            strip_prefix: &self.strip_prefix,
            add_prefix: &self.add_prefix,
            template: &self.template,
        };
        table.mapping(kinds, faults)
    }

    fn targets(&self) -> Result<Vec<String>, SettingsFault> {
        match (&self.target, self.targets.as_deref()) {
            (Some(target), None) => Ok(vec![target.clone()]),
            (None, Some([])) => Err(SettingsFault::new("targets", "expected at least one")),
            (None, Some(targets)) => match twice(targets) {
                None => Ok(targets.to_vec()),
                Some(index) => {
                    let path = format!("targets[{index}]");
                    Err(SettingsFault::new(path, format!("{} is there twice", targets[index])))
                }
            },
            (Some(_), Some(_)) => Err(SettingsFault::new("targets", "target is given too; write one of the two")),
            (None, None) => Err(SettingsFault::new("target", "this key is required")),
        }
    }

    fn settings(self, name: &str, targets: Vec<String>, mapping: Mapping, overrides: OverrideSettings) -> JobSettings {
        JobSettings {
            name: name.to_owned(),
            source: self.source,
            targets,
            kinds: distinct(self.kinds.into_iter().map(Kind::from)),
            include: self.include,
            exclude: self.exclude,
            mapping,
            overrides,
            form: self.format.map(FormWord::form),
            readers: distinct(self.readers.into_iter().map(Reader::from)),
            depth: self.compare.depth(),
            deep_compare_every: self.deep_compare_every.0,
            accept: self.accept,
            allow_masked: self.allow_masked,
            policy: self.policy.into(),
            schedule: None,
        }
    }
}

fn glob_faults((key, patterns): (&str, &Vec<String>)) -> Vec<SettingsFault> {
    let fault = |(index, pattern): (usize, &String)| {
        let error = Glob::new(pattern).err()?;
        Some(SettingsFault::new(format!("{key}[{index}]"), format!("{pattern:?} is no glob: {}", error.kind())))
    };
    patterns.iter().enumerate().filter_map(fault).collect()
}

/// Where the first text stands that was there before.
fn twice(texts: &[String]) -> Option<usize> {
    (1..texts.len()).find(|index| texts[..*index].contains(&texts[*index]))
}

fn distinct<T: PartialEq>(members: impl Iterator<Item = T>) -> Vec<T> {
    members.fold(Vec::new(), |mut kept, member| {
        if !kept.contains(&member) {
            kept.push(member);
        }
        kept
    })
}

impl From<KindWord> for Kind {
    fn from(word: KindWord) -> Self {
        match word {
            KindWord::Connections => Self::Connection,
            KindWord::Variables => Self::Variable,
            KindWord::Configs => Self::Config,
        }
    }
}

impl From<ReaderWord> for Reader {
    fn from(word: ReaderWord) -> Self {
        match word {
            ReaderWord::Airflow2 => Self::Airflow2,
            ReaderWord::Airflow3 => Self::Airflow3,
            ReaderWord::Airflow3Worker => Self::Airflow3Worker,
        }
    }
}

impl FormWord {
    const fn form(self) -> FormChoice {
        match self {
            Self::Fields => FormChoice::Only(Form::Fields),
            Self::Json => FormChoice::Only(Form::Json),
            Self::Uri => FormChoice::Only(Form::Uri),
            Self::Auto => FormChoice::Auto,
        }
    }
}

impl CompareWord {
    const fn depth(self) -> Option<Depth> {
        match self {
            Self::Auto => None,
            Self::Listing => Some(Depth::Listing),
            Self::Metadata => Some(Depth::Metadata),
            Self::Values => Some(Depth::Values),
        }
    }
}
