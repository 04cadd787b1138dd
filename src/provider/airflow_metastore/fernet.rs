//! Fernet as Airflow uses it: several keys, tried in order, no limit of age; keys and tokens are taken as leniently as Python takes them.

use std::fmt;

use aes::Aes128;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

const VERSION: u8 = 0x80;
const IV: std::ops::Range<usize> = 9..25;
const MAC_LENGTH: usize = 32;

/// The Fernet keys of an Airflow, in the order they are tried; none where nothing is encrypted.
#[derive(Default)]
pub struct Keyring(Vec<Zeroizing<[u8; 32]>>);

/// Which of the listed keys is none; says nothing of what stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("key {number} of {count} in the Fernet key list is not 32 bytes in url-safe base64")]
pub struct KeyringError {
    /// Its place, from 1.
    pub number: usize,
    /// How many there are.
    pub count: usize,
}

/// A token that was opened.
pub struct Opened {
    /// The place of the key that did it, from 0.
    pub key: usize,
    /// What was in it.
    pub plain: Zeroizing<Vec<u8>>,
}

impl Keyring {
    /// Parses Airflow's comma-separated list.
    pub fn parse(list: &str) -> Result<Self, KeyringError> {
        let count = list.split(',').count();
        let keys = list.split(',').enumerate().map(|(place, text)| {
            let bytes = python_base64(text.as_bytes());
            let key = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok());
            key.map(Zeroizing::new).ok_or(KeyringError { number: place + 1, count })
        });
        Ok(Self(keys.collect::<Result<_, _>>()?))
    }

    /// Tells how many keys there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Opens a token with the first key that fits; `None` where none does.
    pub fn open(&self, token: &[u8]) -> Option<Opened> {
        let token = python_base64(token)?;
        self.0.iter().enumerate().find_map(|(place, key)| {
            let plain = open_with(key, &token)?;
            Some(Opened { key: place, plain })
        })
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyring({} keys, redacted)", self.0.len())
    }
}

/// The first half of a key signs, the second encrypts. The signature is checked, in constant time, before anything is decrypted.
fn open_with(key: &[u8; 32], token: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    if token.first() != Some(&VERSION) || token.len() < IV.end + MAC_LENGTH {
        return None;
    }
    let (signed, signature) = token.split_at(token.len() - MAC_LENGTH);
    let mut mac = Hmac::<Sha256>::new_from_slice(&key[..16]).expect("HMAC takes a key of any length");
    mac.update(signed);
    mac.verify_slice(signature).ok()?;
    let mut buffer = Zeroizing::new(signed[IV.end..].to_vec());
    let cipher = cbc::Decryptor::<Aes128>::new_from_slices(&key[16..], &signed[IV]).expect("both are 16 bytes long");
    let length = cipher.decrypt_padded::<Pkcs7>(&mut buffer).ok()?.len();
    buffer.truncate(length);
    Some(buffer)
}

/// What Python's `base64.urlsafe_b64decode` makes of `text`: characters outside the alphabet are skipped, both alphabets are
/// understood, and what follows the padding is not looked at.
fn python_base64(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    // Room for all of it at once: a buffer that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 4 * 3 + 3));
    let (mut quad, mut pads, mut carry) = (0_u8, 0_u8, 0_u8);
    for &character in text {
        if character == b'=' {
            if quad >= 2 {
                pads += 1;
                if quad + pads >= 4 {
                    return Some(bytes);
                }
            }
            continue;
        }
        let Some(bits) = sextet(character) else { continue };
        pads = 0;
        match quad {
            0 => {}
            1 => bytes.push(carry << 2 | bits >> 4),
            2 => bytes.push(carry << 4 | bits >> 2),
            _ => bytes.push(carry << 6 | bits),
        }
        carry = bits;
        quad = (quad + 1) % 4;
    }
    (quad == 0).then_some(bytes)
}

fn sextet(character: u8) -> Option<u8> {
    match character {
        b'A'..=b'Z' => Some(character - b'A'),
        b'a'..=b'z' => Some(character - b'a' + 26),
        b'0'..=b'9' => Some(character - b'0' + 52),
        b'-' | b'+' => Some(62),
        b'_' | b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Keys and tokens made by Python's `cryptography` 50.0.2; the keys are the bytes 0 to 31 and 32 to 63.
    const A: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const B: &str = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";
    const A_EMPTY: &str =
        "gAAAAAAAAAABAAAAAAAAAAAAAAAAAAAAAM1N-Y9qS0VXYKUjr6BoffxDsWdiBZ6_vDD4pRjmNtsYVUDK2Rt44BzVN6ceFIVf_g==";
    const A_HUNTER: &str =
        "gAAAAAAAAAABAAAAAAAAAAAAAAAAAAAAAC6alXEl-PxDz1q5UwnfXNwyf8_xEb2btvkcPYVsymb21JCX8JhAjaW1_5g_Tnxm9Q==";
    const A_LONG: &str = "gAAAAAAAAAABAAAAAAAAAAAAAAAAAAAAAHHrwfQYxOiJEz6yvw5E9wp6GgVlbhBvLL-qxjdHcdmf2swzqsOHXxdoi_35nWKB6Gjg\
                          zu7zRIFdt1zFqR8JV9Hrfuyf00uD-3xDYfLoNgJUbtDdAZjrFGk9WI_TFGMcWg==";
    const A_BLOCK: &str = "gAAAAAAAAAABAAAAAAAAAAAAAAAAAAAAAJQbzu0_ctI-ObBQQS2380qQ1935NtxhGXCqzLL1BIS8Kt3dYWBQlMkdVgHRkgPS\
                           aAGbVsUIsqeJvDPnJ-Elpfc=";
    const A_BYTES: &str =
        "gAAAAAAAAAABAAAAAAAAAAAAAAAAAAAAAMtpA-lzkcrzFiY_8Bae4_hmobOrocal2P7VJosRobh522A9vUfmKDHPWx5JoP2dkw==";
    const B_HUNTER: &str =
        "gAAAAAAAAAABAAAAAAAAAAAAAAAAAAAAANj03wzFSsyfdzr2cGVf2V6TEVWtTD5-9IBRlpRlVUtQEAMt_m3PjZ6zGP81fzZIKw==";

    fn open(keys: &str, token: &str) -> Option<(usize, Vec<u8>)> {
        let opened = Keyring::parse(keys).expect("the keys are good").open(token.as_bytes())?;
        Some((opened.key, opened.plain.to_vec()))
    }

    #[test]
    fn opens_what_python_made() {
        let long = "pässwörd ".repeat(5);
        for (token, plain) in [
            (A_EMPTY, b"".as_slice()),
            (A_HUNTER, b"hunter2"),
            (A_LONG, long.as_bytes()),
            (A_BLOCK, b"xxxxxxxxxxxxxxxx"),
            (A_BYTES, b"\xff\xfe"),
        ] {
            assert_eq!(open(A, token), Some((0, plain.to_vec())));
            assert_eq!(open(B, token), None);
        }
    }

    #[test]
    fn tries_the_keys_in_order() {
        let both = format!("{B}, {A}");
        assert_eq!(open(&both, A_HUNTER), Some((1, b"hunter2".to_vec())));
        assert_eq!(open(&both, B_HUNTER), Some((0, b"hunter2".to_vec())));
        assert!(Keyring::default().open(A_HUNTER.as_bytes()).is_none());
    }

    #[test]
    fn refuses_any_changed_token() {
        for place in 0..A_HUNTER.len() - 4 {
            let mut token = A_HUNTER.as_bytes().to_vec();
            token[place] = if token[place] == b'A' { b'B' } else { b'A' };
            assert!(Keyring::parse(A).expect("a good key").open(&token).is_none(), "a change at {place} went unseen");
        }
        for cut in 0..A_HUNTER.len() - 2 {
            assert_eq!(open(A, &A_HUNTER[..cut]), None);
        }
    }

    #[test]
    fn takes_tokens_as_leniently_as_python() {
        let broken = format!("{}\n {}", &A_HUNTER[..20], &A_HUNTER[20..]);
        let standard = A_HUNTER.replace('-', "+").replace('_', "/");
        for token in [broken, standard, format!("{A_HUNTER}=zz"), format!("'{A_HUNTER}'é")] {
            assert_eq!(open(A, &token), Some((0, b"hunter2".to_vec())));
        }
        assert_eq!(open(A, A_HUNTER.trim_end_matches('=')), None);
    }

    #[test]
    fn takes_keys_as_leniently_as_python() {
        let high = "-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s=";
        let accepted = [
            A.to_owned(),
            format!(" {A}"),
            format!("{A}\n"),
            format!("'{A}'"),
            format!("{A}="),
            format!("{A}xx"),
            format!("{A}{A}"),
            format!("=={A}"),
            format!("{}={}", &A[..10], &A[10..]),
            format!("{}===={}", &A[..8], &A[8..]),
            format!("{}===={}", &A[..9], &A[9..]),
            A.replace('=', "é="),
            format!("{A}, {B}"),
            high.to_owned(),
            high.replace('-', "+").replace('_', "/"),
        ];
        for keys in accepted {
            assert!(Keyring::parse(&keys).is_ok(), "{keys:?} is refused");
        }
    }

    #[test]
    fn refuses_the_keys_python_refuses() {
        let refused = [
            (String::new(), 1),
            (A.replace('=', ""), 1),
            (A.replace("8=", "="), 1),
            (format!("{}=={}", &A[..10], &A[10..]), 1),
            (format!("{}={}", &A[..11], &A[11..]), 1),
            (format!("{A},"), 2),
            (format!("{A},{},{B}", &A[4..]), 2),
        ];
        for (keys, number) in refused {
            let count = keys.split(',').count();
            assert_eq!(Keyring::parse(&keys).err(), Some(KeyringError { number, count }), "{keys:?}");
        }
    }

    #[test]
    fn shows_no_key() {
        let keyring = Keyring::parse(A).expect("a good key");
        assert_eq!(format!("{keyring:?}"), "Keyring(1 keys, redacted)");
    }
}
