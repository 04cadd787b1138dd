//! Who AWS takes us for, as STS tells it.

use super::fault;
use super::session::Session;
use crate::model::{ErrorKind, Family};
use crate::provider::{Error, Repeat, Result};

/// Somebody that AWS knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Principal {
    /// Who, as an ARN.
    pub arn: String,
    /// The account, twelve digits.
    pub account: String,
}

impl Session {
    /// Asks STS who we are; it needs no right. Asked once: in a network without a way to STS nobody should wait long.
    pub async fn principal(&self) -> Result<Principal> {
        const OPERATION: &str = "look up ourselves";
        let client = aws_sdk_sts::Client::new(&self.sts);
        let request = || async {
            let answer = client.get_caller_identity().send().await;
            answer.map_err(|error| fault::sort(OPERATION, &self.store, &error))
        };
        let answer = self.caller.call(Family::Auth, OPERATION, Repeat::Never, request).await?;
        match (answer.arn, answer.account) {
            (Some(arn), Some(account)) => Ok(Principal { arn, account }),
            _ => Err(Error::new(ErrorKind::Unexpected, OPERATION, &self.store, "STS does not say who we are")),
        }
    }
}
