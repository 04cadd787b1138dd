//! Opens the way to Secret Manager: the SDK's client with endpoint and log-in, the project, and our own pace beside it.

use google_cloud_gax::retry_policy::NeverRetry;
use google_cloud_secretmanager_v1::client::SecretManagerService;

use super::access::{Access, is_project, usual_project};
use super::login::{Login, Logins, Proof};
use crate::model::{ErrorKind, Event, Finding, Severity};
use crate::provider::plain_http::is_readable_on_the_way;
use crate::provider::{Caller, Error, Opening, Result};
use crate::reference::env_setting;

/// With it the SDK writes every request and answer to the log, secrets and all.
const LOGGING: &str = "GOOGLE_CLOUD_RUST_LOGGING";

/// An open way to the secrets of a project.
#[derive(Clone)]
pub(super) struct Session {
    /// The store's name.
    pub store: String,
    /// The SDK's client; it repeats nothing.
    pub client: SecretManagerService,
    /// The project, by id or number.
    pub project: String,
    /// Where regional secrets are; global ones where `None`.
    pub location: Option<String>,
    /// Who makes every request.
    pub caller: Caller,
    /// Who logs in.
    pub login: Login,
    /// What the settings alone give cause to say.
    pub standing: Vec<Finding>,
}

impl Session {
    /// Opens it. Nobody logs in yet: the first request does, and a refusal is that request's.
    pub async fn open(access: &Access, opening: &Opening) -> Result<Self> {
        let store = &opening.name;
        refuse_logging(store)?;
        let project = project(access, store)?;
        let endpoint = endpoint(access);
        let mut builder = SecretManagerService::builder()
            .with_credentials(Logins::new(access.login.clone()))
            .with_retry_policy(NeverRetry)
            .with_attempt_timeout(access.bounds.timeout);
        if let Some(endpoint) = &endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        let client = builder.build().await.map_err(|_| {
            let context = "the SDK cannot be set up: its endpoint, proxy or TLS authorities are not as they should be";
            Error::new(ErrorKind::Invalid, "open", store, context)
                .of_the_store()
                .with_remedy("check endpoint-url, HTTPS_PROXY and SSL_CERT_FILE")
        })?;
        let standing: Vec<_> = plain_http(access, store).into_iter().collect();
        for finding in &standing {
            opening.observer.observe(&Event::Found(finding.clone()));
        }
        Ok(Self {
            store: store.clone(),
            client,
            project,
            location: access.location.clone(),
            caller: access.bounds.caller(opening),
            login: access.login.clone(),
            standing,
        })
    }

    /// What secrets of this place lie under, `projects/p` or `projects/p/locations/l`.
    pub fn parent(&self) -> String {
        match &self.location {
            None => format!("projects/{}", self.project),
            Some(location) => format!("projects/{}/locations/{location}", self.project),
        }
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("store", &self.store).field("parent", &self.parent()).finish_non_exhaustive()
    }
}

fn refuse_logging(store: &str) -> Result<()> {
    let is_on = env_setting(LOGGING).is_some_and(|text| !matches!(text.to_ascii_lowercase().as_str(), "false" | "0"));
    if !is_on {
        return Ok(());
    }
    let context = format!("{LOGGING} is set: Google's SDK would write the secrets themselves to the log");
    Err(Error::new(ErrorKind::Invalid, "open", store, context)
        .of_the_store()
        .with_remedy(format!("unset {LOGGING} for this program")))
}

/// The project: that of the table, of the credentials or of the environment.
pub(super) fn project(access: &Access, store: &str) -> Result<String> {
    let of_key = || access.login.project().filter(|project| is_project(project));
    let found = match &access.login.proof {
        // As Google's client for Python does: the environment goes before a file that was found by chance.
        Proof::Default => access.project.clone().or_else(usual_project).or_else(of_key),
        _ => access.project.clone().or_else(of_key).or_else(usual_project),
    };
    found.ok_or_else(|| {
        let context = "no project is set: not in the config, not in the credentials, not in GOOGLE_CLOUD_PROJECT";
        Error::new(ErrorKind::Invalid, "open", store, context)
            .of_the_store()
            .with_remedy("write project = \"my-project-123\" in the store's table; `gcloud projects list` names them")
    })
}

/// Where the API is, if not at the SDK's own idea of it: regional secrets have an endpoint of their own.
fn endpoint(access: &Access) -> Option<String> {
    let regional = |location: &String| format!("https://secretmanager.{location}.rep.googleapis.com");
    access.endpoint.as_ref().map(|url| url.to_string()).or_else(|| access.location.as_ref().map(regional))
}

fn plain_http(access: &Access, store: &str) -> Option<Finding> {
    access.endpoint.as_ref().filter(|url| is_readable_on_the_way(url))?;
    let message = "every secret and the token travel readable to all on the way (allow-plain-http)";
    Some(Finding::new(Severity::Warning, "plain-http", store, message).with_remedy("write https:// in endpoint-url"))
}
