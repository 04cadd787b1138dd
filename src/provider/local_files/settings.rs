//! The table of a `local-files` store.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;

use super::airflow::{self, Understood};
use super::format::Format;
use super::{KIND, LocalFilesProvider, rule};
use crate::model::{ConnectionDialect, Dialect, Finding, Kind, TextDialect};
use crate::naming::{Charset, Rule};
use crate::provider::contract::{Opening, Store, StoreSettings};
use crate::provider::error::Result;
use crate::provider::file::real_path;
use crate::provider::{AirflowBackend, BackendKwargs};
use crate::settings::SettingsFault;

/// How many earlier versions of an entry are kept where the config does not say.
const USUAL_HISTORY: usize = 20;

/// Where the files are; a kind without one is off.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LocalFilesSettings {
    /// The file of the connections.
    pub connections_file: Option<PathBuf>,
    /// The file of the variables.
    pub variables_file: Option<PathBuf>,
    /// The file of the configs; Airflow 3 only.
    pub configs_file: Option<PathBuf>,
    /// Who reads the files; default `backend`.
    #[serde(default)]
    pub shape: FileShape,
    /// How many earlier versions of each entry are kept beside its file, for `undo`; 20, and 0 keeps none.
    pub history: Option<u16>,
    /// The arguments of Airflow's `LocalFilesystemBackend`, for whatever the keys above leave out.
    pub backend_kwargs: Option<BackendKwargs>,
    /// What the arguments said beside the files.
    #[serde(skip)]
    pub kwargs: Understood,
}

/// Who reads the files, and so how variables are spelled in them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileShape {
    /// Airflow's `LocalFilesystemBackend`.
    #[default]
    Backend,
    /// `airflow connections import` and `airflow variables import`; what `export` writes.
    Export,
}

impl LocalFilesSettings {
    /// Every file that is set.
    pub(super) fn files(&self) -> impl Iterator<Item = NamedFile<'_>> {
        let named = [
            (Kind::Connection, "connections-file", &self.connections_file),
            (Kind::Variable, "variables-file", &self.variables_file),
            (Kind::Config, "configs-file", &self.configs_file),
        ];
        named.into_iter().filter_map(|(kind, key, path)| {
            let path = path.as_deref()?;
            Some(NamedFile { kind, key, path, format: Format::of(path) })
        })
    }

    /// How many earlier versions of each entry are kept.
    pub(super) fn versions(&self) -> usize {
        self.history.map_or(USUAL_HISTORY, usize::from)
    }

    /// Whether some file holds one entry a line.
    pub(super) fn has_lines(&self) -> bool {
        self.files().any(|file| file.format == Some(Format::Env))
    }

    pub(super) fn dialect(&self) -> Dialect {
        let is_lines = |file: NamedFile<'_>| file.format == Some(Format::Env);
        let mut connections = self.files().filter(|file| file.kind == Kind::Connection);
        let mut texts = self.files().filter(|file| file.kind != Kind::Connection);
        let connection =
            if connections.any(is_lines) { ConnectionDialect::FileUri } else { ConnectionDialect::FileObject };
        let text = match self.shape {
            _ if texts.any(is_lines) => TextDialect::FileLine,
            FileShape::Backend => TextDialect::JsonValue,
            FileShape::Export => TextDialect::ExportValue,
        };
        Dialect { connection, text }
    }

    /// The file a path leads to, so that two spellings of one file are one.
    fn real(path: &Path) -> PathBuf {
        real_path(path).or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned())
    }

    /// What is wrong with the files together.
    fn shape_faults(&self) -> Vec<SettingsFault> {
        let mut faults = Vec::new();
        let format = |kind| self.files().find(|file| file.kind == kind).and_then(|file| file.format);
        let (variables, configs) = (format(Kind::Variable), format(Kind::Config));
        if self.shape == FileShape::Export && self.configs_file.is_some() {
            let hint = "leave configs-file out, or use shape = \"backend\"";
            faults.push(fault("configs-file", "Airflow has no export of configs", hint));
        }
        if self.shape == FileShape::Export && variables.is_some_and(|format| format != Format::Json) {
            let hint = "use a file whose name ends in .json, or shape = \"backend\"";
            faults.push(fault("variables-file", "`airflow variables export` writes JSON only", hint));
        }
        let is_lines = |format: Option<Format>| format.map(|format| format == Format::Env);
        if is_lines(variables).zip(is_lines(configs)).is_some_and(|(one, other)| one != other) {
            let hint = "let both end in .env, or neither";
            let problem = "variables and configs of one store are spelled alike, and a .env file spells them otherwise";
            faults.push(fault("configs-file", problem, hint));
        }
        faults
    }
}

/// A file of the table.
#[derive(Debug, Clone, Copy)]
pub(super) struct NamedFile<'a> {
    /// What is in it.
    pub kind: Kind,
    /// Its key in the table.
    pub key: &'static str,
    /// Where it is.
    pub path: &'a Path,
    /// How Airflow reads it; `None` where its name does not tell.
    pub format: Option<Format>,
}

fn fault(path: &str, problem: impl Into<String>, hint: &str) -> SettingsFault {
    SettingsFault::new(path, problem).with_hint(hint)
}

/// What is wrong with a file's name: Airflow chooses how to read a file by it.
fn name_fault(file: NamedFile<'_>) -> Option<SettingsFault> {
    const HINT: &str = "use a file whose name ends in .json, .yaml or .env";
    let bare = file.path.file_name().is_some_and(|name| name.eq_ignore_ascii_case(".env"));
    match file.format {
        Some(_) => None,
        None if bare => {
            let problem = "Airflow 3 does not read a file that is called .env and nothing else";
            Some(fault(file.key, problem, "put a word before it, such as connections.env"))
        }
        None => Some(fault(file.key, "Airflow cannot tell by this name how to read the file", HINT)),
    }
}

#[async_trait]
impl StoreSettings for LocalFilesSettings {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn faults(&self) -> Vec<SettingsFault> {
        let mut faults: Vec<_> = self.files().filter_map(name_fault).collect();
        if self.files().next().is_none() {
            let hint = "set connections-file, variables-file or configs-file";
            faults.push(fault("", "the store has no file", hint));
        }
        faults.extend(self.shape_faults());
        faults.extend(self.kwargs.faults.clone());
        let mut seen: Vec<(PathBuf, &str)> = Vec::new();
        for file in self.files() {
            let real = Self::real(file.path);
            if let Some((_, other)) = seen.iter().find(|(known, _)| *known == real) {
                faults.push(fault(
                    file.key,
                    format!("this is the file of {other} too"),
                    "give each kind a file of its own",
                ));
            }
            seen.push((real, file.key));
        }
        faults
    }

    fn rule(&self) -> Rule {
        let charset = if self.has_lines() { Charset::Line } else { Charset::Any };
        rule::rule(&self.files().map(|file| file.kind).collect::<Vec<_>>(), charset)
    }

    fn identity(&self) -> String {
        let files = self.files().map(|file| format!("{}={}", file.kind.plural(), Self::real(file.path).display()));
        format!("{KIND} {}", files.collect::<Vec<_>>().join(" "))
    }

    fn relative_to(&mut self, folder: &Path) {
        self.backend_kwargs = self.backend_kwargs.take().map(|kwargs| kwargs.relative_to(folder));
        airflow::complete(self);
        let files = [&mut self.connections_file, &mut self.variables_file, &mut self.configs_file];
        for path in files.into_iter().flatten() {
            *path = folder.join(&*path);
        }
    }

    fn remarks(&self, store: &str) -> Vec<Finding> {
        airflow::findings(self, store)
    }

    async fn airflow(&self, _opening: Opening) -> Option<AirflowBackend> {
        airflow::backend(self)
    }

    async fn open(&self, opening: Opening) -> Result<Store> {
        Ok(Arc::new(LocalFilesProvider::open(self, &opening)))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use super::*;
    use crate::settings::read_table;

    fn parsed(text: &str) -> LocalFilesSettings {
        read_table(text.parse().unwrap()).unwrap()
    }

    #[test]
    fn faults_name_their_keys_and_come_all_at_once() {
        let rows: &[(&str, &[&str])] = &[
            ("connections-file = 'c.json'\nbackend-kwargs = '{}'", &[]),
            ("connections-file = 'c.json'\nvariables-file = 'v.json'\nconfigs-file = 'o.json'", &[]),
            ("", &[""]),
            ("connections-file = 'c.yaml'\nvariables-file = 'v.env'", &[]),
            ("connections-file = 'x/.env'", &["connections-file"]),
            ("variables-file = 'v.env'\nconfigs-file = 'o.yaml'", &["configs-file"]),
            ("variables-file = 'v.env'\nconfigs-file = 'o.env'", &[]),
            ("variables-file = 'v.YML'\nconfigs-file = 'o.json'", &[]),
            ("variables-file = 'v.yml'\nshape = 'export'", &["variables-file"]),
            ("connections-file = 'c.yml'\nshape = 'export'", &[]),
            ("connections-file = 'c'", &["connections-file"]),
            ("connections-file = 'a.json'\nvariables-file = './a.json'", &["variables-file"]),
            ("configs-file = 'o.json'\nshape = 'export'", &["configs-file"]),
            (
                "connections-file = 'c.txt'\nconfigs-file = 'o.json'\nshape = 'export'",
                &["connections-file", "configs-file"],
            ),
        ];
        for (text, expected) in rows {
            let paths: Vec<_> = parsed(text).faults().into_iter().map(|fault| fault.path).collect();
            assert_eq!(paths, *expected, "{text}");
        }
    }

    #[test]
    fn the_identity_is_the_file_however_it_is_spelled() {
        let folder = tempfile::tempdir().unwrap();
        let identity = |path: &str| {
            let mut settings = parsed(&format!("connections-file = '{path}'"));
            settings.relative_to(folder.path());
            settings.identity()
        };
        std::os::unix::fs::symlink("a.json", folder.path().join("link.json")).unwrap();
        assert_eq!(identity("a.json"), identity("link.json"));
        assert_eq!(identity("a.json"), identity("./a.json"));
        assert_ne!(identity("a.json"), identity("b.json"));
    }

    #[test]
    fn the_manual_shows_a_table_that_loads() {
        let manual = include_str!("README.md");
        let block = manual.split("```toml").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
        let config: toml::Table = block.parse().unwrap();
        let mut table = config["stores"]["files"].as_table().unwrap().clone();
        assert_eq!(table.remove("kind").unwrap().as_str(), Some(KIND));
        let keys = table.len();
        let settings: LocalFilesSettings = read_table(table).unwrap();
        assert_eq!(settings.faults(), []);
        assert_eq!(settings.files().count() + 2, keys, "every key of the manual is one of ours");
    }
}
