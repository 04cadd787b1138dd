//! Fernet as Airflow writes it: just enough to make encrypted rows.

use aes::Aes128;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeEncrypt as _, KeyIvInit as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Encrypts `text` under a key in base64.
pub fn encrypt(key: &str, text: &str) -> String {
    let key = STANDARD.decode(key).unwrap();
    let initial: [u8; 16] = rand::random();
    let cipher = cbc::Encryptor::<Aes128>::new_from_slices(&key[16..], &initial).unwrap();
    let mut token = [&[0x80][..], &[0; 8], &initial].concat();
    let mut buffer = [text.as_bytes(), &[0; 16]].concat();
    token.extend(cipher.encrypt_padded::<Pkcs7>(&mut buffer, text.len()).unwrap());
    let mut signature = Hmac::<Sha256>::new_from_slice(&key[..16]).unwrap();
    signature.update(&token);
    token.extend(signature.finalize().into_bytes());
    URL_SAFE.encode(token)
}
