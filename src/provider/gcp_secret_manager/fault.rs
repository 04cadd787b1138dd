//! The SDK's errors -> `ErrorKind`, `Effect` and what to do. The only place that knows how Google refuses.
//!
//! What Google writes beside a code may quote a request; of it only fixed texts are recognised, and nothing is shown.

use std::error::Error as StdError;
use std::time::Duration;

use google_cloud_gax::error::Error as SdkError;
use google_cloud_gax::error::rpc::{Code, Status, StatusDetails};

use super::codes::{self, Details};
use super::network;
use super::refusal::LoginFault;
use crate::model::ErrorKind;
use crate::provider::Error;
use crate::provider::meaning::chain;

const CHECK_ENDPOINT: &str = "check endpoint-url, and whether a proxy answers in Google's place";

/// The error of a request that failed; its effect is that of a write, which [`Caller`](crate::provider::Caller) knows to
/// be none for a read.
pub(super) fn sort(operation: &'static str, store: &str, error: &SdkError) -> Error {
    let sorted = |kind, context: &str| Error::new(kind, operation, store, context);
    if let Some(login) = chain(error).find_map(|error| error.downcast_ref::<LoginFault>()) {
        return sorted(login.kind, &login.context).of_the_store().with_remedy(&login.remedy);
    }
    if let Some(status) = error.status() {
        return answered(sorted(ErrorKind::Unexpected, ""), status, error);
    }
    if let Some(status) = error.http_status_code() {
        return of_a_stranger(sorted(ErrorKind::Unexpected, &format!("HTTP {status}")), status);
    }
    if error.is_authentication() {
        return sorted(ErrorKind::Denied, "there is no token").of_the_store();
    }
    if error.is_binding() || error.is_serialization() {
        return sorted(ErrorKind::Invalid, "the request cannot be made: the name fits into no URL of Google's");
    }
    if error.is_deserialization() {
        let context = "the answer is not what Google documents";
        return sorted(ErrorKind::Unexpected, context).of_unknown_effect().with_remedy(CHECK_ENDPOINT);
    }
    undelivered(sorted(ErrorKind::Unavailable, ""), error)
}

/// The code of Google's refusal; `None` where it was not Google that refused.
pub(super) fn code(error: &SdkError) -> Option<Code> {
    error.status().map(|status| status.code)
}

/// What Google says beside a code, checked to be harmless.
pub(super) fn details(status: &Status) -> Details {
    let of_kms = status.message.contains("KMS") || status.message.contains("cloudkms");
    let of_policy = status.message.contains("constraints/gcp.resourceLocations");
    let info = status.details.iter().find_map(|detail| match detail {
        StatusDetails::ErrorInfo(info) => Some(info),
        _ => None,
    });
    let Some(info) = info else { return Details { of_kms, of_policy, ..Details::default() } };
    let said = |key: &str| info.metadata.get(key).filter(|text| is_plain(text)).cloned();
    Details {
        reason: Some(&info.reason).filter(|text| is_plain(text)).cloned(),
        permission: said("permission"),
        consumer: said("consumer").filter(|text| text.starts_with("projects/")),
        of_kms,
        of_policy,
    }
}

fn answered(mut error: Error, status: &Status, cause: &SdkError) -> Error {
    let details = details(status);
    let mut said: Vec<String> = vec![status.code.name().to_owned()];
    said.extend(details.reason.clone());
    said.extend(cause.http_status_code().map(|status| format!("HTTP {status}")));
    error.context = said.join(", ");
    let error = codes::meaning(status.code, &details).tell(error);
    Error { retry_after: retry_after(status, cause), ..error }
}

/// How long Google asks us to wait: in HTTP's way, or in its own.
fn retry_after(status: &Status, cause: &SdkError) -> Option<Duration> {
    let header = || cause.http_headers()?.get("retry-after")?.to_str().ok()?.trim().parse().ok();
    let detail = status.details.iter().find_map(|detail| match detail {
        StatusDetails::RetryInfo(info) => {
            info.retry_delay.as_ref().and_then(|delay| u64::try_from(delay.seconds()).ok())
        }
        _ => None,
    });
    header().or(detail).map(Duration::from_secs)
}

/// A status without Google's own words is somebody else's, and the next key would hear the same.
fn of_a_stranger(error: Error, status: u16) -> Error {
    let (kind, passes) = match status {
        429 => (ErrorKind::RateLimited, true),
        500..=599 => (ErrorKind::Unavailable, true),
        401 | 403 => (ErrorKind::Denied, false),
        413 => (ErrorKind::TooLarge, true),
        _ => (ErrorKind::Unexpected, false),
    };
    let error = Error { kind, ..error }.with_remedy(CHECK_ENDPOINT);
    let error = if passes { error } else { error.of_the_store() };
    if (400..=499).contains(&status) { error } else { error.of_unknown_effect() }
}

/// The error of a request that was never answered: no connection, or one that was lost.
fn undelivered(error: Error, cause: &SdkError) -> Error {
    let Some((context, remedy)) = network::explain(cause as &(dyn StdError + 'static)) else {
        if cause.is_connect() {
            return Error { context: "nobody answers there".to_owned(), ..error }.with_remedy(CHECK_ENDPOINT);
        }
        let context = if cause.is_timeout() { "no answer in time" } else { "the connection was lost" };
        return Error { context: context.to_owned(), ..error }.of_unknown_effect();
    };
    let error = Error { context: context.to_owned(), ..error }.with_remedy(remedy);
    if context.starts_with("TLS") {
        return Error { kind: ErrorKind::Invalid, ..error }.of_the_store();
    }
    if cause.is_connect() { error } else { error.of_unknown_effect() }
}

fn is_plain(text: &str) -> bool {
    let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'/' | b':');
    !text.is_empty() && text.len() <= 200 && text.bytes().all(is_legal)
}

#[cfg(test)]
mod tests {
    use google_cloud_gax::error::CredentialsError;
    use http::HeaderMap;

    use super::*;
    use crate::model::Effect;
    use crate::provider::Reach;

    /// What Google's own words might hold, and no error of ours may.
    const QUOTED: &str = "canary-5f1e";

    /// An error as the SDK makes it of Google's answer.
    fn refused(status: u16, code: &str, message: &str, reason: Option<&str>) -> SdkError {
        let info = reason.map_or(String::new(), |reason| {
            format!(
                r#"{{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"{reason}","domain":"googleapis.com",
                   "metadata":{{"permission":"secretmanager.secrets.list","consumer":"projects/p-1","x":"{QUOTED}"}}}}"#
            )
        });
        let body = format!(
            r#"{{"error":{{"code":{status},"message":"{message} {QUOTED}","status":"{code}","details":[{info}]}}}}"#
        );
        let raw = SdkError::http(status, HeaderMap::new(), body.into());
        let said = raw.http_payload().and_then(|body| Status::try_from(body).ok()).unwrap_or_default();
        let headers = HeaderMap::from_iter([(http::header::RETRY_AFTER, http::HeaderValue::from_static("7"))]);
        SdkError::service_with_http_metadata(said, Some(status), Some(headers))
    }

    /// Sorts an error and tells what became of it: kind, effect, reach.
    fn sorted(error: &SdkError) -> (Error, String) {
        let error = sort("write", "gcp-prod", error);
        let effect = if error.effect == Effect::None { "none" } else { "unknown" };
        let reach = if error.reach == Reach::Key { "key" } else { "store" };
        assert!(!format!("{error} {error:?} {}", error.explained()).contains(QUOTED), "{error:?}");
        let told = format!("{} {effect} {reach}", error.kind);
        (error, told)
    }

    #[test]
    fn every_code_has_its_meaning() {
        let rows = [
            (400, "INVALID_ARGUMENT", "", "invalid none key"),
            (400, "FAILED_PRECONDITION", "", "conflict none key"),
            (400, "FAILED_PRECONDITION", "Cloud KMS key is disabled", "denied none key"),
            (400, "FAILED_PRECONDITION", "violates constraints/gcp.resourceLocations", "invalid none store"),
            (400, "OUT_OF_RANGE", "", "invalid none key"),
            (401, "UNAUTHENTICATED", "", "denied none store"),
            (403, "PERMISSION_DENIED", "", "denied none key"),
            (404, "NOT_FOUND", "", "conflict none key"),
            (409, "ALREADY_EXISTS", "", "conflict none key"),
            (409, "ABORTED", "", "unavailable none key"),
            (429, "RESOURCE_EXHAUSTED", "", "rate-limited none key"),
            (499, "CANCELLED", "", "unavailable unknown key"),
            (500, "INTERNAL", "", "unavailable unknown key"),
            (500, "DATA_LOSS", "", "unexpected unknown key"),
            (501, "UNIMPLEMENTED", "", "unsupported none store"),
            (503, "UNAVAILABLE", "", "unavailable unknown key"),
            (504, "DEADLINE_EXCEEDED", "", "unavailable unknown key"),
        ];
        for (status, code, message, expected) in rows {
            let (error, told) = sorted(&refused(status, code, message, None));
            assert_eq!(told, expected, "{code} {message}");
            assert!(error.context.contains(&format!("{code}, HTTP {status}")), "{}", error.context);
            assert_eq!(error.retry_after, Some(Duration::from_secs(7)));
        }
    }

    #[test]
    fn a_reason_says_more_than_its_code() {
        let rows = [
            (
                "SERVICE_DISABLED",
                "denied none store",
                "gcloud services enable secretmanager.googleapis.com --project p-1",
            ),
            ("BILLING_DISABLED", "denied none store", "gcloud billing"),
            ("CONSUMER_INVALID", "denied none store", "check project"),
            ("USER_PROJECT_DENIED", "denied none store", "quota-project"),
            ("ACCESS_TOKEN_SCOPE_INSUFFICIENT", "denied none store", "cloud-platform"),
            ("ACCESS_TOKEN_EXPIRED", "denied none store", "log in again"),
            ("SECURITY_POLICY_VIOLATED", "denied none store", "perimeter"),
            ("LOCATION_POLICY_VIOLATED", "invalid none store", "replication"),
            ("IAM_PERMISSION_DENIED", "denied none key", "secretmanager.secrets.list is not allowed"),
            ("NEVER_SEEN", "denied none key", "secretferry check"),
        ];
        for (reason, expected, remedy) in rows {
            let (error, told) = sorted(&refused(403, "PERMISSION_DENIED", "", Some(reason)));
            assert_eq!(told, expected, "{reason}");
            assert!(error.explained().contains(remedy), "{}", error.explained());
        }
    }

    #[test]
    fn an_answer_of_somebody_else_leads_to_the_endpoint() {
        let rows = [
            (404, "unexpected none store"),
            (403, "denied none store"),
            (302, "unexpected unknown store"),
            (502, "unavailable unknown key"),
            (429, "rate-limited none key"),
        ];
        for (status, expected) in rows {
            let (error, told) = sorted(&SdkError::http(status, HeaderMap::new(), QUOTED.into()));
            assert_eq!(told, expected, "{status}");
            assert!(error.explained().contains("endpoint-url"), "{}", error.explained());
        }
    }

    #[test]
    fn a_lost_request_may_have_been_done_and_one_never_sent_was_not() {
        let rows = [
            (SdkError::io(QUOTED), "unavailable unknown key"),
            (SdkError::timeout(QUOTED), "unavailable unknown key"),
            (SdkError::deser(QUOTED), "unexpected unknown key"),
            (SdkError::connect(QUOTED), "unavailable none key"),
            (SdkError::connect("dns error"), "unavailable none key"),
            (SdkError::connect("invalid peer certificate: UnknownIssuer"), "invalid none store"),
            (SdkError::binding(QUOTED), "invalid none key"),
        ];
        for (error, expected) in rows {
            assert_eq!(sorted(&error).1, expected);
        }
    }

    #[test]
    fn a_refused_log_in_is_of_the_store_and_says_what_to_do() {
        let fault = LoginFault::missing(&"the file x cannot be read");
        let error = SdkError::authentication(CredentialsError::from_source(false, fault));
        let (error, told) = sorted(&error);
        assert_eq!(told, "denied none store");
        assert!(error.explained().contains("the file x cannot be read"), "{}", error.explained());
    }
}
