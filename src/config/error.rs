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
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file.display())?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.problem)?;
        if let Some(hint) = &self.hint {
            write!(f, "\n  {}", hint.replace('\n', "\n  "))?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}
