//! A Vault's table checked: from text that may be wrong to settings that cannot be, or every fault at once.

use std::path::PathBuf;

use url::Url;

use super::auth::usual_token;
use super::layout::is_legal_path;
use super::login::Login;
use super::rule::{KvVersion, rule};
use super::settings::{PathSetting, TeamsSetting, VaultSettings};
use crate::model::{Family, Quota};
use crate::naming::{Mount, Place, Rule, Teams};
use crate::provider::bounds::positive;
use crate::provider::plain_http::is_readable_on_the_way;
use crate::provider::{Bounds, SettingsFault};
use crate::reference::{TlsSettings, env_setting};
use crate::settings::Faults;

const DEFAULT_MOUNT: &str = "secret";
/// Settings without a fault.
#[derive(Debug)]
pub(super) struct Checked {
    pub address: Url,
    pub namespace: Option<String>,
    /// `None`: the first segment of an id.
    pub mount: Option<String>,
    pub version: Option<KvVersion>,
    pub login: Login,
    pub tls: TlsSettings,
    pub bounds: Bounds,
}

/// Checks a table; what it leaves out is taken from Vault's own environment variables.
pub(super) fn check(settings: &VaultSettings) -> Result<Checked, Vec<SettingsFault>> {
    let mut faults = Faults(settings.kwargs.faults.clone());
    paths(settings, &mut faults);
    let address = address(settings, &mut faults);
    let tls = tls(settings, address.as_ref(), &mut faults);
    let namespace = namespace(settings, &mut faults);
    let mount = mount(settings);
    if mount.as_deref().is_some_and(|mount| !is_legal_path(mount)) {
        faults.add(
            "mount",
            "a segment of the mount is empty, `.` or `..`",
            "write it as `vault secrets list` shows it",
        );
    }
    let version = version(settings, &mut faults);
    let login = login(settings, &tls, &mut faults);
    let pace = settings.pace.and_then(|pace| positive(pace, "pace", &mut faults));
    let quotas = pace.map(|per_second| Quota::of(&Family::ALL, per_second)).into_iter().collect();
    let bounds = Bounds::check(settings.timeout, settings.width, quotas, &mut faults);
    match (address, login) {
        (Some(address), Some(login)) if faults.0.is_empty() => {
            Ok(Checked { address, namespace, mount, version, login, tls, bounds })
        }
        _ => Err(settings.kwargs.retold(faults.0)),
    }
}

/// The rule of a table, whether or not it has faults.
pub(super) fn rule_of(settings: &VaultSettings) -> Rule {
    let teams = match settings.teams.unwrap_or_default() {
        TeamsSetting::Unsupported => Teams::Unsupported,
        TeamsSetting::Folder => Teams::Folder,
    };
    let kind_of_mount = if mount(settings).is_some() { Mount::Fixed } else { Mount::FirstSegment };
    let places = [
        place(&settings.connections_path, "connections"),
        place(&settings.variables_path, "variables"),
        place(&settings.config_path, "config"),
    ];
    rule(places, teams, kind_of_mount)
}

/// The place of a table under any name: address, namespace, mount, and where each kind is written.
pub(super) fn identity(settings: &VaultSettings) -> String {
    let address = settings.address.clone().or_else(|| env_setting("VAULT_ADDR")).unwrap_or_default();
    let address = Url::parse(&address).map_or(address, |url| url.origin().ascii_serialization());
    let namespace = namespace(settings, &mut Faults::default()).unwrap_or_default();
    let mount = mount(settings).unwrap_or_default();
    format!("vault {address} namespace={namespace:?} mount={mount:?} {}", rule_of(settings).written())
}

fn place(setting: &PathSetting, default: &str) -> Place {
    match setting {
        PathSetting::Default => Place::prefix(default),
        PathSetting::Off => Place::Off,
        PathSetting::Paths(paths) => Place::Prefixes(paths.iter().map(|path| plain(path).to_owned()).collect()),
    }
}

// As Airflow does: trailing slashes go.
fn plain(path: &str) -> &str {
    path.trim_end_matches('/')
}

fn mount(settings: &VaultSettings) -> Option<String> {
    let mount = settings.mount.as_deref().unwrap_or(DEFAULT_MOUNT).trim_matches('/');
    (!mount.is_empty()).then(|| mount.to_owned())
}

fn paths(settings: &VaultSettings, faults: &mut Faults) {
    let kinds = [
        ("connections-path", &settings.connections_path),
        ("variables-path", &settings.variables_path),
        ("config-path", &settings.config_path),
    ];
    for (key, setting) in kinds {
        let PathSetting::Paths(paths) = setting else { continue };
        if paths.is_empty() {
            faults.add(
                key,
                "the list of paths is empty",
                "write false to switch the kind off, or \"\" for the bare id",
            );
        }
        let wrong = paths.iter().find(|path| !plain(path).is_empty() && !is_legal_path(plain(path)));
        if let Some(path) = wrong {
            faults.add(key, format!("{path:?} has an empty segment, `.` or `..`"), "write it without a leading slash");
        }
    }
}

fn address(settings: &VaultSettings, faults: &mut Faults) -> Option<Url> {
    const EXAMPLE: &str = "write https://host:8200";
    let Some(text) = settings.address.clone().or_else(|| env_setting("VAULT_ADDR")) else {
        // Arguments that cannot be understood may be where the address stands.
        if settings.kwargs.faults.is_empty() {
            faults.add("address", "there is no address, and VAULT_ADDR is not set", EXAMPLE);
        }
        return None;
    };
    // Not repeated: what is no URL may hold a password.
    let Ok(url) = Url::parse(&text) else {
        faults.add("address", "this is not a URL", EXAMPLE);
        return None;
    };
    let problem = if !matches!(url.scheme(), "https" | "http") || url.host().is_none() {
        "the address does not start with https://"
    } else if !url.username().is_empty() || url.password().is_some() {
        "the address holds a user or password, which Vault does not take"
    } else if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        "the address has a path; Vault's API is reached at the root of a host only"
    } else if !settings.allow_plain_http && is_readable_on_the_way(&url) {
        let hint = "use https, or set allow-plain-http = true and let every secret travel readable";
        faults.add("address", "plain http is refused for other hosts than this one", hint);
        return None;
    } else {
        return Some(url);
    };
    faults.add("address", problem, EXAMPLE);
    None
}

fn namespace(settings: &VaultSettings, faults: &mut Faults) -> Option<String> {
    let text = settings.namespace.clone().or_else(|| env_setting("VAULT_NAMESPACE"))?;
    let namespace = text.trim_matches('/');
    if !namespace.bytes().all(|byte| byte.is_ascii_graphic()) {
        faults.add(
            "namespace",
            "the namespace holds a character that a header cannot carry",
            "write it as in `vault namespace list`",
        );
    }
    (!namespace.is_empty()).then(|| namespace.to_owned())
}

fn version(settings: &VaultSettings, faults: &mut Faults) -> Option<KvVersion> {
    let number = settings.kv_version?;
    let version = KvVersion::parse(&number.to_string());
    if version.is_none() {
        faults.add("kv-version", format!("there is no version {number} of the KV engine"), "write 1 or 2");
    }
    version
}

fn tls(settings: &VaultSettings, address: Option<&Url>, faults: &mut Faults) -> TlsSettings {
    let skips = env_setting("VAULT_SKIP_VERIFY").map(|text| text.to_lowercase());
    if skips.is_some_and(|text| !matches!(text.as_str(), "0" | "f" | "false")) {
        let problem = "VAULT_SKIP_VERIFY is set, but certificates are always verified here";
        faults.add("tls", problem, "unset it, and set tls.ca to the authority of the server's certificate");
    }
    let given = &settings.tls;
    if *given != TlsSettings::default() && address.is_some_and(|url| url.scheme() == "http") {
        faults.add("tls", "the address is plain http, which has no TLS", "write https:// in address");
    }
    let file = |given: &Option<PathBuf>, variable| given.clone().or_else(|| env_setting(variable).map(PathBuf::from));
    let tls = TlsSettings {
        ca: file(&given.ca, "VAULT_CACERT"),
        client_certificate: file(&given.client_certificate, "VAULT_CLIENT_CERT"),
        client_key: file(&given.client_key, "VAULT_CLIENT_KEY"),
    };
    if tls.client_certificate.is_some() != tls.client_key.is_some() {
        faults.add("tls", "only one of client-certificate and client-key is given", "give both");
    }
    tls
}

fn login(settings: &VaultSettings, tls: &TlsSettings, faults: &mut Faults) -> Option<Login> {
    let login = match &settings.auth {
        Some(auth) => auth.check(faults)?,
        None => settings.kwargs.login.clone().unwrap_or_else(usual_token),
    };
    let by_certificate = matches!(&login, Login::Method(method) if method.by_certificate());
    if by_certificate && tls.client_certificate.is_none() {
        let hint = "set tls.client-certificate and tls.client-key";
        faults.add("auth.method", "there is no certificate to log in with", hint);
    }
    Some(login)
}
