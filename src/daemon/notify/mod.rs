//! Tells people what goes wrong with jobs, and when all is well again: once, without a value, and never in the way of a run.

mod command;
mod memory;
mod message;
mod notice;
mod notifier;
mod receiver;
mod webhook;

pub use memory::Memory;
pub use message::{Message, json, slack};
pub use notice::{KeyNote, NAMED, Notice, Round, Subject, failure, notices, token};
pub use notifier::{Notifier, Told};
pub use receiver::Retries;
pub use webhook::signature;
