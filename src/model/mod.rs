//! Floor 0, the words: names, values, Airflow's meaning, and the closed lists everything else speaks in. Pure.

mod capability;
mod connection;
mod decision;
mod event;
mod fault;
mod finding;
mod fingerprint;
mod key;
mod mark;
mod name;
mod snapshot;
mod value;

pub use capability::{Capabilities, Compare, Deletes, Revisions};
pub use connection::{Connection, ConnectionDialect, Dialect, Form, Reader, Secret, TextDialect};
pub use decision::{Action, Outcome, Reason};
pub use event::{Blind, Event, Family, Observer, Stage};
pub use fault::{Effect, ErrorKind};
pub use finding::{Finding, Severity};
pub use fingerprint::Fingerprint;
pub use key::{KeyId, MasterKey, MasterKeyError, Purpose, Subkey, hex};
pub use mark::{Mark, MarkCharset, MarkRule, MarkedName};
pub use name::{Kind, RemoteKey, Scope, SecretName};
pub use snapshot::{Listed, Revision, State};
pub use value::SecretValue;
