//! How we become known to Entra ID: one way of logging in, made anew of what its references hold at each log-in.

use std::sync::Arc;

use async_trait::async_trait;
use azure_core::Result;
use azure_core::credentials::{AccessToken, Secret, TokenCredential};
use azure_core::error::{Error, ErrorKind};
use azure_core::http::{ClientMethodOptions, ClientOptions};
use azure_core::time::{Duration, OffsetDateTime};
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, AzureDeveloperCliCredential, AzureDeveloperCliCredentialOptions,
    AzurePipelinesCredential, AzurePipelinesCredentialOptions, ClientAssertion, ClientAssertionCredential,
    ClientAssertionCredentialOptions, ClientSecretCredential, ClientSecretCredentialOptions, ManagedIdentityCredential,
    ManagedIdentityCredentialOptions, UserAssignedId,
};

use super::refusal::LoginFault;
use crate::provider::SecretPlace;

/// How long a token that somebody else renews is held: the policy that asks for it does so five minutes before.
const HELD: Duration = Duration::minutes(10);

/// Who logs in, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Login {
    /// Whoever of Airflow's default chain is there first.
    Auto(Auto),
    /// An application, by its secret.
    ClientSecret {
        /// Which.
        application: Application,
        /// Where its secret is.
        secret: SecretPlace,
    },
    /// An application, by a token that its federated credential trusts.
    Assertion {
        /// Which.
        application: Application,
        /// Where the token is.
        assertion: SecretPlace,
    },
    /// The identity of the machine: its own, or one that was assigned to it.
    ManagedIdentity(Option<UserAssigned>),
    /// Whoever has logged in with `az login`.
    AzureCli {
        /// In which tenant, if not in that of the log-in.
        tenant: Option<String>,
    },
    /// Whoever has logged in with `azd auth login`.
    DeveloperCli {
        /// In which tenant, if not in that of the log-in.
        tenant: Option<String>,
    },
    /// A job of Azure Pipelines, through its service connection.
    Pipelines {
        /// Whom the connection stands for.
        application: Application,
        /// The connection's id.
        connection: String,
        /// Where the job's own token is.
        token: SecretPlace,
    },
    /// An access token that somebody else renews.
    Token(SecretPlace),
}

/// What Airflow's default chain is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Auto {
    /// The client id of the managed identity, `managed_identity_client_id`; `AZURE_CLIENT_ID` where left out.
    pub managed_identity: Option<String>,
    /// The tenant of the workload identity, `workload_identity_tenant_id`; `AZURE_TENANT_ID` where left out.
    pub workload_tenant: Option<String>,
}

/// An application registered in Entra ID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Application {
    /// Its tenant: an id or a domain.
    pub tenant: String,
    /// Its client id.
    pub client: String,
}

/// A managed identity that was assigned to the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum UserAssigned {
    /// By its client id.
    Client(String),
    /// By its object (principal) id.
    Object(String),
    /// By its resource id.
    Resource(String),
}

impl Login {
    /// Logs in for `scopes`; `options` are how Entra ID is reached.
    pub async fn token(&self, scopes: &[&str], options: &ClientOptions) -> Result<AccessToken> {
        if let Self::Token(place) = self {
            return Ok(AccessToken::new(read(place)?, OffsetDateTime::now_utc() + HELD));
        }
        self.credential(options.clone())?.get_token(scopes, None).await
    }

    /// The SDK's credential, made of what the references hold now; it lives for one log-in.
    fn credential(&self, client_options: ClientOptions) -> Result<Arc<dyn TokenCredential>> {
        Ok(match self {
            Self::ClientSecret { application: Application { tenant, client }, secret } => {
                let options = ClientSecretCredentialOptions { client_options };
                ClientSecretCredential::new(tenant, client.clone(), read(secret)?, Some(options))?
            }
            Self::Assertion { application: Application { tenant, client }, assertion } => {
                let options = ClientAssertionCredentialOptions { client_options };
                let assertion = Assertion(assertion.clone());
                ClientAssertionCredential::new(tenant.clone(), client.clone(), assertion, Some(options))?
            }
            Self::ManagedIdentity(assigned) => {
                let user_assigned_id = assigned.clone().map(UserAssignedId::from);
                let options = ManagedIdentityCredentialOptions { user_assigned_id, client_options };
                ManagedIdentityCredential::new(Some(options))?
            }
            Self::AzureCli { tenant } => AzureCliCredential::new(Some(AzureCliCredentialOptions {
                tenant_id: tenant.clone(),
                ..AzureCliCredentialOptions::default()
            }))?,
            Self::DeveloperCli { tenant } => {
                AzureDeveloperCliCredential::new(Some(AzureDeveloperCliCredentialOptions {
                    tenant_id: tenant.clone(),
                    ..AzureDeveloperCliCredentialOptions::default()
                }))?
            }
            Self::Pipelines { application: Application { tenant, client }, connection, token } => {
                let credential_options = ClientAssertionCredentialOptions { client_options };
                let options = AzurePipelinesCredentialOptions { credential_options };
                let token = read(token)?;
                AzurePipelinesCredential::new(tenant.clone(), client.clone(), connection, token, Some(options))?
            }
            Self::Auto(_) | Self::Token(_) => {
                return Err(Error::with_message(
                    ErrorKind::Other,
                    "this way of logging in has no credential of its own",
                ));
            }
        })
    }

    /// What the way is called in the config.
    pub const fn method(&self) -> &'static str {
        match self {
            Self::Auto(_) => "auto",
            Self::ClientSecret { .. } => "client-secret",
            Self::Assertion { .. } => "client-assertion",
            Self::ManagedIdentity(_) => "managed-identity",
            Self::AzureCli { .. } => "azure-cli",
            Self::DeveloperCli { .. } => "azure-developer-cli",
            Self::Pipelines { .. } => "azure-pipelines",
            Self::Token(_) => "token",
        }
    }

    /// The application that logs in, where the config names it.
    pub const fn application(&self) -> Option<&Application> {
        match self {
            Self::ClientSecret { application, .. }
            | Self::Assertion { application, .. }
            | Self::Pipelines { application, .. } => Some(application),
            _ => None,
        }
    }
}

/// A token that stands elsewhere, read when it is needed.
#[derive(Debug)]
struct Assertion(SecretPlace);

#[async_trait]
impl ClientAssertion for Assertion {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> Result<String> {
        read(&self.0).map(|secret| secret.secret().to_owned())
    }
}

impl From<UserAssigned> for UserAssignedId {
    fn from(assigned: UserAssigned) -> Self {
        match assigned {
            UserAssigned::Client(id) => Self::ClientId(id),
            UserAssigned::Object(id) => Self::ObjectId(id),
            UserAssigned::Resource(id) => Self::ResourceId(id),
        }
    }
}

fn read(place: &SecretPlace) -> Result<Secret> {
    let value = place.resolve().map_err(|error| LoginFault::missing(&error).wrapped())?;
    Ok(Secret::new(value.expose().to_owned()))
}
