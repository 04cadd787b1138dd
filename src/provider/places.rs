//! Where Airflow's keys lie in a store of a cloud, as its table says it: prefixes and teams.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use crate::naming::{Place, Teams};

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
    /// `<prefix><sep><team>--<id>`, as Airflow looks them up with `multi_team`.
    Dashes,
}

impl PrefixSetting {
    /// The place it stands for; `tidy` does to a prefix what Airflow does.
    pub fn place(&self, default: &str, tidy: impl Fn(&str) -> String) -> Place {
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
