//! Floor 0, the words: names, values, Airflow's meaning, and the closed lists everything else speaks in. Pure.

mod name;
mod value;

pub use name::{Kind, RemoteKey, Scope, SecretName};
pub use value::SecretValue;
