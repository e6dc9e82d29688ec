//! Password hashes: argon2id with the parameters of OWASP's Password Storage Cheat Sheet (19 MiB, two passes, one
//! lane).

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::app::{AppError, ErrorKind};
use crate::compute::Compute;

/// The maximum number of hashes computed at the same time. Each takes 19 MiB and a core.
const MAX_CONCURRENT: usize = 2;

/// How long a request waits for a permit.
const PERMIT_TIMEOUT: Duration = Duration::from_secs(5);

/// Verified in place of an unknown user's hash, so that the answer takes as long as for a known user.
const DUMMY_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$UmFuZG9tU2FsdEZvck5vYm9keQ$WBBKzI/xKOJ29WWT6tMjXPgqNBqHhhkJa7U3aUYcAFM";

/// Creates and verifies password hashes. Clones share the permits.
#[derive(Debug, Clone)]
pub(super) struct Passwords {
    compute: Compute,
    permits: Arc<Semaphore>,
}

impl Passwords {
    pub(super) fn new(compute: Compute) -> Self {
        Self { compute, permits: Arc::new(Semaphore::new(MAX_CONCURRENT)) }
    }

    /// Returns the hash of a password in PHC format, with a new random salt.
    pub(super) async fn hash(&self, password: String) -> Result<String, AppError> {
        let permit = self.acquire_permit().await?;
        let hash = move || {
            // The closure holds the permit, because it continues even if the request is dropped.
            let _permit = permit;
            argon2().hash_password(password.as_bytes())
        };
        let hashed = self.compute.run(hash).await?;
        Ok(hashed.map_err(AppError::internal)?.to_string())
    }

    /// Returns whether a password matches `stored_hash`. Without a hash, it returns `false` after the same time.
    pub(super) async fn verify(
        &self,
        password: String,
        stored_hash: Option<String>,
    ) -> Result<bool, AppError> {
        let permit = self.acquire_permit().await?;
        let has_user = stored_hash.is_some();
        let stored_hash = stored_hash.unwrap_or_else(|| DUMMY_HASH.to_owned());
        let check = move || {
            let _permit = permit;
            let stored_hash = PasswordHash::new(&stored_hash)?;
            Ok(argon2().verify_password(password.as_bytes(), &stored_hash).is_ok())
        };
        let checked: Result<bool, argon2::password_hash::phc::Error> =
            self.compute.run(check).await?;
        Ok(checked.map_err(AppError::internal)? && has_user)
    }

    async fn acquire_permit(&self) -> Result<OwnedSemaphorePermit, AppError> {
        let permit =
            tokio::time::timeout(PERMIT_TIMEOUT, Arc::clone(&self.permits).acquire_owned()).await;
        permit.ok().and_then(Result::ok).ok_or_else(|| {
            let detail = "Too many passwords are being checked; try again in a few seconds.";
            AppError::new(ErrorKind::Busy, detail)
        })
    }
}

/// Checks that a password has 12 to 256 characters. More rules make people choose worse passwords.
pub(super) fn check(password: &str) -> Result<(), AppError> {
    let length = password.chars().count();
    if (12..=256).contains(&length) {
        return Ok(());
    }
    let reason = format!("has {length} characters; a password has 12 to 256");
    Err(AppError::invalid("password", reason))
}

fn argon2() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_fits_its_own_hash_alone() -> Result<(), AppError> {
        let passwords = Passwords::new(Compute::new());
        let hash = passwords.hash("correct horse".into()).await?;
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.verify("correct horse".into(), Some(hash.clone())).await?);
        assert!(!passwords.verify("Correct horse".into(), Some(hash)).await?);
        assert!(!passwords.verify("correct horse".into(), None).await?);
        Ok(())
    }

    #[test]
    fn nobody_takes_as_long_as_somebody() {
        let dummy = PasswordHash::new(DUMMY_HASH).expect("a hash in PHC format");
        assert_eq!(
            Params::try_from(&dummy).map(|p| (p.m_cost(), p.t_cost(), p.p_cost())),
            Ok((Params::DEFAULT_M_COST, Params::DEFAULT_T_COST, Params::DEFAULT_P_COST))
        );
    }
}
