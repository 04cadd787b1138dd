//! Floor 6, the config: the TOML file, joined from each floor's settings and checked as a whole.

mod chain;
mod changes;
mod check;
mod daemon;
mod error;
mod file;
mod job;
mod mapping;
mod notify;
mod open;
mod overrides;
mod policy;
mod position;
mod schedule;
mod store;

pub use check::{Config, MissingReference};
pub use daemon::{DaemonSettings, ServerTls};
pub use error::ConfigError;
pub use file::{find, load, parse, parse_with};
pub use job::JobSettings;
pub use notify::{Channel, NotifySettings, Topic, Webhook};
pub use open::{Opener, REFERENCE_HINT};
pub use overrides::OverrideSettings;
