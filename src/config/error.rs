//! What is wrong with a config: which file, which key, what, and what to write instead.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::settings::SettingsFault;

/// One fault of the config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The file.
    pub file: PathBuf,
    /// The key, dotted; empty for the whole file.
    pub path: String,
    /// What is wrong, one sentence, never a secret.
    pub problem: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl ConfigError {
    /// A fault of the whole file.
    pub fn of_file(file: &Path, problem: impl Into<String>) -> Self {
        Self::new(file, SettingsFault::new("", problem))
    }

    /// A fault of a key.
    pub fn new(file: &Path, fault: SettingsFault) -> Self {
        let SettingsFault { path, problem, hint } = fault;
        Self { file: file.to_owned(), path, problem, hint }
    }

    /// Where and what, without the hint.
    pub fn sentence(&self) -> String {
        let key = if self.path.is_empty() { String::new() } else { format!("{}: ", self.path) };
        format!("{}: {key}{}", self.file.display(), self.problem)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence())?;
        if let Some(hint) = &self.hint {
            write!(f, "\n  {}", hint.replace('\n', "\n  "))?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}
