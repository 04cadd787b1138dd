//! Opens the way to AWS: the SDK's settings with region, endpoint, trust and credentials, and our own pace beside it.

use std::time::Duration;

use aws_config::identity::IdentityCache;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_types::origin::Origin;
use aws_types::service_config::ServiceConfigKey;
use url::Url;

use super::access::{Access, PlainHttp};
use super::login::{Login, Proof};
use super::trust;
use crate::model::{ErrorKind, Event, Finding, Severity};
use crate::provider::plain_http::is_readable_on_the_way;
use crate::provider::{Caller, Error, Opening, Result};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// An open way to AWS, of which a store makes its client.
#[derive(Debug, Clone)]
pub(super) struct Session {
    /// The store's name.
    pub store: String,
    /// What the store's client is made of; the SDK repeats nothing and bounds only how long connecting takes.
    pub config: SdkConfig,
    /// What STS's client is made of.
    pub sts: SdkConfig,
    /// Who makes every request.
    pub caller: Caller,
    /// The region.
    pub region: String,
    /// Where the store's API is, if not at AWS's own endpoint.
    pub endpoint: Option<String>,
    /// What the settings alone give cause to say.
    pub standing: Vec<Finding>,
}

/// One of AWS's services, as the SDK's settings name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Service(pub &'static str);

/// How long a look waits until AWS shows what was just done, before each try.
pub(super) const SETTLING: [Duration; 3] = [Duration::ZERO, Duration::from_millis(200), Duration::from_millis(800)];
/// The security token service: logins.
const STS: Service = Service("STS");

impl Session {
    /// Opens it: reads profile and environment, and asks an instance for its region where nobody else knows one.
    ///
    /// Nobody logs in yet: credentials are asked for by the first request, and their faults are that request's.
    pub async fn open(access: &Access, service: Service, opening: &Opening) -> Result<Self> {
        let store = &opening.name;
        let pool = trust::pool(store, access.ca.as_deref())?;
        let base = loader(access).http_client(pool.clone()).load().await;
        let region = base.region().cloned().ok_or_else(|| no_region(store, &access.login))?;
        let config = pointed(&base, access.endpoint.as_ref());
        let sts = pointed(&base, access.endpoint.as_ref().filter(|url| !is_of_one_service(url)));
        let standing = [settled(&config, service), settled(&sts, STS)].map(|endpoint| judged(access, store, endpoint));
        let standing = standing.into_iter().collect::<Result<Vec<_>>>()?.into_iter().flatten().take(1).collect();
        for finding in &standing as &Vec<Finding> {
            opening.observer.observe(&Event::Found(finding.clone()));
        }
        let context = ProviderConfig::without_region()
            .with_region(Some(region.clone()))
            .with_http_client(pool)
            .with_retry_config(RetryConfig::disabled())
            .with_timeout_config(timeouts())
            .with_use_fips(base.use_fips())
            .with_use_dual_stack(base.use_dual_stack())
            .with_behavior_version(Some(BehaviorVersion::latest()));
        let credentials = access.login.provider(&sts, &context).await;
        let with_credentials =
            |config: SdkConfig| config.into_builder().credentials_provider(credentials.clone()).build();
        Ok(Self {
            store: store.clone(),
            endpoint: settled(&config, service),
            config: with_credentials(config),
            sts: with_credentials(sts),
            caller: access.bounds.caller(opening),
            region: region.to_string(),
            standing,
        })
    }
}

fn loader(access: &Access) -> ConfigLoader {
    let cache = IdentityCache::lazy().load_timeout(access.bounds.timeout).build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .no_credentials()
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .identity_cache(cache);
    if let Some(region) = &access.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Proof::Profile(profile) = &access.login.proof {
        loader = loader.profile_name(profile);
    }
    if let Some(fips) = access.fips {
        loader = loader.use_fips(fips);
    }
    if let Some(dual_stack) = access.dual_stack {
        loader = loader.use_dual_stack(dual_stack);
    }
    loader
}

// How long an answer takes is bounded where every request goes through.
fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).build()
}

/// The same settings with the endpoint that the config names, if it names one.
fn pointed(base: &SdkConfig, endpoint: Option<&Url>) -> SdkConfig {
    let Some(endpoint) = endpoint else { return base.clone() };
    let mut builder = base.clone().into_builder().endpoint_url(endpoint.as_str());
    builder.insert_origin("endpoint_url", Origin::shared_config());
    builder.build()
}

/// Tells whether an endpoint is AWS's own (a VPC endpoint, for one), which serves one service; others (emulators) serve all.
fn is_of_one_service(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    [".amazonaws.com", ".amazonaws.com.cn", ".api.aws"].iter().any(|domain| host.ends_with(domain))
}

/// Where a service's requests will go, if not to AWS's own endpoint: as the SDK decides it.
fn settled(config: &SdkConfig, service: Service) -> Option<String> {
    let shared = || config.endpoint_url().map(str::to_owned);
    if config.get_origin("endpoint_url").is_client_config() {
        return shared();
    }
    let key = ServiceConfigKey::builder().service_id(service.0).env("AWS_ENDPOINT_URL").profile("endpoint_url").build();
    let own = key.ok().and_then(|key| config.service_config()?.load_config(key));
    own.or_else(shared)
}

/// Refuses an endpoint to which secrets would travel readable, or says that they do.
fn judged(access: &Access, store: &str, endpoint: Option<String>) -> Result<Option<Finding>> {
    let Some(endpoint) = endpoint else { return Ok(None) };
    let refuse = |context: &str, remedy: &str| {
        Err(Error::new(ErrorKind::Invalid, "open", store, context).of_the_store().with_remedy(remedy))
    };
    let Ok(url) = Url::parse(&endpoint) else {
        return refuse(
            "the endpoint of the environment or the profile is not a URL",
            "mend AWS_ENDPOINT_URL (or endpoint_url of the profile), or set endpoint-url",
        );
    };
    match (is_readable_on_the_way(&url), access.plain_http) {
        (false, _) => Ok(None),
        (true, PlainHttp::Refused) => refuse(
            "the endpoint of the environment or the profile is plain http on another host",
            "write https:// in AWS_ENDPOINT_URL (or endpoint_url of the profile), or set endpoint-url",
        ),
        (true, PlainHttp::Allowed) => {
            let message = "every secret travels readable to all on the way (allow-plain-http)";
            let finding = Finding::new(Severity::Warning, "plain-http", store, message);
            Ok(Some(finding.with_remedy("write https:// in endpoint-url")))
        }
    }
}

fn no_region(store: &str, login: &Login) -> Error {
    let profile = login.profile().map_or("the profile".to_owned(), |profile| format!("the profile {profile}"));
    let context = format!("no region is set: not in the config, not in AWS_REGION, not in {profile}");
    Error::new(ErrorKind::Invalid, "open", store, context)
        .of_the_store()
        .with_remedy("write region = \"eu-central-1\" (or wherever the secrets are) in the store's table")
}
