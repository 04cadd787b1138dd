//! Floor 0, the words: names, values, Airflow's meaning, and the closed lists everything else speaks in. Pure.

mod canonical;
mod connection;
mod dialect;
mod name;
mod oddity;
pub mod python;
mod reader;
mod value;

pub use canonical::Canonical;
pub use connection::{Connection, Field, Form};
pub use dialect::{
    ConnectionDialect, Dialect, Difference, Judgement, MergeFault, Mismatch, Note, NoteKind,
    RenderFault, SourceFault, TextDialect, judge, judge_forms,
};
pub use name::{Kind, RemoteKey, Scope, SecretName};
pub use oddity::{Oddity, oddities, source_oddities};
pub use reader::{ReadError, Reader, Secret, Seen, SeenConnection};
pub use value::SecretValue;
