//! Passwords as hashes that cost time and memory to guess at: Argon2id with 19 MiB and two passes (RFC 9106; the parameters of
//! OWASP's Password Storage Cheat Sheet), kept as PHC strings.

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};

use super::UsersError;

/// Characters at least, and bytes at most.
const FEWEST: usize = 12;
const MOST: usize = 1_000;

/// One hash more or less must not tell whether a name is known: this one is of no password that can be had.
const OF_NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IG5vYm9keQ$9ZYQqUkR0Zp0zFoBv9d0pEw5Z0Qz3ZP9aT2f0v0s7mM";

/// The parameters, whatever the library's own become.
fn argon2() -> Result<Argon2<'static>, UsersError> {
    let parameters = Params::new(19_456, 2, 1, None).map_err(|error| UsersError::Hash(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters))
}

/// The hash of a password that is long enough.
///
/// # Errors
/// Fewer than 12 characters, more than 1,000 bytes, and a system without random numbers.
pub(super) fn hashed(password: &str) -> Result<String, UsersError> {
    let length = password.chars().count();
    if length < FEWEST || password.len() > MOST {
        return Err(UsersError::PasswordLength(length));
    }
    let mut salt = [0; 16];
    let told = |error: &dyn std::fmt::Display| UsersError::Hash(error.to_string());
    getrandom::fill(&mut salt).map_err(|error| told(&error))?;
    let salt = SaltString::encode_b64(&salt).map_err(|error| told(&error))?;
    let hash = argon2()?.hash_password(password.as_bytes(), &salt).map_err(|error| told(&error))?;
    Ok(hash.to_string())
}

/// Whether `password` is the one of `hash`. Without a hash the answer is no, after the same time.
pub(crate) fn is_of(password: &str, hash: Option<&str>) -> bool {
    // A hash of a long text takes as long as it is.
    let password = password.get(..MOST).unwrap_or(password);
    let verified = PasswordHash::new(hash.unwrap_or(OF_NOBODY))
        .is_ok_and(|kept| Argon2::default().verify_password(password.as_bytes(), &kept).is_ok());
    verified && hash.is_some()
}

/// Whether a line of the users file holds such a hash.
pub(super) fn is_hash(text: &str) -> bool {
    PasswordHash::new(text).is_ok_and(|hash| hash.algorithm.as_str() == "argon2id" && hash.hash.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_by_its_hash_alone() {
        let hash = hashed("a long password").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_ne!(hash, hashed("a long password").unwrap(), "another salt each time");
        assert!(is_of("a long password", Some(&hash)) && is_hash(&hash));
        assert!(!is_of("a long passworD", Some(&hash)) && !is_of("", Some(&hash)) && !is_of("a long password", None));
        assert!(is_hash(OF_NOBODY), "what nobody has takes as long");
        assert!(!is_hash("a long password") && !is_of("x", Some("x")));
        assert!(hashed("elevenchars").is_err() && hashed(&"x".repeat(1_001)).is_err());
    }
}
