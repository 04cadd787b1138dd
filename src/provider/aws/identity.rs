//! Who AWS takes us for, as STS tells it.

use super::fault;
use super::session::Session;
use crate::model::{ErrorKind, Family, Finding, Severity};
use crate::provider::{Error, Reach, Repeat, Result};

/// Somebody that AWS knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Principal {
    /// Who, as an ARN.
    pub arn: String,
    /// The account, twelve digits.
    pub account: String,
}

/// How far we got in introducing ourselves.
pub(super) enum Introduced {
    /// AWS knows us, or at least nobody says otherwise; the account, if STS told it.
    Known(Option<String>),
    /// It does not, and nothing else need be asked.
    Refused,
}

impl Session {
    /// Says who we are, for `check`; STS may be out of reach where the store itself is not.
    pub async fn introduce(&self, findings: &mut Vec<Finding>) -> Introduced {
        let finding = |severity, code, message: String| Finding::new(severity, code, &self.store, message);
        match self.principal().await {
            Ok(Principal { arn, account }) => {
                let message = format!("AWS takes us for {arn}, account {account}, region {}", self.region);
                findings.push(finding(Severity::Info, "identity", message));
                Introduced::Known(Some(account))
            }
            Err(error) if error.kind == ErrorKind::Denied && error.reach == Reach::Store => {
                let refused = finding(Severity::Error, "login-failed", error.to_string());
                findings.push(error.remedy.into_iter().fold(refused, Finding::with_remedy));
                Introduced::Refused
            }
            Err(error) => {
                let message = format!("who we are is not known, as STS cannot be asked: {error}");
                let unknown = finding(Severity::Info, "identity-unknown", message);
                let remedy = "nothing, where the network keeps STS out on purpose; a VPC endpoint for sts lets it in";
                findings.push(unknown.with_remedy(remedy));
                Introduced::Known(None)
            }
        }
    }

    /// Asks STS who we are; it needs no right. Asked once: in a network without a way to STS nobody should wait long.
    pub async fn principal(&self) -> Result<Principal> {
        const OPERATION: &str = "ask who we are";
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
