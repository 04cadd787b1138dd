//! The `auth` table, checked: from words that may be wrong to a log-in that cannot be.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::login::{Application, Auto, Login, UserAssigned};
use crate::provider::SecretPlace;
use crate::reference::{Reference, env_setting};
use crate::settings::Faults;

const METHODS: [&str; 9] = [
    "auto",
    "client-secret",
    "client-assertion",
    "workload-identity",
    "managed-identity",
    "azure-cli",
    "azure-developer-cli",
    "azure-pipelines",
    "token",
];
const DEFAULT_METHOD: &str = "auto";

/// How to log in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct AuthSettings {
    /// `auto` (the default: what Airflow tries, in its order), `client-secret`, `client-assertion`, `workload-identity`,
    /// `managed-identity`, `azure-cli`, `azure-developer-cli`, `azure-pipelines` or `token`.
    pub method: Option<String>,
    /// The tenant (directory) in Entra ID; `AZURE_TENANT_ID` for `workload-identity` where left out.
    pub tenant_id: Option<String>,
    /// The application, or the user-assigned managed identity; `AZURE_CLIENT_ID` for `workload-identity` where left out.
    pub client_id: Option<String>,
    /// `client-secret`: the application's secret.
    pub client_secret: Option<Reference>,
    /// `client-assertion`: a token that the application's federated credential trusts; read again at each log-in.
    pub assertion: Option<Reference>,
    /// `workload-identity`: the same in a file that somebody keeps fresh; `AZURE_FEDERATED_TOKEN_FILE` where left out.
    pub token_file: Option<PathBuf>,
    /// `managed-identity`: the user-assigned identity, by its object id.
    pub object_id: Option<String>,
    /// `managed-identity`: the same by its resource id.
    pub resource_id: Option<String>,
    /// `azure-pipelines`: the service connection.
    pub service_connection_id: Option<String>,
    /// `azure-pipelines`: the job's own token.
    pub system_access_token: Option<Reference>,
    /// `token`: an access token for Key Vault; nobody renews it but who writes it there.
    pub token: Option<Reference>,
}

impl AuthSettings {
    /// Takes relative files from `folder`.
    pub fn relative_to(&mut self, folder: &Path) {
        let secrets = [&mut self.client_secret, &mut self.assertion, &mut self.system_access_token, &mut self.token];
        for reference in secrets {
            *reference = reference.take().map(|reference| reference.relative_to(folder));
        }
        self.token_file = self.token_file.take().map(|path| folder.join(path));
    }

    /// The log-in that the table describes; `None` with its faults.
    pub(super) fn check(&self, faults: &mut Faults) -> Option<Login> {
        let method = self.method.as_deref().unwrap_or(DEFAULT_METHOD);
        if !METHODS.contains(&method) {
            let hint = format!("write one of {}", METHODS.join(", "));
            let problem = match method {
                "client-certificate" => "logging in with a certificate is not built",
                _ => "there is no such method",
            };
            faults.add("auth.method", problem, &hint);
            return None;
        }
        let before = faults.0.len();
        self.strangers(method, faults);
        self.login(method, faults).filter(|_| faults.0.len() == before)
    }

    fn login(&self, method: &str, faults: &mut Faults) -> Option<Login> {
        let secret = |key: &str, given: &Option<Reference>, faults: &mut Faults| {
            needed(key, given.clone(), faults).map(SecretPlace::from)
        };
        Some(match method {
            "client-secret" => {
                let secret = secret("auth.client-secret", &self.client_secret, faults);
                Login::ClientSecret { application: self.application(faults)?, secret: secret? }
            }
            "client-assertion" => {
                let assertion = secret("auth.assertion", &self.assertion, faults);
                Login::Assertion { application: self.application(faults)?, assertion: assertion? }
            }
            "workload-identity" => self.workload_identity(faults)?,
            "managed-identity" => Login::ManagedIdentity(self.user_assigned(faults)?),
            "azure-cli" => Login::AzureCli { tenant: tenant(self.tenant_id.clone(), faults)? },
            "azure-developer-cli" => Login::DeveloperCli { tenant: tenant(self.tenant_id.clone(), faults)? },
            "azure-pipelines" => {
                let token = secret("auth.system-access-token", &self.system_access_token, faults);
                let connection = needed("auth.service-connection-id", self.service_connection_id.clone(), faults);
                Login::Pipelines { application: self.application(faults)?, connection: connection?, token: token? }
            }
            "token" => Login::Token(secret("auth.token", &self.token, faults)?),
            _ => Login::Auto(Auto::default()),
        })
    }

    fn application(&self, faults: &mut Faults) -> Option<Application> {
        let client = needed("auth.client-id", self.client_id.clone(), faults);
        let given = needed("auth.tenant-id", self.tenant_id.clone(), faults)?;
        Some(Application { tenant: tenant(Some(given), faults)??, client: client? })
    }

    fn workload_identity(&self, faults: &mut Faults) -> Option<Login> {
        let given = |own: &Option<String>, variable: &str| own.clone().or_else(|| env_setting(variable));
        let file = self.token_file.clone().or_else(|| env_setting("AZURE_FEDERATED_TOKEN_FILE").map(PathBuf::from));
        let client = needed("auth.client-id", given(&self.client_id, "AZURE_CLIENT_ID"), faults);
        let whose = needed("auth.tenant-id", given(&self.tenant_id, "AZURE_TENANT_ID"), faults);
        let file = needed("auth.token-file", file, faults);
        let application = Application { tenant: tenant(Some(whose?), faults)??, client: client? };
        Some(Login::Assertion { application, assertion: Reference::File(file?).into() })
    }

    fn user_assigned(&self, faults: &mut Faults) -> Option<Option<UserAssigned>> {
        let given = [
            self.client_id.clone().map(UserAssigned::Client),
            self.object_id.clone().map(UserAssigned::Object),
            self.resource_id.clone().map(UserAssigned::Resource),
        ];
        let mut given: Vec<_> = given.into_iter().flatten().collect();
        if given.len() > 1 {
            let problem = "an identity is named by its client id, its object id or its resource id";
            faults.add("auth", problem, "leave all but one of client-id, object-id and resource-id out");
            return None;
        }
        Some(given.pop())
    }

    // A key of another method would be ignored in silence.
    fn strangers(&self, method: &str, faults: &mut Faults) {
        let given: [(&str, bool, &[&str]); 10] = [
            (
                "tenant-id",
                self.tenant_id.is_some(),
                &[
                    "client-secret",
                    "client-assertion",
                    "workload-identity",
                    "azure-cli",
                    "azure-developer-cli",
                    "azure-pipelines",
                ],
            ),
            (
                "client-id",
                self.client_id.is_some(),
                &["client-secret", "client-assertion", "workload-identity", "managed-identity", "azure-pipelines"],
            ),
            ("client-secret", self.client_secret.is_some(), &["client-secret"]),
            ("assertion", self.assertion.is_some(), &["client-assertion"]),
            ("token-file", self.token_file.is_some(), &["workload-identity"]),
            ("object-id", self.object_id.is_some(), &["managed-identity"]),
            ("resource-id", self.resource_id.is_some(), &["managed-identity"]),
            ("service-connection-id", self.service_connection_id.is_some(), &["azure-pipelines"]),
            ("system-access-token", self.system_access_token.is_some(), &["azure-pipelines"]),
            ("token", self.token.is_some(), &["token"]),
        ];
        let strays = given.into_iter().filter(|(_, is_given, owners)| *is_given && !owners.contains(&method));
        for (key, _, owners) in strays {
            let problem = format!("this key belongs to the method {}, not to {method}", owners.join(" or "));
            faults.add(&format!("auth.{key}"), problem, &format!("leave it out, or write method = \"{}\"", owners[0]));
        }
    }
}

fn needed<T>(key: &str, given: Option<T>, faults: &mut Faults) -> Option<T> {
    if given.is_none() {
        let hint = "write it; a secret as { env = \"NAME\" } or { file = \"path\" }";
        faults.add(key, "this method needs the key", hint);
    }
    given
}

/// A tenant that may stand in a URL or a command line; outer `None` with a fault for any other text.
pub(super) fn tenant(given: Option<String>, faults: &mut Faults) -> Option<Option<String>> {
    let is_legal = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
    };
    if given.as_deref().is_some_and(|text| !is_legal(text)) {
        let hint = "write the directory's id or domain; `az account show --query tenantId` tells it";
        faults.add("auth.tenant-id", "this is no tenant", hint);
        return None;
    }
    Some(given)
}
