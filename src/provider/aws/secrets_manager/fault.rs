//! What Secrets Manager refuses, beyond what the errors of both stores have in common.

use std::error::Error as StdError;

use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};

use crate::model::{Effect, ErrorKind, Family};
use crate::provider::Error;
use crate::provider::aws::fault::{code, of_code, sort};

/// Tells whether a code says that there is no such secret, version or value.
pub(super) fn is_missing(code: Option<&str>) -> bool {
    code == Some("ResourceNotFoundException")
}

/// The error of a request, with what to do where we know more than both stores do.
pub(super) fn told<E>(operation: &'static str, store: &str, family: Family, error: &SdkError<E>) -> Error
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    let told = sort(operation, store, error);
    let changes = matches!(family, Family::Write | Family::Delete);
    match code(error).and_then(remedy) {
        Some(remedy) if changes && told.remedy.is_none() => told.with_remedy(remedy),
        _ => told,
    }
}

/// What to do about a change that was refused for what the request or the secret is like.
fn remedy(code: &str) -> Option<&'static str> {
    Some(match code {
        "InvalidRequestException" => {
            "it may be owned by another service, a replica, or copied to other regions: see `aws secretsmanager \
             describe-secret`"
        }
        "InvalidParameterException" | "ValidationException" => {
            "see that kms-key-id is the ARN, id or alias of a key in this region"
        }
        _ => return None,
    })
}

/// Why a secret was not read.
#[derive(Debug)]
pub(super) enum Refused {
    /// There is none, or none with a current version.
    Missing,
    /// The service failed for it alone, for a moment: it is worth asking once more.
    Passing,
    /// It is in a state in which it is not read, such as scheduled for deletion; if not, this is the error.
    Unfit(Error),
    /// Anything else.
    Failed(Error),
}

impl Refused {
    /// What a batch says of one of its secrets.
    pub fn from_code(store: &str, code: &str, message: Option<&str>) -> Self {
        let error = Error { effect: Effect::None, ..of_code("read", store, code, message) };
        match error.kind {
            _ if is_missing(Some(code)) => Self::Missing,
            ErrorKind::Unavailable | ErrorKind::RateLimited => Self::Passing,
            _ => Self::from_error(error),
        }
    }

    /// What the answer to a request for a single secret says.
    pub fn from_error(error: Error) -> Self {
        match error.kind {
            ErrorKind::Conflict | ErrorKind::Invalid => Self::Unfit(error),
            _ => Self::Failed(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_of_a_batch_is_told_by_what_to_do_with_it() {
        let rows = [
            ("ResourceNotFoundException", "", "missing"),
            ("InternalServiceError", "", "passing"),
            ("ThrottlingException", "", "passing"),
            ("InvalidRequestException", "", "unfit invalid"),
            ("InvalidRequestException", "because it was marked for deletion.", "unfit conflict"),
            ("AccessDeniedException", "", "failed denied"),
            ("DecryptionFailure", "", "failed denied"),
            ("", "", "failed unexpected"),
            ("SomethingNew", "", "failed unexpected"),
        ];
        for (code, message, expected) in rows {
            let told = match Refused::from_code("sm", code, Some(message)) {
                Refused::Missing => "missing".to_owned(),
                Refused::Passing => "passing".to_owned(),
                Refused::Unfit(error) => format!("unfit {}", error.kind),
                Refused::Failed(error) => format!("failed {}", error.kind),
            };
            assert_eq!(told, expected, "{code}");
        }
    }
}
