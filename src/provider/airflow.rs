//! What Airflow must be told to read a store: the backend class and its arguments, the credentials and rights it needs.

use serde_json::{Map, Value};

use crate::model::{Dialect, Requirement};

/// How Airflow reads a store. Holds no secret: what stands in `<>` is for a person to fill in.
#[derive(Debug, Clone, PartialEq)]
pub struct AirflowBackend {
    /// `[secrets] backend`; `None` for the environment, which Airflow asks without being told.
    pub class: Option<&'static str>,
    /// `[secrets] backend_kwargs`, in the order to show them.
    pub kwargs: Map<String, Value>,
    /// Variables that the backend's own library reads, such as `VAULT_TOKEN`.
    pub variables: Vec<(&'static str, String)>,
    /// What must be installed beside Airflow, and its least version for these settings.
    pub requirements: Vec<Requirement>,
    /// The rights Airflow needs: to read, and nothing else.
    pub policy: Option<ReadPolicy>,
    /// What else a person should know.
    pub notes: Vec<String>,
    /// How the class reads what is stored.
    pub dialect: Dialect,
}

/// Rights, as the store's own administrator writes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadPolicy {
    /// What to do with the text, such as `vault policy write airflow airflow.hcl`.
    pub instruction: String,
    /// The text.
    pub text: String,
}

impl AirflowBackend {
    /// A backend without arguments.
    pub fn new(class: &'static str, dialect: Dialect) -> Self {
        Self { class: Some(class), ..Self::built_in(dialect) }
    }

    /// What Airflow asks without being told.
    pub fn built_in(dialect: Dialect) -> Self {
        let (class, kwargs, variables, requirements, policy, notes) = Default::default();
        Self { class, kwargs, variables, requirements, policy, notes, dialect }
    }

    /// Adds an argument.
    pub fn set(&mut self, key: &str, value: impl Into<Value>) {
        self.kwargs.insert(key.to_owned(), value.into());
    }

    /// Adds an argument that a person must fill in.
    pub fn ask(&mut self, key: &str, what: &str) {
        self.set(key, Self::placeholder(what));
    }

    /// What stands for something that only a person can fill in.
    pub fn placeholder(what: &str) -> String {
        format!("<{what}>")
    }

    /// The least version of each package; of several requirements of one package the highest.
    pub fn least_versions(&self) -> Vec<Requirement> {
        let mut sorted = self.requirements.clone();
        sorted.sort();
        let mut least: Vec<Requirement> = Vec::new();
        for requirement in sorted {
            match least.last_mut() {
                Some(last) if last.package == requirement.package => *last = requirement,
                _ => least.push(requirement),
            }
        }
        least
    }
}
