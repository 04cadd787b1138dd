//! Where Airflow's keys lie in AWS, as the tables of both stores say it: prefixes, lookup patterns, teams, listing.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use super::access::Faults;
use crate::naming::{LookupPattern, LookupPatterns, Place, Teams};

/// What stands before the ids of a kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum PrefixSetting {
    /// Airflow's own default.
    #[default]
    Default,
    /// Nothing: `false`, Airflow's null. The kind is off.
    Off,
    /// This text; `""` is the bare id.
    Prefix(String),
}

/// How keys of teams are spelled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TeamsSetting {
    /// They are refused.
    #[default]
    Unsupported,
    /// `<prefix>/<team>--<id>`, as Airflow looks them up with `multi_team`.
    Dashes,
}

impl PrefixSetting {
    /// The place it stands for; `tidy` does to a prefix what Airflow does.
    pub(super) fn place(&self, default: &str, tidy: impl Fn(&str) -> String) -> Place {
        match self {
            Self::Default => Place::prefix(default),
            Self::Off => Place::Off,
            Self::Prefix(text) => Place::prefix(tidy(text)),
        }
    }
}

impl From<TeamsSetting> for Teams {
    fn from(setting: TeamsSetting) -> Self {
        match setting {
            TeamsSetting::Unsupported => Self::Unsupported,
            TeamsSetting::Dashes => Self::Dashes,
        }
    }
}

/// Reads the lookup patterns of connections, variables and configs; one that cannot be understood is a fault, and none here.
pub(super) fn patterns(texts: [Option<&str>; 3], faults: &mut Faults) -> LookupPatterns {
    const KEYS: [&str; 3] = ["connections-lookup-pattern", "variables-lookup-pattern", "config-lookup-pattern"];
    let mut read = KEYS.into_iter().zip(texts).map(|(key, text)| match LookupPattern::parse(text?) {
        Ok(pattern) => Some(pattern),
        Err(error) => {
            faults.add(key, error.to_string(), "write it without, or leave it out and exclude ids in the job");
            None
        }
    });
    let mut next = || read.next().flatten();
    LookupPatterns { connections: next(), variables: next(), configs: next() }
}

impl<'de> Deserialize<'de> for PrefixSetting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PrefixVisitor)
    }
}

struct PrefixVisitor;

impl Visitor<'_> for PrefixVisitor {
    type Value = PrefixSetting;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a prefix, or false to switch the kind off")
    }

    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<PrefixSetting, E> {
        if flag { Err(E::invalid_type(de::Unexpected::Bool(flag), &self)) } else { Ok(PrefixSetting::Off) }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<PrefixSetting, E> {
        Ok(PrefixSetting::Prefix(text.to_owned()))
    }
}
