//! The table of an `airflow-cfg` store.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;

use super::options::SENSITIVE;
use super::{AirflowCfgProvider, KIND, rule};
use crate::naming::Rule;
use crate::provider::contract::{Opening, Store, StoreSettings};
use crate::provider::error::Result;
use crate::provider::file::real_path;
use crate::settings::SettingsFault;

/// Where the options are, and what the configs made of them are called.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct AirflowCfgSettings {
    /// The `airflow.cfg`.
    pub file: Option<PathBuf>,
    /// Whether the `AIRFLOW__SECTION__OPTION` variables of this process go before it; default `none`.
    #[serde(default)]
    pub variables: Variables,
    /// What a config is called; default `{section}_{option}`.
    #[serde(default = "default_name")]
    pub name: String,
    /// Options to carry beside the known sensitive ones, each as `section.option`.
    #[serde(default)]
    pub options: Vec<String>,
}

/// Which variables are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Variables {
    /// None.
    #[default]
    None,
    /// Those of this process.
    Process,
}

fn default_name() -> String {
    "{section}_{option}".to_owned()
}

impl AirflowCfgSettings {
    /// Every option to look for, in order.
    pub(super) fn wanted(&self) -> BTreeSet<(String, String)> {
        let known = SENSITIVE.iter().map(|(section, option)| ((*section).to_owned(), (*option).to_owned()));
        let more = self.options.iter().filter_map(|named| named.split_once('.'));
        known.chain(more.map(|(section, option)| (section.to_owned(), option.to_owned()))).collect()
    }

    /// What an option's config is called.
    pub(super) fn name_of(&self, section: &str, option: &str) -> String {
        self.name.replace("{section}", section).replace("{option}", option)
    }

    pub(super) fn location(&self) -> String {
        let file = self.file.as_deref().map(|file| file.display().to_string());
        let variables = (self.variables == Variables::Process).then(|| "the variables of this process".to_owned());
        [variables, file].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    fn name_fault(&self) -> Option<SettingsFault> {
        let rest = self.name.replace("{section}", "").replace("{option}", "");
        let fault = |problem| SettingsFault::new("name", problem).with_hint("write name = \"{section}_{option}\"");
        if rest.contains(['{', '}']) {
            return Some(fault("only {section} and {option} stand for something"));
        }
        (!self.name.contains("{option}")).then(|| fault("without {option} all configs would have one name"))
    }
}

#[async_trait]
impl StoreSettings for AirflowCfgSettings {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn faults(&self) -> Vec<SettingsFault> {
        let mut faults: Vec<_> = self.name_fault().into_iter().collect();
        if self.file.is_none() && self.variables == Variables::None {
            let hint = "set file = \"airflow.cfg\", or variables = \"process\", or both";
            faults.push(SettingsFault::new("", "the store has nothing to read").with_hint(hint));
        }
        let is_option = |named: &str| {
            named.split_once('.').is_some_and(|(section, option)| !section.is_empty() && !option.is_empty())
        };
        for (index, _) in self.options.iter().enumerate().filter(|(_, named)| !is_option(named)) {
            let fault = SettingsFault::new(format!("options[{index}]"), "this is no section and option");
            faults.push(fault.with_hint("write them with a point between, such as \"celery.broker_url\""));
        }
        faults
    }

    fn rule(&self) -> Rule {
        rule::rule()
    }

    fn identity(&self) -> String {
        let real =
            |file: &PathBuf| real_path(file).or_else(|_| std::path::absolute(file)).unwrap_or_else(|_| file.clone());
        let file = self.file.as_ref().map(|file| format!(" {}", real(file).display())).unwrap_or_default();
        let variables = if self.variables == Variables::Process { " process" } else { "" };
        format!("{KIND}{file}{variables}")
    }

    fn relative_to(&mut self, folder: &Path) {
        self.file = self.file.take().map(|file| folder.join(file));
    }

    async fn open(&self, opening: Opening) -> Result<Store> {
        Ok(Arc::new(AirflowCfgProvider::open(self, &opening)))
    }
}
