//! The key of a service account, made afresh by each process, and what is signed with it.

use std::sync::LazyLock;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::PROJECT;
use super::identity::ACCOUNT;

/// The id of the only key.
pub const KEY_ID: &str = "0123456789abcdef0123456789abcdef01234567";

static KEY: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate(KeySize::Rsa2048).unwrap());

/// The key file of the service account, as the console gives it, with the token endpoint at an address.
pub fn key_file(address: &str) -> String {
    key_file_of(ACCOUNT, KEY_ID, address)
}

/// A key file with the same key in another name.
pub fn key_file_of(account: &str, key_id: &str, address: &str) -> String {
    let der = STANDARD.encode(AsDer::<Pkcs8V1Der<'_>>::as_der(&*KEY).unwrap().as_ref());
    let lines: Vec<&str> = der.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"));
    let file = json!({
        "type": "service_account",
        "project_id": PROJECT,
        "private_key_id": key_id,
        "private_key": pem,
        "client_email": account,
        "client_id": "123456789012345678901",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": format!("{address}/token"),
        "universe_domain": "googleapis.com",
    });
    file.to_string()
}

/// The header and the claims of a token that the service account signed; what is wrong with it otherwise.
pub fn verified(token: &str) -> Result<(Value, Value), &'static str> {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts[..] else { return Err("Invalid JWT") };
    let json = |part: &str| URL_SAFE_NO_PAD.decode(part).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let (Some(header), Some(claims)) = (json(header), json(claims)) else { return Err("Invalid JWT") };
    let header: Value = header;
    if header["alg"] != "RS256" || header["kid"].as_str().is_some_and(|id| id != KEY_ID) {
        return Err("Invalid JWT Signature.");
    }
    let signed = token.rsplit_once('.').map_or("", |(signed, _)| signed);
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| "Invalid JWT")?;
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, KEY.public_key().as_ref())
        .verify(signed.as_bytes(), &signature)
        .map_err(|_| "Invalid JWT Signature.")?;
    Ok((header, claims))
}
