//! Floor 0, the words: names, values, Airflow's meaning, and the closed lists everything else speaks in. Pure.

mod canonical;
mod capability;
mod connection;
mod decision;
mod dialect;
mod event;
mod fault;
mod finding;
mod fingerprint;
mod key;
mod mark;
mod name;
mod oddity;
pub mod python;
mod reader;
mod requirement;
mod shown;
mod snapshot;
mod value;

pub use canonical::Canonical;
pub use capability::{Capabilities, Compare, Deletes, Listing, Quota, Revisions, Tariff, has_double_braces};
pub use connection::{Connection, Field, Form};
pub use decision::{Action, Outcome, Reason};
pub use dialect::{
    Aliases, ConnectionDialect, Dialect, Difference, Judgement, MergeFault, Mismatch, Note, NoteKind, OldForm,
    RenderFault, SourceFault, TextDialect, ends_line, judge, judge_forms,
};
pub use event::{Blind, Event, Family, Observer, Stage, TokenLife, Upkeep};
pub use fault::{Effect, ErrorKind};
pub use finding::{Finding, Severity};
pub use fingerprint::Fingerprint;
pub use key::{KeyId, MasterKey, MasterKeyError, Purpose, Subkey, hex};
pub use mark::{Mark, MarkCharset, MarkRule, MarkedName};
pub use name::{Kind, Names, RemoteKey, Scope, SecretName};
pub use oddity::{Oddity, oddities, source_oddities};
pub use reader::{ReadError, Reader, Secret, Seen, SeenConnection};
pub use requirement::Requirement;
pub use shown::{is_treacherous, shown};
pub use snapshot::{Listed, Manager, Revision, State};
pub use value::SecretValue;
