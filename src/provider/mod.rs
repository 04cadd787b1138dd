//! Floor 3, the stores: the only code that talks to them.

mod airflow;
#[cfg(feature = "airflow-cfg")]
pub mod airflow_cfg;
#[cfg(feature = "airflow-metastore")]
pub mod airflow_metastore;
#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "azure-key-vault")]
pub mod azure_key_vault;
mod backend_kwargs;
mod bounds;
pub mod call;
pub mod contract;
#[cfg(feature = "environment")]
pub mod environment;
mod error;
#[cfg(any(feature = "airflow-cfg", feature = "environment", feature = "local-files"))]
pub mod file;
mod filling;
#[cfg(feature = "gcp-secret-manager")]
pub mod gcp_secret_manager;
pub mod layer;
#[cfg(feature = "local-files")]
pub mod local_files;
#[cfg(any(feature = "aws", feature = "azure-key-vault", feature = "gcp-secret-manager"))]
mod meaning;
pub mod memory;
pub mod pace;
#[cfg(any(feature = "aws", feature = "azure-key-vault", feature = "gcp-secret-manager"))]
mod pages;
mod places;
mod plain_http;
pub mod registry;
#[cfg(any(feature = "aws-parameter-store", feature = "gcp-secret-manager"))]
mod turns;
#[cfg(feature = "vault")]
pub mod vault;

pub use airflow::{AirflowBackend, ReadPolicy};
pub use backend_kwargs::{BACKEND_KWARGS, BackendKwargs, Kwargs, SecretPlace};
pub use bounds::{Bounds, PaceSettings};
pub use call::{CallSettings, Caller, Repeat};
pub use contract::{
    Content, Entry, Expect, Opening, Provider, Quarantine, Record, RequestToken, Role, Store, StoreInfo, StoreSettings,
};
pub use error::{Error, Reach, Result};
pub use filling::{Filling, Understood};
pub use pace::{Pace, Paces, Quotas};
pub use places::{PrefixSetting, TeamsSetting};
pub use plain_http::is_readable_on_the_way;

pub use crate::settings::SettingsFault;
