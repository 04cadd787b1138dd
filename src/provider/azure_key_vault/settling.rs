//! Waiting for the vault: deleting and recovering take it seconds, and meanwhile a name is neither here nor there.

use std::future::Future;
use std::time::Duration;

use tokio::time::sleep;

use super::KeyVaultProvider;
use super::answer::Seen;
use super::client::Answer;
use super::said::Said;
use crate::model::{ErrorKind, RemoteKey};
use crate::provider::{Error, Result};

/// The pauses between looks: half a minute in all.
const PAUSES: [Duration; 8] = [
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
    Duration::from_millis(1_600),
    Duration::from_millis(3_200),
    Duration::from_millis(6_400),
    Duration::from_millis(8_000),
    Duration::from_millis(10_000),
];

/// Asks again, for half a minute, while the vault says that the secret is between two states.
pub(super) async fn patiently<T, F>(ask: impl Fn() -> F) -> Result<Answer<T>>
where
    F: Future<Output = Result<Answer<T>>>,
{
    for pause in PAUSES {
        match ask().await? {
            Err(Said::Passing) => sleep(pause).await,
            answer => return Ok(answer),
        }
    }
    ask().await
}

impl KeyVaultProvider {
    /// Waits until a delete that was accepted is done. It will be, whether or not that can be seen: nothing here is an error.
    pub(super) async fn settle_deleted(&self, key: &RemoteKey) {
        for pause in PAUSES {
            match self.client.deleted(key).await {
                Ok(Err(_)) => sleep(pause).await,
                Ok(Ok(_)) | Err(_) => return,
            }
        }
    }

    /// Takes a deletion back and waits until the secret can be read again.
    pub(super) async fn take_back(&self, operation: &'static str, key: &RemoteKey) -> Result<Seen> {
        match patiently(|| self.client.recover(key)).await? {
            Ok(_) => self.settle_recovered(operation, key).await.map_err(Error::of_unknown_effect),
            Err(Said::Missing) => Err(self.gone(operation, key)),
            Err(_) => Err(self.between(operation, key)),
        }
    }

    async fn settle_recovered(&self, operation: &'static str, key: &RemoteKey) -> Result<Seen> {
        for pause in PAUSES {
            match self.client.look(key).await? {
                Ok(seen) => return Ok(seen),
                Err(Said::Disabled) => return self.switched_off(key).await,
                Err(_) => sleep(pause).await,
            }
        }
        Err(self.between(operation, key))
    }

    /// The error of a key that the vault has not finished with.
    pub(super) fn between(&self, operation: &'static str, key: &RemoteKey) -> Error {
        let context = "the vault is still deleting or recovering it";
        let error = Error::new(ErrorKind::Unavailable, operation, &self.info.name, context).about(key);
        error.with_remedy("run again in a minute")
    }
}
