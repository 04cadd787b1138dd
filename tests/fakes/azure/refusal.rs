//! How Key Vault refuses: `{"error": {"code", "message", "innererror": {"code"}}}`.
//!
//! The form is `KeyVaultError` of the REST reference, <https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret/get-secret>;
//! the words are those of answers of the service that users have put into public issues, named where they are used.

use serde_json::{Value, json};

use super::super::http::Reply;

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its status.
    pub status: u16,
    /// Its code.
    pub code: &'static str,
    /// The code within, which tells one cause from another.
    pub inner: Option<&'static str>,
    /// What it says.
    pub message: String,
    /// Headers of its own.
    pub headers: Vec<(&'static str, String)>,
}

impl Refused {
    /// What was asked is not as it should be.
    pub fn bad(message: impl Into<String>) -> Self {
        Self::new(400, "BadParameter", None, message)
    }

    /// Whoever asked may not.
    pub fn forbidden(inner: Option<&'static str>, message: impl Into<String>) -> Self {
        Self::new(403, "Forbidden", inner, message)
    }

    /// There is no such thing.
    pub fn missing(message: impl Into<String>) -> Self {
        Self::new(404, "SecretNotFound", None, message)
    }

    /// The name is in a state in which this cannot be done, as in
    /// <https://github.com/Azure/azure-sdk-for-net/issues/31581> and <https://github.com/external-secrets/external-secrets/issues/3519>.
    pub fn conflict(inner: &'static str, message: impl Into<String>) -> Self {
        Self::new(409, "Conflict", Some(inner), message)
    }

    /// Any other.
    pub fn new(status: u16, code: &'static str, inner: Option<&'static str>, message: impl Into<String>) -> Self {
        Self { status, code, inner, message: message.into(), headers: Vec::new() }
    }

    /// The same with a header.
    pub fn with(mut self, header: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((header, value.into()));
        self
    }

    /// The answer that says so.
    pub fn reply(&self) -> Reply {
        let mut error = json!({"code": self.code, "message": self.message});
        if let Some(inner) = self.inner {
            error["innererror"] = json!({"code": inner});
        }
        let mut reply = reply(self.status, &json!({"error": error}));
        reply.headers.extend(self.headers.iter().cloned());
        reply
    }
}

/// An answer in JSON, with the headers that the service gives to each.
pub fn reply(status: u16, body: &Value) -> Reply {
    let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    let headers = vec![
        ("content-type", "application/json; charset=utf-8".to_owned()),
        ("cache-control", "no-cache".to_owned()),
        ("x-ms-keyvault-region", "westeurope".to_owned()),
        ("x-ms-request-id", uuid::Uuid::new_v4().to_string()),
    ];
    Reply { status, headers, body }
}
