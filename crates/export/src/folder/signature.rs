//! Signing a published folder (Ed25519, RFC 8032): the signature is over `SHA256SUMS`, and through it over every file.
//! Keys are those of `openssl genpkey -algorithm ed25519`, and `openssl pkeyutl -verify -rawin` checks a folder too.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

use crate::ExportError;

/// The list of digests. It is written last.
pub const SUMS: &str = "SHA256SUMS";

/// The signature: 64 bytes.
pub(super) const SIGNATURE: &str = "SHA256SUMS.sig";

/// The key that signed, for a reader who does not have it yet. It says nothing about who that is.
pub(super) const PUBLIC_KEY: &str = "signing_key.pub.pem";

/// What a private key (PKCS #8, RFC 8410) begins with in DER; 32 bytes follow.
const PRIVATE_PREFIX: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// What a public key (SubjectPublicKeyInfo) begins with; 32 bytes follow.
const PUBLIC_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];

/// A private key.
pub struct PrivateKey {
    key: SigningKey,
}

/// A public key, and the file that it is from.
#[derive(Debug, Clone)]
pub struct PublicKey {
    key: VerifyingKey,
    path: PathBuf,
}

impl PrivateKey {
    /// Reads a private key in PEM.
    ///
    /// # Errors
    /// A file that is not there or holds none.
    pub fn read(path: &Path) -> Result<Self, ExportError> {
        let secret = pem(path, "PRIVATE KEY", &PRIVATE_PREFIX)?;
        Ok(PrivateKey { key: SigningKey::from_bytes(&secret) })
    }

    /// The public half, in PEM.
    pub(super) fn public_pem(&self) -> String {
        let der = [PUBLIC_PREFIX.as_slice(), self.key.verifying_key().as_bytes()].concat();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der))
    }

    pub(super) fn sign(&self, sums: &[u8]) -> Vec<u8> {
        self.key.sign(sums).to_vec()
    }
}

impl PublicKey {
    /// Reads a public key in PEM.
    ///
    /// # Errors
    /// A file that is not there or holds none.
    pub fn read(path: &Path) -> Result<Self, ExportError> {
        let bytes = pem(path, "PUBLIC KEY", &PUBLIC_PREFIX)?;
        let wrong = |_| ExportError::Key { path: path.to_owned(), why: "this is no Ed25519 key".to_owned() };
        Ok(PublicKey { key: VerifyingKey::from_bytes(&bytes).map_err(wrong)?, path: path.to_owned() })
    }
}

/// Holds the list against its signature, and that against the key required. A folder without one passes where none is.
pub(super) fn verify(folder: &Path, sums: &[u8], required: Option<&PublicKey>) -> Result<(), ExportError> {
    let path = folder.join(SIGNATURE);
    let refuse = |why: String| ExportError::Signature { path: path.clone(), why };
    let (has_signature, has_key) = (path.exists(), folder.join(PUBLIC_KEY).exists());
    if !has_signature && !has_key {
        return match required {
            None => Ok(()),
            Some(key) => Err(refuse(format!("the folder is not signed, and {} is asked for", key.path.display()))),
        };
    }
    let bytes = fs::read(&path).map_err(ExportError::io("read", &path))?;
    let signature = Signature::from_slice(&bytes).map_err(|_| refuse("this is no signature".to_owned()))?;
    let named = PublicKey::read(&folder.join(PUBLIC_KEY))?;
    if named.key.verify_strict(sums, &signature).is_err() {
        return Err(refuse(format!("it does not hold: {SUMS} was changed since it was signed")));
    }
    match required {
        Some(key) if key.key != named.key => {
            Err(refuse(format!("the folder was signed by another key than {}", key.path.display())))
        }
        _ => Ok(()),
    }
}

/// The 32 bytes behind `prefix` in the PEM file's block `kind`.
fn pem(path: &Path, kind: &str, prefix: &[u8]) -> Result<[u8; 32], ExportError> {
    let wrong = |why: &str| ExportError::Key { path: path.to_owned(), why: why.to_owned() };
    let text = fs::read_to_string(path).map_err(ExportError::io("read", path))?;
    let (_, rest) = text.split_once(&format!("-----BEGIN {kind}-----")).ok_or_else(|| wrong("no such key in PEM"))?;
    let (body, _) = rest.split_once(&format!("-----END {kind}-----")).ok_or_else(|| wrong("it ends too early"))?;
    let body: String = body.split_whitespace().collect();
    let der = STANDARD.decode(body).map_err(|_| wrong("it is no base64"))?;
    der.strip_prefix(prefix).and_then(|key| key.try_into().ok()).ok_or_else(|| wrong("this is no Ed25519 key"))
}
