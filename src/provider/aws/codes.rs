//! AWS's error codes and what they mean here, for Secrets Manager, Parameter Store, KMS behind them, and logins.

use crate::model::ErrorKind;
use crate::provider::meaning::Meaning;

const KMS: &str = "allow kms:Decrypt and kms:GenerateDataKey on the key (key policy and identity policy), see that it is \
                   enabled and in this region, or set kms-key-id to one that is";
const LOGIN: &str = "use an access key that is active and whole, or log in again; `aws sts get-caller-identity` tells who AWS takes us for";
const CLOCK: &str = "set this machine's clock: AWS takes requests within 5 minutes of its own";

/// The meaning of a code; one that nobody foresaw is `Unexpected`.
#[cfg(feature = "aws-secrets-manager")]
pub(super) fn meaning(code: &str, message: Option<&str>) -> Meaning {
    known(code, message).unwrap_or_else(|| Meaning::new(ErrorKind::Unexpected).of_unknown_effect())
}

/// The meaning of a code that is foreseen.
pub(super) fn known(code: &str, message: Option<&str>) -> Option<Meaning> {
    let message = message.unwrap_or_default();
    login(code, message).or_else(|| refused(code, message)).or_else(|| passing(code)).or_else(|| state(code, message))
}

/// We are not who we should be: every key would hear the same.
fn login(code: &str, message: &str) -> Option<Meaning> {
    let denied = || Meaning::new(ErrorKind::Denied).of_the_store();
    let is_clock = ["Signature expired", "Signature not yet current"].iter().any(|text| message.contains(text));
    Some(match code {
        "InvalidSignatureException" | "SignatureDoesNotMatch" if is_clock => {
            denied().said("the clocks differ").mended_by(CLOCK)
        }
        "RequestTimeTooSkewed" | "RequestExpired" => denied().said("the clocks differ").mended_by(CLOCK),
        "ExpiredTokenException" | "ExpiredToken" | "TokenRefreshRequired" => denied()
            .said("the session has expired")
            .mended_by("log in again: `aws sso login`, or a fresh session token"),
        "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidAccessKeyId"
        | "AuthFailure"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "NotAuthorized" => denied().said("AWS does not take these credentials").mended_by(LOGIN),
        "OptInRequired" | "SubscriptionRequiredException" => denied()
            .said("the account is not open for this region or service")
            .mended_by("enable the region in the account, or set another"),
        "UnknownOperationException" | "UnknownOperation" => Meaning::new(ErrorKind::Unsupported)
            .of_the_store()
            .said("the endpoint does not serve this store")
            .mended_by("check endpoint-url: it leads to another of AWS's services"),
        _ => return None,
    })
}

/// We are who we are, and may not.
fn refused(code: &str, message: &str) -> Option<Meaning> {
    let denied = || Meaning::new(ErrorKind::Denied);
    let is_kms = message.contains("KMS") || message.contains("kms:");
    Some(match code {
        "AccessDeniedException" | "AccessDenied" | "UnauthorizedOperation" if is_kms => {
            denied().said("the KMS key may not be used").mended_by(KMS)
        }
        "AccessDeniedException" | "AccessDenied" | "UnauthorizedOperation" => {
            let error = denied().mended_by("`secretferry check` prints the IAM statement that grants what is missing");
            match action(message) {
                Some(action) => error.said(format!("{action} is not allowed")),
                None => error,
            }
        }
        "DecryptionFailure" | "DecryptionFailureException" | "EncryptionFailure" => {
            denied().said("the KMS key of this secret cannot be used").mended_by(KMS)
        }
        "InvalidKeyId" => denied().said("KMS does not take this key").mended_by(KMS),
        kms if kms.starts_with("KMS") && !kms.contains("Throttling") && !kms.contains("Internal") => {
            denied().said("KMS does not take this key").mended_by(KMS)
        }
        _ => return None,
    })
}

/// It may go well another time.
fn passing(code: &str) -> Option<Meaning> {
    Some(match code {
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "TooManyRequestsException"
        | "RequestLimitExceeded"
        | "SlowDown"
        | "PriorRequestNotComplete"
        | "ProvisionedThroughputExceededException"
        | "TransactionInProgressException"
        | "BandwidthLimitExceeded"
        | "EC2ThrottledException"
        | "KMSThrottlingException" => Meaning::new(ErrorKind::RateLimited),
        "TooManyUpdates" => Meaning::new(ErrorKind::Unavailable).said("another write to this name is under way"),
        "InternalServiceError"
        | "InternalServiceErrorException"
        | "InternalServerError"
        | "InternalFailure"
        | "ServiceUnavailable"
        | "ServiceUnavailableException"
        | "KMSInternalException" => Meaning::new(ErrorKind::Unavailable).of_unknown_effect(),
        _ => return None,
    })
}

/// The store is not as the request takes it to be, or the request is not as the store wants it.
fn state(code: &str, message: &str) -> Option<Meaning> {
    const SCHEDULED: [&str; 3] = ["scheduled for deletion", "marked for deletion", "marked deleted"];
    let invalid = || Meaning::new(ErrorKind::Invalid);
    Some(match code {
        "ResourceExistsException" | "ParameterAlreadyExists" => {
            Meaning::new(ErrorKind::Conflict).said("there is one of this name already")
        }
        "ResourceNotFoundException" | "ParameterNotFound" | "ParameterVersionNotFound" => {
            Meaning::new(ErrorKind::Conflict).said("there is no such key or version")
        }
        "InvalidRequestException" if SCHEDULED.iter().any(|text| message.contains(text)) => {
            Meaning::new(ErrorKind::Conflict).said("the secret is scheduled for deletion")
        }
        "InvalidRequestException" => invalid().said("the secret's state does not allow it"),
        "LimitExceededException" => Meaning::new(ErrorKind::Unsupported)
            .said("a quota of Secrets Manager is full: secrets of the region, or versions or labels of this one")
            .mended_by("delete what nobody needs, or ask AWS for more (Service Quotas)"),
        "ParameterLimitExceeded" | "ServiceQuotaExceededException" => Meaning::new(ErrorKind::Unsupported)
            .said("the region holds as many parameters as its quota allows")
            .mended_by("set tier = \"advanced\" (100 000 instead of 10 000, at a price), or delete what nobody needs"),
        "ParameterMaxVersionLimitExceeded" => Meaning::new(ErrorKind::Unsupported)
            .said("the oldest of 100 versions carries a label and cannot make room")
            .mended_by("take the label off or move it to a younger version (aws ssm unlabel-parameter-version)"),
        "ParameterVersionLabelLimitExceeded" | "TooManyTagsError" => {
            Meaning::new(ErrorKind::Unsupported).said("it has as many labels or tags as it can hold")
        }
        "HierarchyLevelLimitExceededException" => invalid().said("the name has more than 15 levels"),
        "ParameterPatternMismatchException" => {
            invalid().said("the value does not match the parameter's allowed pattern")
        }
        "HierarchyTypeMismatchException" | "UnsupportedParameterType" => invalid()
            .said("a parameter's type cannot be changed")
            .mended_by("delete the parameter of type String by hand first"),
        "InvalidParameterException"
        | "ValidationException"
        | "ValidationError"
        | "InvalidNextTokenException"
        | "InvalidNextToken"
        | "MalformedPolicyDocumentException"
        | "SerializationException"
        | "InvalidAllowedPatternException"
        | "PoliciesLimitExceededException"
        | "InvalidPolicyTypeException"
        | "InvalidPolicyAttributeException"
        | "IncompatiblePolicyException"
        | "PreconditionNotMetException"
        | "PublicPolicyException"
        | "InvalidFilterKey"
        | "InvalidFilterOption"
        | "InvalidFilterValue"
        | "InvalidResourceId"
        | "InvalidResourceType" => invalid(),
        _ => return None,
    })
}

/// Which action AWS says is not allowed, in its own fixed sentence.
fn action(message: &str) -> Option<&str> {
    let action = message.split("is not authorized to perform: ").nth(1)?.split_whitespace().next()?;
    let is_action = action.split_once(':').is_some_and(|(service, verb)| {
        let is_word =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        is_word(service) && is_word(verb)
    });
    is_action.then_some(action)
}
