//! Two kinds of store that read their table and open nothing.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use secretferry::naming::{Charset, Folding, LookupPatterns, Mount, Place, Rule, Teams};
use secretferry::provider::registry::StoreKind;
use secretferry::provider::{Opening, Result, Role, SettingsFault, Store, StoreSettings};
use secretferry::reference::Reference;
use serde::Deserialize;

/// The kinds, and one of each that cannot be used.
pub static KINDS: &[StoreKind] = &[
    StoreKind::built::<Rows>("rows", &[Role::Source]),
    StoreKind::built::<Chest>("chest", &[Role::Source, Role::Target]),
    StoreKind::not_built_yet("azure-key-vault", &[Role::Source, Role::Target]),
    StoreKind::compiled_out("vault", &[Role::Source, Role::Target]),
];

/// A source without configs.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Rows {
    url: Reference,
}

/// Both a source and a target.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Chest {
    address: String,
    token: Option<Reference>,
    folder: Option<PathBuf>,
    #[serde(default)]
    verify: bool,
}

fn rule(configs: Place) -> Rule {
    Rule {
        connections: Place::prefix("connections"),
        variables: Place::prefix("variables"),
        configs,
        separator: "/".into(),
        charset: Charset::Any,
        folding: Folding::None,
        max_length: None,
        teams: Teams::Unsupported,
        mount: Mount::Fixed,
        patterns: LookupPatterns::default(),
    }
}

#[async_trait]
impl StoreSettings for Rows {
    fn kind(&self) -> &'static str {
        "rows"
    }

    fn faults(&self) -> Vec<SettingsFault> {
        Vec::new()
    }

    fn rule(&self) -> Rule {
        rule(Place::Off)
    }

    fn identity(&self) -> String {
        format!("{:?}", self.url)
    }

    fn relative_to(&mut self, folder: &Path) {
        self.url = self.url.clone().relative_to(folder);
    }

    async fn open(&self, _opening: Opening) -> Result<Store> {
        unreachable!("no test opens it")
    }
}

#[async_trait]
impl StoreSettings for Chest {
    fn kind(&self) -> &'static str {
        "chest"
    }

    fn faults(&self) -> Vec<SettingsFault> {
        let plain = self.address.starts_with("http://") && !self.verify;
        let fault = SettingsFault::new("address", "plain http").with_hint("write https://");
        if plain { vec![fault] } else { Vec::new() }
    }

    fn rule(&self) -> Rule {
        rule(Place::prefix("config"))
    }

    fn identity(&self) -> String {
        format!("{} {:?} {:?}", self.address, self.folder, self.token.is_some())
    }

    fn relative_to(&mut self, folder: &Path) {
        self.folder = self.folder.take().map(|own| folder.join(own));
    }

    async fn open(&self, _opening: Opening) -> Result<Store> {
        unreachable!("no test opens it")
    }
}
