//! What a table of either store says of getting in, checked: region, endpoint, log-in, trust and pace.

use std::path::PathBuf;

use url::Url;

use super::auth::AuthSettings;
use super::login::Login;
use crate::model::{Finding, Quota, Severity};
use crate::provider::plain_http::is_readable_on_the_way;
use crate::provider::{Bounds, PaceSettings};
use crate::reference::{TlsSettings, env_setting};
use crate::settings::{DurationText, Faults};

/// What both stores' tables have in common, as it stands in them. Holds references, never a secret.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct AccessSettings {
    /// The region; that of the environment or the profile where left out.
    pub region: Option<String>,
    /// How to log in; the SDK's default chain where left out.
    pub auth: Option<AuthSettings>,
    /// How Airflow logs in, for a table without `auth`.
    pub login: Option<Login>,
    /// Where the API is; AWS's own endpoint of the region where left out.
    pub endpoint_url: Option<String>,
    /// Whether FIPS endpoints are used; as the environment or the profile says where left out.
    pub fips: Option<bool>,
    /// Whether endpoints for IPv4 and IPv6 are used; as the environment or the profile says where left out.
    pub dual_stack: Option<bool>,
    /// How servers are trusted; `AWS_CA_BUNDLE` where left out.
    pub tls: TlsSettings,
    /// Lets secrets travel unencrypted to other hosts than this one.
    pub allow_plain_http: bool,
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
    /// The region of the config, if it names one.
    pub region: Option<String>,
    /// Who logs in, and how.
    pub login: Login,
    /// Where the API is, if the config says.
    pub endpoint: Option<Url>,
    /// Whether FIPS endpoints are used.
    pub fips: Option<bool>,
    /// Whether dual-stack endpoints are used.
    pub dual_stack: Option<bool>,
    /// A PEM file of authorities, trusted beside the system's.
    pub ca: Option<PathBuf>,
    /// Whether an endpoint may be plain http on another host.
    pub plain_http: PlainHttp,
    /// How it is asked.
    pub bounds: Bounds,
}

/// Whether secrets may travel readable to another host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PlainHttp {
    /// They may not.
    Refused,
    /// Somebody wrote that they may.
    Allowed,
}

impl AccessSettings {
    /// Checks them; `quotas` are AWS's own numbers of calls a second, for what `pace` leaves out.
    ///
    /// Gives `None` where something is wrong, and adds what to `faults`.
    pub fn check(&self, quotas: &[Quota], faults: &mut Faults) -> Option<Access> {
        let before = faults.0.len();
        self.check_region(faults);
        let endpoint = self.endpoint_url.as_deref().and_then(|text| endpoint(text, self.plain_http(), faults));
        let login = self.login(faults);
        let ca = self.authority(endpoint.as_ref(), faults);
        let quotas = self.pace.quotas(quotas, faults);
        let bounds = Bounds::check(self.timeout, self.width, quotas, faults);
        let login = login.filter(|_| faults.0.len() == before)?;
        Some(Access {
            region: self.region.clone(),
            login,
            endpoint,
            fips: self.fips,
            dual_stack: self.dual_stack,
            ca,
            plain_http: self.plain_http(),
            bounds,
        })
    }

    /// Whose place in AWS it is, as far as the config alone can tell: region, endpoint, and account, role or profile.
    pub fn identity(&self) -> String {
        let region = self.region.clone().or_else(usual_region).unwrap_or_default();
        let endpoint = self.endpoint_url.as_deref().unwrap_or_default();
        let endpoint = Url::parse(endpoint).map_or(String::new(), |url| url.origin().ascii_serialization());
        let who = self.login(&mut Faults::default()).map_or_else(String::new, |login| login.identity());
        format!("region={region:?} endpoint={endpoint:?} {who}")
    }

    /// What a person should hear of the settings as they are.
    pub fn remarks(&self, store: &str) -> Vec<Finding> {
        let regions = (env_setting("AWS_REGION"), env_setting("AWS_DEFAULT_REGION"));
        match (&self.region, regions) {
            (None, (Some(ours), Some(theirs))) if ours != theirs => {
                vec![two_regions(store, &ours, &theirs)]
            }
            _ => Vec::new(),
        }
    }

    fn login(&self, faults: &mut Faults) -> Option<Login> {
        match (&self.auth, &self.login) {
            (None, Some(login)) => Some(login.clone()),
            (auth, _) => auth.clone().unwrap_or_default().check(faults),
        }
    }

    fn plain_http(&self) -> PlainHttp {
        if self.allow_plain_http { PlainHttp::Allowed } else { PlainHttp::Refused }
    }

    // It becomes part of a host's name.
    fn check_region(&self, faults: &mut Faults) {
        let is_legal =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if self.region.as_deref().is_some_and(|region| !is_legal(region)) {
            faults.add("region", "this is no region", "write it as in eu-central-1, or leave it out");
        }
    }

    fn authority(&self, endpoint: Option<&Url>, faults: &mut Faults) -> Option<PathBuf> {
        if self.tls.client_certificate.is_some() || self.tls.client_key.is_some() {
            faults.add(
                "tls",
                "AWS does not take certificates of clients",
                "leave client-certificate and client-key out",
            );
        }
        if self.tls.ca.is_some() && endpoint.is_some_and(|url| url.scheme() == "http") {
            faults.add("tls.ca", "the endpoint is plain http, which has no TLS", "write https:// in endpoint-url");
        }
        self.tls.ca.clone().or_else(|| env_setting("AWS_CA_BUNDLE").map(PathBuf::from))
    }
}

/// The region that this program takes where the config has none.
pub(super) fn usual_region() -> Option<String> {
    env_setting("AWS_REGION").or_else(|| env_setting("AWS_DEFAULT_REGION"))
}

fn two_regions(store: &str, ours: &str, theirs: &str) -> Finding {
    let message = format!(
        "AWS_REGION is {ours} and AWS_DEFAULT_REGION is {theirs}: this program takes the first, Airflow (boto3) reads only the second"
    );
    Finding::new(Severity::Warning, "two-regions", store, message)
        .with_remedy("set region in the store's table, and the same for Airflow (region_name)")
}

fn endpoint(text: &str, plain_http: PlainHttp, faults: &mut Faults) -> Option<Url> {
    const EXAMPLE: &str = "write https://host, or leave it out for AWS's own endpoint";
    // Not repeated: what is no URL may hold a password.
    let Ok(url) = Url::parse(text) else {
        faults.add("endpoint-url", "this is not a URL", EXAMPLE);
        return None;
    };
    let problem = if !matches!(url.scheme(), "https" | "http") || url.host().is_none() {
        "the endpoint does not start with https://"
    } else if !url.username().is_empty() || url.password().is_some() {
        "the endpoint holds a user or password, which AWS does not take"
    } else if url.query().is_some() || url.fragment().is_some() {
        "the endpoint holds a query or fragment"
    } else if plain_http == PlainHttp::Refused && is_readable_on_the_way(&url) {
        let hint = "use https, or set allow-plain-http = true and let every secret travel readable";
        faults.add("endpoint-url", "plain http is refused for other hosts than this one", hint);
        return None;
    } else {
        return Some(url);
    };
    faults.add("endpoint-url", problem, EXAMPLE);
    None
}
