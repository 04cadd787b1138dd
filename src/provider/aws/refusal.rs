//! Why there are no credentials, in words for a person. What the SDK says is looked at, never shown: it may quote a process or a file.

use std::error::Error as StdError;
use std::fmt;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_sdk_sts::operation::assume_role_with_web_identity::AssumeRoleWithWebIdentityError;

use super::login::{Login, Proof, Role};
use crate::model::ErrorKind;
use crate::provider::meaning::chain;
use crate::reference::env_setting;

/// Why we are not let in, and what to do about it; it travels inside the SDK's errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LoginFault {
    /// Whether AWS refused, or could not be asked.
    pub kind: ErrorKind,
    /// What happened.
    pub context: String,
    /// What to do.
    pub remedy: String,
}

impl LoginFault {
    /// The fault of a reference that leads nowhere.
    pub fn missing(error: &dyn fmt::Display) -> Self {
        denied(error.to_string(), "set it, and see that this program may read it")
    }

    /// The fault behind an error of the SDK's.
    pub fn of(login: &Login, error: &CredentialsError) -> Self {
        if let Some(known) = chain(error).find_map(|error| error.downcast_ref::<Self>()) {
            return known.clone();
        }
        if let Some(refused) = refused(login, error) {
            return refused;
        }
        let said = chain(error).map(ToString::to_string).collect::<Vec<_>>().join(": ");
        let profile = profile(login);
        let is = |text: &str| said.contains(text);
        // First of all, as what follows in it is whatever the process printed.
        if is("Error retrieving credentials") {
            return denied(
                format!("the credential_process of the profile {profile} failed"),
                "run its command by hand (it stands in ~/.aws/config); what it prints is not repeated here",
            );
        }
        if is("SSO token") || is("SSO session") || is("UnauthorizedException") {
            return denied(
                format!(
                    "the session of IAM Identity Center for the profile {profile} has expired, or there never was one"
                ),
                format!("`aws sso login --profile {profile}`"),
            );
        }
        if is("was not defined") || is("did not contain credential") || is("No profiles were defined") {
            return denied(
                format!("there is no profile {profile} with credentials in ~/.aws/config and ~/.aws/credentials"),
                format!("`aws configure --profile {profile}`, or `aws configure sso`; AWS_CONFIG_FILE moves the file"),
            );
        }
        Self::rest(login, error, &profile)
    }

    fn rest(login: &Login, error: &CredentialsError, profile: &str) -> Self {
        match (error, &login.proof) {
            (CredentialsError::CredentialsNotLoaded(_), Proof::Profile(_)) => denied(
                format!("the profile {profile} gives no credentials"),
                format!("`aws sts get-caller-identity --profile {profile}` tells what is wrong with it"),
            ),
            (CredentialsError::CredentialsNotLoaded(_), _) => denied(
                "there are no credentials: not in the environment, no profile, no web identity, no container or instance",
                "set auth in the store's table, or AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            ),
            (CredentialsError::InvalidConfiguration(_), _) => denied(
                format!("the profile {profile} is not written as it should be"),
                format!("`aws sts get-caller-identity --profile {profile}` tells what is wrong with it"),
            ),
            (CredentialsError::ProviderTimedOut(_), _) => Self {
                kind: ErrorKind::Unavailable,
                context: "whoever gives the credentials did not answer in time".to_owned(),
                remedy: "check the network, or make timeout longer".to_owned(),
            },
            _ => Self {
                kind: ErrorKind::Unavailable,
                context: "whoever gives the credentials did not answer as it should".to_owned(),
                remedy: "`aws sts get-caller-identity` tells what is wrong".to_owned(),
            },
        }
    }
}

impl fmt::Display for LoginFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.context)
    }
}

impl StdError for LoginFault {}

fn denied(context: impl Into<String>, remedy: impl Into<String>) -> LoginFault {
    LoginFault { kind: ErrorKind::Denied, context: context.into(), remedy: remedy.into() }
}

fn profile(login: &Login) -> String {
    let named = login.profile().map(str::to_owned).or_else(|| env_setting("AWS_PROFILE"));
    named.unwrap_or_else(|| "default".to_owned())
}

/// What STS itself said against a role, if it was STS that spoke.
fn refused(login: &Login, error: &CredentialsError) -> Option<LoginFault> {
    chain(error).find_map(|error| {
        if let Some(SdkError::ServiceError(said)) = error.downcast_ref::<SdkError<AssumeRoleError>>() {
            return Some(of_role(login, said.err().code().unwrap_or_default(), said.err().message()));
        }
        if let Some(SdkError::ServiceError(said)) = error.downcast_ref::<SdkError<AssumeRoleWithWebIdentityError>>() {
            return Some(of_role(login, said.err().code().unwrap_or_default(), said.err().message()));
        }
        None
    })
}

fn of_role(login: &Login, code: &str, message: Option<&str>) -> LoginFault {
    let Some(role) = login.assumed() else {
        return denied(
            format!("a role of the profile {} cannot be assumed ({code})", profile(login)),
            "see role_arn and source_profile there, and the role's trust policy",
        );
    };
    let arn = &role.arn;
    match (code, &login.proof) {
        ("AccessDenied" | "AccessDeniedException", Proof::WebIdentity { .. }) => denied(
            format!("the role {arn} does not trust the token's issuer, audience or subject"),
            "its trust policy must allow sts:AssumeRoleWithWebIdentity to the OIDC provider that signed the token, with its aud and sub",
        ),
        ("AccessDenied" | "AccessDeniedException", _) => not_trusted(role, message),
        ("ExpiredTokenException", _) => denied(
            "the web identity's token has expired".to_owned(),
            "see that whoever writes token-file keeps it fresh",
        ),
        ("InvalidIdentityToken", _) => denied(
            "the file of the web identity holds no token that AWS knows the signer of",
            "check token-file, and that the token's issuer is an identity provider in the role's account",
        ),
        ("RegionDisabledException", _) => denied(
            "STS is switched off in this region".to_owned(),
            "switch it on in IAM's account settings, or set another region",
        ),
        ("InvalidClientTokenId" | "SignatureDoesNotMatch" | "ExpiredToken", _) => denied(
            format!("the credentials that should assume the role {arn} are not valid ({code})"),
            "use an access key that is active and whole, or log in again",
        ),
        _ => denied(format!("the role {arn} cannot be assumed ({code})"), "check role-arn, and that the role exists"),
    }
}

fn not_trusted(role: &Role, message: Option<&str>) -> LoginFault {
    let principal = message.and_then(principal);
    let whom = principal.clone().unwrap_or_else(|| "<our ARN, as `aws sts get-caller-identity` shows it>".to_owned());
    let condition = role
        .external_id
        .as_ref()
        .map_or(String::new(), |id| format!(", \"Condition\": {{\"StringEquals\": {{\"sts:ExternalId\": \"{id}\"}}}}"));
    let arn = &role.arn;
    denied(
        format!("{} may not assume the role {arn}", principal.as_deref().unwrap_or("our identity")),
        format!(
            "the role's trust policy needs\n  {{\"Effect\": \"Allow\", \"Principal\": {{\"AWS\": \"{whom}\"}}, \"Action\": \"sts:AssumeRole\"{condition}}}\nand, in another account, our identity the right sts:AssumeRole on it"
        ),
    )
}

/// Who STS says we are, as a trust policy would name us: the role, not its session.
fn principal(message: &str) -> Option<String> {
    let arn = message.split("User: ").nth(1)?.split_whitespace().next()?;
    let is_arn = arn.starts_with("arn:") && arn.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"');
    if !is_arn {
        return None;
    }
    let parts: Vec<_> = arn.splitn(6, ':').collect();
    match (parts.as_slice(), parts.get(5).and_then(|rest| rest.strip_prefix("assumed-role/"))) {
        ([_, partition, _, _, account, _], Some(session)) => {
            let role = session.split('/').next()?;
            Some(format!("arn:{partition}:iam::{account}:role/{role}"))
        }
        _ => Some(arn.to_owned()),
    }
}
