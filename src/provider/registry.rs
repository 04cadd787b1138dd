//! The one list of kinds of store: from the word in the config to settings that can open it.

use serde::de::DeserializeOwned;
use toml::Table;

use super::contract::{Opening, Role, Store, StoreSettings};
use super::error::Error;
use super::layer::fitted;
use crate::model::Event;
use crate::settings::{RawReference, SettingsFault, read_table, references, suggestion};

/// What is known of one kind of store before any of it is opened.
#[derive(Debug, Clone, Copy)]
pub struct StoreKind {
    /// The word in the config.
    pub word: &'static str,
    /// What a job can use it for.
    pub roles: &'static [Role],
    /// The Airflow backend that reads it, if one does.
    pub backend: Option<&'static str>,
    support: Support,
}

#[derive(Debug, Clone, Copy)]
enum Support {
    Built(Parser),
    CompiledOut,
    NotBuiltYet,
}

/// The settings of a store, or every fault of its table.
pub type ReadStore = Result<Box<dyn StoreSettings>, Vec<SettingsFault>>;

#[derive(Debug, Clone, Copy)]
struct Parser {
    read: fn(Table) -> ReadStore,
    references: fn(Table) -> Vec<RawReference>,
}

/// The key of a store's table that names its kind.
pub const KIND: &str = "kind";

const SOURCE: &[Role] = &[Role::Source];
const BOTH: &[Role] = &[Role::Source, Role::Target];

const KEY_VAULT: &str = "airflow.providers.microsoft.azure.secrets.key_vault.AzureKeyVaultBackend";
const AWS_SECRETS_MANAGER: &str = "airflow.providers.amazon.aws.secrets.secrets_manager.SecretsManagerBackend";
const ENVIRONMENT: &str = "airflow.secrets.environment_variables.EnvironmentVariablesBackend";
const PARAMETER_STORE: &str =
    "airflow.providers.amazon.aws.secrets.systems_manager.SystemsManagerParameterStoreBackend";
const GCP_SECRET_MANAGER: &str = "airflow.providers.google.cloud.secrets.secret_manager.CloudSecretManagerBackend";
const LOCAL_FILES: &str = "airflow.secrets.local_filesystem.LocalFilesystemBackend";
const VAULT: &str = "airflow.providers.hashicorp.secrets.vault.VaultBackend";

/// Every kind there is or will be, in the order of the manual.
pub static KINDS: &[StoreKind] = &[
    #[cfg(feature = "airflow-metastore")]
    StoreKind::built::<super::airflow_metastore::MetastoreSettings>("airflow-metastore", SOURCE),
    #[cfg(not(feature = "airflow-metastore"))]
    StoreKind::compiled_out("airflow-metastore", SOURCE),
    #[cfg(feature = "local-files")]
    StoreKind::built::<super::local_files::LocalFilesSettings>("local-files", BOTH).read_by(LOCAL_FILES),
    #[cfg(not(feature = "local-files"))]
    StoreKind::compiled_out("local-files", BOTH).read_by(LOCAL_FILES),
    #[cfg(feature = "vault")]
    StoreKind::built::<super::vault::VaultSettings>("vault", BOTH).read_by(VAULT),
    #[cfg(not(feature = "vault"))]
    StoreKind::compiled_out("vault", BOTH).read_by(VAULT),
    #[cfg(feature = "aws-secrets-manager")]
    StoreKind::built::<super::aws::secrets_manager::SecretsManagerSettings>("aws-secrets-manager", BOTH)
        .read_by(AWS_SECRETS_MANAGER),
    #[cfg(not(feature = "aws-secrets-manager"))]
    StoreKind::compiled_out("aws-secrets-manager", BOTH).read_by(AWS_SECRETS_MANAGER),
    #[cfg(feature = "aws-parameter-store")]
    StoreKind::built::<super::aws::parameter_store::ParameterStoreSettings>("aws-parameter-store", BOTH)
        .read_by(PARAMETER_STORE),
    #[cfg(not(feature = "aws-parameter-store"))]
    StoreKind::compiled_out("aws-parameter-store", BOTH).read_by(PARAMETER_STORE),
    #[cfg(feature = "azure-key-vault")]
    StoreKind::built::<super::azure_key_vault::KeyVaultSettings>("azure-key-vault", BOTH).read_by(KEY_VAULT),
    #[cfg(not(feature = "azure-key-vault"))]
    StoreKind::compiled_out("azure-key-vault", BOTH).read_by(KEY_VAULT),
    #[cfg(feature = "gcp-secret-manager")]
    StoreKind::built::<super::gcp_secret_manager::SecretManagerSettings>("gcp-secret-manager", BOTH)
        .read_by(GCP_SECRET_MANAGER),
    #[cfg(not(feature = "gcp-secret-manager"))]
    StoreKind::compiled_out("gcp-secret-manager", BOTH).read_by(GCP_SECRET_MANAGER),
    #[cfg(feature = "environment")]
    StoreKind::built::<super::environment::EnvironmentSettings>("environment", BOTH).read_by(ENVIRONMENT),
    #[cfg(not(feature = "environment"))]
    StoreKind::compiled_out("environment", BOTH).read_by(ENVIRONMENT),
    #[cfg(feature = "airflow-cfg")]
    StoreKind::built::<super::airflow_cfg::AirflowCfgSettings>("airflow-cfg", SOURCE),
    #[cfg(not(feature = "airflow-cfg"))]
    StoreKind::compiled_out("airflow-cfg", SOURCE),
];

impl StoreKind {
    /// A kind whose tables are read into `T`.
    pub const fn built<T>(word: &'static str, roles: &'static [Role]) -> Self
    where
        T: StoreSettings + DeserializeOwned + 'static,
    {
        let support = Support::Built(Parser { read: read::<T>, references: references::<T> });
        Self { word, roles, backend: None, support }
    }

    /// The same kind, which an Airflow backend reads.
    #[must_use]
    pub const fn read_by(self, class: &'static str) -> Self {
        Self { backend: Some(class), ..self }
    }

    /// Tells whether this build can open such a store.
    pub const fn is_built(&self) -> bool {
        matches!(self.support, Support::Built(_))
    }

    /// A kind that this build of the program leaves out.
    pub const fn compiled_out(word: &'static str, roles: &'static [Role]) -> Self {
        Self { word, roles, backend: None, support: Support::CompiledOut }
    }

    /// A kind that no build has yet.
    pub const fn not_built_yet(word: &'static str, roles: &'static [Role]) -> Self {
        Self { word, roles, backend: None, support: Support::NotBuiltYet }
    }

    /// Finds a kind that can be used; else says why it cannot.
    pub fn find<'a>(kinds: &'a [Self], word: &str) -> Result<&'a Self, SettingsFault> {
        let Some(kind) = kinds.iter().find(|kind| kind.word == word) else {
            let known = kinds.iter().filter(|kind| kind.refusal().is_none()).map(|kind| kind.word);
            let fault = SettingsFault::new(KIND, format!("no kind of store is called {word:?}"));
            return Err(fault.with_hint(suggestion(word, known)));
        };
        kind.refusal().map_or(Ok(kind), Err)
    }

    /// Reads a store's table without its `kind`; every fault of it at once.
    pub fn read(&self, table: Table) -> ReadStore {
        match self.support {
            Support::Built(parser) => (parser.read)(table),
            Support::CompiledOut | Support::NotBuiltYet => Err(self.refusal().into_iter().collect()),
        }
    }

    /// Lists where a sound table refers to secrets outside of it.
    pub fn references(&self, table: Table) -> Vec<RawReference> {
        match self.support {
            Support::Built(parser) => (parser.references)(table),
            Support::CompiledOut | Support::NotBuiltYet => Vec::new(),
        }
    }

    fn refusal(&self) -> Option<SettingsFault> {
        let word = self.word;
        let problem = match self.support {
            Support::Built(_) => return None,
            Support::NotBuiltYet => format!("the kind \"{word}\" is not built yet"),
            Support::CompiledOut => format!("this program was built without the kind \"{word}\""),
        };
        let fault = SettingsFault::new(KIND, problem);
        Some(match self.support {
            Support::CompiledOut => fault.with_hint(format!("build it with the feature {word}")),
            _ => fault,
        })
    }
}

/// Opens a store for its role: a source cannot be written, a target is never written unseen.
pub async fn open(settings: &dyn StoreSettings, opening: Opening) -> Result<Store, Error> {
    let role = opening.role;
    for remark in settings.remarks(&opening.name) {
        opening.observer.observe(&Event::Found(remark));
    }
    settings.open(opening).await.map(|store| fitted(store, role))
}

fn read<T>(table: Table) -> ReadStore
where
    T: StoreSettings + DeserializeOwned + 'static,
{
    read_table::<T>(table).map(|settings| Box::new(settings) as Box<dyn StoreSettings>)
}
