//! The five stores: each a server of its own, filled and looked into by its own means, never by the product's.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secretferry::provider::registry::KINDS;
use serde_json::{Value, json};

use crate::corpus::Secret;
use crate::fakes::aws::{self, Aws};
use crate::fakes::azure::Vault as KeyVault;
use crate::fakes::google::identity::TOKEN;
use crate::fakes::google::{PROJECT, SecretManager};
use crate::fakes::server::Fake;
use crate::server::Vault;

/// The kinds of store, as the config calls them.
pub const PLACES: [&str; 5] =
    ["vault", "aws-secrets-manager", "aws-parameter-store", "azure-key-vault", "gcp-secret-manager"];

/// A path's own slashes stay, all else that is not plain is encoded.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// One store.
pub enum Place {
    /// HashiCorp Vault.
    Vault(Vault),
    /// AWS Secrets Manager.
    Secrets(Fake<Aws>),
    /// AWS Parameter Store.
    Parameters(Fake<Aws>),
    /// Azure Key Vault.
    Azure(KeyVault, String),
    /// Google Secret Manager.
    Google(Fake<SecretManager>),
}

impl Place {
    /// Starts an empty one of a kind.
    pub async fn empty(kind: &str) -> Self {
        assert!(KINDS.iter().any(|known| known.word == kind && known.is_built()), "{kind} is not built");
        match kind {
            "vault" => {
                let vault = Vault::start(&[]);
                vault.mount_at("secret", 2).await;
                Self::Vault(vault)
            }
            "aws-secrets-manager" => Self::Secrets(Aws::start()),
            "aws-parameter-store" => Self::Parameters(Aws::start()),
            "azure-key-vault" => {
                let vault = KeyVault::start();
                let token = vault.token();
                Self::Azure(vault, token)
            }
            _ => Self::Google(SecretManager::start()),
        }
    }

    /// The store's table; its secret is in the variable `variable`.
    pub fn table(&self, variable: &str) -> String {
        let aws = |kind, address| {
            format!(
                "kind = '{kind}'\nregion = '{}'\nendpoint-url = '{address}'\n\
                 auth = {{ method = 'static', access-key-id = {{ env = '{variable}' }}, \
                 secret-access-key = {{ env = '{variable}' }} }}\n{}",
                aws::REGION,
                FAST
            )
        };
        match self {
            Self::Vault(vault) => format!(
                "kind = 'vault'\naddress = '{}'\nmount = 'secret'\nkv-version = 2\n\
                 auth = {{ method = 'token', token = {{ env = '{variable}' }} }}",
                vault.address
            ),
            Self::Secrets(fake) => aws("aws-secrets-manager", &fake.address),
            Self::Parameters(fake) => aws("aws-parameter-store", &fake.address),
            Self::Azure(vault, _) => format!(
                "kind = 'azure-key-vault'\nvault-url = '{}'\nverify-challenge = false\ntls = {{ ca = '{}' }}\n\
                 auth = {{ method = 'token', token = {{ env = '{variable}' }} }}\npace = {{ all = 10000, create = 10000 }}",
                vault.url,
                vault.certificate.display()
            ),
            Self::Google(fake) => format!(
                "kind = 'gcp-secret-manager'\nproject = '{PROJECT}'\nendpoint-url = '{}'\n\
                 auth = {{ method = 'token', token = {{ env = '{variable}' }} }}\n{FAST}",
                fake.address
            ),
        }
    }

    /// What the table's variable holds.
    pub fn credential(&self) -> &str {
        match self {
            Self::Vault(vault) => &vault.token,
            Self::Secrets(_) | Self::Parameters(_) => "test",
            Self::Azure(_, token) => token,
            Self::Google(_) => TOKEN,
        }
    }

    /// The key of a secret, as Airflow's backend asks for it.
    pub fn key(&self, secret: &Secret) -> String {
        let (kind, id) = (secret.kind, &secret.id);
        match self {
            Self::Vault(_) => format!("{kind}/{id}"),
            Self::Secrets(_) => format!("airflow/{kind}/{id}"),
            Self::Parameters(_) => format!("/airflow/{kind}/{id}"),
            Self::Azure(..) => format!("airflow-{kind}-{}", id.replace('_', "-")),
            Self::Google(_) => format!("airflow-{kind}-{id}"),
        }
    }

    /// Puts a secret there; tells whether such a store can hold it.
    pub async fn plant(&self, secret: &Secret) -> bool {
        let (key, text) = (self.key(secret), secret.text.as_str());
        let is_of = |more: &str| key.chars().all(|letter| letter.is_ascii_alphanumeric() || more.contains(letter));
        let fits = |least: usize, most: usize| (least..=most).contains(&text.len());
        let fits = match self {
            Self::Vault(_) => true,
            Self::Secrets(_) => is_of("/_+=.@-") && fits(1, 65_536),
            Self::Parameters(_) => is_of("/_.-") && fits(1, 4096) && !text.contains("{{"),
            Self::Azure(vault, _) => {
                let is_there = vault.with(|azure| azure.secrets.text(&key).is_some());
                is_of("-") && fits(0, 25_600) && !is_there
            }
            Self::Google(_) => is_of("-_") && fits(1, 65_536),
        };
        if fits {
            self.put(&key, secret).await;
        }
        fits
    }

    /// Gives a key another text, as somebody does behind our back.
    pub async fn put(&self, key: &str, secret: &Secret) {
        let text = secret.text.as_str();
        match self {
            Self::Vault(vault) => {
                let content = if secret.kind == "variables" {
                    json!({ "value": text })
                } else {
                    serde_json::from_str(text).unwrap()
                };
                vault.must("POST", &encoded(&format!("secret/data/{key}")), json!({ "data": content })).await;
            }
            Self::Secrets(fake) => fake.with(|aws| aws.secrets.put(key, text)),
            Self::Parameters(fake) => fake.with(|aws| aws.parameters.put(key, text)),
            Self::Azure(vault, _) => vault.with(|azure| azure.secrets.put(key, text)),
            Self::Google(fake) => fake.with(|google| google.secrets.put(key, text)),
        }
    }

    /// All that lies there now: the text of each key.
    pub async fn held(&self) -> BTreeMap<String, String> {
        fn all(names: Vec<String>, text: impl Fn(&str) -> Option<String>) -> BTreeMap<String, String> {
            names.into_iter().map(|name| (name.clone(), text(&name).unwrap_or_default())).collect()
        }
        match self {
            Self::Vault(vault) => held_by_vault(vault).await,
            Self::Secrets(fake) => {
                fake.with(|aws| all(aws.secrets.names(), |name| aws.secrets.text(name).map(str::to_owned)))
            }
            Self::Parameters(fake) => {
                fake.with(|aws| all(aws.parameters.names(), |name| aws.parameters.text(name).map(str::to_owned)))
            }
            Self::Azure(vault, _) => {
                vault.with(|azure| all(azure.secrets.names(), |name| azure.secrets.text(name).map(str::to_owned)))
            }
            Self::Google(fake) => {
                let name = |key: &str| key.trim_start_matches("secrets/").to_owned();
                fake.with(|google| {
                    let names = google.secrets.all().map(|secret| name(&secret.key)).collect();
                    all(names, |name| google.secrets.text(name).map(str::to_owned))
                })
            }
        }
    }
}

const FAST: &str = "pace = { list = 10000, read = 10000, write = 10000, delete = 10000 }";

/// A variable's text; of a connection its fields as JSON.
async fn held_by_vault(vault: &Vault) -> BTreeMap<String, String> {
    let mut held = BTreeMap::new();
    for folder in ["connections", "variables"] {
        let mut folders = vec![format!("{folder}/")];
        while let Some(folder) = folders.pop() {
            let (_, listed) = vault.ask("LIST", &encoded(&format!("secret/metadata/{folder}")), Value::Null).await;
            for name in listed["data"]["keys"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                let key = format!("{folder}{name}");
                if key.ends_with('/') {
                    folders.push(key);
                    continue;
                }
                let answer = vault.must("GET", &encoded(&format!("secret/data/{key}")), Value::Null).await;
                let content = &answer["data"]["data"];
                let text = content["value"].as_str().map_or_else(|| content.to_string(), str::to_owned);
                held.insert(key, text);
            }
        }
    }
    held
}

fn encoded(path: &str) -> String {
    utf8_percent_encode(path, PATH).to_string()
}
