//! How we become known to Google: whose credentials, whom they act as, and in plain words why there are none.

use std::time::{Duration, Instant};

use google_cloud_auth::build_errors::Error as BuildError;
use google_cloud_auth::credentials::{
    Builder, CacheableResource, Credentials, CredentialsProvider, EntityTag, anonymous, external_account, impersonated,
    service_account, user_account,
};
use google_cloud_gax::error::CredentialsError;
use http::header::{AUTHORIZATION, HeaderName};
use http::{Extensions, HeaderMap, HeaderValue};
use serde_json::Value;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::refusal::LoginFault;
use crate::provider::SecretPlace;
use crate::reference::{Reference, env_setting};

/// Whose quota a request counts against.
const QUOTA_PROJECT: HeaderName = HeaderName::from_static("x-goog-user-project");
/// How long credentials are held before their references are read again.
const HELD: Duration = Duration::from_secs(600);

/// Who logs in, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Login {
    /// Where the credentials come from.
    pub proof: Proof,
    /// Whom they act as.
    pub impersonation: Option<Impersonation>,
    /// Whose quota requests count against, if not the secrets' own project's.
    pub quota_project: Option<String>,
}

/// Where credentials come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Proof {
    /// What Google's own tools would take: `GOOGLE_APPLICATION_CREDENTIALS`, `gcloud`'s file, the metadata server.
    Default,
    /// A service account's key.
    Key(SecretPlace),
    /// Workload identity federation.
    ExternalAccount(SecretPlace),
    /// A person's own log-in, as `gcloud` keeps it.
    AuthorizedUser(SecretPlace),
    /// An access token that somebody else renews.
    Token(SecretPlace),
    /// No log-in at all, for stand-ins.
    Nobody,
}

/// A service account that somebody acts as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Impersonation {
    /// Its address.
    pub account: String,
    /// The accounts in between, each of which may act as the next.
    pub delegates: Vec<String>,
}

impl Login {
    /// The SDK's credentials, made of what the references hold now.
    fn credentials(&self) -> Result<Credentials, LoginFault> {
        let base = match &self.proof {
            Proof::Default => self.built(Builder::default(), Builder::with_quota_project_id, Builder::build),
            Proof::Key(place) => self.built(
                service_account::Builder::new(self.json(place, "service_account")?),
                service_account::Builder::with_quota_project_id,
                service_account::Builder::build,
            ),
            Proof::ExternalAccount(place) => self.built(
                external_account::Builder::new(self.json(place, "external_account")?),
                external_account::Builder::with_quota_project_id,
                external_account::Builder::build,
            ),
            Proof::AuthorizedUser(place) => self.built(
                user_account::Builder::new(self.json(place, "authorized_user")?),
                user_account::Builder::with_quota_project_id,
                user_account::Builder::build,
            ),
            Proof::Token(_) | Proof::Nobody => Ok(anonymous::Builder::new().build()),
        }?;
        let Some(Impersonation { account, delegates }) = &self.impersonation else { return Ok(base) };
        let builder = impersonated::Builder::from_source_credentials(base)
            .with_target_principal(account)
            .with_delegates(delegates.iter().map(String::as_str));
        self.built(builder, impersonated::Builder::with_quota_project_id, impersonated::Builder::build)
    }

    fn built<B>(
        &self,
        builder: B,
        with_quota: impl FnOnce(B, String) -> B,
        build: impl FnOnce(B) -> Result<Credentials, BuildError>,
    ) -> Result<Credentials, LoginFault> {
        let builder = match &self.quota_project {
            Some(project) => with_quota(builder, project.clone()),
            None => builder,
        };
        build(builder).map_err(|error| LoginFault::unbuilt(self, &error))
    }

    /// Google's JSON from its place, which must be of a type.
    fn json(&self, place: &SecretPlace, expected: &str) -> Result<Value, LoginFault> {
        let text = place.resolve().map_err(|error| LoginFault::missing(&error))?;
        let json: Value = serde_json::from_str(text.expose()).map_err(|_| LoginFault::no_json(place))?;
        match json.get("type").and_then(Value::as_str) {
            Some(found) if found == expected => Ok(json),
            found => Err(LoginFault::of_another_type(place, expected, found)),
        }
    }

    /// The project that a service account's key names, if it is one that logs in.
    pub fn project(&self) -> Option<String> {
        let text = match &self.proof {
            Proof::Key(place) => place.resolve().ok()?,
            Proof::Default => Reference::File(default_file()?.into()).resolve().ok()?,
            _ => return None,
        };
        let json: Value = serde_json::from_str(text.expose()).ok()?;
        json.get("project_id").and_then(Value::as_str).map(str::to_owned)
    }

    /// Who logs in, as the config alone tells it.
    pub fn place(&self) -> String {
        match &self.proof {
            Proof::Default => env_setting("GOOGLE_APPLICATION_CREDENTIALS").unwrap_or_else(|| "default".to_owned()),
            Proof::Key(place) | Proof::ExternalAccount(place) | Proof::AuthorizedUser(place) | Proof::Token(place) => {
                place.to_string()
            }
            Proof::Nobody => "none".to_owned(),
        }
    }
}

/// The file that application default credentials are in, where a file it is.
pub(super) fn default_file() -> Option<String> {
    let usual = || Some(format!("{}/.config/gcloud/application_default_credentials.json", env_setting("HOME")?));
    env_setting("GOOGLE_APPLICATION_CREDENTIALS").or_else(usual)
}

/// Gives the SDK its headers: builds credentials of what the references hold, and anew once they fail or have been held
/// for long.
#[derive(Debug)]
pub(super) struct Logins {
    login: Login,
    held: Mutex<Option<(Instant, Credentials)>>,
}

impl Logins {
    /// Nobody logs in yet.
    pub fn new(login: Login) -> Self {
        Self { login, held: Mutex::default() }
    }

    async fn credentials(&self) -> Result<Credentials, LoginFault> {
        let mut held = self.held.lock().await;
        if let Some((since, credentials)) = &*held
            && since.elapsed() < HELD
        {
            return Ok(credentials.clone());
        }
        let credentials = self.login.credentials()?;
        *held = Some((Instant::now(), credentials.clone()));
        Ok(credentials)
    }

    async fn log_in(&self, extensions: Extensions) -> Result<CacheableResource<HeaderMap>, LoginFault> {
        if let Proof::Token(place) = &self.login.proof {
            let data = bearer(place, self.login.quota_project.as_deref())?;
            return Ok(CacheableResource::New { entity_tag: EntityTag::new(), data });
        }
        let answer = self.credentials().await?.headers(extensions).await;
        if answer.is_err() {
            // The SDK gives up for good once it was refused; a mended file deserves another look.
            *self.held.lock().await = None;
        }
        answer.map_err(|error| LoginFault::of(&self.login, &error))
    }
}

impl CredentialsProvider for Logins {
    async fn headers(&self, extensions: Extensions) -> Result<CacheableResource<HeaderMap>, CredentialsError> {
        self.log_in(extensions).await.map_err(|fault| CredentialsError::from_source(false, fault))
    }

    // Asked while the client is made, when nobody has logged in yet.
    async fn universe_domain(&self) -> Option<String> {
        env_setting("GOOGLE_CLOUD_UNIVERSE_DOMAIN")
    }
}

fn bearer(place: &SecretPlace, quota_project: Option<&str>) -> Result<HeaderMap, LoginFault> {
    let token = place.resolve().map_err(|error| LoginFault::missing(&error))?;
    let text = Zeroizing::new(format!("Bearer {}", token.expose()));
    let mut header = HeaderValue::from_str(&text).map_err(|_| LoginFault::no_token(place))?;
    header.set_sensitive(true);
    let mut headers = HeaderMap::from_iter([(AUTHORIZATION, header)]);
    if let Some(project) = quota_project.and_then(|project| HeaderValue::from_str(project).ok()) {
        headers.insert(QUOTA_PROJECT, project);
    }
    Ok(headers)
}
