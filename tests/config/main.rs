//! The config: what it takes, what it refuses, and in which words.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod faults;
mod files;
mod flow;
mod settings;
mod stub;
