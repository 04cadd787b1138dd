//! The table of an `environment` store.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;

use super::{EnvironmentProvider, KIND, rule};
use crate::model::{ConnectionDialect, Dialect, ErrorKind, Finding, Severity, TextDialect};
use crate::naming::Rule;
use crate::provider::AirflowBackend;
use crate::provider::contract::{Opening, Role, Store, StoreSettings};
use crate::provider::error::{Error, Result};
use crate::provider::file::real_path;
use crate::settings::SettingsFault;

/// Where the variables are, and how they are spelled there.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct EnvironmentSettings {
    /// A `.env` file; left out, the environment of this process, which can only be read.
    pub file: Option<PathBuf>,
    /// Who reads the file; required with one.
    pub dialect: Option<EnvDialect>,
    /// How teams' keys are spelled; default `unsupported`.
    #[serde(default)]
    pub teams: TeamKeys,
}

/// Who reads a `.env` file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EnvDialect {
    /// Whoever takes a line as it stands: Airflow's own reader of `.env` files, `docker run --env-file`.
    Plain,
    /// Docker Compose: quotes, escapes, comments, `$`.
    Compose,
}

/// How teams' keys are spelled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TeamKeys {
    /// There are none.
    #[default]
    Unsupported,
    /// `AIRFLOW_CONN__<TEAM>___<ID>`: Airflow 3.2 and later, with `multi_team` on.
    Underscores,
}

impl EnvironmentSettings {
    pub(super) fn dialect(&self) -> Dialect {
        let text = match self.dialect {
            Some(EnvDialect::Plain) => TextDialect::VariableLine,
            Some(EnvDialect::Compose) | None => TextDialect::Variable,
        };
        Dialect { connection: ConnectionDialect::Text, text }
    }

    /// The place, for people.
    pub(super) fn location(&self) -> String {
        match (&self.file, self.dialect) {
            (Some(file), Some(EnvDialect::Compose)) => format!("{}, for Docker Compose", file.display()),
            (Some(file), _) => format!("{}, plain lines", file.display()),
            (None, _) => "this process".to_owned(),
        }
    }
}

#[async_trait]
impl StoreSettings for EnvironmentSettings {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn faults(&self) -> Vec<SettingsFault> {
        let fault = match (&self.file, self.dialect) {
            (Some(_), None) => SettingsFault::new("dialect", "readers of .env files differ; say who reads this one")
                .with_hint("write dialect = \"plain\" (a line as it stands) or \"compose\" (Docker Compose)"),
            (None, Some(_)) => SettingsFault::new("dialect", "the environment of a process has no dialect")
                .with_hint("set file, or leave dialect out"),
            _ => return Vec::new(),
        };
        vec![fault]
    }

    fn rule(&self) -> Rule {
        rule::rule(self.dialect, self.teams)
    }

    fn identity(&self) -> String {
        let real =
            |file: &PathBuf| real_path(file).or_else(|_| std::path::absolute(file)).unwrap_or_else(|_| file.clone());
        match &self.file {
            Some(file) => format!("{KIND} {}", real(file).display()),
            None => format!("{KIND} process"),
        }
    }

    fn relative_to(&mut self, folder: &Path) {
        self.file = self.file.take().map(|file| folder.join(file));
    }

    fn remarks(&self, store: &str) -> Vec<Finding> {
        let told = |message: &str| Finding::new(Severity::Info, "file-dialect", store, message);
        let dialect = self.dialect.map(|dialect| match dialect {
            EnvDialect::Plain => {
                told("its lines are taken as they stand (dialect plain): no quotes, no escapes, no comments")
            }
            EnvDialect::Compose => {
                told("it is Docker Compose's (dialect compose): with quotes, escapes, comments and `$`")
            }
        });
        dialect.into_iter().collect()
    }

    async fn airflow(&self, _opening: Opening) -> Option<AirflowBackend> {
        let file = self.file.as_deref().map(|file| std::path::absolute(file).unwrap_or_else(|_| file.to_owned()));
        let file = file.map(|file| file.display().to_string()).unwrap_or_default();
        let how = match self.dialect {
            None => "start every process of Airflow with the variables of this one".to_owned(),
            Some(EnvDialect::Compose) => {
                format!("give every service of Airflow in the compose file the line `env_file: {file}`")
            }
            Some(EnvDialect::Plain) => format!(
                "hand the file over as it stands, such as `docker run --env-file {file}`, to every process of Airflow; \
                 a shell and systemd would undo quotes and escapes that belong to values"
            ),
        };
        let mut backend = AirflowBackend::built_in(self.dialect());
        backend
            .notes
            .push("no backend is to be set: Airflow asks its environment by itself, before the metastore".to_owned());
        backend.notes.push(how);
        backend.notes.push("a variable that changes is seen by processes that are started afterwards".to_owned());
        Some(backend)
    }

    async fn open(&self, opening: Opening) -> Result<Store> {
        if self.file.is_none() && opening.role == Role::Target {
            let context = "the environment of a process cannot be written from outside";
            return Err(Error::new(ErrorKind::Unsupported, "open", &opening.name, context)
                .with_remedy("name a .env file: file = \".env\", dialect = \"plain\" or \"compose\""));
        }
        Ok(Arc::new(EnvironmentProvider::open(self, &opening)))
    }
}
