//! What a table says of getting in, checked: project, place, endpoint, log-in and pace.

use url::Url;

use super::auth::AuthSettings;
use super::login::{Impersonation, Login, Proof};
use crate::model::{Family, Finding, Quota};
use crate::provider::plain_http::is_readable_on_the_way;
use crate::provider::{Bounds, PaceSettings};
use crate::reference::{TlsSettings, env_setting};
use crate::settings::{DurationText, Faults};

/// What Google grants a project a second: 90,000 accesses, 600 other reads and 600 writes in a minute.
/// <https://cloud.google.com/secret-manager/quotas>
const ACCESS: f64 = 1500.0;
const READ: f64 = 10.0;
const WRITE: f64 = 10.0;

/// What the table says of getting in, as it stands there. Holds references, never a secret.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct AccessSettings {
    /// The project; that of the credentials or the environment where left out.
    pub project: Option<String>,
    /// Where regional secrets are; global ones where left out.
    pub location: Option<String>,
    /// Where the API is; Google's own endpoint where left out.
    pub endpoint_url: Option<String>,
    /// Lets secrets travel unencrypted to other hosts than this one.
    pub allow_plain_http: bool,
    /// How to log in; application default credentials where left out.
    pub auth: Option<AuthSettings>,
    /// How Airflow logs in, for a table without `auth` and `impersonate`.
    pub login: Option<Login>,
    /// The service account that whoever logs in acts as.
    pub impersonate: Option<String>,
    /// The accounts in between, each of which may act as the next.
    pub impersonate_delegates: Vec<String>,
    /// Whose quota the requests are counted against, if not the secrets' own project's.
    pub quota_project: Option<String>,
    /// How servers are trusted; the SDK takes nothing of it.
    pub tls: TlsSettings,
    /// The longest one request may take; 30 seconds.
    pub timeout: Option<DurationText>,
    /// Requests under way at once, 1 to 256; 16.
    pub width: Option<u16>,
    /// Requests a second, by family.
    pub pace: PaceSettings,
}

/// The same without a fault.
#[derive(Debug, Clone)]
pub(super) struct Access {
    /// The project of the config, if it names one.
    pub project: Option<String>,
    /// Where regional secrets are.
    pub location: Option<String>,
    /// Where the API is, if the config says.
    pub endpoint: Option<Url>,
    /// Who logs in, and how.
    pub login: Login,
    /// How long, how many at once, how fast.
    pub bounds: Bounds,
}

impl AccessSettings {
    /// Checks them; gives `None` where something is wrong, and adds what to `faults`.
    pub fn check(&self, faults: &mut Faults) -> Option<Access> {
        let before = faults.0.len();
        self.check_names(faults);
        let endpoint = self.endpoint_url.as_deref().and_then(|text| self.endpoint(text, faults));
        let login = self.login(faults);
        self.check_tls(faults);
        let bounds = Bounds::check(self.timeout, self.width, self.pace.quotas(&granted(), faults), faults);
        if login.as_ref().is_some_and(|login| login.proof == Proof::Nobody) && endpoint.is_none() {
            let hint = "write endpoint-url = \"http://127.0.0.1:…\", or another method";
            faults.add("auth.method", "Google itself lets nobody in without a log-in", hint);
        }
        let login = login.filter(|_| faults.0.len() == before)?;
        Some(Access { project: self.project.clone(), location: self.location.clone(), endpoint, login, bounds })
    }

    /// Whose secrets they are, as far as the config and the environment can tell.
    pub fn identity(&self) -> String {
        let project = self.project.clone().or_else(usual_project).unwrap_or_default();
        let endpoint = self.endpoint_url.as_deref().and_then(|text| Url::parse(text).ok());
        let endpoint = endpoint.map_or(String::new(), |url| url.origin().ascii_serialization());
        let who = match (&project, self.login(&mut Faults::default())) {
            (project, Some(login)) if project.is_empty() => format!(" login={:?}", login.place()),
            _ => String::new(),
        };
        format!(
            "project={project:?} location={:?} endpoint={endpoint:?}{who}",
            self.location.as_deref().unwrap_or_default()
        )
    }

    /// What a person should hear of the settings as they are.
    pub fn remarks(&self, _store: &str) -> Vec<Finding> {
        Vec::new()
    }

    fn login(&self, faults: &mut Faults) -> Option<Login> {
        let own = match (&self.auth, &self.login, &self.impersonate) {
            (None, Some(login), None) => login.clone(),
            (auth, _, _) => {
                let proof = auth.clone().unwrap_or_default().check(faults)?;
                Login { proof, impersonation: None, quota_project: None }
            }
        };
        let impersonation = self
            .impersonate
            .clone()
            .map(|account| Impersonation { account, delegates: self.impersonate_delegates.clone() });
        if impersonation.is_none() && !self.impersonate_delegates.is_empty() {
            let problem = "nobody is impersonated, so nobody stands in between";
            faults.add("impersonate-delegates", problem, "write impersonate, or leave it out");
        }
        if impersonation.is_some() && matches!(own.proof, Proof::Token(_) | Proof::Nobody) {
            let hint = "leave impersonate out, or write another auth.method";
            faults.add("impersonate", "a token, or nobody, can act as nobody else", hint);
        }
        let quota_project = self.quota_project.clone().or(own.quota_project);
        Some(Login { proof: own.proof, impersonation: impersonation.or(own.impersonation), quota_project })
    }

    // They become parts of URLs.
    fn check_names(&self, faults: &mut Faults) {
        for (key, project) in [("project", &self.project), ("quota-project", &self.quota_project)] {
            if project.as_deref().is_some_and(|project| !is_project(project)) {
                faults.add(key, "this is no project", "write its id, as in my-project-123, or its number");
            }
        }
        let is_location =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if self.location.as_deref().is_some_and(|location| !is_location(location)) {
            faults.add("location", "this is no location", "write it as in europe-west6, or leave it out");
        }
        let accounts = self.impersonate.iter().map(|account| ("impersonate", account));
        let delegates = self.impersonate_delegates.iter().map(|account| ("impersonate-delegates", account));
        for (key, account) in accounts.chain(delegates) {
            if !is_account(account) {
                let hint = "write its address, as in name@my-project-123.iam.gserviceaccount.com";
                faults.add(key, "this is no service account", hint);
            }
        }
    }

    fn check_tls(&self, faults: &mut Faults) {
        if self.tls.ca.is_some() {
            let hint = "leave tls.ca out, and name the file in the environment variable SSL_CERT_FILE of this program";
            faults.add("tls.ca", "Google's SDK takes no authorities from a config", hint);
        }
        if self.tls.client_certificate.is_some() || self.tls.client_key.is_some() {
            let hint = "leave client-certificate and client-key out";
            faults.add("tls", "Google's SDK takes no certificates of clients", hint);
        }
    }

    fn endpoint(&self, text: &str, faults: &mut Faults) -> Option<Url> {
        const EXAMPLE: &str = "write https://host, or leave it out for Google's own endpoint";
        // Not repeated: what is no URL may hold a password.
        let Ok(url) = Url::parse(text) else {
            faults.add("endpoint-url", "this is not a URL", EXAMPLE);
            return None;
        };
        let problem = if !matches!(url.scheme(), "https" | "http") || url.host().is_none() {
            "the endpoint does not start with https://"
        } else if !url.username().is_empty() || url.password().is_some() {
            "the endpoint holds a user or password, which Google does not take"
        } else if url.query().is_some() || url.fragment().is_some() {
            "the endpoint holds a query or fragment"
        } else if !self.allow_plain_http && is_readable_on_the_way(&url) {
            let hint = "use https, or set allow-plain-http = true and let every secret travel readable";
            faults.add("endpoint-url", "plain http is refused for other hosts than this one", hint);
            return None;
        } else {
            return Some(url);
        };
        faults.add("endpoint-url", problem, EXAMPLE);
        None
    }
}

/// The project that this program takes where neither the config nor a key names one.
pub(super) fn usual_project() -> Option<String> {
    env_setting("GOOGLE_CLOUD_PROJECT").or_else(|| env_setting("GCLOUD_PROJECT")).filter(|project| is_project(project))
}

/// Tells whether a text can be a project's id, with or without a domain before it, or its number.
pub(super) fn is_project(text: &str) -> bool {
    let is_legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.' | b':');
    !text.is_empty() && text.len() <= 80 && text.bytes().all(is_legal) && !text.contains("..")
}

fn is_account(text: &str) -> bool {
    let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'@');
    text.split_once('@').is_some_and(|(name, domain)| !name.is_empty() && domain.contains('.'))
        && text.bytes().all(is_legal)
}

fn granted() -> Vec<Quota> {
    vec![
        Quota::of(&[Family::Read], ACCESS),
        Quota::of(&[Family::List, Family::Stat], READ),
        Quota::of(&[Family::Write, Family::Delete], WRITE),
    ]
}
