//! Any error as words for a person: what happened, what to do, and the exit code. The only place errors become words.

use crate::config::ConfigError;
use crate::engine::RunError;
use crate::ledger::LedgerError;
use crate::naming::PatternError;
use crate::provider;

/// The command line or the config is wrong.
pub const BAD_INPUT: u8 = 2;
/// The run failed as a whole.
pub const FAILED: u8 = 1;
/// Some keys failed, or something was found.
pub const FOUND: u8 = 3;
/// A plan has changes, and the exit code was asked for.
pub const CHANGES: u8 = 4;
/// A person interrupted.
pub const INTERRUPTED: u8 = 130;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub struct Failure {
    /// What happened, a sentence or one a line.
    pub message: String,
    /// What to do about it.
    pub hints: Vec<String>,
    /// What the process ends with.
    pub exit_code: u8,
}

impl Failure {
    /// A fault of the command line.
    pub fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hints: vec![hint.into()], exit_code: BAD_INPUT }
    }

    /// Something that went wrong on this machine.
    pub fn local(message: impl Into<String>) -> Self {
        Self { message: message.into(), hints: Vec::new(), exit_code: FAILED }
    }

    /// An interrupt before anything was done.
    pub fn interrupted(message: impl Into<String>) -> Self {
        Self { message: message.into(), hints: Vec::new(), exit_code: INTERRUPTED }
    }

    /// Every fault of a config.
    pub fn config(errors: Vec<ConfigError>) -> Self {
        let lines: Vec<_> = errors.iter().map(ToString::to_string).collect();
        Self { message: lines.join("\n"), hints: Vec::new(), exit_code: BAD_INPUT }
    }

    /// Globs that cannot be understood.
    pub fn pattern(errors: Vec<PatternError>) -> Self {
        let lines: Vec<_> = errors.iter().map(ToString::to_string).collect();
        Self { message: lines.join("\n"), hints: Vec::new(), exit_code: BAD_INPUT }
    }

    /// A ledger that cannot be used.
    pub fn ledger(error: LedgerError) -> Self {
        let hints = error.remedy().map(str::to_owned).into_iter().collect();
        Self { message: error.to_string(), hints, exit_code: FAILED }
    }

    /// A store that cannot be opened or asked.
    pub fn store(error: provider::Error) -> Self {
        let hints = error.remedy.clone().into_iter().collect();
        Self { message: error.to_string(), hints, exit_code: FAILED }
    }

    /// A run that could not go on.
    pub fn run(error: RunError) -> Self {
        let message = error.to_string();
        let inner = match error {
            RunError::Store { source, .. } => Self::store(source),
            RunError::Ledger { source, .. } => Self::ledger(source),
        };
        Self { message, ..inner }
    }
}
