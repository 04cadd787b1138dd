//! How we become known to AWS: whose credentials, which role on top, and in plain words why there are none.

use std::fmt;
use std::time::SystemTime;

use aws_config::SdkConfig;
use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};

use super::auth::account;
use super::refusal::LoginFault;
use crate::provider::SecretPlace;
use crate::reference::{Reference, env_setting};

/// Whose credentials, and which role on top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Login {
    /// Where the credentials come from.
    pub proof: Proof,
    /// The role that they assume.
    pub role: Option<Role>,
}

/// Where credentials come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Proof {
    /// What AWS's own tools would take: environment, profile, web identity, container, instance.
    Chain,
    /// A profile: keys, IAM Identity Center, a process, a role of its own.
    Profile(String),
    /// An access key.
    Keys(Keys),
    /// A token that somebody else signed, for a role.
    WebIdentity {
        /// The role.
        role: Role,
        /// Where the token is.
        token: Reference,
    },
}

/// Where an access key is; read again at each login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Keys {
    /// Its id.
    pub id: SecretPlace,
    /// Its secret.
    pub secret: SecretPlace,
    /// The token of a temporary key.
    pub token: Option<SecretPlace>,
}

/// A role and how it is assumed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Role {
    /// Its ARN.
    pub arn: String,
    /// What its trust policy wants to hear.
    pub external_id: Option<String>,
    /// How the session is called.
    pub session: String,
}

impl Login {
    /// Makes what gives the SDK its credentials, and says in our words why there are none.
    ///
    /// `sts` is how STS is reached; `context` is the same for what the SDK does on its own.
    pub async fn provider(&self, sts: &SdkConfig, context: &ProviderConfig) -> SharedCredentialsProvider {
        let base = match &self.proof {
            Proof::Chain => SharedCredentialsProvider::new(
                DefaultCredentialsChain::builder().configure(context.clone()).build().await,
            ),
            Proof::Profile(profile) => SharedCredentialsProvider::new(
                ProfileFileCredentialsProvider::builder().configure(context).profile_name(profile).build(),
            ),
            Proof::Keys(keys) => SharedCredentialsProvider::new(keys.clone()),
            Proof::WebIdentity { role, token } => {
                let client = aws_sdk_sts::Client::new(sts);
                SharedCredentialsProvider::new(WebIdentity { client, role: role.clone(), token: token.clone() })
            }
        };
        let base = self.explaining(base);
        let Some(role) = &self.role else { return base };
        let mut assumed = AssumeRoleProvider::builder(&role.arn).session_name(&role.session).configure(sts);
        if let Some(external_id) = &role.external_id {
            assumed = assumed.external_id(external_id);
        }
        self.explaining(SharedCredentialsProvider::new(assumed.build_from_provider(base).await))
    }

    /// The profile that credentials come from, if it is one by name.
    pub fn profile(&self) -> Option<&str> {
        match &self.proof {
            Proof::Profile(profile) => Some(profile),
            _ => None,
        }
    }

    /// The role that is assumed in the end.
    pub fn assumed(&self) -> Option<&Role> {
        match &self.proof {
            Proof::WebIdentity { role, .. } => Some(role),
            _ => self.role.as_ref(),
        }
    }

    /// Whose account it is, as far as the config and the environment can tell.
    pub fn identity(&self) -> String {
        if let Some(account) = self.assumed().and_then(|role| account(&role.arn)) {
            return format!("account={account:?}");
        }
        match &self.proof {
            Proof::Profile(profile) => format!("profile={profile:?}"),
            Proof::Keys(keys) => format!("key={:?}", keys.id.to_string()),
            Proof::Chain | Proof::WebIdentity { .. } => {
                format!("profile={:?}", env_setting("AWS_PROFILE").unwrap_or_default())
            }
        }
    }

    fn explaining(&self, inner: SharedCredentialsProvider) -> SharedCredentialsProvider {
        SharedCredentialsProvider::new(Explaining { login: self.clone(), inner })
    }
}

/// Credentials with their faults in our words.
#[derive(Debug)]
struct Explaining {
    login: Login,
    inner: SharedCredentialsProvider,
}

impl ProvideCredentials for Explaining {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let fault = |error| CredentialsError::provider_error(LoginFault::of(&self.login, &error));
        future::ProvideCredentials::new(async move { self.inner.provide_credentials().await.map_err(fault) })
    }
}

impl Keys {
    fn read(&self) -> Result<Credentials, CredentialsError> {
        let read = |place: &SecretPlace| {
            place.resolve().map_err(|error| CredentialsError::provider_error(LoginFault::missing(&error)))
        };
        let (id, secret) = (read(&self.id)?, read(&self.secret)?);
        let token = self.token.as_ref().map(read).transpose()?;
        let token = token.map(|token| token.expose().to_owned());
        Ok(Credentials::new(id.expose(), secret.expose(), token, None, "keys"))
    }
}

impl ProvideCredentials for Keys {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(self.read())
    }
}

/// A token of somebody else's, exchanged for credentials of a role.
struct WebIdentity {
    client: aws_sdk_sts::Client,
    role: Role,
    token: Reference,
}

impl WebIdentity {
    async fn exchange(&self) -> Result<Credentials, CredentialsError> {
        let token =
            self.token.resolve().map_err(|error| CredentialsError::provider_error(LoginFault::missing(&error)))?;
        let request = self.client.assume_role_with_web_identity().role_arn(&self.role.arn);
        let request = request.role_session_name(&self.role.session).web_identity_token(token.expose());
        let answer = request.send().await.map_err(CredentialsError::provider_error)?;
        let given = answer.credentials.ok_or_else(|| CredentialsError::unhandled("no credentials in the answer"))?;
        let until = SystemTime::try_from(given.expiration).map_err(CredentialsError::unhandled)?;
        let token = Some(given.session_token);
        Ok(Credentials::new(given.access_key_id, given.secret_access_key, token, Some(until), "web-identity"))
    }
}

impl ProvideCredentials for WebIdentity {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.exchange())
    }
}

impl fmt::Debug for WebIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebIdentity").field("role", &self.role).field("token", &self.token).finish_non_exhaustive()
    }
}
