//! The SDK's errors -> `ErrorKind`, `Effect` and what to do. The only place that knows AWS's codes.
//!
//! What AWS writes beside a code may quote a request; of it only fixed texts are recognised, and nothing is shown.

use std::error::Error as StdError;
use std::time::Duration;

use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::RequestId;

use super::codes;
use super::refusal::LoginFault;
use crate::model::{Effect, ErrorKind};
use crate::provider::Error;
use crate::provider::meaning::{Meaning, chain};

const CHECK_ENDPOINT: &str = "check endpoint-url, and whether a proxy answers in AWS's place";

/// The error of a request that failed; its effect is that of a write, which [`Caller`](crate::provider::Caller) knows to be none for a read.
pub(super) fn sort<E>(operation: &'static str, store: &str, error: &SdkError<E>) -> Error
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    let sorted = |kind, context: &str| Error::new(kind, operation, store, context);
    match error {
        SdkError::ServiceError(said) => {
            let (status, headers) = (said.raw().status().as_u16(), said.raw().headers());
            let sorted = coded(sorted(ErrorKind::Unexpected, ""), status, said.err(), error.request_id());
            let retry_after = headers.get("retry-after").and_then(|text| text.trim().parse().ok());
            Error { retry_after: retry_after.map(Duration::from_secs), ..sorted }
        }
        SdkError::ResponseError(said) => {
            garbled(sorted(ErrorKind::Unexpected, ""), said.raw().status().as_u16(), error)
        }
        SdkError::TimeoutError(_) => sorted(ErrorKind::Unavailable, "no answer in time").of_unknown_effect(),
        SdkError::ConstructionFailure(_) => {
            undelivered(sorted(ErrorKind::Invalid, "the request cannot be made"), error)
        }
        SdkError::DispatchFailure(_) => undelivered(sorted(ErrorKind::Unavailable, ""), error),
        _ => sorted(ErrorKind::Unexpected, "the SDK failed in a way of its own").of_unknown_effect(),
    }
}

/// The code of AWS's refusal; `None` where it was not AWS that refused.
pub(super) fn code<E: ProvideErrorMetadata>(error: &SdkError<E>) -> Option<&str> {
    match error {
        SdkError::ServiceError(said) => said.err().code(),
        _ => None,
    }
}

/// The error of a code that AWS gives for one key of a batch, whose request itself succeeded.
#[cfg(feature = "aws-secrets-manager")]
pub(super) fn of_code(operation: &'static str, store: &str, code: &str, message: Option<&str>) -> Error {
    codes::meaning(code, message).tell(Error::new(ErrorKind::Unexpected, operation, store, code))
}

fn coded<E: ProvideErrorMetadata>(mut error: Error, status: u16, said: &E, request: Option<&str>) -> Error {
    let code =
        said.code().filter(|code| code.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)));
    error.context = match (code, request) {
        (Some(code), Some(request)) => format!("{code}, HTTP {status}, request {request}"),
        (Some(code), None) => format!("{code}, HTTP {status}"),
        (None, _) => format!("HTTP {status}"),
    };
    let known = code.and_then(|code| codes::known(code, said.message()));
    known.unwrap_or_else(|| by_status(status, code)).tell(error)
}

/// What a status means whose code nobody foresaw; without any code it is not AWS that speaks, and the next key would hear the same.
fn by_status(status: u16, code: Option<&str>) -> Meaning {
    let meaning = match status {
        401 | 403 => Meaning::new(ErrorKind::Denied),
        413 => Meaning::new(ErrorKind::TooLarge),
        429 => Meaning::new(ErrorKind::RateLimited),
        400..=499 if code.is_none() => Meaning::new(ErrorKind::Unexpected),
        400..=499 => Meaning::new(ErrorKind::Invalid),
        500..=599 => Meaning::new(ErrorKind::Unavailable).of_unknown_effect(),
        _ => Meaning::new(ErrorKind::Unexpected).of_unknown_effect(),
    };
    let is_final = !matches!(meaning.kind, ErrorKind::TooLarge | ErrorKind::RateLimited | ErrorKind::Unavailable);
    match code {
        Some(_) => meaning,
        None if is_final => meaning.of_the_store().mended_by(CHECK_ENDPOINT),
        None => meaning.mended_by(CHECK_ENDPOINT),
    }
}

/// The error of an answer that is not as AWS documents it: broken off, or somebody else's.
fn garbled(mut error: Error, status: u16, cause: &(dyn StdError + 'static)) -> Error {
    if !(200..300).contains(&status) {
        error.context = format!("HTTP {status}");
        return by_status(status, None).tell(error);
    }
    let is_torn = chain(cause).any(|error| error.to_string().contains("error reading a body from connection"));
    if is_torn {
        let context = "the answer broke off".to_owned();
        return Error { kind: ErrorKind::Unavailable, context, ..error }.of_unknown_effect();
    }
    error.context = format!("HTTP {status}: the answer is not what AWS documents");
    error.of_unknown_effect().with_remedy(CHECK_ENDPOINT)
}

/// The error of a request that AWS never answered: no credentials, no connection, or a connection that was lost.
fn undelivered(error: Error, cause: &(dyn StdError + 'static)) -> Error {
    if let Some(login) = chain(cause).find_map(|error| error.downcast_ref::<LoginFault>()) {
        let context = login.context.clone();
        return Error { kind: login.kind, context, ..error }.of_the_store().with_remedy(&login.remedy);
    }
    let said = chain(cause).map(ToString::to_string).collect::<Vec<_>>().join(": ");
    let is = |text: &str| said.contains(text);
    if is("invalid peer certificate") || is("received fatal alert") || is("InvalidContentType") {
        let context = "TLS: the server there cannot be trusted, or does not speak it".to_owned();
        return Error { kind: ErrorKind::Invalid, context, ..error }.of_the_store().with_remedy(tls_remedy(&said));
    }
    // The only failures of which hyper knows that nothing was sent.
    if is("client error (Connect)") || is("HTTP connect timeout") || is("dns error") || is("Connection refused") {
        let context = "nobody answers at the endpoint".to_owned();
        return Error { context, ..error }.with_remedy(
            "check region and endpoint-url, the name service, the proxy (HTTPS_PROXY, NO_PROXY) and the way out of this network",
        );
    }
    let context = if error.context.is_empty() { "the connection was lost".to_owned() } else { error.context.clone() };
    let effect = if error.kind == ErrorKind::Unavailable { Effect::Unknown } else { Effect::None };
    Error { context, effect, ..error }
}

fn tls_remedy(said: &str) -> &'static str {
    if said.contains("InvalidContentType") {
        "the server there does not speak TLS: check the port, or write http:// in endpoint-url if it really has none"
    } else if said.contains("UnknownIssuer") {
        "set tls.ca (or AWS_CA_BUNDLE) to the PEM file of the authority that signed the server's certificate"
    } else {
        "mend the server's certificate (name, dates), or endpoint-url"
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use aws_sdk_sts::error::{ConnectorError, ErrorMetadata};

    use super::*;
    use crate::provider::Reach;

    /// What AWS's own words might hold, and no error of ours may.
    const QUOTED: &str = "canary-5f1e";

    fn refused(status: u16, code: Option<&str>, message: &str) -> SdkError<ErrorMetadata> {
        let mut said = ErrorMetadata::builder().message(format!("{message} {QUOTED}"));
        if let Some(code) = code {
            said = said.code(code);
        }
        let mut response = aws_sdk_sts::config::http::HttpResponse::new(status.try_into().unwrap(), "".into());
        response.headers_mut().insert("x-amzn-requestid", "r-1");
        response.headers_mut().insert("retry-after", "7");
        SdkError::service_error(said.build(), response)
    }

    fn lost(cause: &str) -> SdkError<ErrorMetadata> {
        SdkError::dispatch_failure(ConnectorError::io(cause.into()))
    }

    /// Sorts an error and tells what became of it: kind, effect, reach.
    fn sorted(error: &SdkError<ErrorMetadata>) -> (Error, String) {
        let error = sort("write", "vault-prod", error);
        let effect = if error.effect == Effect::None { "none" } else { "unknown" };
        let reach = if error.reach == Reach::Key { "key" } else { "store" };
        assert!(!format!("{error} {error:?} {}", error.explained()).contains(QUOTED), "{error:?}");
        let told = format!("{} {effect} {reach}", error.kind);
        (error, told)
    }

    #[test]
    fn every_code_has_its_meaning() {
        let rows = [
            (400, "AccessDeniedException", "", "denied none key"),
            (400, "ExpiredTokenException", "", "denied none store"),
            (403, "ExpiredToken", "", "denied none store"),
            (400, "UnrecognizedClientException", "", "denied none store"),
            (403, "InvalidClientTokenId", "", "denied none store"),
            (400, "InvalidSignatureException", "Signature expired: 20260101T000000Z", "denied none store"),
            (400, "IncompleteSignature", "", "denied none store"),
            (400, "MissingAuthenticationTokenException", "", "denied none store"),
            (400, "OptInRequired", "", "denied none store"),
            (400, "UnknownOperationException", "", "unsupported none store"),
            (400, "DecryptionFailure", "", "denied none key"),
            (400, "EncryptionFailure", "", "denied none key"),
            (400, "InvalidKeyId", "", "denied none key"),
            (400, "KMSInvalidStateException", "", "denied none key"),
            (400, "KMSThrottlingException", "", "rate-limited none key"),
            (400, "ThrottlingException", "", "rate-limited none key"),
            (400, "Throttling", "", "rate-limited none key"),
            (400, "RequestLimitExceeded", "", "rate-limited none key"),
            (400, "TooManyRequestsException", "", "rate-limited none key"),
            (503, "SlowDown", "", "rate-limited none key"),
            (400, "LimitExceededException", "", "unsupported none key"),
            (400, "ParameterLimitExceeded", "", "unsupported none key"),
            (400, "ParameterMaxVersionLimitExceeded", "", "unsupported none key"),
            (400, "ParameterVersionLabelLimitExceeded", "", "unsupported none key"),
            (400, "TooManyTagsError", "", "unsupported none key"),
            (400, "TooManyUpdates", "", "unavailable none key"),
            (500, "InternalServiceError", "", "unavailable unknown key"),
            (500, "InternalServerError", "", "unavailable unknown key"),
            (503, "ServiceUnavailable", "", "unavailable unknown key"),
            (400, "ResourceExistsException", "", "conflict none key"),
            (400, "ParameterAlreadyExists", "", "conflict none key"),
            (400, "ResourceNotFoundException", "", "conflict none key"),
            (400, "ParameterNotFound", "", "conflict none key"),
            (400, "ParameterVersionNotFound", "", "conflict none key"),
            (400, "InvalidRequestException", "", "invalid none key"),
            (
                400,
                "InvalidRequestException",
                "a secret with this name is already scheduled for deletion",
                "conflict none key",
            ),
            (400, "InvalidParameterException", "", "invalid none key"),
            (400, "ValidationException", "", "invalid none key"),
            (400, "InvalidNextTokenException", "", "invalid none key"),
            (400, "HierarchyLevelLimitExceededException", "", "invalid none key"),
            (400, "HierarchyTypeMismatchException", "", "invalid none key"),
            (400, "ParameterPatternMismatchException", "", "invalid none key"),
            (400, "SomethingNewException", "", "invalid none key"),
            (403, "SomethingNewException", "", "denied none key"),
            (413, "RequestEntityTooLarge", "", "too-large none key"),
            (429, "SomethingNewException", "", "rate-limited none key"),
            (500, "SomethingNewException", "", "unavailable unknown key"),
            (302, "SomethingNewException", "", "unexpected unknown key"),
        ];
        for (status, code, message, expected) in rows {
            let (error, told) = sorted(&refused(status, Some(code), message));
            assert_eq!(told, expected, "{code} {status}");
            assert!(error.context.contains(&format!("{code}, HTTP {status}, request r-1")), "{}", error.context);
            assert_eq!(error.retry_after, Some(Duration::from_secs(7)));
        }
    }

    #[cfg(feature = "aws-secrets-manager")]
    #[test]
    fn a_code_of_one_key_of_a_batch_means_the_same() {
        let error = of_code("read", "aws", "AccessDeniedException", None);
        assert_eq!((error.kind, error.effect), (ErrorKind::Denied, Effect::None));
        assert_eq!(of_code("read", "aws", "NeverSeen", None).kind, ErrorKind::Unexpected);
    }

    #[test]
    fn says_which_right_is_missing_and_which_key_it_is_about() {
        let message =
            "User: arn:aws:iam::1:user/x is not authorized to perform: secretsmanager:TagResource on resource: y";
        let (error, _) = sorted(&refused(400, Some("AccessDeniedException"), message));
        assert!(error.context.starts_with("secretsmanager:TagResource is not allowed"), "{}", error.context);
        let odd = "is not authorized to perform: <script>:x on";
        assert!(!sorted(&refused(400, Some("AccessDeniedException"), odd)).0.context.contains("script"));
        let (error, _) = sorted(&refused(400, Some("AccessDeniedException"), "Access to KMS is not allowed"));
        assert!(error.explained().contains("kms:Decrypt"), "{}", error.explained());
    }

    #[test]
    fn an_answer_of_somebody_else_leads_to_the_endpoint() {
        let (error, told) = sorted(&refused(404, None, "<html>"));
        assert_eq!((told.as_str(), error.context.as_str()), ("unexpected none store", "HTTP 404"));
        assert!(error.explained().contains("endpoint-url"));
        assert!(!sorted(&refused(400, Some("a \"code\" with a body"), "")).0.context.contains("body"));
    }

    #[test]
    fn a_lost_request_may_have_been_done_and_one_never_sent_was_not() {
        assert_eq!(sorted(&lost("connection closed before message completed")).1, "unavailable unknown key");
        assert_eq!(sorted(&SdkError::timeout_error("slow")).1, "unavailable unknown key");
        assert_eq!(sorted(&lost("client error (Connect): tcp connect error")).1, "unavailable none key");
        assert_eq!(sorted(&lost("invalid peer certificate: UnknownIssuer")).1, "invalid none store");
        assert_eq!(sorted(&SdkError::construction_failure("no input")).1, "invalid none key");
    }

    #[test]
    fn without_credentials_the_whole_store_is_out_of_reach() {
        let fault = LoginFault { kind: ErrorKind::Denied, context: "no session".into(), remedy: "log in".into() };
        let error = SdkError::<ErrorMetadata>::dispatch_failure(ConnectorError::other(fault.into(), None));
        let (error, told) = sorted(&error);
        assert_eq!(told, "denied none store");
        assert_eq!(error.explained(), "vault-prod: write: denied (no session); log in");
    }
}
