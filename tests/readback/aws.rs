//! A target in AWS, as moto has it: what the config says of it, how Airflow is told, and all that lies in it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::airflow::Teams;
pub use crate::moto::{Moto, REGION};

/// One of the two services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Secrets Manager.
    Secrets,
    /// Parameter Store.
    Parameters,
}

/// An account of one's own, and where Airflow's keys lie in it.
pub struct Account {
    /// The server.
    pub moto: Moto,
    /// The service.
    pub service: Service,
    /// What stands before connections and variables; `None` is left to the defaults.
    pub prefixes: Option<[&'static str; 2]>,
    /// What stands between a prefix and an id.
    pub sep: &'static str,
    /// Whether teams have keys of their own.
    pub teams: bool,
}

impl Account {
    /// Starts one with Airflow's own prefixes.
    pub fn new(service: Service) -> Self {
        Self { moto: Moto::start(), service, prefixes: None, sep: "/", teams: false }
    }

    /// The store's table; the secret key is in `TARGET_TOKEN`, and moto knows no quota.
    pub fn table(&self) -> String {
        let kind = match self.service {
            Service::Secrets => "aws-secrets-manager",
            Service::Parameters => "aws-parameter-store",
        };
        let mut table = format!(
            "kind = '{kind}'\nregion = '{REGION}'\nendpoint-url = '{}'\n\
             auth = {{ method = 'static', access-key-id = {{ env = 'TARGET_TOKEN' }}, \
             secret-access-key = {{ env = 'TARGET_TOKEN' }} }}\n\
             pace = {{ list = 10000, read = 10000, write = 10000, delete = 10000 }}\n",
            self.moto.address
        );
        if let Some([connections, variables]) = self.prefixes {
            table += &format!("connections-prefix = '{connections}'\nvariables-prefix = '{variables}'\n");
        }
        if self.sep != "/" {
            table += &format!("sep = '{}'\n", self.sep);
        }
        if self.teams {
            table += "teams = 'dashes'\n";
        }
        table
    }

    /// Airflow's class and its arguments.
    pub fn backend(&self) -> (&'static str, Value) {
        let class = match self.service {
            Service::Secrets => "airflow.providers.amazon.aws.secrets.secrets_manager.SecretsManagerBackend",
            Service::Parameters => {
                "airflow.providers.amazon.aws.secrets.systems_manager.SystemsManagerParameterStoreBackend"
            }
        };
        let mut kwargs = json!({
            "region_name": REGION, "endpoint_url": self.moto.address,
            "aws_access_key_id": "reader", "aws_secret_access_key": "reader",
        });
        if let Some([connections, variables]) = self.prefixes {
            kwargs["connections_prefix"] = connections.into();
            kwargs["variables_prefix"] = variables.into();
        }
        if self.sep != "/" {
            kwargs["sep"] = self.sep.into();
        }
        (class, kwargs)
    }

    /// Who asks Airflow.
    pub fn asks(&self) -> Teams {
        if self.teams { Teams::Nobody } else { Teams::Off }
    }

    /// The name under which a secret lies.
    pub fn key(&self, kind: &str, team: Option<&str>, id: &str) -> String {
        let index = usize::from(kind == "variables");
        let prefix = self.prefixes.map_or(["airflow/connections", "airflow/variables"][index], |own| own[index]);
        let team = team.map(|team| format!("{team}--")).unwrap_or_default();
        match (self.service, prefix) {
            (Service::Secrets, "") => format!("{team}{id}"),
            (Service::Secrets, _) => format!("{prefix}{}{team}{id}", self.sep),
            (Service::Parameters, _) => format!("/{prefix}/{team}{id}").replacen("//", "/", 1),
        }
    }

    /// All that lies in it: by name, whatever would tell of a change.
    pub async fn survey(&self) -> BTreeMap<String, Value> {
        let (operation, list) = match self.service {
            Service::Secrets => ("secretsmanager.ListSecrets", "SecretList"),
            Service::Parameters => ("AmazonSSM.DescribeParameters", "Parameters"),
        };
        let (mut found, mut body) = (BTreeMap::new(), json!({}));
        loop {
            let mut answer = self.moto.must(operation, body).await;
            for item in answer[list].as_array_mut().unwrap() {
                item.as_object_mut().unwrap().remove("LastAccessedDate");
                found.insert(item["Name"].as_str().unwrap().to_owned(), item.take());
            }
            match answer["NextToken"].take() {
                Value::Null => return found,
                token => body = json!({"NextToken": token}),
            }
        }
    }
}
