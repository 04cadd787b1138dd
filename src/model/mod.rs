//! Floor 0, the words: names, values, Airflow's meaning, and the closed lists everything else speaks in. Pure.

mod connection;
mod name;
pub mod python;
mod reader;
mod value;

pub use connection::{Connection, Field, Form};
pub use name::{Kind, RemoteKey, Scope, SecretName};
pub use reader::{ReadError, Reader, Secret, Seen, SeenConnection};
pub use value::SecretValue;
