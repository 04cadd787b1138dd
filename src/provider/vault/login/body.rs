//! What each method is sent: its path below the mount, and its JSON, which is wiped.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Serialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::aws::Signed;
use crate::model::SecretValue;
use crate::provider::vault::layout::segment;

/// One login request.
pub(super) struct Body {
    /// The path below the mount, percent-encoded.
    pub path: String,
    /// The JSON.
    pub json: Zeroizing<String>,
}

#[derive(Serialize)]
struct AppRole<'a> {
    role_id: &'a str,
    secret_id: &'a str,
}

#[derive(Serialize)]
struct Password<'a> {
    password: &'a str,
}

#[derive(Serialize)]
struct Jwt<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
    jwt: &'a str,
}

impl Body {
    pub fn approle(role_id: &SecretValue, secret_id: &SecretValue) -> Self {
        Self::login(&AppRole { role_id: role_id.expose(), secret_id: secret_id.expose() })
    }

    /// The user's name is part of the path.
    pub fn password(username: &str, password: &SecretValue) -> Self {
        let body = Self::login(&Password { password: password.expose() });
        Self { path: format!("login/{}", segment(username)), ..body }
    }

    pub fn jwt(role: Option<&str>, jwt: &SecretValue) -> Self {
        Self::login(&Jwt { role, jwt: jwt.expose() })
    }

    /// A signed request to AWS, for Vault to send in our name; it holds no secret but the right to ask who we are.
    pub fn aws(role: Option<&str>, signed: &Signed) -> Self {
        let headers: serde_json::Map<_, _> =
            signed.headers.iter().map(|(name, value)| ((*name).to_owned(), json!([value.expose()]))).collect();
        let headers = Zeroizing::new(Value::Object(headers).to_string());
        let mut body = json!({
            "iam_http_request_method": "POST",
            "iam_request_url": BASE64.encode(&signed.url),
            "iam_request_body": BASE64.encode(signed.body),
            "iam_request_headers": BASE64.encode(headers.as_bytes()),
        });
        if let Some(role) = role {
            body["role"] = role.into();
        }
        Self::login(&body)
    }

    pub fn certificate(role: Option<&str>) -> Self {
        Self::login(&role.map_or_else(|| json!({}), |role| json!({ "name": role })))
    }

    fn login(body: &impl Serialize) -> Self {
        // Large enough not to grow: what it grows out of is not wiped.
        let mut json = Zeroizing::new(Vec::with_capacity(16 * 1024));
        serde_json::to_writer(&mut *json, body).expect("texts under known keys are JSON");
        let json = String::from_utf8(std::mem::take(&mut *json)).expect("JSON is UTF-8");
        Self { path: "login".to_owned(), json: Zeroizing::new(json) }
    }
}
