//! Google's codes and reasons, and what they mean here.

use google_cloud_gax::error::rpc::Code;

use crate::model::ErrorKind;
use crate::provider::meaning::Meaning;

/// What Google says beside a code, as far as it is checked to be harmless.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Details {
    /// Why, in one word of Google's, such as `SERVICE_DISABLED`.
    pub reason: Option<String>,
    /// The right that is missing.
    pub permission: Option<String>,
    /// The project, as `projects/…`.
    pub consumer: Option<String>,
    /// Whether the words beside it speak of Cloud KMS.
    pub of_kms: bool,
    /// Whether they speak of a constraint of the organisation's.
    pub of_policy: bool,
}

const GRANT: &str = "`secretferry check` prints the role that grants what is missing";
const KMS: &str = "grant roles/cloudkms.cryptoKeyEncrypterDecrypter on the key to Secret Manager's service agent, \
                   service-<project number>@gcp-sa-secretmanager.iam.gserviceaccount.com, and see that the key is enabled \
                   and in the secret's location";

/// What a code means, with what is said beside it.
pub(super) fn meaning(code: Code, details: &Details) -> Meaning {
    details.reason.as_deref().and_then(|reason| reasoned(reason, details)).unwrap_or_else(|| plain(code, details))
}

/// The reasons of <https://docs.cloud.google.com/apis/docs/errors> that a request here meets.
fn reasoned(reason: &str, details: &Details) -> Option<Meaning> {
    let denied = || Meaning::new(ErrorKind::Denied).of_the_store();
    let consumer = details.consumer.as_deref().unwrap_or("the project");
    let project = details.consumer.as_deref().and_then(|consumer| consumer.strip_prefix("projects/"));
    let project = project.unwrap_or("<project>");
    Some(match reason {
        "SERVICE_DISABLED" => denied()
            .said(format!("the Secret Manager API is not enabled in {consumer}"))
            .mended_by(format!("`gcloud services enable secretmanager.googleapis.com --project {project}`, then wait some minutes")),
        "BILLING_DISABLED" => denied()
            .said(format!("{consumer} has no billing account"))
            .mended_by(format!("`gcloud billing projects link {project} --billing-account <account>`")),
        "CONSUMER_INVALID" | "CONSUMER_SUSPENDED" | "RESOURCE_PROJECT_INVALID" => denied()
            .said(format!("{consumer} does not exist, or is suspended"))
            .mended_by("check project: `gcloud projects list` names those that we may see"),
        "USER_PROJECT_DENIED" => denied()
            .said(format!("requests may not be counted against {consumer}"))
            .mended_by(format!(
                "grant us roles/serviceusage.serviceUsageConsumer on it, `gcloud projects add-iam-policy-binding {project} \
                 --member=<who we are> --role=roles/serviceusage.serviceUsageConsumer`, or set another quota-project"
            )),
        "ACCESS_TOKEN_SCOPE_INSUFFICIENT" => denied()
            .said("the token is not for the scope of Secret Manager")
            .mended_by("log in with the scope https://www.googleapis.com/auth/cloud-platform"),
        "ACCESS_TOKEN_EXPIRED" | "ACCESS_TOKEN_TYPE_UNSUPPORTED" | "CREDENTIALS_MISSING" | "ACCOUNT_STATE_INVALID" => {
            unauthenticated()
        }
        "SECURITY_POLICY_VIOLATED" => denied()
            .said("a perimeter of VPC Service Controls keeps us out")
            .mended_by("run inside the perimeter, or add us to an access level or ingress rule of it"),
        "LOCATION_POLICY_VIOLATED" | "ORG_POLICY_VIOLATED" | "RESOURCE_LOCATION_RESTRICTION" => location_refused(),
        "IAM_PERMISSION_DENIED" => match &details.permission {
            Some(right) => Meaning::new(ErrorKind::Denied).said(format!("{right} is not allowed")).mended_by(GRANT),
            None => Meaning::new(ErrorKind::Denied).mended_by(GRANT),
        },
        "RATE_LIMIT_EXCEEDED" | "RESOURCE_QUOTA_EXCEEDED" => Meaning::new(ErrorKind::RateLimited),
        _ => return None,
    })
}

/// The codes of <https://docs.cloud.google.com/apis/design/errors>.
fn plain(code: Code, details: &Details) -> Meaning {
    match code {
        Code::Unauthenticated => unauthenticated(),
        Code::PermissionDenied | Code::FailedPrecondition if details.of_kms => {
            Meaning::new(ErrorKind::Denied).said("the KMS key may not be used").mended_by(KMS)
        }
        Code::InvalidArgument | Code::PermissionDenied | Code::FailedPrecondition if details.of_policy => {
            location_refused()
        }
        Code::PermissionDenied => Meaning::new(ErrorKind::Denied).mended_by(GRANT),
        Code::NotFound => Meaning::new(ErrorKind::Conflict).said("there is no such secret, version or project"),
        Code::AlreadyExists => Meaning::new(ErrorKind::Conflict).said("it exists already"),
        Code::FailedPrecondition => Meaning::new(ErrorKind::Conflict).said("the secret is not in a state for this"),
        // Another writer was faster; nothing was done.
        Code::Aborted => Meaning::new(ErrorKind::Unavailable),
        Code::InvalidArgument | Code::OutOfRange => {
            Meaning::new(ErrorKind::Invalid).said("Secret Manager does not take the request")
        }
        Code::ResourceExhausted => Meaning::new(ErrorKind::RateLimited),
        Code::Unimplemented => Meaning::new(ErrorKind::Unsupported)
            .of_the_store()
            .said("the endpoint does not serve this request")
            .mended_by("check endpoint-url and location"),
        Code::Unavailable | Code::Internal | Code::Unknown | Code::DeadlineExceeded | Code::Cancelled => {
            Meaning::new(ErrorKind::Unavailable).of_unknown_effect()
        }
        _ => Meaning::new(ErrorKind::Unexpected).of_unknown_effect(),
    }
}

fn unauthenticated() -> Meaning {
    Meaning::new(ErrorKind::Denied)
        .of_the_store()
        .said("Google does not take the token: it has expired, or whoever it is of is disabled")
        .mended_by(
            "log in again; `gcloud auth application-default login`, a fresh token, or a key that is not disabled",
        )
}

fn location_refused() -> Meaning {
    Meaning::new(ErrorKind::Invalid)
        .of_the_store()
        .said("a policy of the organisation does not allow secrets in these places (constraints/gcp.resourceLocations)")
        .mended_by("set replication = [\"europe-west6\"] (or wherever it allows), or location for regional secrets")
}
