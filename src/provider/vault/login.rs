//! How we become known to Vault: the methods of logging in, and the token each gives.

mod approle;
mod aws;
mod body;
mod signature;

use std::time::Duration;

use serde::Deserialize;
use vaultrs::api::AuthInfo;

pub(super) use approle::{SecretId, Unwrapped};
pub(super) use aws::AwsIam;
use body::Body;

use super::client::{Answer, Client, Method, Request, Sender};
use super::fault::Asked;
use crate::model::{ErrorKind, Family, SecretValue};
use crate::provider::{Caller, Error, Repeat, Result, SecretPlace};

/// A way to become somebody; its secrets are read again each time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Login {
    /// With a token made by somebody else, who gives another one when it ends, or does not.
    Token(SecretPlace),
    /// With a token that a program beside us, such as Vault Agent, keeps fresh.
    KeptToken(SecretPlace),
    /// With a method of Vault's.
    Method(Box<AuthMethod>),
}

/// A method, where it is mounted, and what it wants to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AuthMethod {
    /// Its word in the config, such as `aws-iam`.
    pub word: &'static str,
    /// Where it is mounted.
    pub mount: String,
    /// What we show.
    pub proof: Proof,
}

/// What a method wants to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Proof {
    /// AppRole.
    AppRole {
        /// The role's id.
        role_id: SecretPlace,
        /// Its secret id, or the token it is wrapped in.
        secret_id: SecretId,
    },
    /// userpass and LDAP.
    Password {
        /// Who.
        username: String,
        /// Their password.
        password: SecretPlace,
    },
    /// Kubernetes and JWT.
    Jwt {
        /// The role; JWT has a default one.
        role: Option<String>,
        /// The token that somebody else signed.
        jwt: SecretPlace,
    },
    /// AWS IAM.
    AwsIam(AwsIam),
    /// The certificate of the TLS connection.
    Certificate {
        /// The name of the role; left out, Vault tries all.
        role: Option<String>,
    },
}

/// A token just got.
pub(super) struct Fresh {
    /// The token.
    pub token: SecretValue,
    /// How long it lives.
    pub lease: Lease,
}

/// How long a token lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lease {
    /// For ever, or nobody says.
    Endless,
    /// So long from now.
    Timed {
        /// Time to live.
        lasts: Duration,
        /// Whether it may be renewed.
        renewable: Renewable,
        /// How long renewals may keep it alive from now, where Vault says so.
        most: Option<Duration>,
    },
}

/// Whether a token may be renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Renewable {
    /// Until its maximum.
    Yes,
    /// Never.
    No,
}

/// What logging in needs.
#[derive(Clone, Copy)]
pub(super) struct Counter<'a> {
    /// The store's name.
    pub store: &'a str,
    /// Vault.
    pub client: &'a Client,
    /// Who makes the calls.
    pub caller: &'a Caller,
}

impl Lease {
    /// Reads Vault's seconds, of which 0 means for ever.
    pub fn of(seconds: u64, renewable: bool) -> Self {
        match seconds {
            0 => Self::Endless,
            _ => Self::Timed {
                lasts: Duration::from_secs(seconds),
                renewable: if renewable { Renewable::Yes } else { Renewable::No },
                most: None,
            },
        }
    }
}

impl Fresh {
    /// Takes the token out of Vault's answer to a renewal.
    pub fn of(auth: AuthInfo) -> Self {
        let lease = Lease::of(auth.lease_duration, auth.renewable);
        Self { token: SecretValue::new(auth.client_token), lease }
    }
}

#[derive(Deserialize)]
struct LoginAnswer {
    auth: Auth,
}

#[derive(Deserialize)]
struct Auth {
    client_token: String,
    lease_duration: u64,
    renewable: bool,
}

impl<'a> Counter<'a> {
    /// What an error of `operation` says of itself.
    pub fn asked(self, operation: &'static str) -> Asked<'a> {
        Asked { store: self.store, family: Family::Auth, operation }
    }

    /// Reads a secret of the config.
    pub fn text(self, place: &SecretPlace) -> Result<SecretValue> {
        place.resolve().map_err(|error| {
            let asked = self.asked("log in");
            asked.refuse(ErrorKind::Denied, error.to_string()).with_remedy(format!("provide {place}"))
        })
    }

    /// Reads a token or id of the config, and refuses what no header could carry.
    pub fn secret(self, place: &SecretPlace) -> Result<SecretValue> {
        let text = self.text(place)?;
        let trimmed = text.expose().trim();
        if trimmed.is_empty() || !trimmed.bytes().all(|byte| byte.is_ascii_graphic()) {
            let context =
                format!("{place} holds no token or id: it is blank, or has white space or control characters inside");
            return Err(self.asked("log in").refuse(ErrorKind::Invalid, context));
        }
        Ok(SecretValue::from(trimmed))
    }

    /// Logs in with a method of Vault's.
    pub async fn log_in(self, method: &AuthMethod, unwrapped: &mut Unwrapped) -> Result<Fresh> {
        // A certificate that was replaced on the disk is the one to show; a token got with it is bound to it.
        self.client.renew_trust()?;
        let Body { path, json } = self.body(method, unwrapped).await?;
        let path = format!("auth/{}/{path}", super::layout::encoded(&method.mount));
        let request = Request { method: Method::Write, path: &path, body: Some(&json) };
        let asked = self.asked("log in");
        let send = || async {
            let sent = self.client.send(Sender::Guest, request).await;
            let answer = sent.map_err(|failure| asked.failed(&failure))?;
            match answer.status {
                200..=299 => fresh(asked, &answer),
                _ => Err(asked.refused(&answer)),
            }
        };
        let answer = self.caller.call(Family::Auth, "log in", Repeat::Safe, send).await;
        answer.map_err(|error| explained(error, method))
    }

    async fn body(self, method: &AuthMethod, unwrapped: &mut Unwrapped) -> Result<Body> {
        Ok(match &method.proof {
            Proof::AppRole { role_id, secret_id } => {
                let secret_id = self.secret_id(secret_id, &method.mount, unwrapped).await?;
                Body::approle(&self.secret(role_id)?, &secret_id)
            }
            Proof::Password { username, password } => Body::password(username, &self.text(password)?),
            Proof::Jwt { role, jwt } => Body::jwt(role.as_deref(), &self.secret(jwt)?),
            Proof::AwsIam(iam) => Body::aws(iam.role.as_deref(), &iam.signed(self)?),
            Proof::Certificate { role } => Body::certificate(role.as_deref()),
        })
    }
}

fn fresh(asked: Asked<'_>, answer: &Answer) -> Result<Fresh> {
    let LoginAnswer { auth } = serde_json::from_slice(&answer.body).map_err(|_| asked.malformed())?;
    let token = SecretValue::new(auth.client_token);
    if token.is_empty() {
        let context = "Vault asks for a second factor (MFA), which nobody is there to give";
        return Err(asked.refuse(ErrorKind::Denied, context).with_remedy("let the role of secretferry log in without"));
    }
    Ok(Fresh { token, lease: Lease::of(auth.lease_duration, auth.renewable) })
}

impl AuthMethod {
    /// Where it is mounted unless somebody said otherwise.
    pub fn usual_mount(&self) -> &'static str {
        if self.word == "aws-iam" { "aws" } else { self.word }
    }

    /// Airflow's `auth_type`.
    pub fn airflow_word(&self) -> &'static str {
        if self.word == "aws-iam" { "aws_iam" } else { self.word }
    }

    /// Whether the certificate of the connection is what logs in.
    pub fn by_certificate(&self) -> bool {
        matches!(self.proof, Proof::Certificate { .. })
    }

    /// What to look at when Vault refuses.
    fn to_check(&self) -> String {
        let mount = &self.mount;
        match &self.proof {
            Proof::AppRole { .. } => {
                format!(
                    "check role-id and secret-id: `vault write -f auth/{mount}/role/<role>/secret-id` makes a new one"
                )
            }
            Proof::Password { username, password } => {
                format!(
                    "check username ({username}) and what {password} holds; after several failures Vault locks a user for a while"
                )
            }
            Proof::Jwt { jwt, .. } if self.word == "kubernetes" => format!(
                "check role and the token of {jwt}: `vault read auth/{mount}/role/<role>` shows which service accounts and namespaces it takes"
            ),
            Proof::Jwt { jwt, .. } => format!(
                "check role and the token of {jwt}: `vault read auth/{mount}/role/<role>` shows which audience, subject and claims it takes"
            ),
            Proof::AwsIam(iam) => format!(
                "check that auth/{mount} knows the principal of {}, that server-id is its iam_server_id_header_value, and that \
                 its sts_endpoint is {}",
                iam.access_key_id,
                iam.endpoint()
            ),
            Proof::Certificate { .. } => format!(
                "check tls.client-certificate: `vault list auth/{mount}/certs` shows the roles, whose certificate or authority must have signed it"
            ),
        }
    }
}

fn explained(error: Error, method: &AuthMethod) -> Error {
    match error.kind {
        ErrorKind::Denied => error.with_remedy(format!(
            "{}; and that the method {} is mounted at auth/{} (auth.mount)",
            method.to_check(),
            method.word,
            method.mount
        )),
        ErrorKind::Invalid if error.remedy.is_some() => error.with_remedy(format!(
            "the method {} is not mounted at auth/{}: set auth.mount to what `vault auth list` shows",
            method.word, method.mount
        )),
        ErrorKind::Invalid => error.with_remedy(method.to_check()),
        _ => error,
    }
}
