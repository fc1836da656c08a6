//! The surroundings of a process on AWS (environment, shared files, container, instance) into credentials to sign with.
//!
//! Our own and small, in place of the SDK's configuration crate. Reading order: `environment` (the variables, as values),
//! `ini` and `profile` (the shared files), `exchange` (one bounded request), `container`, `instance` and `sts` (the
//! services), `resolve` (which of them, in what order), and here what is kept between measurements.
//!
//! Beyond the built-in provider, which uses aws-sdk-go 1: EKS Pod Identity and IPv6 endpoints as in today's SDKs, and one
//! fetch for all measurements until shortly before credentials expire, where it asks again for each.
//!
//! Not here: SSO, `credential_process`, MFA, version 1 of the instance's metadata service, `AWS_STS_REGIONAL_ENDPOINTS`
//! and `AWS_USE_FIPS_ENDPOINT` (`AWS_ENDPOINT_URL_STS` names any endpoint). Nothing here reads the environment.

mod container;
mod environment;
mod exchange;
mod files;
mod ini;
mod instance;
mod profile;
mod resolve;
mod sts;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use reqwest::Client;

pub use environment::AwsEnvironment;
pub use exchange::ExchangeError;
pub use files::FileError;
pub use ini::IniError;
pub use profile::ProfileError;
pub use resolve::CredentialError;

use super::sigv4::SigV4;
use profile::Role;
use resolve::Surroundings;

/// Credentials are fetched again this long before they expire (`ExpiryWindow` of aws-sdk-go's machine providers).
const BEFORE_EXPIRY: Duration = Duration::from_secs(5 * 60);
/// Keys in a file have no end that we are told; a file that was changed is read again after this.
const WITHOUT_EXPIRY: Duration = Duration::from_secs(60);
/// After a refresh that failed, credentials that are still good are used this long before the next.
const AFTER_FAILURE: Duration = Duration::from_secs(30);
/// Templates choose profile, role and region: past so many of them the idle ones are forgotten.
const MOST_SLOTS: usize = 64;

/// Finds credentials, keeps them until shortly before they expire, and fetches each but once at a time.
pub struct CredentialChain {
    surroundings: Surroundings,
    slots: Mutex<HashMap<SigV4, Arc<Slot>>>,
}

impl CredentialChain {
    /// `metadata` asks addresses of the machine over plain http: it must use no proxy. `https` asks STS, and a container's
    /// endpoint with https. Neither may follow redirects; the time each request takes is bounded here.
    pub fn new(environment: AwsEnvironment, metadata: Client, https: Client) -> Self {
        CredentialChain {
            surroundings: Surroundings {
                environment,
                metadata,
                https,
            },
            slots: Mutex::default(),
        }
    }

    /// The credentials to sign with now.
    ///
    /// # Errors
    /// There are none, or their source refuses. Callers who waited for one fetch are told of its failure together.
    pub async fn credentials(&self, sigv4: &SigV4) -> Result<Credentials, CredentialError> {
        self.credentials_at(sigv4, SystemTime::now()).await
    }

    /// As [`Self::credentials`], at the time `now`.
    pub async fn credentials_at(
        &self,
        sigv4: &SigV4,
        now: SystemTime,
    ) -> Result<Credentials, CredentialError> {
        let sigv4 = set(sigv4);
        let first = SigV4 {
            role_arn: None,
            ..sigv4.clone()
        };
        let slot = self.slot(&first);
        let first = || slot.get(now, || self.surroundings.first(&first, now));
        let Some(arn) = &sigv4.role_arn else {
            return first().await;
        };
        let role = Role {
            arn: arn.clone(),
            ..Role::default()
        };
        let assume = || async {
            let credentials = first().await?;
            let assumed = self.surroundings.assume(&role, &credentials, &sigv4, now);
            assumed.await
        };
        self.slot(&sigv4).get(now, assume).await
    }

    /// The region to sign for: the block's, else the environment's, else the profile's.
    ///
    /// # Errors
    /// There is none, or what is there is no region's name.
    pub async fn region(&self, sigv4: &SigV4) -> Result<String, CredentialError> {
        self.surroundings.region(&set(sigv4)).await
    }

    fn slot(&self, key: &SigV4) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= MOST_SLOTS && !slots.contains_key(key) {
            slots.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        Arc::clone(slots.entry(key.clone()).or_default())
    }
}

/// Nothing of it is shown: it is full of secrets.
impl fmt::Debug for CredentialChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialChain").finish_non_exhaustive()
    }
}

/// Empty texts as nothing: an argument without value makes them.
fn set(sigv4: &SigV4) -> SigV4 {
    let set = |value: &Option<String>| value.clone().filter(|value| !value.is_empty());
    SigV4 {
        region: set(&sigv4.region),
        profile: set(&sigv4.profile),
        role_arn: set(&sigv4.role_arn),
    }
}

/// The credentials of one block. The lock is held while they are fetched.
#[derive(Default)]
struct Slot {
    /// Fetches that ended, well or not.
    fetches: AtomicU64,
    state: tokio::sync::Mutex<State>,
}

#[derive(Default)]
struct State {
    kept: Option<Kept>,
    failure: Option<CredentialError>,
}

struct Kept {
    credentials: Credentials,
    refresh: SystemTime,
}

impl Slot {
    async fn get(
        &self,
        now: SystemTime,
        fetch: impl AsyncFnOnce() -> Result<Credentials, CredentialError>,
    ) -> Result<Credentials, CredentialError> {
        let before = self.fetches.load(Ordering::Acquire);
        let mut state = self.state.lock().await;
        if let Some(kept) = state.kept.as_ref().filter(|kept| now < kept.refresh) {
            return Ok(kept.credentials.clone());
        }
        // Each of those who waited would else try in turn, and the last wait as long as all of them.
        if let Some(failure) = &state.failure
            && self.fetches.load(Ordering::Acquire) > before
        {
            return Err(failure.clone());
        }
        let fetched = fetch().await;
        self.fetches.fetch_add(1, Ordering::Release);
        match fetched {
            Ok(credentials) => {
                state.failure = None;
                state.kept = Some(Kept {
                    refresh: refresh(credentials.expiry(), now),
                    credentials: credentials.clone(),
                });
                Ok(credentials)
            }
            Err(failure) => state.after(failure, now),
        }
    }
}

impl State {
    fn after(
        &mut self,
        failure: CredentialError,
        now: SystemTime,
    ) -> Result<Credentials, CredentialError> {
        if let Some(kept) = &mut self.kept
            && kept.credentials.expiry().is_some_and(|expiry| now < expiry)
        {
            kept.refresh = now + AFTER_FAILURE;
            return Ok(kept.credentials.clone());
        }
        self.kept = None;
        self.failure = Some(failure.clone());
        Err(failure)
    }
}

/// Short-lived ones are kept for half of their life, or each measurement would fetch them.
fn refresh(expiry: Option<SystemTime>, now: SystemTime) -> SystemTime {
    let Some(expiry) = expiry else {
        return now + WITHOUT_EXPIRY;
    };
    let life = expiry.duration_since(now).unwrap_or_default();
    now + life.saturating_sub(BEFORE_EXPIRY).max(life / 2)
}
