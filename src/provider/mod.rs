//! Floor 3, the stores: the only code that talks to them.

pub mod call;
pub mod contract;
mod error;
pub mod layer;
#[cfg(feature = "local-files")]
pub mod local_files;
pub mod memory;
pub mod pace;

pub use call::{CallSettings, Caller, Repeat};
pub use contract::{
    Content, Entry, Expect, Opening, Provider, Quarantine, Record, RequestToken, Role, SettingsFault, Store, StoreInfo,
    StoreSettings,
};
pub use error::{Error, Result};
pub use pace::{Pace, Paces};
